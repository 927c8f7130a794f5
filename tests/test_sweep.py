# SPDX-License-Identifier: GPL-3.0-or-later
"""restrain sweep: maps of regimes, shared among threads and shards, stopped,
killed and resumed, read back by h5py and xarray."""
import json
import os
import pty
import re
import signal
import subprocess
import time
import unittest

import h5py
import numpy as np

from support import (CASES, PROGRAM, SOURCE, ProgramTest, datasets,
                     main)

# lr_hi = 2/alpha. Two distinct patches, so that the reduction applies.
CASE = """\
title: a small sweep
flow:
  kind: conv
  image: {kind: checkerboard, size: 16}
  kernel: 4
initial: {kind: normal, seed: 7}
step: {scheme: euler, lr: 0.05, weight_decay: 2, iterations: 400}
sweep:
  lr: {from: 0.1, to: 1.1, count: 21}
  weight_decay: {from: 1, to: 4, count: 5}
  agreement: 8
"""
# All patches are different, so that it does not.
FULL = CASE.replace("{kind: checkerboard, size: 16}",
                    "{kind: gaussian-field, size: 16, seed: 1, exponent: 2}")
# A few seconds of work, so that there is something to interrupt.
# Here almost every point is chaotic, so that none ends early.
LONG = ("-D", "step.iterations=30000", "-D", "sweep.reduction=none",
        "-D", "sweep.lr={from: 3, to: 6, count: 21}",
        "-D", "sweep.weight_decay={from: 0.25, to: 0.32, count: 5}")
MAPS = {"regime": "i1", "final_loss": "f8", "mean_loss": "f8",
        "lyapunov": "f8", "max_growth": "f8", "period": None,
        "iterations_run": None, "agreement": "i1", "level": "i1"}
REGIMES = ["pending", "stable", "transient", "restrained-periodic",
           "restrained-chaotic", "divergent", "undecided", "converged",
           "bounded"]


class SweepTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.case = self.write(CASE)

    def sweep(self, *arguments, **options):
        return self.restrain("sweep", *arguments, **options)

    def told(self, *arguments, **options):
        return json.loads(self.sweep(*arguments, "--json", **options).stdout)


