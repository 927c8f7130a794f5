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
# Lightness alone tells them apart, on grey paper and to eyes of all kinds.
REGIMES = {'stable': '#023B3A', 'transient': '#184D8C',
           'converged': '#4A60A8', 'restrained-periodic': '#A9E2DE',
           'restrained-chaotic': '#DE562B', 'bounded': '#EBAF4F',
           'divergent': '#000000', 'undecided': '#999999'}
# What shades a regime, and its colours from the least value to the largest.
# Exponents end and begin at 0, where they leap from light to dark; divergent,
# convergent, chaotic, periodic get lighter in this order in any shade.
SHADES = {
    'stable': ('iterations_run', ('#023232', '#04635F')),
    'transient': ('iterations_run', ('#0A2F66', '#2A66A8')),
    'converged': ('iterations_run', ('#3A4A92', '#5763A8')),
    'restrained-periodic': ('lyapunov', ('#62CBD9', '#B5E3DF', '#FFF8DC')),
    'restrained-chaotic': ('lyapunov', ('#F59E3C', '#E4632D', '#CA3A28')),
    'divergent': ('iterations_run', ('#000000', '#2B1F30'))}
PENDING = 'pending'
# Kinds of events: light enough for a curve in black, apart in lightness.
KINDS = {'discrete': ('#F6D08A', 'the step overshoots'),
         'continuous': ('#8FC1E3', 'the flow itself grows'),
         'non-normal': ('#BBBBBB', 'transient of the momentum')}
HATCH = {'facecolor': 'white', 'edgecolor': '#777777', 'hatch': '//////'}
FIELD_MAP = 'RdBu_r'
