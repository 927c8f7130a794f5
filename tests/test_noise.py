# SPDX-License-Identifier: GPL-3.0-or-later
"""Batch sharpness, gradient-noise interaction and their like: against the
same draws made again by NumPy, and against all batches of tiny sets."""
import itertools
import math

import h5py
import numpy as np

from support import ProgramTest, main

APART = 2**64 - 1
LEAST, MOST = 10, 16384
SAMPLES, DECAY = 20, 0.03
SCALARS = ("batch_sharpness", "batch_sharpness_error",
           "gradient_noise_interaction", "gradient_noise_interaction_error",
           "noise_curvature", "noise_curvature_error", "noise_norm",
           "noise_norm_error", "objective_grad_norm", "gradient_square",
           "gradient_square_error", "gradient_noise_trace",
           "gradient_noise_trace_error")
OUTPUT = f"output: {{every: 1, scalars: [{', '.join(SCALARS)}]}}\n"
STEP = f"step: {{lr: 0.1, weight_decay: {DECAY}, iterations: 7}}\n"
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
  minimum: 0.5
initial: {kind: list, values: [1, 2, 3]}
"""
NETWORK = """\
title: the product of two layers
flow:
  kind: network
  loss: mean-square
  layers:
  - {kind: dense, units: 1, bias: no}
  - {kind: dense, units: 1, bias: no}
data: {train: {kind: file, images: images.npy, labels: labels.npy}}
initial: {kind: fan-in, seed: 3}
"""
THREADED = """\
title: in several threads
flow:
  kind: network
  layers:
  - {kind: conv, channels: 8, kernel: 5, activation: {kind: swish}}
  - {kind: mean}
  - {kind: dense, units: 4}
data:
  train: {kind: textures, size: 16, classes: 4, count: 150, noise: 0.4}
