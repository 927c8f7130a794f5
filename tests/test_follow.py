# SPDX-License-Identifier: GPL-3.0-or-later
"""restrain follow: trajectories of any program, against NumPy."""
import json
import os
import struct
import subprocess
import sys
import unittest

import h5py
import numpy as np

from support import PROGRAM, SMALL_CASE, SOURCE, ProgramTest, main

SHAPES = {"layer/weight": (3, 4, 5), "0.bias": (7,), "1.weight": (11, 2)}
TIMES = 40
CURVES = ("twin_difference", "twin_distance", "twin_participation",
          "weight_norm", "local_displacement", "global_displacement",
          "window_difference", "window_wasserstein", "window_kolmogorov")


def walk(seed, shapes=None, times=TIMES):
    """Random walks {name: (time, ...)} with some weights at 0."""
    random = np.random.RandomState(seed)
    walks = {}
    for name, shape in (shapes or SHAPES).items():
        walks[name] = np.cumsum(random.standard_normal((times, *shape)), 0)
        walks[name].reshape(times, -1)[:, 0] = 0
    return walks


def flat(walks):
    return np.concatenate([values.reshape(len(values), -1)
                           for values in walks.values()], axis=1)


def relative(one, other):
    size = abs(one) + abs(other)
    return np.mean(np.where(size > 0, 2 * abs(one - other)
                            / np.where(size > 0, size, 1), 0), axis=-1)


def slope(x, y):
    """Least squares by NumPy, and the standard error of the slope."""
    (rate, _), covariance = np.polyfit(x, y, 1, cov=True)
    return rate, np.sqrt(covariance[0, 0])


def kolmogorov(x, y):
    places = np.concatenate([x, y])
    return max(abs(np.mean(x <= place) - np.mean(y <= place))
               for place in places)


