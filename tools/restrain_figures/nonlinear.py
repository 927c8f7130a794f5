# SPDX-License-Identifier: GPL-3.0-or-later
"""Figure 4 left: the one-layer network, losses around both thresholds."""
import matplotlib.pyplot as plt
import numpy as np

from .inputs import last_iteration
from .style import ABOVE, BELOW, BETWEEN, COLUMN, legend_above, plot_groups

CASES = ('nonlinear-lr-*',)
# 2/lambda_max(H(K*)), H(K*) the Hessian of the loss at the minimum where the
# stable runs end, for the settings of figure 4 left. On the checkerboard the
# loss depends on one projection of K alone; the minimum and the curvature of
# that function of one variable give lambda_max = 61.9972749916.
LR_LO = 0.0322594823767
SETTINGS = {
    'flow.kind': 'conv', 'flow.image.kind': 'checkerboard',
    'flow.image.size': 256, 'flow.kernel': 32, 'flow.boundary': 'valid',
    'flow.pooling': 'mean', 'flow.activation.kind': 'swish',
    'flow.activation.beta': 1, 'flow.label': 1, 'step.weight_decay': 20}


def draw(runs):
    first = runs[0]
    first.require(SETTINGS)
    lr_hi = 2 / first.decay
    runs = sorted(runs, key=lambda run: run.lr)

    def curves(low, high):
        return [(f'lr = {run.lr:g}', run) for run in runs
                if low <= run.lr < high]

    groups = [
        (r'$\mathrm{lr} < \mathrm{lr_{lo}}$', BELOW, curves(0, LR_LO)),
        (r'$\mathrm{lr_{lo}} \leq \mathrm{lr} < \mathrm{lr_{hi}}$', BETWEEN,
         curves(LR_LO, lr_hi)),
        (r'$\mathrm{lr} \geq \mathrm{lr_{hi}}$', ABOVE, curves(lr_hi, np.inf))]
    figure, axes = plt.subplots(figsize=(COLUMN, 3.2), layout='constrained')
    legend_above(
        axes, plot_groups(axes, groups, 'loss'),
        rf'$\mathrm{{lr_{{lo}}}} = 2/\lambda_\mathrm{{max}} = {LR_LO:.4g}$, '
        rf'$\mathrm{{lr_{{hi}}}} = 2/\alpha = {lr_hi:g}$')
    # Diverging curves leave at the top.
    axes.set(xscale='log', yscale='log', xlabel='iteration',
             ylabel='loss $L(K)$', xlim=(1, last_iteration(runs)),
             ylim=(0.1, 100 * first['loss'][0]))
    return figure
