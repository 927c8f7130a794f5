# SPDX-License-Identifier: GPL-3.0-or-later
"""Trainings of PyTorch followed: how twins of one network part, by the curves
that `restrain follow` makes of their recorded weights."""
import os
import shlex

import h5py
import matplotlib.pyplot as plt
import numpy as np

from .inputs import InputError
from .style import OKABE_ITO, PAGE

FOLDER = 'pytorch-twins'
TITLES = {'divisor': 'divisor 3: last bits', 'double': 'double precision',
          'seed': 'other initial weights'}
COLOURS = dict(zip(TITLES, (OKABE_ITO[5], OKABE_ITO[4], OKABE_ITO[0])))
MEMBERS = ('twin', 'tensor', 'step', 'twin_distance', 'difference_map',
           'twin_growth_rate', 'twin_growth_rate_error', 'twin_growth_first',
           'twin_growth_last')


def read(folder):
    """Arrays by name; twins and tensors as text, twins without endings."""
    place = os.path.join(folder, FOLDER)
    path = os.path.join(place, 'follow.h5')
    if not os.path.exists(path):
        place = shlex.quote(place)
        names = ' '.join(f'{place}/{name}.h5'
                         for name in ('reference', *TITLES))
        raise InputError(
            f'{path} is missing; with an interpreter PYTHON that has PyTorch '
            f'and h5py make it by\n  PYTHON tools/pytorch_twins {place}\n'
            f'  restrain follow {names} -o {place}/follow.h5')
    try:
        with h5py.File(path, 'r') as file:
            found = {name: file[name][()] for name in MEMBERS}
    except (OSError, KeyError) as fault:
        raise InputError(f'{path} cannot be used: {fault}') from fault
    found['twin'] = [os.path.splitext(os.path.basename(name.decode()))[0]
                     for name in found['twin']]
    found['tensor'] = [name.decode() for name in found['tensor']]
    if set(found['twin']) != set(TITLES):
        raise InputError(f'{path} has the twins {", ".join(found["twin"])}, '
                         f'expected {", ".join(TITLES)}')
    return found


def plot_distances(axes, found):
    step = found['step']
    for i, twin in enumerate(found['twin']):
        distance = np.where(found['twin_distance'][i] > 0,
                            found['twin_distance'][i], np.nan)
        label = TITLES[twin]
        rate, error = (found[f'twin_growth_rate{end}'][i]
                       for end in ('', '_error'))
        if np.isfinite(rate):
            label += f'\n{rate:.3f} $\\pm$ {error:.3f} an update'
            grew = ((step >= found['twin_growth_first'][i])
                    & (step <= found['twin_growth_last'][i]))
            middle = np.nanmean(np.log(distance[grew]))
            axes.plot(step[grew], np.exp(middle + rate * (
                step[grew] - step[grew].mean())), color=COLOURS[twin],
                linestyle='--', linewidth=0.8)
        axes.plot(step, distance, color=COLOURS[twin], linewidth=0.9,
                  label=label)
    axes.set(yscale='log', xlabel='update', xlim=(0, step[-1]),
             ylabel='distance to the reference')
    axes.legend(loc='lower right')


def plot_tensors(axes, found):
    row = found['twin'].index('divisor')
    for colour, tensor, curve in zip(OKABE_ITO, found['tensor'],
                                     found['difference_map'][row]):
        axes.plot(found['step'], np.where(curve > 0, curve, np.nan),
                  color=colour, linewidth=0.8, label=tensor)
    axes.set(yscale='log', xlabel='update', xlim=(0, found['step'][-1]),
             ylabel='mean relative difference', title=TITLES['divisor'])
    axes.legend(loc='lower right', ncols=2)


def draw(found):
    figure, (distances, tensors) = plt.subplots(
        1, 2, figsize=(PAGE, 2.8), layout='constrained')
    plot_distances(distances, found)
    plot_tensors(tensors, found)
    distances.set_title('weights of a PyTorch network')
    return figure
