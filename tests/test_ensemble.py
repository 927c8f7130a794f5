# SPDX-License-Identifier: GPL-3.0-or-later
"""Ensembles: statistics over members that NumPy or single runs make again,
stationary variances, threads, resumed runs."""
import itertools
import math

import h5py
import numpy as np

from support import ProgramTest, main
from test_regression import normals

MEMBERS, LR = 4096, 3.0
PARTS = np.array([0.013, 0.13, 0.66])
STATIONARY = """\
title: stationary noise
flow: {{kind: regression, spectrum: {{kind: list, values: {values}}}}}
initial: {{kind: zero}}
ensemble: {{members: {members}}}
sampling: {{kind: hessian, sigma: 0.8, batch: 2, seed: 5}}
step: {{scheme: {scheme}, lr: {lr}, weight_decay: {decay}, iterations: 400}}
output: {{every: 400, scalars_every: 400}}
"""
SMALL = """\
title: a few members
flow: {kind: regression, spectrum: {kind: power, count: 4, exponent: 1}}
initial: {kind: normal, seed: 2}
ensemble: {members: 3}
sampling: {kind: hessian, sigma: 0.5, batch: 1, seed: 9}
step: {scheme: heavy-ball, momentum: 0.8, lr: 0.1, iterations: 60}
output: {every: 20, scalars: [member_loss, member_weight_norm,
                              member_displacement, lyapunov]}
"""
LEVELS = [0, 0.3, 0.5, 0.95, 1]
BANDS = SMALL.replace("members: 3", f"members: 3, quantiles: {LEVELS}, "
                      "directions: {kind: eigenvectors, count: 3}")
NETWORK = """\
title: networks of different seeds
flow:
  kind: network
  layers:
  - {kind: conv, channels: 3, kernel: 3, activation: {kind: swish},
     normalisation: {kind: batch}}
  - {kind: mean}
  - {kind: dense, units: 2}
data: {train: {kind: textures, size: 8, classes: 2, count: 20, noise: 0.3}}
initial: {kind: fan-in, seed: 4}
ensemble: {members: 5, vary: both, quantiles: [0.5],
           directions: {kind: eigenvectors, count: 2}}
sampling: {kind: minibatch, batch: 4, seed: 1}
step: {scheme: nesterov, momentum: 0.9, lr: 0.05, iterations: 40}
output: {every: 8, scalars: [member_loss]}
"""
# More than a block of members, in blocks of other sizes for other threads.
BLOCKS = """\
title: many members of a small flow
flow: {kind: regression, design: {kind: gaussian, samples: 12, seed: 3,
       spectrum: {kind: power, count: 5, exponent: 1}, noise: 0.5}}
initial: {kind: normal, seed: 2}
ensemble: {members: 70, vary: both, quantiles: [0.5]}
sampling: {kind: svag, batch: 2, l: 2, seed: 4}
step: {scheme: adam, lr: 0.02, weight_decay: 0.1, iterations: 40}
output: {every: 8, scalars: [member_loss, member_displacement]}
"""
BATCHES = """\
title: one update
flow: {kind: regression, design: {kind: file, x: x.npy, y: y.npy}}
initial: {kind: list, values: [0.4, -0.7]}
ensemble: {members: 4096}
sampling: {kind: minibatch, batch: 2, order: replacement, seed: 6}
step: {lr: 0.3, iterations: 1}
"""


