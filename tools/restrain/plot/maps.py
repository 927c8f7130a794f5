# SPDX-License-Identifier: GPL-3.0-or-later
"""Sweeps and bifurcation diagrams."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize, TwoSlopeNorm, to_rgba
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from .._errors import UsageError
from ..case import effective_case
from .axes import cell_edges, shape_axis
from .canvas import (
    draw_curve, draw_strip, label_of, legend_below, new_figure,
    regime_handles, scale_log, styled)
from .shades import Shades
from .style import COLUMN, HATCH, PAGE, PENDING, RED, REGIMES

if TYPE_CHECKING:
    import xarray

MOST_PANELS = 12
THRESHOLDS = {'lr_lo': (r'$\mathrm{lr_{lo}}$', '-'),
              'lr_hi': (r'$\mathrm{lr_{hi}}$', '--')}


def map(ds: xarray.Dataset, value: str = 'regime') -> Figure:
    """A sweep over its axes, with the theory's lr_lo and lr_hi.

    value   "regime": a colour for each, shaded by how long runs took to
            settle or diverge, or by the Lyapunov exponent where they did
            neither; or a variable of the sweep: "lyapunov" [1/iteration],
            "mean_loss", "final_loss", "max_growth", "period",
            "iterations_run"

    The last two axes are those of a panel, x the last; a sweep of three axes
    or more has a panel for each value of the others, twelve at most; one of
    a single axis has curves.
    """
    if 'regime' not in ds or value not in ds:
        raise UsageError(f'the data are no sweep with {value}')
    with styled():
        if ds['regime'].ndim == 0:
            raise UsageError('the sweep has a single point; its variables '
                             'tell all')
        if ds['regime'].ndim == 1:
            return _curves(ds)
        return _maps(ds, value)


def values_of(ds: xarray.Dataset) -> dict[str, np.ndarray]:
    """What the shades of a sweep are made of."""
    return {name: ds[name].values
            for name in ('regime', 'lyapunov', 'iterations_run')}


def _curves(ds: xarray.Dataset) -> Figure:
    """A sweep of one axis."""
    (axis,) = ds['regime'].dims
    values = ds[axis].values.astype(float)
    figure = new_figure(COLUMN + 1.2, 4.2)
    strip, loss, exponent = figure.subplots(
        3, 1, sharex=True, height_ratios=(0.3, 3, 3))
    words = ds['regime'].values
    draw_strip(strip, cell_edges(values), words)
    draw_curve(loss, values, ds['mean_loss'].values, 'black')
    exponent.axhline(0, color=RED, linestyle='--', linewidth=0.8)
    draw_curve(exponent, values, ds['lyapunov'].values, 'black')
    scale_log(loss)
    shape_axis(exponent.xaxis, values)
    loss.set_ylabel('mean loss')
    exponent.set(ylabel='Lyapunov exponent\n[1/iteration]',
                 xlabel=label_of(str(axis)))
    legend_below(figure, regime_handles(set(words)), 3)
    return figure


def _panels(ds: xarray.Dataset) -> list[tuple[str, xarray.Dataset]]:
    """(title, sweep of two axes), one for each value of the other axes."""
    others = [str(name) for name in ds['regime'].dims[:-2]]
    if not others:
        return [('', ds)]
    found = ds.stack(panel=others)
    count = found.sizes['panel']
    chosen = np.unique(np.linspace(0, count - 1, MOST_PANELS).astype(int))
    panels = []
    for place in chosen:
        one = found.isel(panel=place)
        title = ', '.join(f'{label_of(name)} = {float(one[name]):g}'
                          for name in others)
        panels.append((title, one))
    return panels


def _maps(ds: xarray.Dataset, value: str) -> Figure:
    panels = _panels(ds)
    columns = 1 if len(panels) == 1 else min(
        4, int(np.ceil(np.sqrt(len(panels)))))
    rows = -(-len(panels) // columns)
    width = COLUMN + 1.4 if columns == 1 else PAGE
    figure = new_figure(width, 0.9 * width / columns * rows + 0.6)
    grid = figure.subplots(rows, columns, squeeze=False, sharex=True,
                           sharey=True)
    colours = _Colours(ds, value)
    y, x = (str(name) for name in ds['regime'].dims[-2:])
    for axes, (title, one) in zip(grid.ravel(), panels):
        axes.patch.set(linewidth=0, **HATCH)
        axes.grid(False)
        axes.set_title(title)
        _paint(axes, one, x, y, colours.of(one))
        if x == 'lr':
            _thresholds(axes, one, y)
    for axes in grid.ravel()[len(panels):]:
        axes.set_axis_off()
    for axes in grid[-1]:
        axes.set_xlabel(label_of(x))
    for axes in grid[:, 0]:
        axes.set_ylabel(label_of(y))
    if len(panels) == 1:
        grid[0, 0].set_title(_heading(ds))
    colours.explain(figure, grid, x == 'lr' and 'lr_lo' in ds)
    return figure


def _heading(ds: xarray.Dataset) -> str:
    case = effective_case(ds.attrs.get('effective', ''))
    title = case.get('title', '')
    shape = r' $\times$ '.join(str(n) for n in ds['regime'].shape[::-1])
    how = {'reduced': 'reduced', 'full': 'in full'}.get(
        ds.attrs.get('engine', ''), '')
    iterations = case.get('step.iterations', '')
    lines = [] if title in ('', 'null') else [str(title)]
    lines.append(', '.join(part for part in (
        f'{shape} orbits', f'{iterations} iterations' if iterations else '',
        how) if part))
    return '\n'.join(lines)


def _paint(axes: Any, ds: xarray.Dataset, x: str, y: str,
           colours: np.ndarray) -> None:
    across, up = (ds[name].values.astype(float) for name in (x, y))
    mesh = axes.pcolormesh(cell_edges(across), cell_edges(up),
                           np.zeros(colours.shape[:2]), rasterized=True)
    mesh.set_array(None)
    mesh.set(facecolor=colours.reshape(-1, 4), edgecolor='none')
    shape_axis(axes.xaxis, across)
    shape_axis(axes.yaxis, up)


def _thresholds(axes: Any, ds: xarray.Dataset, y: str) -> None:
    for name, (_, dashes) in THRESHOLDS.items():
        if name not in ds or ds[name].dims not in ((y,), ()):
            continue
        limit = np.broadcast_to(ds[name].values, ds[y].shape)
        for look in ({'color': 'white', 'linewidth': 2.4},
                     {'color': 'black', 'linestyle': dashes}):
            axes.plot(limit, ds[y].values, **look)


class _Colours:
    """Of the points of a sweep, the same in all its panels."""

    def __init__(self, ds: xarray.Dataset, value: str) -> None:
        self.value = value
        self.words = set(np.unique(ds['regime'].values).tolist())
        self.long_name = ds[value].attrs.get('long_name', value)
        self.units = ds[value].attrs.get('units', '1')
        if value == 'regime':
            self.shades = Shades([values_of(ds)])
        else:
            self.norm, self.palette = _scale(ds, value)

    def of(self, ds: xarray.Dataset) -> np.ndarray:
        """Colours [y][x] of a panel; nothing where a point is pending."""
        if self.value == 'regime':
            return self.shades.of(values_of(ds))
        words = ds['regime'].values
        values = ds[self.value].values.astype(float)
        shown = np.nan_to_num(values, nan=self.norm.vmin)
        colours = self.palette(self.norm(np.clip(
            shown, self.norm.vmin, self.norm.vmax)))
        colours[np.isnan(values)] = to_rgba('#BBBBBB')
        colours[words == 'divergent'] = to_rgba(REGIMES['divergent'])
        colours[words == PENDING] = 0
        return colours

    def explain(self, figure: Figure, grid: np.ndarray,
                thresholds: bool) -> None:
        """Legend and bar of colours."""
        handles: list[Any] = []
        if self.value == 'regime':
            handles += self.shades.handles()
            self.shades.draw_bar(figure, list(grid.ravel()))
        else:
            unit = '' if self.units == '1' else f' [{self.units}]'
            figure.colorbar(ScalarMappable(self.norm, self.palette),
                            ax=list(grid.ravel()), extend='both',
                            label=self.long_name + unit)
            if 'divergent' in self.words:
                handles.append(Patch(color='black', label='divergent'))
            if PENDING in self.words:
                handles.append(Patch(label='not done', linewidth=0, **HATCH))
        if thresholds:
            handles += [Line2D([], [], color='black', linestyle=dashes,
                               label=text)
                        for text, dashes in THRESHOLDS.values()]
        legend_below(figure, handles, 2 if self.value == 'regime' else 3)


def _scale(ds: xarray.Dataset, value: str) -> tuple[Normalize, Any]:
    """Norm and colours of a variable, over points that do not diverge."""
    values = ds[value].values.astype(float)
    values = values[np.isfinite(values) &
                    ~np.isin(ds['regime'].values, ('divergent', PENDING))]
    if not values.size:
        return Normalize(0, 1), matplotlib.colormaps['viridis']
    if value == 'lyapunov':
        # At lr alpha = 1 perturbations vanish at once: few, very negative.
        low, high = np.percentile(values, (2, 99.5))
        bound = float(max(abs(low), abs(high), 1e-12))
        return (TwoSlopeNorm(0, min(low, -0.1 * bound),
                             max(high, 0.1 * bound)),
                matplotlib.colormaps['RdBu_r'])
    low, high = float(values.min()), float(values.max())
    if low > 0 and high > 20 * low:
        return LogNorm(low, high), matplotlib.colormaps['viridis']
    return Normalize(low, max(high, low + 1e-12)), \
        matplotlib.colormaps['viridis']


def bifurcation(ds: xarray.Dataset, value: str | None = None) -> Figure:
    """What a case settles on, its regimes and its Lyapunov exponent.

    value   the samples shown: "residual", "data_loss", "weight_norm",
            "probe"; by default the residual, or the probe of a flow whose
            residual is always 0
    """
    if 'sample' not in ds.dims:
        raise UsageError('the data are no bifurcation diagram')
    if value is None:
        value = 'residual' if (ds['residual'].values != 0).any() else 'probe'
    axis = next(str(name) for name in ds[value].dims if name != 'sample')
    values, samples = ds[axis].values, ds[value].values
    with styled():
        figure = new_figure(COLUMN + 1.6, 4.4)
        strip, diagram, exponent = figure.subplots(
            3, 1, sharex=True, height_ratios=(0.3, 4, 3))
        words = ds['regime'].values
        draw_strip(strip, cell_edges(values), words)
        diagram.plot(np.repeat(values, samples.shape[1]), samples.ravel(),
                     '.', color='black', alpha=0.5, markersize=1,
                     markeredgewidth=0, rasterized=True)
        exponent.axhline(0, color=RED, linestyle='--', linewidth=0.8)
        draw_curve(exponent, values, ds['lyapunov'].values, 'black')
        shape_axis(exponent.xaxis, values)
        diagram.set_ylabel(value.replace('_', ' '))
        exponent.set(ylabel='Lyapunov exponent\n[1/iteration]',
                     xlabel=label_of(axis))
        _other_parameter(strip, ds, axis)
        legend_below(figure, regime_handles(set(words)), 3)
    return figure


def _other_parameter(axes: Any, ds: xarray.Dataset, axis: str) -> None:
    """The learning rate or weight decay that stays, as a title."""
    key, symbol = {'lr': ('step.weight_decay', r'$\alpha$')}.get(
        axis, ('step.lr', 'lr'))
    case = effective_case(ds.attrs.get('effective', ''))
    if isinstance(case.get(key), (int, float)):
        axes.set_title(f'{symbol} = {case[key]:g}')
