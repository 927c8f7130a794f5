# SPDX-License-Identifier: GPL-3.0-or-later
"""librestrain by ctypes: functions of scalars and strings (call.h, case.h,
context.h), and no structures."""
from __future__ import annotations

import ctypes
import functools
import os
import threading
import warnings
from collections.abc import Callable
from ctypes import (
    CFUNCTYPE, POINTER, byref, c_char_p, c_double, c_int, c_size_t, c_void_p)
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from .case import CaseText
from ._errors import Error, failure

NAME = 'librestrain.so.0'
OUTCOMES = ('completed', 'diverged', 'stopped')
EXISTING = ('refuse', 'resume', 'replace')

_Poll = CFUNCTYPE(c_int, c_void_p, c_double, c_double, c_double)
_Warn = CFUNCTYPE(None, c_void_p, c_char_p)
_Texts = POINTER(c_char_p)
_SIGNATURES = {
    'rst_context_create': (c_int, [POINTER(c_void_p)]),
    'rst_context_destroy': (None, [POINTER(c_void_p)]),
    'rst_context_message': (c_char_p, [c_void_p]),
    'rst_context_set_warning': (None, [c_void_p, _Warn, c_void_p]),
    'rst_context_set_threads': (c_int, [c_void_p, c_int]),
    'rst_case_parse': (c_int, [c_void_p, c_char_p, c_char_p, _Texts,
                               c_size_t, POINTER(c_void_p)]),
    'rst_case_load': (c_int, [c_void_p, c_char_p, _Texts, c_size_t,
                              POINTER(c_void_p)]),
    'rst_case_set_image': (c_int, [c_void_p, POINTER(c_double), c_size_t,
                                   c_size_t, c_void_p]),
    'rst_case_source': (c_char_p, [c_void_p]),
    'rst_case_effective': (c_char_p, [c_void_p]),
    'rst_case_destroy': (None, [POINTER(c_void_p)]),
    'rst_call': (c_int, [c_void_p, c_char_p, c_void_p, c_char_p, c_int,
                         _Poll, c_void_p, POINTER(c_int)]),
    'rst_call_record': (c_int, [c_void_p, c_void_p, _Poll, c_void_p,
                                c_void_p, POINTER(c_int)]),
    'rst_record_create': (c_int, [c_void_p, POINTER(c_void_p)]),
    'rst_record_destroy': (None, [POINTER(c_void_p)]),
    'rst_record_attributes': (c_char_p, [c_void_p]),
    'rst_record_arrays': (c_char_p, [c_void_p]),
    'rst_record_values': (POINTER(c_void_p), [c_void_p]),
    'rst_version': (POINTER(c_char_p), [])}


def _candidates() -> list[str]:
    """Where the library may be, in this order."""
    given = os.environ.get('RESTRAIN_LIBRARY')
    if given:
        return [given]
    checkout = Path(__file__).resolve().parents[2]
    return [NAME, str(checkout / 'build' / 'src' / NAME)]


@functools.lru_cache(maxsize=None)
def library() -> ctypes.CDLL:
    """The library, loaded once."""
    faults = []
    for name in _candidates():
        try:
            loaded = ctypes.CDLL(name)
            for function, (result, arguments) in _SIGNATURES.items():
                getattr(loaded, function).restype = result
                getattr(loaded, function).argtypes = arguments
            return loaded
        except (OSError, AttributeError) as fault:
            faults.append(f'{name}: {fault}')
    raise Error('the library cannot be loaded: ' + '; '.join(faults) +
                '; build and install it (meson install -C build; ldconfig), '
                'or name its file in RESTRAIN_LIBRARY')


@functools.lru_cache(maxsize=None)
def library_version() -> str:
    """The release of the library that is loaded, as "0.1.0"."""
    # The first member of struct rst_version.
    return (library().rst_version()[0] or b'').decode()


