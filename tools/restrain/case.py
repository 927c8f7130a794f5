# SPDX-License-Identifier: GPL-3.0-or-later
"""Cases as text: from files, dicts and keyword arguments."""
from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from typing import Any, NamedTuple, Union

from ._errors import UsageError

Case = Union[str, 'os.PathLike[str]', Mapping, None]


class CaseText(NamedTuple):
    """YAML in a file or at hand, with file names in it relative to the
    file's folder or to the current one."""

    path: str | None
    text: str
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
    path, text = None, ''
    if isinstance(case, Mapping):
        # {"step.lr": 0.1} is no key of YAML.
        given = {**{name: value for name, value in case.items()
                    if '.' in name}, **given}
        text = as_yaml({name: value for name, value in case.items()
                        if '.' not in name})
    elif isinstance(case, str) and '\n' in case:
        text = case
    elif case is not None:
        path = os.fspath(case)
    return CaseText(path, text, [
        f'{name}={"" if value is None else as_yaml(value)}'
        for name, value in given.items()])


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
