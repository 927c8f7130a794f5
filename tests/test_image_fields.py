# SPDX-License-Identifier: GPL-3.0-or-later
"""The image of a run and the responses to it, as the file of the run has
them: against NumPy, against what else the run records, and after a resume."""
import h5py
import matplotlib.image
import numpy as np

from support import CASES, SMALL_CASE, ProgramTest, datasets, main

PHOTOGRAPH = CASES / "images/photograph.png"
ASKED = ("-D", "output.fields=[image, response]")
# The first has few distinct patches, which the correlation keeps once.
TWO_IMAGES = """\
flow:
  kind: conv
  images:
    - {kind: checkerboard, size: 24, label: 1}
    - {kind: gaussian-field, size: 24, seed: 2, label: 0}
  kernel: 5
  shift: 0.1
initial: {kind: normal, seed: 3}
step: {scheme: euler, lr: 0.05, weight_decay: 2, iterations: 40}
output: {every: 4, fields: [image, response]}
"""


def checkerboard(size):
    """-1 in the corner."""
    y, x = np.indices((size, size))
    return np.where((y + x) % 2 == 0, -1.0, 1.0)


def photograph():
    """As the flow takes it, its grey levels from -1 to 1."""
    grey = matplotlib.image.imread(PHOTOGRAPH)
    return 2 * np.rint(255 * grey.astype(float)) / 255 - 1


def correlate(kernel, image, periodic):
    """The sums of the products of the kernel and each of its windows."""
    kernel, image = kernel.astype(float), image.astype(float)
    if periodic:
        image = np.pad(image, [(0, n - 1) for n in kernel.shape], mode="wrap")
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)
    return np.einsum("mnij,ij->mn", windows, kernel)


def swish(z):
    """The activation, and its derivative."""
    gate = 1 / (1 + np.exp(-z))
    return z * gate, gate + z * gate * (1 - gate)


class FieldTest(ProgramTest):
    def run_case(self, text, *options, name="run.h5"):
        """What a run stores, by name."""
        self.restrain("run", self.write(text), "-q", "-o", name, "--force",
                      *options)
        with h5py.File(self.folder / name) as run:
            return {name: item[()] for name, item in run.items()
                    if isinstance(item, h5py.Dataset)}

    def axes(self, name, file="run.h5"):
        """The scales of a dataset, one an axis."""
        with h5py.File(self.folder / file) as run:
            return [list(axis.keys()) for axis in run[name].dims]

    def assert_correlations(self, run, periodic):
        """Of each image, to the rounding of the precision."""
        images = run["image"].reshape(-1, *run["image"].shape[-2:])
        epsilon = np.finfo(run["response"].dtype).eps
        for kernel, responses in zip(run["kernel"], run["response"]):
            responses = responses.reshape(-1, *responses.shape[-2:])
            self.assertEqual(len(responses), len(images))
            for image, response in zip(images, responses):
                expected = correlate(kernel, image, periodic)
                self.assertEqual(response.shape, expected.shape)
                bound = epsilon * np.linalg.norm(kernel.astype(float)) * \
                    np.linalg.norm(image.astype(float))
                self.assertLess(abs(response - expected).max(), bound)