class Maps(SweepTest):
    def test_the_file_reads_as_maps(self):
        done = self.sweep(self.case)
        path = self.folder / "output/case/sweep.h5"
        self.assertIn("completed with 105 of 105 points", done.stdout)
        self.assertRegex(done.stdout, r"restrained-periodic +[1-9]\d* +\d+\.")
        self.assertIn("engine reduced: 2 distinct patches, rank",
                      done.stdout)
        self.assertIn("ParaView opens output/case/sweep.xdmf", done.stdout)
        self.assertTrue(path.with_suffix(".xdmf").exists())
        self.assertEqual(done.stderr, "")
        with h5py.File(path) as file:
            lr, decay = file["lr"][()], file["weight_decay"][()]
            self.assert_close(lr, np.linspace(0.1, 1.1, 21), 1e-15)
            self.assert_close(decay, np.linspace(1, 4, 5), 1e-15)
            self.assertEqual((lr[-1], decay[-1]), (1.1, 4))
            for name, item in file.items():
                if isinstance(item, h5py.Dataset):
                    self.assertIn("long_name", item.attrs)
                    self.assertIn("units", item.attrs)
            for name, kind in MAPS.items():
                item = file[name]
                self.assertEqual(item.shape, (5, 21), name)
                self.assertEqual([axis[0].name for axis in item.dims],
                                 ["/weight_decay", "/lr"], name)
                if kind:
                    self.assertEqual(item.dtype, np.dtype(kind), name)
            regime = file["regime"]
            self.assertEqual(regime.attrs["flag_meanings"].decode().split(),
                             REGIMES)
            np.testing.assert_array_equal(regime.attrs["flag_values"],
                                          range(-1, 8))
            self.check_regimes(file)
            origin = file["provenance"].attrs
            self.assertEqual(origin["exit_reason"].rstrip(b"\0"),
                             b"completed")
            self.assertIn(b"sweep", origin["argv"])
            self.assertIn(b"agreement: 8", file["provenance/effective"][()])

    def check_regimes(self, file):
        lr, decay = file["lr"][()], file["weight_decay"][()]
        regime, period = file["regime"][()], file["period"][()]
        iterations = file["iterations_run"][()]
        self.assert_close(file["lr_hi"][()], 2 / decay, 1e-14)
        low, high = file["lr_lo"][()][:, None], 2 / decay[:, None]
        self.assertTrue((low <= high * (1 + 1e-9)).all())
        self.assertTrue((regime >= 0).all())
        self.assertTrue((regime[lr > 1.05 * high] == 4).all())
        self.assertTrue((regime[lr < 0.99 * high] != 4).all())
        # Few have not come to rest yet.
        below = regime[lr < 0.99 * low]
        self.assertTrue(np.isin(below, (0, 1, 5)).all())
        self.assertLess((below == 5).mean(), 0.1)
        self.assertIn(2, period[regime == 2])
        self.assertTrue((iterations[regime == 4] < 400).all())
        self.assertTrue(((iterations > 0) & (iterations <= 400)).all())
        self.assertTrue((file["max_growth"][()][regime == 0] <= 1).all())

    def test_both_engines_find_the_same(self):
        self.sweep(self.case, "-o", "one.h5")
        self.sweep(self.case, "-o", "other.h5", "-D", "sweep.reduction=none")
        with h5py.File(self.folder / "one.h5") as one, \
                h5py.File(self.folder / "other.h5") as other:
            self.assertEqual((one["agreement"][()] == 1).sum(), 8)
            self.assertTrue((other["agreement"][()] == -1).all())
            regime = one["regime"][()]
            # What a full orbit does not measure it does not tell apart.
            plain = np.where(np.isin(regime, (0, 1)), 6, regime)
            self.assertFalse(np.isin(other["regime"], (0, 1)).any())
            self.assertGreater(
                (plain == other["regime"][()]).mean(), 0.95)
            settled = (regime <= 1) & (other["regime"][()] == 6)
            self.assertGreater(settled.sum(), 20)
            self.assert_close(one["final_loss"][()][settled],
                              other["final_loss"][()][settled], 1e-10)

    def test_points_are_those_of_runs(self):
        self.sweep(self.case, "-o", "sweep.h5")
        for column, row in ((0, 1), (2, 3)):
            self.restrain("run", self.case, "-o", "run.h5", "--force", "-D",
                          f"step.lr={0.1 + 0.05 * column}", "-D",
                          f"step.weight_decay={1 + 0.75 * row}")
            with h5py.File(self.folder / "run.h5") as run, \
                    h5py.File(self.folder / "sweep.h5") as sweep:
                self.assert_close(sweep["final_loss"][row, column],
                                  run["loss"][-1], 1e-12)

    def test_thresholds_may_be_left_out_and_added_later(self):
        self.sweep(self.case, "-o", "whole.h5")
        done = self.sweep(self.case, "-o", "some.h5", "-D",
                          "sweep.theory=no")
        self.assertIn("theory: not computed", done.stdout)
        with h5py.File(self.folder / "whole.h5") as whole, \
                h5py.File(self.folder / "some.h5") as some:
            self.assertTrue(np.isnan(some["lr_lo"]).all())
            self.assertTrue(np.isnan(some["lr_hi"]).all())
            np.testing.assert_array_equal(some["regime"], whole["regime"])
        self.sweep(self.case, "-o", "some.h5", "--resume")
        with h5py.File(self.folder / "whole.h5") as whole, \
                h5py.File(self.folder / "some.h5") as some:
            np.testing.assert_array_equal(some["lr_lo"], whole["lr_lo"])

    def test_xarray(self):
        try:
            import xarray
        except ImportError:
            raise unittest.SkipTest("xarray is missing") from None
        self.sweep(self.case, "-o", "sweep.h5")
        with xarray.open_dataset(self.folder / "sweep.h5",
                                 engine="h5netcdf") as data:
            self.assertEqual(dict(data.sizes),
                             {"weight_decay": 5, "lr": 21, "boundary": 3,
                              "box_size": 1})
            for name in MAPS:
                self.assertEqual(data[name].dims, ("weight_decay", "lr"))
            for name in ("lr_lo", "lr_hi"):
                self.assertEqual(data[name].dims, ("weight_decay",))
            row = data.sel(weight_decay=4).sel(lr=0.9, method="nearest")
            self.assertEqual(int(row["regime"]), 4)

    def test_a_logarithmic_grid(self):
        self.sweep(self.case, "-o", "sweep.h5", "-D", "sweep.lr.scale=log",
                   "-D", "sweep.lr.count=5")
        with h5py.File(self.folder / "sweep.h5") as file:
            self.assert_close(file["lr"][()], np.geomspace(0.1, 1.1, 5),
                              1e-14)

    def test_json(self):
        told = self.told(self.case, "-o", "sweep.h5")
        self.assertEqual((told["done"], told["count"]), (105, 105))
        self.assertEqual((told["reason"], told["exit_code"]),
                         ("completed", 0))
        self.assertEqual(list(told["regimes"]), REGIMES[1:])
        self.assertEqual(sum(told["regimes"].values()), 105)
        self.assertEqual((told["engine"], told["patches"]), ("reduced", 2))
        self.assertGreater(told["rank"], 0)
        self.assertEqual((told["compared"], told["agreed"]), (8, 8))
        self.assertGreater(told["predicted"], 50)
        self.assertGreater(told["correct"], 0.9 * told["predicted"])
        with h5py.File(self.folder / "sweep.h5") as file:
            for index, name in enumerate(REGIMES[1:]):
                self.assertEqual((file["regime"][()] == index).sum(),
                                 told["regimes"][name], name)
            # Those that were run in full as well count twice.
            self.assertGreaterEqual(told["point_iterations"],
                                    file["iterations_run"][()].sum())
        self.assertGreater(told["point_iterations_per_second"], 0)
        told = self.told(self.write(FULL), "-o", "full.h5")
        self.assertEqual((told["engine"], told["patches"], told["compared"]),
                         ("full", 0, 0))

    def test_boundaries(self):
        told = self.told(self.case, "-o", "sweep.h5", "-D",
                         "sweep.lr.count=65", "-D",
                         "sweep.weight_decay.count=64")
        with h5py.File(self.folder / "sweep.h5") as file:
            regime = file["regime"][()]
            scale, sizes = file["boundary"], file["box_size"]
            self.assertEqual(scale.dtype, np.dtype("i1"))
            np.testing.assert_array_equal(scale[()], range(3))
            np.testing.assert_array_equal(scale.attrs["flag_values"],
                                          range(3))
            names = scale.attrs["flag_meanings"].decode().split()
            self.assertEqual(names, ["divergence", "convergence", "chaos"])
            self.assertEqual(sizes.dtype, np.dtype("i8"))
            np.testing.assert_array_equal(sizes[()], [1, 2, 4, 8])
            boxes = file["boxes"]
            self.assertEqual((boxes.dtype, boxes.shape),
                             (np.dtype("i8"), (3, 4)))
            self.assertEqual([axis[0].name for axis in boxes.dims],
                             ["/boundary", "/box_size"])
            inside = regime == 4
            sums = sum(inside[i:63 + i, j:64 + j].astype(int)
                       for i in (0, 1) for j in (0, 1))
            self.assertEqual(boxes[0, 0], ((sums > 0) & (sums < 4)).sum())
            self.assertGreater(boxes[0, 0], 40)
            for name in ("dimension", "dimension_error"):
                self.assertEqual(list(told[name]), names)
                for index, value in enumerate(told[name].values()):
                    self.assertEqual(file[name][index], value)
            # Half the plane diverges, beyond a smooth curve.
            self.assertAlmostEqual(told["dimension"]["divergence"], 1,
                                   delta=0.1)
        done = self.sweep(self.case, "-o", "sweep.h5", "--force")
        self.assertNotIn("dimension", done.stdout)

    def test_dry_run(self):
        done = self.sweep(self.case, "--dry-run", "--shard", "1/2")
        self.assertIn("21 values of lr from 0.1 to 1.1", done.stdout)
        self.assertIn("52 points of 400 iterations", done.stdout)
        self.assertIn("engine reduced: 2 distinct patches, rank",
                      done.stdout)
        self.assertRegex(done.stdout, r"about .* on one thread.* MiB")
        self.assertIn("output/case/sweep.1-of-2.h5", done.stdout)
        self.assertEqual(os.listdir(self.folder), ["case.yaml"])

    def test_info_says_what_it_is(self):
        self.sweep(self.case, "-o", "sweep.h5")
        self.assertIn("105 of 105 points",
                      self.restrain("info", "sweep.h5").stdout)

    def test_help(self):
        text = self.restrain("help", "sweep").stdout
        for option in ("--define", "--output", "--resume", "--force",
                       "--dry-run", "--threads", "--shard", "--merge",
                       "--wall-limit", "--quiet", "--json"):
            self.assertIn(option, text)
        self.assertIn("restrain sweep", self.restrain("--help").stdout)