class Session:
    """A context and a case in it: one computation, in one thread."""

    def __init__(self, threads: int) -> None:
        self._library = library()
        self._context, self._case = c_void_p(), c_void_p()
        if self._library.rst_context_create(byref(self._context)):
            raise Error('memory is exhausted')
        self._warnings: list[str] = []
        self._warn = _Warn(lambda _, text: self._warnings.append(
            text.decode(errors='replace')))
        self._library.rst_context_set_warning(self._context, self._warn, None)
        try:
            self._check(self._library.rst_context_set_threads(
                self._context, threads))
        except Error:
            self.close()
            raise

    def __enter__(self) -> Session:
        return self

    def __exit__(self, kind: type[BaseException] | None,
                 fault: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Free everything, and pass on what the library warned of."""
        self._library.rst_case_destroy(byref(self._case))
        self._library.rst_context_destroy(byref(self._context))
        for text in self._warnings:
            warnings.warn(text, stacklevel=4)
        self._warnings.clear()

    def _check(self, status: int) -> None:
        if status:
            message = self._library.rst_context_message(self._context)
            raise failure(status, message.decode(errors='replace'))

    def load(self, case: CaseText) -> None:
        """Make the case of this session."""
        count = len(case.overrides)
        overrides = (c_char_p * count)(*map(os.fsencode, case.overrides))
        if case.path is None:
            self._check(self._library.rst_case_parse(
                self._context, os.fsencode(case.text), None, overrides, count,
                byref(self._case)))
        else:
            self._check(self._library.rst_case_load(
                self._context, os.fsencode(case.path), overrides, count,
                byref(self._case)))

    def set_image(self, values: np.ndarray) -> None:
        """Give the case its image: contiguous doubles of two axes."""
        self._check(self._library.rst_case_set_image(
            self._context, values.ctypes.data_as(POINTER(c_double)),
            *values.shape, self._case))

    def source(self) -> str:
        """The text of the case."""
        return self._library.rst_case_source(self._case).decode()

    def effective(self) -> str:
        """Every key of the case with its value, as YAML."""
        return self._library.rst_case_effective(self._case).decode()

    def call(self, name: str, path: str, existing: str,
             poll: Callable[[float, float, float], bool]) -> str:
        """Do a computation; its outcome. poll(done, count, loss) is asked
        ten times a second and stops it by True; it must not raise."""
        outcome = c_int()
        told = _Poll(lambda _, *numbers: poll(*numbers))
        self._check(self._library.rst_call(
            self._context, name.encode(), self._case, os.fsencode(path),
            EXISTING.index(existing), told, None, byref(outcome)))
        return OUTCOMES[outcome.value]

    def record(self, poll: Callable[[float, float, float], bool],
               record: Handle) -> str:
        """The same of a run that is kept in a record."""
        outcome = c_int()
        told = _Poll(lambda _, *numbers: poll(*numbers))
        self._check(self._library.rst_record_create(
            self._context, byref(record.pointer)))
        self._check(self._library.rst_call_record(
            self._context, self._case, told, None, record.pointer,
            byref(outcome)))
        return OUTCOMES[outcome.value]


class Handle:
    """Of a run in memory (record.h), which outlives its session."""

    def __init__(self) -> None:
        self._library = library()
        self.pointer = c_void_p()

    def __del__(self) -> None:
        self._library.rst_record_destroy(byref(self.pointer))

    def attributes(self) -> bytes:
        """Of the result, as JSON."""
        return self._library.rst_record_attributes(self.pointer)

    def arrays(self) -> bytes:
        """What they are, as JSON."""
        return self._library.rst_record_arrays(self.pointer)

    def values(self) -> Any:
        """The addresses of their numbers, in that order; None for none."""
        return self._library.rst_record_values(self.pointer)


def in_main_thread() -> bool:
    """Whether signals reach this thread."""
    return threading.current_thread() is threading.main_thread()
