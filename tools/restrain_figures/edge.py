# SPDX-License-Identifier: GPL-3.0-or-later
"""The edge of stability: sharpness and its limit for three schemes of one
limit, and for gradient descent with other weight decays."""
import matplotlib.pyplot as plt
import numpy as np

from .inputs import InputError, last_iteration
from .style import OKABE_ITO, PAGE

CASES = ('edge-*',)
SCHEMES = {'euler': 'gradient descent', 'heavy-ball': 'heavy ball',
           'nesterov': 'Nesterov'}
LIMITS = {'euler': r'2/\mathrm{lr}',
          'heavy-ball': r'2(1+\mu)/\mathrm{lr}',
          'nesterov': r'2(1+\mu)/((1+2\mu)\,\mathrm{lr})'}
BLACK, RED, BLUE = OKABE_ITO[0], OKABE_ITO[5], OKABE_ITO[4]
BAND = '#A9CCE6'


def heading(run):
    scheme = run.setting('step.scheme')
    settings = [f'lr = {run.lr:g}', rf'$\alpha$ = {run.decay:g}']
    if 'step.momentum' in run.case and scheme != 'euler':
        settings.insert(0, rf'$\mu$ = {run.case["step.momentum"]:g}')
    return f'{SCHEMES[scheme]}\n' + ', '.join(settings)


def plot_sharpness(axes, run):
    """Also marks the iteration at which the limit is first exceeded."""
    iteration, sharpness = run['iteration'], run['sharpness']
    limit = run['sharpness_limit']
    # Where it goes up and down in turns, what it swings between.
    steps = np.diff(sharpness)
    turns = np.diff(np.sign(steps)) != 0
    turns = np.append(turns, False) | np.insert(turns, 0, False)
    swings = turns & (np.abs(steps) > 0.02 * limit[1:])
    pairs = np.array([sharpness[:-1], sharpness[1:]])
    low, middle, high = (np.where(swings, values, np.nan) for values in (
        pairs.min(axis=0), pairs.mean(axis=0), pairs.max(axis=0)))
    axes.fill_between(iteration[1:], low, high, color=BAND, linewidth=0)
    axes.plot(iteration[1:], np.where(swings, np.nan, sharpness[1:]),
              color=BLUE, linewidth=0.8)
    axes.plot(iteration[1:], middle, color=RED, linewidth=0.8)
    axes.plot(iteration, limit, '--', color=BLACK,
              label=f'limit ${LIMITS[run.setting("step.scheme")]}$')
    axes.legend(loc='upper right')
    beyond = np.flatnonzero(sharpness > limit)
    if beyond.size:
        axes.axvline(iteration[beyond[0]], color=BLACK, linewidth=0.6,
                     linestyle=':')
    # Within a jump the sharpness is that of a passing state, even negative.
    axes.set(xlim=(0, iteration[-1]), ylim=(0, 1.5 * limit[0]))


def draw(runs):
    schemes = [run for name in SCHEMES for run in runs
               if run.stem == f'edge-{name}']
    decays = sorted((run for run in runs if run not in schemes),
                    key=lambda run: run.decay)
    columns = max(len(schemes), len(decays))
    figure, panels = plt.subplots(
        3, columns, figsize=(PAGE, 5.2), layout='constrained', sharex=True,
        sharey='row', height_ratios=(2, 3, 3))
    for run, loss, sharpness in zip(schemes, *panels[:2]):
        loss.plot(run['iteration'], run['loss'], color=BLACK, linewidth=0.6)
        loss.set_title(heading(run))
        plot_sharpness(sharpness, run)
    for run, axes in zip(decays, panels[2]):
        plot_sharpness(axes, run)
        axes.set(title=heading(run), xlabel='iteration')
    if last_iteration(schemes) != last_iteration(decays):
        raise InputError(f'the runs of {", ".join(r.stem for r in runs)} '
                         'differ in length; make them again as shipped')
    panels[0][0].set_ylabel('loss $L$')
    for row in panels[1:]:
        row[0].set_ylabel(r'sharpness $\lambda_\mathrm{max}(H)$')
    figure.legend(
        handles=[
            plt.Line2D([], [], color=BLUE, label='sharpness'),
            plt.Rectangle((0, 0), 1, 1, color=BAND, linewidth=0,
                          label='from least to largest where it swings'),
            plt.Line2D([], [], color=RED, label='mean of two iterations'),
            plt.Line2D([], [], color=BLACK, linestyle=':', linewidth=0.6,
                       label='first beyond the limit')],
        loc='lower center', ncols=4)
    figure.get_layout_engine().set(rect=(0, 0.045, 1, 0.955))
    return figure
