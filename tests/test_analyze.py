# SPDX-License-Identifier: GPL-3.0-or-later
"""restrain analyze: the published and derived limits, told and stored."""
import json
import math
import os
import warnings
import xml.etree.ElementTree as xml

import h5py
import numpy as np

from read_run import compare_cells, first_grid
from support import CASES, SMALL_CASE, ProgramTest, main

LINEAR = """\
flow:
  kind: conv-linear
  image: {kind: gaussian-field, size: 24, seed: 1}
  kernel: 5
step: {lr: 0.1, weight_decay: 2.5, iterations: 1}
"""
HEAT = """\
flow: {kind: heat, points: 31, diffusion: {coefficient: 1, spacing: 0.3}}
step: {lr: 0.04, iterations: 20}
"""
MINIMUM = 0.2914953676245
SHARPNESS = 61.9972749916
LR_LO = 0.0322594823767


class AnalyzeTest(ProgramTest):
    def told(self, case, *arguments):
        """What the program tells of a case, as JSON."""
        done = self.restrain("analyze", case, "--json", "-o", "analysis.h5",
                             "--force", *arguments)
        self.assertEqual(done.stderr, "")
        return json.loads(done.stdout)


class Plan(ProgramTest):
    """Which implementation of the correlation a case gets, and why."""

    def plan(self, *settings):
        case = self.write(SMALL_CASE)
        options = [word for setting in settings for word in ("-D", setting)]
        done = self.restrain("analyze", case, "--plan", "--json", *options)
        told = json.loads(done.stdout)
        for image in told["images"]:
            operators = {one["name"]: one for one in image["operators"]}
            self.assertEqual(len(operators), len(image["operators"]))
            self.assertEqual(sum(one["cheapest"] for one in
                                 operators.values()), 1)
            chosen, = (one for one in operators.values() if one["chosen"])
            for one in operators.values():
                self.assertEqual(one["applies"], one["why_not"] is None)
                self.assertEqual(one["applies"],
                                 one["estimated_seconds"] is not None)
                if one["applies"]:
                    self.assertGreater(one["estimated_seconds"], 0)
                    self.assertGreater(one["measured_seconds"], 0)
            image.update(operators=operators, chosen=chosen)
        return told

    def test_the_run_gets_what_the_plan_says(self):
        noise = "flow.image={kind: gaussian-field, size: 48, seed: 1}"
        for settings in ((), (noise,), (noise, "flow.kernel=24"),
                         (noise, "flow.precision=float"),
                         ("flow.boundary=periodic",),
                         ("flow.operator=fft",), ("flow.operator=reference",)):
            with self.subTest(settings):
                told = self.plan(*settings)
                image, = told["images"]
                name = image["chosen"]["name"]
                asked = told["operator"] != "auto"
                self.assertEqual(told["chosen_by"], "flow.operator" if asked
                                 else "cost model")
                options = [word for setting in settings
                           for word in ("-D", setting)]
                text = self.restrain("run", "case.yaml", "--dry-run",
                                     *options).stdout
                self.assertIn(f"correlation {name}", text)
                costs = {one["name"]: one["estimated_seconds"] for one in
                         image["operators"].values() if one["applies"]}
                cheapest, = (one["name"] for one in
                             image["operators"].values() if one["cheapest"])
                self.assertEqual(asked, not image["chosen"]["cheapest"])
                self.assertEqual(cheapest, min(costs, key=costs.get))

    def test_what_does_not_apply_says_why(self):
        size = "flow.image={kind: gaussian-field, size: 1024, seed: 1}"
        image, = self.plan(size, "flow.kernel=3")["images"]
        self.assertIn("distinct patches",
                      image["operators"]["patch"]["why_not"])
        text = self.restrain("analyze", "case.yaml", "--plan", "-D", size,
                             "-D", "flow.operator=patch").stdout
        self.assertRegex(text, r"(?m)^  patch +- +- +asked for, in vain, by "
                               r"flow.operator: .*distinct patches")

    def test_text_and_several_images(self):
        case = self.write(SMALL_CASE)
        images = "flow={kind: conv, kernel: 5, images: [" \
            "{kind: checkerboard, size: 24}, " \
            "{kind: gaussian-field, size: 32, seed: 1}]}"
        text = self.restrain("analyze", case, "--plan", "-D", images).stdout
        self.assertRegex(text, r"(?m)^checkerboard 24 x 24, kernel 5 x 5, "
                               r"valid, double$")
        self.assertRegex(text, r"(?m)^gaussian-field 32 x 32")
        self.assertEqual(text.count("chosen by the cost model"), 2)
        self.assertEqual(len(self.plan(images)["images"]), 2)
        self.assertEqual(os.listdir(self.folder), ["case.yaml"])

    def test_a_flow_without_correlation_has_no_plan(self):
        case = self.write(HEAT)
        done = self.restrain("analyze", case, "--plan", expect=2)
        self.assertIn("heat has no correlation", done.stderr)
        self.restrain("run", case, "--plan", expect=2)


