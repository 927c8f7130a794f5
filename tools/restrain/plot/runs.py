# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs: over iterations, on one page; and their events."""
from __future__ import annotations

import os
import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from .._errors import UsageError
from . import panels
from .canvas import (
    draw_field, legend_below, mosaic, new_figure, part_of, styled)
from .series import head, heading, state_names
from .style import BLACK, BLUE, COLUMN, FIELD_MAP, KINDS, PAGE
from .waves import relative

if TYPE_CHECKING:
    import pandas
    import xarray

# Fields beside the state, in the order in which there is room for them.
FIELDS = ('ensemble_mean', 'ensemble_variance', 'tangent',
          'difference_', 'gradient', 'relative_difference_')
MOST_FIELDS = 4
# Snapshots from which on a space-time diagram tells something.
SNAPSHOTS = 8
MOST_TIMES = 100


def run(ds: xarray.Dataset, events: pandas.DataFrame | None = None) -> Figure:
    """Loss, and the two things that tell most beside it, over iterations.

    events  of restrain.events(), shaded where the local growth is shown
    """
    chosen = panels.of(ds)[:3]
    if not chosen:
        raise UsageError('the data are no run: they have no loss, and '
                         'nothing else over iterations')
    with styled():
        figure = new_figure(COLUMN + 1.2, 0.5 + 1.5 * len(chosen))
        column = figure.subplots(len(chosen), 1, sharex=True, squeeze=False)
        for axes, panel in zip(column[:, 0], chosen):
            panel.draw(axes, ds, events)
        column[-1, 0].set_xlabel('iteration')
        head(figure, ds)
    return figure


def dashboard(path: str | os.PathLike[str]) -> Figure:
    """Everything that a file of a run, or of `restrain follow`, has, on one
    page.

    Curves over iterations, the return map of a run that is held back, the
    state and the fields at the last snapshot, and the state over time and
    space. Files of other kinds get the figure of their own.
    """
    from .. import _files
    from . import file, kind
    ds = _files.open(path)
    if kind(ds) not in ('run', 'follow'):
        return file(path)
    try:
        table = _files.events(path)
    except UsageError:
        table = None
    with styled():
        return _page(ds, table, os.fspath(path))


