# SPDX-License-Identifier: GPL-3.0-or-later
"""Outputs outlive whatever fails: any write, synchronisation, renaming or
closing, a full disk, a kill. What was good stays good, exit code 0 means that
the file is whole, and everything else has one message and exit code 4.

FAILING_CALLS names the library that makes calls fail (failing_calls.c). With
EVERY_CALL=yes each single call is tried, which takes an hour.
"""
import errno
import os
import resource
import shutil

from support import WHOLE_CASE, ProgramTest, datasets, main, restrain

WORK = ("run", "sweep", "bifurcate", "analyze")
CALLS = ("pwrite", "ftruncate", "fsync", "rename", "close")
EVERY = os.environ.get("EVERY_CALL") == "yes"


def chosen(count):
    """Which of so many calls fail: the first, the last, some between."""
    if EVERY:
        return range(1, count + 1)
    return sorted({1, 2, (count + 1) // 2, count} & set(range(1, count + 1)))


def errors(call):
    """The errors that are tried with a call, 0 for a kill."""
    return ((errno.EIO, errno.ENOSPC, 0) if EVERY or call == "pwrite"
            else (errno.EIO, 0) if call == "rename" else (errno.EIO,))


class Failures(ProgramTest):
    def setUp(self):
        super().setUp()
        self.case = self.write(WHOLE_CASE)
        self.good = self.folder / "good"
        self.work = self.folder / "work"

    def make_good(self, command):
        """A file and its like; the second is worked upon."""
        self.good.mkdir(exist_ok=True)
        self.restrain(command, self.case, "-o", "good/out.h5", "--force")
        return datasets(self.good / "out.h5")

    def attempt(self, call, at, error, *arguments, lasting=False,
                limit=resource.RLIM_INFINITY):
        """Work on a copy of the good file; the exit code and the calls."""
        shutil.rmtree(self.work, ignore_errors=True)
        shutil.copytree(self.good, self.work, symlinks=True)
        count = self.folder / "count"
        count.unlink(missing_ok=True)
        environment = dict(
            os.environ, LD_PRELOAD=os.environ["FAILING_CALLS"],
            ASAN_OPTIONS="verify_asan_link_order=0", FAIL_CALL=call,
            FAIL_AT=str(at), FAIL_ERROR=str(error), FAIL_COUNT=str(count),
            FAIL_ON="1" if lasting else "0")
        done = restrain(
            *arguments, cwd=self.folder, env=environment, preexec_fn=lambda:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
        told = count.read_text(encoding="utf-8") if count.exists() else ""
        return done, int(told or 0)

    def check_kept(self, command, whole, done):
        """What is there can be read, and is continued to the same end."""
        path = self.work / "out.h5"
        datasets(path)
        left = [name for name in os.listdir(self.work)
                if "partial" in name or "lock" in name]
        if done.returncode == 4:
            self.assertEqual(left, [])
            self.assertIn("restrain: ", done.stderr)
        if command == "analyze":
            self.assertEqual(datasets(path), whole)
        else:
            self.restrain(command, self.case, "-o", path, "--resume", "-q")
            self.assert_same_datasets(self.good / "out.h5", path)

    def try_calls(self, command, call):
        whole = self.make_good(command)
        work = (command, self.case, "-o", "work/out.h5", "--force", "-q")
        done, count = self.attempt(call, 0, 0, *work)
        self.assertEqual(done.returncode, 0, done.stderr)
        for at in chosen(count):
            for error in errors(call):
                with self.subTest(command=command, call=call, at=at,
                                  of=count, error=error):
                    done, _ = self.attempt(call, at, error, *work,
                                           lasting=error == errno.ENOSPC)
                    self.assertEqual(done.returncode, 4 if error else -9,
                                     done.stderr)
                    self.check_kept(command, whole, done)

    def test_run(self):
        for call in CALLS:
            self.try_calls("run", call)

    def test_sweep(self):
        for call in CALLS:
            self.try_calls("sweep", call)

    def test_bifurcate(self):
        for call in CALLS if EVERY else CALLS[:1]:
            self.try_calls("bifurcate", call)

    def test_analyze(self):
        for call in CALLS:
            self.try_calls("analyze", call)

    def test_an_interrupted_synchronisation_is_repeated(self):
        for command in WORK:
            whole = self.make_good(command)
            done, _ = self.attempt(
                "fsync", 1, errno.EINTR, command, self.case, "-o",
                "work/out.h5", "--force", "-q")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(datasets(self.work / "out.h5"), whole)

    def test_files_that_may_not_grow(self):
        for command in WORK:
            whole = self.make_good(command)
            size = (self.good / "out.h5").stat().st_size
            for limit in (0, 4096, size // 2, size - 1):
                with self.subTest(command=command, limit=limit):
                    done, _ = self.attempt(
                        "none", 0, 0, command, self.case, "-o",
                        "work/out.h5", "--force", "-q", "--json",
                        limit=limit)
                    self.assertEqual(done.returncode, 4, done.stderr)
                    self.check_kept(command, whole, done)


if __name__ == "__main__":
    main()
