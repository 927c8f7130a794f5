# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of networks: the same bits whatever the threads, the call, the breaks
and what cancels in the divisor; weights that one run leaves another takes."""
import h5py
import numpy as np

from support import ProgramTest, datasets, main

CASE = """\
title: a network of every kind of tensor
flow:
  kind: network
  layers:
    - kind: conv
      channels: 4
      kernel: 3
      boundary: same
      normalisation: {kind: group, groups: 2}
      activation: {kind: swish}
    - kind: residual
      layers:
        - {kind: conv, channels: 4, kernel: 3, boundary: periodic}
      activation: {kind: tanh}
    - {kind: pool, size: 2}
    - {kind: dense, units: 3}
  loss: cross-entropy
data:
  train: {kind: textures, size: 8, classes: 3, count: 40, noise: 0.3}
initial: {kind: uniform, seed: 3}
step: {scheme: nesterov, lr: 0.1, weight_decay: 1e-3, iterations: 40}
output: {every: 4, scalars: [sharpness], fields: [difference]}
sharpness: {every: 5}
twins: [3]
"""
# Some hundred milliseconds, so that there is something to interrupt.
LONG = ("-D", "step.iterations=500", "-D", "sharpness.every=100", "-D",
        "output.checkpoint=0.02")


def last_change(path):
    """0 for a file that does not exist."""
    return path.stat().st_mtime_ns if path.exists() else 0


def numbers(path):
    """All datasets but those that tell how the file was made."""
    return {name: content for name, content in datasets(path).items()
            if not name.startswith("provenance")}


class SameBits(ProgramTest):
    def setUp(self):
        super().setUp()
        self.case = self.write(CASE)

    def run_case(self, name, *arguments):
        self.restrain("run", self.case, "-o", name, *arguments)
        return self.folder / name

    def test_calls_and_threads(self):
        for precision in ("double", "float"):
            given = ("-D", f"flow.precision={precision}")
            first = self.run_case(f"{precision}-1.h5", *given, "--threads", 1)
            for call, threads in (("again", 1), ("two", 2), ("five", 5)):
                with self.subTest(precision=precision, call=call):
                    self.assert_same_datasets(first, self.run_case(
                        f"{precision}-{call}.h5", *given, "--threads",
                        threads))

    def test_an_interrupted_run_is_resumed_by_other_threads(self):
        whole = self.run_case("whole.h5", *LONG, "--threads", 2)
        part = self.folder / "part.h5"
        work = ("run", self.case, "-o", part, *LONG, "--resume")
        newest = self.folder / "part.checkpoint"
        for threads in (1, 2):
            before = last_change(newest)
            self.interrupt(*work, "--threads", threads, begun=lambda:
                           last_change(newest) != before)
        with h5py.File(part) as file:
            self.assertLess(len(file["loss"]), 501)
        self.restrain(*work, "--threads", 1)
        self.assert_same_datasets(whole, part)

    def test_every_scheme_is_prolonged(self):
        for scheme in ("euler", "heavy-ball", "nesterov", "rk4", "imex",
                       "adam"):
            given = ("-D", f"step.scheme={scheme}", "-D", "step.lr=0.02",
                     "-D", "twins=[ulp]")
            with self.subTest(scheme):
                whole = self.run_case(f"{scheme}.h5", *given)
                part = self.run_case(f"{scheme}-part.h5", *given, "-D",
                                     "step.iterations=17")
                self.run_case(part.name, *given, "--resume")
                self.assert_same_datasets(whole, part)

    def test_powers_of_two_cancel_in_divisors(self):
        for precision in ("double", "float"):
            for divisor in (1, 3):
                given = ("-D", "twins=[]", "-D", "output.fields=[]", "-D",
                         f"flow.precision={precision}", "--force")
                first = numbers(self.run_case(
                    "k.h5", *given, "-D", f"step.divisor={divisor}"))
                for factor in (64, 1 / 8):
                    with self.subTest(precision=precision, divisor=divisor,
                                      factor=factor):
                        other = numbers(self.run_case(
                            "n.h5", *given, "-D",
                            f"step.divisor={divisor * factor!r}"))
                        self.assertEqual(first, other)

    def test_other_divisors_move_the_last_bits(self):
        with h5py.File(self.run_case("run.h5")) as file:
            parted = abs(file["difference_3/3.weight"][:]).max()
        self.assertTrue(0 < parted < 1e-10, parted)


class Weights(ProgramTest):
    def setUp(self):
        super().setUp()
        self.case = self.write(CASE.replace(", fields: [difference]", "")
                               .replace("twins: [3]\n", "")
                               .replace("nesterov", "euler"))
        self.restrain("run", self.case, "-o", "first.h5")

    def tensors(self, name, snapshot):
        """As a PyTorch state dict has them."""
        with h5py.File(self.folder / name) as file:
            return {key: item[snapshot] for key, item in file.items()
                    if key.endswith((".weight", ".bias"))}

    def test_names_and_shapes_are_pytorchs(self):
        shapes = {name: value.shape
                  for name, value in self.tensors("first.h5", 0).items()}
        self.assertEqual(shapes, {
            "0.weight": (4, 1, 3, 3), "0.bias": (4,),
            "0.norm.weight": (4,), "0.norm.bias": (4,),
            "1.0.weight": (4, 4, 3, 3), "1.0.bias": (4,),
            "3.weight": (3, 64), "3.bias": (3,)})

    def test_a_run_goes_on_from_the_last_weights_of_another(self):
        self.restrain("run", self.case, "-o", "whole.h5", "-D",
                      "step.iterations=60")
        self.restrain("run", self.case, "-o", "rest.h5", "-D",
                      "step.iterations=20", "-D",
                      "initial={kind: file, file: first.h5}")
        with h5py.File(self.folder / "whole.h5") as whole, \
                h5py.File(self.folder / "rest.h5") as rest:
            np.testing.assert_array_equal(whole["loss"][40:], rest["loss"])
        for name, value in self.tensors("whole.h5", -1).items():
            np.testing.assert_array_equal(
                value, self.tensors("rest.h5", -1)[name])

    def test_weights_of_a_group(self):
        weights = self.tensors("first.h5", 5)
        with h5py.File(self.folder / "w.h5", "w") as file:
            for name, value in weights.items():
                file[f"net/{name}"] = value
        self.restrain("run", self.case, "-o", "rest.h5", "-D",
                      "step.iterations=20", "-D",
                      "initial={kind: file, file: 'w.h5:/net'}")
        with h5py.File(self.folder / "first.h5") as first, \
                h5py.File(self.folder / "rest.h5") as rest:
            np.testing.assert_array_equal(first["loss"][20:], rest["loss"])

    def test_a_sweep_starts_from_them(self):
        start = ("-D", "initial={kind: file, file: first.h5}", "-D",
                 "step.iterations=40")
        self.restrain("sweep", self.case, "-o", "sweep.h5", *start, "-D",
                      "sweep={axes: [{key: step.lr, values: [0.05, 0.1]}]}")
        self.restrain("run", self.case, "-o", "rest.h5", *start)
        with h5py.File(self.folder / "sweep.h5") as sweep, \
                h5py.File(self.folder / "rest.h5") as rest:
            self.assertEqual(sweep["final_loss"][()].ravel()[-1],
                             rest["loss"][-1])

    def test_other_networks_are_refused(self):
        done = self.restrain("run", self.case, "-D", "flow.layers.3.units=4",
                             "-D", "initial={kind: file, file: first.h5}",
                             "-D", "data.train.classes=4", expect=2)
        self.assertIn("first.h5: /3.weight is 11 x 3 x 64, the state needs "
                      "4 x 64", done.stderr)


if __name__ == "__main__":
    main()