class Linear(AnalyzeTest):
    def test_windowed_and_circular_limits(self):
        told = self.told(CASES / "linear-decay-1.4e7.yaml")
        self.assert_close(told["exact"]["decay_min"], 1.296e7, 1e-10)
        self.assert_close(told["exact"]["decay_max"], 2e8, 1e-10)
        self.assert_close(told["symbol"]["decay_min"], 0.25 * 256**4, 1e-10)
        self.assertEqual(told["symbol"]["meaning"], "bound")
        self.assertEqual(told["dense"]["count"], 1024)
        self.assertLess(told["dense"]["deviation"], 1e-12)
        self.assert_close(
            [told["symbol"]["worst_ky"], told["symbol"]["worst_kx"]],
            [math.pi] * 2, 1e-12)
        self.assertIn("X X^T", told["gap"])
        # The critical mode of the decay is the checkerboard itself.
        with h5py.File(self.folder / "analysis.h5") as file:
            sign = np.where(np.add.outer(np.arange(32), np.arange(32)) % 2,
                            1, -1)
            vector = file["eigenvector_min"][()]
            self.assert_close(abs((vector * sign).sum()), 32, 1e-10)

    def test_verdicts_name_the_mechanism(self):
        for decay, verdict, mechanism, text in (
                ("1.2e7", "unstable", "decay",
                 "unstable through the decay: alpha < alpha_min"),
                ("1.4e7", "stable", "decay",
                 "nearest limit: through the decay"),
                ("1.9e8", "stable", "step", "nearest limit: through the step"),
                ("2.1e8", "unstable", "step", "unstable through the step: "
                 "lr lambda_max = 2.1 > 2")):
            with self.subTest(decay):
                told = self.told(CASES / f"linear-decay-{decay}.yaml",
                                 "-D", "analyze.dense=0")
                self.assertEqual(told["verdict"], verdict)
                self.assertEqual(told["mechanisms"], [mechanism])
                self.assertIn(text, told["explanation"])
        self.assert_close(told["lr_factor"], 2 / 2.1, 1e-10)
        self.assert_close(told["decay_min_factor"], 2.1e8 / 1.296e7, 1e-10)

    def test_measured_thresholds(self):
        case = self.write(LINEAR)
        told = self.told(case, "-D", "analyze.empirical=yes")
        for name in ("lr_max", "decay_min", "decay_max"):
            measured = told["measured"][name]
            self.assert_close(measured["value"], told["exact"][name], 1e-4)
            self.assertLess(measured["low"], measured["high"])
        text = self.restrain("analyze", case, "-D", "analyze.empirical=yes",
                             "-o", "analysis.h5", "--force").stdout
        self.assertIn("bisection on runs", text)

    def test_momentum_limits(self):
        fastest = 4 * math.sin(29 * math.pi / 60) ** 2
        for scheme, mu, limit in (("euler", None, 2),
                                  ("heavy-ball", 0.9, 2 * 1.9),
                                  ("nesterov", 0.9, 2 * 1.9 / 2.8),
                                  ("heavy-ball", 0.5, 2 * 1.5),
                                  ("nesterov", 0.5, 2 * 1.5 / 2)):
            with self.subTest(scheme=scheme, mu=mu):
                momentum = [] if mu is None else ["-D", f"step.momentum={mu}"]
                told = self.told(CASES / "heat-stable.yaml",
                                 "-D", f"step.scheme={scheme}", *momentum)
                self.assert_close(told["real_limit"], limit, 1e-12)
                self.assert_close(told["exact"]["lr_max"], limit / fastest,
                                  1e-10)

    def test_heat(self):
        exact = 2 / (4 * math.sin(29 * math.pi / 60) ** 2)
        told = self.told(CASES / "heat-unstable.yaml")
        self.assertEqual(told["verdict"], "unstable")
        self.assertEqual(told["mechanisms"], ["step"])
        self.assert_close(told["exact"]["lr_max"], exact, 1e-10)
        self.assertAlmostEqual(told["exact"]["lr_max"], 0.501373, delta=5e-7)
        self.assert_close(told["symbol"]["lr_max"], 0.5, 1e-12)
        self.assert_close(told["mesh_number"], 0.8, 1e-15)
        self.assertEqual([row["spacing"] for row in told["refinement"]],
                         [1, 0.5, 0.25])
        for row in told["refinement"]:
            self.assert_close(row["lr_max"], exact * row["spacing"] ** 2,
                              1e-10)
            self.assert_close(row["mesh_number"], exact, 1e-10)