class Axes(SweepTest):
    """Sweeps over any keys."""

    def axes(self, axes, *more):
        output = self.folder / "axes.h5"
        base = CASE[:CASE.index("sweep:")]
        case = self.write(base + "sweep:\n  axes: " + axes + "\n")
        self.sweep(case, "-o", output, "--force", *more)
        return output

    def open(self, output):
        import xarray
        return xarray.open_dataset(output, engine="h5netcdf")

    def test_one_axis(self):
        output = self.axes("[{key: step.lr, values: [0.1, 0.3, 0.2]}]")
        with self.open(output) as found:
            self.assertEqual(found.regime.dims, ("lr",))
            self.assertEqual(found.lr.values.tolist(), [0.1, 0.3, 0.2])
            self.assertEqual(found.lr_lo.dims, ())

    def test_three_axes_are_the_runs_of_their_cases(self):
        output = self.axes(
            "[{key: initial.seed, values: [7, 2]},"
            " {key: flow.kernel, from: 3, to: 4, count: 2},"
            " {key: step.lr, from: 0.1, to: 0.9, count: 3}]")
        with self.open(output) as found:
            self.assertEqual(found.final_loss.dims,
                             ("seed", "kernel", "lr"))
            self.assertEqual(found.lr_lo.dims, ("seed", "kernel"))
            for seed in (7, 2):
                for kernel in (3, 4):
                    run = json.loads(self.restrain(
                        "run", self.case, "--json", "-o",
                        self.folder / f"run-{seed}-{kernel}.h5",
                        "-D", f"initial.seed={seed}",
                        "-D", f"flow.kernel={kernel}",
                        "-D", "step.lr=0.5").stdout)
                    loss = found.final_loss.sel(seed=seed, kernel=kernel,
                                                lr=0.5)
                    self.assert_close(float(loss), run["loss"], 1e-9)

    def test_divisors_are_run_in_full(self):
        # Chaos, which makes last bits visible; 4 is a power of two.
        output = self.axes("[{key: step.divisor, values: [1, 3, 4]}]",
                           "-D", "flow.image.size=24",
                           "-D", "flow.kernel=5", "-D", "step.lr=4.4",
                           "-D", "step.weight_decay=0.3",
                           "-D", "step.iterations=60")
        with self.open(output) as found:
            self.assertEqual(found.attrs["engine"], "full")
            one, three, four = found.final_loss.values.tolist()
            self.assertEqual(one, four)
            self.assertNotEqual(one, three)

    def test_faults_have_a_place(self):
        case = self.write(CASE[:CASE.index("sweep:")]
                          + "sweep:\n  axes: [{key: step.lrr, values: [1]}]\n")
        done = self.sweep(case, expect=2)
        self.assertIn("did you mean", done.stderr)
        self.assertIn(f"{case.name}:9:", done.stderr)


