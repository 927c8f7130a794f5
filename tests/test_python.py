# SPDX-License-Identifier: GPL-3.0-or-later
"""The Python package computes what the program computes, and opens what it
stores."""
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import types
import warnings
from pathlib import Path

import h5py
import matplotlib.image
import numpy as np

from python_package import LIBRARY
from support import SMALL_CASE, SOURCE, WHOLE_CASE, ProgramTest, main

import restrain
from restrain import _errors, _files, _library, library_version

PERTURBED = SMALL_CASE.replace("output: {every: 4}", """\
output: {every: 4, scalars: [lyapunov], fields: [tangent]}
twins: [3, float]""").replace("lr: 0.05", "lr: 0.9")
ENDLESS = {"iterations": 10**9, "lr": 0.05, "weight_decay": 2}


class Opening(ProgramTest):
    def setUp(self):
        super().setUp()
        self.path = self.folder / "run.h5"
        self.restrain("run", self.write(PERTURBED), "-o", self.path)

    def test_what_is_in_a_file_and_nothing_of_its_machinery(self):
        ds = restrain.open(self.path)
        with h5py.File(self.path) as file:
            names = {name for name, item in file.items()
                     if isinstance(item, h5py.Dataset)}
            self.assertEqual(set(ds.variables), names)
            for name in names - {"twin"}:
                np.testing.assert_array_equal(ds[name].values, file[name])
            self.assertEqual(ds.attrs["case"], PERTURBED)
            self.assertEqual(ds.attrs["regime"], file.attrs["regime"].decode())
        self.assertEqual(ds.twin.values.tolist(), ["3", "float"])
        self.assertEqual(ds.kernel.dims, ("time", "y", "x"))
        self.assertIn("step", ds.coords)
        self.assertEqual(ds.attrs["version"], restrain.__version__)
        self.assertEqual(ds.loss.attrs["units"], "1")
        for variable in ds.variables.values():
            self.assertLessEqual(set(variable.attrs), {"long_name", "units"})
        ds.to_netcdf(self.folder / "copy.nc", engine="h5netcdf")

    def test_large_fields_are_read_when_they_are_used(self):
        whole = restrain.open(self.path)
        kept, _files.WHOLE = _files.WHOLE, 1000
        self.addCleanup(setattr, _files, "WHOLE", kept)
        lazy = restrain.open(self.path)
        self.assertNotIsInstance(lazy.variables["kernel"]._data, np.ndarray)
        for index in ({"time": -1}, {"time": slice(None, None, -2), "x": 1},
                      {"y": [3, 0], "time": [0, 2]}):
            np.testing.assert_array_equal(lazy.kernel.isel(index),
                                          whole.kernel.isel(index))
        self.assertTrue(lazy.load().identical(whole))

    def test_events_are_a_table(self):
        table = restrain.events(self.path)
        with h5py.File(self.path) as file:
            np.testing.assert_array_equal(table["first"],
                                          file["events/first"])
            kinds = file["events/kind"]
            words = dict(zip(kinds.attrs["flag_values"].tolist(),
                             kinds.attrs["flag_meanings"].decode().split()))
            self.assertEqual(table["kind"].tolist(),
                             [words[flag] for flag in kinds[()].tolist()])
        self.assertGreater(len(table), 0)
        self.assertIn("regime", table.attrs)
        group = restrain.open(self.path, "events")
        self.assertEqual(group.kind.values.tolist(), table["kind"].tolist())
        self.restrain("run", self.write(SMALL_CASE), "-o", "plain.h5")
        with self.assertRaisesRegex(restrain.UsageError, "local_growth"):
            restrain.events(self.folder / "plain.h5")

    def test_what_cannot_be_opened(self):
        self.write("no HDF5", "text.h5")
        with h5py.File(self.folder / "other.h5", "w") as file:
            file["loss"] = 1.0
        for name, text in (("none.h5", "cannot be read"),
                           ("text.h5", "cannot be read as an HDF5 file"),
                           (".", "cannot be read: Is a directory"),
                           ("other.h5", "no result of restrain")):
            with self.assertRaisesRegex(OSError, text) as caught:
                restrain.open(self.folder / name)
            self.assertIsInstance(caught.exception, restrain.FileError)
        with self.assertRaisesRegex(ValueError, "no group"):
            restrain.open(self.path, "nothing")

    def test_words_stand_for_flags(self):
        self.restrain("sweep", self.write(WHOLE_CASE), "-o", "sweep.h5")
        path = self.folder / "sweep.h5"
        words, flags = restrain.open(path), restrain.open(path, words=False)
        meanings = flags.regime.attrs["flag_meanings"].split()
        places = np.searchsorted(flags.regime.attrs["flag_values"],
                                 flags.regime.values)
        np.testing.assert_array_equal(words.regime.values,
                                      np.array(meanings)[places])
        self.assertEqual(words.sel(boundary="chaos").boundary, "chaos")
        self.assertEqual(words.level.dtype.kind, "i")

    def test_many_are_joined_along_a_key(self):
        for number, (lr, iterations) in enumerate(
                ((0.2, 40), (0.05, 10), (0.1, 40))):
            self.restrain("run", self.write(SMALL_CASE), "-o",
                          f"many-{number}.h5", "-D", f"step.lr={lr}",
                          "-D", f"step.iterations={iterations}")
        runs = restrain.open_many(self.folder / "many-*.h5")
        np.testing.assert_array_equal(runs.lr, [0.05, 0.1, 0.2])
        self.assertEqual(dict(runs.loss.sizes), {"lr": 3, "iteration": 41})
        for lr, number in ((0.05, 1), (0.1, 2), (0.2, 0)):
            alone = restrain.open(self.folder / f"many-{number}.h5")
            joined = runs.loss.sel(lr=lr)
            np.testing.assert_array_equal(
                joined.sel(iteration=alone.iteration), alone.loss)
            self.assertEqual(int(joined.isnull().sum()),
                             41 - len(alone.iteration))
            self.assertEqual(runs.regime.sel(lr=lr), alone.attrs["regime"])
        kinds = restrain.open_many(
            [self.folder / "many-2.h5", self.folder / "many-0.h5"],
            "step.iterations", variables=["residual"])
        self.assertEqual(kinds.residual.dims, ("iterations", "iteration"))
        for arguments, text in (((self.folder / "many-*.h5", "step.lrr"),
                                 "no key step.lrr"),
                                (([],), "no files")):
            with self.assertRaisesRegex(restrain.UsageError, text):
                restrain.open_many(*arguments)
        with self.assertRaises(restrain.FileError):
            restrain.open_many(self.folder / "none-*.h5")