class Network(AnalyzeTest):
    """arXiv 2206.02001, figure 4 left: the limits that its runs show."""

    def test_minimum_and_both_limits(self):
        told = self.told(CASES / "nonlinear-lr-0.05.yaml")
        self.assert_close(told["lr_lo"], LR_LO, 1e-8)
        self.assert_close(told["lr_hi"], 0.1, 1e-12)
        minimum = told["fixed_points"][told["minimum"]]
        self.assertEqual(minimum["kind"], "minimum")
        self.assert_close(minimum["loss"], MINIMUM, 1e-11)
        self.assert_close(minimum["lambda_max"], SHARPNESS, 1e-8)
        self.assert_close(minimum["max_abs"], 3.77466281e-3, 1e-8)
        self.assert_close(minimum["participation_max"], 1, 1e-6)
        self.assert_close([minimum["ky"], minimum["kx"]], [math.pi] * 2, 1e-12)
        # Zero is a saddle: there the flow itself grows.
        saddles = [point for point in told["fixed_points"]
                   if point["kind"] == "saddle"]
        self.assertTrue(saddles)
        for point in saddles:
            self.assertLess(point["lambda_min"], 0)
            self.assertIsNone(point["lr_lo"])
        self.assertLess(told["dense"]["deviation"], 1e-10)
        self.assertEqual(told["verdict"], "restrained")
        self.assertIn("locally unstable, bounded by the decay",
                      told["explanation"])

    def test_verdicts(self):
        quick = ("-D", "analyze.dense=0", "-D", "analyze.starts=0")
        for rate, verdict, text in (
                ("0.01", "convergent", "converges near the minimum"),
                ("0.03", "convergent", "converges near the minimum"),
                ("0.07", "restrained", "bounded by the decay"),
                ("0.11", "divergent", "lr = 0.11 > lr_hi")):
            with self.subTest(rate):
                told = self.told(CASES / f"nonlinear-lr-{rate}.yaml", *quick)
                self.assertEqual(told["verdict"], verdict)
                self.assertIn(text, told["explanation"])
                self.assert_close(told["lr_factor"], LR_LO / float(rate), 1e-8)


