# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of the library and the program as xarray and pandas objects."""
from __future__ import annotations

import builtins
import glob
import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

import h5py
import numpy as np
import xarray
from xarray.backends import BackendArray
from xarray.core import indexing

from .case import effective_case
from ._errors import FileError, UsageError

if TYPE_CHECKING:
    import pandas

# Attributes that serve the file rather than its readers.
HIDDEN = ('CLASS', 'NAME', 'DIMENSION_LIST', 'REFERENCE_LIST', 'crc32',
          '_FillValue', '_Netcdf4Dimid', '_Netcdf4Coordinates',
          '_NCProperties')
PROVENANCE = ('version', 'commit', 'created', 'exit_reason', 'wall_seconds')
# Larger fields are read when they are used.
WHOLE = 2**26
# Beside their scale, positions on an axis.
COORDINATES = ('step',)


def open(path: str | os.PathLike[str], group: str | None = None, *,
         words: bool = True) -> xarray.Dataset:
    """A file as a Dataset: run.h5, sweep.h5, bifurcation.h5, analysis.h5.

    group   of the file, such as "events"; see events() for a table
    words   decode flags: `regime` is "stable", ..., not a number, so that
            `ds.regime == "divergent"` and `ds.boxes.sel(boundary="chaos")`
            work; False keeps numbers, with flag_values and flag_meanings

    Fields of more than 64 MiB are read when they are used, from the file,
    which may still be growing: what was there when it was opened is seen.
    Attributes: what the file says of its result, `version`, `commit`,
    `created`, `exit_reason`, `wall_seconds` [s], and `case` (as read) and
    `effective` (every key), YAML.
    """
    return read(os.fspath(path), group, words=words)


def read(path: str, group: str | None = None, *,
         words: bool = True) -> xarray.Dataset:
    """open() of a path that is text."""
    variables: dict[str, xarray.Variable] = {}
    with _open(path) as file:
        place = file if group is None else file.get(group)
        if not isinstance(place, h5py.Group):
            raise UsageError(f'{path} has no group {group}')
        for name, item in place.items():
            if isinstance(item, h5py.Dataset):
                variables[name] = _variable(path, item, words)
        attributes = _attributes(file.attrs)
        attributes.update(_provenance(file))
    return dataset(path, variables, attributes)


def dataset(path: str, variables: dict[str, xarray.Variable],
            attributes: dict[str, Any]) -> xarray.Dataset:
    """Variables as a Dataset; `path` of their file, '' for none."""
    coordinates = {name: variables.pop(name) for name in list(variables)
                   if name in COORDINATES}
    found = xarray.Dataset(variables, coordinates, attributes)
    if path:
        found.encoding['source'] = path
    return found


def _open(path: str) -> h5py.File:
    try:
        # What HDF5 says of files that cannot be opened fills lines.
        with builtins.open(path, 'rb'):
            pass
    except OSError as fault:
        raise FileError(f'{path} cannot be read: {fault.strerror}') from fault
    try:
        # A run that goes on holds its file.
        file = h5py.File(path, 'r', locking=False)
    except OSError as fault:
        raise FileError(f'{path} cannot be read as an HDF5 file: '
                        f'{fault}') from fault
    if 'provenance' not in file:
        file.close()
        raise FileError(f'{path} is no result of restrain: it has no '
                        'provenance')
    return file


def _text(value: Any) -> Any:
    """Bytes as text, scalars of NumPy as those of Python."""
    if isinstance(value, bytes):
        return value.decode(errors='replace')
    return value.item() if isinstance(value, np.generic) else value


def _attributes(attrs: h5py.AttributeManager) -> dict[str, Any]:
    return {name: _text(attrs[name]) for name in attrs if name not in HIDDEN}


def _provenance(file: h5py.File) -> dict[str, Any]:
    group = file['provenance']
    found = {name: _text(group.attrs[name]) for name in PROVENANCE
             if name in group.attrs}
    for name in ('case', 'effective'):
        if name in group:
            found[name] = _text(group[name][()])
    return found


def _dimensions(item: h5py.Dataset) -> list[str]:
    """Names of the scales, without the groups that they are in."""
    if 'DIMENSION_LIST' not in item.attrs:  # a scale, or a scalar
        name = item.name.rpartition('/')[2]
        return [name] if item.ndim == 1 else [
            f'{name}_{axis}' for axis in range(item.ndim)]
    return [item.file[scales[0]].name.rpartition('/')[2]
            for scales in item.attrs['DIMENSION_LIST']]


class Meaning(NamedTuple):
    """What a dataset's numbers are."""

    dimensions: list[str]
    attributes: dict[str, Any]


def _meaning(item: h5py.Dataset) -> Meaning:
    return Meaning(_dimensions(item), _attributes(item.attrs))


def _variable(path: str, item: h5py.Dataset, words: bool) -> xarray.Variable:
    meaning = _meaning(item)
    if item.nbytes > WHOLE:
        lazy = indexing.LazilyIndexedArray(
            _Field(path, item.name, item.shape, item.dtype))
        return xarray.Variable(meaning.dimensions, lazy, meaning.attributes)
    return interpret(item[()], meaning, words)


def interpret(values: np.ndarray, meaning: Meaning,
              words: bool) -> xarray.Variable:
    """Numbers with what they mean, flags as words if that is wanted."""
    attributes = dict(meaning.attributes)
    if isinstance(values, np.ndarray) and values.dtype.hasobject:
        values = np.array([_text(one) for one in values.ravel()],
                          dtype=str).reshape(values.shape)
    elif words and len(attributes.get('flag_values', ())) > 1:
        # One flag alone stands beside numbers.
        values = _words(values, attributes.pop('flag_values'),
                        attributes.pop('flag_meanings').split())
    return xarray.Variable(meaning.dimensions, values, attributes)