class Faults(SweepTest):
    def refused(self, *arguments, message, expect=2):
        done = self.sweep(*arguments, expect=expect)
        self.assertIn(message, done.stderr)
        self.assertEqual(done.stdout, "")

    def test_exit_codes(self):
        plain = CASES / "heat-stable.yaml"
        self.refused(plain, message="no section sweep")
        self.refused(plain, "--dry-run", message="no section sweep")
        self.refused(self.case, "-D", "sweep.lr.cuont=3", message="count")
        self.refused(message="a file name is missing")
        self.refused(self.case, "again", message="'again' follows")
        for shard in ("3", "3/3", "-1/3", "a/b", "1/", "/3", "1/2/3", "0/0"):
            self.refused(self.case, "--shard", shard, message="--shard takes")
        self.refused(self.case, "-o", "case.yaml/no.h5",
                     message="Not a directory", expect=4)
        self.assertEqual(os.listdir(self.folder), ["case.yaml"])
        self.sweep(self.case, "-o", "sweep.h5")
        self.refused(self.case, "-o", "sweep.h5", message="--resume",
                     expect=4)
        self.sweep(self.case, "-o", "sweep.h5", "--force")

    def test_several_processes_need_mpi(self):
        several = dict(os.environ, OMPI_COMM_WORLD_SIZE="4")
        done = self.sweep(self.case, env=several, expect=2)
        self.assertIn("4 processes", done.stderr)
        self.assertIn("-Dmpi", done.stderr)

    def test_other_files_are_not_resumed(self):
        (self.folder / "sweep.h5").write_text("text", encoding="utf-8")
        self.sweep(self.case, "-o", "sweep.h5", "--resume", expect=4)
        self.restrain("run", self.case, "-o", "run.h5")
        self.sweep(self.case, "-o", "run.h5", "--resume", expect=4)
        (self.folder / "sweep.h5").unlink()
        self.sweep(self.case, "-o", "sweep.h5")
        before = (self.folder / "sweep.h5").read_bytes()
        done = self.sweep(self.case, "-o", "sweep.h5", "--resume", "-D",
                          "flow.kernel=5", "-D", "sweep.lr.to=1.2", expect=2)
        self.assertIn("flow.kernel (was 4, is 5)", done.stderr)
        self.assertIn("sweep.lr.to", done.stderr)
        self.assertEqual((self.folder / "sweep.h5").read_bytes(), before)

    def test_merging(self):
        for i in range(2):
            self.sweep(self.case, "--shard", f"{i}/2", "-o", f"{i}.h5")
        self.sweep(self.case, "-o", "other.h5", "-D", "flow.kernel=5")
        self.refused("--merge", message="a file name is missing")
        self.refused("--merge", "0.h5", "1.h5", message="needs -o")
        self.refused("--merge", "0.h5", "1.h5", "-o", "x.h5", "--resume",
                     message="--merge joins what is there")
        self.refused("--merge", "0.h5", "other.h5", "-o", "x.h5",
                     message="flow.kernel")
        self.refused("--merge", "0.h5", "none.h5", "-o", "x.h5",
                     message="none.h5", expect=4)
        self.assertFalse((self.folder / "x.h5").exists())
        done = self.sweep("--merge", "1.h5", "-o", "x.h5", expect=75)
        self.assertIn("52 of 105 points", done.stdout)
        self.assertIn("--resume -o x.h5", done.stdout)
        self.refused("--merge", "0.h5", "1.h5", "-o", "x.h5",
                     message="exists", expect=4)
        told = self.told("--merge", "0.h5", "1.h5", "-o", "x.h5", "--force")
        self.assertEqual((told["case"], told["done"], told["exit_code"]),
                         (None, 105, 0))


