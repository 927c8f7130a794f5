# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of scalars some iterations apart: what is stored, what the run then
tells of itself, and that it goes on after an end of any kind."""
import json
import random
import signal
import time

import h5py
import numpy as np

from support import CASES, ProgramTest, main

CASE = """\
title: a run whose scalars are stored now and then
flow:
  kind: conv
  image: {kind: gaussian-field, size: 64, seed: 1}
  kernel: 9
initial: {kind: normal, seed: 3, scale: 0.1}
step: {scheme: nesterov, lr: 0.05, weight_decay: 1, iterations: 1505}
output:
  every: 100
  checkpoint: 0.02
  scalars: [lyapunov_spectrum, sharpness, lambda_min]
tangent: {exponents: 2, burn_in: 100}
sharpness: {every: 3}
twins: [3, float]
"""
EVERY = 7


def over(file, rows):
    """Names of the datasets whose last axis is so long."""
    return [name for name, item in file.items()
            if isinstance(item, h5py.Dataset) and item.shape[-1:] == (rows,)]


class ScalarsEvery(ProgramTest):
    def setUp(self):
        super().setUp()
        self.case = self.write(CASE)
        self.restrain("run", self.case, "-o", "some.h5", *self.every(EVERY))

    @staticmethod
    def every(number):
        return "-D", f"output.scalars_every={number}"

    def test_rows_are_those_of_a_run_that_stores_all(self):
        self.restrain("run", self.case, "-o", "all.h5")
        with h5py.File(self.folder / "all.h5") as every, \
                h5py.File(self.folder / "some.h5") as some:
            rows = some["iteration"][()]
            self.assertEqual(list(rows), [*range(0, 1505, EVERY), 1505])
            for name in over(every, 1506):
                self.assertEqual(some[name][()].tobytes(),
                                 every[name][()][..., rows].tobytes(), name)
            self.assertEqual(some["kernel"][()].tobytes(),
                             every["kernel"][()].tobytes())
            for name in every["events"]:
                np.testing.assert_array_equal(some["events"][name],
                                              every["events"][name])
            updates = every["update_ratio"][:] * every["weight_norm"][:]
            growth = np.log(every["local_growth"][:])
            for row in range(1, len(rows)):
                stretch = slice(rows[row - 1], rows[row])
                self.assertEqual(some["largest_update"][row].round(14),
                                 updates[stretch].max().round(14))
                self.assertAlmostEqual(some["mean_log_growth"][row],
                                       growth[stretch].mean(), 12)
            self.assertNotIn("largest_update", every)

    def assert_as_some(self, other):
        self.assert_same_datasets(self.folder / "some.h5",
                                  self.folder / other)
        with h5py.File(self.folder / "some.h5") as some, \
                h5py.File(self.folder / other) as file:
            for name in some.attrs:
                self.assertEqual(str(some.attrs[name]),
                                 str(file.attrs[name]))

    def test_it_is_prolonged_from_any_iteration(self):
        for first in (3, EVERY, 100, 10 * EVERY + 1):
            part = f"part-{first}.h5"
            work = ("run", self.case, "-o", part, *self.every(EVERY))
            self.restrain(*work, "-D", f"step.iterations={first}")
            self.restrain(*work, "--resume")
            with h5py.File(self.folder / part) as file, \
                    h5py.File(self.folder / "some.h5") as some:
                for name in over(some, len(some["iteration"])):
                    self.assertEqual(file[name][()].tobytes(),
                                     some[name][()].tobytes(), name)
                self.assertEqual(file.attrs["regime_reason"],
                                 some.attrs["regime_reason"])

    def test_it_goes_on_after_kills(self):
        chance = random.Random(7)
        work = ("run", self.case, "-o", "run.h5", "--resume",
                *self.every(EVERY))
        for _ in range(8):
            process = self.start(*work)
            time.sleep(chance.uniform(0.02, 0.3))
            process.send_signal(signal.SIGKILL)
            process.communicate()
        self.restrain(*work)
        self.assert_as_some("run.h5")

    def test_another_distance_is_refused(self):
        done = self.restrain("run", self.case, "-o", "some.h5", "--resume",
                             *self.every(5), expect=2)
        self.assertIn("output.scalars_every", done.stderr)


class Regimes(ProgramTest):
    def told(self, every, *options):
        done = self.restrain(
            "run", CASES / "nonlinear-lr-0.07.yaml", "-o", "run.h5",
            "--force", "--json", "-D", f"output.scalars_every={every}", "-D",
            "output.scalars=[lyapunov]", *options)
        return json.loads(done.stdout)

    def test_chaos_is_told_with_its_exponent(self):
        options = ("-D", "step.iterations=2000", "-D", "twins=[3]")
        each, some = self.told(1, *options), self.told(10, *options)
        self.assertEqual(some["regime"], "restrained-chaotic")
        self.assertAlmostEqual(some["exponent"], each["exponent"], 10)
        self.assertLess(abs(some["twins"][0]["growth_rate"]
                            / each["twins"][0]["growth_rate"] - 1), 0.1)
        self.assertEqual(some["event_count"], each["event_count"])
        self.assertEqual(some["strongest_events"], each["strongest_events"])

    def test_of_a_period_what_is_known_is_told(self):
        options = ("-D", "step.lr=0.035", "-D", "step.iterations=3000")
        self.assertEqual(self.told(1, *options)["period"], 2)
        told = self.told(3, *options)
        self.assertEqual((told["regime"], told["period"]),
                         ("restrained-periodic", 0))
        self.assertIn("period a divisor of 6", told["regime_reason"])
        told = self.told(10, *options)
        self.assertEqual(told["regime"], "bounded")
        self.assertIn("a period that divides 10", told["regime_reason"])

    def test_convergence_is_told_at_its_rate(self):
        options = ("-D", "step.lr=0.02", "-D", "step.iterations=1203")
        each, some = self.told(1, *options), self.told(10, *options)
        self.assertIn(each["regime"], ("stable", "transient", "converged"))
        self.assertEqual(some["regime"], "converged")
        self.assertAlmostEqual(some["contraction"], each["contraction"], 3)


if __name__ == "__main__":
    main()
