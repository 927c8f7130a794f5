# SPDX-License-Identifier: GPL-3.0-or-later
"""Twins part as their linearisation says: distances, and the product of the
local growths of an infinitesimal perturbation."""
import matplotlib.pyplot as plt
import numpy as np

from .style import COLUMN, OKABE_ITO

CASES = ('restrained-*',)
COLOURS = (OKABE_ITO[5], OKABE_ITO[1], OKABE_ITO[4])
IMAGES = {'checkerboard': 'checkerboard', 'gaussian-field': 'natural spectrum'}
# The product goes on growing where the twins cannot.
BEYOND = 100


def growing(distance, plateau):
    """The states between rounding, ten times the first distance, and 1 % of
    the plateau, where differences are small: rst_divergence."""
    end = int(np.argmax(distance >= 0.01 * plateau))
    start = distance[distance > 0][0]
    low = np.flatnonzero(distance[:end] <= 10 * start)
    return slice(int(low[-1]) if low.size else 0, end + 1)


def slope(values):
    return np.polyfit(np.arange(len(values)), values, 1)[0]


def plot(axes, run, twin, colour):
    """A twin and its linearisation; the last iteration worth showing."""
    iteration, distance = run['iteration'], run['twin_distance', twin]
    plateau = run['twin_plateau', twin]
    phase = growing(distance, plateau)
    # Row t of a scalar belongs to the update from t.
    product = np.append(0, np.cumsum(np.log(run['local_growth'][:-1])))
    with np.errstate(divide='ignore'):
        measured = np.log(distance)
    product += (measured - product)[phase].mean()
    shown = slice(0, 1 + int(np.argmax(
        product > np.log(BEYOND * plateau))) or None)
    image = IMAGES[run.setting('flow.image.kind')]
    name = 'single precision' if twin == 'float' else f'divisor {twin}'
    end = 1 + int(np.nan_to_num(run['twin_saturation', twin],
                                nan=iteration[-1]))
    distance = np.where(distance > 0, distance, np.nan)
    axes.plot(iteration[:end], distance[:end], color=colour, linewidth=2,
              alpha=0.6, solid_capstyle='butt',
              label=f'{image}, {name}: {run["twin_growth_rate", twin]:.3f}, '
              f'{slope(product[phase]):.3f}')
    # As far apart as two runs get: nothing more is told.
    axes.plot(iteration[end - 1:], distance[end - 1:], color=colour,
              linewidth=0.5, alpha=0.35)
    axes.plot(iteration[shown], np.exp(product[shown]), '--', color='black',
              linewidth=0.7)
    return end - 1


def draw(runs):
    figure, axes = plt.subplots(figsize=(COLUMN, 3.4), layout='constrained')
    curves = [(run, twin) for run in runs for twin in run.twins()]
    last = max(plot(axes, run, twin, colour)
               for (run, twin), colour in zip(curves, COLOURS))
    axes.set(yscale='log', xlim=(0, 1.5 * last), xlabel='iteration',
             ylabel=r'distance of twins $\Vert A - B \Vert$')
    handles = axes.get_legend_handles_labels()[0] + [plt.Line2D(
        [], [], color='black', linestyle='--', linewidth=0.7,
        label='linearisation: product of local growths')]
    axes.legend(handles=handles, loc='lower center', handlelength=2.4,
                bbox_to_anchor=(0.42, 1), title='growth [1/iteration] of '
                'twins, of their linearisation')
    return figure
