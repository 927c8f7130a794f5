# SPDX-License-Identifier: GPL-3.0-or-later
"""The pictures of the README, and how they are made.

    RESTRAIN=build/src/restrain RESTRAIN_SOURCE=. python3 \\
        tests/readme_pictures.py

makes them again, in cases/images.
"""
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

PROGRAM = os.path.abspath(os.environ["RESTRAIN"])
SOURCE = Path(os.environ["RESTRAIN_SOURCE"]).resolve()
IMAGES = SOURCE / "cases" / "images"
WIDTH, COLOURS = 900, 256

# Points a side of the plane on top, and of the one that tests compare it with.
POINTS, FEW_POINTS = 512, 128
# What makes the file of a case, and what draws it.
RESULTS = {"zoom": ("sweep", "sweep-zoom", "sweep.h5"),
           "bifurcation": ("bifurcate", "bifurcation-lr", "bifurcation.h5"),
           "map": ("sweep", "sweep-checkerboard", "sweep.h5"),
           "dashboard": ("run", "restrained-checkerboard", "run.h5")}
CURVES = sorted(path.stem for path in
                (SOURCE / "cases").glob("nonlinear-lr-*.yaml"))


def compute(command, case, path, *options):
    path.parent.mkdir(exist_ok=True)
    done = subprocess.run(
        [PROGRAM, command, SOURCE / "cases" / f"{case}.yaml", "-q", "-o",
         path, *options], stdout=subprocess.DEVNULL, check=False)
    assert done.returncode in (0, 3), case


def draw(*words):
    subprocess.run([SOURCE / "tools" / "figures", *words], check=True,
                   stdout=subprocess.DEVNULL)


def picture(name, folder, points=FEW_POINTS):
    """The picture of that name, as tools/figures draws it."""
    path = Path(folder) / f"{name}.png"
    if name == "nonlinear":
        for case in CURVES:
            compute("run", case, Path(folder) / case / "run.h5")
        draw(name, "-i", folder, "-o", folder)
    else:
        command, case, file = RESULTS[name]
        options = []
        if name == "zoom":  # the whole alone
            for change in ("zoom=[]", f"lr.count={points}",
                           f"weight_decay.count={points}"):
                options += ["-D", f"sweep.{change}"]
        compute(command, case, Path(folder) / case / file, *options)
        # Titles name the file as it was given.
        subprocess.run(
            [SOURCE / "tools" / "figures", "plot", f"{case}/{file}", "-o",
             path.resolve()], check=True, stdout=subprocess.DEVNULL,
            cwd=folder)
    return path


def small(path):
    """Of the README's width and no more colours than a palette has."""
    image = Image.open(path).convert("RGB")
    if image.width > WIDTH:
        height = round(image.height * WIDTH / image.width)
        image = image.resize((WIDTH, height), Image.LANCZOS)
    return image.quantize(COLOURS, kmeans=1)


def difference(one, other):
    """Mean difference of grey levels, from 0 to 1, of squares of 1/32 of the
    width: what is drawn counts, not single points of a chaotic curve."""
    levels = [np.asarray(image.convert("L").resize((32, 32), Image.BOX),
                         dtype=float) / 255 for image in (one, other)]
    return np.abs(levels[0] - levels[1]).mean()


def names():
    return ["nonlinear", *RESULTS]


def main():
    with tempfile.TemporaryDirectory() as folder:
        with ThreadPoolExecutor(2) as pool:
            for name, path in zip(names(), pool.map(
                    partial(picture, folder=folder, points=POINTS), names())):
                image = small(path)
                image.save(IMAGES / f"{name}.png", optimize=True)
                print(name, image.size,
                      (IMAGES / f"{name}.png").stat().st_size)
    return 0


if __name__ == "__main__":
    sys.exit(main())
