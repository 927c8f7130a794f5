# SPDX-License-Identifier: GPL-3.0-or-later
"""Anomalous diffusion of linear regression under noise: how the mean square
displacement and its exponent depend on learning rate, batch and momentum;
figure 7 of arXiv 2107.09133."""
import matplotlib.pyplot as plt
import numpy as np

from .style import OKABE_ITO, PAGE

CASES = ('regression-diffusion', 'regression-diffusion-*')
INPUTS = (('run', CASES), ('analyze', CASES))
BLACK, RED = OKABE_ITO[0], OKABE_ITO[5]
PANELS = (('lr-0.05', 'learning rate', 'step.lr'),
          ('batch-16', 'batch', 'sampling.batch'),
          ('momentum', 'momentum', 'step.momentum'))
# Updates over which exponents are fitted.
FIT = (100, 4000)


def displacement(run):
    """(iterations, mean square over the members)."""
    rows = run['iteration'] > 0
    square = (run['member_displacement'][:, rows]**2).mean(axis=0)
    return run['iteration'][rows], square


def exact_displacement(analysis):
    """From a start at the minimum: the sum of the modes' variances."""
    rows = analysis['update'] > 0
    return (analysis['update'][rows],
            (analysis['band_deviation'][rows]**2).sum(axis=1))


def exponent(analysis):
    """Of the exact displacement, by least squares of the logarithms."""
    update, square = exact_displacement(analysis)
    rows = (update >= FIT[0]) & (update <= FIT[1])
    return np.polyfit(np.log(update[rows]), np.log(square[rows]), 1)[0]


def plot(axes, run, analysis, label, colour):
    c = exponent(analysis)
    axes.plot(*displacement(run), 'o', color=colour, markersize=2,
              alpha=0.5, markevery=0.04)
    axes.plot(*exact_displacement(analysis), color=colour, linewidth=0.9,
              label=f'{label}, $t^{{{c:.2f}}}$')


def draw(files):
    runs, analyses = ({file.stem: file for file in some} for some in files)
    figure, panels = plt.subplots(1, 3, figsize=(PAGE, 2.5), sharey=True,
                                  layout='constrained')
    base = 'regression-diffusion'
    for axes, (name, title, key) in zip(panels, PANELS):
        for stem, colour in ((base, BLACK), (f'{base}-{name}', RED)):
            value = 0 if key == 'step.momentum' and stem == base \
                else runs[stem].setting(key)
            plot(axes, runs[stem], analyses[stem], f'{value:g}', colour)
        axes.set(xscale='log', yscale='log', title=title,
                 xlabel='iteration')
        axes.legend()
    panels[0].set_ylabel('mean square displacement')
    return figure
