# SPDX-License-Identifier: GPL-3.0-or-later
"""Figure 3: the linearised network around both thresholds of the decay.

The k x k patches X of an N x N checkerboard are one pattern and its negative,
so that X X^T has one eigenvalue beside 0, k^2 (N-k+1)^2, and the data term of
residual a = -1/2 the curvature -(beta/4) times that.
"""
import matplotlib.pyplot as plt
import numpy as np

from .inputs import InputError, last_iteration
from .style import (ABOVE, BELOW, BETWEEN, COLUMN, legend_above, number,
                    plot_groups)

CASES = ('linear-decay-*',)
# What the threshold of figure 3 holds for, whatever the sizes.
SETTINGS = {
    'flow.kind': 'conv-linear', 'flow.image.kind': 'checkerboard',
    'flow.boundary': 'valid', 'flow.pooling': 'sum', 'flow.label': 1}


def real_limit(run):
    """The largest stable lr lambda of the run's scheme."""
    limits = {
        'euler': lambda momentum: 2,
        'nesterov': lambda momentum: 2 * (1 + momentum) / (1 + 2 * momentum)}
    scheme = run.setting('step.scheme')
    if scheme not in limits:
        raise InputError(f'{run.path} was made with step.scheme = {scheme}; '
                         f'the thresholds are known for {", ".join(limits)}')
    return limits[scheme](run.case.get('step.momentum', 0))


def draw(runs):
    first = runs[0]
    first.require(SETTINGS)
    size, kernel, beta = (first.setting(key) for key in (
        'flow.image.size', 'flow.kernel', 'flow.activation.beta'))
    alpha_min = beta / 4 * kernel**2 * (size - kernel + 1)**2
    limit = real_limit(first)
    alpha_max = limit / first.lr
    bound = f'{limit:.4g}' + r'/\mathrm{lr}'
    runs = sorted(runs, key=lambda run: run.decay)

    def curves(low, high):
        return [(f'${number(run.decay)}$', run) for run in runs
                if low <= run.decay < high]

    groups = [
        (r'$\alpha < \alpha_\mathrm{min}$', BETWEEN, curves(0, alpha_min)),
        (rf'$\alpha_\mathrm{{min}} \leq \alpha < {bound}$', BELOW,
         curves(alpha_min, alpha_max)),
        (rf'$\alpha \geq {bound}$', ABOVE, curves(alpha_max, np.inf))]
    figure, (top, bottom) = plt.subplots(
        2, 1, figsize=(COLUMN, 4.2), layout='constrained', sharex=True)
    legend_above(
        top, plot_groups(top, groups, 'weight_norm'),
        r'weight decay $\alpha$; '
        rf'$\alpha_\mathrm{{min}} = {number(alpha_min)}$, '
        rf'${bound} = {number(alpha_max)}$')
    plot_groups(bottom, groups, 'loss')
    # Curves that grow or decay beyond the decades that tell the others apart
    # leave the panels.
    norm, loss = first['weight_norm'][0], abs(first['loss'][0])
    top.set(yscale='log', ylabel=r'weight norm $\Vert K \Vert$',
            ylim=(1e-12 * norm, 1e9 * norm), xlim=(0, last_iteration(runs)))
    bottom.set_yscale('symlog', linthresh=1)
    bottom.set_yticks([-1e12, -1e8, -1e4, 0, 1e4, 1e8, 1e12, 1e16])
    bottom.set(xlabel='iteration', ylabel='loss $L(K)$',
               ylim=(-1e2 * loss, 1e6 * loss))
    return figure
