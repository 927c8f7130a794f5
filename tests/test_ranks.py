# SPDX-License-Identifier: GPL-3.0-or-later
"""restrain sweep, bifurcate and run of an ensemble under mpirun: the same bits
for any number of ranks, and what happens when one dies."""
import json
import os
import signal
import subprocess
import time
from pathlib import Path

import h5py
import numpy as np

import test_ensemble
import test_sweep
from support import CASES, PROGRAM, main, processor_seconds
from test_sweep import CASE, FULL, LONG, SweepTest

ZOOM = test_sweep.Windows.ZOOM
NAMES = test_sweep.Windows.NAMES
DIAGRAM = ("bifurcation: {parameter: lr, from: 0.1, to: 1.1, count: 31, "
           "burn_in: 300, samples: 50}\n")


class Ranks(SweepTest):
    # More ranks than cores, and as root: Open MPI asks for permission.
    ENVIRONMENT = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1",
                       OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
                       OMPI_MCA_rmaps_base_oversubscribe="1",
                       PRTE_MCA_rmaps_default_mapping_policy=":oversubscribe")

    def launch(self, count, *arguments):
        return subprocess.Popen(
            ["mpirun", "-np", str(count), PROGRAM, *arguments],
            cwd=self.folder, env=self.ENVIRONMENT, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def ranks(self, count, *arguments, expect=0):
        process = self.launch(count, *arguments)
        told, faults = process.communicate(timeout=120)
        self.assertEqual(process.returncode, expect, told + faults)
        return told, faults

    def test_same_bits(self):
        for name, text in (("reduced", CASE), ("full", FULL)):
            case = self.write(text, f"{name}.yaml")
            self.sweep(case, "-o", f"{name}.h5")
            for count in (2, 4):
                with self.subTest(name, count=count):
                    told, _ = self.ranks(count, "sweep", case, "-o",
                                         "other.h5", "--force", "--json")
                    self.assertEqual(json.loads(told)["done"], 105)
                    self.assert_same_datasets(self.folder / f"{name}.h5",
                                              self.folder / "other.h5")
                    with h5py.File(self.folder / "other.h5") as file:
                        self.assertEqual(
                            file["provenance"].attrs["ranks"], count)

    def test_a_diagram_has_the_same_bits(self):
        for name, text in (("reduced", CASE), ("full", FULL)):
            case = self.write(text + DIAGRAM, f"{name}.yaml")
            self.restrain("bifurcate", case, "-o", f"{name}.h5")
            told, _ = self.ranks(3, "bifurcate", case, "-o", "other.h5",
                                 "--force", "--json")
            self.assertEqual(json.loads(told)["done"], 31)
            self.assert_same_datasets(self.folder / f"{name}.h5",
                                      self.folder / "other.h5")
            with h5py.File(self.folder / "other.h5") as file:
                self.assertEqual(file["provenance"].attrs["ranks"], 3)

    def test_an_ensemble_has_the_same_bits(self):
        for name, text in (("small", test_ensemble.BANDS),
                           ("network", test_ensemble.NETWORK)):
            case = self.write(text, f"{name}.yaml")
            self.restrain("run", case, "-o", f"{name}.h5")
            for count, threads in ((2, 1), (2, 2), (7, 1)):
                with self.subTest(name, count=count, threads=threads):
                    told, _ = self.ranks(count, "run", case, "-o", "other.h5",
                                         "--force", "--json", "--threads",
                                         str(threads))
                    self.assertEqual(json.loads(told)["reason"], "completed")
                    self.assert_same_datasets(self.folder / f"{name}.h5",
                                              self.folder / "other.h5")
                    with h5py.File(self.folder / "other.h5") as file:
                        self.assertEqual(
                            file["provenance"].attrs["ranks"], count)

    def test_an_ensemble_goes_on_with_other_ranks(self):
        """To the bits of a run that was never stopped, but for the snapshot
        that its end stored."""
        for text in (test_ensemble.BANDS, test_ensemble.NETWORK):
            case = self.write(text)
            self.restrain("run", case, "-o", "whole.h5", "--force")
            for first, second in ((3, 1), (1, 2), (2, 3)):
                with self.subTest(first=first, second=second):
                    self.launched(first, "run", case, "-o", "part.h5",
                                  "--force", "-D", "step.iterations=24")
                    self.launched(second, "run", case, "-o", "part.h5",
                                  "--resume")
                    self.assert_goes_on("whole.h5", "part.h5")

    def launched(self, count, *arguments):
        if count > 1:
            self.ranks(count, *arguments)
        else:
            self.restrain(*arguments)

    def assert_goes_on(self, whole, part):
        with h5py.File(self.folder / whole) as one, \
                h5py.File(self.folder / part) as other:
            rows = [list(other["step"]).index(row) for row in one["step"]]
            # Row 24 of scalars was the last one of the first call.
            for name, values in one.items():
                if not isinstance(values, h5py.Dataset) or not values.shape:
                    continue
                found = other[name][()]
                if values.shape[0] == len(rows) != found.shape[0]:
                    found = found[rows]
                np.testing.assert_array_equal(found, values[()], name)

    def test_the_wall_limit_stops_an_ensemble(self):
        case = self.write(test_ensemble.BANDS.replace("iterations: 60",
                                                      "iterations: 100000"))
        told, _ = self.ranks(3, "run", case, "-o", "run.h5", "--wall-limit",
                             "1", "-D", "output.scalars_every=100", expect=75)
        self.assertIn("go on with: restrain run", told)

    def test_faults_of_ensembles_are_told_once(self):
        case = self.write(test_ensemble.BANDS)
        self.ranks(2, "run", case, "-o", "run.h5")
        for arguments, code, message in (
                ((case, "-o", "run.h5"), 4, "exists"),
                ((case, "-o", "a.h5", "-D", "sampling={kind: full}"), 2,
                 "without noise"),
                ((case, "-o", "b.h5", "-D", "step.momentum=2"), 2,
                 "found 2"),
                ((case, "-o", "c.h5", "-D", "step.lr=30"), 3, "")):
            told, faults = self.ranks(3, "run", *arguments, expect=code)
            if message:
                self.assertEqual(faults.count(message), 1, faults)
            else:
                self.assertEqual(told.count("diverged at"), 1, told)
        told, _ = self.ranks(2, "run", case, "--dry-run")
        self.assertEqual(told.count("would run"), 1, told)

    def test_what_a_rank_cannot_do_is_told_by_the_first(self):
        np.save(self.folder / "x.npy", np.eye(3)[:, :2])
        np.save(self.folder / "y.npy", np.ones(3))
        case = self.write(test_ensemble.BATCHES)
        work = ("run", case, "-o", "run.h5", "-D", "ensemble.members=7")
        other = ("-D", "flow.design.x=missing.npy")
        _, faults = self.ranks(2, *work, ":", "-np", "1", PROGRAM, *work,
                               *other, expect=4)
        self.assertEqual(faults.count("rank 2: "), 1, faults)
        self.assertIn("missing.npy' cannot be read", faults)

    def test_windows(self):
        for folder in ("whole", "other"):
            (self.folder / folder).mkdir()
        self.sweep(self.case, "-o", "whole/sweep.h5", *ZOOM)
        told, _ = self.ranks(3, "sweep", self.case, "-o", "other/sweep.h5",
                             "--json", *ZOOM)
        self.assertEqual(len(told.splitlines()), 4)
        for name in NAMES:
            self.assert_same_datasets(self.folder / f"whole/{name}.h5",
                                      self.folder / f"other/{name}.h5")
        _, faults = self.ranks(3, "sweep", self.case, "-o",
                               "other/sweep.h5", *ZOOM, expect=4)
        self.assertEqual(faults.count("exists"), 1, faults)

    def test_the_wall_limit_stops_a_series_on_all_ranks(self):
        told, _ = self.ranks(3, "sweep", self.case, "-o", "sweep.h5", *LONG,
                             "-D", "step.iterations=2000", "-D",
                             "sweep.zoom=[{lr: 4, weight_decay: 0.28, "
                             "factor: 1.001, count: 1000}]",
                             "--wall-limit", "3", expect=75)
        self.assertIn("completed with 105", told)
        self.assertNotIn("window 1000 of", told)
        self.assertIn("go on with: restrain sweep", told)

    def test_the_wall_limit_stops_all_ranks(self):
        told, _ = self.ranks(3, "sweep", self.case, "-o", "sweep.h5",
                             "--wall-limit", "1", "-D",
                             "step.iterations=10000000", "-D",
                             "sweep.reduction=none", expect=75)
        self.assertIn("wall limit with ", told)
        self.assertIn("go on with: restrain sweep", told)

    def test_a_killed_rank(self):
        work = ("sweep", self.case, *LONG, "-D", "step.iterations=240000")
        process = self.launch(3, *work, "-o", "sweep.h5")
        while not (self.folder / "sweep.h5").exists():
            time.sleep(0.005)
        rank = self.rank_of(process.pid, 2)
        before = processor_seconds(rank)
        while processor_seconds(rank) < before + 1:  # of some 4
            time.sleep(0.02)
        os.kill(rank, signal.SIGKILL)
        process.communicate(timeout=60)
        self.assertNotEqual(process.returncode, 0)
        with h5py.File(self.folder / "sweep.h5") as file:
            done = file["regime"][()] >= 0
        self.assertTrue(0 < done.sum() < done.size, done.sum())
        self.ranks(2, *work, "-o", "sweep.h5", "--resume")
        self.sweep(*work[1:], "-o", "whole.h5", "--threads", "2")
        self.assert_same_datasets(self.folder / "whole.h5",
                                  self.folder / "sweep.h5")

    def rank_of(self, launcher, rank):
        """The process of a rank, by what mpirun left in its environment."""
        for process in Path("/proc").glob("[0-9]*"):
            try:
                status = (process / "status").read_text(encoding="utf-8")
                variables = (process / "environ").read_bytes()
            except OSError:  # gone, or somebody else's
                continue
            if f"PPid:\t{launcher}\n" in status and \
                    f"_RANK={rank}\0".encode() in variables:
                return int(process.name)
        return self.fail(f"rank {rank} is no child of mpirun")

    def test_faults_are_told_once(self):
        for arguments, code, message in (
                ((self.case, "-D", "sweep.lr.cuont=3"), 2, "did you mean"),
                ((CASES / "heat-stable.yaml",), 2, "no section sweep"),
                ((self.case, "-o", f"{self.case}/a.h5"), 4,
                 "Not a directory"),
                (("--merge", "a.h5", "-o", "b.h5"), 2, "one process")):
            _, faults = self.ranks(3, "sweep", *arguments, expect=code)
            self.assertEqual(faults.count(message), 1, faults)

    def test_other_commands_are_one_process(self):
        for command in ("run", "analyze"):
            _, faults = self.ranks(2, command, self.case, expect=2)
            self.assertIn("2 were started", faults)
        _, faults = self.ranks(2, "run", self.case, expect=2)
        self.assertEqual(faults.count("the case has none"), 1, faults)


# Tests that a build cannot do are none, so that none counts as passed: those
# of ranks are for the stage `mpi` of tools/test.


if __name__ == "__main__":
    main()
