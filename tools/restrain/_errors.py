# SPDX-License-Identifier: GPL-3.0-or-later
"""Failures of the library as exceptions."""
from __future__ import annotations


class Error(Exception):
    """What the library says went wrong.

    `status` is the library's word for the kind of failure: "argument",
    "case", "io", "memory", "numeric", "unsupported"; empty where the fault
    was found before the library was called.
    """

    status: str = ''


class UsageError(Error, ValueError):
    """A case, an argument or a combination of them is not allowed."""


class FileError(Error, OSError):
    """A file cannot be read or written."""


# In the order of enum rst_status; the first is success.
STATUSES = ('ok', 'argument', 'case', 'io', 'memory', 'numeric',
            'unsupported', 'stopped')
_KINDS: dict[str, type[Error]] = {
    'argument': UsageError, 'case': UsageError, 'unsupported': UsageError,
    'io': FileError}


def failure(code: int, message: str) -> Error:
    """The exception for a status of the library other than success."""
    known = 0 < code < len(STATUSES)
    status = STATUSES[code] if known else f'status {code}'
    fault = _KINDS.get(status, Error)(message)
    fault.status = status
    return fault
