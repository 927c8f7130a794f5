# SPDX-License-Identifier: GPL-3.0-or-later
"""What is measured, stored and printed."""
import datetime
import json
import os
import platform
import time

from restrain_bench import competitors, measure

HEADS = {'numpy-im2col-rebuilt': 'rebuilt', 'numpy-im2col-kept': 'kept',
         'numpy-einsum': 'einsum', 'numpy-shifts': 'shifts',
         'scipy-fftconvolve': 'fftconv', 'scipy-fft-rebuilt': 'fft',
         'scipy-fft-kept': 'fft kept', 'torch-conv2d': 'conv2d',
         'torch-fft-kept': 't.fft'}
# Rows of the C benchmark that hold for images of a pattern only.
PATTERNED = ('patch',)


def processor():
    try:
        with open('/proc/cpuinfo', encoding='utf-8') as file:
            for line in file:
                if line.startswith('model name'):
                    return line.split(':', 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def machine():
    np, scipy, torch = (getattr(competitors, name)
                        for name in ('np', 'scipy', 'torch'))
    versions = {'python': platform.python_version(), 'numpy': np.__version__,
                'scipy': scipy and scipy.__version__,
                'torch': torch and torch.__version__}
    return {'processor': processor(), 'cores': os.cpu_count(),
            'system': platform.platform(),
            'date': datetime.datetime.now(datetime.timezone.utc).isoformat(
                timespec='seconds'), **versions}


def join(*runs):
    """The rows of several runs of the C benchmark, the least of each."""
    found = {}
    for row in (row for run in runs for row in run):
        key = row['implementation'], *measure.point_of(row)
        found.setdefault(key, []).append(row)
    return [{**rows[0], **{key: min(row[key] for row in rows)
                           for key in ('seconds', 'floor_seconds')}}
            for rows in found.values()]


def ours(rows):
    """The row of restrain at each point: its fastest operator."""
    best = {}
    for row in rows:
        if row['implementation'] in PATTERNED or row['threads'] != 1:
            continue
        point = measure.point_of(row)
        if point not in best or row['seconds'] < best[point]['seconds']:
            best[point] = row
    if not best:
        raise measure.BenchError('the C benchmark has no row of one thread')
    return best


def compare(arguments):
    """Everything: the C benchmark before and after the competitors."""
    command = [arguments.program]
    start = time.perf_counter()
    about, before = measure.run_program(command)
    spent = time.perf_counter() - start
    points = sorted(ours(before))
    if arguments.quick:
        points = [point for point in points if max(point[:2]) <= 128]
    budget = arguments.budget or (3 if arguments.quick else 60)
    limits = measure.Limits(arguments.memory * 2**30,
                            0.05 if arguments.quick else arguments.longest)
    end = time.perf_counter() + budget
    made, skipped = [], []
    for index, point in enumerate(points):
        left = max(end - time.perf_counter(), 0) / (len(points) - index)
        contest = measure.Contest(*point, limits)
        contest.run(left)
        made += contest.rows()
        skipped += contest.skipped
    # Twice, so that a busy minute does not hit one side alone.
    after = [] if arguments.quick or spent > 60 else \
        measure.run_program(command)[1]
    rows = join(before, after)
    best = ours(rows)
    for row in made:
        row['floor_seconds'] = best[measure.point_of(row)]['floor_seconds']
    for row in rows + made:
        own = best.get(measure.point_of(row))
        row['ratio'] = row['seconds'] / own['seconds'] if own else None
    return {'machine': {**about, **machine()}, 'rows': rows + made,
            'skipped': skipped}


def store(result, path):
    folder = os.path.dirname(path)
    if folder:
        os.makedirs(folder, exist_ok=True)
    text = json.dumps(result, indent=1)
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text + '\n')


def cell(ratio):
    if ratio is None:
        return f'{"-":>9}'
    return f'{ratio:9.3g}' if ratio < 100 else f'{ratio:9.0f}'


def show(result):
    about = result['machine']
    print(f"{about['processor']}, one thread; " + ', '.join(
        f'{name} {about[name]}' for name in ('numpy', 'scipy', 'torch')
        if about[name]))
    print('microseconds of a step of restrain by its fastest operator; its '
          'ratio to four\ntransforms; how many times longer a step of the '
          'others takes')
    best = ours([row for row in result['rows']
                 if row['implementation'] not in HEADS])
    ratios = {(row['implementation'], *measure.point_of(row)): row['ratio']
              for row in result['rows']}
    print(f'{"size":>5}{"kernel":>7} {"precision":9} {"operator":9}'
          f'{"us":>11}{"/floor":>7}' +
          ''.join(f'{head:>9}' for head in HEADS.values()))
    for point, row in sorted(best.items(), key=lambda item: (
            item[0][2], *item[0][:2])):
        cells = [ratios.get((name, *point)) for name in HEADS]
        print(f'{point[0]:5}{point[1]:7} {point[2]:9} '
              f'{row["implementation"]:9}{1e6 * row["seconds"]:11.1f}'
              f'{row["seconds"] / row["floor_seconds"]:7.2f}' +
              ''.join(map(cell, cells)))
    for name, head in HEADS.items():
        print(f'  {head:8}  {competitors.COMPETITORS[name].__doc__}')
    reasons = {row['reason'] for row in result['skipped']
               if 'not installed' in row['reason']}
    print('  -         would take too long or too much memory' +
          ''.join(f'; {reason}' for reason in sorted(reasons)))
