# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of results, by matplotlib.

    file        the right picture for any file: restrain.plot.file("run.h5")
    run         loss and what tells most beside it, over iterations
    dashboard   everything a run has, on one page
    map         a sweep: regimes, shaded within, or any of its values
    bifurcation what a case settles on over lr or weight decay
    analysis    spectrum, amplification factor, limits
    events      when perturbations grew, and where
    return_map  a number of a run after an update over that before
    phase       the way of its state in two directions
    spectrum    the Fourier spectrum of a field over iterations
    space_time  a row of a field over iterations
    exponent    how the Lyapunov exponent converges
    hessian     eigenvalues of the Hessian beside the limits of the step
    precision   a run in single and in double precision
    animate     a film of a field of a run, or into the windows of a sweep

Each returns a matplotlib Figure (animate: an animation) made without pyplot,
so that many can be drawn without closing any: figure.savefig("name.png"); a
notebook shows what a cell returns. Axes bear the units of the files:
iterations, lengths in grid points, radians per unit length, exponents per
iteration.
"""
from __future__ import annotations

import os
from typing import Any

from matplotlib.figure import Figure

from .analyses import analysis
from .exponents import exponent
from .films import animate
from .hessians import hessian
from .kinds import KINDS, draw
from .maps import bifurcation, map
from .orbits import phase, return_map
from .precisions import precision
from .runs import dashboard, events, run
from .waves import space_time, spectrum

__all__ = ['KINDS', 'analysis', 'animate', 'bifurcation', 'dashboard',
           'events', 'exponent', 'file', 'hessian', 'kind', 'map', 'phase',
           'precision', 'return_map', 'run', 'space_time', 'spectrum']


def kind(ds: object) -> str:
    """What a Dataset is of: "run", "follow", "sweep", "bifurcation",
    "analysis"."""
    names, dims = set(ds.variables), set(ds.dims)  # type: ignore[attr-defined]
    if 'verdict' in ds.attrs:  # type: ignore[attr-defined]
        return 'analysis'
    if 'sample' in dims:
        return 'bifurcation'
    if 'regime' in names:
        return 'sweep'
    return 'run' if 'loss' in names else 'follow'


def file(path: str | os.PathLike[str], kind: str | None = None,
         **options: Any) -> Figure:
    """The figure that suits a file of restrain; or one of KINDS by its name,
    as "space-time", with the options of its function."""
    return draw(path, kind or suiting(path), **options)


def suiting(path: str | os.PathLike[str]) -> str:
    """The name in KINDS of the picture that suits a file."""
    from .._files import open as open_file
    found = kind(open_file(path))
    return {'run': 'dashboard', 'follow': 'dashboard',
            'sweep': 'map'}.get(found, found)
