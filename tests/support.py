# SPDX-License-Identifier: GPL-3.0-or-later
"""What the Python tests share: running the program, comparing files, TAP.

Meson starts each test with RESTRAIN (the program) and RESTRAIN_SOURCE (the
root of the source tree) in the environment.
"""
import functools
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import h5py
import numpy as np

PROGRAM = os.environ["RESTRAIN"]
SOURCE = Path(os.environ["RESTRAIN_SOURCE"])
CASES = SOURCE / "cases"

SMALL_CASE = """\
title: a small non-linear run
flow:
  kind: conv
  image: {kind: checkerboard, size: 24}
  kernel: 5
initial: {kind: normal, seed: 3}
step: {scheme: euler, lr: 0.05, weight_decay: 2, iterations: 40}
output: {every: 4}
"""
# For every command that takes a case.
WHOLE_CASE = SMALL_CASE + """\
sweep:
  lr: {from: 0.05, to: 5, count: 4, scale: log}
  weight_decay: {from: 0.5, to: 4, count: 2}
bifurcation:
  {parameter: lr, from: 0.5, to: 1, count: 3, burn_in: 20, samples: 4}
"""


def restrain(*arguments, **options):
    """Run the program to its end; output is captured as text."""
    return subprocess.run(
        [PROGRAM, *map(str, arguments)], stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=600, check=False, **options)


def value_at(path, scalar, iteration):
    """What a run recorded there, or last for -1."""
    with h5py.File(path) as file:
        rows = file["iteration"][()]
        row = -1 if iteration < 0 else rows.tolist().index(iteration)
        return file[scalar][row]


def data_set_of(case):
    """The set of examples that a shipped case reads, or None."""
    found = re.search(r"output/data/([^/:]+?)(?:\.h5:|/)",
                      case.read_text("utf-8"))
    return found and found[1]


@functools.cache
def _digits(folder):
    """What was said where they cannot be had, or None."""
    done = subprocess.run(
        [sys.executable, SOURCE / "tools/datasets", "mnist-5000", "-o",
         folder], stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=300, check=False)
    return done.stderr.strip() if done.returncode else None


DATA = tempfile.TemporaryDirectory(prefix="restrain-data-")


def data_set(name):
    """The file of tools/datasets; skips the test where there is none. The
    digits are small enough to be fetched."""
    made = SOURCE / f"output/data/{name}.h5"
    if made.exists():
        return made
    if name != "mnist-5000":
        raise unittest.SkipTest(f"no {made}: tools/datasets {name} makes it")
    fault = _digits(DATA.name)
    if fault:
        raise unittest.SkipTest(fault.splitlines()[-1])
    return Path(DATA.name) / f"{name}.h5"


def processor_seconds(process):
    """What a process has used, its own and the system's for it."""
    status = Path(f"/proc/{process}/stat").read_text(encoding="utf-8")
    used = status.rpartition(")")[2].split()[11:13]
    return sum(map(int, used)) / os.sysconf("SC_CLK_TCK")


def send_in_the_midst(process, begun, work, number):
    """A process that ends before gets no signal."""
    since = None
    while process.poll() is None:
        now = processor_seconds(process.pid)
        if since is None and begun():
            since = now
        if since is not None and now - since >= work:
            process.send_signal(number)
            return
        time.sleep(0.005)


def datasets(path):
    """All datasets of a file, name -> (type, bytes): what must not vary."""
    found = {}

    def visit(name, item):
        if isinstance(item, h5py.Dataset):
            value = item[()]
            if isinstance(value, bytes):
                content = value
            elif item.dtype.hasobject:  # text of any length: no pointers
                content = value.tolist()
            else:
                content = value.tobytes()
            found[name] = (str(item.dtype), item.shape, content)

    with h5py.File(path, "r") as file:
        file.visititems(visit)
    return found


class ProgramTest(unittest.TestCase):
    """Each test gets an empty folder, which is also the working folder."""

    def setUp(self):
        holder = tempfile.TemporaryDirectory(prefix="restrain-test-")
        self.addCleanup(holder.cleanup)
        self.folder = Path(holder.name)

    def write(self, text, name="case.yaml"):
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def restrain(self, *arguments, expect=0, **options):
        done = restrain(*arguments, cwd=self.folder, **options)
        self.assertEqual(done.returncode, expect,
                         f"{arguments}\n{done.stdout}\n{done.stderr}")
        return done

    def start(self, *arguments):
        return subprocess.Popen(
            [PROGRAM, *map(str, arguments)], cwd=self.folder,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)

    def interrupt(self, *arguments, begun, work=0.0, number=signal.SIGINT):
        """Start the program and send it a signal in the midst of its work:
        when begun() holds and some seconds of processor time are over since.

        How long the work takes depends on the machine. Where it is over before
        the signal comes, the folder is put back as it was, and half of the
        seconds are tried.
        """
        for attempt in range(6):
            with tempfile.TemporaryDirectory() as kept:
                shutil.copytree(self.folder, kept, symlinks=True,
                                dirs_exist_ok=True)
                process = self.start(*arguments)
                send_in_the_midst(process, begun, work / 2**attempt, number)
                told, faults = process.communicate()
                if process.returncode != 0:
                    break
                shutil.rmtree(self.folder)
                shutil.copytree(kept, self.folder, symlinks=True)
        self.assertEqual(process.returncode,
                         -9 if number == signal.SIGKILL else 75,
                         told + faults)
        return told

    def assert_same_datasets(self, one, other):
        first, second = datasets(one), datasets(other)
        self.assertEqual(sorted(first), sorted(second))
        for name, content in first.items():
            self.assertEqual(content, second[name], f"dataset {name} differs")

    def assert_close(self, actual, expected, relative):
        np.testing.assert_allclose(actual, expected, rtol=relative, atol=0)


class _TapResult(unittest.TestResult):
    """One line a test, whatever became of its subtests."""

    def startTest(self, test):
        super().startTest(test)
        self._verdict = None

    def stopTest(self, test):
        super().stopTest(test)
        if self._verdict is None:
            self._line("not ok", test)

    def _line(self, verdict, test, note=""):
        self._verdict = verdict
        print(f"{verdict} {self.testsRun} - {test.id()}{note}", flush=True)

    def addSuccess(self, test):
        super().addSuccess(test)
        self._line("ok", test)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._line("ok", test, f" # SKIP {reason}")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._line("not ok", test)
        self._explain(test, err)

    def addError(self, test, err):
        super().addError(test, err)
        self._line("not ok", test)
        self._explain(test, err)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err:
            self._explain(subtest, err)

    def _explain(self, test, err):
        # Of what a test prints, meson shows this alone.
        print(f"{test}\n{self._exc_info_to_string(err, test)}",
              file=sys.stderr)


def main(module="__main__"):
    """Run the tests of a module and report as TAP."""
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules[module])
    print(f"1..{suite.countTestCases()}")
    result = _TapResult()
    suite.run(result)
    sys.exit(0 if result.wasSuccessful() else 1)
