# SPDX-License-Identifier: GPL-3.0-or-later
"""SVAG on its way to the stochastic differential equation of SGD: errors of
the mean of a weight and of its square against l, exact as lines, of ensembles
as points with two standard errors."""
import matplotlib.pyplot as plt
import numpy as np

from .style import OKABE_ITO, PAGE

CASES = ('svag-*', 'sde-*')
BLACK, BLUE, RED = (OKABE_ITO[i] for i in (0, 4, 5))
LENGTHS = 2**np.arange(7)
# The grid of the exact expectations, far beyond where paths go.
RIM, POINTS, NODES = 6, 401, 20
IMAGES = 3
LOOKS = {'svag': (RED, 'o', 'SVAG'), 'sde': (BLUE, 's', 'Euler-Maruyama')}


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


class OneWeight:
    """Expectations of a network of one weight x on images of one point each,
    by going backwards in time: E[phi(x_T) | x_0] is phi, averaged T times
    over where a step leads to, between the points of a grid by splines."""

    def __init__(self, run):
        self.value, self.label = (
            np.array([run.setting(f'flow.images.{i}.{key}')
                      for i in range(IMAGES)]) for key in ('value', 'label'))
        self.lr, self.decay = run.lr, run.decay
        self.start = run.setting('initial.scale')
        self.steps = round(run.setting('step.iterations')
                           / run.setting('sampling.l'))
        self.point = np.linspace(-RIM, RIM, POINTS)
        self.slopes = self.gradients(self.point)
        self.curvatures = self.second_differences()

    def gradients(self, x):
        """Of each image's loss with the decay, (image, x): the swish and the
        cross entropy."""
        c = np.multiply.outer(self.value, x)
        s = sigmoid(c)
        residual = sigmoid(c * s) - self.label[:, None]
        return (residual * (s + c * s * (1 - s)) * self.value[:, None]
                + self.decay * x)

    @staticmethod
    def second_differences():
        """From values to second derivatives of the natural cubic spline, both
        on the grid."""
        ones = np.ones(POINTS)
        tridiagonal = np.diag(4 * ones) + np.diag(ones[1:], 1) \
            + np.diag(ones[1:], -1)
        right = 6 * (np.diag(ones[1:], 1) + np.diag(ones[1:], -1)
                     - np.diag(2 * ones))
        tridiagonal[[0, -1]] = np.eye(POINTS)[[0, -1]]
        right[[0, -1]] = 0
        return np.linalg.solve(tridiagonal, right) * (
            (POINTS - 1) / (2 * RIM))**2

    def at(self, *outcomes):
        """The matrix that takes values on the grid to their means over
        outcomes (probability, x)."""
        values, bends = np.zeros((2, len(outcomes[0][1]), POINTS))
        for probability, x in outcomes:
            self.add(probability, x, values, bends)
        return values + bends @ self.curvatures

    @staticmethod
    def add(probability, x, values, bends):
        spacing = 2 * RIM / (POINTS - 1)
        place = (np.clip(x, -RIM, RIM) + RIM) / spacing
        cell = np.minimum(place.astype(int), POINTS - 2)
        b = place - cell
        rows = np.arange(len(x))
        for column, weight in ((cell, 1 - b), (cell + 1, b)):
            values[rows, column] += probability * weight
            bends[rows, column] += (probability * (weight**3 - weight)
                                    * spacing**2 / 6)

    def moments(self, length, outcomes):
        """E x and E x^2 in the end, from the (probability, gradient) of
        steps of lr/l."""
        step = self.at(*((probability, self.point - self.lr / length * slope)
                         for probability, slope in outcomes))
        moments = [self.point, self.point**2]
        for _ in range(self.steps * length):
            moments = [step @ f for f in moments]
        return [(self.at((1, np.array([self.start]))) @ f).item()
                for f in moments]

    def svag(self, length):
        """Batches of 1, drawn with replacement."""
        c = np.sqrt(2 * length - 1)
        return self.moments(length, [
            (1 / IMAGES**2, ((1 + c) * one + (1 - c) * other) / 2)
            for one in self.slopes for other in self.slopes])

    def sde(self, length):
        """The normal increment by Gauss-Hermite quadrature."""
        node, weight = np.polynomial.hermite_e.hermegauss(NODES)
        mean, deviation = self.slopes.mean(axis=0), self.slopes.std(axis=0)
        return self.moments(length, [
            (w, mean + np.sqrt(length) * deviation * xi)
            for xi, w in zip(node, weight / weight.sum())])


def limit_of(values):
    """Of an error that is a series in 1/l, from the last three."""
    first = 2 * values[1:] - values[:-1]
    return (4 * first[-1] - first[-2]) / 3


def sampled(run):
    """E x and E x^2 of an ensemble in the end, and their standard errors; the
    second as of a normal x."""
    mean = run['ensemble_mean'][-1].item()
    variance = run['ensemble_variance'][-1].item()
    members = run.setting('ensemble.members')
    return (np.array([mean, mean**2 + variance]), np.sqrt(np.array(
        [variance, 2 * variance**2 + 4 * mean**2 * variance]) / members))


def order_of(errors):
    """As l grows, from two orders in a row that near it as 1/l, and how far
    the last is from it."""
    before, last = np.log2(abs(errors[-3:-1] / errors[-2:]))
    return 2 * last - before, abs(last - before)


def plot(axes, part, exact, limit, runs):
    for kind, (colour, marker, name) in LOOKS.items():
        errors = exact[kind][:, part] - limit[part]
        order, spread = order_of(errors)
        axes.plot(LENGTHS, abs(errors), color=colour, linewidth=0.9,
                  label=f'{name}: order {order:.3f} $\\pm$ {spread:.3f}')
        for run in runs:
            if run.setting('sampling.kind') == kind:
                value, error = sampled(run)
                axes.errorbar(run.setting('sampling.l'),
                              abs(value[part] - limit[part]),
                              2 * error[part], fmt=marker, color=colour,
                              markersize=4, linewidth=1, capsize=2)
    axes.plot(LENGTHS, abs(exact['svag'][-1, part] - limit[part])
              * LENGTHS[-1] / LENGTHS, ':', color=BLACK, linewidth=0.9,
              label='1/l')
    axes.set(xscale='log', yscale='log', xlabel='l', xticks=LENGTHS,
             xticklabels=LENGTHS)
    axes.minorticks_off()
    axes.set_ylim(abs(exact['sde'][-1, part] - limit[part]) / 3, None)
    axes.legend(loc='upper right', fontsize=7)


def draw(runs):
    exact_of = OneWeight(runs[0])
    exact = {kind: np.array([getattr(exact_of, kind)(length)
                             for length in LENGTHS]) for kind in LOOKS}
    limit = limit_of(exact['sde'])
    figure, panels = plt.subplots(1, 2, figsize=(PAGE, 3),
                                  layout='constrained')
    for part, (axes, what) in enumerate(zip(panels, ('x', 'x^2'))):
        plot(axes, part, exact, limit, runs)
        axes.set_title(f'mean of ${what}$ after {exact_of.steps} steps of SGD')
    panels[0].set_ylabel('distance from the differential equation')
    return figure
