# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run has over its iterations, by name: scalars, entries of fields,
fields, whole states."""
from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from .._errors import UsageError
from ..case import effective_case

if TYPE_CHECKING:
    import xarray

# The axes that iterations are counted along.
TIMES = ('iteration', 'time', 'evaluation')
# Letters of a title that an inch holds.
LETTERS = 15


def source_of(ds: xarray.Dataset) -> str:
    """The name of the file, for messages."""
    return str(ds.encoding.get('source', 'the run'))


def heading(ds: xarray.Dataset) -> list[str]:
    """Title, settings, regime."""
    case = effective_case(ds.attrs.get('effective', ''))
    title = case.get('title', 'null')
    settings = []
    for key, name in (('flow.kind', ''), ('step.scheme', ''),
                      ('step.lr', 'lr = '),
                      ('step.weight_decay', r'$\alpha$ = '),
                      ('step.momentum', r'$\mu$ = '),
                      ('flow.precision', '')):
        value = case.get(key)
        if value not in (None, '', 'double'):
            number = isinstance(value, (int, float))
            settings.append(name + (f'{value:g}' if number else str(value)))
    regime = ds.attrs.get('regime', '')
    return [text for text in ('' if title == 'null' else str(title),
                              ', '.join(settings), regime) if text]


def head(figure: Figure, ds: xarray.Dataset) -> None:
    """The heading above all axes, in lines that fit."""
    width = int(LETTERS * figure.get_figwidth())
    figure.suptitle('\n'.join(line for text in heading(ds)
                              for line in textwrap.wrap(text, width)),
                    fontsize=8)


def over_time(ds: xarray.Dataset) -> list[str]:
    """Names of what there is over iterations, fields with the axes of an
    entry."""
    return [str(name) + ''.join(f'[{axis}]' for axis in ds[name].dims
                                if axis not in TIMES)
            for name in ds.data_vars if set(ds[name].dims) & set(TIMES)]


def series(ds: xarray.Dataset, name: str) -> tuple[np.ndarray, np.ndarray]:
    """(iterations, values) of a scalar, as `loss`, or of an entry, numbered
    from 0, as `kernel[3][5]`, `0.weight[0][0][1][1]`, `twin_difference[0]`.
    """
    field, *places = re.sub(r'\[(\d+)\]', r'\0\1', name).split('\0')
    variable = ds[field] if field in ds.data_vars else None
    axes = [] if variable is None else [
        axis for axis in variable.dims if axis in TIMES]
    if variable is None or not axes:
        raise UsageError(f'{source_of(ds)} has no {field} over iterations; '
                         f'it has {", ".join(over_time(ds)) or "nothing"}')
    others = [axis for axis in variable.dims if axis not in TIMES]
    if len(places) != len(others):
        raise UsageError(f'{name} is no number over iterations: name an '
                         'entry, ' + field + '[0]' * len(others))
    at = {axis: int(place) for axis, place in zip(others, places)}
    for axis, place in at.items():
        if place >= ds.sizes[axis]:
            raise UsageError(f'{name} is not there: the axis {axis} of '
                             f'{field} has {ds.sizes[axis]} entries')
    values = variable.isel(at).values.astype(float)
    return iterations_of(ds, str(axes[0])), values


def iterations_of(ds: xarray.Dataset, axis: str) -> np.ndarray:
    """Of the rows along an axis of TIMES."""
    return ds['step' if axis == 'time' and 'step' in ds else axis].values


def names_of(of: str | Sequence[str] | None, default: Sequence[str],
             what: str) -> list[str]:
    """The names given, as many as there are by default."""
    names = [of] if isinstance(of, str) else list(of or default)
    if len(names) != len(default):
        raise UsageError(f'{what} needs {len(default)} '
                         f'name{"s"[:len(default) - 1]}, not {len(names)}')
    return names


def since_row(iterations: np.ndarray, since: int | None) -> int:
    """The first row of an iteration; of the second half if none is given."""
    if since is None:
        return len(iterations) // 2
    row = int(np.searchsorted(iterations, since))
    if row > len(iterations) - 2:
        raise UsageError(f'nothing is left since iteration {since}: the last '
                         f'one stored is {iterations[-1]}')
    return row


def state_names(ds: xarray.Dataset) -> list[str]:
    """The state: `kernel`, or a tensor for each of a network's."""
    if 'kernel' in ds:
        return ['kernel']
    return [str(name) for name in ds.data_vars
            if ds[name].dims[:1] == ('time',) and
            str(ds[name].dims[-1]).startswith(f'{name}.')]


def field_of(ds: xarray.Dataset, field: str | None) -> xarray.DataArray:
    """A field [time][...], the state or its first tensor by default."""
    names = [str(name) for name in ds.data_vars
             if ds[name].dims[:1] == ('time',) and ds[name].ndim > 1]
    wanted = field if field is not None else next(iter(state_names(ds)), None)
    if wanted is None or wanted not in names:
        raise UsageError(
            f'{source_of(ds)} has no ' +
            (f'field {wanted}' if wanted else 'fields') +
            (f'; it has {", ".join(names)}; output.fields of its case asks '
             'for more' if names else
             ': only a run stores them'))
    return ds[wanted]
