# SPDX-License-Identifier: GPL-3.0-or-later
"""Maps over learning rate and weight decay: what the iteration settles on,
its Lyapunov exponent, its mean loss; and the thresholds of the theory."""
import shlex

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize, to_rgba
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke

from restrain.plot.axes import cell_edges, shape_axis
from restrain.plot.shades import Shades
from restrain.plot.style import HATCH, PENDING, REGIMES

from .inputs import InputError
from .restrained import TITLES
from .style import COLUMN, PAGE

COMMAND = 'sweep'
CASES = ('sweep-checkerboard', 'sweep-natural')
FILLED = -1
UNDEFINED = '#BBBBBB'
# Colours span the values of these.
BOUNDED = ('stable', 'transient', 'converged', 'restrained-periodic',
           'restrained-chaotic', 'bounded')
EXPONENTS, LOSSES = (matplotlib.colormaps[name] for name in (
    'RdBu_r', 'viridis'))
HALO = [withStroke(linewidth=2.4, foreground='white')]
# name: text, dashes, what it means
THRESHOLDS = {
    'lr_lo': (r'$\mathrm{lr_{lo}}$', '-', 'minimum stable below'),
    'lr_hi': (r'$\mathrm{lr_{hi}}$', '--', 'decay alone stable below')}


def points_of(run):
    """What the shades of its regimes are made of."""
    return {'regime': run.words('regime'), 'lyapunov': run['lyapunov'],
            'iterations_run': run['iterations_run']}


def colours_of_values(values, words, norm, palette):
    """Nothing where not done, black where divergent, grey where undefined."""
    shown = np.nan_to_num(values, nan=norm.vmin)
    colours = palette(norm(np.clip(shown, norm.vmin, norm.vmax)))
    colours[np.isnan(values)] = to_rgba(UNDEFINED)
    colours[words == 'divergent'] = to_rgba(REGIMES['divergent'])
    colours[words == PENDING] = 0
    return colours


def bounded_values(runs, name):
    """Finite values of the bounded points of all runs."""
    chosen = [run[name][np.isin(run.words('regime'), BOUNDED)] for run in runs]
    values = np.concatenate(chosen)
    return values[np.isfinite(values)]


def exponent_norm(runs):
    values = np.abs(bounded_values(runs, 'lyapunov'))
    # At lr alpha = 1 perturbations vanish at once: few, large, negative.
    limit = np.percentile(values, 98) if values.size else 1
    return Normalize(-(limit or 1), limit or 1)


def loss_norm(runs):
    values = bounded_values(runs, 'mean_loss')
    values = values[values > 0]
    low, high = (values.min(), values.max()) if values.size else (0.1, 10)
    return LogNorm(low, max(high, 1.01 * low))


def shape_axes(axes, run):
    """What is not painted is hatched."""
    axes.patch.set(linewidth=0, **HATCH)
    axes.grid(False)
    shape_axis(axes.xaxis, run['lr'])
    shape_axis(axes.yaxis, run['weight_decay'])


def paint(axes, run, colours):
    mesh = axes.pcolormesh(cell_edges(run['lr']),
                           cell_edges(run['weight_decay']),
                           np.zeros(colours.shape[:2]), rasterized=True)
    mesh.set_array(None)
    mesh.set(facecolor=colours.reshape(-1, 4), edgecolor='none')


def plot_thresholds(axes, run):
    for name, (_, dashes, _) in THRESHOLDS.items():
        for look in ({'color': 'white', 'linewidth': 2.4},
                     {'color': 'black', 'linestyle': dashes, 'label': name}):
            axes.plot(run[name], run['weight_decay'], **look)


