# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests of figures share: the files that they are drawn from, made from
the shipped cases."""
import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path

import h5py
import matplotlib
import matplotlib.pyplot as plt
import numpy as np

from support import CASES, SOURCE, ProgramTest, data_set_of, restrain

matplotlib.use("Agg")
sys.path.insert(0, str(SOURCE / "tools"))
inputs = import_module("restrain_figures.inputs")

FILES = {"run": "run.h5", "analyze": "analysis.h5",
         "bifurcate": "bifurcation.h5", "sweep": "sweep.h5"}
# Shorter than shipped, but for the heat equation: its figure shows t = 800.
RUNS = {"heat": None, "beltrami": 100, "linear-decay": 100,
        "nesterov-decay": 100, "sharpness-lr": None,
        "nonlinear-lr": 150, "edge": 40, "stochastic-edge": 200,
        "ergodic": 6000, "central-flow": 200,
        "cfl-controlled": 60, "cfl-fixed": 60, "float-lr": 150,
        "restrained": 90, "mnist-1": 40, "mnist-2": 40, "mnist-3": 40,
        "mnist-boundary": 40, "fashion": 40, "perturbed-lr": 128,
        "svag": None, "sde": None, "critical-batch": 320}
TRAININGS = ("group-norm", "wide", "residual", "residual-group", "swish",
             "adam", "double", "exact")
# Sizes, implementations and their seconds for a pixel of the image.
SIZES = (64, 128, 256)
STEPS = {"auto": 1e-8, "fft": 1.1e-8, "direct": 3e-8, "patch": 1e-12,
         "numpy-im2col": 2e-7, "numpy-shifts": 3e-7, "torch-conv2d": 5e-8,
         "cupy-fft": 4e-8}
FLOOR = 0.7e-8
# In place of the data sets, which may not be there.
TEXTURES = "data.{}={{kind: textures, size: 12, classes: {}, count: 20}}"
ANALYSES = ("linear-decay", "nesterov-decay", "cfl-heat", "cfl-network")
HOLDER = tempfile.TemporaryDirectory(prefix="restrain-figures-")
INPUT = Path(HOLDER.name)


def runs_and_analyses():
    """(command, case, iterations) of all figures but those of sweeps."""
    for start, iterations in RUNS.items():
        for case in CASES.glob(start + "-*.yaml"):
            yield "run", case, iterations
    for name in ("noise", "diffusion", "diffusion-lr-0.05",
                 "diffusion-batch-16", "diffusion-momentum", "currents"):
        yield "run", CASES / f"regression-{name}.yaml", None
        yield "analyze", CASES / f"regression-{name}.yaml", None
    for case in ("cfl-controlled", "stochastic-edge"):
        yield "run", CASES / f"{case}.yaml", RUNS[case]
    yield "run", CASES / "perturbed-residual.yaml", 40
    for start in ANALYSES:
        for case in CASES.glob(start + "-*.yaml"):
            yield "analyze", case, None
    for case in CASES.glob("bifurcation-*.yaml"):
        yield "bifurcate", case, None


def sweeps():
    for case in CASES.glob("sweep-*.yaml"):
        yield "sweep", case, 300
    for start, iterations in (("mnist-boundary", 40), ("mnist-depth", 40),
                              ("mnist-minima", None)):
        for case in CASES.glob(start + "-*.yaml"):
            yield "sweep", case, iterations
    for name in TRAININGS:
        yield "sweep", CASES / f"perturbed-{name}.yaml", 8


def make(command):
    verb, case, iterations = command
    shorter = [] if iterations is None else [
        "-D", f"step.iterations={iterations}", "-D", "expect=[]"]
    if verb == "bifurcate":
        shorter = ["-D", "bifurcation.count=32", "-D",
                   "bifurcation.samples=60"]
    if verb == "sweep" and case.stem.startswith("sweep"):
        counts = (33, 33) if case.stem == "sweep-zoom" else (24, 12)
        shorter += ["-D", f"sweep.lr.count={counts[0]}", "-D",
                    f"sweep.weight_decay.count={counts[1]}", "-D",
                    "sweep.refine=0"]
    if case.stem == "sweep-natural":
        shorter += ["-D", "flow.image.size=48", "-D", "flow.kernel=9"]
    if data_set_of(case):
        shorter += ["-D", TEXTURES.format(
            "train", 2 if case.stem.startswith("mnist") else 10)]
    if case.stem.startswith("perturbed"):
        shorter += ["-D", TEXTURES.format("test", 10), "-D",
                    "sampling.batch=5"]
    if case.stem.startswith(("svag", "sde")):
        shorter += ["-D", "ensemble.members=3000"]
    if case.stem.startswith("critical-batch"):
        shorter += ["-D", "noise.every=10", "-D", "output.scalars_every=10"]
    if case.stem.startswith("mnist-depth"):
        shorter += ["-D", "sweep.lr.count=3", "-D",
                    "sweep.weight_decay.count=3"]
    (INPUT / case.stem).mkdir(exist_ok=True)
    return restrain(verb, case, "-o", INPUT / case.stem / FILES[verb],
                    *shorter)


def make_all(commands):
    write_benchmark()
    write_trainings()
    with ThreadPoolExecutor(2) as pool:
        for done in pool.map(make, list(commands)):
            if done.returncode not in (0, 3):
                raise RuntimeError(done.stderr)


def write_benchmark():
    rows = [{"implementation": name, "size": size, "kernel": kernel,
             "precision": precision, "seconds": unit * size**2,
             "floor_seconds": FLOOR * size**2, "threads": 1}
            for size in SIZES for kernel in (3, 5, 32)
            for precision in ("double", "float")
            for name, unit in STEPS.items()]
    # Of two threads: not shown. Of a size without a step of ours: no ratio.
    rows.append({**rows[0], "kernel": 5, "seconds": 1, "threads": 2})
    rows.append({**rows[-1], "implementation": "numpy-shifts", "size": 512,
                 "floor_seconds": None, "threads": 1})
    (INPUT / "bench").mkdir()
    (INPUT / "bench/bench.json").write_text(json.dumps(
        {"machine": {"processor": "a processor"}, "rows": rows}))


def write_trainings():
    """In the place of PyTorch's: weights that part at given rates."""
    folder = INPUT / "pytorch-twins"
    folder.mkdir()
    random = np.random.RandomState(3)
    start, ways = random.standard_normal((2, 2, 4, 5))
    step = np.arange(80)
    paths = []
    for name, size, rate in (("reference", 0, 0), ("divisor", 1e-7, 0.2),
                             ("double", 1e-6, 0.1), ("seed", 1, 0)):
        away = size * np.exp(np.minimum(rate * step, 12))[:, None, None]
        paths.append(folder / f"{name}.h5")
        with h5py.File(paths[-1], "w") as file:
            file["iteration"] = step
            for tensor, weights, way in zip(("0.weight", "2.weight"), start,
                                            ways):
                file[tensor] = weights + away * way
    done = restrain("follow", *paths, "-o", folder / "follow.h5")
    if done.returncode:
        raise RuntimeError(done.stderr)


def figures(*arguments, **environment):
    return subprocess.run(
        [sys.executable, SOURCE / "tools/figures", *arguments],
        env={**os.environ, **environment}, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=1200, check=False)


class FigureTest(ProgramTest):
    def draw(self, name):
        """A figure and the files that it is drawn from."""
        module = import_module(f"restrain_figures.{name}")
        files = inputs.read_files(module, str(INPUT))
        figure = module.draw(files)
        self.addCleanup(plt.close, figure)
        return files, figure
