# SPDX-License-Identifier: GPL-3.0-or-later
"""The ergodic record: against NumPy on what the same run stored, against
closed forms, and against itself, interrupted and in threads."""
import json

import h5py
import numpy as np

from support import CASES, SMALL_CASE, ProgramTest, datasets, main

CHAOS = SMALL_CASE.replace("lr: 0.05, weight_decay: 2, iterations: 40",
                           "lr: 0.7, weight_decay: 2, iterations: 700")
CHAOS = CHAOS.replace("every: 4", "every: 1")
REGRESSION = """\
title: linear regression
flow:
  kind: regression
  design:
    kind: gaussian
    samples: 20
    seed: 4
    spectrum: {kind: list, values: [4, 1, 0.25]}
    noise: 0.3
initial: {kind: list, values: [1, 2, 3]}
sampling: {kind: minibatch, batch: 4, order: replacement, seed: 1}
step: {lr: 0.1, iterations: 3000}
noise: {every: 5, draws: 40, tolerance: 0}
ergodic: {burn_in: 200}
output:
  every: 100
  scalars: [noise_norm, noise_curvature, objective_grad_norm]
"""
OBSERVABLES = ("loss", "grad_norm", "weight_norm")


def kolmogorov(x, y):
    places = np.concatenate([x, y])
    return abs(np.searchsorted(np.sort(x), places, "right")
               - np.searchsorted(np.sort(y), places, "right")).max() / len(x)


def relative(one, other):
    return np.mean(2 * abs(one - other) / (abs(one) + abs(other)))


