# SPDX-License-Identifier: GPL-3.0-or-later
"""Figure 7 of the journal's text: networks of one and of three layers on the
digits 0 and 1 without weight decay."""
import matplotlib
import matplotlib.pyplot as plt

from .inputs import last_iteration
from .style import PAGE

CASES = ('mnist-[13]-no-decay-lr-*',)
LAYERS = {1: 'one layer', 3: 'three layers'}


def layers(run):
    """mnist-3-... has three."""
    return int(run.stem.split('-')[1])


def draw(runs):
    runs = sorted(runs, key=lambda run: run.lr)
    figure, panels = plt.subplots(1, 2, figsize=(PAGE, 2.6),
                                  layout='constrained')
    for axes, (count, title) in zip(panels, LAYERS.items()):
        shown = [run for run in runs if layers(run) == count]
        for place, run in enumerate(shown):
            axes.plot(run['iteration'], run['loss'], linewidth=0.6,
                      color=matplotlib.colormaps['viridis_r'](
                          0.1 + 0.9 * place / len(shown)),
                      label=f'lr = {run.lr:g}')
        axes.set(title=f'{title}, no decay', xscale='log',
                 xlabel='iteration', xlim=(1, last_iteration(shown)))
    panels[0].set_ylabel('loss $L$')
    panels[0].legend(loc='lower left')
    return figure
