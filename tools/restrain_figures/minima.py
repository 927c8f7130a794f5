# SPDX-License-Identifier: GPL-3.0-or-later
"""Thresholds 2/lambda_max at the minima that the continuous flow reaches, over
depth, at each weight decay, from several random starts: depth lowers them by
orders of magnitude, decay raises them where there is depth."""
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import MaxNLocator

from .depth import layers
from .style import COLUMN, OKABE_ITO

COMMAND = 'sweep'
CASES = ('mnist-minima-*',)
COLOURS = (OKABE_ITO[4], OKABE_ITO[5])


def thresholds(sweeps):
    """Depth, decay and lr_lo [seed] of each row of the table."""
    return [(layers(sweep), decay, sweep['lr_lo'][:, place])
            for sweep in sorted(sweeps, key=layers)
            for place, decay in enumerate(sweep['weight_decay'])]


def tabulate(sweeps):
    seeds = (f'seed {seed:g}' for seed in sweeps[0]['seed'])
    return [('layers', 'decay', *seeds),
            *((f'{depth}', f'{decay:g}', *map('{:.6g}'.format, limits))
              for depth, decay, limits in thresholds(sweeps))]


def draw(sweeps):
    figure, axes = plt.subplots(figsize=(COLUMN, 2.8), layout='constrained')
    rows = thresholds(sweeps)
    decays = sorted({decay for _, decay, _ in rows})
    for decay, colour, side in zip(decays, COLOURS, (-1, 1)):
        # Starts stand side by side, since some end in one minimum.
        for depth, limits in ((depth, limits) for depth, other, limits in rows
                              if other == decay):
            places = depth + side * np.linspace(0.08, 0.32, len(limits))
            axes.plot(places, limits, 'o', color=colour, markersize=4)
        axes.plot([], [], 'o', color=colour, markersize=4,
                  label=rf'$\alpha = {decay:g}$')
        axes.axhline(2 / decay, color=colour, linestyle='--', linewidth=0.8,
                     label=rf'$2/\alpha = {2 / decay:g}$')
    axes.set(yscale='log', xlabel='layers',
             ylabel=r'$\mathrm{lr_{lo}} = 2/\lambda_\mathrm{max}(H(K_\ast))$')
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend()
    return figure
