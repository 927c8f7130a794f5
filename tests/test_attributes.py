# SPDX-License-Identifier: GPL-3.0-or-later
"""What files say of themselves, alike in all kinds of them."""
import collections
import importlib.util
import json

import h5py
import numpy as np
import xarray

from support import CASES, WHOLE_CASE, ProgramTest, main

# Of files that describe datasets for others, and texts.
ELSEWHERE = ("VTKHDF/", "snapshots/", "provenance/", "fixed_points/")
# The same word for what differs by its place.
DIFFERENT = ("step", "time", "loss", "size")


def text(value):
    """An attribute as text."""
    return value.decode() if isinstance(value, bytes) else value


class Files(ProgramTest):
    """A file of each kind."""

    def setUp(self):
        super().setUp()
        self.write(WHOLE_CASE.replace("output: {every: 4}", "output: {every: "
                                      "4, scalars: [lyapunov, sharpness]}")
                   + "reference: a paper\n", "small.case.yaml")
        for command in ("run", "sweep", "bifurcate", "analyze"):
            self.restrain(command, "small.case.yaml", "-q", "-o",
                          f"{command}.h5")
        self.restrain("follow", "run.h5", "-q", "-o", "follow.h5")
        for name in ("heat-stable", "linear-decay-1.4e7", "network-textures"):
            self.restrain("run", CASES / f"{name}.yaml", "-q", "-D",
                          "step.iterations=3", "-o", f"{name}.h5")

    def test_of_which_case_a_file_is(self):
        for command in ("run", "sweep", "bifurcate", "analyze"):
            with h5py.File(self.folder / f"{command}.h5") as file:
                self.assertEqual(text(file.attrs["case_name"]), "small.case")
                self.assertEqual(text(file.attrs["reference"]), "a paper")
                self.assertEqual(file.attrs["lr"], 0.05)
                self.assertEqual(file.attrs["weight_decay"], 2)
                self.assertNotIn("image_levels", file.attrs)
                self.assertEqual(text(file.attrs["title"]),
                                 "a small non-linear run")
        with h5py.File(self.folder / "follow.h5") as file:
            self.assertNotIn("lr", file.attrs)

    def test_merged_shards_are_of_their_case(self):
        for shard in (0, 1):
            self.restrain("sweep", "small.case.yaml", "-q", "--shard",
                          f"{shard}/2", "-o", f"part{shard}.h5")
        self.restrain("sweep", "--merge", "part0.h5", "part1.h5", "-o",
                      "merged.h5")
        with h5py.File(self.folder / "merged.h5") as merged, h5py.File(
                self.folder / "part1.h5") as part:
            for name in ("case_name", "title", "reference", "lr",
                         "weight_decay"):
                self.assertEqual(merged.attrs[name], part.attrs[name])
            self.assertEqual(text(merged.attrs["case_name"]), "small.case")

    def test_conventions_and_what_is_missing(self):
        for path in sorted(self.folder.glob("*.h5")):
            with h5py.File(path) as file:
                self.assertEqual(text(file.attrs["Conventions"]),
                                 "restrain-1")
                for name, item in file.items():
                    if not isinstance(item, h5py.Dataset):
                        continue
                    named = "_FillValue" in item.attrs
                    is_scale = item.attrs.get("CLASS") == b"DIMENSION_SCALE"
                    self.assertEqual(named, item.dtype.kind == "f" and
                                     not is_scale, f"{path}: {name}")
                    if named:
                        self.assertEqual(item.attrs["_FillValue"].dtype,
                                         item.dtype)
                        self.assertTrue(np.isnan(item.attrs["_FillValue"]))

    def test_netcdf_readers_mask_nothing_else(self):
        if not importlib.util.find_spec("h5netcdf"):
            self.skipTest("no h5netcdf")
        masked = xarray.open_dataset(self.folder / "sweep.h5",
                                     engine="h5netcdf")
        plain = xarray.open_dataset(self.folder / "sweep.h5",
                                    engine="h5netcdf", mask_and_scale=False)
        for name in plain.variables:
            np.testing.assert_array_equal(masked[name], plain[name])
            self.assertEqual(masked[name].dtype, plain[name].dtype)
        masked.close()
        plain.close()

    def test_the_levels_of_an_image(self):
        np.save(self.folder / "i.npy", np.arange(576.0).reshape(24, 24))
        given = 'flow.image={kind: file, file: i.npy%s}'
        for more, levels, said in (
                ("", [-1, 1], "numbers of the file as they are"),
                (", range: [0, 575]", [0, 575],
                 "levels 0 to 575 of the file are -1 to 1")):
            for command in ("run", "analyze", "sweep", "bifurcate"):
                options = ("-o", "l.h5", "--force", "-D", given % more)
                told = self.restrain(command, "small.case.yaml", *options)
                self.assertRegex(told.stdout, rf"(?m)^ *image +{said}$")
                told = self.restrain(command, "small.case.yaml", *options,
                                     "--json")
                self.assertEqual(json.loads(told.stdout)["image_levels"],
                                 levels)
                self.levels_are("l.h5", levels)
            for shard in (0, 1):
                self.restrain("sweep", "small.case.yaml", *options[2:],
                              "-o", f"l{shard}.h5", "--shard", f"{shard}/2")
            self.restrain("sweep", "--merge", "l0.h5", "l1.h5", *options[:3])
            self.levels_are("l.h5", levels)

    def levels_are(self, name, levels):
        """What a file says that its image was made of."""
        with h5py.File(self.folder / name) as file:
            self.assertEqual(file.attrs["image_levels"].tolist(), levels)

    def test_one_thing_has_one_name_and_one_unit(self):
        names = collections.defaultdict(dict)

        def visit(file):
            def add(name, item):
                if isinstance(item, h5py.Dataset) and not name.startswith(
                        ELSEWHERE):
                    said = tuple(text(item.attrs.get(key))
                                 for key in ("long_name", "units"))
                    self.assertTrue(all(said), f"{file.filename}: {name}")
                    names[name].setdefault(said, []).append(file.filename)
            file.visititems(add)

        for path in sorted(self.folder.glob("*.h5")):
            with h5py.File(path) as file:
                visit(file)
        for name, said in names.items():
            if name not in DIFFERENT:
                self.assertEqual(len(said), 1, f"{name}: {said}")
        for name in ("kx", "ky"):
            units = {said[1] for path in (name, f"events/{name}")
                     for said in names[path]}
            self.assertEqual(units, {"radians per unit length"}, name)


if __name__ == "__main__":
    main()
