# SPDX-License-Identifier: GPL-3.0-or-later
"""Figure 1: the heat equation below and beyond the step limit.

The legend published there calls t = 100 '40'.
"""
import matplotlib.pyplot as plt
import numpy as np

from .style import OKABE_ITO, PAGE

CASES = ('heat-*stable',)


def draw(runs):
    early, late = (0, 0.8, 2.4, 4), (100, 200, 800)
    colours = dict(zip(early + late, OKABE_ITO))
    figure, panels = plt.subplots(1, len(runs), figsize=(PAGE, 2.3),
                                  layout='constrained', sharey=True)
    curves = {}
    for axes, run in zip(panels, sorted(runs, key=lambda run: run.lr)):
        x, profiles = run['x'], np.abs(run['kernel'])
        stable = profiles[-1].max() <= profiles[0].max()
        for time in early + late if stable else early:
            curves[time], = axes.plot(
                x, run.profile_at(time), '.-', color=colours[time],
                markersize=3, label=f't = {time:g}')
        word = 'stable' if stable else 'unstable'
        axes.set(title=f'dt = {run.lr:g}: {word}', xlabel='x',
                 xlim=(x[0], x[-1]))
    panels[0].set_ylabel('u(t, x)')
    panels[-1].legend(handles=list(curves.values()), loc='center left',
                      bbox_to_anchor=(1, 0.5), handlelength=1.5)
    return figure
