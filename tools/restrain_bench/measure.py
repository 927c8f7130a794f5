# SPDX-License-Identifier: GPL-3.0-or-later
"""Timing: the C benchmark, and the competitors, which take turns."""
import json
import os
import statistics
import subprocess
import tempfile
import time

from restrain_bench import competitors

KEYS = ('implementation', 'size', 'kernel', 'precision', 'seconds',
        'floor_seconds', 'threads')
TYPES = {'double': 'float64', 'float': 'float32'}
# Units of rounding; the errors are below one, a wrong sign makes millions.
MOST_ERROR = 30


class BenchError(Exception):
    """A benchmark cannot be run, or a gradient is wrong."""


def run_program(command):
    """What the C benchmark tells: of the machine, and its rows."""
    with tempfile.TemporaryDirectory(prefix='restrain-bench-') as folder:
        path = os.path.join(folder, 'rows.json')
        try:
            done = subprocess.run([*command, '--json', path], check=False,
                                  stdin=subprocess.DEVNULL, text=True,
                                  capture_output=True)
        except OSError as fault:
            raise BenchError(f'{command[0]} cannot be run: {fault.strerror}; '
                             'build it (tools/test gcc), or name it by '
                             '--program') from fault
        try:
            with open(path, encoding='utf-8') as file:
                content = json.load(file)
        except (OSError, ValueError) as fault:
            lines = (done.stderr or done.stdout).strip().splitlines()
            raise BenchError(
                f'{" ".join(command)} wrote no rows (exit code '
                f'{done.returncode}): {lines[-1] if lines else fault}'
            ) from fault
    for row in content.get('rows', ()):
        lacking = [key for key in KEYS if key not in row]
        if lacking:
            raise BenchError(f'{command[0]}: a row lacks {lacking[0]}: {row}')
    if not content.get('rows'):
        raise BenchError(f'{command[0]} has no rows')
    return content.get('machine', {}), content['rows']


def point_of(row):
    return row['size'], row['kernel'], row['precision']


def timed(call, repeats):
    """Seconds of the processor: what runs on one thread and never waits takes
    as many on a quiet machine."""
    start = time.process_time()
    for _ in range(repeats):
        call()
    return (time.process_time() - start) / repeats


class Contest:
    """The competitors on one problem."""

    def __init__(self, size, kernel, precision, limits):
        self.point = size, kernel, precision
        problem = competitors.Problem(size, kernel, TYPES[precision])
        self.skipped, self.steps, self.times = [], {}, {}
        self.errors = {}
        expected = competitors.reference(problem)
        for name, kind in competitors.COMPETITORS.items():
            why = kind.why_not(problem) or limits.why_not(kind, problem)
            if why:
                self.skipped.append(self.row(name, reason=why))
                continue
            competitor = kind(problem)
            error = competitors.error(problem, competitor.gradient(),
                                      expected)
            if not error <= MOST_ERROR:
                raise BenchError(
                    f'the gradient of {name} is wrong by {error:.3g} units '
                    f'of rounding for size {size}, kernel {kernel}, '
                    f'{precision}')
            self.errors[name] = error
            self.steps[name] = competitor.step
            self.times[name] = []

    def row(self, name, **others):
        size, kernel, precision = self.point
        return {'implementation': name, 'size': size, 'kernel': kernel,
                'precision': precision, **others}

    def run(self, budget):
        """About that many seconds, longer where few steps of each take
        longer."""
        piece, few, most, long = 2e-3, 3, 30, 0.1
        end = time.perf_counter() + budget
        # The first step may be that which gets its memory from the system.
        first = {name: min(timed(step, 1), timed(step, 1))
                 for name, step in self.steps.items()}
        for count in range(most):
            for name, step in self.steps.items():
                if (count < few and first[name] < long or
                        time.perf_counter() + first[name] < end):
                    repeats = max(1, int(piece / first[name]))
                    self.times[name].append(timed(step, repeats))
        for name, seconds in first.items():
            self.times[name].append(seconds)

    def rows(self):
        return [self.row(name, seconds=min(times),
                         median_seconds=statistics.median(times),
                         repetitions=len(times), threads=1,
                         error=self.errors[name])
                for name, times in self.times.items()]


class Limits:
    """What a competitor may take."""

    def __init__(self, memory, seconds):
        self.memory, self.seconds = memory, seconds

    def why_not(self, kind, problem):
        needed = kind.memory(problem)
        if needed > self.memory:
            return f'needs {needed / 2**30:.3g} GiB of memory'
        expected = kind.seconds(problem)
        if expected > self.seconds:
            return f'would take {expected:.2g} s or more a step'
        return None