class SameBits(SweepTest):
    def both(self):
        """Both engines: the case and the file of one thread."""
        for name, text in (("reduced", CASE), ("full", FULL)):
            with self.subTest(name):
                case = self.write(text, f"{name}.yaml")
                self.sweep(case, "-o", f"{name}.h5")
                yield case, self.folder / f"{name}.h5"

    def test_threads(self):
        for case, whole in self.both():
            for threads in (2, 50):
                self.sweep(case, "-o", "other.h5", "--force", "--threads",
                           threads)
                self.assert_same_datasets(whole, self.folder / "other.h5")

    def test_shards(self):
        for case, whole in self.both():
            for i in range(3):
                done = self.sweep(case, "--shard", f"{i}/3")
                self.assertIn("35 of 35 points", done.stdout)
                self.assertIn("--merge", done.stdout)
            shards = [f"output/{case.stem}/sweep.{i}-of-3.h5"
                      for i in (2, 0, 1)]
            self.sweep("--merge", *shards, "-o", "other.h5", "--force")
            self.assert_same_datasets(whole, self.folder / "other.h5")
            self.sweep("--merge", *shards[:2], "-o", "other.h5", "--force",
                       expect=75)
            self.sweep(case, "--resume", "-o", "other.h5")
            self.assert_same_datasets(whole, self.folder / "other.h5")


