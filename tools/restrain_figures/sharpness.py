# SPDX-License-Identifier: GPL-3.0-or-later
"""Figure 6 of the journal's text: the normalised sharpness lr lambda_max
along runs of the one-layer network, beside the limit 2 of gradient descent."""
import matplotlib.pyplot as plt

from .inputs import last_iteration
from .nonlinear import LR_LO, SETTINGS
from .style import BELOW, BETWEEN, COLUMN, legend_above, plot_groups

CASES = ('sharpness-lr-*',)
LIMIT = 2


class Normalised:
    """A run whose sharpness is multiplied by its learning rate."""

    def __init__(self, run):
        self.lr = run.lr
        self.iteration = run['iteration'][1:]
        self.sharpness = run.lr * run['sharpness'][1:]

    def __getitem__(self, name):
        return getattr(self, name)


def draw(runs):
    runs[0].require({**SETTINGS, 'step.scheme': 'euler'})
    curves = [(f'lr = {run.lr:g}', Normalised(run))
              for run in sorted(runs, key=lambda run: run.lr)]
    groups = [
        (r'$\mathrm{lr} < \mathrm{lr_{lo}}$', BELOW,
         [curve for curve in curves if curve[1].lr < LR_LO]),
        (r'$\mathrm{lr} \geq \mathrm{lr_{lo}}$', BETWEEN,
         [curve for curve in curves if curve[1].lr >= LR_LO])]
    figure, axes = plt.subplots(figsize=(COLUMN, 3.2), layout='constrained')
    axes.axhline(LIMIT, color='black', linestyle=':', zorder=0)
    legend_above(axes, plot_groups(axes, groups, 'sharpness'),
                 r'$\mathrm{lr_{lo}} = 2/\lambda_\mathrm{max}(H(K_\ast)) = '
                 rf'{LR_LO:.4g}$')
    axes.set(xscale='log', yscale='log', xlabel='iteration',
             ylabel=r'$\mathrm{lr}\ \lambda_\mathrm{max}(H(K_t))$',
             xlim=(1, last_iteration(runs)))
    return figure
