# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows into the plane of a sweep: sweep.zoom-1.h5, ... beside sweep.h5."""
from __future__ import annotations

import os
from typing import Any

import numpy as np

from .axes import cell_edges

AXES = ('lr', 'weight_decay')


def paths(whole: str | os.PathLike[str]) -> list[str]:
    """The files of the windows of a sweep, in their order."""
    stem = os.path.splitext(os.fspath(whole))[0]
    found: list[str] = []
    while os.path.exists(path := f'{stem}.zoom-{len(found) + 1}.h5'):
        found.append(path)
    return found


def extent(sweep: Any, name: str) -> np.ndarray:
    """Where an axis begins and ends, with half a cell on each side."""
    return cell_edges(np.asarray(sweep[name]))[[0, -1]]


def is_inside(sweep: Any, other: Any) -> bool:
    """Whether a sweep's window is smaller than another's and lies about a
    point in it."""
    for name in AXES:
        low, high = extent(sweep, name)
        start, end = extent(other, name)
        if not (start < (low + high) / 2 < end and high - low < end - start):
            return False
    return True