class Windows(SweepTest):
    """The whole and its zoom windows, a series of sweeps."""
    ZOOM = ("-D", "sweep.zoom=[{lr: 0.7, weight_decay: 2, factor: 4, "
            "count: 2}, {lr: 0.4, weight_decay: 1, factor: 2}]")
    NAMES = ("sweep", "sweep.zoom-1", "sweep.zoom-2", "sweep.zoom-3")

    def files(self, folder="output/case"):
        return [self.folder / folder / f"{name}.h5" for name in self.NAMES]

    def assert_same_series(self, folder, other):
        for one, two in zip(self.files(folder), self.files(other)):
            with self.subTest(one.name):
                self.assert_same_datasets(one, two)

    def whole(self):
        (self.folder / "whole").mkdir()
        self.sweep(self.case, "-o", "whole/sweep.h5", *self.ZOOM)

    def test_each_is_a_sweep_of_its_own(self):
        done = self.sweep(self.case, *self.ZOOM)
        self.assertEqual(done.stderr, "")
        self.assertIn("window 2 of 3, lr from 0.66875 to 0.73125, "
                      "weight_decay from 1.90625 to 2.09375", done.stdout)
        self.assertEqual(done.stdout.count("completed with 105 of 105"), 4)
        axes = ((0.1, 1.1, 1, 4), (0.575, 0.825, 1.625, 2.375),
                (0.66875, 0.73125, 1.90625, 2.09375), (0.15, 0.65, 0.25, 1.75))
        for path, expected in zip(self.files(), axes):
            with h5py.File(path) as file:
                found = (*file["lr"][[0, -1]], *file["weight_decay"][[0, -1]])
                self.assert_close(found, expected, 1e-14)
                case = file["provenance/effective"][()].decode()
            self.write(case, "again.yaml")
            self.sweep("again.yaml", "-D", "sweep.zoom=[]", "-o", "again.h5",
                       "--force")
            for name in MAPS:
                with h5py.File(path) as file, \
                        h5py.File(self.folder / "again.h5") as again:
                    np.testing.assert_array_equal(file[name][()],
                                                  again[name][()], name)
            if path != self.files()[0]:
                self.assertIn("zoom: []", case)
        self.assertEqual(len(list(self.files()[0].parent.iterdir())), 12)

    def test_json_has_a_line_for_each(self):
        done = self.sweep(self.case, "--json", *self.ZOOM)
        told = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([each["window"] for each in told], [0, 1, 2, 3])
        self.assertEqual([self.folder / each["output"] for each in told],
                         self.files())

    def test_dry_run(self):
        done = self.sweep(self.case, "--dry-run", *self.ZOOM)
        self.assertEqual(done.stdout.count("would write output/case/"), 4)
        self.assertIn("4 sweeps, about ", done.stdout)
        self.assertEqual(os.listdir(self.folder), ["case.yaml"])

    def test_progress_on_a_terminal(self):
        try:
            here, there = pty.openpty()
        except OSError as error:
            self.skipTest(f"no terminal can be made here: {error}")
        with subprocess.Popen(
                [PROGRAM, "sweep", self.case, *LONG, "-D",
                 "step.iterations=60000", "-D", "sweep.zoom=[{lr: 4, "
                 "weight_decay: 0.28}]"], cwd=self.folder,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=there) as process:
            os.close(there)
            shown = b""
            try:
                while piece := os.read(here, 4096):
                    shown += piece
            except OSError:  # the other end is closed
                pass
        os.close(here)
        self.assertEqual(process.returncode, 0)
        lines = shown.decode().replace("\x1b[K", "").split("\r")
        for sweep in (1, 2):
            found = [line for line in lines if re.fullmatch(
                rf"sweep {sweep} of 2, \d+ of 105 points \(\d+ %\), \S+ "
                r"points/s, (\?|[\d.:]+( s)?) left(, .*)?", line)]
            self.assertTrue(found, lines)
            self.assertLess(max(map(len, found)), 80)
            self.assertTrue(any(", weight_decay 0." in line
                                for line in found), found)
        self.assertEqual(lines[-1], "")

    def test_a_file_in_the_way_is_told_before_any_work(self):
        self.sweep(self.case, "-o", "sweep.zoom-3.h5")
        done = self.sweep(self.case, "-o", "sweep.h5", *self.ZOOM, expect=4)
        self.assertIn("sweep.zoom-3.h5 exists", done.stderr)
        self.assertFalse((self.folder / "sweep.h5").exists())
        done = self.sweep(self.case, "-o", "sweep.h5", *self.ZOOM,
                          "--resume", expect=2)
        self.assertIn("sweep.zoom-3.h5 was made from another case",
                      done.stderr)
        self.assertIn("sweep.lr.from (was 0.1, is 0.15", done.stderr)
        self.sweep(self.case, "-o", "sweep.h5", *self.ZOOM, "--force")

    def test_windows_may_be_added_later(self):
        self.sweep(self.case)
        before = datasets(self.files()[0])["regime"]
        done = self.sweep(self.case, "--resume", *self.ZOOM)
        self.assertEqual(done.stderr, "")
        self.assertEqual(datasets(self.files()[0])["regime"], before)
        self.whole()
        self.assert_same_series("output/case", "whole")

    def test_stopped_and_killed_series_are_resumed(self):
        work = (self.case, *LONG, "-D", "step.iterations=15000", "-D",
                "sweep.zoom=[{lr: 4, weight_decay: 0.28, count: 3}]")
        (self.folder / "whole").mkdir()
        (self.folder / "other").mkdir()
        self.sweep(*work, "-o", "whole/sweep.h5", "--threads", "2")
        for last, number in enumerate((signal.SIGINT, signal.SIGKILL,
                                       signal.SIGTERM)):
            self.interrupt("sweep", *work, "-o", "other/sweep.h5", "--resume",
                           begun=self.files("other")[last + 1].exists,
                           work=0.1, number=number)
        done = self.sweep(*work, "-o", "other/sweep.h5", "--resume")
        self.assertEqual(done.stdout.count("completed"), 4)
        self.assertEqual(done.stderr, "")
        self.assert_same_series("whole", "other")

    def test_the_wall_limit_is_that_of_the_series(self):
        done = self.sweep(self.case, *LONG, "-D", "sweep.zoom=[{lr: 4, "
                          "weight_decay: 0.28, factor: 1.001, count: 1000}]",
                          "-D", "step.iterations=1000", "--wall-limit", "1",
                          expect=75)
        self.assertIn("window 1 of 1000", done.stdout)
        self.assertNotIn("window 1000 of", done.stdout)
        self.assertIn("go on with: restrain sweep", done.stdout)

    def test_shards_of_each_window_are_joined(self):
        self.whole()
        (self.folder / "other").mkdir()
        for i in range(3):
            self.sweep(self.case, *self.ZOOM, "--shard", f"{i}/3",
                       "-o", f"{i}.h5")
        for name in self.NAMES:
            suffix = name.removeprefix("sweep") + ".h5"
            self.sweep("--merge", *(f"{i}{suffix}" for i in range(3)), "-o",
                       f"other/{name}.h5")
        self.assert_same_series("whole", "other")
        done = self.sweep("--merge", "0.h5", "1.zoom-1.h5", "-o", "x.h5",
                          expect=2)
        self.assertIn("sweep.lr.from", done.stderr)


