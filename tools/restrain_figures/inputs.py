# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that figures are made from."""
import glob
import os
import re
import shlex
import shutil

import h5py
import numpy as np

from restrain.case import effective_case

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
FILES = {'run': 'run.h5', 'analyze': 'analysis.h5',
         'bifurcate': 'bifurcation.h5', 'sweep': 'sweep.h5'}


class InputError(Exception):
    """A file is missing or does not hold what the figure needs."""


def datasets(group):
    return {name: item for name, item in group.items()
            if isinstance(item, h5py.Dataset)}


class File:
    """A result of the program: its effective case, its arrays, its texts.

    Columns of the table of events are named events/<column>, differences of
    tensors tensor_difference/<tensor>.
    """

    def __init__(self, path):
        self.path = path
        self.stem = os.path.basename(os.path.dirname(path))
        try:
            with h5py.File(path, 'r') as file:
                found = datasets(file)
                for group in ('events', 'tensor_difference'):
                    found.update({
                        f'{group}/{name}': item for name, item
                        in datasets(file.get(group, {})).items()})
                self.data = {name: item[()] for name, item in found.items()}
                self.meanings = {
                    name: dict(zip(item.attrs['flag_values'].tolist(),
                                   item.attrs['flag_meanings'].split()))
                    for name, item in found.items()
                    if 'flag_meanings' in item.attrs}
                self.texts = {
                    name: value.decode() if isinstance(value, bytes) else value
                    for name, value in file.attrs.items()}
                text = file['provenance/effective'][()]
        except (OSError, KeyError) as fault:
            raise InputError(f'{path} cannot be used: {fault}') from fault
        self.effective = text.decode()
        self.case = effective_case(self.effective)
        self.lr = self.setting('step.lr')
        self.decay = self.setting('step.weight_decay')

    def __getitem__(self, key):
        """A dataset by its name, or its row for a twin: (name, label)."""
        name, twin = key if isinstance(key, tuple) else (key, None)
        if name not in self.data or twin not in (None, *self.twins()):
            raise InputError(
                f'{self.path} lacks {name}' + (f' of twin {twin}' if twin
                                               else '') +
                f'; make it again from cases/{self.stem}.yaml as it was '
                'shipped')
        if twin is None:
            return self.data[name]
        return self.data[name][self.twins().index(twin)]

    def twins(self):
        return [label.decode() for label in self.data.get('twin', ())]

    def words(self, name):
        """The meanings of a dataset of flags, one for each value."""
        flags, places = np.unique(self[name], return_inverse=True)
        meanings = np.array([self.meanings[name][flag] for flag in
                             flags.tolist()], dtype=str)
        return meanings[places].reshape(self[name].shape)

    def setting(self, key):
        if key not in self.case:
            raise InputError(f'the effective case in {self.path} lacks {key}')
        return self.case[key]

    def require(self, settings):
        for key, value in settings.items():
            if self.setting(key) != value:
                raise InputError(
                    f'{self.path} was made with {key} = {self.setting(key)}; '
                    f'the thresholds are known for {value} alone')

    def profile_at(self, time):
        """The snapshot at a time, which must be one of those stored."""
        times = self['time']
        row = int(np.argmin(np.abs(times - time)))
        if abs(times[row] - time) > 1e-6 * max(time, 1):
            raise InputError(
                f'{self.path} has no snapshot at t = {time:g}, the nearest is '
                f'at {times[row]:g}; run its case again with '
                '-D output.every=1')
        return self['kernel'][row, 0]

    def field_at(self, name, step):
        """The snapshot after a number of updates, which must be stored."""
        rows = np.flatnonzero(self['step'] == step)
        if not rows.size:
            raise InputError(f'{self.path} has no snapshot at iteration '
                             f'{step}; run its case again with '
                             '-D output.every=1')
        return self[name][rows[0]]


def last_iteration(runs):
    return max(run['iteration'][-1] for run in runs)


def stems_of(patterns):
    """The cases whose names match, sorted."""
    stems = set()
    for pattern in patterns:
        found = glob.glob(os.path.join(ROOT, 'cases', pattern + '.yaml'))
        if not found:
            raise InputError(f'no case matches {ROOT}/cases/{pattern}.yaml')
        stems.update(os.path.basename(case)[:-len('.yaml')] for case in found)
    return sorted(stems)


def remedy(command, stems, folder, options):
    """The shell command that makes the files of some cases."""
    name = FILES[command]
    before, after, place = '', '', shlex.quote(folder)
    if os.path.realpath(folder) != os.path.realpath(f'{ROOT}/output'):
        before, after = f'mkdir -p {place}/$c; ', f' -o {place}/$c/{name}'
    program = 'restrain' if shutil.which('restrain') else \
        'build/src/restrain'
    return (f'for c in {" ".join(stems)}; do {before}{program} {command} '
            f'cases/$c.yaml{options}{after}; done')


def data_sets(stems):
    """The sets of examples that cases read from output/data."""
    found = set()
    for stem in stems:
        with open(os.path.join(ROOT, 'cases', stem + '.yaml'),
                  encoding='utf-8') as case:
            found.update(re.findall(r'output/data/(.*)\.h5:', case.read()))
    return sorted(found)


def find_files(wanted, folder):
    """Paths for each of [(command, cases, options), ...], all of them
    there."""
    found, missing, remedies = [], [], []
    for command, patterns, options in wanted:
        stems = stems_of(patterns)
        paths = {stem: os.path.join(folder, stem, FILES[command])
                 for stem in stems}
        absent = [stem for stem in stems if not os.path.exists(paths[stem])]
        found.append(list(paths.values()))
        missing += absent
        if absent:
            remedies.append(remedy(command, absent, folder, options))
    if missing:
        sets = data_sets(missing)
        if sets:
            remedies.insert(0, f'tools/datasets {" ".join(sets)}')
        names = dict.fromkeys(FILES[command] for command, _, _ in wanted)
        raise InputError(
            f'{len(missing)} of {sum(map(len, found))} files '
            f'{", ".join(names)} are missing in {folder}; make them with\n  '
            + '\n  '.join(remedies))
    return found


def read_files(module, folder):
    """What the draw() of a figure's module takes: files, or a list of them
    for each of the module's INPUTS."""
    if hasattr(module, 'read'):
        return module.read(folder)
    if hasattr(module, 'INPUTS'):
        return [[File(path) for path in paths] for paths in find_files(
            [(command, cases, '') for command, cases in module.INPUTS],
            folder)]
    (paths,) = find_files([(getattr(module, 'COMMAND', 'run'), module.CASES,
                            getattr(module, 'OPTIONS', ''))], folder)
    return [File(path) for path in paths]
