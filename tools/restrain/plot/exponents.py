# SPDX-License-Identifier: GPL-3.0-or-later
"""How the Lyapunov exponent converges."""
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from .._errors import UsageError
from .axes import shape_log
from .canvas import new_figure, styled
from .panels import legend
from .series import head, source_of
from .style import BLACK, BLUE, COLUMN, ORANGE, RED

if TYPE_CHECKING:
    import xarray

# As the library's errors of means: blocks, and values that they need.
BLOCKS, LEAST = 16, 32
POINTS = 300


def running_mean(values: np.ndarray) -> tuple[
        np.ndarray, np.ndarray, np.ndarray]:
    """(counts, means, standard errors) of the first values, for counts from
    32 on; errors from the means of 16 consecutive blocks, which are as long
    as correlations wherever these are short."""
    total = np.concatenate([[0], np.cumsum(values)])
    counts = np.unique(np.geomspace(LEAST, len(values), POINTS).astype(int))
    ends = -(-counts[:, None] * np.arange(BLOCKS + 1) // BLOCKS)
    blocks = np.diff(total[ends], axis=1) / np.diff(ends, axis=1)
    means = total[counts] / counts
    squares = ((blocks - means[:, None])**2).sum(axis=1)
    return counts, means, np.sqrt(squares / (BLOCKS - 1) / BLOCKS)


def growth_rates(ds: xarray.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """(iterations, log growth per iteration up to them) that the exponent
    `lyapunov` is the mean of: after its burn-in."""
    names = [name for name in ('mean_log_growth', 'local_growth')
             if name in ds]
    if not names or 'lyapunov' not in ds:
        raise UsageError(
            f'{source_of(ds)} has no exponent: run its case again with -D '
            "'output.scalars=[local_growth, lyapunov]'")
    with np.errstate(divide='ignore'):
        rates = (ds[names[0]].values[1:] if names[0] == 'mean_log_growth'
                 else np.log(ds[names[0]].values[:-1]))
    iterations = ds['iteration'].values[1:]
    known = np.isfinite(ds['lyapunov'].values[1:])
    known &= np.isfinite(rates)
    if known.sum() < LEAST:
        raise UsageError(f'{source_of(ds)} has an exponent of {known.sum()} '
                         f'iterations, and {LEAST} tell how it converges')
    return iterations[known], rates[known]


def exponent(ds: xarray.Dataset) -> Figure:
    """How the largest Lyapunov exponent [1/iteration] converges: the mean
    log growth of a perturbation so far, with twice its standard error by
    running_mean(), and that error beside the fall by the root of the number
    of iterations. The exponent of the run, which its regime is judged by, is
    of its tail."""
    iterations, rates = growth_rates(ds)
    counts, means, errors = running_mean(rates)
    at = counts * (iterations[1] - iterations[0])
    begun = 2 * iterations[0] - iterations[1]
    with styled():
        figure = new_figure(COLUMN + 1.2, 4)
        above, below = figure.subplots(2, 1, sharex=True,
                                       height_ratios=(2, 1))
        above.fill_between(at, means - 2 * errors, means + 2 * errors,
                           color=BLUE, alpha=0.25, linewidth=0,
                           label='twice its standard error')
        above.plot(at, means, color=BLACK, label='mean so far')
        final = ds.attrs.get('exponent', np.nan)
        if np.isfinite(final):
            error = ds.attrs.get('exponent_error', np.nan)
            above.axhline(final, color=ORANGE, linestyle='--', linewidth=0.8,
                          label=f'of the tail: {final:.4g}' + (
                              rf' $\pm$ {error:.2g}' if np.isfinite(error)
                              else ''))
        above.axhline(0, color=RED, linestyle=':', linewidth=0.8)
        above.set(ylabel='exponent [1/iteration]')
        legend(above, least=1)
        below.loglog(at, errors, color=BLACK, label='standard error')
        below.loglog(at, errors[-1] * np.sqrt(counts[-1] / counts),
                     color=BLUE, linestyle='--', linewidth=0.8,
                     label='as the inverse root')
        below.set(ylabel='[1/iteration]', xlabel='iterations averaged' + (
            f', since {begun}' if begun else ''))
        shape_log(below.xaxis, at)
        legend(below, least=1)
        head(figure, ds)
    return figure
