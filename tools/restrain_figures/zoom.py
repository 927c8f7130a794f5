# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows into the plane of learning rate and weight decay, each a part of one
before it, and the box-counting dimension of the boundaries in each: where N
boxes with sides of d points hold a boundary, N ~ d^-dimension."""
import math
import os
import shlex

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import (
    FixedLocator, FuncFormatter, MaxNLocator, NullLocator, StrMethodFormatter)

from restrain.plot import windows
from restrain.plot.shades import Shades

from .inputs import File, InputError
from .style import OKABE_ITO, PAGE, number
from .sweep import (
    HALO, legend_of_regimes, paint, plot_thresholds, points_of, shape_axes)

COMMAND = 'sweep'
CASES = ('sweep-zoom',)
ACROSS = 4
AXES = (('lr', 'xaxis', 'lr'), ('weight_decay', 'yaxis', r'$\alpha$'))
# What is counted in boxes.
LOOKS = {'divergence': ('o', OKABE_ITO[0]), 'convergence': ('^', OKABE_ITO[4]),
         'chaos': ('s', OKABE_ITO[5])}


def windows_of(whole):
    """The whole and its windows, sweep.zoom-1.h5, ... beside it."""
    runs = [whole, *(File(path) for path in windows.paths(whole.path))]
    if len(runs) == 1:
        stem = os.path.splitext(whole.path)[0]
        raise InputError(
            f'{stem}.zoom-1.h5 is missing; make it with\n  restrain sweep '
            f'cases/{whole.stem}.yaml -o {shlex.quote(whole.path)} --resume')
    return runs


def parents(runs):
    """Of which run each window is a part: of the one before it in its series,
    or of the whole."""
    found = []
    for index, run in enumerate(runs[1:]):
        found.append(next((place for place in (index, 0)
                           if windows.is_inside(run, runs[place])), None))
        if found[-1] is None:
            raise InputError(f'{run.path} is no window of {runs[0].path}; '
                             f'make both again from cases/{run.stem}.yaml')
    return found


def magnification(run, whole):
    """How many times shorter than the whole's the axis of rates is."""
    lengths = []
    for part in (whole, run):
        low, high = part['lr'][[0, -1]]
        logarithmic = whole.case.get('sweep.lr.scale') == 'log'
        lengths.append(math.log(high / low) if logarithmic else high - low)
    return lengths[0] / lengths[1]


def label_axis(axis, values, name):
    """On an axis far from zero for its length ticks count from a round
    number, in a power of ten; both are in the label."""
    low, high = values[[0, -1]]
    axis.set_label_text(name)
    if isinstance(axis.get_major_locator(), MaxNLocator):
        axis.set_major_locator(MaxNLocator(3 if axis.axis_name == 'x' else 5))
    if high < 20 * (high - low):
        return
    power = math.floor(math.log10((high - low) / 2))
    start = math.floor(low / 10**(power + 1)) * 10**(power + 1)
    power = power if power < -1 else 0
    unit = 10.0**power
    axis.set_major_formatter(FuncFormatter(
        lambda value, _: f'{(value - start) / unit:.3g}'))
    digits = max(0, -power - 1)
    scale = f'[$10^{{{power}}}$]' if power else ''
    axis.set_label_text(f'{name} $-$ {start:.{digits}f}' +
                        (' ' if digits < 6 else '\n') + scale)


def mark_windows(axes, runs, children):
    """Rectangles with numbers, which are on the far sides of the others."""
    corners = {child: [windows.extent(runs[child], name)
                       for name, *_ in AXES]
               for child in children}
    middle = np.mean([corner[0] for corner in corners.values() or [[0, 0]]])
    for child, ((left, right), (low, high)) in corners.items():
        axes.add_patch(plt.Rectangle(
            (left, low), right - left, high - low, fill=False, linewidth=0.8,
            path_effects=HALO))
        on_left = left + right < 2 * middle
        axes.annotate(str(child), (left if on_left else right, high),
                      (-2 if on_left else 2, 0), fontsize=7,
                      textcoords='offset points', path_effects=HALO,
                      ha='right' if on_left else 'left')


