# SPDX-License-Identifier: GPL-3.0-or-later
"""Every shipped case is run as a user would and held to what it promises, and
to the published and derived numbers, all read from the files written.
test_data_cases.py does so with the cases of data sets."""
import csv
import json
import math
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import h5py
import numpy as np

from support import (
    CASES, SOURCE, ProgramTest, data_set_of, main, restrain, value_at)

RUNS = {}
HOLDER = tempfile.TemporaryDirectory(prefix="restrain-cases-")


def setUpModule():
    """Run all cases that need no data set, two at a time."""
    def run(case):
        output = Path(HOLDER.name) / f"{case.stem}.h5"
        return case.stem, (output, restrain("run", case, "-o", output))

    with ThreadPoolExecutor(2) as pool:
        RUNS.update(pool.map(run, sorted(
            case for case in CASES.glob("*.yaml") if not data_set_of(case))))


def tearDownModule():
    HOLDER.cleanup()


def read(stem, name):
    with h5py.File(RUNS[stem][0]) as file:
        return file[name][()]


class Index(ProgramTest):
    def test_the_index_lists_every_case_and_no_other(self):
        rows = [line.split("|")[1]
                for line in (CASES / "README.md").read_text().splitlines()
                if line.startswith("| ")][1:]
        listed = [name.strip() for row in rows for name in row.split(",")]
        self.assertEqual(sorted(listed),
                         sorted(path.stem for path in CASES.glob("*.yaml")))


class Expectations(ProgramTest):
    def test_every_case_keeps_its_promises(self):
        for stem in RUNS:
            case = CASES / f"{stem}.yaml"
            promised = json.loads(
                self.restrain("check", case, "--json").stdout)["expect"]
            self.assertTrue(promised, stem)
            for promise in promised:
                with self.subTest(stem=stem, **promise):
                    self.assert_close(
                        value_at(RUNS[stem][0], promise["scalar"],
                                 promise["iteration"]),
                        promise["value"], promise["tolerance"])

    def test_exit_codes_tell_divergence(self):
        for stem, (_, done) in RUNS.items():
            rate = float(stem[len("nonlinear-lr-"):]) \
                if stem.startswith("nonlinear-lr-") else 0
            diverges = rate > 0.1 or stem in ("heat-unstable",
                                              "beltrami-1000")
            with self.subTest(stem):
                self.assertEqual(done.returncode, 3 if diverges else 0,
                                 done.stderr)


class Nonlinear(ProgramTest):
    """arXiv 2206.02001, figure 4 left: thresholds 2/lambda_max and 2/decay."""

    def test_reference_losses(self):
        with open(SOURCE / "tests/data/nonlinear_loss.csv",
                  encoding="utf-8") as file:
            rows = list(csv.DictReader(
                line for line in file if not line.startswith("#")))
        for rate, count, tolerance in (("0.01", 40, 1e-9), ("0.13", 40, 1e-9),
                                       ("0.07", 8, 1e-8)):
            with self.subTest(rate):
                expected = [float(row[f"lr_{rate}"]) for row in rows[:count]]
                self.assert_close(read(f"nonlinear-lr-{rate}", "loss")[:count],
                                  expected, tolerance)

    def test_minimum(self):
        for rate in ("0.01", "0.03"):
            stem = f"nonlinear-lr-{rate}"
            self.assert_close(read(stem, "loss")[-1], 0.2914953676245, 1e-12)
            self.assertAlmostEqual(read(stem, "residual")[-1], -0.135492272,
                                   delta=1e-9)
            self.assert_close(abs(read(stem, "kernel")[-1]).max(),
                              3.77466281e-3, 1e-8)

    def test_sharpness_at_the_minimum_gives_the_first_threshold(self):
        self.restrain("run", CASES / "nonlinear-lr-0.03.yaml", "-o", "run.h5",
                      "-D", "step.iterations=300", "-D", "expect=[]", "-D",
                      "output.scalars=[sharpness, sharpness_residual, "
                      "sharpness_limit]", "-D", "sharpness.every=100")
        with h5py.File(self.folder / "run.h5") as file:
            measured = np.isfinite(file["sharpness"][()])
            self.assertEqual(list(np.flatnonzero(measured)),
                             [0, 100, 200, 300])
            sharpness = file["sharpness"][-1]
            self.assert_close(sharpness, 61.9972749916, 1e-11)
            self.assert_close(2 / sharpness, 0.0322594823767, 1e-11)
            self.assertLess(file["sharpness_residual"][-1], 1e-8 * sharpness)
            self.assert_close(file["sharpness_limit"][()], 2 / 0.03, 1e-14)

    def test_restrained_between_the_thresholds(self):
        for rate in ("0.05", "0.07", "0.09"):
            tail = read(f"nonlinear-lr-{rate}", "loss")[-200:]
            self.assertLess(tail.max(), 10)
            self.assertGreater(np.ptp(tail), 0.1)

    def test_period_two_beyond_the_first_threshold(self):
        self.restrain("run", CASES / "nonlinear-lr-0.03.yaml", "-o", "run.h5",
                      "-D", "step.lr=0.035", "-D", "expect=[]",
                      "-D", "output.every=1")
        with h5py.File(self.folder / "run.h5") as file:
            kernel = file["kernel"][-4:]
        np.testing.assert_allclose(kernel[0], kernel[2], rtol=0, atol=1e-12)
        self.assertGreater(abs(kernel[1] - kernel[2]).max(), 1e-4)
        # On a checkerboard every response is +-c, c the alternating sum.
        sign = np.where(np.add.outer(np.arange(32), np.arange(32)) % 2, 1, -1)
        swing = sorted(abs((kernel[i] * sign).sum()) for i in (2, 3))
        self.assert_close(swing, [2.7192, 5.7923], 2e-5)

    def test_divergence_above_the_second_threshold(self):
        self.assert_close(read("nonlinear-lr-0.11", "loss")[20], 1.39618676e7,
                          1e-8)


