# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of weight decay and depth in stability: regimes of networks of one
to four layers over learning rate and weight decay, beside lr_lo of the minimum
that the continuous flow reaches from their start."""
import matplotlib.pyplot as plt
import numpy as np

from restrain.plot.axes import cell_edges
from restrain.plot.shades import Shades

from .style import PAGE
from .sweep import paint, points_of

COMMAND = 'sweep'
CASES = ('mnist-depth-*',)
LAYERS = {1: 'one layer', 2: 'two layers', 3: 'three layers',
          4: 'four layers'}


def layers(sweep):
    """mnist-depth-3 has three."""
    return int(sweep.stem.split('-')[2])


def plot(axes, sweep, shades):
    paint(axes, sweep, shades.of(points_of(sweep)))
    for look in ({'color': 'white', 'linewidth': 2.4}, {'color': 'black'}):
        axes.plot(sweep['lr_lo'], sweep['weight_decay'], 'o-', markersize=3,
                  **look)
    axes.set(xscale='log', yscale='log', title=LAYERS[layers(sweep)])
    axes.grid(False)


def draw(sweeps):
    sweeps = sorted(sweeps, key=layers)
    figure, panels = plt.subplots(2, 2, figsize=(PAGE, 4.6), sharex=True,
                                  sharey=True, layout='constrained')
    shades = Shades([points_of(sweep) for sweep in sweeps])
    for axes, sweep in zip(panels.flat, sweeps):
        plot(axes, sweep, shades)
    first = sweeps[0]
    least = min(np.nanmin(sweep['lr_lo']) for sweep in sweeps)
    panels[0][0].set(
        xlim=(min(least / 1.5, first['lr'][0]), cell_edges(first['lr'])[-1]),
        ylim=cell_edges(first['weight_decay'])[[0, -1]])
    for axes in panels[:, 0]:
        axes.set_ylabel(r'weight decay $\alpha$')
    for axes in panels[-1]:
        axes.set_xlabel('learning rate lr')
    shades.draw_bar(figure, panels)
    handles = shades.handles()
    handles.append(plt.Line2D(
        [], [], color='black', marker='o', markersize=3,
        label=r'$\mathrm{lr_{lo}} = 2/\lambda_\mathrm{max}(H(K_\ast))$'))
    figure.legend(handles=handles, loc='lower center', ncols=3)
    figure.get_layout_engine().set(rect=(0, 0.08, 1, 0.92))
    return figure
