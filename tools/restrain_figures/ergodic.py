# SPDX-License-Identifier: GPL-3.0-or-later
"""What settles and what never does, without any noise: distributions in
successive windows, displacement of the weights."""
import matplotlib.pyplot as plt
import numpy as np

from .style import OKABE_ITO, PAGE

CASES = ('ergodic-*',)
BLACK, ORANGE, SKY, GREEN, BLUE, RED = (OKABE_ITO[i] for i in
                                        (0, 1, 2, 3, 4, 5))
WINDOWS = ((BLACK, '-'), (SKY, '-'), (RED, '--'), (GREEN, ':'))


def record(run):
    """Where the record begins: row and iteration."""
    row = np.flatnonzero(np.isfinite(run['loss_mean']))[0]
    return row, run['iteration'][row]


def plot_distributions(axes, values, bins=80):
    """Of each of four parts, one after the other."""
    edges = np.linspace(values.min(), np.quantile(values, 0.999), bins + 1)
    for (color, line), part in zip(WINDOWS, np.array_split(values, 4)):
        axes.stairs(np.histogram(part, edges, density=True)[0], edges,
                    color=color, linestyle=line, linewidth=0.9)
    axes.set(ylabel='density', xlim=edges[[0, -1]], ylim=(0, None))


def plot_weight(axes, run):
    kernel = run['kernel'][run['step'] >= record(run)[1]]
    row, column = (size // 2 for size in kernel.shape[1:])
    plot_distributions(axes, 1000 * kernel[:, row, column], 60)
    axes.set(xlabel=rf'weight K[{row}][{column}], $10^{{-3}}$',
             title='(b) a weight in these windows')


def plot_windows(axes, run):
    window = run['window'].astype(float)
    for name, label, marker, color in (
            ('loss', 'L', 'o', BLUE), ('grad_norm', r'$|\nabla L|$', 's', SKY),
            ('weight_norm', '|K|', '^', GREEN)):
        axes.loglog(window, run[f'{name}_window_kolmogorov'], marker=marker,
                    color=color, markersize=3, linewidth=0.8,
                    label=f'KS of {label}')
    axes.loglog(window, run['window_difference'], 'D-', color=RED,
                markersize=3, linewidth=0.8)
    axes.text(0.5, 0.96, 'weights: mean relative difference', color=RED,
              fontsize=6, ha='center', va='top', transform=axes.transAxes)
    whole = window[np.isfinite(run['window_difference'])]
    axes.loglog(whole, 1.2 * whole**-0.5, '--', color=BLACK, linewidth=0.7,
                label=r'$W^{-1/2}$')
    axes.set(xlabel='length W of each window', ylabel='distance',
             title='(c) two successive windows', ylim=(1e-4, 10))
    axes.legend(fontsize=6, loc='lower left')


def plot_change(axes, run):
    row, first = record(run)
    updates = run['iteration'][row + 1:] - first
    axes.loglog(updates, run['loss_change_envelope'][row + 1:], '--',
                color=BLACK, linewidth=0.8, label='2 sup|L|/n')
    axes.loglog(updates, np.abs(run['loss_change_mean'][row + 1:]),
                color=BLUE, linewidth=0.4, rasterized=True,
                label=r'$|L_0 - L_n|/n$')
    axes.set(xlabel='updates n of the record', ylabel='change of L an update',
             title='(d) mean change of the loss', ylim=(1e-8, None))
    axes.legend(fontsize=6)


def plot_displacement(axes, run, color, label):
    row, first = record(run)
    time = (run['iteration'][row + 1:] - first).astype(float)
    square = run['global_displacement'][row + 1:]
    few = np.unique(np.geomspace(1, time.size, 400).astype(int)) - 1
    axes.loglog(time[few], square[few] / run['local_displacement_mean'],
                color=color, linewidth=0.6)
    exponent = float(run['displacement_exponent'])
    window = run['window'][run['window'] <= time[-1]].astype(float)
    marks = square[np.searchsorted(time, window)] \
        / run['local_displacement_mean']
    middle = np.exp(np.mean(np.log(marks) - exponent * np.log(window)))
    axes.loglog(window, middle * window**exponent, '--', color=BLACK,
                linewidth=0.9)
    axes.plot([], [], color=color, label=f'{label}: c = {exponent:.2f} '
              rf'$\pm$ {run["displacement_exponent_error"]:.2f}')


def plot_path(axes, run):
    path = run['kernel'][:, 0, :] / (2 * np.pi)
    axes.plot(*path.T, color=ORANGE, linewidth=0.5)
    axes.plot(*path[0], 'o', color=BLACK, markersize=3)
    axes.set(xlabel=r'$t_1/2\pi$', ylabel=r'$t_2/2\pi$',
             title=f'(f) path at lr = {run.lr:g}')
    axes.set_aspect('equal', adjustable='datalim')


def draw(runs):
    chaos, diffusion = runs
    figure, panels = plt.subplots(2, 3, figsize=(PAGE, 4.2),
                                  layout='constrained')
    (loss, weight, windows), (change, displacement, path) = panels
    row, _ = record(chaos)
    plot_distributions(loss, chaos['loss'][row:])
    loss.set(xlabel='loss L', title='(a) loss of a network')
    loss.text(0.96, 0.94, 'four windows of\n'
              f'{chaos["loss"][row:].size // 4} iterations,\n'
              f'lr = {chaos.lr:g}', fontsize=7, ha='right', va='top',
              transform=loss.transAxes)
    plot_weight(weight, chaos)
    plot_windows(windows, chaos)
    plot_change(change, chaos)
    plot_displacement(displacement, chaos, BLUE, 'network')
    plot_displacement(displacement, diffusion, ORANGE,
                      r'$100\,\sin t_1 \sin t_2$')
    displacement.set(
        xlabel='iterations t of the record',
        ylabel=r'$|u_t - u_0|^2\,/\,\overline{|u_{t+1} - u_t|^2}$',
        title=r'(e) displacement $\sim t^{\,c}$', ylim=(1e-8, 1e8))
    displacement.legend(fontsize=6, loc='lower left')
    plot_path(path, diffusion)
    return figure
