# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables 1 and 4 to 8 of the journal's text, in kind: the accuracy of networks
trained by stochastic gradients, over divisors that change nothing but last
bits beside seeds that change the batches.

Deviations are those of the population, as the paper's: over the divisors,
averaged over the seeds, and over the seeds, averaged over the divisors.
"""
import matplotlib.pyplot as plt
import numpy as np

from .style import OKABE_ITO, PAGE

COMMAND = 'sweep'
CASES = ('perturbed-group-norm', 'perturbed-wide', 'perturbed-residual',
         'perturbed-residual-group', 'perturbed-swish', 'perturbed-adam',
         'perturbed-double', 'perturbed-exact')
TITLES = {'perturbed-residual': 'ResNet-8',
          'perturbed-residual-group': 'ResNet-8, group normalisation',
          'perturbed-swish': 'ResNet-8, swish',
          'perturbed-adam': 'ResNet-8, Adam',
          'perturbed-double': 'ResNet-8, double precision',
          'perturbed-exact': 'ResNet-8, divisors 1, 2, 4',
          'perturbed-group-norm': 'group normalisation',
          'perturbed-wide': 'group normalisation, 16 channels'}
HEADER = ('network', 'lr', 'accuracy, %', 'std over divisors',
          'std over seeds', 'gradient fluctuation')
# A deviation of 0 is drawn at the lower edge of a logarithmic axis.
EDGE = 1e-2


class Row:
    """A network at a learning rate."""

    def __init__(self, sweep, lr, accuracy, fluctuation):
        self.title = TITLES[sweep.stem]
        self.lr = lr
        percent = 100 * accuracy  # (divisor, seed)
        self.mean = percent.mean()
        self.divisors = percent.std(axis=0).mean()
        self.seeds = percent.std(axis=1).mean()
        self.fluctuation = np.median(fluctuation)

    def cells(self):
        return (self.title, f'{self.lr:g}', f'{self.mean:.2f}',
                f'{self.divisors:.2f}', f'{self.seeds:.2f}',
                '\u2013' if np.isnan(self.fluctuation)
                else f'{self.fluctuation:.3g}')


def rows_of(sweep):
    accuracy = sweep['test_accuracy']
    fluctuation = sweep['gradient_fluctuation']
    if accuracy.ndim == 2:
        return [Row(sweep, sweep.lr, accuracy, fluctuation)]
    return [Row(sweep, *row) for row in zip(sweep['lr'], accuracy,
                                            fluctuation)]


def in_order(sweeps):
    return sorted(sweeps, key=lambda sweep: list(TITLES).index(sweep.stem))


def tabulate(sweeps):
    return [HEADER, *(row.cells() for sweep in in_order(sweeps)
                      for row in rows_of(sweep))]


def plot_rates(axes, sweeps):
    """Networks at several learning rates, a marker for each."""
    for rows, look in zip(map(rows_of, sweeps), ('o-', 's--', '^:')):
        rates = [row.lr for row in rows]
        for name, colour, values in (
                ('divisors', OKABE_ITO[5], [row.divisors for row in rows]),
                ('seeds', OKABE_ITO[4], [row.seeds for row in rows])):
            axes.plot(rates, np.maximum(values, EDGE), look, color=colour,
                      markersize=4, label=f'{rows[0].title}: over {name}')
    axes.text(1.25 * min(axes.get_lines()[0].get_xdata()), EDGE, 'equal',
              fontsize=7, va='center')
    axes.set(xscale='log', yscale='log', xlabel='learning rate lr',
             ylabel='standard deviation of the accuracy, %')
    axes.legend(loc='lower right', fontsize=6)


def plot_networks(axes, rows):
    places = np.arange(len(rows))
    for shift, colour, values in (
            (0.2, OKABE_ITO[5], [row.divisors for row in rows]),
            (-0.2, OKABE_ITO[4], [row.seeds for row in rows])):
        axes.barh(places + shift, values, height=0.36, color=colour)
        for place, value in zip(places + shift, values):
            axes.text(value, place, f' {value:.2f}', va='center', fontsize=7)
    axes.set_yticks(places, [row.title for row in rows])
    axes.invert_yaxis()
    axes.margins(x=0.15)
    axes.grid(False, axis='y')
    axes.set(xlabel='standard deviation of the accuracy, %')


def draw(sweeps):
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(PAGE, 2.8), layout='constrained')
    several = [sweep for sweep in in_order(sweeps) if 'lr' in sweep.data]
    plot_rates(left, several)
    plot_networks(right, [rows_of(sweep)[0] for sweep in in_order(sweeps)
                          if sweep not in several])
    return figure
