# SPDX-License-Identifier: GPL-3.0-or-later
"""What a step of gradient descent costs on one thread: by restrain, by others,
and four transforms of the image, the floor of a textbook convolution."""
import json
import math
import os
import re
import shlex

import matplotlib.pyplot as plt
from matplotlib.ticker import FixedLocator, NullLocator, StrMethodFormatter

from .inputs import InputError
from .style import OKABE_ITO, PAGE

PRECISIONS = ('double', 'float')
# A small and a large one, or the nearest that were measured.
KERNELS = (5, 32)
# What restrain chooses itself, its operators, and their best.
OWN = {'auto': OKABE_ITO[0], 'fft': OKABE_ITO[4], 'direct': OKABE_ITO[5],
       'patch': OKABE_ITO[3]}
PATTERNED = 'patch'
LIBRARIES = {'numpy': OKABE_ITO[1], 'scipy': OKABE_ITO[6],
             'torch': OKABE_ITO[2]}
MARKERS = 'osv^Dx+'
FLOOR = '#888888'
KEYS = {'implementation': str, 'size': int, 'kernel': int, 'precision': str,
        'seconds': float, 'threads': int}


class Benchmark:
    """A file of tools/bench: rows of one thread, and the machine."""

    def __init__(self, path):
        self.path = path
        try:
            with open(path, encoding='utf-8') as file:
                content = json.load(file)
            self.machine = content['machine']
            rows = [{**row, **{key: kind(row[key])
                               for key, kind in KEYS.items()}}
                    for row in content['rows']]
        except (OSError, ValueError, KeyError, TypeError) as fault:
            raise InputError(f'{path} cannot be used: {fault!r}') from fault
        self.rows = [row for row in rows if row['threads'] == 1]

    def curves(self, precision, kernel):
        """Seconds {size: seconds} of each implementation."""
        found = {}
        for row in self.rows:
            if (row['precision'], row['kernel']) == (precision, kernel):
                curve = found.setdefault(row['implementation'], {})
                curve[row['size']] = row['seconds']
        return {name: dict(sorted(curve.items()))
                for name, curve in found.items()}

    def floor(self, precision, kernel):
        return dict(sorted(
            (row['size'], row['floor_seconds']) for row in self.rows
            if (row['precision'], row['kernel']) == (precision, kernel) and
            row['implementation'] in OWN and row.get('floor_seconds')))

    def panels(self):
        """(precision, kernel) of those to show."""
        there = {row['kernel'] for row in self.rows
                 if row['implementation'] in OWN}
        kernels = {min((abs(math.log(kernel / wanted)), kernel)
                       for kernel in there)[1] for wanted in KERNELS if there}
        return [(precision, kernel) for precision in PRECISIONS
                for kernel in sorted(kernels)]

    def names(self):
        """Own ones first, others by library."""
        names = list(dict.fromkeys(row['implementation'] for row in self.rows))
        return [name for name in OWN if name in names] + sorted(
            name for name in names if name not in OWN)


def read(folder):
    path = os.path.join(folder, 'bench', 'bench.json')
    if not os.path.exists(path):
        raise InputError(f'{path} is missing; make it with\n  tools/bench '
                         f'-o {shlex.quote(path)}')
    return Benchmark(path)


def looks_of(names):
    """Own ones solid, those of a library dashed in its colour."""
    looks, libraries = {}, {}
    for name in names:
        if name in OWN:
            looks[name] = {'color': OWN[name], 'marker': '.', 'zorder': 4,
                           'linewidth': 1, 'label': f'restrain, {name}'}
            continue
        library = re.split('[-_]', name)[0]
        others = libraries.setdefault(library, [])
        looks[name] = {'color': LIBRARIES.get(library, '#555555'),
                       'marker': MARKERS[len(others) % len(MARKERS)],
                       'linestyle': '--', 'markersize': 3.5, 'linewidth': 0.8,
                       'label': name}
        others.append(name)
    # One of its operators is on top of what restrain chooses.
    looks.get('auto', {}).update(linewidth=3, marker='', zorder=3)
    looks.get(PATTERNED, {}).update(label='restrain, image of a pattern')
    return looks


def ours(curves):
    """What restrain chooses, or the best of its operators for any image."""
    if 'auto' in curves:
        return curves['auto']
    best = {}
    for name in set(curves) & set(OWN) - {PATTERNED}:
        for size, seconds in curves[name].items():
            best[size] = min(seconds, best.get(size, seconds))
    return best


def plot(column, curves, floor, looks):
    times, ratios = column
    own = ours(curves)
    for name in (name for name in looks if name in curves):
        curve = curves[name]
        times.plot(list(curve), list(curve.values()), **looks[name])
        if name == PATTERNED:
            continue
        shared = [size for size in curve if size in own]
        ratios.plot(shared, [curve[size] / own[size] for size in shared],
                    **looks[name])
    grey = {'color': FLOOR, 'linewidth': 2.5, 'alpha': 0.6, 'zorder': 1}
    times.plot(list(floor), list(floor.values()), label='four transforms',
               **grey)
    shared = [size for size in floor if size in own]
    ratios.plot(shared, [floor[size] / own[size] for size in shared],
                **grey)
    sizes = sorted({size for curve in curves.values() for size in curve})
    for axes in column:
        axes.set(xscale='log', yscale='log')
        axes.xaxis.set_major_locator(FixedLocator(sizes[::-2]))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(StrMethodFormatter('{x:g}'))
    ratios.set_xlabel('side $N$ of the image')


def draw(benchmark):
    shown = [(panel, curves) for panel in benchmark.panels()
             if ours(curves := benchmark.curves(*panel))]
    if not shown:
        raise InputError(
            f'{benchmark.path} has no step of restrain; make it again with\n '
            f' tools/bench -o {shlex.quote(benchmark.path)}')
    looks = looks_of(benchmark.names())
    figure, panels = plt.subplots(2, len(shown), figsize=(PAGE, 5.2),
                                  layout='constrained', sharex='col',
                                  sharey='row', squeeze=False)
    for ((precision, kernel), curves), column in zip(shown, panels.T):
        plot(column, curves, benchmark.floor(precision, kernel), looks)
        column[0].set_title(rf'{precision}, kernel {kernel} $\times$ {kernel}')
    panels[0, 0].set_ylabel('time of a step [s]')
    panels[1, 0].set_ylabel('times longer than restrain')
    handles = {label: handle for axes in panels[0] for handle, label in zip(
        *axes.get_legend_handles_labels())}
    processor = benchmark.machine.get('processor', 'this machine')
    figure.legend(handles.values(), handles, ncols=4, loc='lower center',
                  title=f'one thread of {processor}')
    figure.get_layout_engine().set(rect=(0, 0.17, 1, 0.83))
    return figure
