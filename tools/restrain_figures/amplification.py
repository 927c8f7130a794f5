# SPDX-License-Identifier: GPL-3.0-or-later
"""Von Neumann's amplification factor |G(w)| over the wave numbers, below and
beyond the limit of the step: growing waves outlined, the worst marked."""
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import TwoSlopeNorm

from .style import PAGE

COMMAND = 'analyze'
# A row of panels for each pattern.
CASES = ('cfl-heat-*', 'cfl-network-*')
NAMES = ('heat equation', 'linearised network')
# White where waves neither grow nor decay.
MAP, LINE, WORST = 'RdBu_r', '#000000', '#009E73'


def edges(centres):
    """Where cells of equal width around the centres end."""
    half = (centres[1] - centres[0]) / 2
    return np.linspace(centres[0] - half, centres[-1] + half,
                       len(centres) + 1)


def outline(axes, beyond, y, x):
    """The border of the cells that are beyond."""
    padded = np.pad(beyond, 1)
    for row, column in zip(*np.nonzero(padded[1:] != padded[:-1])):
        axes.plot(x[[column - 1, column]], y[[row, row]], color=LINE,
                  linewidth=1)
    for row, column in zip(*np.nonzero(padded[:, 1:] != padded[:, :-1])):
        axes.plot(x[[column, column]], y[[row - 1, row]], color=LINE,
                  linewidth=1)


def plot(axes, analysis, norm):
    factor = np.abs(analysis['amplification'])
    ky, kx = (analysis[name] / np.pi for name in ('ky', 'kx'))
    y, x = edges(ky), edges(kx)
    image = axes.pcolormesh(x, y, factor, cmap=MAP, norm=norm, rasterized=True)
    # Rounding of a conserved mode is no growth.
    outline(axes, factor > 1 + 1e-12, y, x)
    rows, columns = np.nonzero(factor >= factor.max() * (1 - 1e-9))
    axes.plot(kx[columns], ky[rows], 'o', color=WORST, fillstyle='none',
              markersize=8, markeredgewidth=1.5, clip_on=False, zorder=4)
    ticks = [-1, -0.5, 0, 0.5]
    axes.set(aspect='equal', xlim=(x[0], x[-1]), ylim=(y[0], y[-1]),
             xlabel=r'$k_x/\pi$', xticks=ticks, yticks=ticks,
             title=f'lr = {analysis.lr:g}: '
                   rf'$\max\,|G|$ = {factor.max():.4g}')
    axes.grid(False)
    return image


def draw(analyses):
    rows = [sorted((a for a in analyses if a.stem.startswith(case[:-1])),
                   key=lambda a: a.lr) for case in CASES]
    figure, panels = plt.subplots(
        len(rows), len(rows[0]), figsize=(0.8 * PAGE, 5.4),
        layout='constrained', sharex=True, sharey=True)
    for row, line, name in zip(rows, panels, NAMES):
        norm = TwoSlopeNorm(
            1, 0, max(1.01, *(np.abs(a['amplification']).max() for a in row)))
        for analysis, axes in zip(row, line):
            image = plot(axes, analysis, norm)
        line[0].set_ylabel(rf'{name}: $k_y/\pi$')
        bar = figure.colorbar(image, ax=line, label='$|G(w)|$ of one step')
        bar.set_ticks([0, 0.5, 1, norm.vmax],
                      labels=['0', '0.5', '1', f'{norm.vmax:.4g}'])
        bar.ax.axhline(1, color=LINE, linewidth=1)
    return figure
