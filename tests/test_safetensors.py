# SPDX-License-Identifier: GPL-3.0-or-later
"""Weights from and for other programs: files of the library safetensors."""
import json
import struct

import h5py
import numpy as np

from support import ProgramTest, main

CASE = """\
title: weights from a file
flow:
  kind: network
  layers:
    - {kind: conv, channels: 2, kernel: 3, activation: {kind: tanh}}
    - kind: residual
      layers:
        - {kind: conv, channels: 2, kernel: 3, boundary: same}
    - kind: mean
    - {kind: dense, units: 3}
data:
  train: {kind: textures, size: 8, classes: 3, count: 12, noise: 0.3, seed: 1}
initial: {kind: fan-in, seed: 3}
step: {lr: 0.5, weight_decay: 0.01, iterations: 3}
"""
SHAPES = {"0.weight": (2, 1, 3, 3), "0.bias": (2,),
          "1.0.weight": (2, 2, 3, 3), "1.0.bias": (2,),
          "3.weight": (3, 2), "3.bias": (3,)}
TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}


def pack(tensors, dtype, change=None):
    """Bytes of a file; change() may spoil the header."""
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, values in tensors.items():
        if dtype == "BF16":
            bits = values.astype("<f4").view("<u4") >> 16
            numbers = bits.astype(TYPES[dtype]).tobytes()
        else:
            numbers = values.astype(TYPES[dtype]).tobytes()
        header[name] = {"dtype": dtype, "shape": list(values.shape),
                        "data_offsets": [len(data), len(data) + len(numbers)]}
        data += numbers
    if change:
        change(header)
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def unpack(path):
    """The tensors of a file, read by the format's description alone."""
    content = path.read_bytes()
    length, = struct.unpack("<Q", content[:8])
    header = json.loads(content[8:8 + length])
    assert header.pop("__metadata__") == {"format": "pt"}
    assert length % 8 == 0
    tensors = {}
    for name, entry in header.items():
        first, last = (8 + length + at for at in entry["data_offsets"])
        tensors[name] = np.frombuffer(
            content[first:last], TYPES[entry["dtype"]]
        ).reshape(entry["shape"])
    return tensors


class Safetensors(ProgramTest):
    def setUp(self):
        super().setUp()
        self.case = self.write(CASE)
        random = np.random.RandomState(5)
        # Few digits, so that all types hold the same numbers.
        self.tensors = {
            name: np.round(16 * random.uniform(-1, 1, shape)) / 16
            for name, shape in SHAPES.items()}

    def begin(self, content, expect=0):
        (self.folder / "w.safetensors").write_bytes(content)
        return self.restrain(
            "run", self.case, "-o", "r.h5", "--force", "-D",
            "initial={kind: file, file: w.safetensors}",
            "-D", "step.iterations=0", expect=expect)

    def test_every_type_is_read(self):
        for dtype in TYPES:
            self.begin(pack(self.tensors, dtype))
            with h5py.File(self.folder / "r.h5") as file:
                for name, values in self.tensors.items():
                    np.testing.assert_array_equal(file[name][0], values,
                                                  f"{dtype} {name}")

    def test_halves_of_all_kinds(self):
        """Subnormal and largest numbers of both types of 16 bits."""
        for dtype, smallest, largest in (("F16", 2.0**-24, 65504.0),
                                         ("BF16", 2.0**-133, 2.0**127)):
            self.tensors["3.bias"] = np.array([smallest, -smallest, largest])
            self.begin(pack(self.tensors, dtype))
            with h5py.File(self.folder / "r.h5") as file:
                np.testing.assert_array_equal(file["3.bias"][0],
                                              self.tensors["3.bias"])

    def test_weights_of_a_run_go_round(self):
        for precision in ("double", "float"):
            self.restrain("run", self.case, "-o", "r.h5", "--force", "-D",
                          "output.weights=safetensors", "-D",
                          f"flow.precision={precision}")
            written = unpack(self.folder / "r.weights.safetensors")
            self.assertEqual({name: values.shape
                              for name, values in written.items()}, SHAPES)
            with h5py.File(self.folder / "r.h5") as file:
                for name, values in written.items():
                    self.assertEqual(values.tobytes(),
                                     file[name][-1].tobytes())
            self.restrain("run", self.case, "-o", "s.h5", "--force", "-D",
                          "initial={kind: file, "
                          "file: r.weights.safetensors}",
                          "-D", "step.iterations=0",
                          "-D", f"flow.precision={precision}")
            with h5py.File(self.folder / "s.h5") as file:
                for name, values in written.items():
                    self.assertEqual(values.tobytes(),
                                     file[name][0].tobytes())

    def test_weights_of_a_minimum(self):
        told = json.loads(self.restrain(
            "analyze", self.case, "-o", "a.h5", "--json", "-D",
            "analyze.starts=0", "-D", "output.weights=safetensors").stdout)
        point = told["fixed_points"][int(told["minimum"])]
        self.begin((self.folder / "a.weights.safetensors").read_bytes())
        with h5py.File(self.folder / "r.h5") as file:
            self.assert_close(file["loss"][0], point["loss"], 1e-14)
            self.assertLess(file["grad_norm"][0], 1e-10)

    def test_stale_weights_go(self):
        self.restrain("run", self.case, "-o", "r.h5", "-D",
                      "output.weights=safetensors")
        self.restrain("run", self.case, "-o", "r.h5", "--force")
        self.assertFalse((self.folder / "r.weights.safetensors").exists())

    def assert_refused(self, content, message, code=4):
        done = self.begin(content, expect=code)
        self.assertIn(message, done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)

    def test_faults_are_named(self):
        whole = pack(self.tensors, "F32")

        def spoil(name, key, value):
            def change(header):
                header[name][key] = value
            return pack(self.tensors, "F32", change)

        self.assert_refused(b"", "no header")
        self.assert_refused(whole[:50], "no valid safetensors file")
        self.assert_refused(struct.pack("<Q", 2**60) + whole[8:],
                            "no valid safetensors file")
        self.assert_refused(whole[:8] + b"x" + whole[9:], "no JSON object")
        self.assert_refused(whole[:-1], "numbers of 3.bias are not where")
        self.assert_refused(spoil("0.bias", "dtype", "I64"),
                            "0.bias is of a type that cannot be read")
        self.assert_refused(spoil("0.bias", "shape", "wide"),
                            "0.bias has no shape")
        self.assert_refused(spoil("0.bias", "shape", [2**40, 2**40]),
                            "numbers of 0.bias are not where")
        self.assert_refused(spoil("0.bias", "data_offsets", [8, 0]),
                            "numbers of 0.bias are not where")
        self.assert_refused(spoil("3.weight", "shape", [2, 3]),
                            "3.weight is 2 x 3, the state needs 3 x 2", 2)
        self.tensors["3.bias"][1] = np.nan
        self.assert_refused(pack(self.tensors, "F32"),
                            "not a finite number", 2)
        del self.tensors["3.bias"]
        self.assert_refused(pack(self.tensors, "F32"),
                            "has no tensor 3.bias")


if __name__ == "__main__":
    main()
