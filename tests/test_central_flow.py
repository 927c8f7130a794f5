# SPDX-License-Identifier: GPL-3.0-or-later
"""The central flow beside a run: against NumPy's with two critical
eigenvalues, where it starts, ends and goes on."""
import h5py
import numpy as np

from support import ProgramTest, main

NAMES = ("central_loss", "central_loss_average", "central_sharpness",
         "central_variance", "central_grad_norm", "central_distance")
SCALARS = f"scalars: [{', '.join(NAMES)}]"
LR, DECAY, UPDATES = 0.78, 0.01, 12
# Two layers of two units on two examples: the product of two matrices is
# to be the unit matrix; its first column makes two large eigenvalues.
PRODUCT = f"""\
flow:
  kind: network
  loss: mean-square
  layers:
  - {{kind: dense, units: 2, bias: no}}
  - {{kind: dense, units: 2, bias: no}}
data: {{train: {{kind: file, images: images.npy, labels: labels.npy}}}}
initial: {{kind: list, values: [2.2, 0.1, -0.1, 1, 0.05, 0.01, 0.02, 0.05]}}
step: {{lr: {LR}, weight_decay: {DECAY}, iterations: {UPDATES}}}
output: {{every: 1, {SCALARS}}}
central_flow: {{substeps: 3}}
"""
UV = f"""\
flow: {{kind: landscape, function: uv, width: 1, target: 1}}
initial: {{kind: list, values: [2.0, 0.48]}}
step: {{lr: 0.47, iterations: 40}}
output: {{every: 7, {SCALARS}}}
"""
PARABOLAS = f"""\
flow: {{kind: regression, spectrum: {{kind: list, values: [1, 0.5]}}}}
initial: {{kind: list, values: [1, 1]}}
step: {{lr: 2.1, iterations: 12}}
output: {{every: 6, {SCALARS}}}
"""


def gradient(u):
    a, b = u[:4].reshape(2, 2), u[4:].reshape(2, 2)
    misfit = b @ a - np.eye(2)
    return np.concatenate([(b.T @ misfit).ravel(), (misfit @ a.T).ravel()]
                          ) / 2 + DECAY * u


def loss(u):
    a, b = u[:4].reshape(2, 2), u[4:].reshape(2, 2)
    return np.sum((b @ a - np.eye(2))**2) / 4 + DECAY / 2 * u @ u


def hessian(u):
    """By complex steps, exact but for rounding."""
    step = 1e-30
    return np.array([gradient(u + 1j * step * unit).imag / step
                     for unit in np.eye(len(u))])


def third(u, v):
    """d/dw of H(w) v along all directions; the gradient is cubic, so that
    a difference is exact."""
    return (hessian(u + v) - hessian(u - v)) / 2


def covariance(a, b):
    """X by projected gradient descent."""
    n = len(a)
    x = np.zeros((n, n))
    length = 1 / np.trace(b.reshape(n * n, n * n))
    for _ in range(20000):
        before = x
        values, vectors = np.linalg.eigh(
            x - length * (a + np.tensordot(b, x, 2)))
        x = (vectors * np.maximum(values, 0)) @ vectors.T
        if np.abs(x - before).max() <= 1e-13 * np.abs(x).max():
            break
    return x


def central_flow(w, updates, substeps):
    """Rows of NAMES but the last, states, most critical eigenvalues."""
    dt, rows, states, most = 1 / substeps, [], [], 0
    for substep in range(updates * substeps):
        g, (values, vectors) = gradient(w), np.linalg.eigh(hessian(w))
        critical = values > 0.975 * 2 / LR
        u, curved = vectors[:, critical], values[critical]
        n = len(curved)
        most = max(most, n)
        x, slopes = np.zeros((n, n)), np.zeros((n, n, len(w)))
        if n:
            for i in range(n):
                slopes[i] = (third(w, u[:, i]) @ u).T
            x = covariance(2 / LR * np.eye(n) - np.diag(curved)
                           + dt * LR * slopes @ g,
                           dt * LR / 2 * np.einsum('ijw,klw->ijkl', slopes,
                                                   slopes))
        if substep % substeps == 0:
            states.append(w)
            rows.append([loss(w), loss(w) + np.trace(x) / LR, values[-1],
                         np.trace(x), np.sqrt(
                             g @ g + np.diag(x) @ curved**2)])
        w = w - dt * LR * (g + np.einsum('ij,ijw->w', x, slopes) / 2)
    return np.array(rows), states, most


