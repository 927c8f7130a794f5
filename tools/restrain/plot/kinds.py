# SPDX-License-Identifier: GPL-3.0-or-later
"""The pictures that there are of a file, by name."""
from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from typing import Any, NamedTuple

from matplotlib.figure import Figure

from .. import _files
from .._errors import UsageError
from . import runs
from .analyses import analysis
from .exponents import exponent
from .hessians import hessian
from .maps import bifurcation, map
from .orbits import phase, return_map
from .precisions import precision
from .waves import space_time, spectrum


class Kind(NamedTuple):
    """A picture: what draws it of a Dataset, what it shows, what the file
    must hold."""

    draw: Callable[..., Figure]
    shows: str
    needs: str


def _dashboard(ds: Any) -> Figure:
    return runs.dashboard(ds.encoding['source'])


def _events(ds: Any) -> Figure:
    return runs.events(_files.events(ds.encoding['source']))


KINDS = {
    'dashboard': Kind(_dashboard, 'everything on one page', 'a run'),
    'run': Kind(runs.run, 'loss and what tells most beside it', 'a run'),
    'events': Kind(_events, 'when perturbations grew, and where',
                   'events: the scalar local_growth'),
    'map': Kind(map, 'regimes over the axes of a sweep', 'a sweep'),
    'bifurcation': Kind(bifurcation, 'what the iteration settles on',
                        'a bifurcation diagram'),
    'analysis': Kind(analysis, 'spectrum, amplification factor, limits',
                     'an analysis'),
    'return-map': Kind(
        return_map, 'a number after an update over that before',
        'each iteration of a scalar, or of a field for an entry of it'),
    'phase': Kind(
        phase, "two directions of the state, the leading ones of its "
        'snapshots or two names', 'snapshots, or both names'),
    'spectrum': Kind(
        spectrum, "a field's mean square by wave number over iterations",
        'the field, at several iterations'),
    'space-time': Kind(
        space_time, 'a row of a field over iterations',
        'the field, at several iterations'),
    'exponent': Kind(
        exponent, 'how the Lyapunov exponent converges, with its error',
        'the scalars local_growth and lyapunov'),
    'hessian': Kind(
        hessian, 'eigenvalues of the Hessian beside R/lr and the decay',
        'an analysis, or the scalars sharpness, lambda_min, '
        'layer_sharpness'),
    'precision': Kind(
        precision, 'single against double precision, and rounding',
        'a twin float or double; or the other run, by --with')}


def draw(path: str | os.PathLike[str], kind: str,
         **options: Any) -> Figure:
    """The picture of that name, with options of its own."""
    if kind not in KINDS:
        raise UsageError(f'there is no picture {kind}; there are '
                         + ', '.join(KINDS))
    function = KINDS[kind].draw
    taken = list(inspect.signature(function).parameters)[1:]
    strange = [name for name in options if name not in taken]
    if strange:
        raise UsageError(f'the picture {kind} takes no {", ".join(strange)}'
                         + (f'; it takes {", ".join(taken)}' if taken
                            else ''))
    return function(_files.open(path), **options)
