# SPDX-License-Identifier: GPL-3.0-or-later
"""Files as people have them: images, kernels, and cases of other programs."""
import os
import struct
import zlib

import h5py
import numpy as np
from PIL import Image

from support import SMALL_CASE, ProgramTest, main

IMAGE = 'flow.image={{kind: file, file: "{}"}}'
QUICK = ("-q", "-o", "r.h5", "--force", "-D", "step.iterations=3")


def png(path, shape, depth, colour, rows, palette=b""):
    """Write the chunks of a PNG file by hand; `rows` may be anything."""
    def chunk(name, data):
        return (struct.pack(">I", len(data)) + name + data
                + struct.pack(">I", zlib.crc32(name + data)))
    head = struct.pack(">IIBBBBB", shape[1], shape[0], depth, colour, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head)
                     + (chunk(b"PLTE", palette) if palette else b"")
                     + chunk(b"IDAT", zlib.compress(rows, 9))
                     + chunk(b"IEND", b""))


def luminance(colours):
    """Rec. 709, as the library rounds it."""
    red, green, blue = np.moveaxis(np.asarray(colours, float), -1, 0)
    return green + 0.2126 * (red - green) + 0.0722 * (blue - green)


def packed(bits):
    """Rows of one bit a pixel, each behind its filter byte."""
    return b"".join(b"\0" + row.tobytes() for row in np.packbits(bits, 1))


