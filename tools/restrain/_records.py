# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs that were kept in memory (record.h), as Datasets that are made when they
are looked at: many small runs in a loop cost more in Python than in C."""
from __future__ import annotations

import ctypes
import functools
import json
import math
from typing import Any

import numpy as np
import xarray

from ._files import Meaning, dataset, interpret
from ._library import Record

# Where a pending Dataset keeps what it is to be made of; see Pending.
PLACE = '_close'


class _Memory:
    """Numbers of a record, which lives as long as a view of them."""

    def __init__(self, record: Record, address: int, shape: tuple[int, ...],
                 kind: str) -> None:
        self._record = record
        self.__array_interface__ = {
            'version': 3, 'shape': shape, 'data': (address, False),
            'typestr': np.dtype(kind).str}


@functools.lru_cache(maxsize=64)
def _arrays(description: bytes) -> list[
        tuple[str, int, Meaning, str, tuple[int, ...]]]:
    """What the arrays are: the same for many runs. Those in groups are left
    out, as open() of a file does."""
    found = []
    for place, array in enumerate(json.loads(description)):
        name = array['name']
        attributes = dict(array['attributes'])
        if 'flag_values' in attributes:
            attributes['flag_values'] = np.array(attributes['flag_values'],
                                                 np.int8)
        dimensions = [
            f'{name}_{axis}' if scale is None else scale.rpartition('/')[2]
            for axis, scale in enumerate(array['axes'])]
        found.append((name, place, Meaning(dimensions, attributes),
                      array['type'], tuple(array['shape'])))
    return sorted((entry for entry in found if '/' not in entry[0]),
                  key=lambda entry: entry[0])


class Source:
    """A record and what else is known of the run."""

    def __init__(self, record: Record, known: dict[str, str]) -> None:
        self._record, self._known = record, known

    def attributes(self) -> dict[str, Any]:
        """Those of the Dataset."""
        found = json.loads(self._record.attributes())
        for name, value in found.items():
            if value is None:
                found[name] = math.nan
            elif isinstance(value, list):
                found[name] = np.array(value, float)
        return {**found, **self._known}

    def dataset(self) -> xarray.Dataset:
        """Without attributes."""
        addresses = self._record.values()
        return dataset('', {
            name: interpret(self._values(addresses[place], kind, shape),
                            meaning, True)
            for name, place, meaning, kind, shape in
            _arrays(self._record.arrays())}, {})

    def _values(self, address: int | None, kind: str,
                shape: tuple[int, ...]) -> np.ndarray:
        if kind == 'text':
            texts = (ctypes.c_char_p * math.prod(shape)).from_address(address)
            return np.array([text.decode(errors='replace') for text in texts],
                            dtype=str).reshape(shape)
        if not address:
            return np.empty(shape, kind)
        return np.asarray(_Memory(self._record, address, shape, kind))


class Pending(xarray.Dataset):
    """A Dataset that is made when something of it is first asked for, and is
    a plain one from then on.

    All that a Dataset knows lies in its slots. Here they are empty, so that
    Python asks __getattr__() for them. Attributes come by themselves: the
    regime of a run costs no arrays.
    """

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        if name in xarray.Dataset.__slots__:
            self._provide(name)
            return object.__getattribute__(self, name)
        return super().__getattr__(name)

    def _provide(self, name: str) -> None:
        try:
            source = object.__getattribute__(self, PLACE)
        except AttributeError:
            return
        if not isinstance(source, Source):
            return
        if name == '_attrs':
            object.__setattr__(self, '_attrs', source.attributes())
            return
        self._become(source.dataset())

    def _become(self, made: xarray.Dataset) -> None:
        self._attrs  # before its source is gone
        for slot in xarray.Dataset.__slots__:
            if slot not in ('_attrs', '__weakref__', PLACE) and hasattr(
                    made, slot):
                object.__setattr__(self, slot, getattr(made, slot))
        object.__setattr__(self, PLACE, None)
        object.__setattr__(self, '__class__', xarray.Dataset)

    def __reduce_ex__(self, protocol: Any) -> Any:
        self._variables  # which makes it a plain one
        return self.__reduce_ex__(protocol)


def pending(record: Record, known: dict[str, str]) -> xarray.Dataset:
    """The Dataset of a record; `known` joins its attributes."""
    source = Source(record, known)
    if PLACE not in xarray.Dataset.__slots__:  # an xarray of another make
        made = source.dataset()
        made.attrs = source.attributes()
        return made
    made = object.__new__(Pending)
    object.__setattr__(made, PLACE, source)
    return made
