# SPDX-License-Identifier: GPL-3.0-or-later
"""restrain bifurcate: the diagram of a small network, stopped and resumed,
read back by h5py and xarray."""
import json
import resource
import signal
import unittest

import h5py
import numpy as np

from support import CASES, ProgramTest, datasets, main

# lr_hi = 2/alpha = 1: converging, of period 2, then divergent.
CASE = """\
title: a small scan
flow:
  kind: conv
  image: {kind: checkerboard, size: 16}
  kernel: 4
initial: {kind: normal, seed: 7}
step: {scheme: euler, lr: 0.05, weight_decay: 2, iterations: 40}
bifurcation: {from: 0.1, to: 1.1, count: 21, burn_in: 400, samples: 64}
"""
# A second or so of many short orbits, so that there is something to interrupt.
LONG = ("-D", "bifurcation.burn_in=3000", "-D", "bifurcation.count=4000")
REGIMES = ["pending", "stable", "transient", "restrained-periodic",
           "restrained-chaotic", "divergent", "undecided", "converged",
           "bounded"]


class Diagram(ProgramTest):
    def setUp(self):
        super().setUp()
        self.case = self.write(CASE)

    def test_the_file_reads_as_a_diagram(self):
        done = self.restrain("bifurcate", self.case)
        path = self.folder / "output/case/bifurcation.h5"
        self.assertIn("completed with 21 of 21 values of lr", done.stdout)
        self.assertIn("restrained-periodic, period 2", done.stdout)
        self.assertEqual(done.stderr, "")
        with h5py.File(path) as file:
            lr = file["lr"][()]
            np.testing.assert_allclose(lr, np.linspace(0.1, 1.1, 21),
                                       rtol=1e-15)
            self.assertEqual((lr[0], lr[-1]), (0.1, 1.1))
            np.testing.assert_array_equal(file["sample"][()],
                                          np.arange(401, 465))
            for name, item in file.items():
                if isinstance(item, h5py.Dataset):
                    self.assertIn("long_name", item.attrs)
                    self.assertIn("units", item.attrs)
            regime = file["regime"]
            self.assertEqual(regime.dtype, np.int8)
            self.assertEqual(regime.attrs["flag_meanings"].decode().split(),
                             REGIMES)
            np.testing.assert_array_equal(regime.attrs["flag_values"],
                                          range(-1, 8))
            two = np.flatnonzero(file["period"][()] == 2)
            self.assertGreater(len(two), 1)
            np.testing.assert_array_equal(regime[two], 2)
            swing = file["residual"][two]
            self.assert_close(swing[:, 2:], swing[:, :-2], 1e-3)
            self.assertTrue((np.ptp(swing, axis=1) > 1e-2).all())
            divergent = np.flatnonzero(regime[()] == 4)
            self.assertGreater(lr[divergent].min(), 1)
            self.assertTrue(np.isnan(file["data_loss"][divergent]).all())
            self.assertTrue((file["iterations_run"][divergent] < 464).all())
            origin = file["provenance"].attrs
            self.assertEqual(origin["exit_reason"].rstrip(b"\0"),
                             b"completed")
            self.assertIn(b"bifurcate", origin["argv"])
            self.assertIn(b"burn_in: 400",
                          file["provenance/effective"][()])

    def test_xarray(self):
        try:
            import xarray
        except ImportError:
            raise unittest.SkipTest("xarray is missing") from None
        self.restrain("bifurcate", self.case, "-o", "scan.h5",
                      "-D", "bifurcation.parameter=weight_decay")
        with xarray.open_dataset(self.folder / "scan.h5",
                                 engine="h5netcdf") as data:
            self.assertEqual(dict(data.sizes),
                             {"weight_decay": 21, "sample": 64})
            self.assertEqual(data["probe"].dims, ("weight_decay", "sample"))
            self.assertIn("over weight_decay", data.attrs["summary"])

    def test_a_logarithmic_scan_of_the_decay(self):
        self.restrain("bifurcate", self.case, "-o", "scan.h5",
                      "-D", "bifurcation.parameter=weight_decay",
                      "-D", "bifurcation.scale=log")
        with h5py.File(self.folder / "scan.h5") as file:
            values = file["weight_decay"][()]
            self.assertEqual((values[0], values[-1]), (0.1, 1.1))
            self.assert_close(values, np.geomspace(0.1, 1.1, 21), 1e-14)

    def test_ranges_cover_the_scan(self):
        told = json.loads(self.restrain("bifurcate", self.case, "--json",
                                        "-o", "scan.h5").stdout)
        self.assertEqual((told["done"], told["count"]), (21, 21))
        self.assertEqual((told["reason"], told["exit_code"]),
                         ("completed", 0))
        self.assertEqual(told["parameter"], "lr")
        self.assertEqual(sum(told["regimes"].values()), 21)
        self.assertEqual(list(told["regimes"]), REGIMES[1:])
        ranges = told["ranges"]
        self.assertEqual(sum(entry["values"] for entry in ranges), 21)
        self.assertEqual((ranges[0]["from"], ranges[-1]["to"]), (0.1, 1.1))
        for one, other in zip(ranges, ranges[1:]):
            self.assertLess(one["to"], other["from"])
            self.assertNotEqual((one["regime"], one["period"]),
                                (other["regime"], other["period"]))
        self.assertIn(("restrained-periodic", 2),
                      [(entry["regime"], entry["period"])
                       for entry in ranges])

    def test_many_ranges_share_lines(self):
        # Chaos with windows of many periods.
        scan = ("bifurcate", self.case, "-o", "scan.h5", "--force",
                "-D", "step.weight_decay=0.3125", "-D", "bifurcation.from=3",
                "-D", "bifurcation.to=6", "-D", "bifurcation.count=800")
        told = json.loads(self.restrain(*scan, "--json").stdout)
        self.assertGreater(told["regimes"]["restrained-chaotic"], 100)
        self.assertGreater(len(told["ranges"]), 30)
        lines = [line for line in self.restrain(*scan).stdout.splitlines()
                 if " .. " in line]
        self.assertGreater(len(lines), 5)
        self.assertLessEqual(len(lines), 30)
        self.assertIn("mixed: ", "".join(lines))

    def test_dry_run(self):
        done = self.restrain("bifurcate", self.case, "--dry-run")
        self.assertIn("21 values of lr from 0.1 to 1.1", done.stdout)
        self.assertIn("400 iterations and 64 samples", done.stdout)
        self.assertIn("engine reduced: 2 distinct patches", done.stdout)
        self.assertIn("on one thread, measured on a few values", done.stdout)
        self.assertIn("output/case/bifurcation.h5", done.stdout)
        self.assertEqual([path.name for path in self.folder.iterdir()],
                         ["case.yaml"])

    def test_info_says_what_it_is(self):
        self.restrain("bifurcate", self.case, "-o", "scan.h5")
        title = "bifurcation diagram over lr, 21 of 21 values done"
        self.assertIn(title, self.restrain("info", "scan.h5").stdout)
        self.assertIn(title, self.restrain("info", "--json",
                                           "scan.h5").stdout)

    def test_help(self):
        text = self.restrain("help", "bifurcate").stdout
        for option in ("--define", "--output", "--resume", "--force",
                       "--dry-run", "--threads", "--wall-limit", "--quiet",
                       "--json", "--shard", "--merge"):
            self.assertIn(option, text)
        self.assertIn("restrain bifurcate", self.restrain("--help").stdout)


