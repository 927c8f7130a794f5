# SPDX-License-Identifier: GPL-3.0-or-later
"""No damaged number is believed: wherever a bit of a result has changed, what
reads it there says so and leaves everything as it is; and `info --verify`
finds it. What others have added to a file outlives --resume."""
import json
import shutil

import h5py
import numpy as np

from support import ProgramTest, datasets, main

# At its edge of stability, with some events of each kind.
CASE = """\
title: a run with all that is stored
flow: {kind: conv, image: {kind: checkerboard, size: 256}, kernel: 32}
initial: {kind: normal, seed: 7}
step: {scheme: euler, lr: 0.07, weight_decay: 20, iterations: 1400}
output: {every: 50, fields: [gradient], scalars: [lyapunov_spectrum]}
tangent: {exponents: 3}
twins: [3, ulp]
sweep:
  lr: {from: 0.05, to: 5, count: 3, scale: log}
  weight_decay: {from: 0.5, to: 4, count: 2}
bifurcation:
  {parameter: lr, from: 0.5, to: 1, count: 3, burn_in: 20, samples: 4}
"""
SHORT = ("-D", "step.iterations=20")


def stored_places(path):
    """Name, start and size of the stored bytes of each dataset, by chunks."""
    found = []

    def visit(name, item):
        if not isinstance(item, h5py.Dataset) or item.is_virtual or \
                h5py.check_string_dtype(item.dtype) and item.shape:
            return
        if item.chunks:
            chunks = [item.id.get_chunk_info(i)
                      for i in range(item.id.get_num_chunks())]
            found.extend((name, chunk.byte_offset, chunk.size)
                         for chunk in chunks)
        elif item.id.get_offset() is not None:
            found.append((name, item.id.get_offset(),
                          item.id.get_storage_size()))

    with h5py.File(path) as file:
        file.visititems(visit)
    return found


