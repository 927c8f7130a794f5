# SPDX-License-Identifier: GPL-3.0-or-later
"""tools/bench: what it compares is the same step, and what it tells of it."""
import json
import os
import subprocess
import sys

import h5py
import numpy as np

from support import SOURCE, ProgramTest, main

sys.path.insert(0, str(SOURCE / "tools"))
from restrain_bench import competitors, measure, report  # noqa: E402

STUB = """\
#!{python}
import json, sys
rows = [dict(implementation=name, size=size, kernel=kernel, threads=1,
             precision=precision, seconds=seconds, floor_seconds=2e-5)
        for size in (64, 1024) for kernel in (5, 32)
        for precision in ("double", "float")
        for name, seconds in (("fft", 2e-5), ("direct", 1e-6 * kernel),
                              ("patch", 1e-7))]
with open(sys.argv[sys.argv.index("--json") + 1], "w") as file:
    json.dump({{"machine": {{"fftw": "stub"}}, "rows": rows}}, file)
"""


class BenchTest(ProgramTest):
    def stub(self, text=STUB):
        path = self.write(text.format(python=sys.executable), "stub")
        path.chmod(0o755)
        return path

    def bench(self, *arguments, expect=0, **environment):
        done = subprocess.run(
            [sys.executable, SOURCE / "tools/bench", "-o",
             self.folder / "made/bench.json", *arguments], check=False,
            capture_output=True, text=True, timeout=240,
            env={**os.environ, **environment})
        self.assertEqual(done.returncode, expect, done.stderr)
        return done


class Comparison(BenchTest):
    def test_quick(self):
        done = self.bench("--quick", "--program", self.stub())
        told = json.loads((self.folder / "made/bench.json").read_text())
        for key in ("processor", "cores", "date", "numpy", "fftw"):
            self.assertTrue(told["machine"][key], key)
        names = set()
        for row in told["rows"]:
            for key in measure.KEYS:
                self.assertIn(key, row)
            for key in ("seconds", "floor_seconds", "ratio"):
                self.assertTrue(0 < row[key] < np.inf, row)
            names.add(row["implementation"])
        self.assertLessEqual({"fft", "direct", "patch", "numpy-im2col-kept"},
                             names)
        self.assertEqual(names - {"fft", "direct", "patch"} | {
            row["implementation"] for row in told["skipped"]},
            set(competitors.COMPETITORS))
        # Ratios are to the faster of fft and direct.
        for row in told["rows"]:
            if row["implementation"] == "fft":
                self.assert_close(
                    row["ratio"], {5: 4, 32: 1}[row["kernel"]], 1e-12)
        self.assertIn("kept", done.stdout)
        self.assertIn("made/bench.json", done.stdout)

    def test_faults(self):
        done = self.bench("--program", self.folder / "none", expect=4)
        self.assertIn("--program", done.stderr)
        done = self.bench("--program", "/bin/false", expect=4)
        self.assertIn("exit code 1", done.stderr)
        lacking = self.stub(STUB.replace("threads=1,", ""))
        done = self.bench("--program", lacking, expect=4)
        self.assertIn("lacks threads", done.stderr)
        self.bench("--budget", "-1", expect=2)
        self.bench("--slow", expect=2)
        done = self.bench("--python", "/none/python3", expect=4)
        self.assertIn("/none/python3 cannot be run", done.stderr)
        self.assertFalse((self.folder / "made").exists())


class Competitors(BenchTest):
    def each(self, problem):
        for name, kind in competitors.COMPETITORS.items():
            if not kind.why_not(problem):
                with self.subTest(name, precision=problem.precision):
                    yield kind(problem)

    def test_gradients_are_that_of_the_program(self):
        """With an image and a kernel of the test's own, read from files."""
        problem = competitors.Problem(24, 5, "float64")
        with h5py.File(self.folder / "own.h5", "w") as file:
            file["image"], file["kernel"] = problem.image, problem.start
        self.write(f"""\
flow: {{kind: conv, image: {{kind: file, file: "own.h5:/image"}}, kernel: 5}}
initial: {{kind: file, file: "own.h5:/kernel"}}
step:
  {{lr: {competitors.LR}, weight_decay: {competitors.ALPHA}, iterations: 1}}
output: {{every: 1, fields: [gradient]}}
""")
        self.restrain("run", "case.yaml", "-o", "run.h5")
        with h5py.File(self.folder / "run.h5") as file:
            gradient, after = file["gradient"][0], file["kernel"][1]
        decay = competitors.ALPHA * problem.start
        self.assert_close(competitors.reference(problem) - decay,
                          gradient - decay, 1e-9)
        count = 0
        for competitor in self.each(problem):
            made = competitor.gradient() - decay
            self.assert_close(made, gradient - decay, 1e-9)
            competitor.step()
            found = np.squeeze(np.asarray(getattr(
                competitor.at, "detach", lambda: competitor.at)()))
            self.assert_close(found, after, 1e-12)
            count += 1
        self.assertGreaterEqual(count, 4)

    def test_errors_are_of_rounding_and_faults_are_not(self):
        for size, kernel in ((24, 5), (33, 12), (16, 16)):
            for precision in ("float64", "float32"):
                problem = competitors.Problem(size, kernel, precision)
                expected = competitors.reference(problem)
                for competitor in self.each(problem):
                    error = competitors.error(problem, competitor.gradient(),
                                              expected)
                    self.assertLess(error, measure.MOST_ERROR / 3)
                decay = competitors.ALPHA * problem.start
                wrong = decay + 1.01 * (expected - decay)
                self.assertGreater(competitors.error(problem, wrong,
                                                     expected),
                                   3 * measure.MOST_ERROR)

    def test_a_wrong_gradient_is_not_timed(self):
        class Wrong(competitors.Im2col):
            def adjoint(self, slope):
                return super().adjoint(slope)[::-1].copy()

        competitors.COMPETITORS["wrong"] = Wrong
        self.addCleanup(competitors.COMPETITORS.pop, "wrong")
        with self.assertRaisesRegex(measure.BenchError, "of wrong is wrong"):
            measure.Contest(24, 5, "double", measure.Limits(2**30, 1))

    def test_limits(self):
        contest = measure.Contest(64, 8, "float", measure.Limits(1e5, 1e-4))
        reasons = {row["implementation"]: row["reason"]
                   for row in contest.skipped}
        self.assertIn("GiB of memory", reasons["numpy-im2col-kept"])
        self.assertIn("s or more", measure.Limits(2**40, 1e-9).why_not(
            competitors.Einsum, competitors.Problem(64, 8, "float32")))
        self.assertEqual(set(reasons) | set(contest.steps),
                         set(competitors.COMPETITORS))
        self.assertEqual(set(report.HEADS), set(competitors.COMPETITORS))


if __name__ == "__main__":
    main()
