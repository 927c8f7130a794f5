# SPDX-License-Identifier: GPL-3.0-or-later
"""The stochastic differential equation of SGD as a run: paths that refine
each other, interrupted and resumed, in one thread and two."""
import h5py
import numpy as np

from support import ProgramTest, main

LENGTHS = (4, 8, 16, 32, 64)
MEMBERS = 400
CASE = """\
title: paths
flow:
  kind: conv
  kernel: 1
  images:
  - {kind: constant, size: 1, value: 3, label: 1}
  - {kind: constant, size: 1, value: 1, label: 0}
  - {kind: constant, size: 1, value: -2, label: 1}
initial: {kind: constant, scale: 3}
"""
NETWORK = """\
title: a small network
flow:
  kind: network
  layers:
  - {kind: conv, channels: 4, kernel: 3, activation: {kind: swish}}
  - {kind: mean}
  - {kind: dense, units: 2}
data: {train: {kind: textures, size: 8, classes: 2, count: 20, noise: 0.3}}
initial: {kind: fan-in, seed: 4}
step: {lr: 0.1, iterations: 40}
"""


class Paths(ProgramTest):
    def run_case(self, text, name="run.h5", *arguments):
        self.restrain("run", self.write(text), "-o", name, "--force",
                      *arguments)
        return self.folder / name

    def ends(self, length, seed=1):
        """Where the members of an ensemble are after 4 steps of SGD, as
        distances from the start, which lies beyond their reach."""
        path = self.run_case(f"""{CASE}\
ensemble: {{members: {MEMBERS}}}
sampling: {{kind: sde, batch: 2, l: {length}, seed: {seed}}}
step: {{lr: 0.5, weight_decay: 0.3, iterations: {4 * length}}}
output: {{every: 1000, scalars_every: 1000, scalars: [member_displacement]}}
""")
        with h5py.File(path) as file:
            return file["member_displacement"][:, -1]

    def test_strong_order(self):
        """1/2 at least, of the Euler-Maruyama method; nothing of the kind
        where the noise is another."""
        ends = [self.ends(length) for length in LENGTHS]
        between = np.array([np.sqrt(np.mean((a - b)**2))
                            for a, b in zip(ends, ends[1:])])
        order = -np.polyfit(np.log(LENGTHS[:-1]), np.log(between), 1)[0]
        self.assertGreater(order, 0.4)
        self.assertLess(order, 1.1)
        other = np.sqrt(np.mean((ends[-1] - self.ends(64, seed=2))**2))
        self.assertGreater(other, 10 * between[-1])

    def test_whole_steps_are_those_of_gaussian(self):
        rest = ", batch: 5, seed: 3}\ntwins: [3]\n"
        sde = self.run_case(f"{NETWORK}sampling: {{kind: sde, l: 1{rest}",
                            "sde.h5")
        gaussian = self.run_case(f"{NETWORK}sampling: {{kind: gaussian{rest}",
                                 "gaussian.h5")
        with h5py.File(sde) as a, h5py.File(gaussian) as b:
            for name in ("0.weight", "2.bias", "loss", "twin_difference"):
                self.assertEqual(a[name][()].tobytes(), b[name][()].tobytes())

    def test_threads_and_interruptions(self):
        text = NETWORK + "sampling: {kind: sde, batch: 4, l: 8, seed: 2}\n" \
            "ensemble: {members: 3}\noutput: {scalars: [member_loss]}\n"
        one = self.run_case(text, "one.h5", "--threads", "1")
        two = self.run_case(text, "two.h5", "--threads", "2")
        self.assert_same_datasets(one, two)
        part = self.run_case(text, "part.h5", "-D", "step.iterations=13")
        self.restrain("run", self.folder / "case.yaml", "-o", "part.h5",
                      "--resume")
        self.assert_same_datasets(one, part)

    def test_schedules_go_by_the_time_of_sgd(self):
        """Epochs of 5 steps: the learning rate falls after 10 of them."""
        for kind, length in (("sde", 4), ("svag", 4), ("sde", 1)):
            path = self.run_case(
                NETWORK.replace("iterations: 40}", "iterations: 80, schedule: "
                                "{kind: steps, at: [2], factors: [0.1]}}")
                + f"sampling: {{kind: {kind}, batch: 4, l: {length}}}\n")
            lr = np.full(80, 0.1 / length)
            lr[10 * length:] /= 10
            with h5py.File(path) as file:
                self.assert_close(file["step_size"][:80], lr, 1e-14)

    def test_lengths_that_are_no_powers_of_two(self):
        for length in ("6", "1.5", "4294967296"):
            path = self.write(f"{NETWORK}sampling: {{kind: sde, batch: 4, "
                              f"l: {length}}}\n")
            done = self.restrain("run", path, "-o", "run.h5", expect=2)
            self.assertIn('case.yaml:11:36: error: key "sampling.l": expected '
                          'a power of two for sampling.kind "sde"',
                          done.stderr)


if __name__ == "__main__":
    main()