def flip(path, place, bit=3):
    """Change a bit in the middle of the bytes."""
    _, start, size = place
    with open(path, "r+b") as file:
        file.seek(start + size // 2)
        byte = file.read(1)[0]
        file.seek(start + size // 2)
        file.write(bytes([byte ^ 1 << bit]))


def one_of_each(places):
    """The places by dataset, the first chunk where there are several."""
    return {place[0]: place for place in reversed(places)}


def read_again(path):
    """The datasets of a file but for those that are made anew for VTK."""
    return [name for name in one_of_each(stored_places(path))
            if not name.startswith("VTKHDF")]


class Damage(ProgramTest):
    def setUp(self):
        super().setUp()
        self.case = self.write(CASE)

    def contents(self):
        """All files but the one that is kept aside."""
        return {path.name: path.read_bytes()
                for path in self.folder.iterdir()
                if path.name not in ("good.h5", "case.yaml")}

    def verify(self, *names, expect):
        done = self.restrain("info", "--verify", "--json", *names,
                             expect=expect)
        return json.loads(done.stdout)["files"]

    def assert_refused(self, place, name, *work):
        """Either the damage shows and nothing changes, or it is not read and
        the result is that of the undamaged file."""
        before = self.contents()
        done = self.restrain(*work, expect=4)
        self.assertIn(f"{name}: /{place[0]} is damaged", done.stderr)
        self.assertIn("restore it from a copy", done.stderr)
        self.assertEqual(self.contents(), before)

    def damage_each(self, name, read, reference, *work):
        """Damage one dataset after the other. Those that `read` says are
        refused, all others have no bearing on the result."""
        saved = self.contents()
        places = one_of_each(stored_places(self.folder / name))
        self.assertLessEqual(set(read), set(places))
        for dataset, place in places.items():
            for file, content in saved.items():
                (self.folder / file).write_bytes(content)
            flip(self.folder / name, place)
            with self.subTest(dataset):
                if dataset in read:
                    self.assert_refused(place, name, *work)
                else:
                    self.restrain(*work)
                    found = datasets(self.folder / work[-1])
                    for one, content in reference.items():
                        if not one.startswith("provenance"):
                            self.assertEqual(found[one], content, one)

    def test_a_run_is_resumed_from_what_is_intact_alone(self):
        work = ("run", self.case, "-q", "--resume", "-D",
                "step.iterations=200", "-o", "run.h5")
        self.restrain("run", self.case, "-q", "-D", "step.iterations=150",
                      "-o", "run.h5")
        for name in ("run.h5", "run.checkpoint"):
            shutil.copy(self.folder / name, self.folder / f"kept-{name}")
        self.restrain(*work)
        reference = datasets(self.folder / "run.h5")
        for name in ("run.h5", "run.checkpoint"):
            (self.folder / f"kept-{name}").replace(self.folder / name)
        with h5py.File(self.folder / "run.h5") as file:
            rows = [name for name, item in file.items()
                    if isinstance(item, h5py.Dataset) and not item.is_virtual
                    and None in item.maxshape]
            rows += [f"events/{name}" for name in file["events"]]
        self.assertIn("loss", rows)
        self.damage_each("run.h5", [*rows, "provenance/effective"], reference,
                         *work)

    def test_the_place_is_told(self):
        self.restrain("run", self.case, "-q", "-o", "run.h5")
        loss = [place for place in stored_places(self.folder / "run.h5")
                if place[0] == "loss"]
        kernel = [place for place in stored_places(self.folder / "run.h5")
                  if place[0] == "kernel"]
        for place in (loss[0], loss[2], kernel[7]):
            flip(self.folder / "run.h5", place)
        told = self.verify("run.h5", expect=4)[0]
        self.assertEqual(told["damaged"],
                         {"/loss": "[0:511], [1022:1401]",
                          "/kernel": "[7:8, 0:32, 0:32]"})
        with h5py.File(self.folder / "run.h5") as file:
            self.assertEqual(file["loss"][511:1022].shape, (511,))
            for read in (lambda: file["loss"][1022:1401],
                         lambda: file["kernel"][7:8],
                         lambda: file["snapshots/kernel/000/000007"][()]):
                self.assertRaises(OSError, read)

    def test_a_merge_takes_intact_shards_alone(self):
        for command in ("sweep", "bifurcate"):
            for part in "01":
                self.restrain(command, self.case, "-q", *SHORT, "--shard",
                              f"{part}/2", "-o", f"{part}.h5", "--force")
            work = (command, "--merge", "0.h5", "1.h5", "-q", "--force",
                    "-o", "whole.h5")
            self.restrain(*work)
            reference = datasets(self.folder / "whole.h5")
            read = [name for name in read_again(self.folder / "1.h5")
                    if name not in ("provenance/wisdom", "box_size", "boxes",
                                    "boundary", "dimension",
                                    "dimension_error")]
            self.assertIn("lr", read)
            with self.subTest(command):
                self.damage_each("1.h5", read, reference, *work)

    def test_a_sweep_is_resumed_from_what_is_intact_alone(self):
        work = ("sweep", self.case, "-q", *SHORT, "--resume", "-o", "out.h5")
        self.restrain("sweep", self.case, "-q", *SHORT, "-o", "out.h5")
        read = [name for name in read_again(self.folder / "out.h5")
                if name not in ("lr", "weight_decay", "provenance/case",
                                "box_size", "boxes", "boundary", "dimension",
                                "dimension_error")]
        self.damage_each("out.h5", read, datasets(self.folder / "out.h5"),
                         *work)

    def test_attributes_of_too_many_numbers(self):
        for command, name, attribute, said in (
                ("sweep", "out.h5", "patches", "attributes of a sweep are "
                 "missing"),
                ("run", "out.checkpoint", "iteration", "no checkpoint is "
                 "usable")):
            work = (command, self.case, "-q", "-o", "out.h5")
            self.restrain(*work, "--force", *SHORT)
            with h5py.File(self.folder / name, "a") as file:
                file.attrs[attribute] = np.full(5000, 7)
            more = ("-D", "step.iterations=30") if command == "run" else SHORT
            done = self.restrain(*work, "--resume", *more, expect=4)
            self.assertIn(said, done.stderr)

    def test_verify_finds_all(self):
        for command in ("run", "sweep", "bifurcate", "analyze"):
            name = f"{command}.h5"
            self.restrain(command, self.case, "-q", "-o", name, *SHORT)
            told = self.verify(name, expect=0)[0]
            self.assertEqual((told["intact"], told["without_checksum"]),
                             (True, 0))
            places = one_of_each(stored_places(self.folder / name))
            self.assertLessEqual(len(places), told["datasets"])
            for place in places.values():
                flip(self.folder / name, place)
            told = self.verify(name, expect=4)[0]
            self.assertEqual(sorted(told["damaged"]),
                             sorted(f"/{place}" for place in places))
        done = self.restrain("info", "--verify", "run.h5", "run.checkpoint",
                             "none.h5", expect=4)
        self.assertIn("\n  /loss [0:21]\n", done.stdout)
        self.assertIn("\nrun.checkpoint: ok", done.stdout)
        self.assertIn("\nnone.h5: damaged: none.h5 cannot be read",
                      done.stdout)

    def test_labels_have_a_checksum(self):
        self.restrain("run", self.case, "-q", "-o", "run.h5", *SHORT)
        content = (self.folder / "run.h5").read_bytes()
        start = content.index(b"GCOL")
        place = content.index(b"ulp", start)
        (self.folder / "run.h5").write_bytes(
            content[:place] + b"alp" + content[place + 3:])
        told = self.verify("run.h5", expect=4)[0]
        self.assertEqual(told["damaged"], {"/twin": "[()]"})
        done = self.restrain("run", self.case, *SHORT, "--resume", "-o",
                             "run.h5", expect=4)
        self.assertIn("/twin", done.stderr)

    def test_damaged_checkpoints(self):
        newest = self.folder / "run.checkpoint"
        older = self.folder / "run.checkpoint.previous"
        work = ("run", self.case, "--resume", "-o", "run.h5")
        self.restrain("run", self.case, "-q", "-o", "run.h5", *SHORT)
        self.restrain(*work, "-q", "-D", "step.iterations=30")
        self.assertTrue(older.exists())
        saved = self.contents()
        for place in stored_places(newest):
            for name, content in saved.items():
                (self.folder / name).write_bytes(content)
            flip(newest, place)
            self.verify(newest.name, expect=4)
            done = self.restrain(*work, "-D", "step.iterations=30")
            self.assertIn("run.checkpoint is incomplete or damaged; going "
                          "on from run.checkpoint.previous", done.stderr)
        for name, content in saved.items():
            (self.folder / name).write_bytes(content)
        for path in (newest, older):
            flip(path, stored_places(path)[0])
        before = self.contents()
        done = self.restrain(*work, expect=4)
        self.assertIn("no checkpoint is usable", done.stderr)
        self.assertEqual(self.contents(), before)

    def test_files_without_checksums_go_on(self):
        self.restrain("run", self.case, "-q", "-o", "run.h5")
        shutil.copy(self.folder / "run.h5", self.folder / "bare.h5")
        shutil.copy(self.folder / "run.checkpoint",
                    self.folder / "bare.checkpoint")
        bare = []
        with h5py.File(self.folder / "bare.h5", "r+") as file:
            file.visititems(lambda name, item: bare.append(name) if isinstance(
                item, h5py.Dataset) and not item.is_virtual else None)
            for name in bare:
                file[name].attrs.pop("crc32", None)
                if file[name].chunks:
                    values, most = file[name][()], file[name].maxshape
                    del file[name]
                    file.create_dataset(
                        name, data=values, maxshape=most,
                        compression=1 if values.ndim > 1 else None)
        told = self.verify("bare.h5", expect=0)[0]
        self.assertEqual(told["without_checksum"], len(bare))
        for name in ("run.h5", "bare.h5"):
            self.restrain("run", self.case, "-q", "--resume", "-o", name,
                          "-D", "step.iterations=1410")
        self.assert_same_datasets(self.folder / "run.h5",
                                  self.folder / "bare.h5")
        told = self.verify("bare.h5", expect=0)[0]
        self.assertEqual(told["without_checksum"], 0)


class Additions(ProgramTest):
    def setUp(self):
        super().setUp()
        self.case = self.write(CASE)

    @staticmethod
    def add(file, own, axis):
        """Of every kind; `own` is a dataset over `axis`."""
        file.attrs["note"] = "for the paper"
        file.attrs["numbers"] = np.arange(6.0).reshape(2, 3)
        file.attrs["words"] = ["one", "another"]
        file["provenance"].attrs["by"] = "Ada"
        file[own].attrs["unsure"] = np.bool_(True)
        file["mine"] = np.arange(7)
        file["A first"] = "text"
        deep = file.create_group("deep/er", track_order=True)
        deep["z"] = 1.5
        deep["a"] = 2.5
        deep.create_dataset("packed", data=np.random.rand(40, 9),
                            chunks=(8, 9), compression="gzip", shuffle=True)
        deep.attrs["in"] = "side"
        deep["loop"] = file["deep"]
        file["alias"] = file[own]
        file["soft"] = h5py.SoftLink(f"/{own}")
        file["elsewhere"] = h5py.ExternalLink("other.h5", "/data")
        file["labels"] = np.arange(file[axis].size)
        file["labels"].make_scale("labels")
        file[own].dims[0].attach_scale(file["labels"])
        file["over"] = file[axis][()]
        file["over"].dims[0].attach_scale(file[axis])
        file["views"] = h5py.SoftLink("/snapshots")

    def check(self, file, own, axis, packed, alias_of):
        self.assertEqual(file.attrs["note"], "for the paper")
        np.testing.assert_array_equal(file.attrs["numbers"],
                                      np.arange(6.0).reshape(2, 3))
        self.assertEqual(list(file.attrs["words"]), ["one", "another"])
        self.assertEqual(file["provenance"].attrs["by"], "Ada")
        self.assertIs(bool(file[own].attrs["unsure"]), True)
        np.testing.assert_array_equal(file["mine"], np.arange(7))
        self.assertEqual(file["A first"][()], b"text")
        deep = file["deep/er"]
        self.assertEqual(list(deep), ["z", "a", "packed", "loop"])
        np.testing.assert_array_equal(deep["packed"], packed)
        self.assertEqual(deep["packed"].compression, "gzip")
        self.assertEqual(deep.attrs["in"], "side")
        self.assertEqual(deep["loop"], file["deep"])
        self.assertEqual(file["alias"], file[alias_of])
        self.assertEqual(file.get("soft", getlink=True).path, f"/{own}")
        self.assertEqual(file.get("elsewhere", getlink=True).filename,
                         "other.h5")
        self.assertEqual([scale.name for scale in file["over"].dims[0].values()
                          ], [f"/{axis}"])
        self.assertIn("/labels", [scale.name for scale
                                  in file[own].dims[0].values()])

    def test_what_others_added_is_kept(self):
        longer = ("-D", "step.iterations=30")
        for command, own, axis, more in (
                ("run", "step", "time", longer),
                ("sweep", "regime", "weight_decay", ()),
                ("bifurcate", "loss", "lr", ())):
            with self.subTest(command):
                self.restrain(command, self.case, "-q", *SHORT, "-o", "a.h5",
                              "--force")
                with h5py.File(self.folder / "a.h5", "r+") as file:
                    self.add(file, own, axis)
                    packed = file["deep/er/packed"][()]
                for _ in range(2):
                    done = self.restrain(command, self.case, *SHORT,
                                         *more, "--resume", "-o", "a.h5")
                    self.assertNotIn("warning", done.stderr)
                    with h5py.File(self.folder / "a.h5") as file:
                        self.check(file, own, axis, packed, own)
                self.restrain(command, self.case, "-q", *SHORT, "-o", "a.h5",
                              "--force")
                with h5py.File(self.folder / "a.h5") as file:
                    self.assertNotIn("mine", file)

    def test_what_cannot_be_kept_is_told(self):
        self.restrain("run", self.case, "-q", *SHORT, "-o", "a.h5")
        with h5py.File(self.folder / "a.h5", "r+") as file:
            file["to"] = np.array([file["loss"].ref], dtype=h5py.ref_dtype)
            file["loss"].attrs["see"] = file["time"].ref
        done = self.restrain("run", self.case, *SHORT, "--resume", "-o",
                             "a.h5")
        self.assertIn("the references in /to are not kept", done.stderr)
        self.assertIn("the attribute see of /loss holds references",
                      done.stderr)

    def assert_kept_or_refused(self, name, add, signature, *work):
        """What is added last begins with the signature; that is damaged."""
        path = self.folder / name
        with h5py.File(path, "r+") as file:
            add(file)
        content = path.read_bytes()
        place = content.rindex(signature)
        content = content[:place] + b"?" + content[place + 1:]
        path.write_bytes(content)
        done = self.restrain(*work, expect=4)
        self.assertRegex(done.stderr, f"{name}: .* /mine cannot be read and "
                         "would be lost; .* restore the file from a copy")
        self.assertEqual(path.read_bytes(), content)

    def test_what_cannot_be_read_is_not_dropped(self):
        def group(file):
            file.create_group("mine")["a"] = np.arange(5)

        def many(file):
            one = file.create_group("mine", track_order=True)
            for i in range(20):
                one[f"a{i}"] = i

        def notes(file):
            one = file.create_group("mine", track_order=True)
            for i in range(20):
                one.attrs[f"a{i}"] = np.arange(100)

        for command, more in (("run", ("-D", "step.iterations=30")),
                              ("sweep", ())):
            self.restrain(command, self.case, "-q", *SHORT, "-o", "good.h5",
                          "--force")
            if command == "run":
                checkpoint = self.folder / "good.checkpoint"
                checkpoint.replace(self.folder / "a.checkpoint")
            for add, signature in ((group, b"TREE"), (group, b"SNOD"),
                                   (group, b"HEAP"), (many, b"FRHP"),
                                   (many, b"FHDB"), (many, b"OHDR"),
                                   (notes, b"FRHP"), (notes, b"FHDB")):
                shutil.copy(self.folder / "good.h5", self.folder / "a.h5")
                with self.subTest(command, signature=signature):
                    self.assert_kept_or_refused(
                        "a.h5", add, signature, command, self.case, *SHORT,
                        *more, "--resume", "-o", "a.h5")

    def test_data_that_cannot_be_decoded_are_kept_as_they_are(self):
        self.restrain("run", self.case, "-q", *SHORT, "-o", "a.h5")
        unknown, raw = 32123, b"encoded by another program"
        with h5py.File(self.folder / "a.h5", "r+") as file:
            how = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            how.set_chunk((4,))
            how.set_filter(unknown, h5py.h5z.FLAG_OPTIONAL, (1, 2))
            made = h5py.h5d.create(
                file.id, b"mine", h5py.h5t.NATIVE_DOUBLE,
                h5py.h5s.create_simple((4,)), how)
            made.write_direct_chunk((0,), raw)
        self.restrain("run", self.case, *SHORT, "--resume", "-o", "a.h5")
        with h5py.File(self.folder / "a.h5") as file:
            self.assertEqual(file["mine"].id.read_direct_chunk((0,))[1], raw)
            filters = file["mine"].id.get_create_plist()
            self.assertEqual(filters.get_filter(0)[0], unknown)

    def test_scales_that_are_gone_are_told(self):
        self.restrain("run", self.case, "-q", *SHORT, "-o", "a.h5")
        with h5py.File(self.folder / "a.h5", "r+") as file:
            for name in "own", "other":
                file[name] = np.arange(file["time"].size)
                file[name].make_scale(name)
                file["loss"].dims[0].attach_scale(file[name])
            del file["own"]
        done = self.restrain("run", self.case, *SHORT, "--resume", "-o",
                             "a.h5")
        self.assertIn("scales of axis 0 of /loss", done.stderr)


if __name__ == "__main__":
    main()
