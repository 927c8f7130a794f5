# SPDX-License-Identifier: GPL-3.0-or-later
"""What restrain.run() costs beside the library that it calls.

Usage: python_loop.py CALL_LOOP

A learning-rate scan of so many small runs in a loop without files, in Python
as records and as Datasets, and in C (call_loop.c, whose program is named):
processor time of a run, the median of some rounds that alternate, and the
ratios to C. Each reads the regime and the last loss of each run.
"""
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import restrain  # noqa: E402

RUNS, ROUNDS = 200, 5
CASES = {
    "24 x 24, 40 iterations": (24, 40),
    "64 x 64, 200 iterations": (64, 200),
    "64 x 64, 1000 iterations": (64, 1000),
}
CASE = """\
flow:
  kind: conv
  image: {{kind: checkerboard, size: {}}}
  kernel: 5
initial: {{kind: normal, seed: 3}}
step: {{scheme: euler, lr: 0.05, weight_decay: 2, iterations: {}}}
output: {{every: 20}}
"""


def in_python(path, compute):
    """Seconds of a run of which the regime and the last loss are read."""
    def once(lr):
        run = compute(path, step__lr=lr)
        return run.attrs["regime"], float(run["loss"][-1])

    once(0.05)
    start = time.process_time()
    for i in range(RUNS):
        once(0.05 + 1e-5 * i)
    return (time.process_time() - start) / RUNS


def in_c(program, path):
    """The same, by the library alone."""
    done = subprocess.run([program, path, str(RUNS)],
                          capture_output=True, text=True, check=True)
    return float(done.stdout)


def main():
    """Measure and tell."""
    for name, numbers in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            path = str(Path(folder) / "case.yaml")
            Path(path).write_text(CASE.format(*numbers), encoding="utf-8")
            rounds = [(in_python(path, restrain.record),
                       in_python(path, restrain.run),
                       in_c(sys.argv[1], path)) for _ in range(ROUNDS)]
        fast, full, plain = (statistics.median(column)
                             for column in zip(*rounds))
        print(f"{name:26} {RUNS} runs: {1e3 * fast:.3f} ms a run in Python,"
              f" {1e3 * full:.3f} with Datasets, {1e3 * plain:.3f} in C:"
              f" {fast / plain:.2f} and {full / plain:.2f} times", flush=True)


if __name__ == "__main__":
    main()