class Beltrami(AnalyzeTest):
    """JMLR 25(174), figure 2: bounded by the pull towards the signal."""

    def test_both_limits_and_the_saturated_amplitude(self):
        told = self.told(CASES / "beltrami-100.yaml")
        self.assert_close(told["lr_lo"], 0.0510506038118, 1e-8)
        self.assert_close(told["lr_hi"], 40, 1e-12)
        self.assert_close(told["saturated_amplitude"], 10 / 1.75, 1e-12)
        self.assertEqual(told["verdict"], "restrained")
        self.assertIn("bounded by the linear terms", told["explanation"])
        with h5py.File(self.folder / "analysis.h5") as file:
            self.assert_close(file["saturated_amplitude"][()], 10 / 1.75,
                              1e-12)
        text = self.restrain("analyze", CASES / "beltrami-100.yaml", "-o",
                             "analysis.h5", "--force").stdout
        self.assertIn("saturated fluxes: 5.7142857", text)

    def test_where_there_is_none(self):
        quick = ("-D", "analyze.dense=0", "-D", "analyze.starts=0")
        for case, verdict in (("beltrami-1000", "divergent"),
                              ("nonlinear-lr-0.05", "restrained")):
            with self.subTest(case):
                told = self.told(CASES / f"{case}.yaml", *quick)
                self.assertNotIn("saturated_amplitude", told)
                self.assertEqual(told["verdict"], verdict)
                with h5py.File(self.folder / "analysis.h5") as file:
                    self.assertNotIn("saturated_amplitude", file)


