# SPDX-License-Identifier: GPL-3.0-or-later
"""Linear regression: designs, batches and noise made again by NumPy."""
import json
import math

import h5py
import numpy as np

from support import ProgramTest, main

VALUES = np.array([4, 1, 0.25])
START = np.array([1.0, 2.0, 3.0])
MINIMUM, NOISE, SAMPLES = 0.5, 0.3, 20
GAUSSIAN = f"""\
title: a Gaussian design
flow:
  kind: regression
  design:
    kind: gaussian
    samples: {SAMPLES}
    seed: 4
    spectrum: {{kind: list, values: {VALUES.tolist()}}}
    noise: {NOISE}
  minimum: {MINIMUM}
initial: {{kind: list, values: {START.tolist()}}}
output: {{every: 1}}
"""
FILES = f"""\
title: a design from files
flow: {{kind: regression, design: {{kind: file, x: x.npy, y: 'd.h5:/y'}}}}
initial: {{kind: list, values: {START.tolist()}}}
output: {{every: 1}}
"""
DIAGONAL = """\
title: noise of a known covariance
flow: {kind: regression, spectrum: {kind: power, count: 5, exponent: 1.5,
       largest: 2}, minimum: 0.5}
initial: {kind: constant, scale: 0.5}
sampling: {kind: hessian, sigma: 0.8, batch: 3, seed: 7}
output: {every: 1}
step: {lr: 1, iterations: 3}
"""
LR, DECAY = 0.1, 0.01


def design():
    np.random.seed(4)
    x = np.random.randn(SAMPLES, 3) * np.sqrt(VALUES)
    return x, x @ np.full(3, MINIMUM) + NOISE * np.random.randn(SAMPLES)


