# SPDX-License-Identifier: GPL-3.0-or-later
"""Computations of the library on cases and arrays; results as Datasets."""
from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import tempfile
# signal.signal() up to Python 3.11 needs as long as a tenth of a small run to
# find that a handler is none of its enumeration.
from _signal import signal as _on_signal
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ._arrays import plane
from .case import Case, CaseText, read_case
from ._errors import FileError, UsageError
from ._files import read
from ._library import Handle, Session, in_main_thread
from ._records import Record

if TYPE_CHECKING:
    import xarray

# A file system in memory, for files that nobody is to see: it needs no disk
# to confirm what is flushed. Where it is small, results may not fit.
MEMORY, ROOMY = '/dev/shm', 2**30


def run(case: Case = None, *, image: Any = None, signal: Any = None,
        path: str | os.PathLike[str] | None = None, overwrite: bool = False,
        resume: bool = False, threads: int = 1,
        progress: bool | None = None, **overrides: Any) -> xarray.Dataset:
    """Integrate a case; scalars over `iteration`, fields over `time`.

    case        name of a YAML file, a dict, or YAML text of several lines
    image       array [ny][nx] in place of flow.image, taken as it is (see
                restrain.grey() for pictures)
    signal      array [ny][nx] in place of flow.signal (beltrami)
    path        where to store the result, FILE.h5; without, nothing stays
                and the result is in memory
    overwrite   replace a file that is there
    resume      go on from the checkpoint beside `path`, or prolong a run
                that has ended (with a larger step__iterations)
    threads     as many threads at most; results are the same bits
    progress    a bar of tqdm: None for where standard error is a terminal
    overrides   keys of the case, as step__lr=0.05; None takes a key out

    The Dataset's attributes hold the regime and its reason, the period, the
    exponent [1/iteration], the exit reason ("completed" or "diverged", which
    is no failure), the version and the case. Ctrl-C raises KeyboardInterrupt
    once the library has stopped; with `path` a checkpoint is there then.
    """
    return _compute('run', case, image, signal, path, overwrite, resume,
                    threads, progress, overrides)


def record(case: Case = None, *, image: Any = None, signal: Any = None,
           threads: int = 1, progress: bool | None = None,
           **overrides: Any) -> Record:
    """The same in memory, as arrays by their names instead of a Dataset.

    Parameters as of run(), which makes the Dataset of such a record. That
    takes longer than a small run: a loop over many needs no Dataset of each.

        last = [restrain.record(case, step__lr=lr)["loss"][-1] for lr in rates]
    """
    text, array = _prepare(case, image, signal, overrides)
    with Session(threads) as session:
        session.load(text)
        if array is not None:
            session.set_image(array)
        handle = Handle()
        with _Watch('run', progress) as watch:
            watch.outcome = session.record(watch.poll, handle)
        return Record(handle, {'case': session.source(),
                               'effective': session.effective()})


def analyze(case: Case = None, *, image: Any = None, signal: Any = None,
            path: str | os.PathLike[str] | None = None,
            overwrite: bool = False, threads: int = 1,
            **overrides: Any) -> xarray.Dataset:
    """The stability of a case before any run: is it stable, what limits it.

    Parameters as of run(). Among the variables are `lambda_max` and
    `lambda_min` of the Hessian, decay included, the limits of the learning
    rate (`lr_max` of a linear flow, `lr_lo` and `lr_hi` of others), symbol
    and amplification factor over the wave numbers (ky, kx) [radians per unit
    length]; attributes hold the verdict and its explanation. Ctrl-C raises
    KeyboardInterrupt; nothing is stored then.
    """
    return _compute('analyze', case, image, signal, path, overwrite, False,
                    threads, False, overrides)


def sweep(case: Case = None, *, image: Any = None, signal: Any = None,
          path: str | os.PathLike[str] | None = None,
          overwrite: bool = False, resume: bool = False, threads: int = 1,
          progress: bool | None = None, **overrides: Any) -> xarray.Dataset:
    """The regime, and what goes with it, over the grid of the case's sweep.

    Parameters as of run(). Maps (weight_decay, lr), or over the axes that
    sweep.axes lists: `regime` in words, `final_loss`, `mean_loss`,
    `lyapunov` [1/iteration], `max_growth`, `period`, `iterations_run`; and
    the theory's curves `lr_lo` and `lr_hi`. The windows of sweep.zoom are
    left to the program. After Ctrl-C the file at `path` has the points that
    are done, and `resume` does the others.
    """
    return _compute('sweep', case, image, signal, path, overwrite, resume,
                    threads, progress, overrides)


def bifurcate(case: Case = None, *, image: Any = None, signal: Any = None,
              path: str | os.PathLike[str] | None = None,
              overwrite: bool = False, resume: bool = False, threads: int = 1,
              progress: bool | None = None,
              **overrides: Any) -> xarray.Dataset:
    """What a case settles on over its section bifurcation.

    Parameters as of run(). Samples (parameter, sample) of `residual`,
    `data_loss`, `weight_norm` and `probe`; over the parameter, `lr` or
    `weight_decay`, `regime` in words, `lyapunov` [1/iteration], `period`.
    """
    return _compute('bifurcate', case, image, signal, path, overwrite, resume,
                    threads, progress, overrides)


