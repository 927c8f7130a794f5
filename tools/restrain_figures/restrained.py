# SPDX-License-Identifier: GPL-3.0-or-later
"""The restrained instability: when it grows, and where."""
import matplotlib.pyplot as plt
import numpy as np

from restrain.plot.style import KINDS

from .inputs import InputError
from .style import OKABE_ITO, PAGE, number

CASES = ('restrained-*',)
TITLES = {'checkerboard': 'Checkerboard', 'gaussian-field': 'Natural spectrum'}
# Until twins have parted, and some more.
SHOWN = 100
TWIN = '3'
MOMENTS = ('before', 'peak', 'after')
FIELDS = (('kernel', 'kernel $K$'), ('tangent', 'perturbation $v$'),
          (f'difference_{TWIN}', 'twins $A - B$'))
MAP = 'RdBu_r'
# Fields that are the same pattern at all moments, which changes sign from
# point to point, are shown at one, in a corner.
PATTERNS = {'checkerboard': (('peak',), (slice(8), slice(8)))}
GROWTH = {'discrete': OKABE_ITO[1], 'continuous': OKABE_ITO[2],
          'non-normal': '#999999'}


def fill_events(axes, run):
    """Growth beyond 1 in the colour of its event's kind."""
    kinds = run.words('events/kind')
    growth = np.append(run['local_growth'], np.nan)
    for first, last, kind in zip(run['events/first'], run['events/last'],
                                 kinds):
        updates = np.arange(first, last + 2)
        axes.fill_between(updates, 1, growth[np.minimum(updates, last)],
                          step='post', color=GROWTH[kind], linewidth=0)
    return set(kinds)


def picture_of(run):
    """Of which moments the fields are shown, and which part of them."""
    return PATTERNS.get(run.setting('flow.image.kind'), (MOMENTS, ...))


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
    kinds = fill_events(growth, run)
    for axes in panels:
        for moment in moments:
            axes.axvline(moment, color='black', linewidth=0.5, linestyle=':')
        axes.set(yscale='log', xlim=(0, SHOWN))
        axes.tick_params(labelbottom=axes is twins)
    loss.set_title(f'{TITLES[run.setting("flow.image.kind")]}: '
                   rf'lr = {run.lr:g}, $\alpha$ = {run.decay:g}')
    twins.set(xlabel='iteration', ylim=(1e-17, 10))
    return kinds


def plot_fields(panels, run, moments):
    """Rows of fields, columns of moments; a field in units of its largest
    magnitude at all of them, which its label tells, or at each, below it,
    where it grows by orders."""
    shown, part = picture_of(run)
    for (name, text), line in zip(FIELDS, panels):
        snapshots = [run.field_at(name, moments[word])[part]
                     for word in shown]
        ranges = [np.abs(snapshot).max() for snapshot in snapshots]
        if name.startswith('difference') and len(shown) > 1:
            for axes, bound in zip(line, ranges):
                axes.set_xlabel(rf'$\pm {number(bound, 2)}$')
        else:
            ranges = [max(ranges)] * len(ranges)
            text += f'\n$\\pm {number(ranges[0], 2)}$'
        line[0].set_ylabel(text, fontsize=7)
        for axes, snapshot, bound in zip(line, snapshots, ranges):
            image = axes.imshow(snapshot / (bound or 1), cmap=MAP, vmin=-1,
                                vmax=1, origin='lower',
                                interpolation='nearest')
            axes.grid(False)
            ny, nx = snapshot.shape
            axes.set(xticks=[0, nx - 1] if line is panels[-1] else [],
                     yticks=[0, ny - 1] if axes is line[0] else [])
            axes.tick_params(labelsize=6, length=2, pad=1)
            axes.xaxis.label.set_size(7)
    for axes, word in zip(panels[0], shown):
        axes.set_title(f'{word}: {moments[word]}', fontsize=7)
    return image


def grid_of_fields(figure, runs):
    """Panels [run][field][moment], runs apart."""
    counts = [len(picture_of(run)[0]) for run in runs]
    widths = sum(([1] * count + [0.3] for count in counts), [])[:-1]
    grid = figure.add_gridspec(len(FIELDS), len(widths), width_ratios=widths)
    starts = np.cumsum([0] + [count + 1 for count in counts])
    return [[[figure.add_subplot(grid[row, start + column])
              for column in range(count)] for row in range(len(FIELDS))]
            for start, count in zip(starts, counts)]


def draw(runs):
    figure = plt.figure(figsize=(PAGE, 7.9), layout='constrained')
    top, above, below = figure.subfigures(3, 1, height_ratios=(0.3, 3.4, 4.2))
    curves = above.subplots(3, len(runs), sharex=True, squeeze=False)
    fields = grid_of_fields(below, runs)
    kinds = set()
    for run, lines, images in zip(runs, curves.T, fields):
        moments = dict(zip(MOMENTS, strongest(run)))
        kinds |= plot_curves(lines, run, [moments[word] for word
                                          in picture_of(run)[0]])
        image = plot_fields(images, run, moments)
    for axes, text in zip(curves[:, 0], ('loss $L$', 'local growth',
                                         'difference\nof twins')):
        axes.set_ylabel(text)
    below.colorbar(image, ax=below.axes, location='bottom', aspect=50,
                   shrink=0.6, pad=0.02, ticks=[-1, 0, 1],
                   label='field, per the magnitude beside or below it')
    top.legend(
        handles=[plt.Rectangle((0, 0), 1, 1, color=GROWTH[kind],
                               label=f'{kind}: {KINDS[kind][1]}')
                 for kind in KINDS if kind in kinds] +
        [plt.Line2D([], [], color=OKABE_ITO[5], linestyle='--',
                    linewidth=0.8, label='limit of growth'),
         plt.Line2D([], [], color='black', linestyle=':', linewidth=0.5,
                    label='moments shown below')],
        loc='center', ncols=4, columnspacing=1)
    return figure