def normals(seed, counter, count, member=0):
    """As restrain/sampling.h says, by the functions of the C library."""
    raw = np.random.Philox(key=[seed, member], counter=[0, counter, 0, 0]) \
        .random_raw(2 * ((count + 1) // 2))
    found = []
    for r1, r2 in raw.reshape(-1, 2):
        radius = math.sqrt(-2 * math.log(((int(r1) >> 11) + 1) * 2.0**-53))
        angle = 6.28318530717958647693 * ((int(r2) >> 11) * 2.0**-53)
        found += [radius * math.cos(angle), radius * math.sin(angle)]
    return np.array(found[:count])


def batch_of(sampling, count, index, counter, skip=0):
    """Batch number `index` of shuffled epochs, or the one that a stream draws
    behind `skip` others."""
    size, seed = sampling["batch"], sampling["seed"]
    if sampling["order"] == "shuffle":
        epoch, place = divmod(index, count // size)
        raw = np.random.Philox(key=[seed, 0], counter=[0, epoch, 0, 0]) \
            .random_raw(count)
        return np.argsort(raw, kind="stable")[place * size:][:size]
    raw = np.random.Philox(key=[seed, 0], counter=[0, counter, 0, 0]) \
        .random_raw((skip + 1) * size)
    return [int(r) * count >> 64 for r in raw[skip * size:]]


def weights_of(sampling, count, t):
    """The example weights of update t, of any kind that has them."""
    w = np.zeros(count)
    if sampling["kind"] == "gaussian":
        xi = normals(sampling["seed"], t, count)
        return 1 / count + (xi - xi.mean()) / math.sqrt(
            count * sampling["batch"])
    size = sampling["batch"]
    if sampling["kind"] == "minibatch":
        np.add.at(w, batch_of(sampling, count, t, t), 1 / size)
        return w
    c = math.sqrt(2 * sampling["l"] - 1)
    for i, part in enumerate(((1 + c) / 2, (1 - c) / 2)):
        np.add.at(w, batch_of(sampling, count, 2 * t + i, t, i), part / size)
    return w


def descend(gradient, updates, lr=LR):
    """The states of gradient descent with decay."""
    states = [START]
    for t in range(updates):
        u = states[-1]
        states.append(u - lr * (gradient(t, u) + DECAY * u))
    return np.array(states)


KINDS = [{"kind": "minibatch", "order": order} for order in
         ("shuffle", "replacement")] + \
    [{"kind": "svag", "l": 3, "order": order} for order in
     ("shuffle", "replacement")] + [{"kind": "gaussian"}]


class Regression(ProgramTest):
    def states(self, text, *arguments):
        self.restrain("run", self.write(text), "-o", "run.h5", "--force",
                      *arguments)
        with h5py.File(self.folder / "run.h5") as file:
            return file["kernel"][:, 0]

    def test_full_batches_of_a_gaussian_design(self):
        x, y = design()
        step = f"step: {{lr: {LR}, weight_decay: {DECAY}, iterations: 30}}\n"
        expected = descend(lambda t, u: x.T @ (x @ u - y) / SAMPLES, 30)
        self.assert_close(self.states(GAUSSIAN + step), expected, 1e-12)
        with h5py.File(self.folder / "run.h5") as file:
            misfit = x @ expected[-1] - y
            self.assert_close(file["data_loss"][-1],
                              (misfit**2).mean() / 2, 1e-12)
            self.assert_close(file["residual"][-1], misfit.mean(), 1e-11)
            self.assert_close(
                file["full_grad_norm"][-1],
                np.linalg.norm(x.T @ misfit / SAMPLES), 1e-9)

    def test_designs_come_from_files(self):
        x, y = design()
        np.save(self.folder / "x.npy", x)
        with h5py.File(self.folder / "d.h5", "w") as file:
            file["y"] = y
        step = f"step: {{lr: {LR}, iterations: 9}}\n"
        self.assert_close(self.states(FILES + step),
                          self.states(GAUSSIAN + step), 1e-12)
        np.save(self.folder / "x.npy", x[1:])
        done = self.restrain("run", self.write(FILES + step), expect=2)
        self.assertIn("has 19 rows", done.stderr)
        np.save(self.folder / "x.npy", y)
        done = self.restrain("run", self.write(FILES + step), expect=2)
        self.assertIn("has 1 axes; it needs 2", done.stderr)

    def test_all_kinds_of_draws(self):
        x, y = design()
        for kind in KINDS:
            sampling = kind | {"batch": 4, "seed": 7}

            def gradient(t, u, sampling=sampling):
                w = weights_of(sampling, SAMPLES, t)
                return x.T @ (w * (x @ u - y))

            step = f"step: {{lr: {LR}, weight_decay: {DECAY}, " \
                f"iterations: 30}}\nsampling: {json.dumps(sampling)}\n"
            with self.subTest(**sampling):
                self.assert_close(
                    self.states(GAUSSIAN + step),
                    descend(gradient, 30, LR / sampling.get("l", 1)), 1e-11)

    def test_twins_share_the_draws(self):
        """Only rounding parts them."""
        for kind in KINDS:
            sampling = kind | {"batch": 4, "seed": 7}
            self.states(GAUSSIAN + f"step: {{lr: {LR}, iterations: 60}}\n"
                        f"twins: [3]\nsampling: {json.dumps(sampling)}\n")
            with h5py.File(self.folder / "run.h5") as file:
                self.assertLess(file["twin_difference"][0].max(), 1e-13)

    def test_noise_is_that_of_numpy_to_the_bit(self):
        h = 2 * np.array([math.pow(i + 1, -1.5) for i in range(5)])
        states = self.states(DIAGONAL)
        u = np.full(5, 0.5)
        for t, state in enumerate(states):
            self.assertEqual(state.tolist(), u.tolist())
            noise = normals(7, t, 5) * (0.8 / math.sqrt(3))
            u = u - (h * (u - 0.5) + np.sqrt(h) * noise)

    def test_noise_of_a_design(self):
        x, y = design()

        def gradient(t, u):
            noise = x.T @ normals(3, t, SAMPLES) * 0.7 / math.sqrt(SAMPLES * 6)
            return x.T @ (x @ u - y) / SAMPLES + noise

        step = f"step: {{lr: {LR}, weight_decay: {DECAY}, iterations: 30}}\n" \
            "sampling: {kind: hessian, batch: 6, sigma: 0.7, seed: 3}\n"
        self.assert_close(self.states(GAUSSIAN + step),
                          descend(gradient, 30), 1e-11)

    def test_sweeps_of_noise_without_examples(self):
        text = DIAGONAL.replace("lr: 1, iterations: 3",
                                "lr: 0.1, iterations: 100")
        self.restrain("sweep", self.write(
            text + "sweep: {lr: {from: 0.1, to: 0.2, count: 2},"
            " weight_decay: {from: 0, to: 0.1, count: 2}}\n"),
            "-o", "sweep.h5")
        self.states(text)
        with h5py.File(self.folder / "run.h5") as run, \
                h5py.File(self.folder / "sweep.h5") as sweep:
            self.assertEqual(sweep["final_loss"][0, 0], run["loss"][-1])
            regimes = sweep["regime"]
            names = dict(zip(regimes.attrs["flag_values"], regimes.attrs
                             ["flag_meanings"].decode().split()))
            self.assertLessEqual({names[code] for code in regimes[()].flat},
                                 {"bounded", "undecided"})

    def test_what_cannot_be_is_refused(self):
        network = """\
title: a network
flow: {kind: network, layers: [{kind: dense, units: 2}]}
data: {train: {kind: textures, size: 4, classes: 2, count: 8}}
sampling: {kind: hessian, sigma: 1, batch: 2}
step: {lr: 0.1, iterations: 2}
"""
        batches = DIAGONAL.replace("hessian, sigma: 0.8", "minibatch")
        negative = DIAGONAL.replace(
            "{kind: power, count: 5, exponent: 1.5,\n       largest: 2}",
            "{kind: list, values: [1, -1]}")
        for text, message in (
                (network, "flow regression alone"),
                (batches, "no examples to choose from"),
                (negative, 'flow.spectrum.values.1": expected')):
            done = self.restrain("run", self.write(text), expect=2)
            self.assertIn(message, done.stderr)


class Analysis(ProgramTest):
    def told(self, text, *arguments):
        done = self.restrain("analyze", self.write(text), "--json", "-o",
                             "analysis.h5", "--force", *arguments)
        return json.loads(done.stdout)

    def test_batches_have_a_limit_in_mean_square(self):
        x, _ = design()
        x = x[:, :1]
        np.save(self.folder / "x.npy", x)
        with h5py.File(self.folder / "d.h5", "w") as file:
            file["y"] = x[:, 0]
        text = FILES.replace(str(START.tolist()), "[1]") + \
            "step: {scheme: heavy-ball, momentum: 0.5, lr: 0.01," \
            " weight_decay: 0.1, iterations: 1}\n" \
            "sampling: {kind: svag, l: 3, batch: 2, order: replacement}\n"
        m = (x**2).mean() + 0.1
        s2 = (x**4).mean() - (x**2).mean()**2
        # Steps of lr/3 with three times the variance of a batch of two.
        limit = 3 * 2 * 1.5 * 0.5 * m / (1.5 * s2 * 1.5 + 0.5 * m**2)
        told = self.told(text)
        self.assert_close(told["lr_ms"], limit, 1e-9)
        self.assertLess(told["moment_growth"], 1)
        self.assertEqual(told["modes"][0]["variance"], None)
        self.assertGreater(
            self.told(text, "-D", f"step.lr={1.01 * limit}")["moment_growth"],
            1)
        with h5py.File(self.folder / "analysis.h5") as file:
            self.assert_close(file["lr_ms"][()], limit, 1e-9)
            self.assertEqual(file["mode_gamma"].dims[0][0].name, "/mode")

    def test_noise_has_stationary_modes(self):
        lr, mu, decay, noise = 0.3, 0.8, 0.05, 0.8**2 / 3
        told = self.told(DIAGONAL.replace(
            "lr: 1,", f"lr: {lr}, scheme: heavy-ball, momentum: {mu},"
            f" weight_decay: {decay},"))
        self.assertEqual(told["lr_ms"], told["exact"]["lr_max"])
        self.assert_close(told["total_variance"], sum(
            mode["variance"] for mode in told["modes"]), 1e-12)
        for mode in told["modes"]:
            rho = mode["curvature"]
            h, q = rho + decay, noise * rho
            below = (1 - mu) * (2 * (1 + mu) - lr * h)
            self.assert_close(mode["variance"],
                              lr * q * (1 + mu) / (h * below), 1e-10)
            self.assert_close(mode["displacement"], 2 * q * lr**2 / below,
                              1e-10)
            self.assert_close(mode["sde_variance"],
                              lr * q / (2 * (1 - mu) * h), 1e-10)
            gamma = (1 - mu) / (lr * (1 + mu))
            omega = math.sqrt(2 * h / (lr * (1 + mu)))
            self.assert_close(mode["omega"], omega, 1e-10)
            self.assert_close(mode["gamma"], gamma, 1e-10)
            self.assertEqual(mode["damping"], 0 if omega > gamma else 2)
            z = np.roots([1, -(1 + mu - lr * h), mu])[0]
            self.assert_close(mode["discrete_frequency"],
                              abs(np.angle(z)) / lr, 1e-10)

    def bands(self, text, *arguments):
        self.restrain("analyze", self.write(text), "-o", "analysis.h5",
                      "--force", *arguments)
        with h5py.File(self.folder / "analysis.h5") as file:
            return {name: file[name][()] for name in file
                    if isinstance(file[name], h5py.Dataset)}

    def test_bands_follow_both_dynamics(self):
        """Of heavy-ball with decay: the recursion, and the propagator of the
        stochastic differential equation by its eigenvectors."""
        lr, mu, decay, last = 0.3, 0.8, 0.05, 12
        found = self.bands(
            DIAGONAL.replace("step: {", "step: {scheme: heavy-ball, "), "-D",
            f"step.lr={lr}", "-D", f"step.momentum={mu}", "-D",
            f"step.weight_decay={decay}", "-D", f"step.iterations={last}",
            "-D", "initial.scale=2")
        rho = 2 * np.arange(1.0, 6) ** -1.5
        self.assertEqual(found["update"].tolist(), list(range(last + 1)))
        for i, r in enumerate(rho[::-1]):
            h, q = r + decay, 0.8**2 / 3 * r
            start = 2 - r * 0.5 / h
            a = np.array([[1 - lr * h, -lr * mu], [h, mu]])
            b = np.array([-lr, 1])
            s, m = np.array([start, 0]), np.zeros((2, 2))
            gamma = (1 - mu) / (lr * (1 + mu))
            square = 2 * h / (lr * (1 + mu))
            values, vectors = np.linalg.eig([[0, 1], [-square, -2 * gamma]])
            d = np.diag([lr / (2 * (1 - mu) * h), 1 / (1 - mu**2)]) * q
            for t in range(last + 1):
                np.testing.assert_allclose(
                    [found["band_mean"][t, i], found["band_deviation"][t, i]],
                    [s[0], math.sqrt(m[0, 0])], 1e-11, 1e-13)
                e = (vectors * np.exp(values * lr * t)
                     @ np.linalg.inv(vectors)).real
                np.testing.assert_allclose(
                    [found["band_sde_mean"][t, i],
                     found["band_sde_deviation"][t, i]],
                    [e[0, 0] * start,
                     math.sqrt(abs((d - e @ d @ e.T)[0, 0]))], 1e-7, 1e-8)
                s, m = a @ s, a @ m @ a.T + q * np.outer(b, b)

    def test_bands_of_data(self):
        """The mean is that of the run on all examples; the deviation of noise
        along the Hessian that of each of its eigenvectors."""
        x, y = design()
        values, vectors = np.linalg.eigh(x.T @ x / SAMPLES)
        text = GAUSSIAN + "step: {lr: 0.1, iterations: 30}\n"
        minimum = np.linalg.solve(x.T @ x, x.T @ y)
        self.restrain("run", self.write(text), "-o", "run.h5")
        with h5py.File(self.folder / "run.h5") as file:
            away = (file["kernel"][:, 0] - minimum) @ vectors
        found = self.bands(text + "sampling: {kind: minibatch, batch: 2, "
                           "order: replacement}\n")
        np.testing.assert_allclose(abs(found["band_mean"]), abs(away), 1e-9,
                                   1e-12)
        self.assertTrue(np.isnan(found["band_deviation"]).all())
        found = self.bands(text + "sampling: {kind: hessian, batch: 2, "
                           "sigma: 0.7}\n")
        r, q = 1 - 0.1 * values, 0.1**2 * 0.7**2 / 2 * values
        t = found["update"][:, None]
        np.testing.assert_allclose(
            found["band_deviation"],
            np.sqrt(q * (1 - r**(2 * t)) / (1 - r**2)), 1e-10)

    def test_currents_of_data(self):
        """By the covariance that solves A S + S A = 2 D."""
        x, y = design()
        decay, lr = 0.2, 0.01
        found = self.bands(
            GAUSSIAN + f"step: {{lr: {lr}, weight_decay: {decay}, "
            "iterations: 30}\nsampling: {kind: minibatch, batch: 2, "
            "order: replacement}\n")
        a = x.T @ x / SAMPLES + decay * np.eye(3)
        slopes = x * (x @ np.linalg.solve(a, x.T @ y / SAMPLES) - y)[:, None]
        d = lr / 2 * np.cov(slopes.T, ddof=0) / 2
        one = np.eye(3)
        s = np.linalg.solve(np.kron(a, one) + np.kron(one, a),
                            2 * d.ravel()).reshape(3, 3)
        u = np.linalg.inv(s)
        current = -a + d @ u
        np.testing.assert_allclose(found["current_u"], u, 1e-8)
        np.testing.assert_allclose(-found["current_q"] @ found["current_u"],
                                   current, 1e-7, 1e-9)
        self.assert_close(found["current_share"], math.sqrt(
            np.trace(current @ s @ current.T) / np.trace(a @ s @ a)), 1e-8)

    def test_displacement_has_an_exponent(self):
        """Of 1000 modes, by the closed form for gradient descent."""
        h = np.arange(1.0, 1001)**-2
        told = self.told("title: many modes\nflow: {kind: regression,"
                         " spectrum: {kind: power, count: 1000,"
                         " exponent: 2}}\nstep: {lr: 0.1, iterations: 1}\n"
                         "sampling: {kind: hessian, sigma: 1, batch: 1}\n")
        lags = np.ceil(300 * 100**(np.arange(41) / 40))
        displacement = [(0.1 * (1 - (1 - 0.1 * h)**lag)
                         * 2 / (2 - 0.1 * h)).sum() for lag in lags]
        slope = np.polyfit(np.log(lags), np.log(displacement), 1)[0]
        self.assert_close(told["displacement_exponent"], slope, 1e-6)
        self.assertAlmostEqual(slope, 0.5, delta=0.06)

    def test_ends_of_a_crowded_spectrum_are_known(self):
        told = self.told("title: many modes\nflow: {kind: regression,"
                         " spectrum: {kind: power, count: 20000,"
                         " exponent: 3}}\nstep: {lr: 0.1, iterations: 1}\n")
        self.assertEqual(told["exact"]["lambda_max"], 1)
        self.assert_close(told["exact"]["lr_max"], 2, 1e-12)

    def test_without_noise_nothing_is_said_of_it(self):
        step = "step: {lr: 0.1, iterations: 1}\n"
        self.assertNotIn("lr_ms", self.told(GAUSSIAN + step))


if __name__ == "__main__":
    main()
