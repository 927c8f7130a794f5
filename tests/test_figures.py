# SPDX-License-Identifier: GPL-3.0-or-later
"""tools/figures draws every figure from files of the shipped cases, and says
what to do where it cannot."""
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import matplotlib.image

from support import CASES, PROGRAM, SOURCE, ProgramTest, main, restrain

FIGURES = {
    "heat": ("run", ["heat-stable", "heat-unstable"]),
    "linear": ("run", ["linear-decay-1.4e7"]),
    "table": ("analyze", ["linear-decay-1.4e7"]),
    "nonlinear": ("run", ["nonlinear-lr-0.07"]),
    "edge": ("run", ["edge-euler", "edge-heavy-ball", "edge-nesterov"]),
    "cfl": ("run", ["cfl-controlled"]),
    "amplification": ("analyze", ["cfl-heat-0.3", "cfl-network-0.6"])}
# Shorter than shipped, but for the heat equation: its figure shows t = 800.
RUNS = {"heat": None, "linear-decay": 100, "nonlinear-lr": 50, "edge": 40,
        "cfl-controlled": 60, "cfl-fixed": 60}
ANALYSES = ("linear-decay", "cfl-heat", "cfl-network")
HOLDER = tempfile.TemporaryDirectory(prefix="restrain-figures-")
INPUT = Path(HOLDER.name)


def commands():
    for start, iterations in RUNS.items():
        for case in CASES.glob(start + "-*.yaml"):
            yield "run", case, iterations
    yield "run", CASES / "cfl-controlled.yaml", RUNS["cfl-controlled"]
    for start in ANALYSES:
        for case in CASES.glob(start + "-*.yaml"):
            yield "analyze", case, None


def make(command):
    verb, case, iterations = command
    name = {"run": "run.h5", "analyze": "analysis.h5"}[verb]
    shorter = [] if iterations is None else [
        "-D", f"step.iterations={iterations}", "-D", "expect=[]"]
    (INPUT / case.stem).mkdir(exist_ok=True)
    return restrain(verb, case, "-o", INPUT / case.stem / name, *shorter)


def setUpModule():
    with ThreadPoolExecutor(2) as pool:
        for done in pool.map(make, list(commands())):
            if done.returncode not in (0, 3):
                raise RuntimeError(done.stderr)


def tearDownModule():
    HOLDER.cleanup()


def figures(*arguments, **environment):
    return subprocess.run(
        [sys.executable, SOURCE / "tools/figures", *arguments],
        env={**os.environ, **environment}, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=300, check=False)


class Figures(ProgramTest):
    def draw(self, folder):
        done = figures("all", "-i", INPUT, "-o", folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_all_are_drawn_the_same_twice(self):
        one, two = self.folder / "one", self.folder / "two"
        printed = self.draw(one)
        self.draw(two)
        names = sorted(f"{name}.{suffix}" for name in FIGURES
                       for suffix in ("png", "pdf"))
        self.assertEqual(sorted(path.name for path in one.iterdir()), names)
        for name in names:
            with self.subTest(name):
                self.assertIn(name, printed)
                content = (one / name).read_bytes()
                self.assertGreater(len(content), 5000)
                self.assertEqual(content, (two / name).read_bytes())
                if name.endswith("png"):
                    pixels = matplotlib.image.imread(one / name)
                    self.assertGreater(min(pixels.shape[:2]), 400)
                    ink = (pixels[..., :3].min(axis=2) < 0.9).mean()
                    self.assertTrue(0.005 < ink < 0.9, ink)

    def test_table_is_also_text(self):
        lines = figures("table", "-i", INPUT, "-o",
                        self.folder).stdout.splitlines()
        decay = [line for line in lines if line.startswith("alpha_min")]
        circular, exact = decay[0].split()[-3:-1]
        self.assert_close(float(circular), 0.25 * 256**4, 1e-7)
        self.assert_close(float(exact), 0.25 * 32**2 * 225**2, 1e-7)

    def test_missing_files_name_the_command(self):
        for name, (verb, stems) in FIGURES.items():
            with self.subTest(name):
                done = figures(name, "-i", self.folder, "-o", self.folder)
                self.assertEqual(done.returncode, 4)
                self.assertIn(f"{name}: ", done.stderr)
                self.assertIn(f" {verb} cases/$c.yaml", done.stderr)
                for stem in stems:
                    self.assertIn(stem, done.stderr)
                self.assertEqual(list(self.folder.iterdir()), [])

    def test_the_command_named_makes_the_files(self):
        place = self.folder / "with a space"
        path = f"{Path(PROGRAM).parent}{os.pathsep}{os.environ['PATH']}"
        for name in ("heat", "amplification"):
            done = figures(name, "-i", place, PATH=path)
            self.assertEqual(done.returncode, 4)
            remedy = done.stderr.splitlines()[-1]
            subprocess.run(["bash", "-c", remedy], cwd=SOURCE, check=False,
                           env={**os.environ, "PATH": path}, timeout=300,
                           capture_output=True)
            done = figures(name, "-i", place, "-o", self.folder)
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_runs_without_what_is_drawn(self):
        self.restrain("run", CASES / "edge-euler.yaml", "-o", "run.h5", "-D",
                      "step.iterations=3", "-D", "expect=[]",
                      "-D", "output.scalars=[]")
        for case in CASES.glob("edge-*.yaml"):
            (self.folder / case.stem).mkdir()
            os.link(self.folder / "run.h5",
                    self.folder / case.stem / "run.h5")
        done = figures("edge", "-i", self.folder, "-o", self.folder)
        self.assertEqual(done.returncode, 4)
        self.assertIn("lacks sharpness", done.stderr)
        self.assertIn("cases/edge-euler", done.stderr)

    def test_damaged_files(self):
        for stem in FIGURES["heat"][1]:
            self.write("not HDF5", f"{stem}.txt")
            (self.folder / stem).mkdir()
            (self.folder / f"{stem}.txt").rename(
                self.folder / stem / "run.h5")
        done = figures("heat", "-i", self.folder, "-o", self.folder)
        self.assertEqual(done.returncode, 4)
        self.assertIn("cannot be used", done.stderr)

    def test_unknown_figure(self):
        done = figures("7", "-o", self.folder)
        self.assertEqual(done.returncode, 2)
        self.assertIn("'7'", done.stderr)


if __name__ == "__main__":
    main()
