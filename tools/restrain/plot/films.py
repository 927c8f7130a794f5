# SPDX-License-Identifier: GPL-3.0-or-later
"""Films of the fields of a run, and of the way into a sweep's windows."""
from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.animation import AbstractMovieWriter, FuncAnimation, writers
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from PIL import Image

from .._errors import UsageError
from ..case import effective_case
from . import windows
from .axes import is_geometric
from .canvas import (
    GAP, label_of, legend_below, mosaic, new_figure, regime_handles, styled)
from .maps import values_of
from .series import state_names
from .shades import Shades
from .style import BLACK, FIELD_MAP, HATCH

if TYPE_CHECKING:
    import xarray

FRAMES = 200
# Inches a side of what moves; pixels an inch.
SIDE, RESOLUTION = 3.6, 120


def animate(path: str | os.PathLike[str], field: str | None = None, *,
            output: str | os.PathLike[str] | None = None, fps: int = 12,
            frames: int = FRAMES) -> FuncAnimation:
    """A film of a field over the snapshots of a run; of a sweep, of the way
    into its windows (sweep.zoom).

    field   of a run: kernel, tangent, difference_<twin>, ..., or a tensor of
            a network, as "0.weight"; the state, or its largest tensor, by
            default
    output  a file to write: .gif (needs Pillow), .mp4 (needs ffmpeg)
    fps     frames a second; at most `frames` of the snapshots, evenly
            spaced, are shown

    Of a run, colours span the field's largest magnitude in each frame, which
    its title tells: growth is in the number, the pattern is in the picture.
    The first row is on top. Lines and planes alike.

    Of a sweep, the way leads through the windows beside its file as long as
    each is a part of the one before it. Shades are by rank within a window,
    since exponents are the closer the smaller it is: one fades into the next.
    """
    from .._files import open as open_file
    from . import kind
    ds, path = open_file(path), os.fspath(path)
    writer = None if output is None else _writer(os.fspath(output), fps)
    with styled():
        film = (_way(ds, path, frames, fps) if kind(ds) == 'sweep' else
                _snapshots(ds, path, field, frames, fps))
        if output is not None:
            film.save(os.fspath(output), writer=writer)
    return film


def _heading(ds: xarray.Dataset, name: str) -> str:
    """What is shown, below the title of its case if that has one."""
    title = effective_case(ds.attrs.get('effective', '')).get('title', '')
    return name if title in ('', 'null') else f'{title}\n{name}'


def _snapshots(ds: xarray.Dataset, path: str, field: str | None, frames: int,
               fps: int) -> FuncAnimation:
    if field is None:
        field = max(state_names(ds), key=lambda name: ds[name].size,
                    default='kernel')
    if field not in ds or 'time' not in ds[field].dims:
        has = [str(name) for name in ds.data_vars
               if 'time' in ds[name].dims]
        raise UsageError(f'{path} has no field {field}' + (
            f'; it has {", ".join(has)}' if has else
            ': only a run stores them'))
    count = ds.sizes['time']
    rows = np.unique(np.linspace(0, count - 1, min(frames, count))
                     .astype(int))
    return _film(ds[field].isel(time=rows).values, ds['step'].values[rows],
                 _heading(ds, field), fps)


def _film(values: np.ndarray, steps: np.ndarray, heading: str,
          fps: int) -> FuncAnimation:
    figure = new_figure(SIDE, SIDE + 0.3)
    figure.set_dpi(RESOLUTION)
    axes = figure.subplots()
    axes.grid(False)
    finite = np.where(np.isfinite(values), values, 0)
    bounds = np.abs(finite).reshape(len(values), -1).max(axis=1)
    line = finite[0].squeeze().ndim <= 1
    planes = [mosaic(plane.squeeze()) for plane in values]
    if line:
        (drawn,) = axes.plot(planes[0].ravel(), color=BLACK)
        axes.set(xlabel='point', ylim=(-1.05, 1.05), ylabel='per the largest')
    else:
        drawn = axes.imshow(planes[0], cmap=FIELD_MAP, norm=Normalize(-1, 1),
                            interpolation='nearest')
        axes.set(xticks=[], yticks=[], facecolor=GAP)
    title = axes.set_title(' \n \n ')

    def show(frame: int) -> tuple:
        shown = planes[frame] / (bounds[frame] or 1)
        if line:
            drawn.set_ydata(shown.ravel())
        else:
            drawn.set_data(shown)
        title.set_text(f'{heading}\nafter {steps[frame]} update'
                       f'{"s"[:steps[frame] != 1]}, '
                       f'largest magnitude {bounds[frame]:.3g}')
        return drawn, title

    figure.draw_without_rendering()
    return FuncAnimation(figure, show, frames=len(planes),
                         interval=1000 / fps, blit=False)


