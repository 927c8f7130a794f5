# SPDX-License-Identifier: GPL-3.0-or-later
"""What restrain.run() costs beside the library that it calls.

Usage: python_loop.py CALL_LOOP

A learning-rate scan of so many small runs in a loop, in Python and in C
(call_loop.c, whose program is named): processor time of a run, the least of
some rounds that alternate, and the ratio of the two.
"""
import os
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


def in_python(path):
    """Seconds of a run."""
    restrain.run(path, step__lr=0.05)
    start = time.process_time()
    for i in range(RUNS):
        restrain.run(path, step__lr=0.05 + 1e-5 * i)
    return (time.process_time() - start) / RUNS


def in_c(program, path, folder):
    """The same, by the library alone."""
    done = subprocess.run([program, path, str(RUNS), folder],
                          capture_output=True, text=True, check=True)
    return float(done.stdout)


def main():
    """Measure and tell."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    for name, numbers in CASES.items():
        with tempfile.TemporaryDirectory(dir=memory) as folder:
            path = os.path.join(folder, "case.yaml")
            Path(path).write_text(CASE.format(*numbers), encoding="utf-8")
            rounds = [(in_python(path), in_c(sys.argv[1], path, folder))
                      for _ in range(ROUNDS)]
        python, plain = (min(column) for column in zip(*rounds))
        print(f"{name:26} {RUNS} runs: {1e3 * python:.3f} ms a run in Python,"
              f" {1e3 * plain:.3f} ms in C: {python / plain:.2f} times",
              flush=True)


if __name__ == "__main__":
    main()
