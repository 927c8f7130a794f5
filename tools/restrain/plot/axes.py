# SPDX-License-Identifier: GPL-3.0-or-later
"""Axes whose values may be geometric, and the cells about these values."""
from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.ticker import (
    LogLocator, MaxNLocator, NullFormatter, NullLocator, StrMethodFormatter)


def is_geometric(values: np.ndarray) -> bool:
    """Whether neighbours have the same ratio rather than difference."""
    if len(values) < 3 or values[0] <= 0:
        return False
    steps, ratios = np.diff(values), np.diff(np.log(values))
    return np.ptp(ratios) / ratios.mean() < np.ptp(steps) / steps.mean()


def cell_edges(values: np.ndarray) -> np.ndarray:
    """One edge more than values: half-way, on a logarithmic axis there."""
    if is_geometric(values):
        return np.exp(midpoints(np.log(values)))
    return midpoints(values)


def midpoints(values: np.ndarray) -> np.ndarray:
    """Half-way between neighbours, and as far beyond the ends."""
    if len(values) == 1:
        return values[0] + (abs(values[0]) or 1) * np.array([-0.5, 0.5])
    middle = (values[1:] + values[:-1]) / 2
    return np.concatenate([[2 * values[0] - middle[0]], middle,
                           [2 * values[-1] - middle[-1]]])


def shape_axis(axis: Any, values: np.ndarray) -> None:
    """Limits, scale and ticks of the axis of x or y."""
    edges = cell_edges(values)
    span = edges[-1] / edges[0]
    name = axis.axis_name
    axis.axes.set(**{f'{name}lim': (edges[0], edges[-1]), f'{name}scale':
                     'log' if is_geometric(values) else 'linear'})
    if is_geometric(values) and span > 4:
        shape_log(axis, edges)
        return
    axis.set_major_locator(MaxNLocator(5))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(StrMethodFormatter('{x:g}'))
    axis.set_minor_formatter(NullFormatter())


def shape_log(axis: Any, values: np.ndarray) -> None:
    """Ticks of a logarithmic axis over ascending values, as plain
    numbers."""
    span = values[-1] / values[0]
    digits = (1, 2, 5) if span < 40 else (1, 3) if span < 1000 else (1,)
    axis.set_major_locator(LogLocator(subs=digits))
    axis.set_major_formatter(StrMethodFormatter('{x:g}'))
    axis.set_minor_formatter(NullFormatter())
