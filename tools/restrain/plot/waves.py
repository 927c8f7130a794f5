# SPDX-License-Identifier: GPL-3.0-or-later
"""Fields over iterations: their spectra, and a row of them."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure

from .._errors import UsageError
from .axes import cell_edges
from .canvas import new_figure, scale_log, styled
from .series import field_of, head, iterations_of, since_row
from .style import BLACK, FIELD_MAP, PAGE

if TYPE_CHECKING:
    import xarray

# Snapshots shown, a column each: more are finer than print.
MOST = 1000
# Beyond, there is nothing but rounding, in double precision.
DECADES = 32


def shells(values: np.ndarray,
           spacing: float) -> tuple[np.ndarray, np.ndarray]:
    """(|k|, [...][|k|]): the mean square of planes [...][y][x], by wave
    number.

    |F(k)|^2/n^2, F the discrete Fourier transform and n the number of
    points, summed over shells of |k| of the width 2 pi/(length of the longer
    side): over all shells it is the mean square of the plane (Parseval). Of
    shells beyond pi/spacing there are corners alone.
    """
    ny, nx = values.shape[-2:]
    ky, kx = (2 * np.pi * np.fft.fftfreq(size, spacing) for size in (ny, nx))
    width = 2 * np.pi / (max(ny, nx) * spacing)
    shell = np.rint(np.hypot(ky[:, None], kx) / width).astype(int).ravel()
    power = np.abs(np.fft.fft2(values) / (ny * nx))**2
    planes = power.reshape(-1, ny * nx)
    summed = np.array([np.bincount(shell, weights=plane) for plane in planes])
    return (width * np.arange(summed.shape[1]),
            summed.reshape(*values.shape[:-2], -1))


def spectrum(ds: xarray.Dataset, field: str | None = None,
             since: int = 0) -> Figure:
    """The Fourier spectrum of a field over the snapshots of a run.

    field   kernel, tangent, difference_<twin>, ..., or a tensor of a
            network, as "0.weight", averaged over its channels: the state, or
            its first tensor, by default
    since   the first iteration shown, of which 1000 snapshots are

    Colours: shells(), the mean square of the field by wave number [radians
    per unit length].
    """
    steps, values, spacing = _snapshots(ds, field_of(ds, field), since)
    numbers, power = shells(values, spacing)
    power = power.reshape(len(steps), -1, len(numbers)).mean(axis=1)
    if not (power > 0).any():
        raise UsageError(f'{field} vanishes everywhere')
    with styled():
        figure = new_figure(PAGE - 1, 3.2)
        axes = figure.subplots()
        top = power.max()
        least = max(power[power > 0].min(), top * 10.0**-DECADES)
        _draw(axes, steps, numbers, power, LogNorm(least, max(top, 2 * least)),
              'viridis', 'mean square in the shell')
        axes.set(ylabel='wave number $|k|$ [rad/length]', xlabel='iteration',
                 title=f'spectrum of {field_of(ds, field).name}')
        head(figure, ds)
    return figure


def space_time(ds: xarray.Dataset, field: str | None = None,
               row: int | None = None, since: int = 0) -> Figure:
    """A row of a field over the snapshots of a run (Hovmoeller's diagram),
    each in units of its largest magnitude, which is shown above.

    field   as of spectrum(); of a tensor the first channels
    row     of the plane, from 0; its middle by default
    since   the first iteration shown, of which 1000 snapshots are

    Of a field of one sign, as a signal, the deviation from the first
    snapshot shown.
    """
    found = field_of(ds, field)
    steps, values, spacing = _snapshots(ds, found, since)
    planes = values.reshape(len(steps), -1, *values.shape[-2:])[:, 0]
    row = planes.shape[1] // 2 if row is None else row
    if not 0 <= row < planes.shape[1]:
        raise UsageError(f'{found.name} has no row {row}: it has '
                         f'{planes.shape[1]} of them')
    name = str(found.name) + (f', row {row}' if planes.shape[1] > 1 else '')
    shown, sizes, deviates = relative(planes[:, row])
    x = spacing * np.arange(shown.shape[1])
    with styled():
        figure = new_figure(PAGE - 1, 3.8)
        above, axes = figure.subplots(2, 1, sharex=True,
                                      height_ratios=(1, 2.6))
        above.plot(steps, np.where(sizes > 0, sizes, np.nan), color=BLACK,
                   linewidth=0.8)
        scale_log(above)
        if above.get_yscale() == 'linear' and sizes.max() > 0:
            above.set_ylim(0, 1.1 * sizes.max())
        above.set(ylabel='largest\nmagnitude', title=name + (
            f' minus that at iteration {steps[0]}' if deviates else ''))
        _draw(axes, steps, x, shown, Normalize(-1, 1), FIELD_MAP,
              'per the largest')
        axes.set(xlabel='iteration', ylabel='x')
        head(figure, ds)
    return figure


def relative(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, bool]:
    """Rows [time][x] in units of their largest magnitudes, these, and
    whether they are the deviations of values of one sign from the first."""
    deviates = bool(np.nanmin(values) > 0 or np.nanmax(values) < 0)
    if deviates:
        values = values - values[0]
    sizes = np.abs(values).max(axis=1)
    # Early large states must not hide late ones.
    with np.errstate(invalid='ignore'):
        shown = values / np.where(sizes > 0, sizes, 1)[:, None]
    return shown, sizes, deviates


def _snapshots(ds: xarray.Dataset, field: xarray.DataArray,
               since: int) -> tuple[np.ndarray, np.ndarray, float]:
    """(iterations, [iterations][...][y][x], spacing) that are shown."""
    steps = iterations_of(ds, 'time')
    if len(steps) < 2:
        raise UsageError('a single snapshot is stored; -D output.every=N '
                         'stores one every N updates')
    row = since_row(steps, since)
    values = field.isel(time=slice(row, row + MOST)).values.astype(float)
    if values.ndim == 2:
        values = values[:, None]
    finite = np.isfinite(values).reshape(len(values), -1).all(axis=1)
    if finite.sum() < 2:
        raise UsageError(f'{field.name} is not finite')
    x = np.asarray(ds[field.dims[-1]].values if field.dims[-1] in ds else [])
    spacing = float(x[1] - x[0]) if len(x) > 1 else 1.0
    return (steps[row:row + MOST][finite], values[finite], spacing)


def _draw(axes: Axes, steps: np.ndarray, y: np.ndarray, values: np.ndarray,
          norm: Any, colours: str, label: str) -> None:
    """Values [iteration][y] as colours, and their key."""
    axes.grid(False)
    image = axes.pcolormesh(cell_edges(steps.astype(float)), cell_edges(y),
                            values.T, norm=norm, cmap=colours,
                            rasterized=True)
    axes.figure.colorbar(image, ax=axes, pad=0.01, label=label)
