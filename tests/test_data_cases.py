# SPDX-License-Identifier: GPL-3.0-or-later
"""The shipped cases of data sets: what they promise, and the published and
derived numbers. Skipped where a set cannot be had."""
import json

import h5py
import numpy as np

from support import (
    CASES, ProgramTest, data_set, data_set_of, main, value_at)

DATA_CASES = [case for case in sorted(CASES.glob("*.yaml"))
              if data_set_of(case)]
# Kernels, weights and biases of norms, and the last layer.
PARAMETERS = (9 * (3 * 16 + 18 * 16 * 16 + 16 * 32 + 17 * 32 * 32 + 32 * 64
                   + 17 * 64 * 64) + 2 * (19 * 16 + 18 * 32 + 18 * 64)
              + 65 * 10)


class DataTest(ProgramTest):
    def given(self, stem):
        """The case and where its examples are."""
        case = CASES / f"{stem}.yaml"
        name = data_set_of(case)
        place = data_set(name)
        sets = ["train"]
        if "\n  test:" in case.read_text("utf-8"):
            sets.append("test")
        options = []
        for one in sets:
            group = f"/{one}" if name == "fashion-mnist" else ""
            for part in ("images", "labels"):
                options += ["-D", f"data.{one}.{part}={place}:{group}/{part}"]
        return (case, *options)

    def promised(self, *case):
        return json.loads(
            self.restrain("check", *case, "--json").stdout)["expect"]

    def analyze(self, stem, *arguments):
        case, *options = self.given(stem)
        return json.loads(self.restrain(
            "analyze", case, *options, "-D", "analyze.starts=0", *arguments,
            "-o", "analysis.h5", "--force", "--json").stdout)


class Promises(DataTest):
    """Of the first iterations: the runs are long."""

    def keep(self, name):
        for case in DATA_CASES:
            if data_set_of(case) != name:
                continue
            with self.subTest(case.stem):
                self.keep_promises(case.stem)

    def keep_promises(self, stem):
        case, *options = self.given(stem)
        promised = self.promised(case, *options)
        self.assertTrue(promised)
        last = max(promise["iteration"] for promise in promised)
        self.restrain("run", case, *options, "-D", f"step.iterations={last}",
                      "-D", "output.every=1000", "-D", "output.scalars=[]",
                      "-o", f"{stem}.h5")
        for promise in promised:
            self.assert_close(
                value_at(self.folder / f"{stem}.h5", promise["scalar"],
                         promise["iteration"]),
                promise["value"], promise["tolerance"])

    def test_digits(self):
        data_set("mnist-5000")
        self.keep("mnist-5000")

    def test_fashion(self):
        data_set("fashion-mnist")
        self.keep("fashion-mnist")


class ResidualNetwork(DataTest):
    """The paper's, on random numbers in the place of CIFAR-10."""

    def write_images(self, name, count):
        records = np.random.RandomState(count).randint(
            0, 256, (count, 3073), dtype=np.uint8)
        records[:, 0] %= 10
        records.tofile(self.folder / name)
        return self.folder / name

    def test_the_first_updates(self):
        train, test = self.write_images("a.bin", 32), self.write_images(
            "b.bin", 8)
        runs = []
        for threads in ("1", "2"):
            self.restrain(
                "run", CASES / "resnet-56.yaml", "--threads", threads, "-D",
                f"data.train.files=[{train}]", "-D",
                f"data.test.files=[{test}]", "-D", "step.iterations=20",
                "-D", "sampling.batch=4", "-D", "twins=[]", "-D",
                "output={every: 20}", "-o", "run.h5", "--force")
            with h5py.File(self.folder / "run.h5") as file:
                self.assertEqual(file["0.weight"].shape[1:], (16, 3, 3, 3))
                self.assertEqual(sum(
                    item[0].size for name, item in file.items()
                    if name.endswith((".weight", ".bias"))), PARAMETERS)
                self.assertEqual(file["step_size"][0], 0.1)
                runs.append(file["loss"][()])
        self.assertTrue(np.isfinite(runs[0]).all())
        self.assertEqual(runs[0].tobytes(), runs[1].tobytes())


class Minima(DataTest):
    """Figure 9: losses and 2/lambda_max as an independent program found
    them."""

    def setUp(self):
        super().setUp()
        data_set("mnist-5000")

    def assert_minimum(self, found, loss, lr_lo):
        point = found["fixed_points"][found["minimum"]]
        self.assertEqual(point["kind"], "minimum")
        self.assertAlmostEqual(point["loss"], loss, delta=6e-7)
        self.assert_close(found["lr_lo"], lr_lo, 1e-4)

    def test_one_layer_from_a_seed(self):
        for boundary, loss, lr_lo in (("valid", 0.683096, 84.740),
                                      ("same", 0.684444, 96.140)):
            with self.subTest(boundary):
                self.assert_minimum(
                    self.analyze("mnist-1-lr-90", "-D",
                                 f"flow.layers.0.boundary={boundary}"),
                    loss, lr_lo)

    def test_two_layers_from_a_seed(self):
        self.assert_minimum(self.analyze("mnist-2-lr-10"), 0.669592, 12.530)

    def test_the_starts_of_the_sweeps_lie_beside_minima(self):
        for stem, loss, lr_lo in (
                ("1-valid", 0.683096, 84.740), ("1-same", 0.684444, 96.140),
                ("2-valid-flat", 0.669592, 12.530),
                ("2-valid-steep", 0.677838, 3.771),
                ("2-same-flat", 0.678657, 19.574),
                ("2-same-middle", 0.679551, 16.434),
                ("2-same-steep", 0.682734, 4.985)):
            with self.subTest(stem):
                self.assert_minimum(self.analyze(f"mnist-boundary-{stem}"),
                                    loss, lr_lo)

    def test_runs_leave_minima_within_a_hundredth_of_the_limit(self):
        for stem, limit in (("1-valid", 84.740), ("2-valid-steep", 3.771)):
            case, *options = self.given(f"mnist-boundary-{stem}")
            for factor in (0.99, 1.01):
                self.restrain("run", case, *options, "-o", "run.h5",
                              "--force", "-D", "output.every=200", "-D",
                              f"step.lr={factor * limit!r}")
                with self.subTest(stem, factor=factor), \
                        h5py.File(self.folder / "run.h5") as file:
                    start, end = file["loss"][[0, -1]]
                    if factor < 1:
                        self.assertLess(end, start)
                    else:
                        self.assertGreater(end, start + 1e-5)


if __name__ == "__main__":
    main()