def plot_window(axes, runs, index, children):
    run = runs[index]
    shape_axes(axes, run)
    axes.set_box_aspect(1)
    points = points_of(run)
    # Shades of its own: exponents are ever closer in smaller windows.
    paint(axes, run, Shades([points]).of(points))
    plot_thresholds(axes, run)
    mark_windows(axes, runs, children)
    for name, axis, text in AXES:
        label_axis(getattr(axes, axis), run[name], text)
    times = number(magnification(run, runs[0]), 5)
    times = times.removeprefix(r'1 \times ')
    axes.set_title(rf'{index}: $\times {times}$' if index else 'whole')


def with_error(value, error):
    """1.23(4): the error in units of the last digit, of three at most."""
    digits = 3 if error < 1e-3 else max(0, -math.floor(math.log10(error)))
    return f'{value:.{digits}f}({error * 10**digits:.0f})'


def plot_boxes(axes, run):
    """Boxes over their size, with the line that was fitted."""
    sizes = run['box_size']
    for name, boxes, dimension, error in zip(
            run.words('boundary'), run['boxes'], run['dimension'],
            run['dimension_error']):
        if not boxes.any():
            continue
        marker, colour = LOOKS[name]
        label = 'not fitted'
        if np.isfinite(dimension):
            label = with_error(dimension, error)
            # A line of least squares passes through the mean.
            middle = np.exp([np.log(sizes).mean(), np.log(boxes).mean()])
            axes.plot(sizes, middle[1] * (sizes / middle[0])**-dimension,
                      color=colour, linewidth=0.8)
        axes.plot(sizes, boxes, marker, color=colour, markersize=3,
                  markeredgewidth=0, label=label)
    axes.set(xscale='log', yscale='log')
    axes.xaxis.set_major_locator(FixedLocator(sizes[::2]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(StrMethodFormatter('{x:g}'))
    axes.set_xlabel('side $d$ of boxes')
    if axes.lines:
        axes.legend(loc='lower center', bbox_to_anchor=(0.5, 1), fontsize=6,
                    ncols=len(LOOKS), handlelength=0.6, handletextpad=0.2,
                    borderpad=0.2, borderaxespad=0, columnspacing=0.6)


def draw(files):
    runs = windows_of(files[0])
    places = parents(runs)
    down = -(-len(runs) // ACROSS)
    across = -(-len(runs) // down)
    figure, panels = plt.subplots(
        2 * down, across, squeeze=False, layout='constrained',
        height_ratios=(1.7, 1) * down,
        figsize=(PAGE, (7.2 / across + 1.3) * down + 0.7))
    shades = Shades([points_of(run) for run in runs])
    most = max(run['boxes'].max() for run in runs)
    maps, counts = panels[::2].ravel(), panels[1::2].ravel()
    for index, run in enumerate(runs):
        plot_window(maps[index], runs, index, [
            child for child, place in enumerate(places, 1) if place == index])
        plot_boxes(counts[index], run)
        counts[index].set(ylim=(0.7, 1.5 * most))
        counts[index].tick_params(labelleft=index % across == 0)
    for axes in counts[:len(runs):across]:
        axes.set_ylabel('boxes $N(d)$')
    for axes in (*maps[len(runs):], *counts[len(runs):]):
        axes.set_axis_off()
    shades.draw_bar(figure, panels, shrink=0.4, numbers=False,
                    label='Lyapunov exponent, by its rank in the window')
    legend_of_regimes(figure, shades, [
        plt.Line2D([], [], color=colour, marker=marker, markersize=3,
                   linewidth=0.8, label=f'boundary of {name}')
        for name, (marker, colour) in LOOKS.items()] + [
        plt.Line2D([], [], linestyle='none',
                   label='1.23(4): dimension and error')])
    # Square panels shift others: the layout takes a second drawing.
    figure.draw_without_rendering()
    return figure
