# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps controlled by the local limit beside fixed ones around lr_lo."""
import matplotlib.pyplot as plt
import numpy as np

from .style import COLUMN, OKABE_ITO

CASES = ('cfl-controlled', 'cfl-fixed-*')
# What happens, happens early.
SHOWN = 45
LOOKS = {'cfl-controlled': (OKABE_ITO[0], 'o'),
         'cfl-fixed-0.03': (OKABE_ITO[4], 's'),
         'cfl-fixed-0.035': (OKABE_ITO[5], '^')}


def label(run):
    if run.setting('step.scheme') == 'cfl':
        return (rf'$\mathrm{{lr}}_t = \min({run.lr:g},\; '
                rf'{run.setting("step.safety"):g} \cdot 2/\lambda_t)$')
    return f'lr = {run.lr:g}'


def draw(runs):
    figure, (loss, step, product) = plt.subplots(
        3, 1, figsize=(COLUMN, 5), layout='constrained', sharex=True)
    least = min(run['loss'][-1] for run in runs)
    for order, run in enumerate(reversed(runs)):
        colour, marker = LOOKS[run.stem]
        shown = slice(0, SHOWN + 1)
        iteration = run['iteration'][shown]
        for axes, values in (
                (loss, run['loss'] - least), (step, run['step_size']),
                (product, run['step_size'] * run['sharpness'])):
            axes.plot(iteration, values[shown], marker=marker, markersize=2,
                      linewidth=0.7, color=colour, label=label(run),
                      zorder=3 + order)
    lr_lo = 2 / runs[0]['sharpness'][-1]
    for axes, limit, text in ((step, lr_lo, rf'$\mathrm{{lr_{{lo}}}}$ = '
                               f'{lr_lo:.4f}'), (product, 2, 'limit')):
        line = axes.axhline(limit, color=OKABE_ITO[0], linestyle='--',
                            label=text, zorder=2.5)
        axes.legend(handles=[line], loc='lower right')
    # Below, rounding shows.
    loss.set(yscale='log', ylabel=r'$L(K_t) - L^*$', xlim=(0, SHOWN),
             ylim=(1e-9, 1e5))
    step.set(ylabel=r'step $\mathrm{lr}_t$',
             ylim=(0, 1.1 * max(np.nanmax(run['step_size'])
                                for run in runs)))
    product.set(ylabel=r'$\mathrm{lr}_t\,\lambda_t$', xlabel='iteration $t$',
                ylim=(0, None))
    handles, labels = loss.get_legend_handles_labels()
    loss.legend(handles[::-1], labels[::-1], loc='lower center',
                bbox_to_anchor=(0.45, 1), ncols=3, columnspacing=0.8,
                title=r'$\lambda_t = \lambda_\mathrm{max}(H(K_t))$, '
                      r'$L^*$ the minimum')
    return figure
