# SPDX-License-Identifier: GPL-3.0-or-later
"""The spectrum of the Hessian beside the limits of the step."""
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .._errors import UsageError
from ..case import effective_case
from . import panels
from .canvas import draw_curve, legend_below, new_figure, styled
from .series import head, source_of
from .style import (
    BLACK, BLUE, COLUMN, GREEN, ORANGE, PAGE, PINK, RED, SKY)

if TYPE_CHECKING:
    import xarray

# Bars of the distribution of eigenvalues.
BARS = 60
# Beyond this ratio an axis is logarithmic.
WIDE = 20
LAYERS = (ORANGE, SKY, PINK) * 9


def hessian(ds: xarray.Dataset) -> Figure:
    """Eigenvalues of the Hessian H of L, decay included, beside the limit
    R/lr of the step (R = 2 for gradient descent) and the weight decay.

    Of an analysis all of them, in order and counted, at the state that it
    looked at; of a run the extreme ones along its iterations, and those of
    the layers' blocks, as far as it recorded them.

    A step is stable where lr lambda(H) <= R, so for the data term where
    lambda(E) <= R/lr - alpha. The decay alone is the eigenvalue alpha:
    lr_hi = R/alpha.
    """
    with styled():
        if 'real_limit' in ds and ('spectrum' in ds or 'density' in ds):
            return _of_analysis(ds)
        if {'sharpness', 'lambda_min', 'layer_sharpness'} & set(ds.variables):
            return _of_run(ds)
    raise UsageError(
        f'{source_of(ds)} has no eigenvalues: draw an analysis.h5 of restrain '
        "analyze, or run the case again with -D 'output.scalars="
        "[sharpness, lambda_min]'")


def mark_limits(line: Callable[..., Any], ds: xarray.Dataset,
                explained: bool = False) -> None:
    """Lines of an analysis, by axvline or axhline: zero, the limit of the
    step, the weight decay."""
    limit = float(ds['real_limit']) / float(ds['lr'])
    decay = float(ds['weight_decay'])
    if np.isfinite(limit):
        text = f'limit of the step: {limit:.4g}'
        if explained:
            text = rf'$R/\mathrm{{lr}}$ = {limit:.4g}' + (
                rf', for the data term $R/\mathrm{{lr}} - \alpha$ = '
                f'{limit - decay:.4g}' if decay else '')
        line(limit, color=RED, linestyle='--', linewidth=0.8, label=text)
    if explained and decay > 0:
        stable = float(ds['real_limit']) / decay
        line(decay, color=GREEN, linestyle='-.', linewidth=0.8,
             label=rf'decay $\alpha$ = {decay:.4g}' + (
                 rf', $R/\alpha$ = {stable:.4g}' if np.isfinite(stable)
                 else ''))
    line(0, color=BLUE, linewidth=0.6, linestyle=':')


def draw_spectrum(axes: Axes, ds: xarray.Dataset,
                  explained: bool = False) -> None:
    """Eigenvalues, their density, or the extreme ones alone."""
    axes.set_title('spectrum of the Hessian, decay included')
    if 'density' in ds:
        axes.plot(ds['abscissa'].values, ds['density'].values, color=BLACK)
        axes.set(xlabel=r'$\lambda$', ylabel='density')
        mark_limits(axes.axvline, ds, explained)
    elif 'spectrum' in ds:
        axes.plot(ds['spectrum'].values, '.', color=BLACK, markersize=2)
        axes.set(xlabel='number, ascending', ylabel=r'$\lambda$')
        mark_limits(axes.axhline, ds, explained)
    else:
        values = [float(ds[name]) for name in ('lambda_min', 'lambda_max')]
        axes.plot([0, 1], values, 'o', color=BLACK)
        axes.set(xticks=[0, 1], xticklabels=['smallest', 'largest'],
                 xlim=(-0.5, 1.5), ylabel=r'$\lambda$')
        mark_limits(axes.axhline, ds, explained)
    if not explained and axes.get_legend_handles_labels()[0]:
        axes.legend(loc='best')


def _of_analysis(ds: xarray.Dataset) -> Figure:
    figure = new_figure(PAGE - 1, 3.4)
    if 'density' in ds:
        axes = figure.subplots()
        draw_spectrum(axes, ds, explained=True)
    else:
        axes, counted = figure.subplots(1, 2, sharey=True,
                                        width_ratios=(2, 1))
        draw_spectrum(axes, ds, explained=True)
        values = ds['spectrum'].values
        bins = np.linspace(values.min(), values.max(), BARS + 1)
        if values.min() > 0 and values.max() > WIDE * values.min():
            axes.set_yscale('log')
            bins = np.geomspace(values.min(), values.max(), BARS + 1)
        counts, *_ = counted.hist(values, np.unique(bins) if np.ptp(values)
                                  else 1, orientation='horizontal',
                                  color=BLACK)
        mark_limits(counted.axhline, ds)
        if counts.max() > WIDE:
            counted.set(xscale='log', xlim=(0.5, 2 * counts.max()))
        counted.set(xlabel='eigenvalues in a bar')
    legend_below(figure, axes.get_legend_handles_labels()[0], 2)
    figure.suptitle(_told(ds), fontsize=8)
    return figure


def _told(ds: xarray.Dataset) -> str:
    """Flow, scheme, step, where H was taken, and how many eigenvalues lie
    where perturbations grow."""
    text = (f'{ds.attrs["flow"]}, {ds.attrs["scheme"]}, '
            f'lr = {float(ds["lr"]):g}')
    if 'lr_lo' in ds and np.isfinite(float(ds['lr_lo'])):
        text += ', at the minimum that decides'
    if 'spectrum' not in ds:
        return text
    values = ds['spectrum'].values
    limit = float(ds['real_limit']) / float(ds['lr'])
    beyond = f'{(values > limit).sum()} of {len(values)} beyond the limit, '
    return (f'{text}\n' + (beyond if np.isfinite(limit) else '') +
            f'{(values < 0).sum()} below 0')


def _of_run(ds: xarray.Dataset) -> Figure:
    figure = new_figure(COLUMN + 1.6, 3.2)
    axes = figure.subplots()
    if 'layer_sharpness' in ds:
        panels.draw_layers(axes, ds, LAYERS, 'block of ')
    for name, colour, label in (
            ('sharpness', BLACK, r'$\lambda_\mathrm{max}(H)$'),
            ('lambda_min', BLUE, r'$\lambda_\mathrm{min}(H)$')):
        if name in ds:
            draw_curve(axes, *panels.over(ds, name), colour, label)
    limit = panels.limit_of_step(ds)
    if limit is not None:
        draw_curve(axes, *limit, RED, "limit of the scheme's step", '--')
    decay = effective_case(ds.attrs.get('effective', '')).get(
        'step.weight_decay', 0)
    if isinstance(decay, (int, float)) and decay > 0:
        axes.axhline(decay, color=GREEN, linestyle='-.', linewidth=0.8,
                     label=rf'decay $\alpha$ = {decay:.4g}')
    axes.axhline(0, color=BLUE, linewidth=0.6, linestyle=':')
    axes.set(title='eigenvalues of the Hessian, decay included',
             xlabel='iteration', ylabel=r'$\lambda$')
    legend_below(figure, axes.get_legend_handles_labels()[0], 3)
    head(figure, ds)
    return figure
