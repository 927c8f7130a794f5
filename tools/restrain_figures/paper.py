# SPDX-License-Identifier: GPL-3.0-or-later
"""What there is of each figure and table of the journal's text."""

SOURCE = 'Sun, Lao, Yezzi, Sundaramoorthi, JMLR 25(174), 2024'
COVERED, IN_KIND, MISSING = 'covered', 'in kind', 'missing'
BATCHES = 'there is no case of such training yet'
# What, whether, the figures of tools/figures, what it is or what it lacks.
CONTENTS = (
    ('figure 1', COVERED, ('heat',), 'heat equation, two time steps'),
    ('figure 2', IN_KIND, ('beltrami',),
     'Beltrami flow; the fidelity, which is not published, is chosen'),
    ('figure 3', MISSING, (),
     'twins of a deep network by stochastic gradients: ' + BATCHES),
    ('figure 4', COVERED, ('linear',), 'linearised network, losses'),
    ('figure 5', COVERED, ('nonlinear', 'twins'),
     'one-layer network: losses; twins in the last bits'),
    ('figure 6', COVERED, ('sharpness',), 'normalised sharpness'),
    ('figure 7', IN_KIND, ('mnist-no-decay',),
     'one and three layers without decay, a tenth of the iterations'),
    ('figure 8', IN_KIND, ('fashion',),
     'sharpness of deep tanh networks, on 500 images of Fashion-MNIST'),
    ('figure 9', COVERED, ('mnist-edge',),
     'one and two layers with decay, boundaries measured and predicted'),
    ('figure 10', MISSING, (), 'accuracy of the stable run: ' + BATCHES),
    ('figure 11', COVERED, ('nesterov',), "linearised, Nesterov's method"),
    ('table 1', MISSING, (), 'perturbed stochastic gradients: ' + BATCHES),
    ('table 2', COVERED, ('table',), 'thresholds of the linearised network'),
    ('table 3', IN_KIND, ('activation',),
     'its regimes of the activation as shares of positions along runs'),
    ('table 4', MISSING, (), 'repeated runs: ' + BATCHES),
    ('table 5', MISSING, (), 'divisors k and 2^n k: ' + BATCHES),
    ('table 6', MISSING, (), 'swish, CIFAR-10: ' + BATCHES),
    ('table 7', MISSING, (), 'other networks, Fashion-MNIST: ' + BATCHES),
    ('table 8', MISSING, (), 'Adam, double precision: ' + BATCHES),
    ('table 9', COVERED, ('nesterov-table',),
     "thresholds of the linearised network, Nesterov's method"),
    ('abstract', IN_KIND, ('depth',),
     'the part of weight decay and depth in stability'))


def lines():
    yield SOURCE
    for what, state, figures, note in CONTENTS:
        yield f'{what:10} {state:8} {", ".join(figures) or "-":19} {note}'
