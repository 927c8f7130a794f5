# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of several shapes, and one that was stopped, in h5py, xarray and every
reader of ParaView; and one rendered picture."""
import subprocess
import sys

from support import SMALL_CASE, SOURCE, ProgramTest, main

HEAT_CASE = """\
flow: {kind: heat, points: 31, diffusion: {coefficient: 1, spacing: 0.3}}
initial: {kind: tent, scale: 1.5}
step: {lr: 0.04, iterations: 20}
"""


class Readers(ProgramTest):
    def read(self, *arguments):
        done = subprocess.run(
            [sys.executable, SOURCE / "tests/read_run.py", *arguments],
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

    def test_picture(self):
        self.restrain("run", self.write(SMALL_CASE), "-o", "run.h5")
        self.read("run.h5", "--render", "picture.png")
        content = (self.folder / "picture.png").read_bytes()
        self.assertTrue(content.startswith(b"\x89PNG"))
        self.assertGreater(len(content), 4000)


if __name__ == "__main__":
    main()