def _page(ds: xarray.Dataset, table: pandas.DataFrame | None,
          path: str) -> Figure:
    curves = panels.of(ds)
    if not curves:
        raise UsageError(f'{path} has nothing over iterations')
    axis = 'iteration' if 'iteration' in ds.dims else 'time'
    mapped = panels.has_return_map(ds)
    rows = -(-(len(curves) + mapped) // 2)
    fields = _fields(ds)
    pictures = len(fields) + _profile(ds)
    heights = [0.75, 1.6 * rows, 1.9 if pictures else 0]
    figure = new_figure(PAGE, sum(heights))
    parts = figure.subfigures(3 if pictures else 2, 1,
                              height_ratios=heights[:3 if pictures else 2])
    _head(parts[0], ds, path)
    grid = parts[1].subplots(rows, 2, squeeze=False)
    for axes, panel in zip(grid.ravel(), curves):
        panel.draw(axes, ds, table)
        if ds.sizes[axis] > 1:
            axes.set_xlim(ds[axis].values[[0, -1]])
        axes.tick_params(labelsize=7)
    if mapped:
        panels.return_map(grid.ravel()[len(curves)], ds, None)
    for axes in grid.ravel()[len(curves) + mapped:]:
        axes.set_axis_off()
    for axes in [axes for axes in grid.ravel()[:len(curves)]][-2:]:
        axes.set_xlabel(axis)
    if pictures:
        row = parts[2].subplots(1, MOST_FIELDS, squeeze=False)[0]
        for axes, (title, values) in zip(row, fields):
            _draw_state(axes, title, values, ds)
        if _profile(ds):
            _space_time(row[len(fields)], ds)
        for axes in row[pictures:]:
            axes.set_axis_off()
    return figure


def _head(part: Any, ds: xarray.Dataset, path: str) -> None:
    lines = heading(ds)
    regime = ds.attrs.get('regime', '')
    reason = ds.attrs.get('regime_reason', '')
    text = [', '.join(lines[1:-1]) if regime else ', '.join(lines[1:])]
    if regime:
        # Some reasons begin with their regime.
        said = reason if reason.startswith(regime) else f'{regime}: {reason}'
        text += textwrap.wrap(said, 110)
    text.append(f'{path}, restrain {ds.attrs.get("version", "")}, '
                f'{ds.attrs.get("created", "")[:10]}, '
                f'{ds.attrs.get("exit_reason", "")}, '
                f'{ds.attrs.get("wall_seconds", 0):.3g} s')
    part.text(0.5, 0.95, lines[0] if lines else os.path.basename(path),
              ha='center', va='top', fontsize=10, weight='bold')
    part.text(0.5, 0.68, '\n'.join(text), ha='center', va='top', fontsize=7,
              linespacing=1.35)


def _fields(ds: xarray.Dataset) -> list[tuple[str, np.ndarray]]:
    """(title, values) of the last snapshots that are shown."""
    states = state_names(ds)
    if 'time' not in ds.dims or not states:
        return []
    step = int(ds['step'].values[-1])
    if states == ['kernel']:
        others = [str(name) for start in FIELDS for name in ds.data_vars
                  if str(name).startswith(start) and
                  ds[name].dims == ds['kernel'].dims]
        names = ['kernel', *others][:MOST_FIELDS - 1]
    else:  # the largest tensors, in the order of the network
        weights = [name for name in states if ds[name].ndim > 2]
        names = weights[:1] + weights[1:][-(MOST_FIELDS - 1):]
    titles = {'kernel': f'state after {step}',
              'tangent': 'perturbation $v$'}
    return [(titles.get(name, name.replace('_', ' ')),
             ds[name].isel(time=-1).values) for name in names]


def _draw_state(axes: Axes, title: str, values: np.ndarray,
                ds: xarray.Dataset) -> None:
    if values.size == 2 and 'kernel' in ds:
        path = ds['kernel'].values.reshape(-1, 2)
        axes.plot(*path.T, '.', color=BLACK, markersize=2,
                  markeredgewidth=0)
        axes.set(title='phase portrait', xlabel='$u_1$', ylabel='$u_2$')
        return
    if values.ndim == 2 and values.shape[0] == 1:
        values = values[0]
    if values.ndim == 1:
        few = values.size <= 12
        axes.plot(values, 'o-' if few else '-', color=BLACK, markersize=3)
        axes.set(title=title, xlabel='point')
        return
    draw_field(axes, mosaic(values), title)


def _profile(ds: xarray.Dataset) -> bool:
    """Whether a line of the state over time and space tells something."""
    return ('kernel' in ds and ds.sizes['time'] >= SNAPSHOTS and
            ds.sizes['x'] >= SNAPSHOTS)


def _space_time(axes: Axes, ds: xarray.Dataset) -> None:
    """The middle row of the state over the first updates."""
    row = ds.sizes['y'] // 2
    values = ds['kernel'].isel(y=row, time=slice(MOST_TIMES)).values
    across = part_of(values).shape[1]
    values = values[:, :across]
    shown, _, deviates = relative(values)
    axes.grid(False)
    axes.pcolormesh(ds['x'].values[:across], ds['step'].values[:len(values)],
                    shown, cmap=FIELD_MAP, vmin=-1, vmax=1, shading='nearest',
                    rasterized=True)
    axes.set(title='row over updates' if row else 'state over updates',
             xlabel='x; each row' + (
                 ' minus the first,\n' if deviates else '\n') +
             'per its largest', ylabel='updates')


def events(df: pandas.DataFrame) -> Figure:
    """When perturbations grew, how much, where: a table of
    restrain.events().

    Above, an interval of iterations for each event, at its amplification;
    below, the share of the points that hold 90 % of the growth, and the
    dominant wave number [radians per unit length].
    """
    if not {'first', 'last', 'kind', 'amplification'} <= set(df.columns):
        raise UsageError('the table is none of restrain.events()')
    with styled():
        figure = new_figure(PAGE - 1.5, 4.4)
        strength, share, wave = figure.subplots(
            3, 1, sharex=True, height_ratios=(2, 1, 1))
        middle = (df['first'] + df['last'] + 1) / 2
        for kind, (colour, _) in KINDS.items():
            some = df[df['kind'] == kind]
            strength.bar(some['first'], some['amplification'] - 1,
                         width=some['last'] + 1 - some['first'], bottom=1,
                         align='edge', color=colour, edgecolor='black',
                         linewidth=0.3)
        strength.set(yscale='log', ylabel='amplification',
                     title=df.attrs.get('regime', ''))
        share.plot(middle, df['share'], '.', color=BLACK, markersize=4)
        share.set(ylabel='share of\nthe points', ylim=(-0.05, 1.05))
        wave.plot(middle, np.hypot(df['ky'], df['kx']), '.', color=BLUE,
                  markersize=4)
        wave.set(ylabel='wave number\n[rad/length]', xlabel='iteration')
        wave.set_ylim(bottom=min(0, wave.get_ylim()[0]))
        kinds = [kind for kind in KINDS if (df['kind'] == kind).any()]
        legend_below(figure, [Patch(
            facecolor=KINDS[kind][0], edgecolor='black', linewidth=0.3,
            label=f'{kind}: {KINDS[kind][1]}') for kind in kinds], 3)
    return figure
