# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures, and what is drawn into their axes."""
from __future__ import annotations

from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import CenteredNorm
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from .style import FIELD_MAP, REGIMES, STYLE

# More points than this on a curve are drawn as a band between extremes.
POINTS, BINS = 3000, 600
# Points a side of the part of a checkerboard that is shown.
CORNER = 10
# Planes of more than this ratio of sides are stretched.
STRIP = 6
# Between tiles, and where nothing is defined.
GAP = '#999999'
LABELS = {'lr': 'learning rate lr', 'weight_decay': r'weight decay $\alpha$',
          'ky': '$k_y$', 'kx': '$k_x$'}


def new_figure(width: float, height: float) -> Figure:
    """A figure of inches; no state of pyplot knows of it."""
    figure = Figure(figsize=(width, height), layout='constrained',
                    dpi=STYLE['figure.dpi'])
    FigureCanvasAgg(figure)
    return figure


def styled() -> Any:
    """The look of all figures while they are drawn."""
    return matplotlib.rc_context(STYLE)  # type: ignore[arg-type]


def label_of(name: str) -> str:
    """What an axis of that name is called."""
    return LABELS.get(name, name.replace('_', ' '))


def draw_curve(axes: Axes, x: np.ndarray, y: np.ndarray, colour: str,
               label: str = '', dashes: str = '-') -> None:
    """A line; of many points the band that they fill, and their median."""
    keep, few = np.isfinite(y), len(x) <= POINTS
    x, y = np.asarray(x)[keep], np.asarray(y)[keep]
    if few or len(x) <= BINS:
        axes.plot(x, y, dashes, color=colour, linewidth=0.8, label=label,
                  marker='.' if len(x) == 1 else None)
        return
    parts = np.array_split(np.arange(len(x)), BINS)
    middle = [x[part].mean() for part in parts]
    axes.fill_between(middle, [y[part].min() for part in parts],
                      [y[part].max() for part in parts], color=colour,
                      alpha=0.35, linewidth=0)
    axes.plot(middle, [np.median(y[part]) for part in parts], dashes,
              color=colour, linewidth=0.8, label=label)


def scale_log(axes: Axes) -> None:
    """A logarithmic axis of y where that is possible and tells more."""
    values = [np.asarray(line.get_ydata(), float) for line in axes.lines]
    found = np.concatenate([value[np.isfinite(value)] for value in values] or
                           [np.zeros(0)])
    if found.size and found.min() >= 0 and (found > 0).any():
        positive = found[found > 0]
        if positive.max() > 20 * positive.min():
            axes.set_yscale('log', nonpositive='mask')


def draw_field(axes: Axes, values: np.ndarray, title: str) -> None:
    """A plane with its first row on top, colours centred at zero."""
    whole, values = values, part_of(values)
    if values.shape != whole.shape:
        title += ', corner'
    shown = np.where(np.isfinite(values), values, np.nan)
    bound = float(np.nanmax(np.abs(shown))) if np.isfinite(shown).any() else 1
    # The key of a long strip would be as long as the strip is wide.
    strip = max(values.shape) > STRIP * min(values.shape)
    image = axes.imshow(shown, cmap=FIELD_MAP, interpolation='nearest',
                        norm=CenteredNorm(0, bound or 1),
                        aspect='auto' if strip else 'equal')
    axes.set_facecolor(GAP)
    axes.grid(False)
    axes.set_title(title)
    ny, nx = values.shape
    axes.set(xticks=[0, nx - 1] if nx > 1 else [0],
             yticks=[0, ny - 1] if ny > 1 else [0])
    bar = axes.figure.colorbar(image, ax=axes, shrink=0.85, pad=0.03)
    bar.ax.tick_params(labelsize=6)
    bar.set_ticks([-bound, 0, bound] if bound else [0])
    bar.set_ticklabels([f'{-bound:.2g}', '0', f'{bound:.2g}']
                       if bound else ['0'])


def part_of(values: np.ndarray) -> np.ndarray:
    """The corner of a plane whose sign changes from point to point, which
    would be a grey blur as a whole; or the plane."""
    signs = np.sign(np.nan_to_num(values))
    changes = [(signs.take(range(1, size), axis) *
                signs.take(range(size - 1), axis) < 0).mean()
               for axis, size in enumerate(values.shape) if size > 1]
    if max(values.shape) > 2 * CORNER and max(changes) > 0.8:
        return values[:CORNER, :CORNER]
    return values


def mosaic(values: np.ndarray) -> np.ndarray:
    """A tensor as one plane: [out][in][y][x] as tiles with gaps, (out) rows
    and (in) columns; [out][in] as it is; a vector as a row."""
    if values.ndim <= 2:
        return np.atleast_2d(values)
    tiles = values.reshape(-1, *values.shape[-3:])
    rows, columns, ny, nx = tiles.shape
    plane = np.full((rows * (ny + 1) - 1, columns * (nx + 1) - 1), np.nan)
    for row in range(rows):
        for column in range(columns):
            y, x = row * (ny + 1), column * (nx + 1)
            plane[y:y + ny, x:x + nx] = tiles[row, column]
    return plane


def regime_handles(words: set[str]) -> list[Patch]:
    """Keys of the regimes that appear."""
    return [Patch(color=colour, label=word)
            for word, colour in REGIMES.items() if word in words]


def legend_below(figure: Figure, handles: list[Any], columns: int) -> None:
    """A legend under all axes, for which it makes room."""
    figure.legend(handles=handles, loc='lower center', ncols=columns,
                  columnspacing=1)
    rows = -(-len(handles) // columns)
    room = (0.15 * rows + 0.08) / figure.get_figheight()
    figure.get_layout_engine().set(  # type: ignore[union-attr]
        rect=(0, room, 1, 1 - room))


def draw_strip(axes: Axes, edges: np.ndarray, words: np.ndarray) -> None:
    """Regimes along an axis of x."""
    for low, high, word in zip(edges[:-1], edges[1:], words):
        axes.axvspan(low, high, linewidth=0,
                     color=REGIMES.get(str(word), 'white'))
    axes.set(yticks=[], xlim=(edges[0], edges[-1]))
    axes.grid(False)
