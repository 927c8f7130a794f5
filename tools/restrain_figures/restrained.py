# SPDX-License-Identifier: GPL-3.0-or-later
"""The restrained instability: when it grows, and where."""
import matplotlib.pyplot as plt
import numpy as np

from restrain.plot.style import KINDS

from .inputs import InputError
from .style import OKABE_ITO, PAGE

CASES = ('restrained-*',)
TITLES = {'checkerboard': 'Checkerboard', 'gaussian-field': 'Natural spectrum'}
# Until twins have parted, and some more.
SHOWN = 100
TWIN = '3'
MOMENTS = ('before', 'peak', 'after')
FIELDS = (('kernel', 'kernel $K$'), ('tangent', 'perturbation $v$'),
          (f'difference_{TWIN}', 'twins $A - B$'))
MAP = 'RdBu_r'
# Points that change sign from one to the next are shown in a corner.
CORNERS = {'checkerboard': (slice(8), slice(8))}


def shade_events(axes, run):
    kinds = run.words('events/kind')
    for first, last, kind in zip(run['events/first'], run['events/last'],
                                 kinds):
        axes.axvspan(first, last + 1, color=KINDS[kind][0], linewidth=0,
                     zorder=0)
    return set(kinds)


def strongest(run):
    """The MOMENTS of the strongest event shown while the twins part."""
    end = min(SHOWN, run['twin_saturation', TWIN], run['iteration'][-1])
    seen = run['events/last'] + 2 <= end
    if not seen.any():
        raise InputError(f'{run.path} has no event while its twins part; '
                         f'make it again from cases/{run.stem}.yaml as it '
                         'was shipped')
    event = np.argmax(np.where(seen, run['events/amplification'], 0))
    first, peak, last = (int(run[f'events/{name}'][event])
                         for name in ('first', 'peak_iteration', 'last'))
    # Update t leads from state t to state t + 1.
    return first, peak + 1, last + 2


def plot_curves(panels, run, moments):
    loss, growth, twins = panels
    iteration = run['iteration']
    loss.plot(iteration, run['loss'], color='black', linewidth=0.8)
    growth.step(iteration, run['local_growth'], where='post', color='black',
                linewidth=0.8)
    growth.axhline(1, color=OKABE_ITO[5], linewidth=0.8, linestyle='--')
    twins.plot(iteration, run['twin_difference', TWIN], color='black',
               linewidth=0.8)
    kinds = shade_events(growth, run)
    for axes in panels:
        for moment in moments.values():
            axes.axvline(moment, color='black', linewidth=0.5, linestyle=':')
        axes.set(yscale='log', xlim=(0, SHOWN))
        axes.tick_params(labelbottom=axes is twins)
    loss.set_title(f'{TITLES[run.setting("flow.image.kind")]}: '
                   rf'lr = {run.lr:g}, $\alpha$ = {run.decay:g}')
    twins.set(xlabel='iteration', ylim=(1e-17, 10))
    return kinds


def plot_fields(panels, run, moments):
    """Rows of fields, columns of moments; each field in units of its range,
    which is one for all moments unless it grows by orders."""
    for (name, _), line in zip(FIELDS, panels):
        snapshots = [run.field_at(name, step)[CORNERS.get(
            run.setting('flow.image.kind'), ...)]
            for step in moments.values()]
        ranges = [np.abs(snapshot).max() for snapshot in snapshots]
        if not name.startswith('difference'):
            ranges = [max(ranges)] * len(ranges)
        for axes, snapshot, bound in zip(line, snapshots, ranges):
            image = axes.imshow(snapshot / (bound or 1), cmap=MAP, vmin=-1,
                                vmax=1, origin='lower',
                                interpolation='nearest')
            axes.grid(False)
            ny, nx = snapshot.shape
            axes.set(xticks=[0, nx - 1] if line is panels[-1] else [],
                     yticks=[0, ny - 1] if axes is line[0] else [])
            axes.tick_params(labelsize=6, length=2, pad=1)
            axes.set_xlabel(rf'$\pm${bound:.1e}', fontsize=7, labelpad=1)
    for axes, (word, step) in zip(panels[0], moments.items()):
        axes.set_title(f'{word}: {step}', fontsize=7)
    return image


def grid_of_fields(figure, runs):
    """Panels [run][field][moment], runs apart."""
    count = len(MOMENTS)
    widths = ([1] * count + [0.3]) * len(runs)
    grid = figure.add_gridspec(len(FIELDS), len(widths) - 1,
                               width_ratios=widths[:-1])
    return [[[figure.add_subplot(grid[row, half * (count + 1) + column])
              for column in range(count)] for row in range(len(FIELDS))]
            for half in range(len(runs))]


def draw(runs):
    figure = plt.figure(figsize=(PAGE, 7.9), layout='constrained')
    top, above, below = figure.subfigures(3, 1, height_ratios=(0.3, 3.4, 4.2))
    curves = above.subplots(3, len(runs), sharex=True, squeeze=False)
    fields = grid_of_fields(below, runs)
    kinds = set()
    for run, lines, images in zip(runs, curves.T, fields):
        moments = dict(zip(MOMENTS, strongest(run)))
        kinds |= plot_curves(lines, run, moments)
        image = plot_fields(images, run, moments)
    for axes, text in zip(curves[:, 0], ('loss $L$', 'local growth',
                                         'difference\nof twins')):
        axes.set_ylabel(text)
    for line, (_, text) in zip(fields[0], FIELDS):
        line[0].set_ylabel(text)
    below.colorbar(image, ax=below.axes, location='bottom', aspect=50,
                   shrink=0.6, pad=0.02,
                   label='field, in units of the number below it')
    top.legend(
        handles=[plt.Rectangle((0, 0), 1, 1, color=KINDS[kind][0],
                               label=f'{kind}: {KINDS[kind][1]}')
                 for kind in KINDS if kind in kinds] +
        [plt.Line2D([], [], color=OKABE_ITO[5], linestyle='--',
                    linewidth=0.8, label='limit of growth'),
         plt.Line2D([], [], color='black', linestyle=':', linewidth=0.5,
                    label='moments shown below')],
        loc='center', ncols=4, columnspacing=1)
    return figure
