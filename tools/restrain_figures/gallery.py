# SPDX-License-Identifier: GPL-3.0-or-later
"""A page with every figure: what it shows, what made it, what that cost, and
whether the promises of its cases were met. One file, which needs no other."""
import base64
import html
import os
import re

import numpy as np

from . import paper
from .inputs import FILES, ROOT, File

COMMANDS = {name: command for command, name in FILES.items()}
# Of an expectation without one.
TOLERANCE = 1e-9
PAGE = """<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>restrain: figures</title>
<style>
body { font: 16px/1.45 sans-serif; max-width: 60em; margin: 2em auto;
       padding: 0 1em; color: #222; background: #fff; }
nav { columns: 3; margin-bottom: 2em; }
figure { margin: 0 0 3em; border-top: 1px solid #ccc; padding-top: 1em; }
img { max-width: 100%; max-height: 46em; }
pre, code { font: 13px/1.4 monospace; background: #f4f4f4; }
pre { padding: .6em; overflow-x: auto; }
table { border-collapse: collapse; font-size: 14px; width: 100%; }
td, th { text-align: left; vertical-align: top; padding: .2em .8em .2em 0;
         border-bottom: 1px solid #eee; }
.kept { color: #006d2c; } .broken { color: #b30000; }
</style>
<h1>Figures of restrain</h1>
"""


def escape(text):
    return html.escape(str(text))


def files_of(read):
    """The results among what a figure was drawn from."""
    if isinstance(read, File):
        yield read
    elif isinstance(read, (list, tuple)):
        for part in read:
            yield from files_of(part)


def origin(name):
    """What of the paper a figure is."""
    of_paper = [(what, note) for what, _, figures, note in paper.CONTENTS
                if name in figures]
    return '; '.join(f'{what}: {note}' for what, note in of_paper)


def expectations(effective):
    """The promises of an effective case: [(scalar, iteration, value,
    tolerance), ...]."""
    text = re.search(r'^expect:\n((?: .*\n?)*)', effective, re.MULTILINE)
    found = []
    for item in re.split(r'^ *- ', text[1] if text else '',
                         flags=re.MULTILINE)[1:]:
        keys = dict(re.findall(r'(\w+): *(\S+)', item))
        found.append((keys['scalar'], int(keys.get('iteration', -1)),
                      float(keys['value']),
                      float(keys.get('tolerance', TOLERANCE))))
    return found


def found_in(file, scalar, iteration):
    """The value of a scalar in a run's file; None where it is not there."""
    if scalar not in file.data or 'iteration' not in file.data:
        return None
    rows = file['iteration']
    values = file[scalar]
    if values.ndim != 1 or len(values) != len(rows):
        return None
    wanted = rows[-1] if iteration < 0 else iteration
    place = np.flatnonzero(rows == wanted)
    return float(values[place[0]]) if place.size else None


def promise(file, scalar, iteration, value, tolerance):
    where = 'at the end' if iteration < 0 else f'at {iteration}'
    said = f'{scalar} {where}: {value:.12g} to {tolerance:g}'
    found = found_in(file, scalar, iteration)
    if found is None:
        return f'{escape(said)} (of its run)'
    kept = abs(found - value) <= tolerance * abs(value)
    word = ('kept', 'kept') if kept else ('broken', 'not kept')
    return (f'{escape(said)}; found {found:.12g}, '
            f'<span class="{word[0]}">{word[1]}</span>')


def command_of(file):
    name = os.path.basename(file.path)
    return f'restrain {COMMANDS[name]} cases/{file.stem}.yaml'


def settings_of(file):
    """Flow, scheme and the numbers that matter most, in a line."""
    words = []
    for key in ('flow.kind', 'flow.kernel', 'step.scheme', 'step.lr',
                'step.weight_decay', 'step.momentum', 'step.iterations'):
        value = file.case.get(key)
        if value not in (None, ''):
            words.append(f"{key.split('.')[1]} {value}")
    return ', '.join(words)


def row(file):
    promised = [promise(file, *said) for said in expectations(file.effective)]
    return ('<tr><td>{}<br><code>{}</code><td>{}<td>{}<td>{}</tr>').format(
        escape(file.case.get('title', file.stem)), escape(command_of(file)),
        escape(settings_of(file)), escape(file.case.get('cost', '')),
        '<br>'.join(promised) or '-')


def case_text(stem):
    path = os.path.join(ROOT, 'cases', f'{stem}.yaml')
    if not os.path.exists(path):
        return ''
    with open(path, encoding='utf-8') as file:
        return file.read()


def descriptions(text):
    """{name: what it shows} of the list in the help of tools/figures, its
    second paragraph: name, figure of the paper and words in columns."""
    found, name = {}, None
    for line in text.split('\n\n')[1].splitlines():
        if line.startswith(' '):
            found[name] += ' ' + line.strip()
            continue
        name, rest = line.split(maxsplit=1)
        of_paper, words = line[15:30].strip(), line[30:]
        apart = of_paper and words and ':' not in rest
        found[name] = f'{of_paper}: {words}' if apart else rest
    return found


def entry(name, description, picture, read):
    """A figure with what it was drawn from, as read_files() has it."""
    with open(picture, 'rb') as file:
        encoded = base64.b64encode(file.read()).decode()
    files = list(files_of(read))
    stems = dict.fromkeys(file.stem for file in files)
    lines = [f'<figure id="{name}">', f'<h2>{name}</h2>',
             f'<p>{escape(description)}.</p>' if description else '',
             f'<p>In JMLR 25(174): {escape(origin(name))}.</p>'
             if origin(name) else '',
             f'<img alt="{name}" src="data:image/png;base64,{encoded}">',
             f'<pre>tools/figures {name}</pre>']
    if files:
        lines += ['<details><summary>'
                  f'made of {len(files)} result'
                  f'{"s" if len(files) > 1 else ""}: commands, settings, '
                  'cost, promises</summary><table>'
                  '<tr><th>case<th>settings<th>cost<th>promise</tr>',
                  *map(row, files), '</table>']
        lines += [f'<h4>cases/{stem}.yaml</h4>'
                  f'<pre>{escape(case_text(stem))}</pre>' for stem in stems]
        lines += ['</details>']
    return '\n'.join([*lines, '</figure>'])


def write(entries, path):
    """The page of {name: its entry}."""
    links = '<br>\n'.join(f'<a href="#{name}">{name}</a>'
                          for name in entries)
    text = '\n'.join([PAGE, f'<nav>{links}</nav>', *entries.values(),
                      '</html>\n'])
    part = f'{path}.part'
    with open(part, 'w', encoding='utf-8') as file:
        file.write(text)
    os.replace(part, path)