def _series(ds: xarray.Dataset, path: str) -> list[xarray.Dataset]:
    """A sweep and its windows, each a part of the one before it."""
    from .._files import open as open_file
    found = [ds]
    for window in windows.paths(path):
        sweep = open_file(window)
        if not windows.is_inside(sweep, found[-1]):
            break
        found.append(sweep)
    if len(found) == 1:
        raise UsageError(f'{path} has no windows beside it; its case needs '
                         'sweep.zoom')
    return found


def _way(ds: xarray.Dataset, path: str, frames: int,
         fps: int) -> FuncAnimation:
    sweeps = _series(ds, path)
    figure = new_figure(SIDE, SIDE + 1)
    figure.set_dpi(RESOLUTION)
    words = [{str(word) for word in np.unique(sweep['regime'].values)}
             for sweep in sweeps]
    legend_below(figure, regime_handles(set().union(*words)), 2)
    keys = figure.legends[0]
    axes = figure.subplots()
    axes.grid(False)
    axes.patch.set(linewidth=0, **HATCH)
    logarithmic = [is_geometric(ds[name].values) for name in windows.AXES]
    views = np.array([[
        np.log(ends) if by_ratio else ends
        for by_ratio, ends in zip(logarithmic, (
            windows.extent(sweep, name) for name in windows.AXES))]
        for sweep in sweeps])  # [sweep][axis][end]
    pictures = []
    for sweep, view in zip(sweeps, views):
        points = values_of(sweep)
        colours = np.uint8(255 * Shades([points]).of(points))
        pictures.append(axes.imshow(colours, extent=view.ravel(),
                                    origin='lower', aspect='auto'))
    axes.set(xticks=[], yticks=[], xlabel=' ', ylabel=' ')
    title = axes.set_title(' \n \n ')
    heading = _heading(ds, '')

    def show(frame: int) -> tuple:
        place = frame / max(frames - 1, 1) * (len(sweeps) - 1)
        level = min(int(place), len(sweeps) - 2)
        view = between(views[level], views[level + 1], place - level)
        for number, picture in enumerate(pictures):
            picture.set_visible(number - level in (0, 1))
        pictures[level].set_alpha(1)
        pictures[level + 1].set_alpha(place - level)
        axes.set(xlim=view[0], ylim=view[1])
        for patch, text in zip(keys.get_patches(), keys.get_texts()):
            shown = text.get_text() in words[level] | words[level + 1]
            patch.set_visible(shown)
            text.set_visible(shown)
        for axis, name, by_ratio, ends in zip(
                (axes.xaxis, axes.yaxis), windows.AXES, logarithmic, view):
            low, high = np.exp(ends) if by_ratio else ends
            digits = 3 + max(0, int(np.log10(abs(high) / (high - low))))
            axis.set_label_text(f'{label_of(name)}: {low:.{digits}g} to '
                                f'{high:.{digits}g}')
        times = np.ptp(views[0][0]) / np.ptp(view[0])
        title.set_text(rf'{heading}$\times$ {float(f"{times:.3g}"):.0f}')
        return *pictures, title

    figure.draw_without_rendering()
    figure.set_layout_engine('none')
    return FuncAnimation(figure, show, frames=frames, interval=1000 / fps,
                         blit=False)


def between(start: np.ndarray, end: np.ndarray, part: float) -> np.ndarray:
    """Of two views [axis][end] that at a part, from 0 to 1, of a way which
    shortens by the same ratio in the same time; one point stands still."""
    long, short = np.ptp(start, axis=1), np.ptp(end, axis=1)
    length = long**(1 - part) * short**part
    weight = ((length - short) / (long - short))[:, None]
    return weight * start + (1 - weight) * end


class _Gif(AbstractMovieWriter):
    """Frames with the palette that suits their colours: Pillow has a coarse
    one for pictures that could be transparent, as those of its writer are."""

    def setup(self, fig: Figure, outfile: str,
              dpi: float | None = None) -> None:
        super().setup(fig, outfile, dpi=dpi)
        self._pictures: list[Image.Image] = []

    def grab_frame(self, **savefig_kwargs: object) -> None:
        buffer = io.BytesIO()
        self.fig.savefig(buffer, **{**savefig_kwargs, 'format': 'rgba',
                                    'dpi': self.dpi})
        picture = Image.frombytes('RGBA', self.frame_size, buffer.getvalue())
        self._pictures.append(picture.convert('RGB').quantize())

    def finish(self) -> None:
        self._pictures[0].save(
            self.outfile, save_all=True, append_images=self._pictures[1:],
            duration=int(1000 / self.fps), loop=0)


def _writer(output: str, fps: int) -> AbstractMovieWriter:
    """What writes a film of that suffix."""
    name = {'.gif': 'pillow', '.mp4': 'ffmpeg'}.get(
        os.path.splitext(output)[1])
    if name is None:
        raise UsageError(f'{output} is no film: write .gif or .mp4')
    if not writers.is_available(name):
        raise UsageError(f'{output} needs {name}, which is not there')
    return _Gif(fps) if name == 'pillow' else writers[name](fps)
