# SPDX-License-Identifier: GPL-3.0-or-later
"""Analyses: the amplification factor, the spectrum, the limits."""
from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure

from .._errors import UsageError
from .canvas import draw_field, new_figure, styled
from .hessians import draw_spectrum
from .style import BLACK, GREEN, PAGE, RED

if TYPE_CHECKING:
    import xarray

LIMITS = (('lr_max', 'largest stable lr'), ('lr_lo', 'lr_lo, at the minimum'),
          ('lr_hi', 'lr_hi, by the decay alone'),
          ('symbol_lr_max', 'lr by the symbol'),
          ('measured_lr_max', 'lr, measured'),
          ('decay_min', 'smallest stable decay'),
          ('decay_max', 'largest stable decay'),
          ('lambda_max', r'$\lambda_\mathrm{max}(H)$'),
          ('lambda_min', r'$\lambda_\mathrm{min}(H)$'),
          ('growth', 'growth in a step'))


def analysis(ds: xarray.Dataset) -> Figure:
    """An analysis: |G| over the wave numbers [radians per unit length],
    white where a mode neither grows nor decays; the spectrum of the Hessian,
    decay included, beside the limit of the step; the mode that is lost
    first; limits as numbers."""
    if 'verdict' not in ds.attrs:
        raise UsageError('the data are no analysis')
    with styled():
        figure = new_figure(PAGE, 4.9)
        grid = figure.subplots(2, 2)
        for axes, draw in zip(grid.ravel(), (
                _amplification, draw_spectrum, _mode, _numbers)):
            draw(axes, ds)
        said = ds.attrs['explanation'].replace('\n', '; ')
        text = textwrap.wrap(' '.join(said.split()), 100)
        title = [ds.attrs['title']] if ds.attrs.get('title') else []
        figure.suptitle('\n'.join([*title, f'{ds.attrs["flow"]}, '
                                   f'{ds.attrs["scheme"]}', *text]),
                        fontsize=8)
    return figure


def _amplification(axes: Axes, ds: xarray.Dataset) -> None:
    if 'amplification' not in ds:
        axes.set_axis_off()
        axes.text(0.5, 0.5, 'the flow has no symbol', ha='center')
        return
    values = ds['amplification'].values
    axes.set_title('amplification factor $|G|$ of a step')
    if values.shape[0] == 1:
        axes.plot(ds['kx'].values, values[0], color=BLACK)
        axes.axhline(1, color=RED, linestyle='--', linewidth=0.8)
        axes.set_xlabel('$k_x$ [rad/length]')
        return
    norm = TwoSlopeNorm(1, min(float(values.min()), 0.99),
                        max(float(values.max()), 1.01))
    palette = matplotlib.colormaps['RdBu_r']
    axes.pcolormesh(ds['kx'].values, ds['ky'].values, values, norm=norm,
                    cmap=palette, shading='nearest', rasterized=True)
    axes.set(xlabel='$k_x$ [rad/length]', ylabel='$k_y$ [rad/length]',
             aspect='equal')
    axes.grid(False)
    # One wave of many may be too small to be seen.
    ky, kx = np.unravel_index(values.argmax(), values.shape)
    axes.plot(ds['kx'].values[kx], ds['ky'].values[ky], 'o', color=GREEN,
              fillstyle='none', markersize=7, clip_on=False)
    axes.set_title('amplification factor $|G|$ of a step, circle: '
                   f'{values.max():.4g}')
    bar = axes.figure.colorbar(ScalarMappable(norm, palette), ax=axes,
                               shrink=0.9)
    bar.set_ticks([norm.vmin, 1, norm.vmax])
    bar.set_ticklabels([f'{norm.vmin:.3g}', '1', f'{norm.vmax:.3g}'])


def _mode(axes: Axes, ds: xarray.Dataset) -> None:
    if 'eigenvector_max' not in ds:
        axes.set_axis_off()
        return
    values, title = ds['eigenvector_max'].values, 'mode of the largest one'
    if values.ndim == 2 and values.shape[0] > 1:
        draw_field(axes, values, title)
        return
    axes.plot(values.ravel(), color=BLACK)
    axes.set(title=title, xlabel='point')


def _numbers(axes: Axes, ds: xarray.Dataset) -> None:
    axes.set_axis_off()
    rows = [('lr', float(ds['lr'])),
            (r'weight decay $\alpha$', float(ds['weight_decay']))]
    rows += [(text, float(ds[name])) for name, text in LIMITS
             if name in ds and np.isfinite(float(ds[name]))]
    for place, (text, value) in enumerate(rows):
        y = 0.95 - 0.085 * place
        axes.text(0.62, y, text, ha='right', va='top')
        axes.text(0.68, y, f'{value:.7g}', va='top')
