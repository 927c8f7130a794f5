# SPDX-License-Identifier: GPL-3.0-or-later
"""Figure 4 left: the one-layer network, losses around both thresholds."""
import matplotlib.pyplot as plt
import numpy as np

from .inputs import last_iteration
from .style import ABOVE, BELOW, BETWEEN, COLUMN, legend_above, plot_groups

CASES = ('nonlinear-lr-*',)
# 2/lambda_max(H(K*)), H(K*) the Hessian of the loss at the minimum where the
# stable runs end, for the settings of figure 4 left. On the checkerboard the
# loss depends on one projection of K alone; the minimum and the curvature of
# that function of one variable give lambda_max = 61.9972749916.
LR_LO = 0.0322594823767
SETTINGS = {
    'flow.kind': 'conv', 'flow.image.kind': 'checkerboard',
    'flow.image.size': 256, 'flow.kernel': 32, 'flow.boundary': 'valid',
    'flow.pooling': 'mean', 'flow.activation.kind': 'swish',
    'flow.activation.beta': 1, 'flow.label': 1, 'step.weight_decay': 20}
# Runs whose |1 - lr alpha| is the same lie on each other at first: those that
# stay bounded are wider lines below, and markers of each run are at places of
# their own, a part of the axes apart.
MARKERS, APART, WIDE = 'osD^v<>Pp*', 0.15, 2
# From there on a run that stays bounded is drawn as what it fills.
FILLED, BINS = 30, 40
# Iterations of the inset, the last ones.
LAST = 40


def mark(lines):
    for place, (line, marker) in enumerate(zip(lines, MARKERS)):
        line.set(marker=marker, markersize=3.5, markeredgewidth=0,
                 markevery=(APART * place / len(lines), APART))


def envelope(values, start):
    """(iterations, least, largest) over parts, on a logarithmic axis."""
    edges = np.unique(np.geomspace(start, len(values), BINS).astype(int))
    parts = [values[low:high] for low, high in zip(edges[:-1], edges[1:])]
    middle = np.sqrt(edges[:-1] * edges[1:])
    middle[[0, -1]] = edges[0], edges[-1] - 1
    return (middle, np.array([part.min() for part in parts]),
            np.array([part.max() for part in parts]))


def draw_envelope(axes, line, run):
    """In place of the line from FILLED on."""
    line.set_data(run['iteration'][:FILLED + 1], run['loss'][:FILLED + 1])
    line.set_linewidth(WIDE)
    axes.fill_between(*envelope(run['loss'], FILLED), alpha=0.35,
                      facecolor=line.get_color(), linewidth=0.8,
                      edgecolor=line.get_color(), zorder=line.get_zorder())


def show_last(axes, bounded):
    """The last iterations of runs that stay bounded, one by one."""
    inset = axes.inset_axes((0.54, 0.39, 0.44, 0.25))
    for line, run in bounded:
        inset.plot(run['iteration'][-LAST:], run['loss'][-LAST:],
                   color=line.get_color(), linewidth=0.6, marker='.',
                   markersize=2, markeredgewidth=0)
    inset.set_title(f'the last {LAST} iterations', fontsize=6, pad=2)
    inset.set_ylim(bottom=0)
    inset.tick_params(labelsize=6)


def draw(runs):
    first = runs[0]
    first.require(SETTINGS)
    lr_hi = 2 / first.decay
    runs = sorted(runs, key=lambda run: run.lr)

    def curves(low, high):
        return [(f'lr = {run.lr:g}', run) for run in runs
                if low <= run.lr < high]

    groups = [
        (r'$\mathrm{lr} < \mathrm{lr_{lo}}$', BELOW, curves(0, LR_LO)),
        (r'$\mathrm{lr_{lo}} \leq \mathrm{lr} < \mathrm{lr_{hi}}$', BETWEEN,
         curves(LR_LO, lr_hi)),
        (r'$\mathrm{lr} \geq \mathrm{lr_{hi}}$', ABOVE, curves(lr_hi, np.inf))]
    figure, axes = plt.subplots(figsize=(COLUMN, 3.6), layout='constrained')
    columns = plot_groups(axes, groups, 'loss')
    mark(axes.lines)
    bounded = list(zip(columns[1][1:], [run for _, run in groups[1][2]]))
    show_last(axes, bounded)
    for line, run in bounded:
        draw_envelope(axes, line, run)
    legend_above(
        axes, columns,
        rf'$\mathrm{{lr_{{lo}}}} = 2/\lambda_\mathrm{{max}} = {LR_LO:.4g}$, '
        rf'$\mathrm{{lr_{{hi}}}} = 2/\alpha = {lr_hi:g}$')
    # Diverging curves leave at the top.
    axes.set(xscale='log', yscale='log', xlabel='iteration',
             ylabel='loss $L(K)$', xlim=(1, last_iteration(runs)),
             ylim=(0.1, 100 * first['loss'][0]))
    return figure