def _compute(name: str, case: Case, image: Any, given_signal: Any,
             path: str | os.PathLike[str] | None, overwrite: bool,
             resume: bool, threads: int, progress: bool | None,
             overrides: dict[str, Any]) -> xarray.Dataset:
    if path is None and (resume or overwrite):
        raise UsageError('resume and overwrite are about the file at path, '
                         'which is not given')
    if resume and overwrite:
        raise UsageError('resume goes on with a file, overwrite replaces it: '
                         'choose one')
    if path is None and name == 'run':
        return record(case, image=image, signal=given_signal, threads=threads,
                      progress=progress, **overrides).dataset()
    text, array = _prepare(case, image, given_signal, overrides)
    existing = ('resume' if resume else 'replace' if overwrite else 'refuse')
    with Session(threads) as session, _place(path, name) as place:
        session.load(text)
        if array is not None:
            session.set_image(array)
        # The library would name options of the program.
        if existing == 'refuse' and os.path.exists(place):
            raise FileError(f'{place} exists; overwrite=True replaces it' + (
                '' if name == 'analyze' else ', resume=True goes on with it'))
        with _Watch(name, progress) as watch:
            watch.outcome = session.call(name, place, existing, watch.poll)
        found = read(place)
        # A file that does not stay is read as a whole.
        return found.load() if path is None else found


def _prepare(case: Case, image: Any, given_signal: Any,
             overrides: dict[str, Any]) -> tuple[CaseText, Any]:
    """The text of a case, and the array that it takes from memory, if any."""
    array = None
    for values, key in ((image, 'flow.image'), (given_signal, 'flow.signal')):
        if values is not None:
            array = plane(values, key)
            overrides = {**overrides, key: {'kind': 'memory'}}
    return read_case(case, overrides), array


@contextlib.contextmanager
def _place(path: str | os.PathLike[str] | None, name: str) -> Iterator[str]:
    """The file at `path`, or one that does not stay."""
    if path is not None:
        yield os.fspath(path)
        return
    folder = tempfile.mkdtemp(prefix='restrain-', dir=_memory())
    try:
        yield os.path.join(folder, f'{name}.h5')
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _memory() -> str | None:
    """The folder in memory, if it has room; None for the usual one."""
    if 'TMPDIR' in os.environ or not os.access(MEMORY, os.W_OK):
        return None
    room = os.statvfs(MEMORY)
    return MEMORY if room.f_bavail * room.f_frsize >= ROOMY else None


class _Watch:
    """Shows how far a computation is, and stops it at Ctrl-C.

    While the library works, Python handles signals in poll() alone; the
    handler only takes note, so that none is lost between two calls.
    """

    def __init__(self, name: str, progress: bool | None) -> None:
        self.outcome = ''
        self._name, self._progress = name, progress
        self._bar: Any = None
        self._before: Any = None
        self._interrupted = False
        self._fault: BaseException | None = None

    def __enter__(self) -> _Watch:
        if in_main_thread():
            before = _on_signal(signal.SIGINT, self._interrupt)
            if before is signal.default_int_handler:
                self._before = before
            else:
                _on_signal(signal.SIGINT, before)
        return self

    def _interrupt(self, *_: object) -> None:
        self._interrupted = True

    def __exit__(self, kind: object, fault: object, trace: object) -> None:
        if self._before is not None:
            _on_signal(signal.SIGINT, self._before)
        if self._bar is not None:
            self._end_bar()
        if kind is not None:
            return
        if self._fault is not None:
            raise self._fault
        if self._interrupted:
            raise KeyboardInterrupt(
                'the file is complete' if self.outcome != 'stopped' else
                'stopped; nothing was stored' if self._name == 'analyze' else
                'stopped in good order; with a path, resume=True goes on')

    def poll(self, done: float, count: float, loss: float) -> bool:
        """Whether to stop."""
        try:
            self._show(done, count, loss)
        except BaseException as fault:  # not to be lost in the library
            self._fault = fault
        return self._interrupted or self._fault is not None

    def _show(self, done: float, count: float, loss: float) -> None:
        if self._bar is None:
            self._bar = self._make_bar(done)
        self._bar.total = int(count)
        if loss == loss:
            self._bar.set_postfix(loss=f'{loss:.6g}', refresh=False)
        self._bar.update(int(done) - self._bar.n)

    def _end_bar(self) -> None:
        """What came after the last poll is done, too."""
        if self.outcome == 'completed' and self._bar.total:
            self._bar.update(self._bar.total - self._bar.n)
        self._bar.close()

    def _make_bar(self, done: float) -> Any:
        if self._progress is False or (self._progress is None and
                                       not sys.stderr.isatty()):
            return _NoBar()
        try:
            from tqdm.auto import tqdm
        except ImportError:
            return _NoBar()
        return tqdm(initial=int(done), desc=self._name, unit='it' if
                    self._name == 'run' else 'point')


class _NoBar:
    """In place of tqdm, where it is not wanted or not there."""

    total = n = 0

    def set_postfix(self, **_: object) -> None:
        """Nothing."""

    def update(self, _: int) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""
