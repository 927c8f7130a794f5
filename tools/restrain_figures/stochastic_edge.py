# SPDX-License-Identifier: GPL-3.0-or-later
"""The edge of stochastic stability: batch sharpness, sharpness and
gradient-noise interaction along SGD, beside the limits."""
import matplotlib.pyplot as plt
import numpy as np

from .style import OKABE_ITO, PAGE

CASES = ('stochastic-edge', 'stochastic-edge-*')
BLACK, SKY, BLUE, RED = (OKABE_ITO[i] for i in (0, 2, 4, 5))


def momentum_of(run):
    return (run.case.get('step.momentum', 0)
            if run.setting('step.scheme') != 'euler' else 0)


def heading(run):
    words = [f'batches of {run.setting("sampling.batch"):g}',
             f'lr = {run.lr:g}']
    if momentum_of(run):
        words.append(rf'$\mu$ = {momentum_of(run):g}')
    return ', '.join(words)


def limits(run):
    """(value, label) of each."""
    mu = momentum_of(run)
    if mu == 0:
        return [(2 / run.lr, '2/lr')]
    return [(2 * (1 - mu) / run.lr, r'2(1$-\mu$)/lr'), (2 / run.lr, '2/lr'),
            (2 * (1 + mu) / run.lr, r'2(1$+\mu$)/lr')]


def measured(run, name):
    """The rows that have a number: iterations and values."""
    rows = np.isfinite(run[name])
    return run['iteration'][rows], run[name][rows]


def interaction(run, share=0.1):
    """As a ratio of time means, over windows of a share of the run that end
    at each measurement."""
    iteration, curvature = measured(run, 'noise_curvature')
    _, slope = measured(run, 'objective_grad_norm')
    width = max(int(share * len(iteration)), 1)
    ones = np.ones(width)
    return iteration[width - 1:], (np.convolve(curvature, ones, 'valid')
                                   / np.convolve(slope**2, ones, 'valid'))


def plot_sharpness(axes, run):
    iteration, sharpness = measured(run, 'batch_sharpness')
    error = run['batch_sharpness_error'][np.isin(run['iteration'], iteration)]
    axes.fill_between(iteration, sharpness - 2 * error, sharpness + 2 * error,
                      color=RED, alpha=0.3, linewidth=0)
    axes.plot(*interaction(run), color=SKY)
    axes.plot(iteration, sharpness, color=RED, linewidth=0.8)
    axes.plot(*measured(run, 'sharpness'), color=BLUE, linewidth=0.8)
    for value, label in limits(run):
        axes.axhline(value, color=BLACK, linestyle='--', linewidth=0.8)
        axes.annotate(label, (1, value), xycoords=('axes fraction', 'data'),
                      xytext=(2, 0), textcoords='offset points', ha='left',
                      va='center', fontsize=7)
    axes.set(xlim=(0, run['iteration'][-1]), xlabel='iteration')
    if momentum_of(run):
        axes.set_yscale('log')
        axes.set_ylim(1, 2 * value)
    else:
        axes.set_ylim(0, 1.6 * value)


def draw(runs):
    runs = sorted(runs, key=lambda run: (momentum_of(run),
                                         run.setting('sampling.batch')))
    figure, panels = plt.subplots(
        2, len(runs), figsize=(PAGE, 4), layout='constrained', sharex='col',
        height_ratios=(1, 2), squeeze=False)
    for run, loss, sharpness in zip(runs, *panels):
        loss.semilogy(run['evaluation'], run['train_loss'], color=BLACK,
                      linewidth=0.8)
        loss.set_title(heading(run))
        plot_sharpness(sharpness, run)
    panels[0][0].set_ylabel('mean loss')
    panels[1][0].set_ylabel('curvature')
    figure.legend(
        handles=[
            plt.Line2D([], [], color=RED,
                       label='batch sharpness $\\pm$ 2 standard errors'),
            plt.Line2D([], [], color=BLUE,
                       label=r'sharpness $\lambda_\mathrm{max}(H)$'),
            plt.Line2D([], [], color=SKY,
                       label='gradient-noise interaction, ratio of means'),
            plt.Line2D([], [], color=BLACK, linestyle='--', label='limits')],
        loc='lower center', ncols=4)
    figure.get_layout_engine().set(rect=(0, 0.06, 1, 0.94))
    return figure