def _words(values: np.ndarray, flags: np.ndarray,
           meanings: list[str]) -> np.ndarray:
    order = np.argsort(flags)
    places = np.searchsorted(flags[order], values)
    return np.array(meanings)[order][np.minimum(places, len(order) - 1)]


class _Field(BackendArray):
    """A dataset that is read when it is used; no file stays open."""

    def __init__(self, path: str, name: str, shape: tuple[int, ...],
                 dtype: np.dtype) -> None:
        self.path, self.name = path, name
        self.shape, self.dtype = shape, dtype

    def __getitem__(self, key: indexing.ExplicitIndexer) -> np.ndarray:
        return indexing.explicit_indexing_adapter(
            key, self.shape, indexing.IndexingSupport.OUTER_1VECTOR,
            self._read)

    def _read(self, key: tuple) -> np.ndarray:
        with _open(self.path) as file:
            return file[self.name][key]


def events(path: str | os.PathLike[str]) -> pandas.DataFrame:
    """The events of a run: intervals of iterations in which the leading
    perturbation grows, a row each, with words for kinds.

    Columns: first, last and peak_iteration [iteration]; kind; peak and
    amplification (growth factors); growth_discrete and growth_continuous
    (log growth by kind of the updates); y_first, ... x_last [points];
    centroid_y, centroid_x [length]; share (of the points, that hold 90 % of
    the growth); ky, kx [radians per unit length]; rayleigh [1/lr].
    UsageError for a file without: the case asks for none of the scalars and
    fields that follow a perturbation (output.scalars: [local_growth]).
    """
    with _open(os.fspath(path)) as file:
        if 'events' not in file:
            raise UsageError(f'{os.fspath(path)} has no events: its case '
                             'follows no perturbation; ask for one, as by '
                             'output.scalars: [local_growth]')
    found = open(path, 'events')
    # Shares by tensor, (event, tensor), become a column each.
    flat = {name: found[name] for name in found.data_vars
            if found[name].dims == ('event',)}
    table = xarray.Dataset(flat).to_dataframe()
    table.index = table.index.astype(int)
    table.attrs = {name: found.attrs[name] for name in (
        'regime', 'regime_reason', 'exponent', 'case', 'effective', 'version')
        if name in found.attrs}
    return table


def open_many(files: str | Iterable[str | os.PathLike[str]],
              along: str = 'step.lr', *,
              variables: Iterable[str] | None = None) -> xarray.Dataset:
    """Runs joined along a key of their cases, on iterations.

    files       a pattern, as "output/nonlinear-lr-*/run.h5", or names
    along       a key of the effective case: step.lr, step.weight_decay,
                initial.seed, step.scheme, ...; the new axis bears its last
                part (`lr`), and its values ascend
    variables   names of scalars; all of them if not given

    Scalars over `iteration` get the new axis in front; runs that are shorter
    or were stored less often are padded by NaN. Over the new axis: `regime`,
    `exponent` [1/iteration], `period`, `exit_reason` and `file`. Fields are
    left out: open() has them.
    """
    if isinstance(files, (str, os.PathLike)):
        given = sorted(glob.glob(os.fspath(files), recursive=True))
        if not given:
            raise FileError(f'no file matches {os.fspath(files)}')
    else:
        given = [os.fspath(name) for name in files]
    # Checkpoints lie beside results.
    names = [name for name in given
             if '.checkpoint' not in os.path.basename(name)]
    if not names:
        raise UsageError('there are no files to join')
    wanted = None if variables is None else list(variables)
    axis = along.rpartition('.')[2]
    runs = [(_value(name, along), _scalars(name, wanted)) for name in names]
    if any(isinstance(value, str) for value, _ in runs):
        runs = [(str(value), run) for value, run in runs]
    runs.sort(key=lambda run: run[0])
    coordinate = xarray.Variable(axis, [value for value, _ in runs],
                                 {'long_name': along, 'units': '1'})
    for _, run in runs:
        if axis in run.dims or axis in run.variables:
            raise UsageError(f'the runs have an axis {axis} of their own')
    return xarray.concat([run for _, run in runs], coordinate, join='outer',
                         data_vars='all', combine_attrs='drop_conflicts')


def _value(path: str, key: str) -> Any:
    with _open(path) as file:
        case = effective_case(_provenance(file).get('effective', ''))
    if case.get(key, '') == '':
        raise UsageError(f'the case of {path} has no key {key}')
    return case[key]


def _scalars(path: str, wanted: list[str] | None) -> xarray.Dataset:
    """What a run has over iterations, and what became of it."""
    found = open(path)
    if 'iteration' not in found.dims:
        raise UsageError(f'{path} is no run: it has nothing over iterations')
    names = [str(name) for name in found.data_vars
             if 'iteration' in found[name].dims]
    if wanted is not None:
        missing = [name for name in wanted if name not in names]
        if missing:
            raise UsageError(f'{path} has no {", ".join(missing)} over '
                             f'iterations; it has {", ".join(names)}')
        names = wanted
    kept = found[names]
    for name in ('regime', 'exponent', 'period', 'exit_reason'):
        if name in found.attrs:
            kept[name] = ((), found.attrs[name])
    kept['file'] = ((), path)
    return kept