class Ergodic(ProgramTest):
    def record(self, case, *options, name="run.h5"):
        """What the program says, and the datasets."""
        done = self.restrain("run", case, "--json", "-o", name, "--force",
                             *(f"-D{option}" for option in options))
        with h5py.File(self.folder / name) as file:
            return json.loads(done.stdout), {
                key: item[()] for key, item in file.items()
                if isinstance(item, h5py.Dataset)}

    def test_means_and_displacements_are_those_of_numpy(self):
        first = 37
        told, run = self.record(self.write(CHAOS), f"ergodic.burn_in={first}")
        n = np.arange(701 - first)
        for name in ("loss", "grad_norm"):
            x = run[name][first:]
            self.assert_close(run[name + "_mean"][first:],
                              np.cumsum(x) / (n + 1), 1e-12)
        loss, state = run["loss"][first:], run["kernel"][first:]
        # To rounding: of n sums, each at most 2 sup |L|.
        exact = (loss[0] - loss[1:]) / n[1:]
        largest = np.maximum.accumulate(abs(loss))[1:]
        change = run["loss_change_mean"][first + 1:]
        np.testing.assert_array_less(
            abs(change - exact), 4 * np.finfo(float).eps * largest)
        envelope = run["loss_change_envelope"][first + 1:]
        self.assert_close(envelope, 2 * largest / n[1:], 1e-14)
        self.assertTrue((abs(change) <= envelope).all())
        self.assert_close(run["global_displacement"][first + 1:], np.sum(
            (state[1:] - state[0])**2, (1, 2)), 1e-11)
        self.assert_close(run["local_displacement"][first:-1], np.sum(
            np.diff(state, axis=0)**2, (1, 2)), 1e-9)
        for name in ("loss_mean", "global_displacement"):
            self.assertTrue(np.isnan(run[name][:first]).all())
        self.assertEqual(told["ergodic"]["updates"], 700 - first)
        for name in ("loss_mean", "loss_change_envelope"):
            self.assertEqual(told["ergodic"][name], run[name][-1])
        self.assert_close(run["local_displacement_mean"],
                          np.mean(run["local_displacement"][first:-1]), 1e-12)

    def test_windows_and_exponent_are_those_of_numpy(self):
        first = 37
        told, run = self.record(self.write(CHAOS), f"ergodic.burn_in={first}")
        whole = [16, 32, 64, 128, 256]
        self.assertEqual(told["ergodic"]["window"], whole)
        self.assertEqual(run["window"][:5].tolist(), whole)
        for name in OBSERVABLES:
            x = run[name][first:]
            pairs = [(x[:w], x[w:2 * w]) for w in whole]
            wasserstein = run[name + "_window_wasserstein"]
            self.assertTrue(np.isnan(wasserstein[5:]).all())
            self.assert_close(wasserstein[:5], [
                np.mean(abs(np.sort(a) - np.sort(b))) for a, b in pairs],
                1e-12)
            self.assert_close(run[name + "_window_kolmogorov"][:5],
                              [kolmogorov(a, b) for a, b in pairs], 1e-12)
        state = run["kernel"][first:]
        self.assert_close(run["window_difference"][:5], [
            relative(state[0], state[w]) for w in whole], 1e-12)
        reached = np.array([*whole, 512])
        (rate, _), covariance = np.polyfit(np.log(reached), np.log(
            [np.sum((state[w] - state[0])**2) for w in reached]), 1, cov=True)
        np.testing.assert_allclose(run["displacement_exponent"], rate,
                                   atol=1e-9)
        self.assert_close(run["displacement_exponent_error"],
                          np.sqrt(covariance[0, 0]), 1e-6)

    def test_rows_do_not_change_means(self):
        case = self.write(CHAOS)
        _, every = self.record(case, "ergodic.burn_in=42")
        told, seventh = self.record(case, "ergodic.burn_in=40",
                                    "output.scalars_every=7")
        for name in ("loss_mean", "grad_norm_mean", "loss_change_mean",
                     "loss_change_envelope", "global_displacement"):
            np.testing.assert_array_equal(seventh[name], every[name][::7])
        self.assertEqual(told["ergodic"]["first"], 42)
        self.assertEqual(told["ergodic"]["window"], [112, 224])
        x = seventh["loss"][6:]
        self.assert_close(
            seventh["loss_window_kolmogorov"][1],
            kolmogorov(x[:32], x[32:64]), 1e-12)

    def test_a_random_walk_of_many_weights_has_exponent_1(self):
        """SGD along directions without curvature: noise alone moves them."""
        case = self.write(
            "title: a walk\n"
            "flow: {kind: regression, spectrum: {kind: power, count: 300, "
            "exponent: 0, largest: 1.0e-4}}\n"
            "initial: {kind: zero}\n"
            "sampling: {kind: hessian, sigma: 100, batch: 1, seed: 3}\n"
            "step: {lr: 0.01, iterations: 4100}\n")
        _, run = self.record(case, "ergodic.burn_in=0")
        self.assertLess(abs(run["displacement_exponent"] - 1), 0.05)
        self.assertLess(run["displacement_exponent_error"], 0.03)
        # E |delta|^2 = lr^2 sigma^2 tr(H)
        self.assert_close(run["local_displacement_mean"],
                          1e-4 * 1e4 * 300 * 1e-4, 0.02)

    def test_the_loss_settles_and_the_weights_do_not(self):
        """Restrained chaos without any noise."""
        _, run = self.record(CASES / "nonlinear-lr-0.07.yaml",
                             "ergodic.burn_in=100", "twins=[]",
                             "step.iterations=8300", "output.every=8300")
        window = run["window"][:9]
        self.assertEqual(window[-1], 4096)
        for name in OBSERVABLES:
            distance = run[name + "_window_kolmogorov"][:9]
            slope, _ = np.polyfit(np.log(window), np.log(distance), 1)
            self.assertTrue(-0.8 < slope < -0.25, (name, slope))
            self.assertLess(distance[-1], 0.03)
        difference = run["window_difference"][:9]
        self.assertTrue((difference > 0.1).all(), difference)

    def test_means_of_the_sine_product(self):
        """By an independent program, for either of two attractors."""
        told, run = self.record(
            CASES / "landscape-sine-product.yaml", "ergodic.burn_in=1000",
            "output.scalars=[]", "step.iterations=100000")
        self.assertLess(abs(run["loss_mean"][-1] + 18.2), 0.3)
        slope = run["grad_norm_mean"][-1]
        self.assertLess(min(abs(slope - 66.7), abs(slope - 64.4)), 0.3)
        self.assertLess(run["loss_mean_error"], 0.05)
        # Confined: |s - 4 sin s| is below pi.
        self.assertLess(run["global_displacement"][1000:].max(),
                        4 * np.pi**2)
        # Two pages a window: samples of stretches.
        self.assertLess(run["loss_window_kolmogorov"][11], 0.01)
        self.assertEqual(told["ergodic"]["window"][-1], 32768)

    def test_a_cycle_is_two_states(self):
        """Both diagonals, t1 + t2 and t1 - t2 from a minimum, go from a to
        -a and back, sin(a)/a = 2/kappa, kappa = 100 lr."""
        _, run = self.record(
            CASES / "landscape-sine-product.yaml", "ergodic.burn_in=4000",
            "output.scalars=[]", "step.lr=0.025", "step.iterations=6000")
        angle = np.sqrt(run["local_displacement_mean"]) / 2
        self.assertLess(abs(np.sin(angle) / angle - 2 / 2.5), 1e-9)
        self.assertEqual(run["loss_window_kolmogorov"][5], 0)

    def test_stationary_noise_is_in_balance(self):
        """Of a quadratic loss exactly: E[g'Hg]/E|grad L|^2 = 2/lr."""
        told, run = self.record(self.write(REGRESSION))
        record = told["ergodic"]
        self.assertEqual(record["balance_limit"], 20)
        slope, curved = run["objective_grad_norm"], run["noise_curvature"]
        taken = np.isfinite(slope[200:])
        mean = np.mean(curved[200:][taken]) / np.mean(slope[200:][taken]**2)
        self.assert_close(run["gradient_noise_balance"], mean, 1e-12)
        error = run["gradient_noise_balance_error"]
        self.assertLess(abs(mean - 20), 3 * error)
        self.assertLess(error, 2)
        self.assert_close(run["noise_norm_mean"][-1],
                          np.mean(run["noise_norm"][200:][taken]), 1e-12)
        self.assert_close(run["objective_grad_norm_mean"][-1],
                          np.mean(slope[200:][taken]), 1e-12)

    def test_it_is_resumed_to_the_bit(self):
        case = self.write(REGRESSION + "twins: [3]\n")
        for name in ("whole", "parts"):
            (self.folder / name).mkdir()
        whole, parts = "whole/run.h5", "parts/run.h5"
        self.restrain("run", case, "-o", whole)
        for iterations in (150, 1300, 3000):  # before it begins, and within
            self.restrain("run", case, "-o", parts, "--resume",
                          f"-Dstep.iterations={iterations}")
        one, two = (datasets(self.folder / name) for name in (whole, parts))
        for name in one:
            if not name.startswith("provenance"):
                self.assertEqual(one[name], two[name], name)

    def test_nothing_else_changes(self):
        """Neither the run nor its twins, nor by threads."""
        case = self.write(CHAOS + "twins: [3, float]\n")
        self.record(case, name="without.h5")
        self.record(case, "ergodic.burn_in=5", name="with.h5")
        self.restrain("run", case, "-Dergodic.burn_in=5", "--threads=2", "-o",
                      "threads.h5")
        without, one, two = (datasets(self.folder / f"{name}.h5")
                             for name in ("without", "with", "threads"))
        for name in one:
            if not name.startswith("provenance"):
                self.assertEqual(one[name], two[name], name)
                if name in without:
                    self.assertEqual(one[name], without[name], name)

    def test_what_is_said(self):
        case = self.write(CHAOS)
        said = self.restrain("run", case, "-Dergodic.burn_in=5").stdout
        self.assertIn("ergodic record: 695 updates from iteration 5\n", said)
        said = self.restrain("run", case, "-Dergodic.burn_in=800", "-o",
                             "late.h5").stdout
        self.assertIn("none, it would begin at iteration 800", said)
        done = self.restrain("run", case, "-Doutput.scalars=[loss_mean]",
                             "-o", "no.h5", expect=2)
        self.assertIn("add ergodic: {burn_in: 0}", done.stderr)

    def test_divergence_ends_it(self):
        """Windows with numbers that are not finite have no distance."""
        case = self.write(CHAOS.replace("lr: 0.7", "lr: 1.5"))
        done = self.restrain("run", case, "-Dergodic.burn_in=0", "--json",
                             "-Dstep.iterations=2000", "-Doutput.every=2000",
                             "-Dstop.blow_up=1.0e308", "-o", "gone.h5",
                             expect=3)
        record = json.loads(done.stdout)["ergodic"]
        self.assertGreater(record["updates"], 512)
        self.assertIsNone(record["loss_mean"])
        self.assertEqual(record["loss_window_kolmogorov"][:5],
                         [1, 1, 1, 1, None])
        self.assertEqual(record["weight_norm_window_kolmogorov"][4], 1)


if __name__ == "__main__":
    main()
