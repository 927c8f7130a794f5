# SPDX-License-Identifier: GPL-3.0-or-later
"""Table 9 of the journal's text: thresholds of the linearised network by
Nesterov's method, as table 2."""
from .table import COMMAND, OPTIONS, draw, tabulate

__all__ = ['CASES', 'COMMAND', 'OPTIONS', 'draw', 'tabulate']

CASES = ('nesterov-decay-*',)
