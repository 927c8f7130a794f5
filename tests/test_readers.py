# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of several shapes, and one that was stopped, in h5py, xarray and every
reader of ParaView; and rendered pictures."""
import os
import subprocess
import sys
from pathlib import Path

import matplotlib.image
import numpy as np

from support import PROGRAM, SMALL_CASE, SOURCE, ProgramTest, main

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
        self.assertEqual(self.read("run.h5").count("\nok "), 7 * grids)

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

    def test_several_tensors(self):
        writer = Path(PROGRAM).parents[1] / "tests" / "test_archive_tensors"
        subprocess.run([writer, self.folder / "run.h5"], check=True,
                       capture_output=True, timeout=240)
        self.read("run.h5", reader="read_tensors.py")

    def test_picture(self):
        self.restrain("run", self.write(SMALL_CASE), "-o", "run.h5")
        self.read("run.h5", "--draw", "picture.png", python="pvpython")
        content = (self.folder / "picture.png").read_bytes()
        self.assertTrue(content.startswith(b"\x89PNG"))
        self.assertGreater(len(content), 4000)


class SideBySide(ProgramTest):
    """tools/paraview_run.py, off-screen."""
    SIZE = 300

    def setUp(self):
        super().setUp()
        self.restrain(
            "run", self.write(SMALL_CASE), "-o", "run.h5", "-D", "twins=[3]",
            "-D", "step.lr=0.6", "-D", "output.every=10", "-D",
            "output.fields=[tangent, difference]")

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

    def test_what_is_missing(self):
        self.assertIn("other.xdmf does not exist",
                      self.show("other.xdmf", expect=4))
        self.assertIn("no field gradient; the run stores difference_3, kernel",
                      self.show("run.xdmf", "gradient", "--save", "x.png",
                                expect=4))


if __name__ == "__main__":
    main()