class Computing(ProgramTest):
    def assert_same(self, ds, path):
        """Every variable has the bits of the file's."""
        other = restrain.open(path)
        self.assertEqual(set(ds.variables), set(other.variables))
        for name in ds.variables:
            np.testing.assert_array_equal(ds[name].values,
                                          other[name].values, name)
            self.assertEqual(ds[name].attrs, other[name].attrs)
        for name in ("regime", "effective", "verdict", "exit_reason"):
            self.assertEqual(ds.attrs.get(name), other.attrs.get(name))

    def test_the_programs_bits_without_a_file(self):
        case = self.write(PERTURBED)
        temporary = self.folder / "temporary"
        temporary.mkdir()
        kept = os.environ.get("TMPDIR")
        os.environ["TMPDIR"], tempfile.tempdir = str(temporary), None
        try:
            run = restrain.run(case, step__lr=0.8)
        finally:
            os.environ.pop("TMPDIR")
            if kept is not None:
                os.environ["TMPDIR"] = kept
            tempfile.tempdir = None
        self.assertEqual(list(temporary.iterdir()), [])
        self.restrain("run", case, "-D", "step.lr=0.8", "-o", "run.h5")
        self.assert_same(run, self.folder / "run.h5")
        for again in (restrain.run(PERTURBED, **{"step.lr": 0.8}),
                      restrain.run(run.attrs["effective"])):
            np.testing.assert_array_equal(again.kernel, run.kernel)

    def assert_identical(self, given, stored):
        """Every variable, its type and attributes, and all that is said of
        the result but for when and how long."""
        self.assertEqual(list(given.variables), list(stored.variables))
        self.assertEqual(set(given.coords), set(stored.coords))
        for name, variable in stored.variables.items():
            self.assertTrue(given.variables[name].identical(variable), name)
            self.assertEqual(given.variables[name].dtype, variable.dtype)
        self.assertEqual(set(given.attrs), set(stored.attrs))
        for name in set(stored.attrs) - {"created", "wall_seconds"}:
            self.assertEqual(type(given.attrs[name]),
                             type(stored.attrs[name]))
            np.testing.assert_array_equal(given.attrs[name],
                                          stored.attrs[name], name)

    def test_a_run_in_memory_is_that_in_its_file(self):
        network = {
            "flow": {"kind": "network", "loss": "cross-entropy", "layers": [
                {"kind": "conv", "channels": 2, "kernel": 3},
                {"kind": "mean"}, {"kind": "dense", "units": 2}]},
            "data": {"train": {"kind": "textures", "size": 8, "classes": 2,
                               "count": 8, "seed": 1}},
            "initial": {"kind": "fan-in", "seed": 1},
            "sampling": {"kind": "minibatch", "batch": 4, "seed": 2},
            "ensemble": {"members": 2},
            "step": {"lr": 0.1, "iterations": 600},
            "output": {"every": 100, "scalars": ["member_loss"]}}
        pictures = {
            "flow": {"kind": "conv", "kernel": 3, "images": [
                {"kind": "checkerboard", "size": 12, "label": 1},
                {"kind": "gaussian-field", "size": 12, "label": 0}]},
            "step": {"lr": 0.1, "iterations": 9},
            "output": {"every": 3, "fields": ["image", "response"]}}
        cases = {
            "pictures": pictures, "small": SMALL_CASE,
            "perturbed": PERTURBED, "network": network,
            "single": SMALL_CASE + "reference: nobody, \"nowhere\"\n",
            "divergent": SMALL_CASE.replace("lr: 0.05", "lr: 5")}
        for name, case in cases.items():
            with self.subTest(name):
                path = self.folder / f"{name}.h5"
                stored = restrain.run(case, path=path)
                self.assert_identical(restrain.run(case), stored)

    def test_a_record_has_what_the_dataset_has(self):
        record = restrain.record(PERTURBED)
        run = record.dataset()
        self.assertEqual(run.attrs["regime"], record.attrs["regime"])
        for name, variable in run.variables.items():
            if name == "regime":
                continue
            self.assertEqual(record[name].dtype.kind, variable.dtype.kind)
            np.testing.assert_array_equal(record[name], variable)
        path = self.folder / "run.h5"
        restrain.run(PERTURBED, path=path)
        with h5py.File(path) as file:
            inside = {f"events/{name}" for name in file["events"]}
            self.assertEqual({name for name in record if "/" in name}, inside)
            np.testing.assert_array_equal(record["events/peak"],
                                          file["events/peak"])
        self.assertIn("loss", record)
        self.assertNotIn("nothing", record)
        loss = record["loss"]
        del record, run  # arrays keep their memory
        np.testing.assert_array_equal(loss, restrain.run(PERTURBED).loss)

    def test_names_of_files_that_come_later_are_not_those_kept(self):
        for precision in ("double", "float", "double"):
            run = restrain.run(SMALL_CASE, flow__precision=precision)
            self.assertEqual(run.kernel.dtype, np.dtype(
                "f8" if precision == "double" else "f4"))
        more = restrain.run(SMALL_CASE, output__scalars=["max_abs"])
        self.assertIn("max_abs", more)

    def test_analyses_sweeps_and_diagrams(self):
        case = self.write(WHOLE_CASE)
        for name, function in (("analyze", restrain.analyze),
                               ("sweep", restrain.sweep),
                               ("bifurcate", restrain.bifurcate)):
            with self.subTest(name):
                self.restrain(name, case, "-o", f"{name}.h5")
                self.assert_same(function(case), self.folder / f"{name}.h5")
        found = json.loads(self.restrain("analyze", case, "--json", "--force",
                                         "-o", "analyze.h5").stdout)
        self.assertEqual(float(restrain.analyze(case).lr_lo), found["lr_lo"])

    def test_arrays_are_images(self):
        image = np.random.default_rng(1).normal(size=(20, 24))
        with h5py.File(self.folder / "image.h5", "w") as file:
            file["image"] = image
        case = {"flow": {"kind": "conv", "kernel": 5},
                "step": {"lr": np.float64(0.05), "iterations": 30},
                "initial.seed": 3}
        given = restrain.run(case, image=image)
        self.assertIn("kind: memory", given.attrs["effective"])
        file = f"{self.folder}/image.h5:/image"
        stored = restrain.run(case, flow__image={"kind": "file",
                                                 "file": file})
        np.testing.assert_array_equal(given.kernel, stored.kernel)
        self.assertNotEqual(
            float(given.loss[0]),
            float(restrain.run(case, image=image[::-1].T).loss[0]))
        grid = {"axes": [{"key": "flow.kernel", "values": [4, 5]},
                         {"key": "step.lr", "values": [0.05, 0.5]}]}
        plane = restrain.sweep(case, image=image, sweep=grid)
        self.assertEqual(plane.regime.dims, ("kernel", "lr"))
        signal = np.linspace(0, 5, 40)[None]
        smooth = restrain.run(
            {"flow": {"kind": "beltrami", "delta": 0.1, "fidelity": 1},
             "step": {"lr": 1e-3, "iterations": 5}}, signal=signal)
        np.testing.assert_array_equal(smooth.kernel[0], signal)

    def test_integers_as_an_image_are_worth_a_warning(self):
        case = {"flow": {"kind": "conv", "kernel": 4},
                "step": {"lr": 0.1, "iterations": 4}}
        levels = np.arange(400, dtype="u1").reshape(20, 20)
        with self.assertWarnsRegex(UserWarning, "uint8 numbers, taken as "
                                   "they are, 0 to 255; restrain.grey"):
            found = restrain.run(case, image=levels)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            same = restrain.run(case, image=levels.astype(float))
            restrain.run(case, image=levels % 2)
        np.testing.assert_array_equal(found.loss, same.loss)

    def test_pictures_are_grey_as_the_library_reads_them(self):
        picture = np.random.default_rng(2).integers(
            0, 256, (16, 18, 4), dtype=np.uint8)
        picture[..., 3] = 255
        matplotlib.image.imsave(self.folder / "picture.png", picture)
        case = {"flow": {"kind": "conv", "kernel": 4},
                "step": {"lr": 0.1, "iterations": 40}}
        stored = restrain.run(case, flow__image={
            "kind": "file", "file": f"{self.folder}/picture.png"})
        for values in (picture, picture[..., :3] / 255):
            given = restrain.run(case, image=restrain.grey(values))
            self.assert_close(given.loss, stored.loss, 1e-12)
        np.testing.assert_array_equal(restrain.grey([[True, False]]),
                                      [[1, -1]])

    def test_faults_are_the_librarys(self):
        case = self.write("step: {lrr: 1}\nflow: {kind: heat}\n")
        with self.assertRaisesRegex(ValueError, "step.lrr") as caught:
            restrain.run(case)
        self.assertIsInstance(caught.exception, restrain.UsageError)
        self.assertEqual(caught.exception.status, "case")
        with self.assertRaisesRegex(OSError, "nothing.png") as caught:
            restrain.run(SMALL_CASE, flow__image={"kind": "file",
                                                  "file": "nothing.png"})
        self.assertEqual(caught.exception.status, "io")
        with self.assertRaisesRegex(restrain.UsageError, "no section|sweep"):
            restrain.sweep(SMALL_CASE)
        flat = np.full((8, 8), np.inf)
        for options, text in (
                ({"image": np.zeros(5)}, "two axes"),
                ({"image": flat, "flow__kernel": 3}, "not a finite number"),
                ({"image": np.zeros((8, 8), complex)}, "real numbers"),
                ({"threads": 0}, "0"), ({"resume": True}, "path"),
                ({"step__lr": float("nan")}, "JSON compliant|nan"),
                ({"step__lr": object()}, "cannot hold")):
            with self.subTest(text), self.assertRaisesRegex(ValueError, text):
                restrain.run(SMALL_CASE, **options)
        with self.assertRaises(restrain.FileError):
            restrain.run(self.folder / "none.yaml")

    def test_a_file_is_replaced_or_gone_on_with_if_asked(self):
        path = self.folder / "new" / "run.h5"
        first = restrain.run(SMALL_CASE, path=path)
        self.assertTrue((path.parent / "run.xdmf").exists())
        with self.assertRaisesRegex(restrain.FileError, "run.h5 exists; "
                                    "overwrite=True replaces it, resume="):
            restrain.run(SMALL_CASE, path=path)
        longer = restrain.run(SMALL_CASE, path=path, resume=True,
                              step__iterations=60)
        self.assertEqual(len(longer.iteration), 61)
        again = restrain.run(SMALL_CASE, path=path, overwrite=True)
        np.testing.assert_array_equal(again.kernel, first.kernel)

    def test_an_interrupt_leaves_a_checkpoint(self):
        path = self.folder / "run.h5"
        before = signal.getsignal(signal.SIGINT)
        timer = threading.Timer(0.8, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        with self.assertRaisesRegex(KeyboardInterrupt, "resume"):
            restrain.run(SMALL_CASE, path=path, step=ENDLESS,
                         output={"every": 10**9, "scalars_every": 10**5})
        timer.join()
        self.assertEqual(signal.getsignal(signal.SIGINT), before)
        self.assertTrue((self.folder / "run.checkpoint").exists())
        stopped = restrain.open(path)
        self.assertEqual(stopped.attrs["exit_reason"], "stopped")

    def test_interrupts_stop_analyses_and_sweeps(self):
        # Each would take minutes.
        grid = {"from": 1e-4, "to": 1, "count": 300}
        sweep = {"lr": grid, "weight_decay": grid, "theory": "no"}
        slow = {"size": 500, "kind": "gaussian-field"}
        for compute, options in (
                (restrain.analyze, {"flow.image": slow, "flow.kernel": 90,
                                    "analyze.starts": 500}),
                (restrain.sweep, {}),
                (restrain.sweep, {"threads": 2}),
                (restrain.sweep, {"flow.image": slow, "flow.kernel": 90,
                                  "sweep.theory": "yes"})):
            with self.subTest(compute.__name__, **options):
                path = self.folder / f"{len(options)}.h5"
                timer = threading.Timer(1, os.kill,
                                        (os.getpid(), signal.SIGINT))
                since = time.monotonic()
                timer.start()
                with self.assertRaises(KeyboardInterrupt):
                    compute(SMALL_CASE, path=path, sweep=sweep,
                            step={**ENDLESS, "iterations": 10**4}, **options)
                timer.join()
                self.assertLess(time.monotonic() - since, 30)
                self.assertEqual(path.exists(), compute is restrain.sweep)

    def test_an_interrupted_run_in_memory_leaves_nothing(self):
        timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        with self.assertRaises(KeyboardInterrupt):
            restrain.run(SMALL_CASE, step=ENDLESS,
                         output={"every": 10**9, "scalars_every": 10**5})
        timer.join()

    def test_progress_is_tqdms(self):
        bars = []

        class Bar:
            def __init__(self, **options):
                bars.append(self)
                self.options, self.n, self.total = options, 0, 0
                self.closed = False

            def set_postfix(self, **values):
                self.loss = float(values["loss"])

            def update(self, more):
                self.n += more

            def close(self):
                self.closed = True

        for name in ("tqdm", "tqdm.auto"):
            self.addCleanup(sys.modules.pop, name, None)
            sys.modules[name] = types.ModuleType(name)
        sys.modules["tqdm.auto"].tqdm = Bar
        quiet = restrain.run(SMALL_CASE, progress=False,
                             step__iterations=10**5, output__every=10**5)
        self.assertEqual(bars, [])
        steps = 4 * 10**5
        restrain.run(SMALL_CASE, progress=True, step__iterations=steps,
                     output={"every": steps, "scalars_every": 100})
        (bar,) = bars
        self.assertTrue(bar.closed)
        self.assertEqual(bar.n, steps)
        self.assertEqual(bar.total, steps)
        self.assert_close(bar.loss, float(quiet.loss[-1]), 1e-5)

    def test_an_exception_of_the_progress_bar_comes_through(self):
        class Bar:
            def __init__(self, **_):
                raise RuntimeError("no bar today")

        for name in ("tqdm", "tqdm.auto"):
            self.addCleanup(sys.modules.pop, name, None)
            sys.modules[name] = types.ModuleType(name)
        sys.modules["tqdm.auto"].tqdm = Bar
        with self.assertRaisesRegex(RuntimeError, "no bar today"):
            restrain.run(SMALL_CASE, progress=True, step=ENDLESS,
                         output={"every": 10**9, "scalars_every": 10**5})


class Library(ProgramTest):
    def header(self, name):
        return (SOURCE / "include/restrain" / name).read_text()

    def test_declarations_are_those_of_the_headers(self):
        headers = "".join(self.header(name) for name in (
            "context.h", "case.h", "call.h", "record.h", "version.h"))
        for name, (_, arguments) in _library._SIGNATURES.items():
            with self.subTest(name):
                text = re.search(rf"RST_API[^;]*\b{name}\((.*?)\);", headers,
                                 re.DOTALL)[1]
                # Arguments of functions that are arguments do not count.
                text = re.sub(r"\(\*\w+\)\([^)]*\)", "f", text)
                count = 0 if text == "void" else text.count(",") + 1
                self.assertEqual(len(arguments), count)
        struct = re.search(r"struct rst_version \{\s*const char \*(\w+);",
                           self.header("version.h"))
        self.assertEqual(struct[1], "version")

    def test_words_are_those_of_the_enumerations(self):
        status = re.findall(r"^  X\((?:ERROR_)?(\w+),", self.header(
            "status.h"), re.MULTILINE)
        self.assertEqual([word.lower() for word in status],
                         list(_errors.STATUSES))
        call = re.sub(r"/\*.*?\*/", "", self.header("call.h"), flags=re.DOTALL)
        for name, words in (("existing", _library.EXISTING),
                            ("outcome", _library.OUTCOMES)):
            listed = re.search(rf"enum rst_call_{name} \{{(.*?)\}}", call,
                               re.DOTALL)[1]
            self.assertEqual(re.findall(r"RST_CALL_(\w+)", listed),
                             [word.upper() for word in words])

    def test_one_version(self):
        told = self.restrain("--version").stdout.split()[1]
        self.assertEqual(restrain.__version__, told)
        self.assertEqual(library_version(), told)

    def test_no_library(self):
        done = subprocess.run(
            [sys.executable, "-c", "import restrain; restrain.run()"],
            env={**os.environ, "RESTRAIN_LIBRARY": "/nothing.so"},
            capture_output=True, text=True, check=False)
        self.assertIn("/nothing.so", done.stderr)
        self.assertIn("RESTRAIN_LIBRARY", done.stderr)

    def execute(self, *command, **environment):
        done = subprocess.run(
            list(map(str, command)), env={**os.environ, **environment},
            cwd=self.folder, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def use(self, modules, **environment):
        """The package there is complete, and works."""
        found = {path.relative_to(modules / "restrain") for path
                 in (modules / "restrain").rglob("*")
                 if path.suffix in (".py", ".typed")}
        source = SOURCE / "tools/restrain"
        self.assertEqual(found, {
            path.relative_to(source) for path in source.rglob("*")
            if path.suffix in (".py", ".typed")})
        environment["PYTHONPATH"] = str(modules)
        self.write(SMALL_CASE, "case.yaml")
        told = self.execute(
            sys.executable, "-c", "import restrain, restrain.plot; print("
            "restrain.__file__, restrain.run('case.yaml').attrs['regime'])",
            **environment)
        self.assertTrue(told.startswith(str(modules)), told)

    def test_it_is_installed(self):
        self.execute("meson", "install", "-C", LIBRARY.parents[1],
                     "--no-rebuild", "--destdir", self.folder / "installed")
        (place,) = (self.folder / "installed").rglob("restrain/__init__.py")
        library = next((self.folder / "installed").rglob(LIBRARY.name))
        modules = Path("/", place.parents[1].relative_to(
            self.folder / "installed"))
        if modules.is_relative_to("/usr/local"):
            self.assertIn(str(modules), self.execute(
                "/usr/bin/python3", "-c", "import site; "
                "print(*site.getsitepackages())").split())
        self.use(place.parents[1], LD_LIBRARY_PATH=str(library.parent),
                 RESTRAIN_LIBRARY="")

    def test_pip_installs_it(self):
        if not importlib.util.find_spec("pip"):
            self.skipTest("no pip")
        shutil.copytree(SOURCE / "tools", self.folder / "tools")
        self.execute(sys.executable, "-m", "pip", "install", "--no-deps",
                     "--no-build-isolation", "--no-index", "--target",
                     self.folder / "modules", self.folder / "tools")
        self.use(self.folder / "modules")

    def test_types(self):
        if not importlib.util.find_spec("mypy"):
            self.skipTest("no mypy")
        self.execute(sys.executable, "-m", "mypy",
                     "--ignore-missing-imports", SOURCE / "tools/restrain")


if __name__ == "__main__":
    main()
