# SPDX-License-Identifier: GPL-3.0-or-later
"""What restrain.run() costs beside the library that it calls.

Usage: python_loop.py CALL_LOOP

A learning-rate scan of so many small runs in a loop without files, in Python
and in C (call_loop.c, whose program is named): processor time of a run, the
median of some rounds that alternate, and the ratio of the two. In Python the
scan reads the regime of each run; and once more the last loss too, for which
xarray has to make the Dataset.
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


def in_python(path, look):
    """Seconds of a run."""
    look(restrain.run(path, step__lr=0.05))
    start = time.process_time()
    for i in range(RUNS):
        look(restrain.run(path, step__lr=0.05 + 1e-5 * i))
    return (time.process_time() - start) / RUNS


def regime(run):
    """Look at the regime alone."""
    return run.attrs["regime"]


def last_loss(run):
    """Look at the last loss as well."""
    return regime(run), float(run.loss[-1])


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
            rounds = [(in_python(path, regime), in_python(path, last_loss),
                       in_c(sys.argv[1], path)) for _ in range(ROUNDS)]
        fast, full, plain = (statistics.median(column)
                             for column in zip(*rounds))
        print(f"{name:26} {RUNS} runs: {1e3 * fast:.3f} ms a run in Python,"
              f" {1e3 * full:.3f} with the last loss, {1e3 * plain:.3f} in C:"
              f" {fast / plain:.2f} and {full / plain:.2f} times", flush=True)


if __name__ == "__main__":
    main()