class Images(FieldTest):
    def test_a_pattern(self):
        run = self.run_case(SMALL_CASE, "-D", "output.fields=[image]")
        np.testing.assert_array_equal(run["image"], checkerboard(24))
        self.assertEqual(self.axes("image"), [["image.y"], ["image.x"]])
        np.testing.assert_array_equal(run["image.y"], np.arange(24))
        self.assertNotIn("response", run)
        self.assertNotIn("example", run)
        with h5py.File(self.folder / "run.h5") as file:
            image = file["image"]
            self.assertIn("image I", image.attrs["long_name"].decode())
            self.assertEqual(image.attrs["units"], b"1")
            self.assertTrue(image.compression and image.fletcher32)
            self.assertNotIn("image_levels", file.attrs)

    def test_a_picture_with_its_levels(self):
        run = self.run_case(SMALL_CASE, "-D",
                            f"flow.image={{kind: file, file: {PHOTOGRAPH}}}",
                            *ASKED)
        np.testing.assert_allclose(run["image"], photograph(), rtol=0,
                                   atol=1e-15)
        self.assertEqual(run["response"].shape[1:], (92, 124))
        with h5py.File(self.folder / "run.h5") as file:
            self.assertEqual(file.attrs["image_levels"].tolist(), [0, 255])

    def test_numbers_with_a_range(self):
        numbers = np.arange(576.0).reshape(24, 24)
        np.save(self.folder / "i.npy", numbers)
        for precision in ("double", "float"):
            run = self.run_case(
                SMALL_CASE, "-D", "flow.image={kind: file, file: i.npy, "
                "range: [0, 575]}", "-D", f"flow.precision={precision}",
                "-D", "output.fields=[image]")
            self.assertEqual(run["image"].dtype.itemsize,
                             8 if precision == "double" else 4)
            np.testing.assert_array_equal(
                run["image"], (2 * (numbers / 575) - 1).astype(
                    run["image"].dtype))

    def test_several_images(self):
        run = self.run_case(TWO_IMAGES)
        self.assertEqual(run["image"].shape, (2, 24, 24))
        np.testing.assert_array_equal(run["image"][0], checkerboard(24))
        self.assertLess(abs(run["image"][1].mean()), 1e-12)
        self.assertAlmostEqual(run["image"][1].var(), 1)
        self.assertEqual(self.axes("image"),
                         [["example"], ["image.y"], ["image.x"]])
        self.assertEqual(run["example"].tolist(), [0, 1])

    def test_the_signal_of_beltrami_is_on_the_grid_of_the_state(self):
        case = (CASES / "beltrami-image.yaml").read_text().replace(
            "images/", f"{CASES}/images/")
        for dimension, rows in ((2, slice(None)), (1, slice(48, 49))):
            run = self.run_case(
                case, "-D", "step.iterations=2", "-D", f"flow.dimension="
                f"{dimension}", "-D", "output.fields=[image]")
            self.assertEqual(self.axes("image"), [["y"], ["x"]])
            np.testing.assert_array_equal(run["image"], run["kernel"][0])
            np.testing.assert_allclose(run["image"], photograph()[rows],
                                       rtol=0, atol=1e-15)
            self.assertNotIn("image.y", run)


