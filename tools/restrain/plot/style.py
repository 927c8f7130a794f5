# SPDX-License-Identifier: GPL-3.0-or-later
"""What all figures look like."""
from __future__ import annotations

# Drawn at the size of print: a page of two columns is 7 in wide.
PAGE, COLUMN = 7.0, 3.4
STYLE = {
    'font.size': 8, 'axes.titlesize': 8, 'legend.fontsize': 7,
    'legend.frameon': False, 'lines.linewidth': 1, 'axes.grid': True,
    'grid.alpha': 0.3, 'grid.linewidth': 0.5, 'pdf.fonttype': 42,
    'figure.dpi': 300}
OKABE_ITO = ('#000000', '#E69F00', '#56B4E9', '#009E73', '#0072B2', '#D55E00',
             '#CC79A7')
BLACK, ORANGE, SKY, GREEN, BLUE, RED, PINK = OKABE_ITO
# Hue and lightness tell them apart.
REGIMES = {'stable': '#0072B2', 'transient': '#9AD0F5',
           'converged': '#56B4E9', 'restrained-periodic': '#F0E442',
           'restrained-chaotic': '#D55E00', 'bounded': '#E69F00',
           'divergent': '#000000', 'undecided': '#999999'}
PENDING = 'pending'
# Kinds of events: light enough for a curve in black, apart in lightness.
KINDS = {'discrete': ('#F6D08A', 'the step overshoots'),
         'continuous': ('#8FC1E3', 'the flow itself grows'),
         'non-normal': ('#BBBBBB', 'transient of the momentum')}
HATCH = {'facecolor': 'white', 'edgecolor': '#777777', 'hatch': '//////'}
FIELD_MAP = 'RdBu_r'