SETTLED = """\
title: batches about the minimum
flow: {kind: regression, design: {kind: gaussian, samples: 12, seed: 3,
       spectrum: {kind: list, values: [1, 0.5]}, noise: 0.5}}
initial: {kind: zero}
ensemble: {members: 4096}
step: {momentum: 0.5, lr: 0.15, weight_decay: 0.1, iterations: 150,
"""
OUTPUT = "output: {every: 150, scalars_every: 150}\n"
KINDS = {
    "heavy-ball": "{kind: minibatch, batch: 3, order: replacement, seed: 9}",
    "nesterov": "{kind: svag, batch: 3, l: 2, order: replacement, seed: 4}",
    "heavy-ball, decay: coupled": "{kind: sde, batch: 2, l: 2, seed: 8}",
    "heavy-ball, decay: decoupled": "{kind: gaussian, batch: 2, seed: 5}",
    "nesterov, decay: decoupled":
        "{kind: hessian, batch: 2, sigma: 0.7, seed: 6}",
}


class Ensembles(ProgramTest):
    def run_case(self, text, name="run.h5", *arguments):
        self.restrain("run", self.write(text), "-o", name, "--force",
                      *arguments)
        with h5py.File(self.folder / name) as file:
            return {key: value[()] for key, value in file.items()
                    if isinstance(value, h5py.Dataset)}

    def assert_same(self, one, other):
        self.assertEqual(sorted(one), sorted(other))
        for name, values in one.items():
            np.testing.assert_array_equal(values, other[name], name)

    def test_stationary_variances_are_the_exact_ones(self):
        for scheme, mu, decay in (("euler", 0, 0), ("euler", 0, 0.005),
                                  ("heavy-ball", 0.6, 0),
                                  ("heavy-ball", 0.6, 0.005)):
            h = PARTS * 2 * (1 + mu) / LR
            rho = h - decay
            text = STATIONARY.format(
                values=rho.tolist(), members=MEMBERS, lr=LR, decay=decay,
                scheme=scheme + (f", momentum: {mu}" if mu else ""))
            with self.subTest(scheme=scheme, decay=decay):
                run = self.run_case(text)
                q = 0.8**2 / 2 * rho
                exact = LR * q * (1 + mu) / (
                    (1 - mu) * h * (2 * (1 + mu) - LR * h))
                error = exact * math.sqrt(2 / (MEMBERS - 1))
                found = run["ensemble_variance"][-1, 0]
                np.testing.assert_array_less(abs(found - exact), 4 * error)
                # That of the differential equation is beyond the errors.
                sde = LR * q / (2 * (1 - mu) * h)
                self.assertGreater(abs(found - sde)[2], 4 * error[2])
                np.testing.assert_array_less(
                    abs(run["ensemble_mean"][-1, 0]),
                    4 * np.sqrt(exact / MEMBERS))

    def test_batches_settle_to_the_covariance_that_analyze_tells(self):
        for scheme, sampling in KINDS.items():
            text = f"{SETTLED}       scheme: {scheme}}}\n" \
                f"sampling: {sampling}\n{OUTPUT}"
            with self.subTest(scheme=scheme, sampling=sampling):
                run = self.run_case(text)
                self.restrain("analyze", self.write(text), "-o",
                              "analysis.h5", "--force")
                with h5py.File(self.folder / "analysis.h5") as file:
                    exact = file["stationary_variance"][0]
                    self.assert_close(file["total_variance"][()],
                                      exact.sum(), 1e-12)
                # Tails are a little heavier than those of normal numbers.
                error = 1.3 * exact * math.sqrt(2 / (MEMBERS - 1))
                found = run["ensemble_variance"][-1, 0]
                np.testing.assert_array_less(abs(found - exact), 4 * error)

    def test_members_draw_their_own_streams(self):
        run = self.run_case(SMALL)
        h = 1 / np.arange(1.0, 5)
        np.random.seed(2)
        start = np.random.randn(4)
        states = []
        for m in range(3):
            u, v, path = start, 0, [start]
            for t in range(60):
                v = 0.8 * v + h * u + np.sqrt(h) * 0.5 * normals(9, t, 4, m)
                u = u - 0.1 * v
                path.append(u)
            states.append(path)
        states = np.array(states)
        shown = states[:, ::20]
        np.testing.assert_allclose(run["kernel"][:, 0], shown[0], 1e-12,
                                   1e-14)
        np.testing.assert_allclose(run["ensemble_mean"][:, 0],
                                   shown.mean(0), 1e-12, 1e-14)
        np.testing.assert_allclose(run["ensemble_variance"][:, 0],
                                   shown.var(0, ddof=1), 1e-11, 1e-14)
        np.testing.assert_allclose(run["member_loss"],
                                   (h * states**2).sum(2) / 2, 1e-11)
        np.testing.assert_allclose(run["member_weight_norm"],
                                   np.linalg.norm(states, axis=2), 1e-11)
        np.testing.assert_allclose(
            run["member_displacement"],
            np.linalg.norm(states - start, axis=2), 1e-10, 1e-14)
        self.assertEqual(run["member"].tolist(), [0, 1, 2])
        self.assertEqual(run["member_loss"][0].tolist(),
                         run["loss"].tolist())

    def test_quantiles_are_those_of_the_members(self):
        run = self.run_case(BANDS)
        self.assertEqual(run["quantile"].tolist(), LEVELS)
        for name in ("loss", "weight_norm", "displacement"):
            np.testing.assert_allclose(
                run[f"{name}_quantile"],
                np.quantile(run[f"member_{name}"], LEVELS, axis=0), 1e-14)

    def test_members_that_diverge_are_beyond_all_others(self):
        self.restrain("run", self.write(BANDS), "-o", "run.h5", "-D",
                      "step.lr=1e200", "-D", "step.iterations=3", "-D",
                      "stop.blow_up=1e308", expect=3)
        with h5py.File(self.folder / "run.h5") as file:
            self.assertTrue(np.isnan(file["member_loss"][:, -1]).all())
            last = file["loss_quantile"][:, -1]
        self.assertEqual(last.tolist(), [math.inf] * len(LEVELS))

    def test_covariance_along_coordinates(self):
        run = self.run_case(
            SMALL, "run.h5", "-D", "ensemble.vary=initial", "-D",
            "ensemble.directions={kind: coordinates, count: 3}")
        states = self.states_of_seeds(SMALL)
        for found, at in zip(run["ensemble_covariance"],
                             states.transpose(1, 2, 0)):
            np.testing.assert_allclose(found, np.cov(at)[:3, :3], 1e-11)
        np.testing.assert_allclose(
            np.diagonal(run["ensemble_covariance"], axis1=1, axis2=2),
            run["ensemble_variance"][:, 0, :3], 1e-13)

    def test_covariance_along_eigenvectors(self):
        """Of a Hessian that is not diagonal, decomposed by NumPy."""
        random = np.random.RandomState(5)
        x, y = random.randn(9, 4), random.randn(9)
        np.save(self.folder / "x.npy", x)
        np.save(self.folder / "y.npy", y)
        text = SMALL.replace(
            "spectrum: {kind: power, count: 4, exponent: 1}",
            "design: {kind: file, x: x.npy, y: y.npy}").replace(
            "kind: hessian, sigma: 0.5, batch: 1", "kind: minibatch, batch: 4")
        run = self.run_case(
            text, "run.h5", "-D", "ensemble.vary=initial", "-D",
            "ensemble.directions={kind: eigenvectors, count: 3}")
        vectors = np.linalg.eigh(x.T @ x / 9)[1][:, ::-1][:, :3]
        # The largest component of each is positive.
        vectors *= np.sign(vectors[abs(vectors).argmax(0), range(3)])
        for found, at in zip(run["ensemble_covariance"],
                             self.states_of_seeds(text).transpose(1, 2, 0)):
            exact = vectors.T @ np.cov(at) @ vectors
            np.testing.assert_allclose(found, exact, 1e-6,
                                       1e-7 * abs(exact).max())

    def states_of_seeds(self, text):
        """(3, times, numbers) of single runs from three seeds."""
        one = text.replace("ensemble: {members: 3}\n", "").replace(
            "scalars: [member_loss, member_weight_norm,\n"
            "                              member_displacement, lyapunov]",
            "scalars: []")
        return np.array([
            self.run_case(one, "one.h5", "-D", f"initial.seed={seed}")
            ["kernel"][:, 0] for seed in (2, 3, 4)])

    def test_members_start_from_their_own_seeds(self):
        states = self.states_of_seeds(SMALL)
        run = self.run_case(SMALL, "run.h5", "-D", "ensemble.vary=initial")
        np.testing.assert_allclose(run["ensemble_mean"][:, 0],
                                   np.mean(states, 0), 1e-13)
        np.testing.assert_allclose(run["ensemble_variance"][:, 0],
                                   np.var(states, 0, ddof=1), 1e-12)
        np.testing.assert_array_equal(run["kernel"][:, 0], states[0])

    def test_threads_and_resumed_runs_give_the_same_bits(self):
        for text in (BANDS, NETWORK, BLOCKS):
            whole = self.run_case(text)
            self.assert_same(whole, self.run_case(text, "two.h5",
                                                  "--threads", "3"))
            case = self.write(text)
            self.restrain("run", case, "-o", "part.h5", "--force", "-D",
                          "step.iterations=24")
            self.restrain("run", case, "-o", "part.h5", "--resume",
                          "--threads", "2")
            with h5py.File(self.folder / "part.h5") as file:
                rows = {row: i for i, row in enumerate(file["step"][()])}
                for i, row in enumerate(whole["step"]):
                    for name in whole:
                        if name.startswith("ensemble_") or name == "kernel":
                            np.testing.assert_array_equal(
                                file[name][rows[row]], whole[name][i])
                for name in whole:
                    if name.startswith("member_") or "quantile" in name:
                        np.testing.assert_array_equal(
                            file[name][..., 30:], whole[name][..., 30:])

    def test_one_update_of_batches(self):
        """The variance of an update, over all batches of two examples."""
        random = np.random.RandomState(3)
        x, y, u = random.randn(5, 2), random.randn(5), np.array([0.4, -0.7])
        np.save(self.folder / "x.npy", x)
        np.save(self.folder / "y.npy", y)
        slopes = x * (x @ u - y)[:, None]
        updates = np.array([(slopes[i] + slopes[j]) * 0.15 for i, j in
                            itertools.product(range(5), repeat=2)])
        away = updates - updates.mean(0)
        exact = (away**2).mean(0)
        error = np.sqrt(((away**4).mean(0) - exact**2) / MEMBERS)
        found = self.run_case(BATCHES)["ensemble_variance"][-1, 0]
        np.testing.assert_array_less(abs(found - exact), 4 * error)

    def test_faults(self):
        for changes, message in (
                (("ensemble: {members: 3}", "ensemble: {members: 1}"),
                 "expected an integer"),
                (("sampling: {kind: hessian, sigma: 0.5, batch: 1, seed: 9}",
                  "sampling: {kind: full}"), "the same without noise"),
                (("{kind: normal, seed: 2}\nensemble: {members: 3}",
                  "{kind: zero}\nensemble: {members: 3, vary: both}"),
                 "has no seed to vary"),
                (("members: 3", "members: 3, directions: {kind: "
                  "coordinates, count: 5}"), "has no 5 directions, but 4"),
                (("members: 3", "members: 3, quantiles: [0.5, 1.5]"),
                 "quantiles"),
                (("[member_loss", "[loss_quantile, member_loss"),
                 "no ensemble.quantiles"),
                (("output: {", "output: {fields: [ensemble_covariance], "),
                 "no ensemble.directions"),
                (("ensemble: {members: 3}\n", ""), "has no ensemble")):
            done = self.restrain("run", self.write(SMALL.replace(*changes)),
                                 "-o", "run.h5", expect=2)
            self.assertIn(message, done.stderr)


if __name__ == "__main__":
    main()
