# SPDX-License-Identifier: GPL-3.0-or-later
"""Table 3 of the journal's text along runs: the share of positions where the
activation is linear, in transition or off, each with a bound of its own on the
weight decay. Only in transition can the flow itself grow."""
import matplotlib.pyplot as plt

from .nonlinear import SETTINGS
from .style import COLUMN, OKABE_ITO

CASES = ('sharpness-lr-*',)
# Of label 1, one image, whose mean is 0 for a checkerboard.
REGIMES = (
    ('activated', OKABE_ITO[1], r'activated: $\alpha < 2/\mathrm{lr}$'),
    ('transitioning', OKABE_ITO[5],
     r'in transition: $\alpha$ within the linear bounds'),
    ('not_activated', OKABE_ITO[4],
     r'not activated: $\alpha < 2/\mathrm{lr}$'))


def plot(axes, run):
    axes.stackplot(run['iteration'],
                   *(run[f'layer_{name}'][0] for name, _, _ in REGIMES),
                   colors=[colour for _, colour, _ in REGIMES],
                   step='post', linewidth=0)
    axes.set(ylim=(0, 1), yticks=(0, 0.5, 1), xlim=run['iteration'][[0, -1]])
    axes.set_ylabel(f'lr = {run.lr:g}', rotation=0, ha='right', va='center')
    axes.grid(False)


def draw(runs):
    runs = sorted(runs, key=lambda run: run.lr)
    runs[0].require({**SETTINGS, 'step.scheme': 'euler'})
    figure, panels = plt.subplots(len(runs), 1, figsize=(COLUMN, 3.6),
                                  sharex=True, layout='constrained')
    for axes, run in zip(panels, runs):
        plot(axes, run)
    panels[0].set_title('share of positions')
    panels[-1].set_xlabel('iteration')
    figure.legend(
        handles=[plt.Rectangle((0, 0), 1, 1, facecolor=colour, label=label)
                 for _, colour, label in REGIMES],
        loc='lower center')
    figure.get_layout_engine().set(rect=(0, 0.18, 1, 0.82))
    return figure
