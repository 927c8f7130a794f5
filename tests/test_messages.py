# SPDX-License-Identifier: GPL-3.0-or-later
"""What the program says on its way: hints, progress, counts."""
import fcntl
import os
import pty
import re
import shlex
import struct
import subprocess
import termios

from support import PROGRAM, SMALL_CASE, WHOLE_CASE, ProgramTest, main

LONG = ("-D", "step.iterations=100000000", "-D", "output.every=10000000",
        "-D", "output.scalars_every=100000")
WORK = {"run": LONG, "sweep": (
    "-D", "step.iterations=1000000", "-D", "sweep.theory=no", "-D",
    "sweep.reduction=none", "-D", "sweep.lr={from: 3, to: 6, count: 21}",
    "-D", "sweep.weight_decay={from: 0.25, to: 0.32, count: 5}")}


class Hints(ProgramTest):
    def test_the_resume_hint_is_the_command_that_goes_on(self):
        self.write(SMALL_CASE)
        done = self.restrain(
            "run", "case.yaml", *LONG, "-D", "title=it's \"one\" of $HOME",
            "--force", "-o", "of two words.h5", "--wall-limit=1s", expect=75)
        line = [line for line in done.stdout.splitlines()
                if line.startswith("go on with: ")]
        self.assertEqual(len(line), 1, done.stdout)
        words = shlex.split(line[0].partition(": ")[2])
        self.assertEqual(words, [
            "restrain", "run", "case.yaml", *LONG, "-D",
            "title=it's \"one\" of $HOME", "-o", "of two words.h5",
            "--wall-limit=1s", "--resume"])
        again = self.restrain(*words[1:], expect=75)
        self.assertIn(line[0], again.stdout)
        self.assertNotIn("no checkpoint", again.stderr)

    def test_shards_and_standard_input(self):
        self.write(WHOLE_CASE)
        done = self.restrain(
            "sweep", "case.yaml", *WORK["sweep"], "--shard", "1/2",
            "--wall-limit", "1s", expect=75)
        self.assertIn("go on with: " + shlex.join((
            "restrain", "sweep", "case.yaml", *WORK["sweep"], "--shard",
            "1/2", "--wall-limit", "1s", "--resume")) + "\n", done.stdout)
        told = subprocess.run(
            [PROGRAM, "run", "-", *LONG, "--wall-limit", "1s"],
            input=SMALL_CASE, capture_output=True, text=True, check=False,
            cwd=self.folder).stdout
        self.assertIn(" --resume < CASE.yaml\n", told)

    def test_one_is_no_plural(self):
        self.write(WHOLE_CASE)
        ones = ("-D", "step.iterations=1", "-D", "sweep.lr.count=1", "-D",
                "sweep.weight_decay.count=1", "-D", "bifurcation.count=1",
                "-D", "bifurcation.burn_in=1", "-D", "bifurcation.samples=1",
                "-D", "output.every=9")
        for command in ("run", "sweep", "bifurcate"):
            for options in (("--dry-run",), ()):
                told = self.restrain(command, "case.yaml", *ones,
                                     *options).stdout
                self.assertNotRegex(
                    told, r"\b1 (iterations|points|values|samples|snapshots)")


class Progress(ProgramTest):
    def shown(self, *arguments, columns):
        """What stands on a terminal of so many columns, line by line."""
        try:
            here, there = pty.openpty()
        except OSError as error:
            self.skipTest(f"no terminal can be made here: {error}")
        fcntl.ioctl(there, termios.TIOCSWINSZ,
                    struct.pack("HHHH", 24, columns, 0, 0))
        with subprocess.Popen(
                [PROGRAM, *arguments], cwd=self.folder, stderr=there,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL):
            os.close(there)
            shown = b""
            try:
                while piece := os.read(here, 4096):
                    shown += piece
            except OSError:  # the other end is closed
                pass
        os.close(here)
        return shown.decode().replace("\x1b[K", "").split("\r")

    def test_lines_fit_the_terminal(self):
        self.write(WHOLE_CASE)
        for command in ("run", "sweep"):
            for columns in (30, 60, 150):
                with self.subTest(command, columns=columns):
                    lines = self.shown(
                        command, "case.yaml", *WORK[command], "--force",
                        "--wall-limit", "2s", columns=columns)
                    longest = max(map(len, lines))
                    self.assertLess(longest, columns)
                    self.assertGreater(longest, min(29, columns - 2))
                    self.assertEqual(lines[-1], "")

    def test_epochs_are_told_of(self):
        """Four updates each."""
        self.write("""\
flow:
  kind: network
  layers: [{kind: dense, units: 2}]
  loss: cross-entropy
data:
  every: 100000000
  train: {kind: textures, size: 8, classes: 2, count: 40}
sampling: {kind: minibatch, batch: 10}
initial: {kind: fan-in}
step: {lr: 0.01}
""")
        lines = self.shown("run", "case.yaml", *LONG, "--wall-limit", "2s",
                           columns=200)
        told = re.fullmatch(r"(\d+) of 100000000 .*, epoch ([\d.]+) of "
                            r"25000000\.0, .* left", lines[-2])
        self.assertTrue(told, lines)
        self.assertAlmostEqual(int(told[1]) / 4, float(told[2]), delta=0.051)

    def test_thresholds_are_told_of(self):
        self.write(WHOLE_CASE.replace("{kind: checkerboard, size: 24}",
                                      "{kind: gaussian-field, size: 200}")
                   .replace("kernel: 5", "kernel: 24"))
        lines = self.shown(
            "sweep", "case.yaml", "-D", "sweep.weight_decay.count=60", "-D",
            "sweep.weight_decay.from=0.05", columns=90)
        told = [line for line in lines
                if line.startswith("computing the thresholds lr_lo and lr_hi "
                                   "before 240 points, for ")]
        self.assertTrue(told, lines)

    def test_without_a_terminal_short_runs_are_silent(self):
        self.write(SMALL_CASE)
        done = self.restrain("run", "case.yaml", *LONG, "--wall-limit", "1s",
                             expect=75)
        self.assertEqual(done.stderr, "")


if __name__ == "__main__":
    main()
