# SPDX-License-Identifier: GPL-3.0-or-later
"""Figure 9 of the journal's text: networks of one and of two layers on the
digits 0 and 1 at rates beside their boundary of stability.

The paper reads the boundaries off the loss: between 90 and 100, and between 10
and 20. That of one layer is 2/lambda_max = 84.74 at the minimum: at 90 the
iteration swings, but the loss by some 1e-4 alone, which the middle row shows
and the upper one hides. Below, runs from minima with small noise in the
weights: where 2/lambda_max is passed they leave instead of coming back.
"""
import matplotlib.pyplot as plt
import numpy as np

from .style import OKABE_ITO, PAGE

INPUTS = (('run', ('mnist-[12]-lr-*',)), ('run', ('mnist-boundary-*',)),
          ('sweep', ('mnist-boundary-*',)))
COLOURS = (OKABE_ITO[4], OKABE_ITO[5])
LAYERS = {1: 'one layer', 2: 'two layers'}
# Iterations in the end over which the loss is seen to swing or to rest.
SETTLED = 100
# A loss changes by rounding where it rests.
ROUNDING = 1e-16


def layers(file):
    """mnist-2-... has two."""
    return int(file.stem.removeprefix('mnist-').removeprefix('boundary-')[0])


def plot_losses(loss, change, runs):
    for run, colour in zip(sorted(runs, key=lambda run: run.lr), COLOURS):
        swing = np.ptp(run['loss'][-SETTLED:])
        loss.plot(run['iteration'], run['loss'], color=colour, linewidth=0.6,
                  label=f'lr = {run.lr:g}, in the end within {swing:.1g}')
        change.plot(run['iteration'][1:],
                    np.maximum(abs(np.diff(run['loss'])), ROUNDING),
                    color=colour, linewidth=0.6)
    loss.set(title=LAYERS[layers(runs[0])],
             xlim=(0, max(run['iteration'][-1] for run in runs)))
    loss.legend()
    change.set(yscale='log', xlabel='iteration')


class Boundary:
    """Where runs from beside a minimum cease to come back to it."""

    def __init__(self, sweep, run):
        loss = sweep['final_loss'].ravel()
        least = min(np.nanmin(loss), run['loss'].min())
        above = np.maximum(loss - least, ROUNDING)
        self.layers = layers(sweep)
        self.kind = sweep.stem.split('-')[3]
        self.limit = float(sweep['lr_lo'].ravel()[0])
        self.lr = sweep['lr']
        self.growth = above / max(run['loss'][0] - least, ROUNDING)

    def bracket(self):
        """The neighbouring rates around it; NaN where there is none. Points
        that are not done are NaN as well."""
        done = ~np.isnan(self.growth)
        left = np.append(self.growth[done] > 1, True)
        place = int(np.argmax(left))
        rates = np.concatenate([[np.nan], self.lr[done], [np.nan]])
        return rates[place], rates[place + 1]


def boundaries(runs, sweeps):
    starts = {run.stem: run for run in runs}
    found = [Boundary(sweep, starts[sweep.stem]) for sweep in sweeps]
    return sorted(found, key=lambda one: (one.layers, one.kind, -one.limit))


def plot_boundaries(axes, found):
    for one, colour in zip(found, OKABE_ITO):
        low, high = one.bracket()
        axes.plot(one.lr / one.limit, one.growth, 'o-', color=colour,
                  markersize=3, linewidth=0.6,
                  label=f'{LAYERS[one.layers]}, {one.kind}: {one.limit:.3f}, '
                  f'measured {low:.4g} to {high:.4g}')
    axes.axvline(1, color='black', linestyle=':')
    axes.axhline(1, color='black', linewidth=0.5)
    axes.set(yscale='log', ylabel='distance in loss,\nend by start',
             xlabel=r'$\mathrm{lr}\ \lambda_\mathrm{max}(H(K_\ast))/2$')
    axes.legend(title=r'$2/\lambda_\mathrm{max}$', loc='lower right')


def draw(files):
    runs, starts, sweeps = files
    figure, panels = plt.subplot_mosaic(
        [['loss 1', 'loss 2'], ['change 1', 'change 2'], ['ends', 'ends']],
        figsize=(PAGE, 6.2), layout='constrained')
    for count in LAYERS:
        loss, change = panels[f'loss {count}'], panels[f'change {count}']
        change.sharex(loss)
        plot_losses(loss, change,
                    [run for run in runs if layers(run) == count])
    panels['loss 1'].set_ylabel('loss $L$')
    panels['change 1'].set_ylabel('change of the loss')
    plot_boundaries(panels['ends'], boundaries(starts, sweeps))
    return figure
