# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs that were kept in memory (record.h)."""
from __future__ import annotations

import ctypes
import functools
import json
import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import xarray

from ._files import Meaning, dataset, interpret
from ._library import Handle


class _Array(NamedTuple):
    """What an array is: the same for many runs."""
    place: int
    meaning: Meaning
    kind: str
    shape: tuple[int, ...]


@functools.lru_cache(maxsize=64)
def _arrays(description: bytes) -> dict[str, _Array]:
    found = {}
    for place, array in enumerate(json.loads(description)):
        name = array['name']
        attributes = dict(array['attributes'])
        if 'flag_values' in attributes:
            attributes['flag_values'] = np.array(attributes['flag_values'],
                                                 np.int8)
        dimensions = [
            f'{name}_{axis}' if scale is None else scale.rpartition('/')[2]
            for axis, scale in enumerate(array['axes'])]
        found[name] = _Array(place, Meaning(dimensions, attributes),
                             array['type'], tuple(array['shape']))
    return dict(sorted(found.items()))


class Record(Mapping[str, np.ndarray]):
    """A run in memory: its arrays by the names of the datasets of run.h5,
    `attrs`, and the Dataset of both.

    Arrays are not copied: they are the library's memory, which stays as long
    as the record or one of them.
    """

    def __init__(self, handle: Handle, known: dict[str, str]) -> None:
        self._handle, self._known = handle, known

    @functools.cached_property
    def attrs(self) -> dict[str, Any]:
        """The regime, ...: the attributes of the Dataset."""
        found = json.loads(self._handle.attributes().decode())
        for name, value in found.items():
            if value is None:
                found[name] = math.nan
            elif isinstance(value, list):
                found[name] = np.array(value, float)
        return {**found, **self._known}

    def dataset(self) -> xarray.Dataset:
        """As restrain.run() returns it, without the events."""
        variables = {
            name: interpret(self[name], array.meaning, True)
            for name, array in self._arrays.items() if '/' not in name}
        return dataset('', variables, dict(self.attrs))

    @functools.cached_property
    def _arrays(self) -> dict[str, _Array]:
        return _arrays(self._handle.arrays())

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    def __getitem__(self, name: str) -> np.ndarray:
        place, _, kind, shape = self._arrays[name]
        address = self._handle.values()[place]
        if kind == 'text':
            texts = (ctypes.c_char_p * math.prod(shape)).from_address(address)
            return np.array([(text or b'').decode(errors='replace')
                             for text in texts], np.str_).reshape(shape)
        size = np.dtype(kind).itemsize * math.prod(shape)
        if size == 0:
            return np.empty(shape, kind)
        memory: Any = (ctypes.c_char * size).from_address(address)
        memory.record = self._handle  # which lives as long as a view of it
        return np.frombuffer(memory, kind).reshape(shape)
