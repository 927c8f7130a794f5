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
CASES = ('perturbed-group-norm', 'perturbed-residual', 'perturbed-swish',
         'perturbed-adam', 'perturbed-double', 'perturbed-exact')
TITLES = {'perturbed-residual': 'ResNet-8',
          'perturbed-swish': 'ResNet-8, swish',
          'perturbed-adam': 'ResNet-8, Adam',
          'perturbed-double': 'ResNet-8, double precision',
          'perturbed-exact': 'ResNet-8, divisors 1, 2, 4',
          'perturbed-group-norm': 'group normalisation'}
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


def plot_rates(axes, rows):
    rates = [row.lr for row in rows]
    for name, colour, values in (
            ('divisors', OKABE_ITO[5], [row.divisors for row in rows]),
            ('seeds', OKABE_ITO[4], [row.seeds for row in rows])):
        axes.plot(rates, np.maximum(values, EDGE), 'o-', color=colour,
                  markersize=4, label=f'over {name}')
    axes.text(1.25 * rates[0], EDGE, 'equal', fontsize=7, va='center')
    axes.set(xscale='log', yscale='log', xlabel='learning rate lr',
             ylabel='standard deviation of the accuracy, %',
             title=rows[0].title)
    axes.legend()


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
    sweeps = in_order(sweeps)
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(PAGE, 2.8), layout='constrained')
    plot_rates(left, rows_of(sweeps[-1]))
    plot_networks(right, [row for sweep in sweeps[:-1]
                          for row in rows_of(sweep)])
    return figure