class Responses(FieldTest):
    def test_they_are_correlations(self):
        for boundary in ("valid", "periodic"):
            for precision in ("double", "float"):
                given = ("-D", f"flow.boundary={boundary}", "-D",
                         f"flow.precision={precision}", *ASKED)
                for text in (SMALL_CASE, TWO_IMAGES):
                    for operator in ("patch", "fft", "direct"):
                        with self.subTest((boundary, precision, operator)):
                            run = self.run_case(
                                text, *given, "-D",
                                f"flow.operator={operator}")
                            self.assert_correlations(run,
                                                     boundary == "periodic")
                            self.assertEqual(run["response"].dtype,
                                             run["kernel"].dtype)

    def test_they_lie_where_the_middle_of_the_kernel_does(self):
        run = self.run_case(SMALL_CASE, *ASKED, "-D", "flow.kernel=4")
        self.assertEqual(self.axes("response"),
                         [["time"], ["response.y"], ["response.x"]])
        for axis in "yx":
            np.testing.assert_array_equal(run[f"response.{axis}"],
                                          1.5 + np.arange(21))

    def test_the_layer_pools_them(self):
        """The residual is the mean over images of sigmoid(p) - y."""
        for pooling, pool in (("mean", np.mean), ("sum", np.sum)):
            run = self.run_case(TWO_IMAGES, "-D", f"flow.pooling={pooling}",
                                "-D", "step.lr=0.001")
            values = swish(run["response"])[0]
            p = pool(values, axis=(-2, -1)) - 0.1
            residual = (1 / (1 + np.exp(-p)) - [1, 0]).mean(axis=1)
            np.testing.assert_allclose(run["residual"][run["step"]],
                                       residual, rtol=1e-11, atol=1e-14)

    def test_they_are_the_positions_of_the_layers_shares(self):
        run = self.run_case(
            TWO_IMAGES, "-D", "initial.scale=2", "-D", "output.scalars="
            "[layer_activated, layer_transitioning, layer_not_activated]")
        slopes = swish(run["response"])[1]
        for name, here in (("activated", slopes >= 0.95),
                           ("not_activated", slopes <= 0.05)):
            shares = run[f"layer_{name}"][0][run["step"]]
            self.assertGreater(np.ptp(shares), 0)
            np.testing.assert_allclose(shares, here.mean(axis=(1, 2, 3)),
                                       rtol=0, atol=1e-14)

    def test_the_linear_flow_has_them_too(self):
        """Its loss is the mean of (a/2) (<m, K> + sum c^2 / 2)."""
        run = self.run_case(
            TWO_IMAGES.replace("kind: conv\n", "kind: conv-linear\n").replace(
                "  shift: 0.1\n", ""), "-D", "flow.pooling=sum",
            "-D", "step.lr=1e-5")
        self.assert_correlations(run, periodic=False)
        squares = (run["response"]**2).sum(axis=(2, 3))
        slopes = run["image"].mean(axis=(1, 2)) * \
            run["kernel"].sum(axis=(1, 2))[:, np.newaxis]
        loss = ([-0.25, 0.25] * (slopes + squares / 2)).mean(axis=1)
        np.testing.assert_allclose(run["data_loss"][run["step"]], loss,
                                   rtol=1e-11)

    def test_batches_have_no_part_in_them(self):
        run = self.run_case(
            TWO_IMAGES + "sampling: {kind: minibatch, batch: 1, seed: 1}\n")
        self.assert_correlations(run, periodic=False)


