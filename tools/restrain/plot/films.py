# SPDX-License-Identifier: GPL-3.0-or-later
"""Films of the fields of a run."""
from __future__ import annotations

import os

import numpy as np
from matplotlib.animation import FuncAnimation, writers
from matplotlib.colors import Normalize

from .._errors import UsageError
from ..case import effective_case
from .canvas import GAP, mosaic, new_figure, styled
from .style import BLACK, FIELD_MAP

FRAMES = 200


def animate(path: str | os.PathLike[str], field: str = 'kernel', *,
            output: str | os.PathLike[str] | None = None, fps: int = 12,
            frames: int = FRAMES) -> FuncAnimation:
    """A film of a field over the snapshots of a run.

    field   kernel, tangent, difference_<twin>, ..., or a tensor of a
            network, as "0.weight"
    output  a file to write: .gif (needs Pillow), .mp4 (needs ffmpeg)
    fps     frames a second; at most `frames` of the snapshots, evenly
            spaced, are shown

    Colours span the field's largest magnitude in each frame, which its
    title tells: growth is in the number, the pattern is in the picture. The
    first row is on top. Lines and planes alike.
    """
    from .._files import open as open_file
    ds = open_file(path)
    writer = None if output is None else _writer(os.fspath(output))
    if field not in ds or 'time' not in ds[field].dims:
        has = [str(name) for name in ds.data_vars
               if 'time' in ds[name].dims]
        raise UsageError(f'{os.fspath(path)} has no field {field}' + (
            f'; it has {", ".join(has)}' if has else ''))
    count = ds.sizes['time']
    rows = np.unique(np.linspace(0, count - 1, min(frames, count))
                     .astype(int))
    values = ds[field].isel(time=rows).values
    steps = ds['step'].values[rows]
    case = effective_case(ds.attrs.get('effective', ''))
    heading = str(case.get('title', field))
    with styled():
        film = _film(values, steps, field if heading == 'null' else
                     f'{heading}\n{field}', fps)
        if output is not None:
            film.save(os.fspath(output), writer=writer, fps=fps)
    return film


def _film(values: np.ndarray, steps: np.ndarray, heading: str,
          fps: int) -> FuncAnimation:
    figure = new_figure(3.6, 3.9)
    figure.set_dpi(120)
    axes = figure.subplots()
    axes.grid(False)
    finite = np.where(np.isfinite(values), values, 0)
    bounds = np.abs(finite).reshape(len(values), -1).max(axis=1)
    line = finite[0].squeeze().ndim <= 1
    planes = [mosaic(plane.squeeze()) for plane in values]
    if line:
        (drawn,) = axes.plot(planes[0].ravel(), color=BLACK)
        axes.set(xlabel='point', ylim=(-1.05, 1.05), ylabel='per the size')
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
        title.set_text(f'{heading}\nafter {steps[frame]} updates, '
                       f'size {bounds[frame]:.2e}')
        return drawn, title

    figure.draw_without_rendering()
    return FuncAnimation(figure, show, frames=len(planes),
                         interval=1000 / fps, blit=False)


def _writer(output: str) -> str:
    """The name of what writes a film of that suffix."""
    writer = {'.gif': 'pillow', '.mp4': 'ffmpeg'}.get(
        os.path.splitext(output)[1])
    if writer is None:
        raise UsageError(f'{output} is no film: write .gif or .mp4')
    if not writers.is_available(writer):
        raise UsageError(f'{output} needs {writer}, which is not there')
    return writer
