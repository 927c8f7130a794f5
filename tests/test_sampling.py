# SPDX-License-Identifier: GPL-3.0-or-later
"""Minibatches, schedules, evaluations, running averages: against numbers of
NumPy, interrupted and resumed, in one thread and two."""
import json

import h5py
import numpy as np

from support import SMALL_CASE, SOURCE, ProgramTest, main

REFERENCE = json.loads((SOURCE / "tests" / "network_reference.json")
                       .read_text(encoding="utf-8"))
LAYERS = """\
  layers:
  - {kind: conv, channels: 4, kernel: 3, boundary: same,
     activation: {kind: swish}}
  - {kind: conv, channels: 4, kernel: 3, boundary: periodic,
     activation: {kind: tanh}}
  - {kind: mean}
  - {kind: dense, units: 3}
"""
NETWORK = f"""\
title: a small network
flow:
  kind: network
{LAYERS}\
data:
  train: {{kind: file, images: images.npy, labels: labels.npy}}
  every: 1
initial: {{kind: fan-in, seed: 3}}
"""
NESTEROV = """\
step: {scheme: nesterov, momentum: 0.9, lr: 0.05, weight_decay: 1e-3,
       iterations: 12}
sampling: {kind: minibatch, batch: 8, seed: 7}
"""
STEPS = {
    "full": "step: {scheme: euler, lr: 0.2, weight_decay: 1e-3,"
            " iterations: 12}\n",
    "nesterov_minibatch": NESTEROV,
    "svag": "step: {scheme: euler, lr: 0.2, weight_decay: 1e-3,"
            " iterations: 12}\nsampling: {kind: svag, batch: 4, l: 4,"
            " seed: 7, order: replacement}\n",
    "gaussian": "step: {scheme: euler, lr: 0.2, weight_decay: 1e-3,"
                " iterations: 12}\nsampling: {kind: gaussian, batch: 6,"
                " seed: 7}\n",
}
# Two numbers a class, through one layer that is normalised over the batch.
NORMALISED = """\
title: a normalised layer
flow:
  kind: network
  layers:
  - {kind: conv, channels: 3, kernel: 1, bias: no,
     normalisation: {kind: batch}}
data:
  train: {kind: file, images: images.npy, labels: labels.npy}
  test: {kind: file, images: images.npy, labels: labels.npy, first: 5,
         count: 13}
initial: {kind: fan-in, seed: 2}
step: {scheme: euler, lr: 0.3, iterations: 20}
sampling: {kind: minibatch, batch: 6, seed: 11, order: replacement}
output: {every: 1}
"""
# Large enough for two threads.
THREADED = """\
title: batches in several threads
flow:
  kind: network
  layers:
  - {kind: conv, channels: 8, kernel: 5, boundary: same,
     normalisation: {kind: none}, activation: {kind: swish}}
  - {kind: conv, channels: 8, kernel: 5, activation: {kind: swish}}
  - {kind: mean}
  - {kind: dense, units: 4}
data:
  train: {kind: textures, size: 16, classes: 4, count: 150, noise: 0.4}
  test: {kind: textures, size: 16, classes: 4, count: 50, noise: 0.4, seed: 9}
initial: {kind: fan-in, seed: 1}
step: {scheme: adam, lr: 0.01, iterations: 9}
sampling: {kind: minibatch, batch: 70}
output: {every: 3, scalars: [local_growth, sharpness]}
sharpness: {every: 4}
twins: [3]
"""
MOMENTUM, BETA1, BETA2, EPSILON = 0.8, 0.7, 0.9, 1e-3
SCHEDULES = {
    "steps": "{kind: steps, at: [5, 20], factors: [0.5, 2], warm_up: 3}",
    "cosine": "{kind: cosine, final: 0.1, warm_up: 4, unit: iterations}",
}


def reference_examples():
    """The 24 images and labels that the reference was made with."""
    random = np.random.RandomState(5)
    labels = np.arange(24) % 3
    y, x = np.mgrid[0:9, 0:9]
    angles = np.pi * labels[:, None, None, None] / 3
    shift = np.arange(2)[:, None, None]
    images = np.cos(2 * np.pi * (x * np.cos(angles) + y * np.sin(angles)) / 4
                    + shift)
    return images + 0.3 * random.randn(24, 2, 9, 9), labels


def factor(name, t, iterations):
    """The formulas of restrain/schedule.h, for epochs of one iteration."""
    if name == "steps":
        ramp = min(1, (t + 1) / 3)
        return ramp * (2 if t >= 20 else 0.5 if t >= 5 else 1)
    ramp = min(1, (t + 1) / 4)
    way = max(0, (t - 4) / (iterations - 4))
    return ramp * (0.1 + 0.9 * (1 + np.cos(np.pi * way)) / 2)