class Files(FieldTest):
    def test_they_leave_all_else_as_it_is(self):
        text = TWO_IMAGES.replace(", fields: [image, response]", ", fields: "
                                  "[tangent, difference, amplification]") + \
            "twins: [3, float]\nensemble: {members: 3, vary: initial}\n"
        more = ("-D", "output.fields=[tangent, difference, amplification, "
                "image, response]", "-D", "output.scalars=[sharpness]")
        self.run_case(text, "-D", "output.scalars=[sharpness]",
                      name="without.h5")
        self.run_case(text, *more, "--threads", "2", name="with.h5")
        before, after = (datasets(self.folder / name)
                         for name in ("without.h5", "with.h5"))
        for name, content in before.items():
            if not name.startswith("provenance/"):
                self.assertEqual(content, after[name], name)
        self.assertEqual(
            {name for name in set(after) - set(before)
             if not name.startswith("snapshots/")},
            {"image", "image.y", "image.x", "example", "response",
             "response.y", "response.x"})

    def test_threads_do_not_matter(self):
        self.run_case(TWO_IMAGES, "--threads", "1", name="one.h5")
        self.run_case(TWO_IMAGES, "--threads", "2", name="two.h5")
        self.assert_same_datasets(self.folder / "one.h5",
                                  self.folder / "two.h5")

    def test_a_prolonged_run_has_the_bits_of_a_whole_one(self):
        for precision in ("double", "float"):
            given = ("-D", f"flow.precision={precision}")
            self.run_case(TWO_IMAGES, *given, name="whole.h5")
            self.run_case(TWO_IMAGES, *given, "-D", "step.iterations=20",
                          name="part.h5")
            self.restrain("run", "case.yaml", *given, "-q", "-o", "part.h5",
                          "--resume")
            self.assert_same_datasets(self.folder / "whole.h5",
                                      self.folder / "part.h5")

    def test_another_image_is_not_resumed(self):
        image = np.arange(576.0).reshape(24, 24) / 576
        np.save(self.folder / "i.npy", image)
        given = ("-D", "flow.image={kind: file, file: i.npy}", *ASKED)
        self.run_case(SMALL_CASE, *given, "-D", "step.iterations=20")
        content = (self.folder / "run.h5").read_bytes()
        for other in (image[::-1], image[:20]):
            np.save(self.folder / "i.npy", other)
            done = self.restrain("run", "case.yaml", *given, "-o", "run.h5",
                                 "--resume", expect=4)
            self.assertIn("run.h5: /image is not what the case gives now",
                          done.stderr)
            self.assertEqual((self.folder / "run.h5").read_bytes(), content)
        np.save(self.folder / "i.npy", image)
        self.restrain("run", "case.yaml", *given, "-o", "run.h5", "--resume")
        with h5py.File(self.folder / "run.h5") as run:
            np.testing.assert_array_equal(run["image"], image)

    def test_a_damaged_image_is_not_resumed(self):
        self.run_case(SMALL_CASE, *ASKED, "-D", "step.iterations=20")
        with h5py.File(self.folder / "run.h5") as run:
            place = run["image"].id.get_chunk_info(0).byte_offset
        with open(self.folder / "run.h5", "r+b") as file:
            file.seek(place + 20)
            byte = file.read(1)[0]
            file.seek(place + 20)
            file.write(bytes([byte ^ 1]))
        self.assertIn("/image", self.restrain(
            "info", "--verify", "run.h5", expect=4).stdout)
        done = self.restrain("run", "case.yaml", *ASKED, "-o", "run.h5",
                             "--resume", expect=4)
        self.assertIn("image", done.stderr)

    def test_sidecars_go_with_their_file(self):
        self.run_case(SMALL_CASE, *ASKED)
        made = {"run.image.xdmf", "run.response.xdmf"}
        self.assertEqual(made, {path.name for path in
                                self.folder.glob("run.*.xdmf")})
        self.run_case(SMALL_CASE)
        self.assertEqual(list(self.folder.glob("run.*.xdmf")), [])

    def test_the_size_is_known_before(self):
        given = ("-D", "flow.image={kind: gaussian-field, size: 256}", "-D",
                 "output.fields=[image]")
        said = self.restrain("run", self.write(SMALL_CASE), "--dry-run",
                             *given).stdout
        self.run_case(SMALL_CASE, *given)
        size = (self.folder / "run.h5").stat().st_size / 2**20
        told, unit = said.partition("MiB of memory and ")[2].split()[:2]
        told = float(told) / {"KiB": 2**10, "MiB": 1}[unit]
        self.assertAlmostEqual(told, size, delta=0.1 * size)


class Refusals(FieldTest):
    def refuse(self, case, field, message):
        done = self.restrain("run", case, "-o", "no.h5", "-D",
                             f"output.fields=[{field}]", expect=2)
        self.assertEqual(done.stderr, f"restrain: {message}\n")
        self.assertFalse((self.folder / "no.h5").exists())

    def test_flows_without(self):
        for name, flow in (("heat-stable", "heat"),
                           ("network-textures", "network"),
                           ("landscape-sine-product", "landscape"),
                           ("regression-noise", "regression")):
            case = CASES / f"{name}.yaml"
            with self.subTest(flow):
                self.refuse(case, "image", "output.fields asks for image, but "
                            f"the flow {flow} takes none; leave it out")
                self.refuse(case, "response", "output.fields asks for "
                            f"response, of a layer to its image, but the flow "
                            f"{flow} is no such layer; leave it out")
        self.refuse(CASES / "beltrami-10.yaml", "response", "output.fields "
                    "asks for response, of a layer to its image, but the flow "
                    "beltrami is no such layer; leave it out")

    def test_images_of_different_shapes(self):
        case = self.write(TWO_IMAGES.replace("field, size: 24", "field, "
                                             "size: 20"))
        for field in ("image", "response"):
            self.refuse(case, field, "image 2 has 20 x 20 points and image 1 "
                        "has 24 x 24, so that no array holds all images or "
                        "the responses to them; take images of one shape, or "
                        "record neither")


if __name__ == "__main__":
    main()
