# SPDX-License-Identifier: GPL-3.0-or-later
"""Interrupted runs go on to the bits of uninterrupted ones; results depend on
neither the number of threads nor the call."""
import os
import random
import signal
import sys
import time

import h5py
import numpy as np

from support import (
    SMALL_CASE, WHOLE_CASE, ProgramTest, datasets, main, processor_seconds)

# Some hundred milliseconds, so that there is something to interrupt.
LONG_CASE = """\
title: a run to interrupt
flow:
  kind: conv
  image: {kind: gaussian-field, size: 64, seed: 1}
  kernel: 9
initial: {kind: normal, seed: 3, scale: 0.1}
step: {scheme: nesterov, lr: 0.01, weight_decay: 1, iterations: 3000}
output:
  every: 10
  checkpoint: 0.02
  fields: [gradient, tangent, difference]
  scalars: [lyapunov_spectrum, participation]
tangent: {exponents: 2, burn_in: 100}
twins: [3, float]
twin: {average: 30}
"""


def attributes(path):
    """Of the root: what the run as a whole showed."""
    with h5py.File(path) as file:
        return {name: str(value) for name, value in file.attrs.items()}


def last_change(path):
    """0 for a file that does not exist."""
    return path.stat().st_mtime_ns if path.exists() else 0


def seal(path):
    """End a checkpoint with its checksum, FNV-1a of 64 bits."""
    total = 0xcbf29ce484222325
    for byte in path.read_bytes():
        total = (total ^ byte) * 0x100000001b3 % 2**64
    with open(path, "ab") as file:
        file.write(total.to_bytes(8, sys.byteorder))


def edit_effective(path, edit):
    """Change the effective case that a result or a checkpoint holds, as
    another version would have written it."""
    is_checkpoint = path.name.endswith(".checkpoint")
    name = "effective" if is_checkpoint else "provenance/effective"
    with h5py.File(path, "r+") as file:
        text = edit(file[name].asstr()[()])
        del file[name]
        file[name] = np.bytes_(text)
    if is_checkpoint:
        seal(path)


def without_later_keys(text):
    """Without some keys that have their defaults, and with numbers as they
    were once written."""
    later = ("scalars_every:", "checkpoint:", "shift:", "divisor:",
             "discretisation:", "operator:")
    lines = [line for line in text.splitlines()
             if not line.lstrip().startswith(later)]
    for section in ("sharpness:", "noise:"):
        start = lines.index(section)
        del lines[start]
        while lines[start].startswith("  "):
            del lines[start]
    return "\n".join(lines).replace("1.0e+06", "1e+6") + "\n"


