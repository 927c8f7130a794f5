# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of results, by matplotlib.

    file        the right picture for any file: restrain.plot.file("run.h5")
    run         loss and what tells most beside it, over iterations
    dashboard   everything a run has, on one page
    map         a sweep: regimes, shaded within, or any of its values
    bifurcation what a case settles on over lr or weight decay
    analysis    spectrum, amplification factor, limits
    events      when perturbations grew, and where
    animate     a film of a field of a run

Each returns a matplotlib Figure (animate: an animation) made without pyplot,
so that many can be drawn without closing any: figure.savefig("name.png"); a
notebook shows what a cell returns. Axes bear the units of the files:
iterations, lengths in grid points, radians per unit length, exponents per
iteration.
"""
from __future__ import annotations

import os

from matplotlib.figure import Figure

from .analyses import analysis
from .films import animate
from .maps import bifurcation, map
from .runs import dashboard, events, run

__all__ = ['analysis', 'animate', 'bifurcation', 'dashboard', 'events',
           'file', 'kind', 'map', 'run']


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


def file(path: str | os.PathLike[str]) -> Figure:
    """The figure that suits a file of restrain."""
    from .._files import open as open_file
    ds = open_file(path)
    found = kind(ds)
    if found in ('run', 'follow'):
        return dashboard(path)
    return {'sweep': map, 'bifurcation': bifurcation,
            'analysis': analysis}[found](ds)
