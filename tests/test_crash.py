# SPDX-License-Identifier: GPL-3.0-or-later
"""Outputs on full disks, and of several processes at once: no good file is
lost, exit code 0 means that the file is whole, everything else has one
message.

Every size of a disk and a hundred rounds are tried with EVERY_CALL=yes (as
tools/test crash does), a few of each without. What fails calls is in
test_failures.py, what damages files in test_damage.py.
"""
import os
import random
import shutil
import signal
import subprocess
import time
import unittest

from support import PROGRAM, WHOLE_CASE, ProgramTest, datasets, main

COMMANDS = ("run", "sweep", "bifurcate", "analyze")
EVERY = os.environ.get("EVERY_CALL") == "yes"
ROUNDS = 100 if EVERY else 3
# On the way from a disk that holds nothing to one that holds everything.
SIZES = [4096 * 2**k for k in range(12)] if EVERY else [4096, 65536, 262144]

# In a namespace of its own, a disk of that size; what is there goes in before
# and comes out after.
ON_A_DISK = """
mount -t tmpfs -o size="$1" tmpfs disk || exit 99
cp -a work/. disk || exit 98
shift
"$@"
code=$?
rm -rf work
cp -a disk work
exit $code
"""


def namespaces():
    """Whether a process may have mounts of its own."""
    try:
        return subprocess.run(["unshare", "-rm", "true"], check=False,
                              stderr=subprocess.DEVNULL).returncode == 0
    except FileNotFoundError:
        return False


class CrashTest(ProgramTest):
    CASE = WHOLE_CASE

    def setUp(self):
        super().setUp()
        self.case = self.write(self.CASE)

    def whole(self, command):
        """What an undisturbed call gives."""
        self.restrain(command, self.case, "-o", f"{command}-whole.h5", "-q")
        return datasets(self.folder / f"{command}-whole.h5")


@unittest.skipUnless(namespaces(), "no mounts without unshare -rm")
class FullDisks(CrashTest):
    def on_a_disk(self, size, *arguments):
        return subprocess.run(
            ["unshare", "-rm", "sh", "-c", ON_A_DISK, "sh", str(size),
             PROGRAM, *map(str, arguments)], cwd=self.folder, text=True,
            capture_output=True, timeout=300, check=False)

    def begin(self, good):
        for name in ("work", "disk"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
            (self.folder / name).mkdir()
        if good:
            shutil.copy(good, self.folder / "work/out.h5")

    def check(self, command, size, good, whole):
        self.begin(good)
        path = self.folder / "work/out.h5"
        done = self.on_a_disk(size, command, self.case, "-q", "-o",
                              "disk/out.h5", "--force")
        if done.returncode == 98:
            return  # the good file itself does not fit
        self.assertIn(done.returncode, (0, 4), done.stderr)
        if done.returncode == 4:
            self.assertEqual(done.stderr.count("restrain: "), 1, done.stderr)
        if done.returncode == 0 or good and command != "run":
            self.assertEqual(datasets(path), whole)
        elif path.exists():
            # A run replaces a file by its own beginning, and goes on with it.
            datasets(path)
        if command != "analyze" and path.exists():
            self.restrain(command, self.case, "-q", "-o", path, "--resume")
            self.assertEqual(datasets(path), whole)

    def test_full_disks(self):
        for command in COMMANDS:
            whole = self.whole(command)
            good = self.folder / f"{command}-whole.h5"
            for size in SIZES:
                for there in (None, good):
                    with self.subTest(command=command, size=size,
                                      good=bool(there)):
                        self.check(command, size, there, whole)


class Rivals(CrashTest):
    # Some tenths of a second.
    CASE = (WHOLE_CASE.replace("iterations: 40", "iterations: 3000")
            .replace("every: 4", "every: 4, checkpoint: 0.02")
            .replace("burn_in: 20", "burn_in: 2000, reduction: none")
            .replace("{from: 0.5, to: 4, count: 2}",
                     "{from: 0.5, to: 4, count: 20}\n  reduction: none"))

    def rival(self, command, *options):
        return self.start(command, self.case, "-q", "-o", "out.h5", *options)

    def check_end(self, command, processes, whole):
        """One message each of those that had to yield; the file is whole
        after --resume, and at once where one has ended well."""
        codes = []
        for process in processes:
            _, faults = process.communicate(timeout=120)
            codes.append(process.returncode)
            self.assertIn(process.returncode, (0, 4, -9), faults)
            if process.returncode == 4:
                self.assertEqual(faults.count("restrain: "), 1, faults)
        path = self.folder / "out.h5"
        if 0 not in codes:
            self.restrain(command, self.case, "-q", "-o", path,
                          "--resume" if path.exists() else "--force")
        self.assertEqual(datasets(path), whole)
        left = [name for name in os.listdir(self.folder) if "partial" in name]
        self.assertEqual(left, [])

    def rounds(self, play):
        for command in ("run", "sweep", "bifurcate"):
            whole = self.whole(command)
            for number in range(ROUNDS):
                with self.subTest(command=command, round=number):
                    for path in self.folder.glob("*out*"):
                        path.unlink()
                    play(random.Random(number), command, whole)

    def test_at_once(self):
        def play(_, command, whole):
            self.check_end(command, [self.rival(command, "--force")
                                     for _ in range(2)], whole)
        self.rounds(play)

    def test_staggered(self):
        """A job is queued again beside its first copy."""
        def play(chance, command, whole):
            first = self.rival(command)
            time.sleep(chance.uniform(0, 0.4))
            second = self.rival(command, "--resume")
            self.check_end(command, [first, second], whole)
        self.rounds(play)

    def test_killed_and_queued_again(self):
        def play(chance, command, whole):
            first = self.rival(command)
            time.sleep(chance.uniform(0, 0.4))
            first.send_signal(signal.SIGKILL)
            path = self.folder / "out.h5"
            second = self.rival(command, "--resume" if path.exists()
                                else "--force")
            self.check_end(command, [first, second], whole)
        self.rounds(play)


if __name__ == "__main__":
    main()
