# SPDX-License-Identifier: GPL-3.0-or-later
"""Figure 11 of the journal's text: the linearised network by Nesterov's
method around both thresholds of the decay."""
from .linear import draw

__all__ = ['CASES', 'draw']

CASES = ('nesterov-decay-*',)
