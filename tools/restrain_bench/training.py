# SPDX-License-Identifier: GPL-3.0-or-later
"""A step of training of two networks, beside PyTorch.

The networks are those of the C benchmark `training`, on batches of 128, on
one thread; each side runs in turn, several times, and medians are compared.
"""
import json
import os
import statistics
import subprocess
import tempfile
import time

from restrain_bench import measure
from restrain_bench.competitors import torch

BATCH, CLASSES = 128, 10
PROGRAM = 'build-test/gcc/tests/benchmark/training'


def two_conv(nn):
    return (1, 28), nn.Sequential(
        nn.Conv2d(1, 16, 5), nn.SiLU(), nn.Conv2d(16, 32, 3), nn.SiLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, CLASSES))


def resnet_8(nn):
    def convolution(before, channels, stride=1):
        return nn.Conv2d(before, channels, 3, stride, 1), \
            nn.BatchNorm2d(channels)

    class Residual(nn.Module):
        """silu(x + F(x)), x subsampled and padded with zero channels."""

        def __init__(self, before, channels, stride):
            super().__init__()
            self.inner = nn.Sequential(
                *convolution(before, channels, stride), nn.SiLU(),
                *convolution(channels, channels))
            self.stride, self.added = stride, channels - before

        def forward(self, x):
            taken = x[:, :, ::self.stride, ::self.stride]
            if self.added:
                taken = nn.functional.pad(taken, (0, 0, 0, 0, 0, self.added))
            return nn.functional.silu(self.inner(x) + taken)

    return (3, 32), nn.Sequential(
        *convolution(3, 16), nn.SiLU(), Residual(16, 16, 1),
        Residual(16, 32, 2), Residual(32, 64, 2),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, CLASSES))


NETWORKS = {'two conv': two_conv, 'ResNet-8': resnet_8}


class Trainer:
    """One network of PyTorch, in one precision."""

    def __init__(self, name, precision):
        torch.manual_seed(1)
        (channels, size), network = NETWORKS[name](torch.nn)
        kind = torch.float32 if precision == 'float' else torch.float64
        self.network = network.to(kind)
        self.images = torch.randn(BATCH, channels, size, size, dtype=kind)
        self.labels = torch.arange(BATCH) % CLASSES
        self.descent = torch.optim.SGD(network.parameters(), lr=1e-2)
        self.times = []
        self.memory = 0

    def step(self):
        self.descent.zero_grad()
        torch.nn.functional.cross_entropy(
            self.network(self.images), self.labels).backward()
        self.descent.step()

    def run(self, count):
        """Time steps, after one that is not."""
        self.step()
        for _ in range(count):
            start = time.process_time()
            self.step()
            self.times.append(time.process_time() - start)


def status_bytes(name):
    """A number of /proc/self/status; 0 where there is none."""
    try:
        with open('/proc/self/status', encoding='ascii') as file:
            for line in file:
                if line.startswith(name + ':'):
                    return 1024 * int(line.split()[1])
    except OSError:
        pass
    return 0


def begin_memory():
    """The peak begins anew; what the process has now."""
    try:
        with open('/proc/self/clear_refs', 'w', encoding='ascii') as file:
            file.write('5')
    except OSError:
        pass
    return status_bytes('VmRSS')


def run_program(program):
    """Rows of the C benchmark by network and precision."""
    with tempfile.TemporaryDirectory(prefix='restrain-bench-') as folder:
        path = os.path.join(folder, 'rows.json')
        try:
            subprocess.run([program, '--json', path], check=True,
                           stdin=subprocess.DEVNULL,
                           stdout=subprocess.DEVNULL)
            with open(path, encoding='utf-8') as file:
                rows = json.load(file)['rows']
        except (OSError, ValueError, KeyError,
                subprocess.SubprocessError) as fault:
            raise measure.BenchError(
                f'{program} wrote no rows: {fault}; build it (tools/test '
                'gcc), or name it by --program') from fault
    return {(row['network'], row['precision']): row for row in rows}


def compare(program, rounds=3, steps=5):
    """Rows of both, which take turns."""
    runs, trainers = [], {}
    for _ in range(rounds):
        runs.append(run_program(program))
        for key in runs[0] if torch else ():
            if key not in trainers:
                before = begin_memory()
                trainers[key] = Trainer(*key)
                trainers[key].run(steps)
                trainers[key].memory = status_bytes('VmHWM') - before
            else:
                trainers[key].run(steps)
    rows = []
    for key, first in runs[0].items():
        seconds = statistics.median(run[key]['seconds'] for run in runs)
        peak = statistics.median(run[key]['peak'] for run in runs)
        theirs = statistics.median(trainers[key].times) if torch else None
        rows.append({
            'network': key[0], 'precision': key[1], 'seconds': seconds,
            'operations': first['operations'], 'peak': peak,
            'share': first['operations'] / seconds / peak if peak else None,
            'memory': first['memory'],
            'torch_seconds': theirs,
            'torch_memory': trainers[key].memory if torch else None,
            'ratio': seconds / theirs if torch else None})
    return {'torch': torch and torch.__version__, 'rows': rows}


def show(result):
    print('a step of training on a batch of 128, one thread: milliseconds, '
          'Gflop/s, share of\nthe peak, MiB; of PyTorch: milliseconds, MiB; '
          'our time divided by its')
    for row in result['rows']:
        share = row['share']
        theirs = row['torch_seconds']
        print(f'{row["network"]:10}{row["precision"]:8}'
              f'{1e3 * row["seconds"]:9.1f}'
              f'{1e-9 * row["operations"] / row["seconds"]:8.1f}' +
              (f'{100 * share:6.0f} %' if share else f'{"-":>8}') +
              f'{row["memory"] / 2**20:8.0f}' +
              (f'{1e3 * theirs:10.1f}{row["torch_memory"] / 2**20:8.0f}'
               f'{row["ratio"]:7.2f}' if theirs
               else f'{"-":>10}{"-":>8}{"-":>7}'))
    if result['torch']:
        print(f'  PyTorch {result["torch"]}')
    else:
        print('  -  PyTorch is not installed; name an interpreter that has '
              'it by --python')
