# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of several shapes, and one that was stopped, in h5py, xarray and every
reader of ParaView; and rendered pictures."""
import os
import subprocess
import sys
from pathlib import Path

import h5py
import matplotlib.image
import numpy as np

from read_run import reads_vtkhdf
from read_tensors import READERS
from support import CASES, PROGRAM, SMALL_CASE, SOURCE, ProgramTest, main

HEAT_CASE = """\
flow: {kind: heat, points: 31, diffusion: {coefficient: 1, spacing: 0.3}}
initial: {kind: tent, scale: 1.5}
step: {lr: 0.04, iterations: 20}
"""
# Both axes logarithmic, and one of a single value.
PLANES = (
    """\
sweep:
  lr: {from: 0.001, to: 10, count: 7, scale: log}
  weight_decay: {from: 0.1, to: 10, count: 5, scale: log}
""",
    """\
sweep:
  lr: {from: 0.001, to: 10, count: 4}
  weight_decay: {from: 2, to: 2, count: 1}
""")

display = None


def setUpModule():
    # Without -noreset the server starts anew whenever its last client has
    # left, and turns away who comes meanwhile.
    global display
    display = subprocess.Popen(
        ["Xvfb", "-displayfd", "1", "-noreset", "-screen", "0",
         "1280x1024x24"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    os.environ["DISPLAY"] = ":" + display.stdout.readline().strip()


def tearDownModule():
    display.terminate()
    display.communicate()


class Readers(ProgramTest):
    def read(self, *arguments, reader="read_run.py", python=sys.executable):
        done = subprocess.run(
            [python, SOURCE / "tests" / reader, *arguments],
            cwd=self.folder, capture_output=True, text=True, timeout=240,
            check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def check(self, text, *overrides, expect=0, grids=1):
        case = self.write(text)
        self.restrain("run", case, "-o", "run.h5", *overrides, expect=expect)
        self.assertGreaterEqual(self.read("run.h5").count("\nok "), 7 * grids)

    def test_kernel_and_gradient(self):
        self.check(SMALL_CASE, "-D", "output.fields=[gradient]")

    def test_single_precision(self):
        self.check(SMALL_CASE, "-D", "flow.precision=float")

    def test_amplification_over_wave_numbers(self):
        self.check(SMALL_CASE, "-D", "output.fields=[amplification]", grids=2)

    def test_one_dimension(self):
        self.check(HEAT_CASE)

    def test_two_dimensions_with_spacing(self):
        self.check(HEAT_CASE, "-D", "flow.dimension=2", "-D", "step.lr=0.02")

    def test_a_run_stopped_by_the_wall_limit(self):
        self.check(SMALL_CASE, "-D", "step.iterations=1000000000", "-D",
                   "output.every=50000", "--wall-limit", "1", expect=75)

    def test_twins_and_the_leading_perturbation(self):
        self.check(SMALL_CASE, "-D", "twins=[3, float]", "-D",
                   "output.fields=[tangent, difference, relative_difference]")

    def test_one_snapshot(self):
        self.check(SMALL_CASE, "-D", "step.iterations=0")

    def test_sweeps(self):
        for plane in PLANES:
            case = self.write(SMALL_CASE + plane)
            self.restrain("sweep", case, "-o", "sweep.h5", "--force", "-D",
                          "step.iterations=40")
            self.assertGreaterEqual(
                self.read("sweep.h5", reader="read_sweep.py").count("\nok "),
                7)

    def test_several_tensors(self):
        writer = Path(PROGRAM).parents[1] / "tests" / "test_archive_tensors"
        subprocess.run([writer, self.folder / "run.h5"], check=True,
                       capture_output=True, timeout=240)
        self.read("run.h5", reader="read_tensors.py")

    def test_images_and_responses(self):
        images = ("flow.images=[{kind: checkerboard, size: 24, label: 1}, "
                  "{kind: gaussian-field, size: 24, label: 0}]")
        cases = {"one.h5": (SMALL_CASE, "output.fields=[image, response]"),
                 "two.h5": (SMALL_CASE.replace("  image: {kind: checkerboard, "
                                               "size: 24}\n", ""), images,
                            "output.fields=[image, response]"),
                 "signal.h5": ((CASES / "beltrami-10.yaml").read_text("utf-8"),
                               "step.iterations=20", "output.fields=[image]")}
        for name, (text, *overrides) in cases.items():
            with self.subTest(name):
                self.restrain("run", self.write(text), "-o", name,
                              *(word for given in overrides
                                for word in ("-D", given)))
                self.read(name, reader="read_images.py")
        self.read("one.h5")

    def test_followed_trajectories(self):
        random = np.random.RandomState(1)
        for name in ("a.h5", "b.h5", "c.h5"):
            with h5py.File(self.folder / name, "w") as file:
                file["time"] = 0.5 * np.arange(20)
                for tensor in range(4):
                    file[f"{tensor}.weight"] = random.randn(20, 3, 2)
        self.restrain("follow", "a.h5", "b.h5", "c.h5", "-o", "f.h5")
        self.read("f.h5", reader="read_follow.py")

    def test_picture(self):
        self.restrain("run", self.write(SMALL_CASE), "-o", "run.h5")
        self.read("run.h5", "--draw", "picture.png", python="pvpython")
        content = (self.folder / "picture.png").read_bytes()
        self.assertTrue(content.startswith(b"\x89PNG"))
        self.assertGreater(len(content), 4000)


class PictureTest(ProgramTest):
    """tools/paraview_run.py, off-screen."""
    SIZE = 400

    def show(self, *arguments, expect=0):
        done = subprocess.run(
            ["pvpython", SOURCE / "tools/paraview_run.py", *arguments,
             "--size", str(self.SIZE)], cwd=self.folder, capture_output=True,
            text=True, timeout=240, check=False)
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return done.stderr

    def picture(self, name, views):
        pixels = matplotlib.image.imread(self.folder / name)[..., :3]
        self.assertEqual(pixels.shape, (self.SIZE, views * self.SIZE, 3))
        return np.split(pixels, views, axis=1)

    def places(self, view, rows, columns):
        """Of the pixels amid the cells of a square map, above the bar of
        its colours on what is white."""
        shade = view[:int(0.82 * self.SIZE)].min(axis=2) < 0.99
        y, x = (np.flatnonzero(shade.sum(axis=axis) > self.SIZE / 2)
                for axis in (1, 0))
        self.assertLess(abs(np.ptp(y) - np.ptp(x)), 4)
        at_y, at_x = (at[0] + (np.arange(count) + 0.5) * (np.ptp(at) + 1)
                      / count for at, count in ((y, rows), (x, columns)))
        return np.ix_(at_y.astype(int), at_x.astype(int))


class SideBySide(PictureTest):
    def setUp(self):
        super().setUp()
        self.restrain(
            "run", self.write(SMALL_CASE), "-o", "run.h5", "-D", "twins=[3]",
            "-D", "step.lr=0.6", "-D", "output.every=10", "-D",
            "output.fields=[tangent, difference]")

    def test_a_frame_for_each_snapshot(self):
        self.show("run.xdmf", "--save", "frame.png")
        names = sorted(path.name for path in self.folder.glob("*.png"))
        self.assertEqual(names, [f"frame.{i:04d}.png" for i in range(5)])
        first, last = (self.picture(name, 3) for name in
                       (names[0], names[-1]))
        # Rows from the middle of a view are of its field, the lowest of the
        # bar of its colours.
        field, bar = slice(self.SIZE // 3, 2 * self.SIZE // 3), slice(-30, -1)
        for one, other in zip(first, last):
            np.testing.assert_array_equal(one[bar], other[bar])
            self.assertGreater(np.ptp(one[bar]), 0.5)
            self.assertGreater(abs(one[field] - other[field]).max(), 0.05)
        # Twins begin equal, in the colour of zero.
        start = first[1][field, self.SIZE // 3:2 * self.SIZE // 3]
        self.assertLess(np.ptp(start), 0.02)
        self.assertGreater(start.min(), 0.95)

    def test_fields_by_name_at_one_time(self):
        self.show("run.xdmf", "difference", "kernel", "--at", "12", "--save",
                  "one.png")
        self.assertEqual([path.name for path in self.folder.glob("*.png")],
                         ["one.png"])
        for view in self.picture("one.png", 2):
            self.assertGreater(np.ptp(view), 0.5)

    def test_a_movie(self):
        self.show("run.xdmf", "kernel", "--movie", "run.ogv")
        content = (self.folder / "run.ogv").read_bytes()
        self.assertTrue(content.startswith(b"OggS"))

    def test_what_cannot_be_shown(self):
        self.assertIn("other.xdmf does not exist",
                      self.show("other.xdmf", expect=4))
        self.assertIn("open run.xdmf beside it",
                      self.show("run.h5", expect=4))
        if not reads_vtkhdf():
            self.assertIn("5.12 does; open run.xdmf",
                          self.show("run.vtkhdf", expect=4))
        self.assertIn("run.mp4: a film is an .ogv or an .avi",
                      self.show("run.xdmf", "--movie", "run.mp4", expect=4))
        self.assertIn("no field gradient; the file stores difference_3, ker",
                      self.show("run.xdmf", "gradient", "--save", "x.png",
                                expect=4))


class Maps(PictureTest):
    def test_the_state_of_a_network_beside_running_averages(self):
        """A picture of the state is of all its grids, by any reader."""
        case = self.write("""\
