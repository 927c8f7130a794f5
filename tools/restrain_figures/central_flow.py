# SPDX-License-Identifier: GPL-3.0-or-later
"""The central flow beside gradient descent: loss and sharpness of the run,
their moving averages, and what the flow predicts of them."""
import matplotlib.pyplot as plt
import numpy as np

from .style import OKABE_ITO, PAGE

CASES = ('central-flow-*',)
TITLES = {'central-flow-network': 'network at its edge',
          'central-flow-1.02': r'one layer, 1.02 lr$_\mathrm{lo}$',
          'central-flow-1.1': r'one layer, 1.1 lr$_\mathrm{lo}$',
          'central-flow-chaos': 'one layer, chaos'}
BLACK, ORANGE, SKY, BLUE, RED = (OKABE_ITO[i] for i in (0, 1, 2, 4, 5))
# Without the first updates, in which the loss falls by decades.
SHOWN = {'central-flow-network': (100, 500), 'central-flow-1.02': (30, 70),
         'central-flow-1.1': (30, 70), 'central-flow-chaos': (30, 200)}
WINDOW = 20


def moving_average(run, scalar):
    """Over WINDOW updates, at the middle of each."""
    ones = np.ones(WINDOW)
    iteration = run['iteration']
    return (np.convolve(iteration, ones / WINDOW, 'valid'),
            np.convolve(run[scalar], ones / WINDOW, 'valid'))


def plot(axes, run, scalar, predicted):
    axes.plot(run['iteration'], run[scalar], color=SKY, linewidth=0.5)
    axes.plot(*moving_average(run, scalar), color=BLUE)
    axes.plot(run['iteration'], run[predicted], color=RED, linestyle='--')


def shown(run):
    first, last = SHOWN[run.stem]
    return first, min(last, run['iteration'][-1])


def limits(run, names):
    """Of what is shown, with some air."""
    first, last = shown(run)
    rows = (run['iteration'] >= first) & (run['iteration'] <= last)
    values = np.concatenate([run[name][rows] for name in names])
    low, high = np.nanmin(values), np.nanmax(values)
    return low - 0.05 * (high - low), high + 0.05 * (high - low)


def draw_run(run, loss, sharpness):
    plot(loss, run, 'loss', 'central_loss_average')
    loss.plot(run['iteration'], run['central_loss'], color=ORANGE,
              linewidth=0.8)
    loss.set_title(f'{TITLES[run.stem]}\nlr = {run.lr:.4g}')
    loss.set_ylim(limits(run, ('loss', 'central_loss',
                               'central_loss_average')))
    plot(sharpness, run, 'sharpness', 'central_sharpness')
    sharpness.axhline(2 / run.lr, color=BLACK, linestyle=':', linewidth=0.8)
    sharpness.set_ylim(limits(run, ('sharpness', 'central_sharpness')))
    sharpness.set(xlim=shown(run), xlabel='iteration')


def draw(runs):
    order = list(TITLES)
    runs = sorted(runs, key=lambda run: order.index(run.stem))
    figure, panels = plt.subplots(
        2, len(runs), figsize=(PAGE, 3.8), layout='constrained', sharex='col')
    for run, loss, sharpness in zip(runs, *panels):
        draw_run(run, loss, sharpness)
    panels[0][0].set_ylabel('loss $L$')
    panels[1][0].set_ylabel(r'sharpness $\lambda_\mathrm{max}(H)$')
    figure.legend(
        handles=[
            plt.Line2D([], [], color=SKY, linewidth=0.5,
                       label='gradient descent'),
            plt.Line2D([], [], color=BLUE,
                       label=f'its mean over {WINDOW} updates'),
            plt.Line2D([], [], color=RED, linestyle='--',
                       label='central flow: predicted'),
            plt.Line2D([], [], color=ORANGE, linewidth=0.8,
                       label='loss at its state'),
            plt.Line2D([], [], color=BLACK, linestyle=':', linewidth=0.8,
                       label='2/lr')],
        loc='lower center', ncols=5)
    figure.get_layout_engine().set(rect=(0, 0.07, 1, 0.93))
    return figure
