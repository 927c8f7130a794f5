# SPDX-License-Identifier: GPL-3.0-or-later
"""Layers of a network: in an analysis, along a run, in its events."""
import json

import h5py
import numpy as np

from support import CASES, ProgramTest, main

CASE = """\
title: layers of a small residual network
flow:
  kind: network
  layers:
    - {kind: conv, channels: 3, kernel: 3, boundary: same}
    - kind: residual
      layers:
        - {kind: conv, channels: 3, kernel: 3, boundary: same,
           activation: {kind: swish}}
    - kind: mean
    - {kind: dense, units: 2}
data:
  train: {kind: textures, size: 8, classes: 2, count: 20, noise: 0.3, seed: 1}
initial: {kind: fan-in, seed: 3}
step: {lr: 2, weight_decay: 0.02, iterations: 60}
output:
  every: 10
  scalars: [sharpness, lyapunov, layer_sharpness, layer_gamma,
            layer_windowed_min, layer_windowed_max, layer_activated,
            layer_transitioning, layer_not_activated]
sharpness: {every: 2}
"""
LAYERS = ["0", "1.0", "3"]
TENSORS = ["0.weight", "0.bias", "1.0.weight", "1.0.bias",
           "3.weight", "3.bias"]


def texts(dataset):
    return [text.decode() for text in dataset[()]]


class Layers(ProgramTest):
    def setUp(self):
        super().setUp()
        self.case = self.write(CASE)

    def test_analysis(self):
        told = json.loads(self.restrain(
            "analyze", self.case, "-o", "a.h5", "--json").stdout)
        self.assertEqual([each["name"] for each in told["layers"]], LAYERS)
        with h5py.File(self.folder / "a.h5") as file:
            self.assertEqual(texts(file["layer"]), LAYERS)
            for i, layer in enumerate(told["layers"]):
                for name, value in layer.items():
                    if name != "name":
                        self.assertEqual(file["layer_" + name][i], value)
                # A block's extremes lie within those of the whole.
                self.assertLess(layer["lambda_max"],
                                file["lambda_max"][()] * (1 + 1e-9))
                self.assertAlmostEqual(
                    layer["lr_lo"] * layer["lambda_max"], 2, 9)
            self.assertAlmostEqual(told["layers"][2]["activated"], 1)

    def test_run(self):
        self.restrain("run", self.case, "-o", "r.h5")
        with h5py.File(self.folder / "r.h5") as file:
            self.assertEqual(texts(file["layer"]), LAYERS)
            block = file["layer_sharpness"][()]
            self.assertEqual(block.shape, (3, 61))
            self.assertTrue(np.isnan(block[:, 1::2]).all())
            whole = file["sharpness"][::2]
            self.assertTrue((block[:, ::2] <= whole * (1 + 1e-5)).all())
            shares = [file["layer_" + name][()][:, ::2] for name in (
                "activated", "transitioning", "not_activated")]
            np.testing.assert_allclose(sum(shares), 1, rtol=1e-12)
            self.assertTrue((file["layer_windowed_min"][()][:, ::2]
                             <= 0.02 + 1e-12).all())
            # Nothing lies behind the last layer but the loss.
            np.testing.assert_allclose(file["layer_gamma"][2, ::2],
                                       file["layer_gamma"][2, 0])

    def test_events_name_the_tensor(self):
        told = json.loads(self.restrain(
            "run", self.case, "-o", "r.h5", "--json").stdout)
        with h5py.File(self.folder / "r.h5") as file:
            self.assertEqual(texts(file["tensor"]), TENSORS)
            events = file["events"]
            shares = events["tensor_share"][()]
            self.assertGreater(len(shares), 0)
            np.testing.assert_allclose(shares.sum(axis=1), 1)
            np.testing.assert_array_equal(shares.argmax(axis=1),
                                          events["tensor"])
            for event, tensor in enumerate(events["tensor"][()]):
                shape = file[TENSORS[tensor]].shape[1:]
                self.assertLess(events["out"][event], shape[0])
                if len(shape) == 1:
                    self.assertEqual(events["in"][event], -1)
                else:
                    self.assertLess(events["in"][event], shape[1])
            strongest = told["strongest_events"][0]
            place = list(events["first"]).index(strongest["first"])
            self.assertEqual(strongest["tensor"],
                             TENSORS[events["tensor"][place]])

    def test_resumed_to_the_bit(self):
        self.restrain("run", self.case, "-o", "whole.h5")
        self.restrain("run", self.case, "-o", "parts.h5",
                      "-D", "step.iterations=27", "--threads", "2")
        self.restrain("run", self.case, "-o", "parts.h5", "--resume")
        self.assert_same_datasets(self.folder / "whole.h5",
                                  self.folder / "parts.h5")

    def test_flows_without_layers_are_refused(self):
        done = self.restrain(
            "run", CASES / "heat-stable.yaml", "-o", "h.h5",
            "-D", "output.scalars=[layer_gamma]", expect=2)
        self.assertIn("the flow has no layers", done.stderr)


if __name__ == "__main__":
    main()