class Files(AnalyzeTest):
    def test_axes_texts_and_values(self):
        told = self.told(self.write(LINEAR),
                         "-D", "analyze.density={probes: 2, points: 50}")
        with h5py.File(self.folder / "analysis.h5") as file:
            for name, axes in (("amplification", ["ky", "kx"]),
                               ("symbol", ["ky", "kx"]),
                               ("eigenvector_max", ["y", "x"]),
                               ("eigenvector_min", ["y", "x"]),
                               ("spectrum", ["eigenvalue"]),
                               ("density", ["abscissa"])):
                scales = [list(axis.keys()) for axis in file[name].dims]
                self.assertEqual(scales, [[axis] for axis in axes], name)
                self.assertEqual(file[name].shape,
                                 tuple(len(file[axis]) for axis in axes))
            for name, item in file.items():
                if isinstance(item, h5py.Dataset):
                    self.assertTrue(item.attrs["long_name"], name)
                    self.assertTrue(item.attrs["units"], name)
            ky = file["ky"][()]
            self.assert_close(ky, 2 * math.pi * np.arange(-12, 12) / 24, 1e-15)
            self.assertEqual(ky[12], 0)
            self.assert_close(file["amplification"][()],
                              abs(1 - 0.1 * file["symbol"][()]), 1e-13)
            self.assertEqual(file["amplification"][()].max(),
                             told["symbol"]["worst_growth"])
            self.assertEqual(file["lr_max"][()], told["exact"]["lr_max"])
            self.assertEqual(len(file["spectrum"]), 25)
            self.assertTrue((np.diff(file["spectrum"]) >= 0).all())
            self.assertEqual(file["density"].shape, (50,))
            self.assertEqual(text(file.attrs["verdict"]), told["verdict"])
            self.assertEqual(text(file.attrs["explanation"]),
                             told["explanation"])
            provenance = file["provenance"]
            self.assertIn("analyze", text(provenance.attrs["argv"]))
            self.assertIn("conv-linear",
                          text(provenance["effective"][()]))
            self.assertEqual(text(provenance.attrs["exit_reason"]),
                             "completed")

    def test_fixed_points_are_a_stack_with_views(self):
        told = self.told(self.write(SMALL_CASE))
        count = len(told["fixed_points"])
        with h5py.File(self.folder / "analysis.h5") as file:
            self.assertEqual(file["fixed_point"].shape, (count, 5, 5))
            self.assertEqual(
                [list(axis.keys()) for axis in file["fixed_point"].dims],
                [["index"], ["y"], ["x"]])
            self.assertEqual(list(file["fixed_point_loss"]),
                             [point["loss"] for point in told["fixed_points"]])
            meanings = text(
                file["fixed_point_kind"].attrs["flag_meanings"]).split()
            self.assertEqual([meanings[kind] for kind
                              in file["fixed_point_kind"]],
                             [point["kind"] for point in told["fixed_points"]])
            for index, view in enumerate(file["fixed_points"].values()):
                np.testing.assert_array_equal(view[0],
                                              file["fixed_point"][index])

    def test_xarray(self):
        import xarray
        for case, name, axes in (
                (LINEAR, "amplification", ("ky", "kx")),
                (SMALL_CASE, "fixed_point", ("index", "y", "x"))):
            self.told(self.write(case))
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                data = xarray.open_dataset(self.folder / "analysis.h5",
                                           engine="h5netcdf")
            with data:
                self.assertEqual(data[name].dims, axes)
                for axis in axes:
                    self.assertIn(axis, data.coords)
                self.assertEqual(data["lr_factor"].dims, ())

    def test_sidecars_refer_to_what_is_there(self):
        for case in (LINEAR, SMALL_CASE):
            self.told(self.write(case))
            for ending in SIDECARS:
                root = xml.parse(self.folder / f"analysis{ending}").getroot()
                grid, = root.findall("./Domain/Grid")
                shape = grid.find("Topology").get("Dimensions").split()
                cells = [int(points) - 1 for points in shape]
                self.assertEqual(cells[0], 1)
                with h5py.File(self.folder / "analysis.h5") as file:
                    for item in grid.findall("./Attribute/DataItem"):
                        name, _, dataset = item.text.partition(":/")
                        self.assertEqual(name, "analysis.h5")
                        self.assertEqual(
                            [int(n) for n in item.get("Dimensions").split()],
                            cells)
                        self.assertEqual(list(file[dataset].shape[-2:]),
                                         cells[1:])

    def test_every_reader_of_paraview(self):
        for case in (LINEAR, SMALL_CASE, HEAT):
            self.told(self.write(case))
            for ending, (names, list_fields) in SIDECARS.items():
                sidecar = str(self.folder / f"analysis{ending}")
                with h5py.File(self.folder / "analysis.h5") as file:
                    fields = list_fields(file)
                    y, x = (file[name][()] for name in names)
                for name in ("XDMFReader", "Xdmf3ReaderS", "Xdmf3ReaderT"):
                    with self.subTest(reader=name, case=case, names=names):
                        grid = read_in_paraview(name, sidecar)
                        data = grid.GetCellData()
                        self.assertEqual(
                            sorted(fields),
                            sorted(data.GetArrayName(i) for i in
                                   range(data.GetNumberOfArrays())))
                        compare_cells(grid, y, x, fields)

    def test_default_place_force_and_dry_run(self):
        case = self.write(SMALL_CASE, "two.dots.yaml")
        told = self.restrain("analyze", case, "--dry-run").stdout
        self.assertIn("output/two.dots/analysis.h5", told)
        self.assertEqual(os.listdir(self.folder), ["two.dots.yaml"])
        # output.file is the run's.
        done = self.restrain("analyze", case, "-D", "output.file=run.h5")
        self.assertIn("output/two.dots/analysis.h5", done.stdout)
        made = self.folder / "output" / "two.dots"
        self.assertEqual(sorted(os.listdir(made)),
                         ["analysis.h5", "analysis.spectrum.xdmf",
                          "analysis.xdmf"])
        for name in ("analysis.xdmf", "analysis.spectrum.xdmf"):
            self.assertIn(f"two.dots/{name}", done.stdout)
        done = self.restrain("analyze", case, expect=4)
        self.assertIn("--force", done.stderr)
        self.restrain("analyze", case, "--force")

    def test_same_case_same_bits(self):
        case = self.write(SMALL_CASE)
        self.restrain("analyze", case, "-o", "one.h5")
        self.restrain("analyze", case, "-o", "other.h5", "--threads", "2")
        self.assert_same_datasets(self.folder / "one.h5",
                                  self.folder / "other.h5")


