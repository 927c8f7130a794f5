# SPDX-License-Identifier: GPL-3.0-or-later
"""What there is of each figure and table of the journal's text."""

SOURCE = 'Sun, Lao, Yezzi, Sundaramoorthi, JMLR 25(174), 2024'
COVERED, IN_KIND = 'covered', 'in kind'
# What, whether, the figures of tools/figures, what it is or what it lacks.
CONTENTS = (
    ('figure 1', COVERED, ('heat',), 'heat equation, two time steps'),
    ('figure 2', IN_KIND, ('beltrami',),
     'Beltrami flow; the fidelity, which is not published, is chosen'),
    ('figure 3', IN_KIND, ('falling-rates',),
     'twins of deep networks by stochastic gradients, on Fashion-MNIST'),
    ('figure 4', COVERED, ('linear',), 'linearised network, losses'),
    ('figure 5', COVERED, ('nonlinear', 'twins'),
     'one-layer network: losses; twins in the last bits'),
    ('figure 6', COVERED, ('sharpness',), 'normalised sharpness'),
    ('figure 7', IN_KIND, ('mnist-no-decay',),
     'one and three layers without decay, on digits'),
    ('figure 8', IN_KIND, ('fashion',),
     'sharpness of deep tanh networks, on Fashion-MNIST'),
    ('figure 9', COVERED, ('mnist-edge',),
     'one and two layers with decay, boundaries measured and predicted'),
    ('figure 10', IN_KIND, ('falling-rates',),
     'accuracy of runs whose twins stay together'),
    ('figure 11', COVERED, ('nesterov',), "linearised, Nesterov's method"),
    ('table 1', IN_KIND, ('perturbed',),
     'ResNet-8 on Fashion-MNIST; cases/resnet-56 has the setting itself'),
    ('table 2', COVERED, ('table',), 'thresholds of the linearised network'),
    ('table 3', IN_KIND, ('activation',),
     'its regimes of the activation as shares of positions along runs'),
    ('table 4', IN_KIND, ('perturbed',),
     'runs that are repeated have the same bits, which tests hold'),
    ('table 5', IN_KIND, ('perturbed',), 'divisors 1, 2, 4: the same bits'),
    ('table 6', IN_KIND, ('perturbed',), 'ResNet-8 with swish'),
    ('table 7', IN_KIND, ('perturbed',),
     'group normalisation: ResNet-8, and layers of 8 and 16 channels'),
    ('table 8', IN_KIND, ('perturbed',), 'Adam, and double precision'),
    ('table 9', COVERED, ('nesterov-table',),
     "thresholds of the linearised network, Nesterov's method"),
    ('abstract', IN_KIND, ('depth', 'minima'),
     'the part of weight decay and depth in stability'))


def lines():
    yield SOURCE
    for what, state, figures, note in CONTENTS:
        yield f'{what:10} {state:8} {", ".join(figures) or "-":19} {note}'