class Faults(ProgramTest):
    def test_exit_codes(self):
        case = self.write(CASE)
        done = self.restrain("bifurcate", CASES / "heat-stable.yaml",
                             expect=2)
        self.assertIn("no section bifurcation", done.stderr)
        done = self.restrain("bifurcate", CASES / "heat-stable.yaml",
                             "--dry-run", expect=2)
        self.assertIn("no section bifurcation", done.stderr)
        done = self.restrain("bifurcate", case, "-D", "bifurcation.cuont=3",
                             expect=2)
        self.assertIn("count", done.stderr)
        self.restrain("bifurcate", expect=2)
        done = self.restrain("bifurcate", case, "-o", "case.yaml/no.h5",
                             expect=4)
        self.assertIn("Not a directory", done.stderr)
        self.assertEqual([path.name for path in self.folder.iterdir()],
                         ["case.yaml"])
        self.restrain("bifurcate", case, "-o", "scan.h5")
        done = self.restrain("bifurcate", case, "-o", "scan.h5", expect=4)
        self.assertIn("--resume", done.stderr)
        self.restrain("bifurcate", case, "-o", "scan.h5", "--force")

    def test_other_files_are_not_resumed(self):
        case = self.write(CASE)
        (self.folder / "scan.h5").write_text("text", encoding="utf-8")
        self.restrain("bifurcate", case, "-o", "scan.h5", "--resume",
                      expect=4)
        self.restrain("run", case, "-o", "run.h5")
        done = self.restrain("bifurcate", case, "-o", "run.h5", "--resume",
                             expect=4)
        self.assertIn("no bifurcation diagram", done.stderr)
        (self.folder / "scan.h5").unlink()
        self.restrain("bifurcate", case, "-o", "scan.h5")
        before = (self.folder / "scan.h5").read_bytes()
        done = self.restrain("bifurcate", case, "-o", "scan.h5", "--resume",
                             "-D", "flow.kernel=5", "-D",
                             "bifurcation.to=1.2", expect=2)
        self.assertIn("flow.kernel (was 4, is 5)", done.stderr)
        self.assertIn("bifurcation.to", done.stderr)
        self.assertEqual((self.folder / "scan.h5").read_bytes(), before)


