# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures 3 and 10 of the journal's text, in kind: how twins part that differ
in their last bits, for each tensor of a residual network over its epochs, and
for learning rates that fall while the time stays; and the accuracy of these
runs, which rises where the twins stay together, too."""
import matplotlib.pyplot as plt
import numpy as np

from .style import OKABE_ITO, PAGE

INPUTS = (('run', ('perturbed-residual',)), ('run', ('perturbed-lr-*',)))
# Twins of equal bits are drawn at the lower edge.
EDGE = 1e-9


def epoch(run):
    """Iterations of an epoch, one evaluation each."""
    return run['evaluation'][1]


def plot_tensors(axes, run):
    epochs = run['iteration'] / epoch(run)
    weights = [name for name in run.data
               if name.startswith('tensor_difference/')
               and run[name.split('/')[1]].ndim == 5]
    colours = plt.get_cmap('viridis')(np.linspace(0, 0.9, len(weights)))
    for name, colour in zip(weights, colours):
        axes.plot(epochs, run[name, '3'], color=colour, linewidth=0.6)
    axes.plot(epochs, run['twin_difference', '3'], color='black',
              label='all weights')
    axes.plot([], [], color=colours[0], linewidth=0.6,
              label='kernels, first to last')
    axes.set(xlabel='epoch', ylabel='relative difference of weights',
             title='ResNet-8, divisors 1 and 3', xlim=(0, epochs[-1]),
             ylim=(0, None))
    axes.legend(loc='lower right')


def plot_rates(axes, runs):
    for run, colour in zip(runs, OKABE_ITO[1:]):
        share = run['iteration'] / run['iteration'][-1]
        axes.plot(100 * share, np.maximum(run['twin_difference', '3'], EDGE),
                  color=colour, label=f'lr = {run.lr:g}')
    axes.set(yscale='log', xlabel='iteration, scaled', xlim=(0, 100),
             ylim=(EDGE, 3), title='learning rate falls, time stays')
    axes.legend(loc='lower right')


def plot_accuracies(axes, runs):
    for run, colour in zip(runs, OKABE_ITO[1:]):
        share = run['evaluation'] / run['iteration'][-1]
        axes.plot(100 * share, 100 * run['test_accuracy'], color=colour)
    axes.set(xlabel='iteration, scaled', xlim=(0, 100),
             ylabel='test accuracy, %', title='accuracy of these runs')


def draw(files):
    (residual,), runs = files
    runs = sorted(runs, key=lambda run: -run.lr)
    figure, (left, middle, right) = plt.subplots(
        1, 3, figsize=(PAGE, 2.6), layout='constrained')
    plot_tensors(left, residual)
    plot_rates(middle, runs)
    plot_accuracies(right, runs)
    return figure