flow:
  kind: network
  loss: cross-entropy
  layers:
    - {kind: conv, channels: 4, kernel: 3, normalisation: {kind: batch}}
    - {kind: mean}
    - {kind: dense, units: 2}
data: {train: {kind: textures, size: 8, classes: 2, count: 8, seed: 1}}
initial: {kind: fan-in, seed: 1}
step: {lr: 0.1, iterations: 2}
""")
        self.restrain("run", case, "-o", "run.h5")
        self.assertTrue((self.folder / "run.averages.xdmf").exists())
        pictures = []
        for reader in READERS:
            self.show("run.xdmf", "--reader", reader, "--save", "x.png",
                      "--at", "0")
            pictures += self.picture("x.png", 1)
        coloured = np.ptp(pictures[0][:int(0.8 * self.SIZE)], axis=2)
        self.assertGreater((coloured > 0.1).sum(), 100)
        for other in pictures[1:]:
            np.testing.assert_array_equal(other, pictures[0])

    def test_an_image_and_responses(self):
        self.restrain("run", self.write(SMALL_CASE), "-o", "run.h5", "-D",
                      "step.iterations=0", "-D", "flow.image.size=8", "-D",
                      "output.fields=[image, response]")
        with h5py.File(self.folder / "run.h5") as run:
            for name, values in (("image", run["image"][()]),
                                 ("response", run["response"][0])):
                self.show(f"run.{name}.xdmf", "--save", f"{name}.png")
                view, = self.picture(f"{name}.0000.png", 1)
                shades = view[self.places(view, *values.shape)]
                red = shades[..., 0] - shades[..., 2]
                self.assertTrue((np.sign(red) == np.sign(values)).all())

    def test_the_first_row_is_on_top(self):
        self.restrain("run", self.write(SMALL_CASE), "-o", "run.h5", "-D",
                      "step.iterations=0")
        self.show("run.xdmf", "--save", "kernel.png")
        with h5py.File(self.folder / "run.h5") as run:
            kernel = run["kernel"][0]
        view, = self.picture("kernel.0000.png", 1)
        shades = view[self.places(view, *kernel.shape)]
        red = shades[..., 0] - shades[..., 2]
        self.assertTrue((np.sign(red) == np.sign(kernel)).all())
        # White is 0.97 in all three.
        size = np.ptp(shades, axis=2)
        self.assertEqual(size.argmin(), abs(kernel).argmin())

    def test_regimes_and_infinities_of_a_sweep(self):
        case = self.write(SMALL_CASE + PLANES[0])
        self.restrain("sweep", case, "-o", "sweep.h5", "-D",
                      "step.iterations=40")
        with h5py.File(self.folder / "sweep.h5", "r+") as sweep:
            regimes = sweep["regime"][()]
            exponents = sweep["lyapunov"][()]
            exponents[0, :2] = np.inf, np.nan
            sweep["lyapunov"][...] = exponents
        self.show("sweep.xdmf", "regime", "lyapunov", "--save", "sweep.png")
        first, second = self.picture("sweep.png", 2)
        # The first decay is the lowest.
        places = self.places(first, *regimes.shape)
        shades = first[places][::-1].round(2)
        for code in np.unique(regimes):
            self.assertEqual(
                len(np.unique(shades[regimes == code], axis=0)), 1)
        self.assertEqual(len(np.unique(shades.reshape(-1, 3), axis=0)),
                         len(np.unique(regimes)))
        # What is not finite leaves the grey behind the map.
        grey = abs(second[places][::-1] - 0.8).max(axis=2) < 0.01
        self.assertTrue((grey == ~np.isfinite(exponents)).all())

    def test_one_dimension_is_a_curve(self):
        self.restrain("run", self.write(HEAT_CASE), "-o", "run.h5")
        self.show("run.xdmf", "--at", "0", "--save", "curve.png")
        view, = self.picture("curve.png", 1)
        line = (view[..., 2] - view[..., 0] > 0.3).nonzero()
        peak = line[1][line[0].argmin()]
        # The tent is highest in its middle.
        self.assertLess(abs(peak - (line[1].min() + line[1].max()) / 2), 4)
        self.assertGreater(np.ptp(line[0]), self.SIZE // 2)


if __name__ == "__main__":
    main()
