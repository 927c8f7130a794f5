# SPDX-License-Identifier: GPL-3.0-or-later
"""Adam and AdamW against the same network, its slope, its Hessian and the
update written in NumPy, and on both sides of the preconditioned limit."""
import json

import h5py
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from support import SMALL_CASE, ProgramTest, main

SIZE, KERNEL = 14, 4
LR, ALPHA, BETA1, BETA2, EPSILON = 0.02, 0.05, 0.85, 0.97, 1e-3

NETWORK = f"""\
title: Adam on a small network
flow:
  kind: conv
  image: {{kind: file, file: "image.h5:/image"}}
  kernel: {KERNEL}
  label: 1
initial: {{kind: normal, seed: 3}}
step:
  scheme: adam
  lr: {LR}
  weight_decay: {ALPHA}
  beta1: {BETA1}
  beta2: {BETA2}
  epsilon: {EPSILON}
  iterations: 300
output:
  every: 1
  scalars: [preconditioned_sharpness, sharpness_limit]
"""

HEAT = """\
title: Adam on the heat equation
flow: {{kind: heat, points: 32, boundary: periodic,
       diffusion: {{coefficient: 1}}}}
initial: {{kind: normal, seed: 3, scale: 1e-60}}
step: {{scheme: adam, epsilon: 1, lr: {lr!r}, weight_decay: 0.25,
       decay: {decay}, iterations: 4000}}
output: {{every: 2000, scalars: [preconditioned_sharpness, sharpness_limit]}}
"""


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


class Network:
    """One convolution, swish, the mean, cross entropy with label 1."""

    def __init__(self, image):
        self.patches = sliding_window_view(
            image, (KERNEL, KERNEL)).reshape(-1, KERNEL**2)

    def forward(self, kernel):
        z = self.patches @ kernel
        s = sigmoid(z)
        first = s + z * s * (1 - s)
        second = s * (1 - s) * (2 + z * (1 - 2 * s))
        return (z * s).mean(), first, second

    def loss(self, kernel):
        return np.logaddexp(0, -self.forward(kernel)[0])

    def slope(self, kernel):
        p, first, _ = self.forward(kernel)
        return (sigmoid(p) - 1) * (first @ self.patches) / len(self.patches)

    def hessian(self, kernel):
        p, first, second = self.forward(kernel)
        count = len(self.patches)
        mean = first @ self.patches / count
        curved = (self.patches.T * second) @ self.patches / count
        return ((sigmoid(p) - 1) * curved +
                sigmoid(p) * (1 - sigmoid(p)) * np.outer(mean, mean))


def adam(network, kernel, decoupled, iterations):
    """Kernels, losses, and the largest eigenvalue over the preconditioner
    of each update."""
    m = v = np.zeros_like(kernel)
    kernels, losses, sharpness = [kernel], [], []
    for t in range(1, iterations + 1):
        losses.append(network.loss(kernel) + ALPHA / 2 * kernel @ kernel)
        coupled = 0 if decoupled else ALPHA
        slope = network.slope(kernel) + coupled * kernel
        m = BETA1 * m + (1 - BETA1) * slope
        v = BETA2 * v + (1 - BETA2) * slope**2
        over = np.sqrt(v / (1 - BETA2**t)) + EPSILON
        hessian = network.hessian(kernel) + coupled * np.eye(len(kernel))
        sharpness.append(np.linalg.eigvalsh(
            hessian / np.sqrt(np.outer(over, over)))[-1])
        kernel = kernel * (1 - LR * ALPHA if decoupled else 1)
        kernel = kernel - LR * (m / (1 - BETA1**t)) / over
        kernels.append(kernel)
    return np.array(kernels), np.array(losses), np.array(sharpness)