class Linear(ProgramTest):
    """Figure 3: growth and decay around the windowed thresholds."""

    def test_growth_rates_are_those_of_the_windowed_operator(self):
        lr, alpha_min = 1e-8, 0.25 * 32**2 * 225**2
        self.assertEqual(alpha_min, 1.296e7)
        for decay in ("1.2e7", "1.4e7", "1.9e8", "2.1e8"):
            kernel = read(f"linear-decay-{decay}", "kernel")
            step = read(f"linear-decay-{decay}", "step")
            alpha = float(decay)
            sign = np.where(
                np.add.outer(np.arange(32), np.arange(32)) % 2, 1, -1)
            along = (kernel * sign).sum(axis=(1, 2))
            # mean(I) = 0 for the checkerboard: no constant term.
            factor = 1 - lr * (alpha - alpha_min)
            rounding = 1e-13 * 32**2 * abs(kernel).max(axis=(1, 2))
            error = abs(along - along[0] * factor ** step)
            self.assertTrue((error <= 1e-10 * abs(along) + rounding).all())
            rest = kernel - along[:, None, None] * sign / 32**2
            norm = np.sqrt((rest ** 2).sum(axis=(1, 2)))
            # Seen only above the rounding of the part along the pattern.
            seen = norm > 1e-9 * abs(along)
            self.assertGreater(seen.sum(), 10)
            self.assert_close(
                norm[seen], norm[0] * abs(1 - lr * alpha) ** step[seen], 1e-5)

    def test_who_grows(self):
        for decay, grows in (("1.2e7", True), ("1.4e7", False),
                             ("1.9e8", False), ("2.1e8", True)):
            norm = read(f"linear-decay-{decay}", "weight_norm")
            late = norm[-1] / norm[-101]
            self.assertEqual(late > 1, grows, decay)


class Heat(ProgramTest):
    """Figure 1: forward Euler on 31 points with fixed ends."""

    def test_stable_run_is_the_discrete_solution(self):
        field, steps = read("heat-stable", "kernel"), read("heat-stable",
                                                           "step")
        modes = np.arange(1, 30)
        sines = np.sin(np.outer(modes, np.arange(31)) * math.pi / 30)
        symbol = 4 * np.sin(modes * math.pi / 60) ** 2
        amplitudes = sines @ field[0, 0] / 15
        for row in (1, 2, 6, 10, 500, 2000):
            row = int(np.searchsorted(steps, row))
            exact = (amplitudes * (1 - 0.4 * symbol) ** steps[row]) @ sines
            np.testing.assert_allclose(field[row, 0], exact, rtol=0,
                                       atol=1e-14 * max(1, steps[row]))
        self.assertEqual(field[0, 0, 15], 1.5)
        self.assertTrue((np.diff(abs(field[:, 0]).max(axis=1)) <= 0).all())

    def test_fastest_mode_blows_up_beyond_the_threshold(self):
        norm = read("heat-unstable", "weight_norm")
        growth = norm[-1] / norm[-2]
        exact = 0.8 * 4 * math.sin(29 * math.pi / 60) ** 2 - 1
        self.assert_close(growth, exact, 1e-3)

    def test_threshold_of_the_finite_grid(self):
        exact = 2 / (4 * math.sin(29 * math.pi / 60) ** 2)
        self.assertAlmostEqual(exact, 0.501373, delta=5e-7)
        low, high = 0.49, 0.52
        while high - low > 1e-7:
            middle = (low + high) / 2
            self.restrain(
                "run", CASES / "heat-stable.yaml", "-o", "run.h5", "--force",
                "-D", f"step.lr={middle!r}", "-D", "expect=[]",
                "-D", "step.iterations=400000", "-D", "output.every=400000",
                "-D", "stop.blow_up=1e3", expect=None)
            with h5py.File(self.folder / "run.h5") as file:
                late = file["weight_norm"][-2:]
            low, high = (low, middle) if late[1] > late[0] else (middle, high)
        self.assert_close((low + high) / 2, exact, 1e-6)

    def restrain(self, *arguments, expect=0, **options):
        if expect is not None:
            return super().restrain(*arguments, expect=expect, **options)
        return restrain(*arguments, cwd=self.folder, **options)