def follow(scheme, w, lr):
    """w of E = (w^2 - 1)^2/4 under these learning rates, each in turn."""
    v = m = 0.0
    states = [w]
    for t, rate in enumerate(lr, 1):
        g = w * (w * w - 1)
        if scheme == "adam":
            m = BETA1 * m + (1 - BETA1) * g
            v = BETA2 * v + (1 - BETA2) * g * g
            w -= rate * (m / (1 - BETA1**t)) / (
                np.sqrt(v / (1 - BETA2**t)) + EPSILON)
        elif scheme == "euler":
            w -= rate * g
        else:
            v = MOMENTUM * v + g
            w -= rate * (g + MOMENTUM * v if scheme == "nesterov" else v)
        states.append(w)
    return np.array(states)


class Examples(ProgramTest):
    def setUp(self):
        super().setUp()
        self.images, self.labels = reference_examples()
        self.save(self.images, self.labels)

    def save(self, images, labels):
        np.save(self.folder / "images.npy", images)
        np.save(self.folder / "labels.npy", labels)

    def run_case(self, text, name="run.h5", *arguments):
        self.restrain("run", self.write(text), "-o", name, *arguments)
        return self.folder / name


class Minibatches(Examples):
    def test_losses_are_those_of_numpy(self):
        for name, step in STEPS.items():
            path = self.run_case(NETWORK + step, f"{name}.h5")
            with self.subTest(name), h5py.File(path) as file:
                expected = REFERENCE[name]
                self.assert_close(file["loss"][:12], expected["batch_loss"],
                                  1e-10)
                self.assert_close(file["train_loss"][:12],
                                  expected["data_loss"], 1e-10)
                last = sum(file[tensor][-1].sum() for tensor in file
                           if tensor.endswith((".weight", ".bias")))
                self.assert_close(last, expected["last_weight_sum"], 1e-10)
                self.assertEqual(list(file["evaluation"]), list(range(13)))
                self.assertEqual(file["train_loss"].dims[0][0].name,
                                 "/evaluation")

    def test_full_and_minibatch_agree_on_the_first_state(self):
        full, batch = (h5py.File(self.run_case(NETWORK + step, f"{name}.h5"))
                       for name, step in list(STEPS.items())[:2])
        for name in ("train_loss", "train_accuracy", "full_grad_norm"):
            self.assertEqual(full[name][0], batch[name][0])
        # Of a full batch, but for the decay, which is small.
        self.assert_close(full["full_grad_norm"][:], full["grad_norm"][:],
                          0.02)
        self.assertGreater(abs(batch["loss"][0] - full["loss"][0]), 1e-3)

    def test_cadence(self):
        text = NETWORK.replace("  every: 1\n", "")
        for step, expected in (
                ("step: {lr: 0.1, iterations: 250}\n",
                 [*range(0, 250, 3), 250]),
                (NESTEROV, [0, 3, 6, 9, 12]),
                (NESTEROV.replace("iterations: 12", "iterations: 7"),
                 [0, 3, 6, 7])):
            with h5py.File(self.run_case(text + step, "run.h5",
                                         "--force")) as file:
                self.assertEqual(list(file["evaluation"]), expected)

    def test_accuracy_and_json(self):
        text = NETWORK.replace(LAYERS, "  layers: [{kind: dense, units: 3}]\n")
        text = text.replace("  every: 1\n", "  test: {kind: file, first: 4,"
                            " images: images.npy, labels: labels.npy}\n")
        done = self.restrain("run", self.write(text + NESTEROV), "-o",
                             "run.h5", "--json")
        told = json.loads(done.stdout)
        with h5py.File(self.folder / "run.h5") as file:
            outputs = self.images.reshape(24, -1) @ file["0.weight"][-1].T \
                + file["0.bias"][-1]
            for name, first in (("train", 0), ("test", 4)):
                y, labels = outputs[first:], self.labels[first:]
                loss = np.log(np.exp(y).sum(1)) - y[range(len(y)), labels]
                self.assert_close(file[f"{name}_loss"][-1], loss.mean(), 1e-9)
                self.assertEqual(file[f"{name}_accuracy"][-1],
                                 np.mean(y.argmax(1) == labels))
            for name in ("train_loss", "train_accuracy", "full_grad_norm",
                         "test_loss", "test_accuracy"):
                self.assertEqual(told[name], file[name][-1])

    def test_every_stage_sees_the_batch_of_its_update(self):
        """The first update is that of a set of the batch alone."""
        stream = np.random.Philox(key=[7, 0], counter=[0, 0, 0, 0])
        first = np.argsort(stream.random_raw(24), kind="stable")[:8]
        np.save(self.folder / "first.npy", self.images[first])
        np.save(self.folder / "first_labels.npy", self.labels[first])
        for scheme in ("rk2", "rk4", "cfl"):
            step = f"step: {{scheme: {scheme}, lr: 20, iterations: 1}}\n"
            batch = self.run_case(
                NETWORK + step + NESTEROV.splitlines()[-1] + "\n",
                f"{scheme}-batch.h5")
            alone = self.run_case(
                NETWORK.replace("images.npy", "first.npy").replace(
                    "labels.npy", "first_labels.npy") + step,
                f"{scheme}-alone.h5")
            with h5py.File(batch) as a, h5py.File(alone) as b:
                for name in ("loss", "grad_norm"):
                    self.assert_close(a[name][0], b[name][0], 1e-12)
                for name in ("0.weight", "1.bias", "3.weight"):
                    self.assert_close(a[name][-1], b[name][-1], 1e-9)

    def test_images_of_one_layer(self):
        """The flow conv draws from its images as a network of its one layer
        draws from the same as examples."""
        images = self.images[:5, 0]
        self.save(images, np.array([1, 0, 1, 1, 0]))
        with h5py.File(self.folder / "images.h5", "w") as file:
            for i, image in enumerate(images):
                file[str(i)] = image
        listed = "".join(
            f"  - {{kind: file, file: 'images.h5:/{i}', label: {label}}}\n"
            for i, label in enumerate([1, 0, 1, 1, 0]))
        conv = f"title: images\nflow:\n  kind: conv\n  kernel: 3\n" \
            f"  images:\n{listed}data: {{every: 2}}\n"
        network = """\
title: examples
flow:
  kind: network
  loss: logistic
  layers:
  - {kind: conv, channels: 1, kernel: 3, bias: no, activation: {kind: swish}}
  - {kind: mean}
data: {every: 2, train: {kind: file, images: images.npy, labels: labels.npy}}
"""
        rest = "initial: {kind: normal, seed: 4}\n" \
            "step: {scheme: rk2, lr: 0.5, iterations: 30}\n" \
            "output: {scalars: [lyapunov]}\ntwins: [float]\n"
        for kind in ("minibatch, batch: 2, order: replacement",
                     "minibatch, batch: 2", "svag, batch: 1, l: 2",
                     "svag, batch: 2, l: 3, order: replacement",
                     "gaussian, batch: 2"):
            sampling = f"sampling: {{kind: {kind}}}\n"
            with self.subTest(kind), \
                    h5py.File(self.run_case(conv + rest + sampling, "c.h5",
                                            "--force")) as a, \
                    h5py.File(self.run_case(network + rest + sampling, "n.h5",
                                            "--force")) as b:
                for name in ("loss", "residual", "grad_norm", "train_loss",
                             "full_grad_norm", "lyapunov"):
                    self.assert_close(a[name][:], b[name][:], 1e-9)
                self.assertEqual(list(a["train_accuracy"]),
                                 list(b["train_accuracy"]))
                for run in (a, b):  # only rounding parts them
                    self.assertLess(run["twin_difference"][0].max(), 1e-4)

    def test_threads(self):
        for normalisation in ("none", "batch"):
            text = THREADED.replace("none", normalisation)
            one = self.run_case(text, "one.h5", "--force", "--threads", "1")
            two = self.run_case(text, "two.h5", "--force", "--threads", "2")
            self.assert_same_datasets(one, two)

    def test_twins_share_the_draws(self):
        """Only rounding parts them."""
        text = NETWORK + NESTEROV.replace("12", "60") + "twins: [3, float]\n"
        with h5py.File(self.run_case(text)) as file:
            difference = file["twin_difference"][:, -1]
            self.assertGreater(difference[0], 0)
            self.assertLess(difference[0], 1e-12)
            self.assertLess(difference[1], 1e-3)

    def test_resumed_in_the_midst_of_an_epoch(self):
        text = NETWORK.replace("every: 1", "every: 2") + NESTEROV.replace(
            "12", "40") + "twins: [3]\noutput: {scalars: [lyapunov]}\n"
        self.run_case(text, "whole.h5")
        self.run_case(text, "run.h5", "-D", "step.iterations=16")
        self.run_case(text, "run.h5", "--resume", "-D", "step.iterations=23")
        self.run_case(text, "run.h5", "--resume")
        self.assert_same_datasets(self.folder / "whole.h5",
                                  self.folder / "run.h5")

    def test_a_prolonged_run_keeps_its_evaluations(self):
        text = NETWORK.replace("  every: 1\n", "") + STEPS["full"]
        self.run_case(text, "run.h5", "-D", "step.iterations=300")
        self.run_case(text, "run.h5", "--resume", "-D", "step.iterations=450")
        with h5py.File(self.folder / "run.h5") as file:
            self.assertEqual(list(file["evaluation"]), list(range(0, 451, 3)))

    def test_regime_under_noise(self):
        """Short steps of batches are no convergence while the full gradient
        is not small; a case without noise is as ever."""
        text = NETWORK + "step: {scheme: euler, lr: 0.02, iterations: 4000," \
            " weight_decay: 2}\noutput: {every: 1000}\n"
        for sampling, regimes in (
                ("", ("converged", "stable", "transient")),
                ("sampling: {kind: minibatch, batch: 2}\n", ("bounded",))):
            with h5py.File(self.run_case(text + sampling, "run.h5",
                                         "--force")) as file:
                self.assertIn(file.attrs["regime"].decode(), regimes)

    def test_sweep_takes_losses_of_the_whole_set(self):
        text = NETWORK + NESTEROV + "sweep: {axes: [{key: step.lr, " \
            "values: [0.05]}, {key: sampling.seed, values: [7, 8]}]}\n"
        self.restrain("sweep", self.write(text), "-o", "sweep.h5")
        run = self.run_case(text)
        with h5py.File(self.folder / "sweep.h5") as sweep, \
                h5py.File(run) as file:
            losses = sweep["final_loss"][()].ravel()
            decay = 1e-3 / 2 * file["weight_norm"][-1]**2
            self.assert_close(losses[0], file["train_loss"][-1] + decay, 1e-12)
            self.assertNotEqual(losses[0], losses[1])

    def test_sweep_keeps_means_of_the_last_evaluations(self):
        text = NETWORK + NESTEROV + "sweep: {axes: [{key: step.lr, " \
            "values: [0.05]}, {key: step.divisor, values: [1, 2, 3]}], " \
            "evaluations: 2, exponents: no}\n"
        self.restrain("sweep", self.write(text), "-o", "sweep.h5")
        run = self.run_case(text)
        with h5py.File(self.folder / "sweep.h5") as sweep, \
                h5py.File(run) as file:
            for name in ("train_loss", "train_accuracy", "full_grad_norm",
                         "gradient_fluctuation"):
                values = sweep[name][()].ravel()
                self.assertEqual(values[0], file[name][-2:].mean(), name)
                self.assertEqual(values[0], values[1], name)
            updates = len(np.load(self.folder / "labels.npy")) // 8
            np.testing.assert_array_equal(
                file["epoch"][()], file["evaluation"][()] / updates)
            self.assertTrue(np.isnan(sweep["test_accuracy"][()]).all())
            self.assertTrue(np.isnan(sweep["max_growth"][()]).all())

    def test_fluctuation_of_gradients(self):
        """Mean over the weights of |x - y|/|x|, of gradients as stored."""
        ask = "output: {fields: [gradient]}\n"
        steps = "step: {lr: 0.1, iterations: 1}\n"
        batches = NETWORK + steps + ask + \
            "sampling: {kind: minibatch, batch: 5, seed: 3}\n"
        with h5py.File(self.run_case(NETWORK + steps + ask, "full.h5")) as a, \
                h5py.File(self.run_case(batches)) as b:
            x, y = (np.concatenate([tensor[0].ravel() for tensor
                                    in file["gradient"].values()])
                    for file in (a, b))
            self.assertNotIn("gradient_fluctuation", a)
            self.assertNotIn("epoch", a)
            self.assert_close(b["gradient_fluctuation"][0],
                              (abs(x - y) / abs(x)).mean(), 1e-9)

    def test_difference_of_each_tensor(self):
        text = NETWORK + NESTEROV + "twins: [1, 3]\n" \
            "output: {every: 12, scalars: [tensor_difference], " \
            "fields: [relative_difference]}\n"
        with h5py.File(self.run_case(text)) as file:
            for name, values in file["tensor_difference"].items():
                self.assertFalse(values[0].any())
                self.assert_close(
                    values[1, -1],
                    file[f"relative_difference_3/{name}"][-1].mean(), 1e-12)

    def test_faults(self):
        for changes, place in (
                (("batch: 8", "batch: 25"), "17:36: error: key "
                 "\"sampling.batch\": expected at most the 24 examples"),
                (("batch: 8, ", ""), "missing key \"sampling.batch\""),
                (("minibatch", "half"), "17:18: error: key \"sampling.kind\""),
                (("seed: 7", "order: sorted"), "17:46: error")):
            path = self.write(NETWORK + NESTEROV.replace(*changes))
            done = self.restrain("run", path, "-o", "run.h5", expect=2)
            self.assertIn(place, done.stderr)
        path = self.write(SMALL_CASE + "sampling: {kind: minibatch, batch: 1}")
        done = self.restrain("run", path, "-o", "run.h5", expect=2)
        self.assertIn('9:18: error: key "sampling.kind": there are no'
                      ' examples', done.stderr)