def by_numpy(reference, twin, steps):
    """The curves and the exponent of (time, weight) arrays."""
    square = np.sum((reference - twin)**2, 1)
    norm = np.linalg.norm(reference, axis=1)
    out = np.sum((reference - reference[0])**2, 1)
    length = len(norm) // 8
    windows = [norm[i * length:(i + 1) * length] for i in range(8)]
    half = slice(len(norm) // 2, None)
    return {
        "twin_difference": relative(reference, twin),
        "twin_distance": np.sqrt(square),
        "twin_participation": square**2 / reference.shape[1]
        / np.sum((reference - twin)**4, 1),
        "weight_norm": norm,
        "local_displacement": np.append(
            np.sum(np.diff(reference, axis=0)**2, 1), np.nan),
        "global_displacement": out,
        "window_difference": [relative(reference[i * length],
                                       reference[(i + 1) * length])
                              for i in range(7)],
        "window_wasserstein": [np.mean(abs(np.sort(x) - np.sort(y)))
                               for x, y in zip(windows, windows[1:])],
        "window_kolmogorov": [kolmogorov(x, y)
                              for x, y in zip(windows, windows[1:])],
    }, slope(np.log(steps[half] - steps[0]), np.log(out[half]))


def write_stack(path, walks, axis="time", steps=None):
    with h5py.File(path, "w") as file:
        times = len(next(iter(walks.values())))
        file[axis] = np.arange(times) if steps is None else steps
        for name, values in walks.items():
            file[name] = values
        file["loss"] = np.zeros(times)  # of one axis: no tensor
        file["data"] = np.zeros((times + 1, 2))  # of another length


def safetensors(tensors):
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, values in tensors.items():
        numbers = values.astype("<f8").tobytes()
        header[name] = {"dtype": "F64", "shape": list(values.shape),
                        "data_offsets": [len(data), len(data) + len(numbers)]}
        data += numbers
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def write_series(folder, walks, kind, steps=None):
    folder.mkdir()
    times = len(next(iter(walks.values())))
    for time in range(times):
        step = time if steps is None else steps[time]
        state = {name: values[time] for name, values in walks.items()}
        path = folder / f"step-{step}.{kind.split('-')[-1]}"
        if kind == "npz":
            np.savez(path, **state)
        elif kind == "deflated-npz":
            np.savez_compressed(path, **state)
        elif kind == "npy":
            np.save(path, *state.values())
        elif kind == "safetensors":
            path.write_bytes(safetensors(state))
        else:
            with h5py.File(path, "w") as file:
                for name, values in state.items():
                    file[name] = values


class FollowTest(ProgramTest):
    def follow(self, *arguments, **options):
        return self.restrain("follow", *arguments, "-o", "f.h5", "--force",
                             **options)

    def read(self):
        return h5py.File(self.folder / "f.h5", "r")

    def assert_numbers(self, reference, twin, steps):
        with self.read() as file:
            parts = {name: (values.reshape(len(values), -1),
                            twin[name].reshape(len(values), -1), file[name])
                     for name, values in reference.items()}
            parts["all"] = flat(reference), flat(twin), file
            for name, (one, other, found) in parts.items():
                curves, (exponent, error) = by_numpy(one, other, steps)
                for curve, expected in curves.items():
                    np.testing.assert_allclose(
                        found[curve][()].reshape(-1), expected, rtol=1e-12,
                        atol=1e-14, err_msg=f"{name} {curve}")
                self.assert_close(found["displacement_exponent"][()],
                                  exponent, 1e-9)
                self.assert_close(found["displacement_exponent_error"][()],
                                  error, 1e-9)
                self.assertEqual(found["weight_count"][()], one.shape[1])
            for row, name in zip(file["difference_map"][0],
                                 file["tensor"].asstr()):
                np.testing.assert_array_equal(
                    row, file[name]["twin_difference"][0])


class Numbers(FollowTest):
    def test_every_format_gives_the_numbers_of_numpy(self):
        reference, twin = walk(1), walk(2)
        steps = 3 + 10 * np.arange(TIMES)
        write_stack(self.folder / "a.h5", reference, "iteration", steps)
        write_stack(self.folder / "b.h5", twin, "time", steps)
        self.follow("a.h5", "b.h5")
        self.assert_numbers(reference, twin, steps)
        for kind in ("npz", "deflated-npz", "safetensors", "h5"):
            write_series(self.folder / kind, twin, kind, steps)
            self.follow("a.h5", kind)
            self.assert_numbers(reference, twin, steps)
            with self.read() as file:
                self.assertEqual(file["twin"].asstr()[0], kind)
                np.testing.assert_array_equal(file["step"][()], steps)
        # A pattern; and a series as the reference.
        self.follow("npz/step-*.npz", "b.h5")
        with self.read() as file:
            self.assertTrue(np.all(file["twin_distance"][()] == 0))

    def test_links_are_counted_once(self):
        walks = walk(1)
        write_stack(self.folder / "a.h5", walks)
        write_stack(self.folder / "b.h5", walk(2))
        with h5py.File(self.folder / "b.h5", "a") as file:
            file["again"] = file["1.weight"]  # a second name of it
            file["soft"] = h5py.SoftLink("/1.weight")
            file["away"] = h5py.ExternalLink("a.h5", "/1.weight")
        with h5py.File(self.folder / "a.h5", "a") as file:
            file["iteration"] = np.arange(3)  # of other things
            file["of_three"] = np.zeros((3, 2))
        self.follow("a.h5", "b.h5")
        self.assert_numbers(walks, walk(2), np.arange(TIMES))

    def test_arrays_of_their_own(self):
        walks = [walk(seed, {"weights": (4, 6)}) for seed in (3, 4)]
        for name, values in zip("ab", walks):
            write_series(self.folder / name, values, "npy")
        self.follow("a", "b")
        self.assert_numbers(*walks, np.arange(TIMES))

    def test_tensors_that_are_cut_into_parts(self):
        """Of more numbers than are in memory, with rows across the cut."""
        shapes = {"a": (700, 3), "b": (3, 701, 503), "c": (5,)}
        walks = [walk(seed, shapes, 3) for seed in (5, 6)]
        write_stack(self.folder / "a.h5", walks[0])
        for kind in ("npz", "deflated-npz", "safetensors", "h5"):
            write_series(self.folder / kind, walks[1], kind)
            self.follow("a.h5", kind)
            with self.read() as file:
                for name in shapes:
                    one, other = (values[name].reshape(3, -1)
                                  for values in walks)
                    self.assert_close(file[name]["twin_distance"][0],
                                      np.linalg.norm(one - other, axis=1),
                                      1e-12)
                    self.assert_close(file[name]["twin_difference"][0],
                                      relative(one, other), 1e-12)
        walks = [{"weights": values["b"]} for values in walks]
        for name, values in zip("uv", walks):
            write_series(self.folder / name, values, "npy")
        self.follow("u", "v")
        with self.read() as file:
            self.assert_close(file["twin_distance"][0], np.linalg.norm(
                flat(walks[0]) - flat(walks[1]), axis=1), 1e-12)

    def test_growth_and_saturation(self):
        """A distance that grows as exp(0.3 t), then stays."""
        reference = walk(7)
        steps = 5.0 * np.arange(TIMES)
        growth = 1e-8 * np.exp(np.minimum(0.3 * steps / 5, 9))
        twin = {name: values + growth.reshape(-1, *[1] * (values.ndim - 1))
                for name, values in reference.items()}
        write_stack(self.folder / "a.h5", reference, "time", steps)
        write_stack(self.folder / "b.h5", twin, "time", steps)
        told = json.loads(self.follow("a.h5", "b.h5", "--json").stdout)
        for found in (told["twins"][0], told["tensors"][1]["twins"][0]):
            self.assertAlmostEqual(found["growth_rate"], 0.06, delta=1e-7)
            self.assertLess(found["growth_rate_error"], 1e-6)
            self.assertEqual(found["saturation"], 5 * 27)
        event = told["events"][0]
        self.assertLessEqual(len(told["events"]), told["event_count"])
        self.assertEqual((event["first"], event["last"]), (0, 150))
        self.assertAlmostEqual(event["amplification"], np.exp(9), delta=1)
        # All weights part alike: the shares are those of their numbers.
        self.assertEqual(event["tensor"], "layer/weight")
        self.assertAlmostEqual(sum(event["tensor_shares"].values()), 1)
        for name, values in reference.items():
            self.assertAlmostEqual(event["tensor_shares"][name],
                                   values[0].size / 89, delta=1e-6)

    def test_exponents_of_known_motions(self):
        """Straight on: 2 without error; Brownian: 1."""
        line = np.arange(1.0, 101).reshape(-1, 1) * [1.0, -2.0, 0.5]
        brown = walk(8, {"w": (20000,)}, 100)["w"]
        for motion, exponent, tolerance in ((line, 2, 1e-10),
                                            (brown, 1, 0.02)):
            write_stack(self.folder / "a.h5", {"w": motion})
            told = json.loads(self.follow("a.h5", "--json").stdout)
            self.assertAlmostEqual(told["displacement_exponent"], exponent,
                                   delta=tolerance)
            self.assertLess(told["displacement_exponent_error"],
                            tolerance)
            self.assertEqual(told["twins"], [])
            with self.read() as file:
                self.assertNotIn("twin_difference", file)
                self.assertIn("local_displacement", file)

    def test_own_runs_part_as_twins_do(self):
        """Twins that were stored as runs of their own."""
        case = self.write("""\
flow:
  kind: network
  layers:
    - {kind: conv, channels: 4, kernel: 3, activation: {kind: swish}}
    - {kind: mean}
    - {kind: dense, units: 3}
data:
  train: {kind: textures, size: 8, classes: 3, count: 24, noise: 0.3, seed: 1}
initial: {kind: fan-in, seed: 1}
step: {lr: 12, weight_decay: 0.001, iterations: 120}
output: {every: 1, fields: [gradient]}
""")
        self.restrain("run", case, "-o", "1.h5")
        self.restrain("run", case, "-o", "3.h5", "-D", "step.divisor=3")
        self.restrain("run", case, "-o", "t.h5", "-D", "twins=[1, 3]",
                      "-D", "output.scalars=[tensor_difference]")
        self.follow("1.h5", "3.h5")
        with self.read() as found, \
                h5py.File(self.folder / "t.h5") as expected:
            for name in ("twin_difference", "twin_distance"):
                self.assertGreater(expected[name][1, -1], 1e-3)
                np.testing.assert_allclose(found[name][0], expected[name][1],
                                           rtol=1e-13)
            for name in ("twin_growth_rate", "twin_growth_rate_error",
                         "twin_saturation", "twin_plateau"):
                self.assert_close(found[name][0], expected[name][1], 1e-12)
            for name, values in expected["tensor_difference"].items():
                np.testing.assert_allclose(found[name]["twin_difference"][0],
                                           values[1], rtol=1e-13)
            self.assertEqual(list(found["tensor"].asstr()),
                             ["0.bias", "0.weight", "2.bias", "2.weight"])
            np.testing.assert_array_equal(found["time"], expected["time"])


class Memory(FollowTest):
    TENSOR, LIMIT = (2500, 4000), 128 * 2**20

    def setUp(self):
        super().setUp()
        for name in "ab":
            with h5py.File(self.folder / f"{name}.h5", "w") as file:
                file["time"] = np.arange(20)
                made = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
                made.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
                made.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
                space = h5py.h5s.create_simple((20, *self.TENSOR))
                h5py.h5d.create(file.id, b"w", h5py.h5t.IEEE_F32LE, space,
                                made)

    def test_it_is_that_of_a_part(self):
        """Ten million weights at 20 times, 800 MB a file, within 128 MB."""
        process = subprocess.Popen(
            [PROGRAM, "follow", "a.h5", "b.h5", "-o", "f.h5"],
            cwd=self.folder, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(process.returncode, 0)
        self.assertLess(1024 * usage.ru_maxrss, self.LIMIT)

    def test_an_interrupt_leaves_nothing(self):
        before = sorted(os.listdir(self.folder))
        self.interrupt("follow", "a.h5", "b.h5", "-o", "f.h5",
                       begun=lambda: True, work=0.3)
        self.assertEqual(sorted(os.listdir(self.folder)), before)


class Faults(FollowTest):
    def assert_fault(self, words, *arguments, expect=2):
        done = self.follow(*arguments, expect=expect)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)
        self.assertFalse((self.folder / "f.h5").exists())

    def test_trajectories_that_do_not_match(self):
        write_stack(self.folder / "a.h5", walk(1))
        for name, change, words in (
                ("x.h5", lambda walks: walks.pop("0.bias"),
                 ("x.h5 has no tensor 0.bias",)),
                ("y.h5", lambda walks: walks.update(new=walks["0.bias"]),
                 ("y.h5 has 4 tensors, a.h5 has 3",)),
                ("z.h5", lambda walks: walks.update({
                    "0.bias": np.zeros((TIMES, 8))}), ("another shape",))):
            walks = walk(2)
            change(walks)
            write_stack(self.folder / name, walks)
            self.assert_fault(words, "a.h5", name)
        write_stack(self.folder / "s.h5", walk(2, times=39))
        self.assert_fault(("39 times", "same times"), "a.h5", "s.h5")
        write_stack(self.folder / "l.h5", walk(2), steps=2 * np.arange(TIMES))
        self.assert_fault(("number 1 of the times is 2 in l.h5",),
                          "a.h5", "l.h5")

    def test_files_without_a_trajectory(self):
        with h5py.File(self.folder / "n.h5", "w") as file:
            file["w"] = np.zeros((3, 2))
        self.assert_fault(("neither /time nor /iteration",), "n.h5")
        write_stack(self.folder / "e.h5", {"loss_2": np.zeros(TIMES)})
        self.assert_fault(("e.h5 holds no tensor",), "e.h5")
        write_stack(self.folder / "u.h5", walk(1), steps=np.zeros(TIMES))
        self.assert_fault(("times must rise",), "u.h5")
        np.save(self.folder / "w.npy", np.zeros(3))
        self.assert_fault(("w.npy is one time", "quoted pattern"), "w.npy")
        self.assert_fault(("missing.h5", "No such file"), "missing.h5",
                          expect=4)
        (self.folder / "empty").mkdir()
        self.assert_fault(("empty holds no series",), "empty", expect=4)
        self.assert_fault(("none/*.npz holds no series",), "none/*.npz",
                          expect=4)
        (self.folder / "empty" / "a.npy").write_text("")
        (self.folder / "empty" / "b.npz").write_text("")
        self.assert_fault(("different kinds", "quoted pattern"), "empty")

    def test_names_that_are_taken(self):
        for name in ("twin_distance", "events/weight"):
            write_stack(self.folder / "a.h5", {name: np.zeros((TIMES, 2))})
            self.assert_fault((f"cannot be called {name}",), "a.h5")

    def test_numbers_that_are_not_finite(self):
        walks = walk(1)
        walks["0.bias"][17, 3] = np.nan
        write_stack(self.folder / "a.h5", walks)
        self.assert_fault(("a.h5: 0.bias is not finite at step 17",), "a.h5",
                          expect=4)

    def test_damaged_files_of_a_series(self):
        for kind, ending in (("npz", "npz"), ("deflated-npz", "npz"),
                             ("safetensors", "safetensors"), ("h5", "h5")):
            write_series(self.folder / kind, walk(1), kind)
            path = self.folder / kind / f"step-21.{ending}"
            whole = path.read_bytes()
            path.write_bytes(whole[:len(whole) // 2])
            self.assert_fault(("step-21",), kind, expect=4)
            path.unlink()
            write_series(self.folder / "lacking", {"new": np.zeros((1, 3))},
                         kind)
            os.rename(self.folder / "lacking" / f"step-0.{ending}", path)
            (self.folder / "lacking").rmdir()
            self.assert_fault(("step-21", "no tensor"), kind)

    def test_a_flipped_bit_in_an_archive(self):
        write_series(self.folder / "npz", walk(1), "npz")
        path = self.folder / "npz" / "step-9.npz"
        whole = bytearray(path.read_bytes())
        at = whole.index(b"\n", whole.index(b"NUMPY")) + 9
        whole[at] ^= 1
        path.write_bytes(whole)
        self.assert_fault(("step-9.npz", "damaged"), "npz", expect=4)

    def test_outputs(self):
        write_stack(self.folder / "a.h5", walk(1))
        self.restrain("run", self.write(SMALL_CASE), "-o", "r.h5")
        kept = (self.folder / "r.h5").read_bytes()
        self.restrain("follow", "r.h5", "-o", "r.h5", "--force", expect=2)
        self.assertEqual((self.folder / "r.h5").read_bytes(), kept)
        self.restrain("follow", "a.h5")
        self.assertTrue((self.folder / "output/a/follow.h5").exists())
        self.restrain("follow", "a.h5", expect=4)
        self.restrain("follow", "a.h5", "--force")
        write_series(self.folder / "run-0.5", walk(1), "npz")
        self.restrain("follow", "run-0.5/")
        self.restrain("follow", "run-0.5/*.npz", "--force")
        self.assertTrue((self.folder / "output/run-0.5/follow.h5").exists())
        self.restrain("info", "--verify", "output/run-0.5/follow.h5")

    def test_many_tensors(self):
        """More than a scale can know."""
        walks = walk(1, {f"{i}.weight": (2,) for i in range(800)}, 4)
        write_stack(self.folder / "a.h5", walks)
        self.follow("a.h5", "a.h5")
        with self.read() as file:
            self.assertEqual(file["799.weight/weight_norm"].shape, (4,))


class Fake:
    """What the recorder asks of a tensor."""

    def __init__(self, values):
        self.values, self.ndim = values, values.ndim

    def is_floating_point(self):
        return self.values.dtype.kind == "f"

    def element_size(self):
        return self.values.itemsize

    def detach(self):
        return self

    cpu = detach

    def float(self):
        return Fake(self.values.astype("f4"))

    def numpy(self):
        return self.values


class Recorder(FollowTest):
    def setUp(self):
        super().setUp()
        sys.path.insert(0, str(SOURCE / "tools"))
        self.addCleanup(sys.path.remove, str(SOURCE / "tools"))

    def test_numbers_come_through(self):
        from record import Recorder as Record

        class Model:
            def state_dict(self):
                return {name: Fake(values) for name, values in
                        self.state.items()}

        model = Model()
        walks = [walk(seed, {"0.weight": (3, 2), "0.bias": (3,)})
                 for seed in (1, 2)]
        for name, values in zip("ab", walks):
            model.state = {"tracked": np.array(0), "half": np.zeros(2, "f2")}
            model.state.update({key: value[0]
                                for key, value in values.items()})
            with Record(self.folder / f"{name}.h5", model) as record:
                for time in range(TIMES):
                    model.state.update({key: value[time]
                                        for key, value in values.items()})
                    record(10 * time)
        self.follow("a.h5", "b.h5")
        with self.read() as file:
            self.assertEqual(file["half/weight_count"][()], 2)
            for name in ("0.weight", "0.bias"):
                one, other = (values[name].reshape(TIMES, -1)
                              for values in walks)
                self.assert_close(file[name]["twin_distance"][0],
                                  np.linalg.norm(one - other, axis=1), 1e-13)
            np.testing.assert_array_equal(file["step"],
                                          10 * np.arange(TIMES))

    def test_two_pytorch_trainings(self):
        try:
            import torch
        except ImportError:
            raise unittest.SkipTest("PyTorch is not installed") from None
        from record import Recorder as Record
        trained = []
        for seed in (1, 2):
            torch.manual_seed(7)
            model = torch.nn.Sequential(
                torch.nn.Linear(6, 8), torch.nn.Tanh(),
                torch.nn.BatchNorm1d(8), torch.nn.Linear(8, 2))
            torch.manual_seed(seed)
            optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
            states = []
            with Record(self.folder / f"{seed}.h5", model) as record:
                for iteration in range(50):
                    record(iteration)
                    states.append({
                        name: tensor.double().numpy().reshape(-1).copy()
                        for name, tensor in model.state_dict().items()
                        if tensor.ndim})
                    optimizer.zero_grad()
                    x = torch.randn(32, 6)
                    loss = ((model(x) - x[:, :2].abs())**2).mean()
                    loss.backward()
                    optimizer.step()
            trained.append(states)
        self.follow("1.h5", "2.h5")
        with self.read() as file:
            for name in trained[0][0]:
                one, other = (np.array([state[name] for state in states])
                              for states in trained)
                self.assert_close(file[name]["twin_difference"][0],
                                  relative(one, other), 1e-12)
            self.assertGreater(file["twin_difference"][0, -1], 0.1)

    def test_twins_of_pytorch_are_made(self):
        try:
            import torch
        except ImportError:
            raise unittest.SkipTest("PyTorch is not installed") from None
        self.assertTrue(torch.__version__)
        subprocess.run([sys.executable, SOURCE / "tools/pytorch_twins",
                        self.folder, "--iterations", "20"], check=True,
                       capture_output=True, timeout=300)
        self.follow("reference.h5", "divisor.h5", "double.h5", "seed.h5")
        with self.read() as file:
            distance = file["twin_distance"][:]
        self.assertEqual(distance.shape, (3, 21))
        np.testing.assert_array_equal(distance[:2, 0], 0)
        self.assertLess(distance[:2, 10].max(), 1e-4)
        self.assertGreater(distance[:2, 10].min(), 0)
        self.assertGreater(distance[2, 0], 1)


if __name__ == "__main__":
    main()