class Images(ProgramTest):
    def setUp(self):
        super().setUp()
        self.write(SMALL_CASE)

    def loss(self, override, expect=0):
        done = self.restrain("run", "case.yaml", *QUICK, "-D", override,
                             expect=expect)
        if expect:
            return done.stderr
        with h5py.File(self.folder / "r.h5") as run:
            return run["loss"][()].tolist()

    def test_small_files_of_large_images_are_read(self):
        y, x = np.mgrid[0:1024, 0:1024]
        bits = ((y + x) % 2).astype("u1")
        png(self.folder / "grey.png", bits.shape, 1, 0, packed(bits))
        png(self.folder / "palette.png", bits.shape, 1, 3, packed(bits),
            b"\0\0\0\xff\xff\xff")
        self.assertLess((self.folder / "grey.png").stat().st_size, 2000)
        expected = self.loss("flow.image={kind: checkerboard, size: 1024}")
        for name in ("grey.png", "palette.png"):
            self.assertEqual(self.loss(IMAGE.format(name)), expected)

    def test_headers_that_promise_too_much_are_refused(self):
        png(self.folder / "tall.png", (10**6, 1031), 8, 0, b"")
        self.assertIn("do not fit into its",
                      self.loss(IMAGE.format("tall.png"), 4))
        with h5py.File(self.folder / "f.h5", "w") as file:
            file.create_dataset("large", (40000, 40000), chunks=(100, 100))
            file.create_dataset("raw", (8, 8), "f8",
                                external=[("raw.bin", 0, 512)])
            layout = h5py.VirtualLayout((8, 8), "f8")
            layout[:] = h5py.VirtualSource("absent.h5", "x", (8, 8))
            file.create_virtual_dataset("virtual", layout)
        self.assertIn("more than the 268435456 that are read",
                      self.loss(IMAGE.format("f.h5:/large"), 4))
        for name in ("raw", "virtual"):
            self.assertIn("keeps its numbers in other files",
                          self.loss(IMAGE.format("f.h5:/" + name), 4))

    def test_the_most_points_are_a_key(self):
        y, x = np.mgrid[0:24, 0:24]
        with h5py.File(self.folder / "f.h5", "w") as file:
            file["image"] = ((y + x) % 2) * 2.0 - 1.0
        override = ('flow.image={kind: file, file: "f.h5:/image", '
                    'most_points: %d}')
        self.assertIn("more than the 575", self.loss(override % 575, 4))
        self.assertEqual(
            self.loss(override % 576),
            self.loss("flow.image={kind: checkerboard, size: 24}"))

    def test_axes_of_length_one_and_booleans(self):
        draw = np.random.RandomState(0)
        kernel, grey = draw.randn(5, 5), draw.rand(24, 24)
        with h5py.File(self.folder / "w.h5", "w") as file:
            file["layer/kernel:0"] = kernel.reshape(5, 5, 1, 1)
            file["kernel"] = kernel.reshape(1, 1, 5, 5)
            file["grey"] = grey.reshape(24, 24, 1)
            file["plain"] = grey
            file["mask"] = grey > 0.5
            file["numbers"] = (grey > 0.5) * 1.0
        start = 'initial={kind: file, file: "w.h5:/%s"}'
        self.assertEqual(self.loss(start % "layer/kernel:0"),
                         self.loss(start % "kernel"))
        for one, other in (("grey", "plain"), ("mask", "numbers")):
            self.assertEqual(self.loss(IMAGE.format("w.h5:/" + one)),
                             self.loss(IMAGE.format("w.h5:/" + other)))

    def test_arrays_of_numpy_are_taken_as_they_are(self):
        values = np.random.RandomState(5).randn(16, 16)
        with h5py.File(self.folder / "a.h5", "w") as file:
            file["image"] = values
        np.save(self.folder / "a.npy", values)
        np.save(self.folder / "b.npy", values[None])
        expected = self.loss(IMAGE.format("a.h5:/image"))
        for name in ("a.npy", "b.npy"):
            self.assertEqual(self.loss(IMAGE.format(name)), expected)
        np.save(self.folder / "c.npy", np.zeros((2, 16, 16)))
        self.assertIn("has 3 axes without those of length 1 (2 along the "
                      "first one); an image has two",
                      self.loss(IMAGE.format("c.npy"), 4))
        whole = (self.folder / "a.npy").read_bytes()
        (self.folder / "cut.npy").write_bytes(whole[:-1])
        self.loss(IMAGE.format("cut.npy"), 4)
        np.save(self.folder / "nan.npy", np.full((16, 16), np.nan))
        self.assertIn("nan", self.loss(IMAGE.format("nan.npy"), 2).lower())

    def test_photographs(self):
        draw = np.random.RandomState(6)
        colours = draw.randint(0, 256, (24, 20, 3)).astype("u1")
        for name, options in (("a.jpg", {}), ("b.jpg", {"progressive": True}),
                              ("c.jpg", {"subsampling": 0, "quality": 99})):
            with self.subTest(name):
                Image.fromarray(colours).save(self.folder / name, **options)
                decoded = np.asarray(Image.open(self.folder / name), float)
                self.compare(name, 2 * luminance(decoded) / 255 - 1)
        Image.fromarray(colours[..., 0]).save(self.folder / "grey.jpg")
        grey = np.asarray(Image.open(self.folder / "grey.jpg"), float)
        self.compare("grey.jpg", 2 * grey / 255 - 1)

    def test_damaged_photographs(self):
        draw = np.random.RandomState(7)
        Image.fromarray(draw.randint(0, 256, (64, 64)).astype("u1")).save(
            self.folder / "a.jpg")
        whole = (self.folder / "a.jpg").read_bytes()
        (self.folder / "cut.jpg").write_bytes(whole[:len(whole) // 2])
        self.assertIn("is truncated or not a valid JPEG file: Premature end",
                      self.loss(IMAGE.format("cut.jpg"), 4))
        size = whole.index(b"\xff\xc0") + 5
        (self.folder / "large.jpg").write_bytes(
            whole[:size] + b"\xfd\xe8\xfd\xe8" + whole[size + 4:])
        self.assertIn("65000 x 65000 pixels do not fit into its",
                      self.loss(IMAGE.format("large.jpg"), 4))
        (self.folder / "head.jpg").write_bytes(whole[:20])
        self.loss(IMAGE.format("head.jpg"), 4)
        Image.new("CMYK", (24, 24)).save(self.folder / "cmyk.jpg")
        self.assertIn("save it in RGB",
                      self.loss(IMAGE.format("cmyk.jpg"), 4))

    def test_tiff(self):
        draw = np.random.RandomState(9)
        bytes_ = draw.randint(0, 256, (24, 20)).astype("u1")
        words = draw.randint(0, 65536, (24, 20)).astype("u2")
        colours = draw.randint(0, 256, (24, 20, 3)).astype("u1")
        numbers = draw.randn(24, 20).astype("f4")
        kinds = {"bytes": (bytes_, 2 * (bytes_ / 255) - 1),
                 "words": (words, 2 * (words / 65535) - 1),
                 "colours": (colours, 2 * luminance(
                     colours.astype(float)) / 255 - 1),
                 "numbers": (numbers, numbers.astype(float))}
        for name, (given, values) in kinds.items():
            for compression in (None, "tiff_lzw", "tiff_adobe_deflate"):
                with self.subTest(name, compression=compression):
                    Image.fromarray(given).save(self.folder / "a.tif",
                                                compression=compression)
                    self.compare("a.tif", values)
        # Values that libtiff has to swap, and 0 for white.
        Image.fromarray(words.astype(">u2")).save(self.folder / "b.tif")
        self.assertEqual((self.folder / "b.tif").read_bytes()[:2], b"MM")
        self.compare("b.tif", kinds["words"][1])
        Image.fromarray(bytes_).save(self.folder / "c.tif")
        whole = (self.folder / "c.tif").read_bytes()
        tag = b"\x06\x01\x03\0\x01\0\0\0"  # the photometric interpretation
        self.assertEqual(whole.count(tag + b"\x01"), 1)
        (self.folder / "c.tif").write_bytes(
            whole.replace(tag + b"\x01", tag + b"\0"))
        self.compare("c.tif", 2 * ((255 - bytes_.astype(float)) / 255) - 1)

    def test_damaged_tiff(self):
        draw = np.random.RandomState(10)
        Image.fromarray(draw.randint(0, 256, (64, 64)).astype("u1")).save(
            self.folder / "a.tif")
        whole = (self.folder / "a.tif").read_bytes()
        for length in (9, len(whole) // 2, len(whole) - 1):
            (self.folder / "cut.tif").write_bytes(whole[:length])
            self.assertIn("valid TIFF file", self.loss(
                IMAGE.format("cut.tif"), 4))
        for mode in ("CMYK", "1", "P", "I"):
            Image.new(mode, (24, 24)).save(self.folder / "other.tif")
            self.assertIn("store it in rows", self.loss(
                IMAGE.format("other.tif"), 4))

    def compare(self, name, values):
        """An image against the numbers that it should be."""
        with h5py.File(self.folder / "values.h5", "w") as file:
            file["image"] = values
        self.assertEqual(self.loss(IMAGE.format(name)),
                         self.loss(IMAGE.format("values.h5:/image")))

    def test_colours_in_arrays(self):
        colours = np.random.RandomState(8).rand(3, 24, 20)
        last = np.moveaxis(colours, 0, -1)
        np.save(self.folder / "first.npy", colours)
        np.save(self.folder / "last.npy", last)
        with h5py.File(self.folder / "c.h5", "w") as file:
            file["first"], file["last"] = colours, last
            time = file.create_dataset("time", data=np.arange(3.0))
            time.make_scale("time")
            file["film"] = colours
            file["film"].dims[0].attach_scale(time)
        for name in ("first.npy", "last.npy", "c.h5:/first", "c.h5:last"):
            with self.subTest(name):
                self.compare(name, luminance(last))
        # Three snapshots are no colours.
        self.assertIn("has 3 axes", self.loss(IMAGE.format("c.h5:/film"), 4))
        start = 'initial={kind: file, file: "k.npy"}'
        np.save(self.folder / "k.npy", np.zeros((5, 5, 3)))
        self.assertIn("has 3 axes", self.loss(start, 4))

    def test_the_same_picture_from_any_file(self):
        levels = np.random.RandomState(9).randint(0, 256, (24, 24), "u1")
        Image.fromarray(levels).save(self.folder / "p.png")
        np.save(self.folder / "p.npy", levels)
        with h5py.File(self.folder / "p.h5", "w") as file:
            file["p"] = levels
        expected = self.loss(IMAGE.format("p.png"))
        ranged = 'flow.image={kind: file, file: "%s", range: [0, 255]}'
        for name in ("p.png", "p.npy", "p.h5:/p", "p.h5:p"):
            with self.subTest(name):
                self.assertEqual(self.loss(ranged % name), expected)
                self.assertEqual(self.told(ranged % name), "")
        inverse = ranged.replace("0, 255", "255, 0") % "p.png"
        self.assertNotEqual(self.loss(inverse), expected)
        note = self.told(IMAGE.format("p.npy"))
        self.assertEqual(note.count("warning"), 1)
        self.assertIn("'p.npy' holds uint8 numbers, taken as they are, %d to "
                      "%d;" % (levels.min(), levels.max()), note)
        self.assertIn("range: [0, 255]", note)
        for kind, greatest, likely in (("i4", 200, 255), ("u8", 300, 65535),
                                       ("i4", 70000, 2**31 - 1),
                                       ("i1", 100, 127)):
            wide = np.minimum(levels, 100).astype(kind)
            wide[0, 0] = greatest
            np.save(self.folder / "w.npy", wide)
            self.assertIn(f"range: [0, {likely}]",
                          self.told(IMAGE.format("w.npy")))
        plain = ranged.replace("0, 255", "-1, 1") % "p.npy"
        self.assertEqual(self.told(plain), "")
        self.assertEqual(self.loss(plain), self.loss(IMAGE.format("p.h5:p")))
        for wrong in ("[0]", "[0, 1, 2]", "[3, 3]"):
            self.assertIn("two different numbers", self.loss(
                ranged.replace("[0, 255]", wrong) % "p.npy", 2))

    def told(self, override):
        """What is said without -q."""
        return self.restrain("run", "case.yaml", "-o", "r.h5", "--force", "-D",
                             "step.iterations=3", "-D", override).stderr

    def test_comments_of_grey_maps_end_at_cr(self):
        (self.folder / "c.pgm").write_bytes(
            b"P5\n# ends with CR\r24 24\n255\n" + bytes(range(64)) * 9)
        (self.folder / "d.pgm").write_bytes(
            b"P5\n24 24\n255\n" + bytes(range(64)) * 9)
        self.assertEqual(self.loss(IMAGE.format("c.pgm")),
                         self.loss(IMAGE.format("d.pgm")))


class Cases(ProgramTest):
    def test_an_effective_case_runs_from_another_folder(self):
        self.write(SMALL_CASE)
        with h5py.File(self.folder / "f.h5", "w") as file:
            file["image"] = np.eye(24)
        printed = self.restrain("check", "case.yaml", "-D",
                                IMAGE.format("f.h5:/image")).stdout
        (self.folder / "kept").mkdir()
        self.write(printed, "kept/effective.yaml")
        self.restrain("run", "kept/effective.yaml", *QUICK)

    def test_a_run_whose_folder_has_moved_is_resumed(self):
        here = self.folder / "here"
        here.mkdir()
        self.write(SMALL_CASE, "here/case.yaml")
        with h5py.File(here / "f.h5", "w") as file:
            file["image"] = np.eye(24)
        given = ("-q", "-D", IMAGE.format("f.h5:/image"))
        given = given[:2] + (given[2].replace("f.h5", "{}/f.h5"),)
        self.restrain("run", "here/case.yaml",
                      *(text.replace("{}", "here") for text in given),
                      "-o", "here/r.h5")
        os.rename(here, self.folder / "there")
        self.restrain("run", "there/case.yaml",
                      *(text.replace("{}", "there") for text in given),
                      "-o", "there/r.h5", "--resume", "-D",
                      "step.iterations=60")

    def effective(self, *overrides, text=SMALL_CASE):
        """The effective case with overrides."""
        options = [word for one in overrides for word in ("-D", one)]
        return self.restrain("check", self.write(text), *options).stdout

    def test_names_in_overrides_are_relative_to_the_current_folder(self):
        (self.folder / "cases").mkdir()
        for place, values in ((".", np.zeros((24, 24))),
                              ("cases", np.ones((24, 24)))):
            np.save(self.folder / place / "i.npy", values)
        text = SMALL_CASE.replace("{kind: checkerboard, size: 24}",
                                  "{kind: file, file: i.npy}")
        self.write(text, "cases/case.yaml")
        here = os.fspath(self.folder.resolve())
        for override, file in ((None, "cases/i.npy"),
                               ("flow.image.file=i.npy", "i.npy"),
                               (IMAGE.format("./i.npy"), "./i.npy"),
                               ("flow.image.file=cases/i.npy",
                                "cases/i.npy")):
            with self.subTest(override):
                options = ("-D", override) if override else ()
                done = self.restrain("check", "cases/case.yaml", *options)
                self.assertIn(f'file: "{here}/{file}"', done.stdout)
                self.restrain("run", "cases/case.yaml", *QUICK, *options)

    def test_integers_may_be_written_as_reals(self):
        self.assertEqual(self.effective("step.iterations=1e2"),
                         self.effective("step.iterations=100"))
        self.assertEqual(self.effective("step.iterations=2.5e+1"),
                         self.effective("step.iterations=25.0"))
        for wrong in ("2.5", "1e-1", "1e300", "1e", "-1e2"):
            self.assertIn("expected an integer", self.restrain(
                "check", "case.yaml", "-D", f"step.iterations={wrong}",
                expect=2).stderr)

    def test_keys_are_taken_out(self):
        plain = self.effective()
        more = SMALL_CASE.replace(
            "iterations: 40}", "iterations: 40, divisor: 3}\ntwins: [5, 7]\n"
            "stop: {blow_up: 10}")
        self.assertEqual(self.effective("step.divisor=", "twins=", "stop=",
                                        text=more), plain)
        self.assertEqual(self.effective("step.divisor=", "twins.1=", "stop=",
                                        text=more),
                         self.effective("twins=[5]"))
        self.assertEqual(self.effective("step.momentum=", "flow.images="),
                         plain)
        self.assertIn('missing key "step.lr"', self.restrain(
            "check", "case.yaml", "-D", "step.lr=", expect=2).stderr)
        self.assertIn("did you mean", self.restrain(
            "check", "case.yaml", "-D", "step.lrr=", expect=2).stderr)

    def test_merge_keys(self):
        text = """\
flow:
  kind: conv
  images:
    - &first {kind: grating, size: 24, period: 5, label: 0}
    - {<<: *first, angle: 30}
    - <<: [{label: 1, angle: 7}, *first]
      period: 6
  kernel: 5
step: &step {scheme: euler, lr: 0.05, iterations: 40}
sweep: {lr: &axis {from: 1, to: 2, count: 3}, weight_decay: {<<: *axis, to: 5}}
"""
        plain = """\
flow:
  kind: conv
  images:
    - {kind: grating, size: 24, period: 5, label: 0}
    - {kind: grating, size: 24, period: 5, label: 0, angle: 30}
    - {kind: grating, size: 24, period: 6, label: 1, angle: 7}
  kernel: 5
step: {scheme: euler, lr: 0.05, iterations: 40}
sweep:
  lr: {from: 1, to: 2, count: 3}
  weight_decay: {from: 1, to: 5, count: 3}
"""
        self.assertEqual(self.effective(text=text), self.effective(text=plain))
        self.assertEqual(self.effective("flow.images.1.size=9", text=text),
                         self.effective("flow.images.1.size=9", text=plain))
        for wrong, message in (
                ("step: {<<: 3}", '"<<" merges mappings, found 3'),
                ("step: &s {lr: 1, <<: *s}", "into a part of itself"),
                ("step: {<<: [*none]}", "alias"),
                ("step: {<<: {lrr: 3}}", 'unknown key "step.lrr"')):
            with self.subTest(wrong):
                self.write(SMALL_CASE.replace("\nstep:", "\nold:", 1)
                           .replace("\nold:", "\n" + wrong + "\nold:"),
                           "wrong.yaml")
                self.assertIn(message, self.restrain(
                    "check", "wrong.yaml", expect=2).stderr)

    def test_a_run_starts_from_a_snapshot_of_another(self):
        self.restrain("run", self.write(SMALL_CASE), "-q", "-o", "a.h5")
        with h5py.File(self.folder / "a.h5") as run:
            kernels = run["kernel"][()]
        start = 'initial={kind: file, file: a.h5}'
        for options, index, name in (
                ((), -1, ""), (("0",), 0, ""), (("3",), 3, ""),
                (("-2",), -2, ""), ((), -1, ":/kernel"),
                (("3",), 3, ":kernel")):
            with self.subTest(index, name=name):
                self.restrain("run", "case.yaml", *QUICK, "-D",
                              start.replace("a.h5", f'"a.h5{name}"'),
                              *(word for text in options for word in
                                ("-D", f"initial.snapshot={text}")))
                with h5py.File(self.folder / "r.h5") as run:
                    np.testing.assert_array_equal(run["kernel"][0],
                                                  kernels[index])
        for index in (len(kernels), -len(kernels) - 1):
            self.assertIn(
                f"a.h5 has {len(kernels)} snapshots; the initial one, "
                f"{index}, is none", self.restrain(
                    "run", "case.yaml", *QUICK, "-D", start, "-D",
                    f"initial.snapshot={index}", expect=2).stderr)

    def test_what_other_programs_write(self):
        effective = self.restrain("check", self.write(SMALL_CASE)).stdout
        self.assertIn("blow_up: 1.0e+06\n", effective)
        self.assertIn("empirical: no\n", effective)
        back = (effective.replace("empirical: no", "empirical: true")
                .replace("seed: 3", "seed: !!int '3'")
                .replace("lr: 0.05", 'lr: !!float "0.05"'))
        again = self.restrain("check", self.write(back, "back.yaml")).stdout
        self.assertEqual(again, effective.replace("empirical: no",
                                                  "empirical: yes"))

    def test_many_errors_are_soon_told(self):
        keys = "".join(f"key{i}: {i}\n" for i in range(20000))
        told = self.restrain("check", self.write(SMALL_CASE + keys),
                             expect=2).stderr
        self.assertIn("these are the first 100 errors", told)
        self.assertEqual(told.count("error: unknown key"), 100)


if __name__ == "__main__":
    main()