class CentralFlow(ProgramTest):
    def write_product(self):
        np.save(self.folder / "images.npy", np.eye(2).reshape(2, 1, 2))
        np.save(self.folder / "labels.npy", np.arange(2))
        return self.write(PRODUCT)

    def columns(self, path, names=NAMES):
        with h5py.File(path) as file:
            return np.array([file[name][:] for name in names]).T

    def test_two_critical_eigenvalues_as_numpy(self):
        self.write_product()
        self.restrain("run", "case.yaml", "-o", "run.h5")
        found = self.columns(self.folder / "run.h5")
        with h5py.File(self.folder / "run.h5") as file:
            u = np.concatenate(
                [file[f"{layer}.weight"][:].reshape(UPDATES + 1, -1)
                 for layer in (0, 1)], axis=1)
        rows, states, most = central_flow(u[0], UPDATES + 1, 3)
        self.assertEqual(most, 2)
        self.assertGreater(rows[:, 3].max(), 0.01)
        np.testing.assert_allclose(found[:, :-1], rows, rtol=1e-6, atol=1e-9)
        middle = (u[:-2] + 2 * u[1:-1] + u[2:]) / 4
        np.testing.assert_allclose(
            found[1:-1, -1],
            np.linalg.norm(middle - states[1:-1], axis=1), rtol=1e-6)
        self.assertTrue(np.isnan(found[[0, -1], -1]).all())

    def test_starts_from_the_run_without_its_oscillation(self):
        self.write(UV)
        self.restrain("run", "case.yaml", "-o", "run.h5", "-D",
                      "central_flow.start=5", "-D", "output.every=1")
        found = self.columns(self.folder / "run.h5")
        with h5py.File(self.folder / "run.h5") as file:
            u = file["kernel"][:].reshape(41, 2)
        self.assertTrue(np.isnan(found[:5]).all())
        self.assertTrue(np.isfinite(found[5:-1]).all())
        start = (u[4] + 2 * u[5] + u[6]) / 4
        self.assertEqual(found[5, -1], 0)
        self.assert_close(found[5, 0], (start.prod() - 1)**2 / 2, 1e-12)

    def test_a_run_goes_on_to_the_bit(self):
        for case, length in ((UV, 40), (PARABOLAS, 12)):
            for broken in (0, 3, 9):
                self.write(case)
                self.restrain("run", "case.yaml", "-o", "whole.h5", "-D",
                              "central_flow.start=2", "--force")
                self.restrain("run", "case.yaml", "-o", "part.h5", "-D",
                              "central_flow.start=2", "--force", "-D",
                              f"step.iterations={broken}")
                self.restrain("run", "case.yaml", "-o", "part.h5", "-D",
                              "central_flow.start=2", "-D",
                              f"step.iterations={length}", "--resume")
                whole = self.columns(self.folder / "whole.h5")
                part = self.columns(self.folder / "part.h5")
                self.assertEqual(whole.tobytes(), part.tobytes())

    def test_threads_change_nothing(self):
        self.write_product()
        for threads in (1, 2):
            self.restrain("run", "case.yaml", "-o", f"{threads}.h5",
                          "--threads", str(threads))
        self.assertEqual(self.columns(self.folder / "1.h5").tobytes(),
                         self.columns(self.folder / "2.h5").tobytes())

    def test_an_end_is_told_and_the_run_goes_on(self):
        """Nothing holds the oscillation in a parabola back."""
        self.write(PARABOLAS)
        done = self.restrain("run", "case.yaml", "-o", "run.h5")
        self.assertEqual(done.stderr.count("the central flow ends at "
                                           "iteration 0: the complementarity "
                                           "problem of 1 rows has no "
                                           "solution"), 1, done.stderr)
        self.assertIn("the run goes on", done.stderr)
        self.assertTrue(np.isnan(self.columns(self.folder / "run.h5")).all())
        self.assertTrue(np.isfinite(self.columns(
            self.folder / "run.h5", ["loss"])).all())

    def test_other_runs_have_none(self):
        data = PRODUCT.replace("step:", "sampling: {kind: minibatch, batch: 1}"
                               "\nstep:")
        faults = (
            (UV.replace("{lr", "{scheme: heavy-ball, lr"), 3,
             "gradient descent, euler, not of heavy-ball"),
            (UV.replace("{lr", "{schedule: {kind: cosine}, lr"), 3,
             "a constant learning rate"),
            (data, None, "knows no noise"))
        for text, line, message in faults:
            self.write_product()
            self.write(text)
            done = self.restrain("run", "case.yaml", "-o", "run.h5", expect=2)
            self.assertIn(message, done.stderr)
            self.assertIn(f"case.yaml:{line or ''}", done.stderr)
            self.assertFalse((self.folder / "run.h5").exists())


if __name__ == "__main__":
    main()
