# SPDX-License-Identifier: GPL-3.0-or-later
"""Single precision against double."""
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .._errors import UsageError
from ..case import effective_case
from .canvas import draw_curve, new_figure, scale_log, styled
from .panels import legend, over
from .series import head, source_of
from .style import BLACK, BLUE, COLUMN, GREEN, ORANGE, RED

if TYPE_CHECKING:
    import xarray

# What rounding a number changes, at most twice that.
ROUNDING = {'float': float(np.finfo(np.float32).eps),
            'double': float(np.finfo(np.float64).eps)}
LOOKS = {'double': (BLACK, '-'), 'float': (ORANGE, '--')}


def precision_of(ds: xarray.Dataset) -> str:
    """float or double."""
    case = effective_case(ds.attrs.get('effective', ''))
    return str(case.get('flow.precision', 'double'))


def precision(ds: xarray.Dataset,
              other: xarray.Dataset | None = None) -> Figure:
    """The same run in single and in double precision: losses, and how far
    apart they are, beside the rounding of both.

    other   the run in the other precision: losses of both and their relative
            difference 2|A-B|/(|A|+|B|), at the iterations stored in both

    The weights' relative difference is that of the run's twin "float" or
    "double", where its case has one (twins: [float]); without `other` it is
    all that there is, a twin's loss is not stored.
    """
    twin = _twin(ds)
    if 'loss' not in ds or other is None and twin is None:
        raise UsageError(
            f'{source_of(ds)} has no twin in the other precision: give the '
            "other run's file, too, or run the case again with -D "
            'twins=[float]')
    runs = {precision_of(one): one for one in (ds, other) if one is not None}
    if other is not None and ('loss' not in other or len(runs) < 2):
        raise UsageError(f'{source_of(other)} is no run in another precision '
                         f'than {precision_of(ds)}')
    with styled():
        figure = new_figure(COLUMN + 1.2, 4)
        losses, apart = figure.subplots(2, 1, sharex=True)
        for word in sorted(runs):
            colour, dashes = LOOKS[word]
            draw_curve(losses, *over(runs[word], 'loss'), colour, word,
                       dashes)
        scale_log(losses)
        losses.set(ylabel='loss $L$')
        legend(losses, least=1)
        if other is not None:
            draw_curve(apart, *relative_difference(ds, other), BLACK,
                       'losses')
        if twin is not None:
            draw_curve(apart, ds['iteration'].values, _positive(
                ds['twin_difference'].values[twin]), BLUE,
                f'weights, twin {ds["twin"].values[twin]}')
        _mark_rounding(apart)
        head(figure, ds)
    return figure


def _twin(ds: xarray.Dataset) -> int | None:
    labels = [str(label) for label in ds['twin'].values] if (
        'twin_difference' in ds) else []
    found = [labels.index(word) for word in ROUNDING
             if word in labels and word != precision_of(ds)]
    return found[0] if found else None


def relative_difference(
        one: xarray.Dataset,
        other: xarray.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """(iterations, 2|A-B|/(|A|+|B|)) of losses, where both are stored; NaN
    where they are equal."""
    both, mine, theirs = np.intersect1d(
        one['iteration'].values, other['iteration'].values,
        return_indices=True)
    a, b = one['loss'].values[mine], other['loss'].values[theirs]
    with np.errstate(invalid='ignore', divide='ignore'):
        return both, _positive(2 * np.abs(a - b) / (np.abs(a) + np.abs(b)))


def _positive(values: np.ndarray) -> np.ndarray:
    return np.where(values > 0, values, np.nan)


def _mark_rounding(axes: Axes) -> None:
    for word, colour in (('float', RED), ('double', GREEN)):
        axes.axhline(ROUNDING[word], color=colour, linestyle=':',
                     linewidth=1, label=f'rounding of {word}')
    axes.set(yscale='log', xlabel='iteration', ylabel='relative difference',
             ylim=(ROUNDING['double'] / 10, 10))
    legend(axes, least=1)
