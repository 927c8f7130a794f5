# SPDX-License-Identifier: GPL-3.0-or-later
"""Orbits: a number after an update over that before, and two directions of
the state."""
from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .._errors import UsageError
from .canvas import new_figure, styled
from .series import (
    head, iterations_of, names_of, series, since_row, source_of, state_names)
from .style import BLACK, COLUMN, SKY

if TYPE_CHECKING:
    import xarray

# The last states alone are shown.
MOST = 2000
# Of the variance, what rounding in double precision leaves at most.
ROUNDING = 1e-24
# Updates whose path is drawn, the last ones.
COBWEB = 12


def return_map(ds: xarray.Dataset, of: str | Sequence[str] | None = None,
               since: int | None = None) -> Figure:
    """x_{n+1} over x_n, n the number of updates: one point for a fixed
    point, p of them for a period p, a curve for chaos of one variable.

    of      a scalar, as "loss", or an entry, as "kernel[3][5]": the residual
            by default, the loss where there is none. Each iteration must be
            stored
    since   the first iteration shown; the second half by default, of which
            the last 2000 are shown. Lines follow the last updates
    """
    (name,) = names_of(of, [default_name(ds)], 'a return map')
    iterations, values = series(ds, name)
    row = since_row(iterations, since)
    if (np.diff(iterations[row:]) != 1).any():
        raise UsageError(
            f'{source_of(ds)} has {name} of some iterations alone, and a '
            'return map needs all: run its case again with -D '
            'output.every=1 for fields, -D output.scalars_every=1 for '
            'scalars')
    with styled():
        figure = new_figure(COLUMN, COLUMN + 0.4)
        axes = figure.subplots()
        draw_return_map(axes, values[row:])
        path = np.repeat(values[row:][-COBWEB - 1:], 2)
        axes.plot(path[:-2], path[1:-1], color=SKY, linewidth=0.4, zorder=1)
        axes.set(xlabel=f'{name} before an update', ylabel='after it',
                 title=f'{len(values) - row - 1} updates since iteration '
                 f'{iterations[row]}')
        head(figure, ds)
    return figure


def default_name(ds: xarray.Dataset) -> str:
    """What a return map is of."""
    residual = ds.get('residual')
    return 'residual' if residual is not None and (
        residual.values != 0).any() else 'loss'


def draw_return_map(axes: Axes, values: np.ndarray) -> None:
    """Points and the diagonal."""
    values = values[-MOST - 1:]
    axes.plot(values[:-1], values[1:], '.', color=BLACK, markersize=3,
              markeredgewidth=0, alpha=0.6, zorder=2)
    axes.axline((values[-1], values[-1]), slope=1, color=SKY, linewidth=0.8)


def phase(ds: xarray.Dataset, of: str | Sequence[str] | None = None,
          since: int | None = None) -> Figure:
    """The way of the state in two directions, a colour for each iteration.

    of      two names, as of return_map(), both over the same iterations. By
            default the two leading principal directions of the snapshots
            shown, right singular vectors of unit length of the state minus
            its mean; the axes bear their shares of the variance. The two
            numbers themselves of a state that has no more
    since   the first iteration shown; the second half by default, of which
            the last 2000 are shown
    """
    with styled():
        steps, points, labels = _directions(ds, of, since)
        figure = new_figure(COLUMN + 0.6, COLUMN + 0.4)
        axes = figure.subplots()
        axes.plot(*points.T, color=SKY, linewidth=0.3, alpha=0.5, zorder=1)
        drawn = axes.scatter(*points.T, c=steps, s=4, linewidth=0, zorder=2)
        bar = figure.colorbar(drawn, ax=axes, pad=0.02)
        bar.set_label('iteration')
        axes.set(xlabel=labels[0], ylabel=labels[1])
        head(figure, ds)
    return figure


def _directions(ds: xarray.Dataset, of: str | Sequence[str] | None,
                since: int | None) -> tuple[
                    np.ndarray, np.ndarray, Sequence[str]]:
    """(iterations, [iterations][2], labels)."""
    if of is not None:
        names = names_of(of, ('', ''), 'a phase portrait')
        steps, first = series(ds, names[0])
        others, second = series(ds, names[1])
        if not np.array_equal(steps, others):
            raise UsageError(f'{names[0]} and {names[1]} are not of the same '
                             'iterations')
        rows = slice(max(since_row(steps, since), len(steps) - MOST), None)
        return steps[rows], np.stack([first, second], 1)[rows], names
    steps, states = _states(ds, since)
    if states.shape[1] == 2:
        return steps, states, ('$u_1$', '$u_2$')
    points, shares = principal(states)
    return steps, points, [
        f'direction {number}, {100 * share:.3g} %' + (
            '' if share > ROUNDING else ', rounding')
        for number, share in enumerate(shares, 1)]


def _states(ds: xarray.Dataset,
            since: int | None) -> tuple[np.ndarray, np.ndarray]:
    """(iterations, [snapshots][entries]) of all of the state."""
    names = state_names(ds)
    if not names or ds.sizes['time'] < 4:
        raise UsageError(f'{source_of(ds)} has no snapshots of its state '
                         'that a phase portrait could be drawn from')
    steps = iterations_of(ds, 'time')
    rows = slice(max(since_row(steps, since), len(steps) - MOST), None)
    parts = [ds[name].isel(time=rows).values for name in names]
    states = np.concatenate([part.reshape(len(part), -1) for part in parts],
                            axis=1).astype(float)
    finite = np.isfinite(states).all(axis=1)
    return steps[rows][finite], states[finite]


def principal(states: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """([snapshots][2], [2]): coordinates along the two leading principal
    directions, about the mean, and their shares of the variance."""
    about = states - states.mean(axis=0)
    left, sizes, right = np.linalg.svd(about, full_matrices=False)
    total = (sizes**2).sum()
    # A direction's sign is that of its largest entry.
    places = np.abs(right[:2]).argmax(axis=1)
    signs = np.sign(right[np.arange(len(places)), places])
    points = left[:, :2] * sizes[:2] * signs
    shares = sizes[:2]**2 / (total if total > 0 else 1)
    if points.shape[1] < 2:
        points = np.pad(points, ((0, 0), (0, 1)))
        shares = np.pad(shares, (0, 1))
    return points, shares
