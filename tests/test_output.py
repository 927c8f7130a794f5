# SPDX-License-Identifier: GPL-3.0-or-later
"""Where results go: what is replaced and what is not, symbolic links, one
process at a time, and checkpoints of the run that they belong to."""
import os
import shutil
import signal
import socket
import time

import h5py

from support import WHOLE_CASE, ProgramTest, datasets, main

COMMANDS = ("run", "sweep", "bifurcate", "analyze")
LONG = ("-D", "step.iterations=100000000", "-D", "output.checkpoint=0.05")


class OutputTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.case = self.write(WHOLE_CASE)

    def refused(self, *arguments, message):
        done = self.restrain(*arguments, expect=4)
        self.assertIn(message, done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        return done.stderr

    def content(self):
        return {path.name: path.read_bytes()
                for path in self.folder.iterdir() if path.is_file()}


class Replaced(OutputTest):
    def test_only_own_files_are_replaced(self):
        self.write("\x89PNG", "picture.png")
        with h5py.File(self.folder / "image.h5", "w") as file:
            file["pixels"] = [[1.0, 2.0], [3.0, 4.0]]
        os.mkdir(self.folder / "folder")
        before = self.content()
        for command in COMMANDS:
            for name in ("picture.png", "image.h5", "case.yaml"):
                self.refused(command, self.case, "-o", name, "--force",
                             message=f"{name} was not written by restrain")
            for name in ("/dev/null", "folder"):
                self.refused(command, self.case, "-o", name, "--force",
                             message=f"{name} is no regular file")
        self.refused("sweep", "--merge", "image.h5", "-o", "image.h5",
                     "--force", message="was not written by restrain")
        self.assertEqual(self.content(), before)

    def test_links_are_followed(self):
        scratch = self.folder / "scratch"
        scratch.mkdir()
        link = self.folder / "link.h5"
        link.symlink_to("scratch/far.h5")
        for command in COMMANDS:
            done = self.restrain(command, self.case, "-o", "link.h5")
            self.assertIn("scratch/far.h5", done.stdout)
            self.restrain(command, self.case, "-o", "link.h5", "--force")
            self.assertTrue(link.is_symlink())
            self.assertTrue(datasets(scratch / "far.h5"))
            self.assertEqual(sorted(os.listdir(self.folder)),
                             ["case.yaml", "link.h5", "scratch"])
            (scratch / "far.h5").unlink()
        link.unlink()
        link.symlink_to("link.h5")
        self.refused("run", self.case, "-o", "link.h5",
                     message="too many symbolic links")


class Named(OutputTest):
    def test_names_that_leave_no_room_for_endings(self):
        for length, code in ((255 - len(".checkpoint.previous.h5"), 0),
                             (256 - len(".checkpoint.previous.h5"), 4),
                             (240, 4)):
            for command in COMMANDS:
                for ending in ("", ".h5"):
                    name = f"{command:a<{length}}"
                    before = self.content()
                    done = self.restrain(command, self.case, "-o",
                                         name + ending, expect=code)
                    if code == 0:
                        (self.folder / (name + ending)).unlink()
                    else:
                        self.assertEqual(done.stderr.count("\n"), 1)
                        self.assertIn("choose a shorter one", done.stderr)
                        self.assertEqual(self.content(), before)

    def test_outputs_do_not_share_what_lies_beside_them(self):
        for first, second in (("x", "x.h5"), ("y.h5", "y")):
            for command in COMMANDS:
                self.restrain("run", self.case, "-o", first, "--force")
                before = self.content()
                for options in ((), ("--force",)):
                    self.refused(command, self.case, "-o", second, *options,
                                 message=f"{second} and {first} would share")
                self.assertEqual(self.content(), before)
            (self.folder / first).write_text("a text")
            self.restrain("run", self.case, "-o", second)

    def test_names_of_checkpoints_are_no_outputs(self):
        for name in ("x.checkpoint", "x.checkpoint.previous",
                     "x.checkpoint.h5", "x.partial.h5"):
            self.refused("run", self.case, "-o", name,
                         message="lies beside another output")
        self.restrain("run", self.case, "-o", "checkpoint.h5")


class Locked(OutputTest):
    def begin(self):
        process = self.start("run", self.case, "-o", "run.h5", *LONG)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        path = self.folder / "run.checkpoint"
        while not path.exists():
            self.assertIsNone(process.poll())
            time.sleep(0.01)
        return process

    def test_one_process_at_a_time(self):
        process = self.begin()
        holder = f"written by process {process.pid} on {socket.gethostname()}"
        for command in COMMANDS:
            for option in ("--force", "--resume"):
                if (command, option) != ("analyze", "--resume"):
                    self.refused(command, self.case, "-o", "run.h5", option,
                                 message=holder)
        self.refused("sweep", "--merge", "run.h5", "-o", "run.h5", "--force",
                     message=holder)
        process.send_signal(signal.SIGINT)
        process.communicate()
        self.assertEqual(process.returncode, 75)
        self.assertNotIn(".run.lock", os.listdir(self.folder))

    def test_a_killed_process_holds_nothing(self):
        process = self.begin()
        process.kill()
        process.communicate()
        self.assertIn(".run.lock", os.listdir(self.folder))
        self.restrain("run", self.case, "-o", "run.h5", *LONG, "--resume",
                      "--wall-limit", "1", expect=75)
        self.assertNotIn(".run.lock", os.listdir(self.folder))

    def test_beginning_at_once(self):
        """One of them makes the file, whoever it is."""
        processes = [self.start("run", self.case, "-o", "run.h5", "-q")
                     for _ in range(4)]
        for process in processes:
            process.communicate()
        codes = sorted(process.returncode for process in processes)
        self.assertEqual(codes, [0, 4, 4, 4])
        self.restrain("run", self.case, "-o", "other.h5")
        self.assert_same_datasets(self.folder / "other.h5",
                                  self.folder / "run.h5")


class Identified(OutputTest):
    def test_checkpoints_of_another_run_are_not_used(self):
        self.restrain("run", self.case, "-o", "run.h5")
        kept = self.folder / "kept.h5"
        newest = self.folder / "run.checkpoint"
        shutil.copy(newest, kept)
        self.restrain("run", self.case, "-o", "run.h5", "--force", "-D",
                      "step.iterations=20")
        shutil.copy(kept, newest)
        newest.with_name("run.checkpoint.previous").unlink(missing_ok=True)
        done = self.restrain("run", self.case, "-o", "run.h5", "--resume")
        self.assertIn("no checkpoint", done.stderr)
        self.restrain("run", self.case, "-o", "whole.h5")
        self.assert_same_datasets(self.folder / "whole.h5",
                                  self.folder / "run.h5")

    def test_the_identifier_stays(self):
        found = []
        for options in ((), ("--resume", "-D", "step.iterations=50"),
                        ("--force",)):
            self.restrain("run", self.case, "-o", "run.h5", *options)
            with h5py.File(self.folder / "run.h5") as file:
                of_file = file["provenance"].attrs["identifier"]
            with h5py.File(self.folder / "run.checkpoint") as file:
                self.assertEqual(file.attrs["identifier"], of_file)
            found.append(of_file)
        self.assertEqual(found[0], found[1])
        self.assertNotEqual(found[0], found[2])

    def test_an_older_file_goes_on_from_an_older_checkpoint(self):
        """A copy that was put back lacks the newest rows."""
        old, newest = self.folder / "old.h5", self.folder / "run.h5"
        self.restrain("run", self.case, "-o", "run.h5")
        shutil.copy(newest, old)
        longer = ("run", self.case, "-o", "run.h5", "--resume", "-D",
                  "step.iterations=60")
        self.restrain(*longer)
        whole = datasets(newest)
        shutil.copy(old, newest)
        done = self.restrain(*longer)
        self.assertIn("needs more rows than the file has", done.stderr)
        self.assertEqual(datasets(newest), whole)


if __name__ == "__main__":
    main()