class Resume(ProgramTest):
    def setUp(self):
        super().setUp()
        self.case = self.write(LONG_CASE)
        self.restrain("run", self.case, "-o", "whole.h5")
        self.work = ("run", self.case, "-o", "run.h5", "--resume")

    def finish(self):
        self.restrain(*self.work)
        self.assert_same_datasets(self.folder / "whole.h5",
                                  self.folder / "run.h5")
        self.assertEqual(
            (self.folder / "whole.xdmf").read_text(encoding="utf-8").replace(
                "whole.h5", "run.h5"),
            (self.folder / "run.xdmf").read_text(encoding="utf-8"))

    def test_kill_at_random_moments(self):
        chance = random.Random(20220602)
        opened = kills = 0
        with h5py.File(self.folder / "whole.h5") as whole:
            kernels, losses = whole["kernel"][()], whole["loss"][()]
        for _ in range(30):
            process = self.start(*self.work)
            moment = chance.uniform(0.0, 0.25)
            while process.poll() is None and \
                    processor_seconds(process.pid) < moment:
                time.sleep(0.002)
            process.send_signal(signal.SIGKILL)
            process.communicate()
            kills += process.returncode == -signal.SIGKILL
            if not (self.folder / "run.h5").exists():
                continue
            with h5py.File(self.folder / "run.h5") as file:
                # Of a snapshot that was being flushed one may have a row.
                rows = len(file["loss"])
                snapshots = min(len(file["time"]), len(file["kernel"]))
                self.assertLessEqual(
                    abs(len(file["time"]) - len(file["kernel"])), 1)
                np.testing.assert_array_equal(file["loss"], losses[:rows])
                np.testing.assert_array_equal(
                    file["kernel"][:snapshots], kernels[:snapshots])
                opened += snapshots > 1
        self.assertGreater(kills, 3)
        self.assertGreater(opened, 3)
        self.finish()

    def test_signals_stop_with_a_checkpoint(self):
        newest = self.folder / "run.checkpoint"
        for number in (signal.SIGINT, signal.SIGTERM):
            before = last_change(newest)
            # A checkpoint of its own shows that it is under way.
            told = self.interrupt(*self.work, number=number, begun=lambda:
                                  last_change(newest) != before)
            self.assertIn("--resume", told)
        with h5py.File(self.folder / "run.h5") as file:
            self.assertLess(len(file["loss"]), 3001)
        self.finish()

    def test_wall_limit(self):
        long = ("-D", "step.iterations=100000000")
        done = self.restrain("run", self.case, "-o", "run.h5", *long,
                             "--wall-limit", "1", expect=75)
        self.assertIn("wall limit", done.stdout)
        self.assertTrue((self.folder / "run.checkpoint").exists())

    def test_newest_checkpoint_broken(self):
        previous = self.folder / "run.checkpoint.previous"
        self.interrupt(*self.work, begun=previous.exists)
        newest = self.folder / "run.checkpoint"
        content = newest.read_bytes()
        newest.write_bytes(content[:len(content) // 2])
        self.finish()

    def test_checkpoints_of_earlier_versions(self):
        names = ("run.checkpoint", "run.checkpoint.previous")
        self.interrupt(*self.work, begun=(self.folder / names[1]).exists)
        old = [(self.folder / name).rename(self.folder / f"{name}.h5")
               for name in names]
        self.assertNotIn("no checkpoint yet", self.restrain(
            *self.work, "--resume", "--wall-limit", "0.2s",
            expect=75).stderr)
        for path in old:
            self.assertFalse(path.exists())
        # Nor is a checkpoint among the results.
        self.assertEqual({path.name for path in self.folder.glob("*.h5")},
                         {"run.h5", "whole.h5"})
        self.finish()

    def test_a_finished_run_is_prolonged(self):
        self.restrain("run", self.case, "-o", "run.h5",
                      "-D", "step.iterations=1505")
        self.finish()

    def test_a_prolonged_run_keeps_its_cadence(self):
        text = SMALL_CASE.replace("{every: 4}", "{cadence: linear}")
        case = self.write(text, "left.yaml")
        for cadence, every in (("linear", 2), ("logarithmic", 20)):
            given = ("-D", f"output.cadence={cadence}")
            longer = (*given, "-D", "step.iterations=500", "--resume")
            with self.subTest(cadence):
                self.restrain("run", case, "-o", "part.h5", "--force", *given,
                              "-D", "step.iterations=200")
                done = self.restrain("run", case, "-o", "part.h5", *longer,
                                     "-D", "output.every=3", expect=2)
                self.assertIn(f"output.every (was {every}, is 3)", done.stderr)
                self.restrain("run", case, "-o", "part.h5", *longer)
                # Once more: what is stored is the cadence itself.
                self.restrain("run", case, "-o", "part.h5", *longer,
                              "-D", "step.iterations=900")
                self.restrain("run", case, "-o", "given.h5", "--force", *given,
                              "-D", "step.iterations=900",
                              "-D", f"output.every={every}")
                self.assert_prolonged("part.h5", "given.h5")

    def assert_prolonged(self, part, given):
        """As `given`, but for the snapshot that ended a shorter run."""
        with h5py.File(self.folder / part) as a, \
                h5py.File(self.folder / given) as b:
            np.testing.assert_array_equal(a["loss"], b["loss"])
            self.assertEqual(set(a["step"][()]), set(b["step"][()]))
            self.assertEqual(a["provenance/effective"][()],
                             b["provenance/effective"][()])

    def test_resuming_a_finished_run_changes_nothing(self):
        before = datasets(self.folder / "whole.h5")
        self.restrain("run", self.case, "-o", "whole.h5", "--resume")
        self.assertEqual(datasets(self.folder / "whole.h5"), before)

    def test_another_case_is_refused(self):
        content = (self.folder / "whole.h5").read_bytes()
        done = self.restrain("run", self.case, "-o", "whole.h5", "--resume",
                             "-D", "step.lr=0.02", expect=2)
        self.assertIn("step.lr", done.stderr)
        self.assertEqual((self.folder / "whole.h5").read_bytes(), content)


class Versions(ProgramTest):
    """Results go on under a program that knows more keys than the one that
    stored them; keys that it lacked have their defaults."""

    def setUp(self):
        super().setUp()
        self.case = self.write(WHOLE_CASE)

    def test_added_keys_have_their_defaults(self):
        for command, *less in (("run", "-D", "step.iterations=17"),
                               ("sweep", "--shard", "0/2"),
                               ("bifurcate", "--shard", "0/2")):
            whole, part = f"{command}.h5", f"{command}-part.h5"
            self.restrain(command, self.case, "-o", whole)
            self.restrain(command, self.case, "-o", part, *less)
            for path in self.folder.glob(f"{command}-part*.h5"):
                edit_effective(path, without_later_keys)
            self.restrain(command, self.case, "-o", part, "--resume")
            with self.subTest(command):
                self.assert_same_datasets(self.folder / whole,
                                          self.folder / part)

    def test_added_keys_with_other_values_are_refused(self):
        for command in ("run", "sweep", "bifurcate"):
            self.restrain(command, self.case, "-o", "part.h5", "--force")
            edit_effective(self.folder / "part.h5", without_later_keys)
            before = (self.folder / "part.h5").read_bytes()
            done = self.restrain(command, self.case, "-o", "part.h5",
                                 "--resume", "-D", "flow.shift=0.5",
                                 "-D", "step.divisor=3", expect=2)
            self.assertIn("flow.shift (was 0, is 0.5), step.divisor "
                          "(was 1, is 3); resume with the same case",
                          done.stderr)
            self.assertEqual((self.folder / "part.h5").read_bytes(), before)

    def test_removed_keys_are_refused(self):
        self.restrain("run", self.case, "-o", "part.h5")
        edit_effective(self.folder / "part.h5",
                       lambda text: text + "former: 1\n")
        before = (self.folder / "part.h5").read_bytes()
        done = self.restrain("run", self.case, "-o", "part.h5", "--resume",
                             expect=2)
        self.assertIn("part.h5 was made from a case that this version does "
                      "not take", done.stderr)
        self.assertIn('unknown key "former"', done.stderr)
        self.assertEqual((self.folder / "part.h5").read_bytes(), before)

    def test_moved_files_are_the_same_others_are_not(self):
        inputs = [self.folder / name for name in ("a/w.h5", "b/w.h5",
                                                  "b/v.h5")]
        for path in inputs:
            path.parent.mkdir(exist_ok=True)
            with h5py.File(path, "w") as file:
                file["kernel"] = np.full((5, 5), 0.1)
        work = ("run", self.case, "-o", "run.h5", "-D")
        initial = "initial={{kind: file, file: {}:/kernel}}".format
        self.restrain(*work, initial(inputs[0]))
        self.restrain(*work, initial(inputs[1]), "--resume")
        done = self.restrain(*work, initial(inputs[2]), "--resume", expect=2)
        self.assertIn("initial.file (was", done.stderr)


class Reproducible(ProgramTest):
    def test_every_scheme_resumes(self):
        for scheme in ("euler", "heavy-ball", "nesterov", "rk2", "rk4",
                       "imex", "cfl", "adam"):
            with self.subTest(scheme):
                case = self.write(
                    SMALL_CASE.replace("euler", scheme).replace("0.05", "0.03")
                    .replace("every: 4", "every: 4, scalars: "
                             "[sharpness, lyapunov]")
                    + "twins: [ulp, float]\n")
                whole, part = f"{scheme}.h5", f"{scheme}-part.h5"
                self.restrain("run", case, "-o", whole)
                self.restrain("run", case, "-o", part,
                              "-D", "step.iterations=17")
                self.restrain("run", case, "-o", part, "--resume")
                self.assert_same_datasets(self.folder / whole,
                                          self.folder / part)
                self.assertEqual(attributes(self.folder / whole),
                                 attributes(self.folder / part))

    def assert_resumes(self, text):
        case = self.write(text)
        self.restrain("run", case, "-o", "whole.h5", "--force")
        self.restrain("run", case, "-o", "part.h5", "--force",
                      "-D", "step.iterations=17")
        self.restrain("run", case, "-o", "part.h5", "--resume")
        self.assert_same_datasets(self.folder / "whole.h5",
                                  self.folder / "part.h5")

    def test_any_amount_of_state_resumes(self):
        heavy = SMALL_CASE.replace("euler", "heavy-ball").replace(
            "kernel: 5", "kernel: 9")
        self.assert_resumes(heavy.replace(
            "every: 4", "every: 4, scalars: [lyapunov_spectrum]") +
            "tangent: {exponents: 60}\n")
        self.assert_resumes(heavy + f"twins: {list(range(2, 34))}\n")

    def test_same_bits_for_every_call_and_number_of_threads(self):
        text = SMALL_CASE.replace(
            "image: {kind: checkerboard, size: 24}",
            "images:\n" + "\n".join(
                f"    - {{kind: gaussian-field, size: {31 + n}, seed: {n}, "
                f"label: {n % 2}}}" for n in range(5)))
        for precision in ("double", "float"):
            case = self.write(text)
            for name, threads in (("a", 1), ("b", 1), ("c", 2), ("d", 5)):
                self.restrain("run", case, "-o", f"{name}.h5", "--force",
                              "--threads", threads,
                              "-D", f"flow.precision={precision}")
            for other in "bcd":
                self.assert_same_datasets(self.folder / "a.h5",
                                          self.folder / f"{other}.h5")

    def test_measured_plans_resume_from_their_wisdom(self):
        case = self.write(LONG_CASE)
        measured = ("-D", "performance.rigor=measure")
        self.restrain("run", case, "-o", "a.h5", *measured,
                      "-D", "step.iterations=900")
        os.link(self.folder / "a.h5", self.folder / "kept.h5")
        with h5py.File(self.folder / "a.h5") as file:
            before = file["loss"][()]
            self.assertIn("wisdom", file["provenance"])
        self.restrain("run", case, "-o", "a.h5", *measured, "--resume",
                      "-D", "step.iterations=1800")
        with h5py.File(self.folder / "a.h5") as file:
            np.testing.assert_array_equal(file["loss"][:901], before)


if __name__ == "__main__":
    main()
