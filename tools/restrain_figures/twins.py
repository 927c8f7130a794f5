# SPDX-License-Identifier: GPL-3.0-or-later
"""Figure 4 right: two runs that differ in their last bits, for learning rates
around the first threshold, and in single precision."""
import matplotlib.pyplot as plt
import numpy as np

from .inputs import last_iteration
from .nonlinear import LR_LO, SETTINGS
from .style import BELOW, BETWEEN, COLUMN, legend_above, plot_groups

CASES = ('nonlinear-lr-0.0*', 'float-lr-*')
SINGLE = ('Purples', '--')
AVERAGE = 100
# Twins of equal bits are drawn at the lower edge.
EDGE = 1e-18


def draw(runs):
    for run in runs:
        run.require({**SETTINGS, 'twin.average': AVERAGE})
    runs = sorted(runs, key=lambda run: run.lr)

    def curves(low, high, precision='double'):
        return [(f'lr = {run.lr:g}', run) for run in runs
                if low <= run.lr < high
                and run.setting('flow.precision') == precision]

    groups = [
        (r'$\mathrm{lr} < \mathrm{lr_{lo}}$', BELOW, curves(0, LR_LO)),
        (r'$\mathrm{lr} \geq \mathrm{lr_{lo}}$', BETWEEN,
         curves(LR_LO, np.inf)),
        ('single precision', SINGLE, curves(0, np.inf, 'float'))]
    figure, axes = plt.subplots(figsize=(COLUMN, 3.2), layout='constrained')
    legend_above(
        axes, plot_groups(axes, groups, ('twin_difference_average', '3')),
        rf'$\mathrm{{lr_{{lo}}}} = 2/\lambda_\mathrm{{max}} = {LR_LO:.4g}$; '
        'twins by the divisor 3')
    for line in axes.lines:
        line.set_ydata(np.maximum(line.get_ydata(), EDGE))
    axes.axhline(2, color='black', linewidth=0.6, linestyle=':')
    axes.text(1.2, 3, 'opposite signs', fontsize=7, va='bottom')
    axes.text(1.2, 1.5 * EDGE, 'equal bits', fontsize=7, va='bottom')
    axes.set(xscale='log', yscale='log', xlabel='iteration',
             xlim=(1, last_iteration(runs)), ylim=(EDGE, 100),
             ylabel='relative difference of weights,\n'
                    f'mean over {AVERAGE} iterations')
    return figure
