# SPDX-License-Identifier: GPL-3.0-or-later
"""What the iteration settles on over the learning rate and over the weight
decay, with regimes and the leading Lyapunov exponent.

On the checkerboard all responses are +c or -c, c = sum K I over one patch, and
a minimum is K = c I/k^2. Where E(c) is the data term, dL/dc = 0 there gives
alpha = -k^2 E'(c)/c, and lambda_max(H) = k^2 E''(c) + alpha. Of two minima,
whose limits differ by 2e-5, the runs end at the one where one response more is
negative than positive.
"""
import matplotlib.pyplot as plt
import numpy as np

from restrain.plot.style import REGIMES

from .nonlinear import SETTINGS
from .style import OKABE_ITO, PAGE

COMMAND = 'bifurcate'
CASES = ('bifurcation-*',)
AXES = {'lr': ('learning rate lr', 'step.weight_decay', r'$\alpha$'),
        'weight_decay': (r'weight decay $\alpha$', 'step.lr', 'lr')}


def minima(run):
    """(alpha, lambda_max) along the minima, by |c| falling."""
    size, kernel, beta = (run.setting(f'flow.{key}') for key in (
        'image.size', 'kernel', 'activation.beta'))
    count = (size - kernel + 1)**2
    share = np.array([count // 2, (count + 1) // 2])[:, None] / count
    c = np.geomspace(100, 1e-3, 200001)
    z = np.array([c, -c])
    sigma = 1 / (1 + np.exp(-beta * z))
    decline = beta * sigma * (1 - sigma)
    slope = sigma + z * decline
    bend = decline * (2 + beta * z * (1 - 2 * sigma))
    pooled = (share * z * sigma).sum(axis=0)
    first = (share * slope * [[1], [-1]]).sum(axis=0)
    second = (share * bend).sum(axis=0)
    missing = 1 / (1 + np.exp(pooled))
    alpha = kernel**2 * missing * first / c
    curvature = missing * ((1 - missing) * first**2 - second)
    return alpha, kernel**2 * curvature + alpha


def crossings(x, y):
    """x where y changes sign, by linear interpolation."""
    place = np.flatnonzero(np.sign(y[1:]) != np.sign(y[:-1]))
    return x[place] - y[place] * np.diff(x)[place] / np.diff(y)[place]


def limits(run, parameter):
    """(text, value) where the minimum becomes unstable, and where the decay
    alone does."""
    alpha, largest = minima(run)
    if parameter == 'lr':
        low = 2 / crossings(largest, alpha - run.decay)
        names = (r'$\mathrm{lr_{lo}}$', r'$\mathrm{lr_{hi}}$')
        high = 2 / run.decay
    else:
        low = crossings(alpha, run.lr * largest - 2)
        names = (r'$\mathrm{lr_{lo}} = \mathrm{lr}$',
                 r'$\mathrm{lr_{hi}} = \mathrm{lr}$')
        high = 2 / run.lr
    return [(names[0], value) for value in low] + [(names[1], high)]


def plot(panels, run):
    strip, diagram, exponent = panels
    parameter = 'lr' if 'lr' in run.data else 'weight_decay'
    values, words = run[parameter], run.words('regime')
    middle = (values[1:] + values[:-1]) / 2
    edges = np.concatenate([[values[0]], middle, [values[-1]]])
    for index, word in enumerate(words):
        strip.axvspan(edges[index], edges[index + 1], linewidth=0,
                      color=REGIMES[word])
    observed = run['residual']
    diagram.plot(np.repeat(values, observed.shape[1]), observed.ravel(), '.',
                 color='black', alpha=0.5, markersize=0.8, markeredgewidth=0,
                 rasterized=True)
    exponent.axhline(0, color=OKABE_ITO[5], linewidth=0.8, linestyle='--')
    exponent.plot(values, run['lyapunov'], color='black', linewidth=0.6)
    name, other, symbol = AXES[parameter]
    for text, value in limits(run, parameter):
        if not values[0] <= value <= values[-1]:
            continue
        for axes in (diagram, exponent):
            axes.axvline(value, color=OKABE_ITO[4], linewidth=0.8,
                         linestyle='-.')
        strip.annotate(f'{text}\n{value:.4g}', (value, 1), (0, 2),
                       xycoords=('data', 'axes fraction'),
                       textcoords='offset points', ha='center', fontsize=7,
                       color=OKABE_ITO[4])
    strip.set(yticks=[], xlim=(values[0], values[-1]))
    strip.grid(False)
    strip.set_title(f'{symbol} = {run.setting(other):g}', pad=24)
    exponent.set_xlabel(name)
    return set(words)


def draw_order(runs):
    return sorted(runs, key=lambda run: 'lr' not in run.data)


def draw(runs):
    runs = draw_order(runs)
    for run in runs:
        run.require({key: value for key, value in SETTINGS.items()
                     if key != 'step.weight_decay'})
    figure, panels = plt.subplots(
        3, len(runs), figsize=(PAGE, 4.6), layout='constrained',
        sharex='col', sharey='row', height_ratios=(0.4, 4, 3), squeeze=False)
    words = set()
    for run, column in zip(runs, panels.T):
        words |= plot(column, run)
    panels[1][0].set_ylabel('residual $a$')
    panels[2][0].set_ylabel('Lyapunov exponent\n[1/iteration]')
    figure.legend(
        handles=[plt.Rectangle((0, 0), 1, 1, color=colour, label=word)
                 for word, colour in REGIMES.items() if word in words],
        loc='lower center', ncols=6, columnspacing=1)
    figure.get_layout_engine().set(rect=(0, 0.05, 1, 0.95))
    return figure
