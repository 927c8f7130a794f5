# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the linear scaling rule ends: equilibria of runs whose learning rate
grows with the batch, and the batch that the least of them predicts."""
import matplotlib.pyplot as plt
import numpy as np

from .inputs import InputError
from .style import OKABE_ITO, PAGE

CASES = ('critical-batch-*',)
BLACK, SKY, BLUE, RED = (OKABE_ITO[i] for i in (0, 2, 4, 5))
# Runs are near each other whose numbers differ by a factor up to CLOSE; the
# start of a run is left out; standard errors are those of means of blocks.
CLOSE, START, BLOCKS = np.sqrt(2), 0.25, 8
LOOKS = (('R', '$R = |u|^2$', 'o', BLACK),
         ('G', r'$G = |\nabla E|^2$', 's', BLUE),
         ('N', r'$\kappa N$', '^', RED))


def time_mean(values):
    """And its standard error."""
    count = len(values) // BLOCKS
    means = values[len(values) - BLOCKS * count:].reshape(
        BLOCKS, count).mean(axis=1)
    return np.array([means.mean(), means.std(ddof=1) / np.sqrt(BLOCKS)])


class Equilibrium:
    """Time means of a run: R and G, and N as of batches of 1."""

    def __init__(self, run):
        self.batch = run.setting('sampling.batch')
        self.length = (run.setting('sampling.l') if self.is_svag(run) else 1)
        self.lr, self.decay = run.lr / self.length, run.decay
        rows = np.isfinite(run['gradient_square'])
        rows &= run['iteration'] >= START * run['iteration'][-1]
        if rows.sum() < BLOCKS:
            raise InputError(f'{run.path} is too short for time means')
        self.R = time_mean(run['weight_norm'][rows]**2)
        self.G = time_mean(run['gradient_square'][rows])
        self.trace = time_mean(run['gradient_noise_trace'][rows])
        self.N = self.trace * self.batch / self.length

    @staticmethod
    def is_svag(run):
        return run.setting('sampling.kind') == 'svag'

    def slope_to_noise(self):
        """G/N of its batch, and the error."""
        ratio = self.G[0] / self.N[0] * self.batch
        return ratio, ratio * np.hypot(self.G[1] / self.G[0],
                                       self.N[1] / self.N[0])

    def balance(self):
        """lr (G + N) over alpha (2 - lr alpha) R, which is 1 for a loss that
        does not depend on the length of the weights."""
        return self.lr * (self.G[0] + self.trace[0]) / (
            self.decay * (2 - self.lr * self.decay) * self.R[0])

    def predicted(self):
        """The largest batch that can stay close to this run."""
        return self.batch * (CLOSE**2 + (CLOSE**2 - 1)
                             / self.slope_to_noise()[0])

    def over(self, other):
        """Of R, G and N, values and errors over those of another run."""
        return {name: getattr(self, name) / getattr(other, name)[0]
                for name in 'RGN'}


def distance(equilibrium, base):
    """The largest factor between two runs."""
    return max(max(ratio, 1 / ratio)
               for ratio, _ in equilibrium.over(base).values())


def measured(runs):
    """The batch at which runs cease to be close to the first, between the
    batches there are by interpolation on logarithmic scales; NaN where all
    are close."""
    batch = np.log([run.batch for run in runs])
    far = np.log([distance(run, runs[0]) for run in runs])
    beyond = np.flatnonzero(far > np.log(CLOSE))
    if not beyond.size:
        return np.nan
    i = beyond[0]
    return np.exp(np.interp(np.log(CLOSE), far[i - 1:i + 1],
                            batch[i - 1:i + 1]))


def plot_ratio(axes, runs):
    batch = np.array([run.batch for run in runs])
    ratio, error = np.transpose([run.slope_to_noise() for run in runs])
    axes.errorbar(batch, ratio, 2 * error, fmt='o', color=BLACK, markersize=4,
                  linewidth=1, capsize=2, label='measured')
    axes.plot(batch, ratio[0] * batch / batch[0], '--', color=SKY,
              linewidth=0.9, label='the least batch, scaled')
    axes.axhline(CLOSE**2, color=SKY, linestyle=':', linewidth=0.9)
    axes.annotate('$C^2$', (1, CLOSE**2), xycoords=('axes fraction', 'data'),
                  xytext=(2, 0), textcoords='offset points', va='center')
    axes.set(yscale='log', ylabel='G/N')
    axes.legend(loc='upper left')


def plot_closeness(axes, runs, svag):
    batch = np.array([run.batch for run in runs])
    axes.axhspan(1 / CLOSE, CLOSE, color=SKY, alpha=0.25, linewidth=0)
    for name, label, marker, colour in LOOKS:
        value, error = np.transpose([run.over(runs[0])[name] for run in runs])
        axes.errorbar(batch, value, 2 * error, fmt=f'{marker}-', color=colour,
                      markersize=4, linewidth=0.9, capsize=2, label=label)
        for run in svag:
            value, error = run.over(runs[0])[name]
            axes.errorbar(batch[0] / 2, value, 2 * error, fmt=marker,
                          color=colour, markersize=4, linewidth=0.9,
                          capsize=2, markerfacecolor='none')
    axes.set(yscale='log', yticks=(0.125, 0.25, 0.5, 1, 2),
             yticklabels=('1/8', '1/4', '1/2', '1', '2'),
             ylabel=f'over those of batches of {batch[0]}')
    axes.legend(loc='lower left')


def mark(axes, runs):
    """The batches at which the rule ends."""
    for value, look, label in (
            (measured(runs), '-', 'measured'),
            (runs[0].predicted(), '--', 'bound'),
            (runs[0].batch * CLOSE**2 / runs[0].slope_to_noise()[0], ':',
             '$C^2 B N/G$')):
        if np.isnan(value):
            continue
        axes.axvline(value, color=BLACK, linestyle=look, linewidth=0.8)
        axes.annotate(f'{label} {value:.0f}', (value, 1),
                      xycoords=('data', 'axes fraction'), xytext=(1, 2),
                      textcoords='offset points', rotation=30, fontsize=7)


def draw(runs):
    svag = [Equilibrium(run) for run in runs if Equilibrium.is_svag(run)]
    runs = sorted((Equilibrium(run) for run in runs
                   if not Equilibrium.is_svag(run)),
                  key=lambda run: run.batch)
    figure, panels = plt.subplots(1, 2, figsize=(PAGE, 3.2),
                                  layout='constrained')
    plot_ratio(panels[0], runs)
    plot_closeness(panels[1], runs, svag)
    for axes in panels:
        mark(axes, runs)
        axes.set(xscale='log', xlabel='batch B, lr proportional to B',
                 xticks=[run.batch for run in runs],
                 xticklabels=[run.batch for run in runs])
        axes.minorticks_off()
    places = [runs[0].batch / 2] * len(svag) + [run.batch for run in runs]
    panels[1].set_xticks(places, ['SVAG'] * len(svag)
                         + [run.batch for run in runs])
    return figure