class RunningAverages(Examples):
    def draws(self, t, batch):
        """Indices of update t: high words of 128-bit products."""
        raws = np.random.Philox(key=[11, 0],
                                counter=[0, t, 0, 0]).random_raw(batch)
        return [int(raw) * 24 >> 64 for raw in raws]

    def test_they_normalise_evaluations(self):
        images = self.images[:, :, :1, :1]
        self.save(images, self.labels)
        path = self.run_case(NORMALISED.replace("  test:", "  every: 1\n"
                                                "  test:"))
        mean, variance = np.zeros(3), np.ones(3)
        with h5py.File(path) as file:
            for t in range(21):
                weight, scale, shift = (
                    file[f"0.{name}"][t]
                    for name in ("weight", "norm.weight", "norm.bias"))
                z = images[:, :, 0, 0] @ weight[:, :, 0, 0].T
                y = (z - mean) / np.sqrt(variance + 1e-5) * scale + shift
                loss = np.log(np.exp(y).sum(1)) - y[range(24), self.labels]
                self.assert_close(file["0.norm.running_mean"][t], mean, 1e-12)
                self.assert_close(file["0.norm.running_var"][t], variance,
                                  1e-12)
                self.assert_close(file["train_loss"][t], loss.mean(), 1e-11)
                self.assert_close(file["test_loss"][t], loss[5:18].mean(),
                                  1e-11)
                batch = z[self.draws(t, 6)]
                mean = 0.9 * mean + 0.1 * batch.mean(0)
                variance = 0.9 * variance + 0.1 * batch.var(0, ddof=1)

    def test_resumed(self):
        self.run_case(NORMALISED + "twins: [3]\n", "whole.h5")
        self.run_case(NORMALISED + "twins: [3]\n", "run.h5",
                      "-D", "step.iterations=9")
        self.run_case(NORMALISED + "twins: [3]\n", "run.h5", "--resume")
        self.assert_same_datasets(self.folder / "whole.h5",
                                  self.folder / "run.h5")


