# SPDX-License-Identifier: GPL-3.0-or-later
"""The probability current of two weights under noise that has other
directions than the curvature, the weights that go round with it, and how far
they have gone; figure 3 of arXiv 2107.09133."""
import matplotlib.pyplot as plt
import numpy as np

from .style import OKABE_ITO, PAGE

INPUTS = (('run', ('regression-currents',)),
          ('analyze', ('regression-currents',)))
BLACK, SKY, BLUE, RED = (OKABE_ITO[i] for i in (0, 2, 4, 5))
# About the minimum, 0, with the start.
WINDOW = ((-0.05, 0.145), (-0.05, 0.05))
GRID = 61
# Relaxation times of the softer mode until the start has been forgotten.
FORGOTTEN = 3


def current_of(analysis):
    """The matrix of the current -Q U x."""
    return -analysis['current_q'] @ analysis['current_u']


def plot_plane(axes, states, analysis):
    u = analysis['current_u']
    first, second = (np.linspace(*ends, GRID) for ends in WINDOW)
    plane = np.stack(np.meshgrid(first, second), axis=-1)
    potential = np.einsum('...i,ij,...j', plane, u, plane) / 2
    x, y = np.moveaxis(plane @ current_of(analysis).T, -1, 0)
    # Of each contour the share of the density within: 1 - exp(-level).
    axes.contour(first, second, potential, levels=-np.log1p(
        -np.array([0.5, 0.95])), colors=BLACK, linewidths=0.9)
    axes.streamplot(first, second, x, y, color=SKY, linewidth=0.7,
                    density=(1.4, 0.7), arrowsize=0.7)
    axes.plot(*states.T, color=RED, linewidth=0.5)
    axes.plot(*states[0], 'o', color=RED, markersize=3)
    axes.set(xlim=WINDOW[0], ylim=WINDOW[1], aspect='equal',
             xlabel='first weight', ylabel='second weight',
             title='current, and one run')


def whitened(states, analysis):
    """Of unit covariance in the stationary state."""
    return states @ np.linalg.cholesky(analysis['current_u'])


def area_rate(analysis):
    """The mean of z x dz/dt in the stationary state: of a rotation at the rate
    w twice w, since |z|^2 has the mean 2."""
    factor = np.linalg.cholesky(analysis['current_u']).T
    turn = factor @ current_of(analysis) @ np.linalg.inv(factor)
    return turn[1, 0] - turn[0, 1]


def swept_area(states, analysis):
    """Twice the area that the whitened weights have swept, turns to the left
    being positive."""
    z = whitened(states, analysis)
    return np.concatenate([[0], np.cumsum(
        z[:-1, 0] * z[1:, 1] - z[:-1, 1] * z[1:, 0])])


def draw(files):
    (run,), (analysis,) = files
    states = run['kernel'][:, 0]
    figure, (plane, area) = plt.subplots(
        1, 2, figsize=(PAGE, 2.4), width_ratios=(5, 3),
        layout='constrained')
    plot_plane(plane, states, analysis)
    rows = run['time'] >= FORGOTTEN
    time = run['time'][rows]
    area.plot(time, swept_area(states[rows], analysis), color=RED,
              label='one run')
    area.plot(time, area_rate(analysis) * (time - time[0]), color=BLUE,
              linestyle='--', label='by the current')
    area.set(xlabel='time', ylabel='swept area, twice',
             title='how far it has gone round')
    area.legend()
    return figure