initial: {kind: fan-in, seed: 1}
step: {lr: 0.3, iterations: 6}
sampling: {kind: minibatch, batch: 70}
noise: {every: 3, draws: 12}
"""


def raws(counter, count, branch=0):
    """Of seed 7, as restrain/sampling.h says."""
    key = np.array([7, APART], dtype=np.uint64)
    return np.random.Philox(
        key=key, counter=[0, counter, branch, 0]).random_raw(count)


def normals(counter, count, branch=0):
    found = []
    for r1, r2 in raws(counter, 2 * ((count + 1) // 2), branch).reshape(-1,
                                                                        2):
        radius = math.sqrt(-2 * math.log(((int(r1) >> 11) + 1) * 2.0**-53))
        angle = 2 * math.pi * ((int(r2) >> 11) * 2.0**-53)
        found += [radius * math.cos(angle), radius * math.sin(angle)]
    return np.array(found[:count])


def increment(number, n, length):
    """Of a Brownian path: the normal numbers of a whole step, halved."""
    step, part = divmod(number, length)
    xi = normals(step, n)
    for j in range(1, length.bit_length()):
        half = part * 2**j // length
        detail = normals(step, n, 2**(j - 1) + half // 2)
        xi = (xi + (1 - 2 * (half % 2)) * detail) / math.sqrt(2)
    return xi


def drawn(kind, number, n, batch, length=1):
    """Weights of draw `number` on n examples."""
    if kind == "sde":
        xi = increment(number, n, length)
        return 1 / n + (xi - xi.mean()) * math.sqrt(length / (n * batch))
    if kind == "gaussian":
        xi = normals(number, n)
        return 1 / n + (xi - xi.mean()) / math.sqrt(n * batch)
    pair = kind.startswith("svag")
    size = 2 * batch if pair else batch
    if kind.endswith("shuffle"):
        epoch = n // batch
        first = (2 if pair else 1) * number * epoch
        places = []
        for j in range(first, first + size // batch):
            order = np.argsort(raws(j // epoch, n), kind="stable")
            places += list(order[j % epoch * batch:][:batch])
    else:
        places = [int(r) * n >> 64 for r in raws(number, size)]
    c = math.sqrt(2 * length - 1)
    shares = [(1 + c) / (2 * batch)] * batch + [(1 - c) / (2 * batch)] * batch
    weights = np.zeros(n)
    np.add.at(weights, places, shares if pair else 1 / batch)
    return weights


class LinearRegression:
    """Gradient and Hessian of the objective with example weights w."""

    def __init__(self):
        np.random.seed(4)
        self.x = np.random.randn(SAMPLES, 3) * np.sqrt([4, 1, 0.25])
        self.y = self.x @ np.full(3, 0.5) + 0.3 * np.random.randn(SAMPLES)

    def __call__(self, u, w):
        gradient = self.x.T @ (w * (self.x @ u - self.y)) + DECAY * u
        return gradient, (self.x.T * w) @ self.x + DECAY * np.eye(3)


class ProductOfLayers:
    """f(x) = b a.x of parameters (a, b), loss (f - y)^2/2."""

    def __init__(self, x, y):
        self.x, self.y = x, y

    def __call__(self, u, w):
        a, b = u[:-1], u[-1]
        rows = np.column_stack([b * self.x, self.x @ a])
        misfit = b * self.x @ a - self.y
        hessian = (rows.T * w) @ rows
        mixed = self.x.T @ (w * misfit)
        hessian[:-1, -1] += mixed
        hessian[-1, :-1] += mixed
        return (rows.T @ (w * misfit) + DECAY * u,
                hessian + DECAY * np.eye(len(u)))


class OneLayer:
    """The flow conv with the identity: p = m.u, m the mean patch."""

    def __init__(self, images, labels):
        patches = np.lib.stride_tricks.sliding_window_view(
            images, (2, 2), axis=(1, 2))
        self.x, self.y = patches.mean(axis=(1, 2)).reshape(-1, 4), labels

    def __call__(self, u, w):
        guess = 1 / (1 + np.exp(-self.x @ u))
        slope = guess * (1 - guess)
        return (self.x.T @ (w * (guess - self.y)) + DECAY * u,
                (self.x.T * (w * slope)) @ self.x + DECAY * np.eye(4))


def ratio_of_batch(objective, u, w):
    g, h = objective(u, w)
    return g @ h @ g / (g @ g)


def mean_and_error(values, tolerance, power=1.0):
    """Over as many as the rule of restrain takes."""
    for count in range(LEAST, len(values) + 1):
        taken = np.array(values[:count])
        error = taken.std(ddof=1) / math.sqrt(count)
        if power * error < tolerance * abs(taken.mean()):
            break
    return taken.mean(), error


def square_and_trace(gradients):
    """G and N of the draws as all pairs of them have it."""
    g = np.array(gradients)
    products = g @ g.T
    square = (products.sum() - np.trace(products)) / (len(g) * (len(g) - 1))
    return np.array([square, np.trace(products) / len(g) - square])


def square_and_trace_with_errors(gradients):
    """As many as make ten groups, and the jackknife over these."""
    size = len(gradients) // 10
    groups = np.reshape(gradients[:10 * size], (10, size, -1))
    left = np.array([
        square_and_trace(np.concatenate(np.delete(groups, k, axis=0)))
        for k in range(10)])
    return np.column_stack([square_and_trace(np.concatenate(groups)),
                            3 * left.std(axis=0)]).ravel()


def expected(objective, u, weights, tolerance=0.0):
    """SCALARS of these draws; a tolerance, where only batch_sharpness is
    measured."""
    n = len(weights[0])
    full, hessian = objective(u, np.full(n, 1 / n))
    g = [objective(u, w)[0] for w in weights]
    sharpness = mean_and_error(
        [ratio_of_batch(objective, u, w) for w in weights], tolerance)
    curvature = np.array(mean_and_error([x @ hessian @ x for x in g], 0))
    square, error = mean_and_error([np.sum((x - full)**2) for x in g], 0)
    return np.array([*sharpness, *curvature / (full @ full), *curvature,
                     math.sqrt(square), error / (2 * math.sqrt(square)),
                     np.linalg.norm(full),
                     *square_and_trace_with_errors(
                         [x - DECAY * u for x in g])])


class Noise(ProgramTest):
    def run_case(self, text, name="run.h5", *arguments):
        self.restrain("run", self.write(text), "-o", name, *arguments)
        return self.folder / name

    def save_product(self, n):
        random = np.random.RandomState(2)
        x, y = random.randn(n, 1, 3), np.arange(n) % 3
        np.save(self.folder / "images.npy", x)
        np.save(self.folder / "labels.npy", y)
        return ProductOfLayers(x[:, 0], y)

    def save_images(self):
        images = np.random.RandomState(6).randn(5, 4, 4)
        with h5py.File(self.folder / "images.h5", "w") as file:
            for i, image in enumerate(images):
                file[str(i)] = image
        listed = "".join(
            f"  - {{kind: file, file: 'images.h5:/{i}', label: {i % 2}}}\n"
            for i in range(5))
        return OneLayer(images, np.arange(5) % 2), \
            "title: images\nflow:\n  kind: conv\n  kernel: 2\n" \
            f"  activation: {{kind: identity}}\n  images:\n{listed}" \
            "initial: {kind: normal, seed: 4}\n"

    def states(self, file):
        if "kernel" in file:
            return file["kernel"][()].reshape(len(file["time"]), -1)
        return np.column_stack([
            file[name][()].reshape(len(file["time"]), -1)
            for name in ("0.weight", "1.weight")])

    def check_draws(self, objective, text, n, sampling, kind, length=1):
        noise = "noise: {every: 3, draws: 25, tolerance: 0}\n"
        path = self.run_case(
            f"{text}{STEP}{OUTPUT}{noise}sampling: {sampling}\n", "run.h5",
            "--force")
        with h5py.File(path) as file:
            found = np.array([file[name][()] for name in SCALARS])
            for t, u in enumerate(self.states(file)):
                if t % 3:
                    self.assertTrue(np.isnan(found[:, t]).all())
                    continue
                weights = [drawn(kind, MOST * t + j, n, 4, length)
                           for j in range(25)]
                self.assert_close(found[:, t],
                                  expected(objective, u, weights), 1e-9)

    def test_draws_made_again(self):
        for sampling, kind, length in (
                ("{kind: minibatch, order: replacement", "minibatch", 1),
                ("{kind: minibatch", "minibatch shuffle", 1),
                ("{kind: svag, l: 3, order: replacement", "svag", 3),
                ("{kind: svag, l: 3", "svag shuffle", 3),
                ("{kind: gaussian", "gaussian", 1),
                ("{kind: sde, l: 8", "sde", 8)):
            sampling += ", batch: 4, seed: 7}"
            with self.subTest(kind):
                self.check_draws(LinearRegression(), REGRESSION, SAMPLES,
                                 sampling, kind, length)
        sampling = "{kind: minibatch, order: replacement, batch: 4, seed: 7}"
        self.check_draws(self.save_product(9), NETWORK, 9, sampling,
                         "minibatch")
        objective, images = self.save_images()
        self.check_draws(objective, images, 5, sampling, "minibatch")
        # Each batch of an epoch of one.
        self.check_draws(objective, images, 5,
                         "{kind: svag, l: 2, batch: 4, seed: 7}",
                         "svag shuffle", 2)

    def test_stops_at_its_tolerance(self):
        text = REGRESSION + STEP + "sampling: {kind: minibatch, batch: 4, " \
            "seed: 7}\noutput: {every: 1, scalars: [batch_sharpness, " \
            "batch_sharpness_error]}\nnoise: {every: 7, tolerance: 0.05}\n"
        with h5py.File(self.run_case(text)) as file:
            for t in (0, 7):
                weights = [drawn("minibatch shuffle", MOST * t + j, SAMPLES,
                                 4) for j in range(1000)]
                values = [ratio_of_batch(LinearRegression(),
                                         self.states(file)[t], w)
                          for w in weights]
                mean, error = mean_and_error(values, 0.05)
                self.assertLess(error, 0.05 * mean)
                self.assert_close(file["batch_sharpness"][t], mean, 1e-9)
                self.assert_close(file["batch_sharpness_error"][t], error,
                                  1e-9)

    def test_all_batches_of_a_tiny_set(self):
        """Batches of 2 of 4 examples, drawn with replacement: their exact
        means lie within the standard errors that are told."""
        text = NETWORK + STEP + OUTPUT + "sampling: {kind: minibatch, " \
            "batch: 2, order: replacement, seed: 7}\n" \
            "noise: {every: 7, draws: 16000, tolerance: 0}\n"
        objective = self.save_product(4)
        batches = [np.bincount(batch, minlength=4) / 2
                   for batch in itertools.product(range(4), repeat=2)]
        with h5py.File(self.run_case(text)) as file:
            for t in (0, 7):
                exact = expected(objective, self.states(file)[t], batches)
                for i in range(0, 8, 2):
                    value, error = (file[name][t] for name in SCALARS[i:i + 2])
                    self.assertLess(abs(value - exact[i]), 4 * error)
                    self.assertLess(error, 0.03 * abs(value))
                g = np.array([objective(self.states(file)[t], w)[0]
                              for w in batches])
                g -= DECAY * self.states(file)[t]
                for name, exact in (
                        ("gradient_square", np.sum(g.mean(axis=0)**2)),
                        ("gradient_noise_trace", g.var(axis=0).sum())):
                    error = file[f"{name}_error"][t]
                    self.assertLess(abs(file[name][t] - exact), 5 * error)
                    self.assertLess(error, 0.1 * exact)

    def test_leaves_the_run_as_it_is(self):
        """And does not depend on threads, nor on interruptions, nor on what
        else is measured."""
        scalars = f"output: {{every: 1, scalars: [{', '.join(SCALARS)}]}}\n"
        one = self.run_case(THREADED + scalars, "one.h5", "--threads", "1")
        two = self.run_case(THREADED + scalars, "two.h5", "--threads", "2")
        self.assert_same_datasets(one, two)
        self.run_case(THREADED + scalars, "parts.h5", "-D",
                      "step.iterations=2")
        self.run_case(THREADED + scalars, "parts.h5", "--resume")
        self.assert_same_datasets(one, self.folder / "parts.h5")
        without = self.run_case(THREADED + "output: {every: 1}\n", "no.h5")
        few = self.run_case(THREADED + "output: {every: 1, scalars: "
                            "[objective_grad_norm, batch_sharpness]}\n",
                            "few.h5")
        with h5py.File(one) as a, h5py.File(without) as b, \
                h5py.File(few) as c:
            for name in ("loss", "0.weight", "2.bias"):
                self.assertEqual(a[name][()].tobytes(), b[name][()].tobytes())
            for name in ("objective_grad_norm", "batch_sharpness"):
                self.assertEqual(a[name][()].tobytes(), c[name][()].tobytes())

    def test_tells_what_it_needs(self):
        asked = "output: {scalars: [noise_norm]}\n"
        diagonal = "title: d\nflow: {kind: regression, spectrum: " \
            "{kind: list, values: [1, 2]}}\ninitial: {kind: zero}\n" \
            "sampling: {kind: hessian, sigma: 1, batch: 2}\n"
        for text in (REGRESSION + STEP, diagonal + STEP):
            done = self.restrain("run", self.write(text + asked), "-o", "x.h5",
                                 expect=2)
            self.assertIn("choose minibatch, svag, gaussian or sde",
                          done.stderr)
        batches = REGRESSION + asked + "sampling: {kind: minibatch, " \
            "batch: 1}\nstep: {lr: 0.1, iterations: 100000000000000}\n"
        done = self.restrain("run", self.write(batches), "-o", "x.h5",
                             expect=2)
        self.assertIn("expected at most", done.stderr)
        done = self.restrain("run", self.write(REGRESSION), "-D",
                             "noise.draws=9", "-o", "x.h5", expect=2)
        self.assertIn("noise.draws", done.stderr)


if __name__ == "__main__":
    main()