class StochasticEdge(ProgramTest):
    """Limits are 2/lr of SGD, and 2 (1 - mu)/lr with momentum: 20 and 4."""

    def test_batch_sharpness_settles_at_its_limit(self):
        for stem in ("stochastic-edge", "stochastic-edge-momentum"):
            late = read(stem, "iteration") >= 3000
            value, error, sharpness = (
                read(stem, name)[late] for name in (
                    "batch_sharpness", "batch_sharpness_error", "sharpness"))
            with self.subTest(stem):
                self.assertGreater(np.isfinite(value).sum(), 5)
                self.assertLess(abs(np.nanmean(value) - 20),
                                2 * np.nanmean(error))
                self.assertLess(np.nanmax(sharpness), 20 / 5)

    def test_interaction_is_that_of_a_stationary_loss(self):
        for stem, limit in (("stochastic-edge", 20),
                            ("stochastic-edge-batch-32", 4)):
            late = read(stem, "iteration") >= 400
            curvature = np.nansum(read(stem, "noise_curvature")[late])
            slope = np.nansum(read(stem, "objective_grad_norm")[late]**2)
            self.assert_close(curvature / slope, limit, 0.1)


class LinearScaling(ProgramTest):
    """R = |u|^2, G and N in equilibrium, means over three quarters."""
    BATCHES = (2, 4, 8, 16, 32, 64, 128)
    DECAY, CLOSE = 0.02, math.sqrt(2)

    def equilibrium(self, name):
        stem = f"critical-batch-{name}"
        late = read(stem, "iteration") >= read(stem, "iteration")[-1] / 4
        return np.array([
            np.nanmean(read(stem, what)[late]**power) for what, power in (
                ("weight_norm", 2), ("gradient_square", 1),
                ("gradient_noise_trace", 1))])

    def test_noise_and_gradient_balance_the_decay(self):
        """Exactly so, as the gradient is normal to the weights."""
        for name in (*self.BATCHES, "svag"):
            lr = 0.0125 if name == "svag" else name / 80
            r, g, n = self.equilibrium(name)
            with self.subTest(name):
                self.assert_close(
                    lr * (g + n) / (self.DECAY * (2 - lr * self.DECAY)), r,
                    0.1)

    def test_the_rule_ends_before_the_predicted_batch(self):
        base = self.equilibrium(2)
        kappa = self.CLOSE**2 + (self.CLOSE**2 - 1) * base[2] / base[1]
        self.assertTrue(8 < kappa < 16)
        for batch in self.BATCHES:
            ratio = self.equilibrium(batch) / base * [1, 1, batch / 2]
            far = max(ratio.max(), 1 / ratio.min())
            with self.subTest(batch):
                if batch > 2 * kappa:
                    self.assertGreater(far, self.CLOSE)
                if batch <= 8:
                    self.assertLess(far, self.CLOSE)

    def test_sgd_parts_from_the_differential_equation(self):
        """Which SVAG is near. Before G/N is C^2 - 1, by the balance without
        the term of order lr."""
        r, g, n = self.equilibrium("svag")
        for batch in self.BATCHES:
            ratio = self.equilibrium(batch) / [r, g, n / batch]
            far = max(ratio.max(), 1 / ratio.min())
            with self.subTest(batch):
                if batch == 2:
                    self.assertLess(far, 1.2)
                if batch > (self.CLOSE**2 - 1) * n / g:
                    self.assertGreater(far, self.CLOSE)


class CentralFlow(ProgramTest):
    """The errors that src/stability/central_flow.md states."""

    def test_just_beyond_the_first_threshold(self):
        for stem, mean, predicted, share in (
                ("central-flow-1.02", 0.30579, 0.29991, 0.59),
                ("central-flow-1.1", 0.37430, 0.33342, 0.51),
                ("central-flow-chaos", 0.68, 1.2342, None)):
            found = read(stem, "loss")[-101:-1].mean()
            told = read(stem, "central_loss_average")[-1]
            with self.subTest(stem):
                self.assert_close(found, mean, 1e-4 if share else 0.1)
                self.assert_close(told, predicted, 5e-5)
                if share:
                    rest = 0.2914953676245
                    self.assertAlmostEqual((told - rest) / (found - rest),
                                           share, delta=0.01)

    def test_at_the_edge_of_a_network(self):
        stem, late = "central-flow-network", slice(151, 500)
        run, flow = ([read(stem, name)[late] for name in names] for names in (
            ("loss", "sharpness", "grad_norm"),
            ("central_loss_average", "central_sharpness",
             "central_grad_norm")))
        for one, other, tolerance in zip(run, flow, (0.03, 0.01, 0.03)):
            for first in range(0, len(one) - 25, 25):
                window = slice(first, first + 25)
                self.assert_close(other[window].mean(), one[window].mean(),
                                  tolerance)
        self.assertLess(read(stem, "central_distance")[late].max(), 0.002)
        self.assertGreater(read(stem, "central_variance")[late].min(), 0)


if __name__ == "__main__":
    main()
