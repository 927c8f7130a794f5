# SPDX-License-Identifier: GPL-3.0-or-later
"""restrain: the numerical analysis of training, from Python.

Training by gradient descent is an explicit time-stepping scheme for a partial
differential equation; the learning rate is its time step. This package runs
the library librestrain on cases and arrays of yours, and opens what it, or
the program `restrain`, has stored, as xarray and pandas objects.

    import restrain

    run = restrain.run("cases/own-image.yaml", image=array, step__lr=0.05)
    run.loss.plot(yscale="log")
    run.attrs["regime"]                     # "stable", ..., "divergent"

Compute (each takes a case, arrays and overrides, and returns a Dataset):

    run         integrate a case; scalars over `iteration`, fields over `time`
    record      the same as arrays by their names, for loops of small runs
    analyze     its stability before any run: spectrum, limits of lr
    sweep       regimes over learning rates and weight decays, or any keys
    bifurcate   what it settles on over the learning rate or the weight decay

Open (files of the library, the program, or of `path=...` above):

    open        a file as a Dataset, or a group in it
    events      the events of a run as a pandas table
    open_many   many runs joined along a key of their cases

    plot        figures of all of these: `restrain.plot.file(path)`
    grey        a picture as an image: levels from -1 to 1

A case is the name of a YAML file, a dict, or YAML text of several lines.
Keyword arguments override keys of it, with two underscores for a dot:
`step__lr=0.05` is `step.lr`, and `**{"step.lr": 0.05}` does the same.
`restrain help case` in a shell lists all keys with units and defaults.

Units. The learning rate is the time step, and everything else is in units of
the case: lengths in grid points (times `flow.diffusion.spacing`), wave
numbers in radians per unit length, growth rates and exponents per iteration.
Each variable has `long_name` and `units`.

Failures raise `restrain.Error` with the library's message: `UsageError`, a
ValueError, for cases and arguments, `FileError`, an OSError, for files.
Ctrl-C stops a run with a checkpoint, from which `resume=True` goes on.

The library is $RESTRAIN_LIBRARY, else what the loader finds as
librestrain.so.0, else that in build/src of the checkout. Opening and plotting
files needs none.
"""
from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import plot
    from ._arrays import grey
    from ._compute import analyze, bifurcate, record, run, sweep
    from ._errors import Error, FileError, UsageError
    from ._files import events, open, open_many
    from ._library import library_version

__version__ = '0.1.0'

__all__ = ['Error', 'FileError', 'UsageError', 'analyze', 'bifurcate',
           'events', 'grey', 'library_version', 'open', 'open_many', 'plot',
           'record', 'run', 'sweep']

# What is used is imported: xarray alone takes a second.
_PLACES = {
    'Error': '_errors', 'FileError': '_errors', 'UsageError': '_errors',
    'analyze': '_compute', 'bifurcate': '_compute', 'record': '_compute',
    'run': '_compute', 'sweep': '_compute', 'events': '_files',
    'open': '_files', 'open_many': '_files', 'grey': '_arrays',
    'library_version': '_library', 'plot': 'plot'}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'restrain' has no attribute '{name}'")
    module = importlib.import_module(f'.{_PLACES[name]}', __name__)
    value = module if name == 'plot' else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