class Schedules(ProgramTest):
    def test_schemes_follow_them(self):
        for name, schedule in SCHEDULES.items():
            for scheme in ("euler", "heavy-ball", "nesterov", "adam"):
                self.check(name, schedule, scheme)

    def check(self, name, schedule, scheme):
        own = {"adam": f", beta1: {BETA1}, beta2: {BETA2},"
               f" epsilon: {EPSILON}", "euler": ""}
        keys = own.get(scheme, f", momentum: {MOMENTUM}")
        path = self.write(f"""\
title: scheduled
flow: {{kind: landscape, function: quadratic-regression}}
initial: {{kind: list, values: [0.3]}}
step: {{scheme: {scheme}, lr: 0.1, iterations: 40{keys},
       schedule: {schedule}}}
output: {{every: 1, scalars: [step_size]}}
""")
        self.restrain("run", path, "-o", f"{name}-{scheme}.h5")
        lr = [0.1 * factor(name, t, 40) for t in range(40)]
        with h5py.File(self.folder / f"{name}-{scheme}.h5") as file:
            self.assert_close(file["step_size"][:40], lr, 1e-14)
            self.assert_close(np.ravel(file["kernel"]),
                              follow(scheme, 0.3, lr), 1e-12)

    def test_faults(self):
        for schedule, place in (
                ("{kind: steps, at: [2, 1], factors: [1, 1]}",
                 "key \"step.schedule.at\": expected ascending numbers"),
                ("{kind: steps, at: [2], factors: [1, 1]}",
                 "key \"step.schedule.factors\": expected a number for each"),
                ("{kind: steps, factors: [1, 1]}",
                 "missing key \"step.schedule.at\""),
                ("{kind: constant, final: 0.1}", "does not apply")):
            path = self.write(SMALL_CASE.replace(
                "iterations: 40", f"iterations: 40, schedule: {schedule}"))
            done = self.restrain("run", path, "-o", "run.h5", expect=2)
            self.assertIn(place, done.stderr)


if __name__ == "__main__":
    main()