class Interrupted(ProgramTest):
    def setUp(self):
        super().setUp()
        self.case = self.write(CASE)

    def stop(self, *arguments, **options):
        return self.interrupt(
            "bifurcate", self.case, "-o", "scan.h5", *LONG, *arguments,
            begun=(self.folder / "scan.h5").exists, **options)

    def resume(self, *arguments):
        return self.restrain("bifurcate", self.case, "-o", "scan.h5", *LONG,
                             "--resume", *arguments)

    def whole(self):
        self.restrain("bifurcate", self.case, "-o", "whole.h5", *LONG)
        return self.folder / "whole.h5"

    def test_signals_keep_what_is_done(self):
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        whole = self.whole()
        used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
        for threads in ("1", "2"):
            told = self.stop("--threads", threads, work=used / 2)
            self.assertIn("SIGINT with ", told)
            self.assertIn("not done", told)
            self.assertIn("go on with: restrain bifurcate", told)
            with h5py.File(whole) as all_of, \
                    h5py.File(self.folder / "scan.h5") as part:
                done = part["regime"][()] >= 0
                self.assertTrue(0 < done.sum() < len(done))
                for name, item in all_of.items():
                    if isinstance(item, h5py.Dataset) and name != "sample":
                        np.testing.assert_array_equal(
                            item[()][done], part[name][()][done], name)
                self.assertTrue(np.isnan(part["loss"][~done]).all())
                self.assertEqual(
                    part["provenance"].attrs["exit_reason"].rstrip(b"\0"),
                    b"SIGINT")
            self.resume()
            self.assert_same_datasets(whole, self.folder / "scan.h5")
            (self.folder / "scan.h5").unlink()

    def test_a_kill_leaves_a_file_that_goes_on(self):
        self.stop(number=signal.SIGKILL)
        self.assertIn("regime", datasets(self.folder / "scan.h5"))
        self.resume()
        self.assert_same_datasets(self.whole(), self.folder / "scan.h5")
        self.assertFalse(list(self.folder.glob("*.partial*")))

    def test_wall_limit(self):
        done = self.restrain("bifurcate", self.case, "-o", "scan.h5",
                             "-D", "bifurcation.burn_in=1000000",
                             "--wall-limit", "1", "--json", expect=75)
        told = json.loads(done.stdout)
        self.assertEqual((told["reason"], told["exit_code"]),
                         ("wall limit", 75))
        self.assertIsNone(told["ranges"][-1]["regime"])

    def test_resuming_a_finished_scan_changes_nothing(self):
        whole = self.whole()
        before = datasets(whole)
        self.restrain("bifurcate", self.case, "-o", "whole.h5", *LONG,
                      "--resume")
        self.assertEqual(datasets(whole), before)


class Threads(ProgramTest):
    def test_same_bits_for_every_number_of_threads(self):
        text = CASE.replace(
            "image: {kind: checkerboard, size: 16}",
            "images:\n" + "\n".join(
                f"    - {{kind: gaussian-field, size: {11 + n}, seed: {n}, "
                f"label: {n % 2}}}" for n in range(3)))
        case = self.write(text)
        for precision in ("double", "float"):
            for threads in (1, 2, 50):
                self.restrain("bifurcate", case, "-o", f"{threads}.h5",
                              "--threads", threads, "--force",
                              "-D", f"flow.precision={precision}")
            for threads in (2, 50):
                self.assert_same_datasets(self.folder / "1.h5",
                                          self.folder / f"{threads}.h5")


if __name__ == "__main__":
    main()