class Reference(ProgramTest):
    def setUp(self):
        super().setUp()
        self.image = np.random.default_rng(1).normal(size=(SIZE, SIZE))
        with h5py.File(self.folder / "image.h5", "w") as file:
            file["image"] = self.image
        self.case = self.write(NETWORK)

    def check(self, decay, decoupled, limit):
        self.restrain("run", self.case, "-o", "run.h5", "--force",
                      "-D", f"step.decay={decay}")
        with h5py.File(self.folder / "run.h5") as file:
            found = file["kernel"][()].reshape(-1, KERNEL**2)
            loss = file["loss"][()]
            sharpness = file["preconditioned_sharpness"][()]
            self.assert_close(file["sharpness_limit"][()], limit, 1e-13)
        kernels, losses, expected = adam(
            Network(self.image), found[0], decoupled, 300)
        scale = abs(kernels).max()
        np.testing.assert_allclose(found, kernels, rtol=0, atol=1e-12 * scale)
        np.testing.assert_allclose(loss[:-1], losses, rtol=1e-12)
        np.testing.assert_allclose(sharpness[:-1], expected, rtol=1e-7)
        return found

    def test_coupled_and_decoupled_are_adam_and_adamw(self):
        momentum = (1 + BETA1) / ((1 - BETA1) * LR)
        coupled = self.check("coupled", False, 2 * momentum)
        decoupled = self.check("decoupled", True, (2 - LR * ALPHA) * momentum)
        self.assertGreater(abs(coupled[-1] - decoupled[-1]).max(), 1e-3)

    def test_divisors_move_the_last_bits_only(self):
        self.restrain("run", self.case, "-o", "run.h5",
                      "-D", "twins=[2, 3, float]",
                      "-D", "output.scalars=[lyapunov]")
        with h5py.File(self.folder / "run.h5") as file:
            two, three, narrow = file["twin_difference"][()]
        self.assertEqual(two.max(), 0)
        self.assertGreater(three.max(), 0)
        self.assertLess(three.max(), 1e-11)
        self.assertGreater(narrow[-1], 1e-9)
        self.assertLess(narrow.max(), 1e-3)

    def test_resumed_runs_go_on_to_the_bit(self):
        settings = ["-D", "twins=[3, float]", "-D", "step.decay=decoupled",
                    "-D", "output.scalars=[preconditioned_sharpness, "
                    "lyapunov_spectrum]", "-D", "tangent.exponents=40"]
        self.restrain("run", self.case, "-o", "whole.h5", *settings)
        self.restrain("run", self.case, "-o", "part.h5", *settings,
                      "-D", "step.iterations=123")
        self.restrain("run", self.case, "-o", "part.h5", "--resume", *settings)
        self.assert_same_datasets(self.folder / "whole.h5",
                                  self.folder / "part.h5")


class Limits(ProgramTest):
    """From a small state P is epsilon, and the fastest wave, of eigenvalue
    4, grows where lr passes the limit."""

    def growth(self, lr, decay):
        case = self.write(HEAT.format(lr=lr, decay=decay))
        self.restrain("run", case, "-o", "run.h5", "--force")
        with h5py.File(self.folder / "run.h5") as file:
            state = file["kernel"][()].reshape(-1, 32)
            sharpness = file["preconditioned_sharpness"][1000]
            limit = file["sharpness_limit"][1000]
        wave = abs(state @ (-1.0) ** np.arange(32))
        self.assert_close(sharpness, 4.25 if decay == "coupled" else 4, 1e-5)
        return wave[2] / wave[1], sharpness / limit

    def test_the_fastest_wave_grows_beyond_the_limit(self):
        for decay, limit in (("coupled", 38 / 4.25),
                             ("decoupled", 38 / (4 + 19 * 0.25))):
            for side in (-1e-4, 1e-4):
                with self.subTest(decay=decay, side=side):
                    grown, excess = self.growth(limit * (1 + side), decay)
                    self.assertEqual(grown > 1, side > 0)
                    self.assertEqual(excess > 1, side > 0)
                    self.assertGreater(abs(np.log(grown)), 0.05)


class Told(ProgramTest):
    def setUp(self):
        super().setUp()
        self.case = self.write(SMALL_CASE.replace("euler", "adam"))

    def test_no_limit_is_made_up(self):
        told = json.loads(self.restrain(
            "analyze", self.case, "--json").stdout)
        self.assertIsNone(told["lr_lo"])
        self.assertIsNone(told["lr_hi"])
        self.assertEqual(told["verdict"], "undecided")
        self.assertIn("adam divides the slope by a preconditioner",
                      told["explanation"])

    def test_a_linear_flow_keeps_its_spectrum(self):
        case = self.write(HEAT.format(lr=0.1, decay="decoupled"))
        text = self.restrain("analyze", case, "-o", "heat.h5").stdout
        self.assertNotIn("nan", text)
        self.assertIn("adam does not come to rest where the gradient", text)
        with h5py.File(self.folder / "heat.h5") as file:
            self.assertTrue(np.isnan(file["amplification"][()]).all())

    def test_amplification_needs_a_growth_polynomial(self):
        done = self.restrain("run", self.case, "-D",
                             "output.fields=[amplification]", expect=2)
        self.assertIn("adam has no growth polynomial", done.stderr)

    def test_others_have_no_preconditioner(self):
        done = self.restrain(
            "run", self.write(SMALL_CASE), "-D",
            "output.scalars=[preconditioned_sharpness]", expect=2)
        self.assertIn("euler has no preconditioner", done.stderr)

    def test_sweeps_run_in_full_and_without_theory(self):
        settings = ("sweep.lr={from: 0.01, to: 1, count: 3, scale: log}",
                    "sweep.weight_decay={from: 1, to: 2, count: 2}")
        done = self.restrain("sweep", self.case, "-o", "sweep.h5",
                             *(word for setting in settings
                               for word in ("-D", setting)))
        self.assertIn("theory: none for adam", done.stdout)
        with h5py.File(self.folder / "sweep.h5") as file:
            self.assertTrue(np.isnan(file["lr_lo"][()]).all())
            self.assertTrue(np.isnan(file["lr_hi"][()]).all())
            self.assertIn(b"no theory", file["lr_lo"].attrs["long_name"])
            self.assertEqual(file.attrs["engine"], b"full")
            self.assertTrue((file["iterations_run"][()] > 0).all())


if __name__ == "__main__":
    main()
