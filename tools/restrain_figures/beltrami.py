# SPDX-License-Identifier: GPL-3.0-or-later
"""Figure 2 of the journal's text: the Beltrami flow beyond its step limit.

Each panel shows the signal, which is the start, and the state a few steps
later; the band is the signal with the amplitude of saturated fluxes that
alternate, 2 lr/(h (2 - lr lambda)), where lr is below lr_hi = 2/lambda.
"""
import matplotlib.pyplot as plt
import numpy as np

from .style import OKABE_ITO, PAGE

CASES = ('beltrami-10*',)
EARLY = (3, 5)


def amplitude(run):
    """Half the width of the band; NaN beyond lr_hi."""
    rate = run.setting('flow.fidelity') + run.decay
    spacing = run.setting('flow.diffusion.spacing')
    left = 2 - run.lr * rate
    return 2 * run.lr / (spacing * left) if left > 0 else np.nan


def draw(runs):
    runs = sorted(runs, key=lambda run: run.lr)
    figure, panels = plt.subplots(1, len(runs), figsize=(PAGE, 2.3),
                                  layout='constrained')
    for axes, run in zip(panels, runs):
        x, signal = run['x'], run.field_at('kernel', 0)[0]
        height = amplitude(run)
        if height == height:
            axes.fill_between(x, signal - height, signal + height,
                              color=OKABE_ITO[2], alpha=0.3, linewidth=0,
                              label='saturated fluxes')
        axes.plot(x, signal, color=OKABE_ITO[0], label='signal')
        last = int(run['step'][-1])
        bounded = height == height
        for step, colour in zip((*EARLY, last) if bounded else EARLY,
                                (OKABE_ITO[1], OKABE_ITO[4], OKABE_ITO[5])):
            axes.plot(x, run.field_at('kernel', step)[0], color=colour,
                      linewidth=0.6, label=f'after {step} steps')
        axes.set(title=f'lr = {run.lr:g}: '
                 + ('bounded' if bounded else 'divergent'),
                 xlabel='x', xlim=(x[0], x[-1]))
    panels[0].set_ylabel('u(x)')
    panels[-1].legend(*panels[0].get_legend_handles_labels(),
                      loc='center left', bbox_to_anchor=(1, 0.5),
                      handlelength=1.2)
    return figure
