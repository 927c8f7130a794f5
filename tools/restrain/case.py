# SPDX-License-Identifier: GPL-3.0-or-later
"""Cases as text: from files, dicts and keyword arguments."""
from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from typing import Any, NamedTuple, Union

from ._errors import FileError, UsageError

Case = Union[str, 'os.PathLike[str]', Mapping, None]


class CaseText(NamedTuple):
    """YAML, and what it needs besides."""

    text: str
    folder: str | None  # that file names are relative to; None: the current
    overrides: list[str]  # key.path=value, in YAML


def _plain(value: Any) -> Any:
    """What json does not know: scalars and arrays of NumPy, paths."""
    if hasattr(value, 'tolist'):
        return value.tolist()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    raise UsageError(f'a case cannot hold {value!r}')


def as_yaml(value: Any) -> str:
    """A value in YAML, of which JSON is a part."""
    return json.dumps(value, default=_plain, allow_nan=False)


def read_case(case: Case, overrides: Mapping[str, Any]) -> CaseText:
    """A case of any of its forms, with overrides whose names have two
    underscores, or dots, between the parts of a key; None takes it out."""
    given = {name.replace('__', '.'): value
             for name, value in overrides.items()}
    if isinstance(case, Mapping):
        # {"step.lr": 0.1} is no key of YAML.
        given = {**{name: value for name, value in case.items()
                    if '.' in name}, **given}
        text, folder = as_yaml({name: value for name, value in case.items()
                                if '.' not in name}), None
    elif case is None:
        text, folder = '', None
    elif isinstance(case, str) and '\n' in case:
        text, folder = case, None
    else:
        text, folder = _read_file(os.fspath(case))
    return CaseText(text, folder, [
        f'{name}={"" if value is None else as_yaml(value)}'
        for name, value in given.items()])


def _read_file(path: str) -> tuple[str, str]:
    try:
        with open(path, encoding='utf-8') as file:
            return file.read(), os.path.dirname(path)
    except UnicodeDecodeError as fault:
        raise UsageError(f'{path} is no case file: {fault}') from fault
    except OSError as fault:
        raise FileError(f'{path} cannot be read: {fault.strerror}') from fault


def effective_case(text: str) -> dict[str, Any]:
    """The keys of an effective case: {'flow.image.size': 256, ...}.

    Items of a list of mappings are numbered from 0: flow.images.0.size.
    Numbers are numbers; everything else, other lists among it, is text.
    """
    values: dict[str, Any] = {}
    parents: list[tuple[int, str]] = []
    items: dict[str, int] = {}
    for line in text.splitlines():
        match = re.match(r'(\s*)(-?\s*)([A-Za-z_]+):\s*(.*?)\s*$', line)
        if not match:
            continue
        depth, key, value = len(match[1]), match[3], match[4].strip('"\'')
        parents = [parent for parent in parents if parent[0] < depth]
        if match[2]:
            owner = '.'.join(name for _, name in parents)
            parents.append((depth, str(items.setdefault(owner, 0))))
            items[owner] += 1
            depth += len(match[2])
        parents.append((depth, key))
        values['.'.join(name for _, name in parents)] = _number(value)
    return values


def _number(text: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text