def label_thresholds(axes, run):
    """Names beside the curves, on the sides where the other one is not."""
    low, high = run['lr_lo'], run['lr_hi']
    both = np.isfinite(low) & np.isfinite(high)
    names = list(THRESHOLDS)
    if both.any() and np.median(high[both] - low[both]) < 0:
        names.reverse()
    for name, side in zip(names, (-1, 1)):
        place = np.transpose([run[name], run['weight_decay']])
        place = place[np.isfinite(place).all(axis=1) & (place > 0).all(axis=1)]
        seen = (axes.transScale + axes.transLimits).transform(place)
        # Room for the text on its side.
        room = (np.abs(seen - 0.5 + 0.06 * side) < (0.34, 0.4)).all(axis=1)
        if not room.any():
            continue
        off_centre = np.where(room, np.abs(seen - 0.5).sum(axis=1), np.inf)
        axes.annotate(THRESHOLDS[name][0], place[np.argmin(off_centre)],
                      (3 * side, 3 * side), textcoords='offset points',
                      ha='right' if side < 0 else 'left',
                      va='top' if side < 0 else 'bottom', path_effects=HALO)


def title_of(run):
    name = TITLES.get(run.case.get('flow.image.kind'), run.stem)
    rows, columns = run['regime'].shape
    points = rf'{columns} $\times$ {rows} orbits'
    filled = (run.data.get('level', np.zeros(1)) == FILLED).mean()
    if filled:
        points = rf'{columns} $\times$ {rows}, {1 - filled:.1%} computed'
    engine = 'in full'
    if run.texts.get('engine') == 'reduced':
        engine = f'reduced to rank {run.texts["rank"]}'
    return f'{name}\n{points}, {engine}'


def plot(column, run, shades, exponents, losses):
    """One run; whether an exponent or a loss is undefined."""
    words = run.words('regime')
    if (words == PENDING).all():
        raise InputError(
            f'{run.path} has no point that is done; go on with\n  restrain '
            f'sweep cases/{run.stem}.yaml -o {shlex.quote(run.path)} --resume')
    # As far as they have logarithms.
    mean_loss = np.where(run['mean_loss'] > 0, run['mean_loss'], np.nan)
    colours = (
        shades.of(points_of(run)),
        colours_of_values(run['lyapunov'], words, exponents, EXPONENTS),
        colours_of_values(mean_loss, words, losses, LOSSES))
    for axes, content in zip(column, colours):
        shape_axes(axes, run)
        paint(axes, run, content)
        plot_thresholds(axes, run)
    label_thresholds(column[0], run)
    column[0].set_title(title_of(run))
    column[-1].set_xlabel('learning rate lr')
    return (np.array(colours[1:]) == to_rgba(UNDEFINED)).all(axis=-1).any()


def legend_of_regimes(figure, shades, others):
    """Regimes that appear, thresholds, and others, below all panels."""
    handles = shades.handles()
    handles += [plt.Line2D([], [], color='black', linestyle=dashes,
                           label=f'{text}: {meaning}')
                for text, dashes, meaning in THRESHOLDS.values()]
    handles += others
    figure.legend(handles=handles, loc='lower center', ncols=3,
                  columnspacing=1.5)
    room = (0.15 * -(-len(handles) // 3) + 0.1) / figure.get_figheight()
    figure.get_layout_engine().set(rect=(0, room, 1, 1 - room))


def draw(runs):
    shades = Shades([points_of(run) for run in runs])
    exponents, losses = exponent_norm(runs), loss_norm(runs)
    width = PAGE if len(runs) > 1 else COLUMN + 0.6
    figure, panels = plt.subplots(3, len(runs), figsize=(width, 7.6),
                                  layout='constrained', sharex='col',
                                  sharey='col', squeeze=False)
    undefined = [plot(column, run, shades, exponents, losses)
                 for run, column in zip(runs, panels.T)]
    for axes in panels[:, 0]:
        axes.set_ylabel(r'weight decay $\alpha$')
    shades.draw_bar(figure, panels[0])
    figure.colorbar(ScalarMappable(exponents, EXPONENTS), ax=panels[1],
                    extend='both', label='Lyapunov exponent [1/iteration]')
    figure.colorbar(ScalarMappable(losses, LOSSES), ax=panels[2],
                    extend='both', label='mean loss')
    others = [Patch(facecolor=UNDEFINED, linewidth=0,
                    label='exponent or loss undefined')]
    legend_of_regimes(figure, shades, others if any(undefined) else [])
    return figure
