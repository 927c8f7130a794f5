# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run may show over iterations: one function for each panel.

A panel draws what it finds of the Dataset and the table of events (or None)
into axes. PANELS lists what each needs, by what it tells most.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes

from ..case import effective_case
from .canvas import draw_curve, scale_log
from .orbits import default_name, draw_return_map
from .style import BLACK, BLUE, GREEN, KINDS, OKABE_ITO, ORANGE, RED, SKY

if TYPE_CHECKING:
    import pandas
    import xarray

# More are too narrow to be told apart.
MOST_EVENTS = 400
MOST_MEMBERS = 100
# Of legends: letters that a panel holds side by side, and the part of its
# height that a line takes.
LEGEND_LETTERS, LEGEND_LINE = 60, 0.12


class Panel(NamedTuple):
    """A panel, and the variables of which it needs one."""

    needs: tuple[str, ...]
    draw: Callable[[Axes, Any, Any], None]


def over(ds: xarray.Dataset, name: str) -> tuple[np.ndarray, np.ndarray]:
    """(iterations, values) of a scalar."""
    (axis,) = ds[name].dims
    return ds[axis].values, ds[name].values.astype(float)


def legend(axes: Axes, least: int = 2) -> None:
    """A legend where there are several curves, above all of them. The last
    to be drawn, since it makes room for itself."""
    labels = axes.get_legend_handles_labels()[1]
    if len(labels) < least:
        return
    columns = max(1, min(len(labels), LEGEND_LETTERS // max(
        len(label.replace('$', '')) + 6 for label in labels)))
    lines = -(-len(labels) // columns)
    _make_room(axes, min(LEGEND_LINE * lines + 0.03, 0.6))
    axes.legend(loc='upper right', ncols=columns, handlelength=1.4,
                borderpad=0.1, borderaxespad=0.2, columnspacing=1,
                labelspacing=0.2, frameon=True, framealpha=0.8,
                edgecolor='none')


def _make_room(axes: Axes, part: float) -> None:
    """Leave a part of the height empty, at the top."""
    low, high = axes.get_ylim()
    scale = axes.yaxis.get_transform()
    start, end = scale.transform([low, high])
    top = scale.inverted().transform([start + (end - start) / (1 - part)])[0]
    if np.isfinite(top):
        axes.set_ylim(low, top)


def losses(axes: Axes, ds: xarray.Dataset, _: object) -> None:
    """L, its data term where they differ; losses over the sets."""
    axes.set_title('loss')
    data = ds.get('data_loss')
    differs = data is not None and not np.allclose(
        data, ds['loss'], rtol=1e-3, equal_nan=True)
    draw_curve(axes, *over(ds, 'loss'), BLACK, 'loss $L$')
    if differs:
        draw_curve(axes, *over(ds, 'data_loss'), BLUE, 'data term $E$')
    for name, colour, label in (('train_loss', GREEN, 'training set'),
                                ('test_loss', RED, 'test set')):
        if name in ds:
            draw_curve(axes, *over(ds, name), colour, label, '--')
    scale_log(axes)
    legend(axes)


def accuracies(axes: Axes, ds: xarray.Dataset, _: object) -> None:
    """Fractions of the sets that are classified rightly."""
    axes.set_title('accuracy')
    for name, colour, label in (('train_accuracy', GREEN, 'training set'),
                                ('test_accuracy', RED, 'test set')):
        if name in ds:
            draw_curve(axes, *over(ds, name), colour, label)
    axes.set_ylim(-0.03, 1.03)
    legend(axes)


def growth(axes: Axes, ds: xarray.Dataset,
           events: pandas.DataFrame | None) -> None:
    """Local growth of the leading perturbation, events shaded."""
    axes.set_title('growth of the leading perturbation in an update')
    if events is not None and len(events) <= MOST_EVENTS:
        seen = set()
        for first, last, kind in events[['first', 'last', 'kind']].values:
            axes.axvspan(first, last + 1, color=KINDS[kind][0], linewidth=0,
                         zorder=0,
                         label='' if kind in seen else f'event: {kind}')
            seen.add(kind)
    draw_curve(axes, *over(ds, 'local_growth'), BLACK)
    axes.axhline(1, color=RED, linewidth=0.8, linestyle='--')
    scale_log(axes)
    legend(axes, least=1)


def sharpness(axes: Axes, ds: xarray.Dataset, _: object) -> None:
    """The largest eigenvalue of H, and the limit of the step."""
    name = ('sharpness' if 'sharpness' in ds else 'preconditioned_sharpness')
    axes.set_title(r'sharpness $\lambda_\mathrm{max}$' if name == 'sharpness'
                   else r'sharpness $\lambda_\mathrm{max}(P^{-1} H)$')
    draw_curve(axes, *over(ds, name), BLUE)
    limit = limit_of_step(ds) if name == 'sharpness' else None
    if limit is not None:
        draw_curve(axes, *limit, RED, "limit of the scheme's step", '--')
        values = ds[name].values
        top = 1.5 * np.nanmax(limit[1])
        if np.nanmax(values) > 3 * top:
            axes.set_ylim(0, 2 * top)
        legend(axes, least=1)


def limit_of_step(
        ds: xarray.Dataset) -> tuple[np.ndarray, np.ndarray] | None:
    """(iterations, the largest stable eigenvalue), where it is known."""
    if 'sharpness_limit' in ds:
        return over(ds, 'sharpness_limit')
    case = effective_case(ds.attrs.get('effective', ''))
    if case.get('step.scheme') == 'euler' and \
            case.get('step.schedule.kind') == 'constant':
        x = ds['iteration'].values[[0, -1]]
        return x, np.full(2, 2 / case['step.lr'])
    return None


def twins(axes: Axes, ds: xarray.Dataset, _: object) -> None:
    """How twins part from the run."""
    axes.set_title('relative difference of twins')
    found = ds['twin_difference']
    axis = str(found.dims[-1])
    for row, colour in zip(range(found.sizes['twin']), OKABE_ITO * 9):
        label = str(ds['twin'].values[row])
        draw_curve(axes, ds[axis].values, np.where(
            found.values[row] > 0, found.values[row], np.nan), colour,
            f'twin {label}')
    scale_log(axes)
    if not (found.values > 0).any():
        axes.text(0.5, 0.5, 'equal to the last bit', ha='center',
                  transform=axes.transAxes)
    legend(axes)


def exponent(axes: Axes, ds: xarray.Dataset, _: object) -> None:
    """Convergence of the finite-time Lyapunov exponent."""
    axes.set_title('Lyapunov exponent so far [1/iteration]')
    draw_curve(axes, *over(ds, 'lyapunov'), BLACK)
    final = ds.attrs.get('exponent', np.nan)
    if np.isfinite(final):
        error = ds.attrs.get('exponent_error', np.nan)
        axes.axhline(final, color=BLUE, linewidth=0.8, linestyle='--',
                     label=f'of the tail: {final:.3g}')
        if np.isfinite(error):
            axes.axhspan(final - error, final + error, color=BLUE,
                         alpha=0.2, linewidth=0)
    axes.axhline(0, color=RED, linewidth=0.8, linestyle=':')
    _focus(axes, ds['lyapunov'].values)
    legend(axes, least=1)


def _focus(axes: Axes, values: np.ndarray) -> None:
    """Limits of y that the first iterations do not stretch."""
    tail = values[len(values) // 20:]
    tail = tail[np.isfinite(tail)]
    if tail.size:
        low, high = min(tail.min(), 0), max(tail.max(), 0)
        pad = 0.1 * (high - low or 1)
        axes.set_ylim(low - pad, high + pad)


def layers(axes: Axes, ds: xarray.Dataset, _: object) -> None:
    """Sharpness of each layer's block of H."""
    axes.set_title('sharpness of layers')
    draw_layers(axes, ds, OKABE_ITO * 9)
    scale_log(axes)
    legend(axes)


def draw_layers(axes: Axes, ds: xarray.Dataset, colours: Sequence[str],
                before: str = '') -> None:
    """A curve for each layer, with `before` its name as a label."""
    found = ds['layer_sharpness'].transpose('layer', 'iteration')
    for row, colour in zip(range(found.sizes['layer']), colours):
        draw_curve(axes, ds['iteration'].values, found.values[row], colour,
                   before + str(ds['layer'].values[row]))


def members(axes: Axes, ds: xarray.Dataset, _: object) -> None:
    """Losses of an ensemble: each member's and their median, and the
    quantiles that the case asked for."""
    axes.set_title('losses of the members')
    x = ds['iteration'].values
    if 'member_loss' in ds:
        rows = ds['member_loss'].transpose('member', 'iteration').values
        for row in rows[:MOST_MEMBERS]:
            axes.plot(x, row, color=SKY, linewidth=0.3, zorder=1)
        draw_curve(axes, x, np.median(rows, axis=0), BLACK,
                   f'median of {len(rows)}')
    if 'loss_quantile' in ds:
        found = ds['loss_quantile'].transpose('quantile', 'iteration')
        for level, row in zip(ds['quantile'].values, found.values):
            draw_curve(axes, x, row, BLUE, f'quantile {level:g}', '--')
    scale_log(axes)
    legend(axes, least=1)


def spread(axes: Axes, ds: xarray.Dataset, _: object) -> None:
    """Of an ensemble, how large its mean state and the deviations from it
    are: the root of the sum of the variances of all weights."""
    axes.set_title('norm of the mean state, and of deviations from it')
    steps = ds['step'].values
    for name, power, colour, label in (
            ('ensemble_mean', 2, BLACK, 'mean'),
            ('ensemble_variance', 1, ORANGE, 'standard deviation')):
        if name in ds:
            values = ds[name].values.reshape(len(steps), -1)
            draw_curve(axes, steps, np.sqrt((values**power).sum(axis=1)),
                       colour, label)
    scale_log(axes)
    legend(axes)


def displacements(axes: Axes, ds: xarray.Dataset, _: object) -> None:
    """Square norms of the way since the start, and of each step."""
    axes.set_title('squared displacement of the weights')
    for name, colour, label in (
            ('global_displacement', BLACK, 'from the start'),
            ('local_displacement', BLUE, 'in a step')):
        if name in ds:
            x, y = over(ds, name)
            draw_curve(axes, x, np.where(y > 0, y, np.nan), colour, label)
    scale_log(axes)
    legend(axes)


def norms(axes: Axes, ds: xarray.Dataset, _: object) -> None:
    """Sizes of gradient, state and update."""
    axes.set_title('norms')
    for name, colour, label in (
            ('grad_norm', BLACK, 'gradient'), ('weight_norm', BLUE, 'state'),
            ('update_ratio', ORANGE, 'update / state'),
            ('full_grad_norm', GREEN, 'gradient, whole set')):
        if name in ds:
            draw_curve(axes, *over(ds, name), colour, label)
    scale_log(axes)
    legend(axes, least=1)


def return_map(axes: Axes, ds: xarray.Dataset, _: object) -> None:
    """The residual, or the loss, after an update over that before."""
    name = default_name(ds)
    values = ds[name].values
    axes.set_title(f'return map of the {name}, end of the run')
    draw_return_map(axes, values[len(values) // 2:])
    axes.set(xlabel='before an update', ylabel='after it')


def has_return_map(ds: xarray.Dataset) -> bool:
    """A run that is held back, of which every iteration is stored."""
    held = ('restrained-periodic', 'restrained-chaotic', 'bounded')
    return ('loss' in ds and ds.attrs.get('regime') in held and
            len(ds['iteration']) > 40 and
            bool((np.diff(ds['iteration'].values) == 1).all()))


PANELS = (
    Panel(('loss',), losses),
    Panel(('train_accuracy', 'test_accuracy'), accuracies),
    Panel(('local_growth',), growth),
    Panel(('sharpness', 'preconditioned_sharpness'), sharpness),
    Panel(('twin_difference',), twins),
    Panel(('lyapunov',), exponent),
    Panel(('layer_sharpness',), layers),
    Panel(('member_loss', 'loss_quantile'), members),
    Panel(('ensemble_variance',), spread),
    Panel(('global_displacement',), displacements),
    Panel(('grad_norm', 'weight_norm'), norms))


def of(ds: xarray.Dataset) -> list[Panel]:
    """The panels that a run can fill."""
    return [panel for panel in PANELS
            if any(name in ds for name in panel.needs)]