class Slurm(SweepTest):
    """tools/sweep.slurm, with stand-ins for the programs of SLURM that do at
    once what they are asked to queue."""
    STAND_INS = {
        "sbatch": """\
array=
while [ "${1#--}" != "$1" ]; do
  case $1 in
    --array=0-*) array=${1#--array=0-} ;;
  esac
  echo "$1" >>options
  shift
done
export SLURM_ARRAY_JOB_ID=7 SLURM_JOB_ID=8 SLURM_CPUS_PER_TASK=2
for SLURM_ARRAY_TASK_ID in $(seq 0 "${array:-0}"); do
  export SLURM_ARRAY_TASK_ID
  "$@" >>log 2>&1
done
echo "7;cluster"
""",
        "scontrol": 'echo "$@" >>requeued\n',
        "srun": 'exec "$@"\n'}

    def setUp(self):
        super().setUp()
        places = self.folder / "bin"
        places.mkdir()
        for name, text in self.STAND_INS.items():
            (places / name).write_text("#!/bin/sh\n" + text,
                                       encoding="utf-8")
            (places / name).chmod(0o755)
        self.environment = dict(os.environ, RESTRAIN=PROGRAM,
                                PATH=f"{places}:{os.environ['PATH']}")

    def submit(self, *arguments, script=SOURCE / "tools/sweep.slurm",
               expect=0, **variables):
        done = subprocess.run(
            [script, *arguments], cwd=self.folder,
            env=dict(self.environment, **variables),
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
            check=False)
        self.assertEqual(done.returncode, expect, done.stderr)

    def content(self, name):
        return (self.folder / name).read_text(encoding="utf-8")

    def test_an_array_of_shards_and_a_merge(self):
        case = self.write(CASE + "  zoom: [{lr: 0.7, weight_decay: 2, "
                          "count: 3}]\n")
        (self.folder / "whole").mkdir()
        self.sweep(case, "-o", "whole/sweep.h5")
        self.submit(case, "joined", "3")
        for name in Windows.NAMES:
            self.assert_same_datasets(self.folder / f"whole/{name}.h5",
                                      self.folder / f"joined/{name}.h5")
        self.assertIn("--array=0-2\n", self.content("options"))
        self.assertIn("--dependency=afterok:7\n", self.content("options"))
        self.assertFalse((self.folder / "requeued").exists())

    def test_ranks(self):
        self.sweep(self.case, "-o", "whole.h5")
        self.submit("--mpi", self.case, "ranks", "2")
        self.assert_same_datasets(self.folder / "whole.h5",
                                  self.folder / "ranks/sweep.h5")

    def test_what_is_stopped_is_queued_again(self):
        script = self.folder / "short.slurm"
        text = (SOURCE / "tools/sweep.slurm").read_text(encoding="utf-8")
        self.assertIn("wall_limit=00:55:00", text)
        script.write_text(text.replace("00:55:00", "1"), encoding="utf-8")
        script.chmod(0o755)
        case = self.write(CASE.replace("iterations: 400",
                                       "iterations: 1000000")
                          + "  reduction: none\n")
        self.submit("shard", case, ".", "2", script=script, expect=75,
                    SLURM_ARRAY_JOB_ID="7", SLURM_ARRAY_TASK_ID="1")
        self.assertEqual(self.content("requeued"), "requeue 7_1\n")
        self.assertTrue((self.folder / "sweep.1.h5").exists())