class Text(AnalyzeTest):
    def test_mechanism_is_in_the_last_lines(self):
        for stem, fragment in (("linear-decay-2.1e8", "through the step"),
                               ("linear-decay-1.2e7", "through the decay"),
                               ("nonlinear-lr-0.05", "bounded by the decay")):
            done = self.restrain("analyze", CASES / f"{stem}.yaml", "-o",
                                 f"{stem}.h5", "-D", "analyze.dense=0")
            self.assertIn(fragment, done.stdout[done.stdout.rindex("\n\n"):])
            self.assertEqual(done.stderr, "")
            self.assertLess(max(map(len, done.stdout.splitlines())), 120)

    def test_faults(self):
        case = self.write(LINEAR)
        for arguments, message, code in (
                (["-D", "analyze.starts=-1"], "analyze.starts", 2),
                (["-D", "analyze.empirical=perhaps"], "perhaps", 2),
                (["-D", "analyze.densty.probes=1"], "density", 2),
                (["-D", "flow.kernel=25"], "25", 2),
                (["--resume"], "unknown option", 2),
                (["-o", "case.yaml/a.h5"], "Not a directory", 4)):
            with self.subTest(arguments):
                done = self.restrain("analyze", case, *arguments, expect=code)
                self.assertIn(message, done.stderr)
                self.assertEqual(done.stdout, "")
        several = dict(os.environ, OMPI_COMM_WORLD_SIZE="4")
        self.restrain("analyze", case, env=several, expect=2)
        self.restrain("analyze", "none.yaml", expect=4)
        self.assertEqual(os.listdir(self.folder), ["case.yaml"])


def states(file):
    """What analysis.xdmf shows: array name -> values."""
    fields = {name: file[name][()]
              for name in ("eigenvector_max", "eigenvector_min")}
    for index, point in enumerate(file.get("fixed_point", ())):
        fields[f"fixed_point_{index}"] = point
    return fields


def spectra(file):
    """What analysis.spectrum.xdmf shows."""
    return {name: file[name][()] for name in ("amplification", "symbol")}


SIDECARS = {".xdmf": (("y", "x"), states),
            ".spectrum.xdmf": (("ky", "kx"), spectra)}


def read_in_paraview(name, sidecar):
    """The grid, by one of ParaView's readers."""
    from paraview import servermanager, simple

    named = "FileNames" if name == "XDMFReader" else "FileName"
    reader = getattr(simple, name)(**{named: [sidecar]})
    reader.UpdatePipeline()
    grid = first_grid(servermanager.Fetch(reader))
    # What the reader gives goes with it.
    copy = grid.NewInstance()
    copy.DeepCopy(grid)
    simple.Delete(reader)
    return copy


def text(value):
    """HDF5 texts come as bytes or str."""
    return value.decode() if isinstance(value, bytes) else str(value)


class SmallestNumbers(ProgramTest):
    def test_eigenvalues_near_the_smallest_numbers(self):
        case = self.write(
            "flow: {kind: heat, points: 31, boundary: dirichlet}\n"
            "initial: {kind: tent}\nstep: {lr: 0.4, iterations: 20}\n")
        for exponent in (300, 306, 308, 310):
            told = self.restrain(
                "analyze", case, "--json", "-o", "a.h5", "--force", "-D",
                f"flow.diffusion.coefficient=1e-{exponent}")
            largest = json.loads(told.stdout)["exact"]["lambda_max"]
            if exponent == 300:
                self.assert_close(largest * 1e300,
                                  4 * math.sin(29 * math.pi / 60)**2, 1e-6)
            self.assertLessEqual(largest, 4.1 * float(f"1e-{exponent}"))


if __name__ == "__main__":
    main()
