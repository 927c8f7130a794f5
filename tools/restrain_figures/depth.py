# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of weight decay and depth in stability: regimes of networks of one
to four layers over learning rate and weight decay, beside lr_lo of the minimum
that the continuous flow reaches from their start."""
import matplotlib.pyplot as plt
import numpy as np

from restrain.plot.axes import cell_edges
from restrain.plot.style import REGIMES

from .style import PAGE
from .sweep import colours_of_regimes, key, paint

COMMAND = 'sweep'
CASES = ('mnist-depth-*',)
LAYERS = {1: 'one layer', 2: 'two layers', 3: 'three layers',
          4: 'four layers'}


def layers(sweep):
    """mnist-depth-3 has three."""
    return int(sweep.stem.split('-')[2])


def plot(axes, sweep):
    paint(axes, sweep, colours_of_regimes(sweep.words('regime')))
    for look in ({'color': 'white', 'linewidth': 2.4}, {'color': 'black'}):
        axes.plot(sweep['lr_lo'], sweep['weight_decay'], 'o-', markersize=3,
                  **look)
    axes.set(xscale='log', yscale='log', title=LAYERS[layers(sweep)])
    axes.grid(False)


def draw(sweeps):
    sweeps = sorted(sweeps, key=layers)
    figure, panels = plt.subplots(2, 2, figsize=(PAGE, 4.6), sharex=True,
                                  sharey=True, layout='constrained')
    for axes, sweep in zip(panels.flat, sweeps):
        plot(axes, sweep)
    first = sweeps[0]
    least = min(np.nanmin(sweep['lr_lo']) for sweep in sweeps)
    panels[0][0].set(
        xlim=(min(least / 1.5, first['lr'][0]), cell_edges(first['lr'])[-1]),
        ylim=cell_edges(first['weight_decay'])[[0, -1]])
    for axes in panels[:, 0]:
        axes.set_ylabel(r'weight decay $\alpha$')
    for axes in panels[-1]:
        axes.set_xlabel('learning rate lr')
    words = set(np.concatenate([np.unique(sweep.words('regime'))
                                for sweep in sweeps]))
    handles = [key(word, facecolor=colour)
               for word, colour in REGIMES.items() if word in words]
    handles.append(plt.Line2D(
        [], [], color='black', marker='o', markersize=3,
        label=r'$\mathrm{lr_{lo}} = 2/\lambda_\mathrm{max}(H(K_\ast))$'))
    figure.legend(handles=handles, loc='lower center', ncols=4)
    figure.get_layout_engine().set(rect=(0, 0.08, 1, 0.92))
    return figure