class Interrupted(SweepTest):
    def setUp(self):
        super().setUp()
        self.work = ("sweep", self.case, "-o", "sweep.h5", *LONG)

    def stop(self, *arguments):
        return self.interrupt(*self.work, *arguments, work=0.4,
                              begun=(self.folder / "sweep.h5").exists)

    def whole(self):
        self.sweep(self.case, "-o", "whole.h5", *LONG)
        return self.folder / "whole.h5"

    def test_signals_keep_what_is_done(self):
        whole = self.whole()
        for threads in ("1", "2"):
            told = self.stop("--threads", threads)
            self.assertIn("SIGINT with ", told)
            self.assertIn("go on with: restrain sweep", told)
            with h5py.File(whole) as all_of, \
                    h5py.File(self.folder / "sweep.h5") as part:
                done = part["regime"][()] >= 0
                self.assertTrue(0 < done.sum() < done.size)
                for name in MAPS:
                    np.testing.assert_array_equal(
                        all_of[name][()][done], part[name][()][done], name)
                self.assertTrue(np.isnan(part["final_loss"][()][~done]).all())
                self.assertEqual(
                    part["provenance"].attrs["exit_reason"].rstrip(b"\0"),
                    b"SIGINT")
            self.restrain(*self.work, "--resume")
            self.assert_same_datasets(whole, self.folder / "sweep.h5")
            (self.folder / "sweep.h5").unlink()

    def test_five_kills(self):
        self.stop()
        for n in range(5):
            process = self.start(*self.work, "--resume")
            time.sleep(0.05 + 0.07 * n)
            process.kill()
            process.communicate()
            with h5py.File(self.folder / "sweep.h5") as file:
                self.assertGreater((file["regime"][()] >= 0).sum(), 0)
        self.restrain(*self.work, "--resume")
        self.assert_same_datasets(self.whole(), self.folder / "sweep.h5")
        self.assertFalse(list(self.folder.glob("*.partial*")))

    def test_wall_limit(self):
        told = self.told(self.case, "-o", "sweep.h5", "--wall-limit", "1",
                         "-D", "step.iterations=1000000", "-D",
                         "sweep.reduction=none", expect=75)
        self.assertEqual((told["reason"], told["exit_code"]),
                         ("wall limit", 75))
        self.assertLess(told["done"], 105)

    def test_resuming_a_finished_sweep_changes_nothing(self):
        self.sweep(self.case, "-o", "sweep.h5")
        before = datasets(self.folder / "sweep.h5")
        told = self.told(self.case, "-o", "sweep.h5", "--resume")
        self.assertEqual(told["point_iterations"], 0)
        self.assertEqual(datasets(self.folder / "sweep.h5"), before)


# What a build cannot show is no test of it, lest it count as passed.
if os.environ.get("RESTRAIN_MPI"):
    del Faults.test_several_processes_need_mpi


if __name__ == "__main__":
    main()
