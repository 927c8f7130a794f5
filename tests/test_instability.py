# SPDX-License-Identifier: GPL-3.0-or-later
"""The restrained instability as a user sees it: twins, exponents, events and
regimes of real runs, read from the files written and from what is said."""
import json

import h5py
import numpy as np
import xarray

from support import CASES, ProgramTest, main

PUBLISHED = CASES / "nonlinear-lr-0.07.yaml"
ROUNDING = {"double": 2.3e-16, "float": 1.2e-7}
# Beyond lr_lo the published network is chaotic at some rates and periodic at
# others, where twins meet again.
BELOW = (0.01, 0.02, 0.03)
CHAOTIC = (0.05, 0.07, 0.08, 0.09)

NATURAL = CASES / "restrained-natural.yaml"


class InstabilityTest(ProgramTest):
    def run_published(self, *settings, expect=0):
        """The published network; its JSON summary. The file is run.h5."""
        settings = ("expect=[]", "output.every=1000", "twins=[]") + settings
        done = self.restrain(
            "run", PUBLISHED, "-o", "run.h5", "--force", "--json",
            *(word for setting in settings for word in ("-D", setting)),
            expect=expect)
        return json.loads(done.stdout)

    def open(self, **options):
        opened = xarray.open_dataset(self.folder / "run.h5",
                                     engine="h5netcdf", **options)
        self.addCleanup(opened.close)
        return opened


class Twins(InstabilityTest):
    """arXiv 2206.02001, figure 4 right: divisor 1 against 3."""

    def test_twins_stay_together_below_the_threshold(self):
        for precision, epsilon in ROUNDING.items():
            for rate in BELOW:
                with self.subTest(precision=precision, rate=rate):
                    told = self.run_published(
                        f"step.lr={rate}", "twins=[3]",
                        f"flow.precision={precision}")
                    difference = self.open().twin_difference.sel(twin="3")
                    # Rounding moves the state while it is large, and what is
                    # left of it is rounding again.
                    self.assertGreater(float(difference[1:20].max()), 0)
                    self.assertLess(float(difference[-100:].max()),
                                    100 * epsilon)
                    self.assertEqual(told["twins"][0]["saturation"], -1)

    def test_twins_part_where_training_is_chaotic(self):
        for precision, epsilon in ROUNDING.items():
            for rate in CHAOTIC:
                with self.subTest(precision=precision, rate=rate):
                    told = self.run_published(
                        f"step.lr={rate}", "twins=[3]",
                        f"flow.precision={precision}")
                    run = self.open().sel(twin="3")
                    self.assertLess(float(run.twin_difference[1]),
                                    1000 * epsilon)
                    average = run.twin_difference_average
                    self.assertGreater(float(average[-1]), 0.3)
                    self.assertEqual(told["twins"][0]["saturation"],
                                     int(run.twin_saturation))
                    self.assertLess(int(run.twin_saturation), 200)

    def test_the_average_is_moving(self):
        self.run_published("twins=[3]", "twin.average=50")
        run = self.open().sel(twin="3")
        difference = run.twin_difference.values
        for t in (0, 7, 49, 50, 400, 1000):
            self.assert_close(float(run.twin_difference_average[t]),
                              difference[max(0, t - 49):t + 1].mean(), 1e-12)

    def test_fields_are_those_of_two_runs(self):
        self.run_published("twins=[1, 3]", "step.iterations=200",
                           "output.every=50",
                           "output.fields=[difference, relative_difference]")
        with h5py.File(self.folder / "run.h5") as file:
            kernel = file["kernel"][()]
            difference = file["difference_3"][()]
            relative = file["relative_difference_3"][()]
            self.assertEqual(abs(file["difference_1"][()]).max(), 0)
            mean = file["twin_difference"][1, file["step"][()]]
        self.run_published("step.divisor=3", "step.iterations=200",
                           "output.every=50")
        with h5py.File(self.folder / "run.h5") as file:
            other = file["kernel"][()]
        np.testing.assert_array_equal(difference, kernel - other)
        size = abs(kernel) + abs(other)
        expected = 2 * abs(kernel - other) / np.where(size > 0, size, 1)
        np.testing.assert_allclose(relative, expected, rtol=1e-15)
        self.assert_close(mean, expected.mean(axis=(1, 2)), 1e-12)
        self.assertGreater(mean[-1], 0.1)

    def test_growth_agrees_with_the_tangent_while_small(self):
        told = self.run_published("twins=[3, 5, 7]",
                                  "output.scalars=[lyapunov]")
        run = self.open()
        log_growth = np.log(run.local_growth.values[:-1])
        for twin in told["twins"]:
            with self.subTest(twin["twin"]):
                distance = run.twin_distance.sel(twin=twin["twin"]).values
                # The distance from leaving rounding far behind to still being
                # infinitesimal: there both grow by the same factors.
                size = run.weight_norm.values
                small = np.flatnonzero((distance > 1e-12 * size)
                                       & (distance < 1e-4 * size))
                first = small[0]
                last = first + np.argmax(distance[first:] > 1e-4
                                         * size[first:]) - 1
                self.assertGreater(last - first, 8)
                self.assertAlmostEqual(
                    np.log(distance[last] / distance[first]),
                    log_growth[first:last].sum(), delta=0.05)

    def test_faults(self):
        for settings, message in (
                (("output.fields=[difference]",), "add twins"),
                (("output.scalars=[twin_difference]",), "add twins"),
                (("twins=[3]", "step.scheme=rk4"), "divisor"),
                (("twins=[0]",), "twins"), (("twins=[flaot]",), "float"),
                (("twins=[double]",), "double")):
            with self.subTest(settings):
                words = [word for s in ("twins=[]", *settings)
                         for word in ("-D", s)]
                done = self.restrain("run", PUBLISHED, "-o", "no.h5", *words,
                                     expect=2)
                self.assertIn(message, done.stderr)
                self.assertFalse((self.folder / "no.h5").exists())


class Exponents(InstabilityTest):
    def test_chaos(self):
        told = self.run_published("output.scalars=[lyapunov]",
                                  "tangent.burn_in=1000",
                                  "step.iterations=4000")
        self.assertEqual(told["regime"], "restrained-chaotic")
        run = self.open()
        self.assertAlmostEqual(float(run.lyapunov[-1]), 0.79, delta=0.03)
        self.assertAlmostEqual(told["exponent"], 0.79, delta=0.03)
        self.assertEqual(run.attrs["regime"], "restrained-chaotic")
        self.assertTrue(np.isnan(run.lyapunov[:1001]).all())
        self.assertTrue(np.isnan(run.local_growth[-1]))
        self.assert_close(float(run.lyapunov[-1]),
                          np.log(run.local_growth[1000:-1]).mean(), 1e-12)

    def test_spectrum_at_the_minimum(self):
        # On a checkerboard all eigenvalues but one are the weight decay.
        self.run_published("step.lr=0.03", "tangent.exponents=3",
                           "tangent.burn_in=500",
                           "output.scalars=[lyapunov_spectrum]")
        spectrum = self.open().lyapunov_spectrum[:, -1]
        expected = np.log(np.abs(1 - 0.03 * np.array([61.9972749916, 20,
                                                      20])))
        np.testing.assert_allclose(spectrum, expected, atol=1e-6)

    def test_regimes_are_named(self):
        for rate, regime, period, code in (
                (0.01, "stable", 1, 0), (0.03, "transient", 1, 0),
                (0.035, "restrained-periodic", 2, 0),
                (0.06, "restrained-periodic", 4, 0),
                (0.07, "restrained-chaotic", 0, 0),
                (0.11, "divergent", 0, 3)):
            with self.subTest(rate):
                told = self.run_published(f"step.lr={rate}",
                                          "output.scalars=[lyapunov]",
                                          "step.iterations=2000", expect=code)
                self.assertEqual((told["regime"], told["period"]),
                                 (regime, period), told["regime_reason"])
                run = self.open()
                self.assertEqual(run.attrs["regime"], regime)
                self.assertEqual(run.attrs["regime_reason"],
                                 told["regime_reason"])

    def test_what_was_not_recorded_is_not_guessed(self):
        told = self.run_published("step.lr=0.01")
        self.assertEqual(told["regime"], "undecided")
        self.assertIn("local_growth", told["regime_reason"])
        told = self.run_published("step.lr=0.07")
        self.assertEqual(told["regime"], "undecided")
        self.assertIn("lyapunov", told["regime_reason"])


class Events(InstabilityTest):
    def check_table(self):
        """The table against the growth recorded; the table."""
        run, events = self.open(), self.open(group="events")
        growth = run.local_growth.values[:-1]
        inside = growth >= 1 + 1e-9
        edges = np.flatnonzero(np.diff(np.r_[0, inside.astype(int), 0]))
        np.testing.assert_array_equal(events["first"], edges[::2])
        np.testing.assert_array_equal(events["last"], edges[1::2] - 1)
        for i in range(events.sizes["event"]):
            part = growth[int(events["first"][i]):int(events["last"][i]) + 1]
            self.assert_close(float(events.amplification[i]), part.prod(),
                              1e-9)
            self.assert_close(float(events.peak[i]), part.max(), 1e-12)
        return events

    def test_checkerboard(self):
        told = self.run_published("output.scalars=[lyapunov]")
        events = self.check_table()
        self.assertEqual(events.sizes["event"], told["event_count"])
        meanings = events.kind.attrs["flag_meanings"].split()
        self.assertEqual(meanings, ["discrete", "continuous", "non-normal"])
        kinds = [meanings[int(kind)] for kind in events.kind]
        # The saddle at 0 repels whatever the step; the minimum repels through
        # the step.
        self.assertGreater(kinds.count("discrete"), 20)
        self.assertGreater(kinds.count("continuous"), 20)
        self.assertEqual(kinds.count("non-normal"), 0)
        rayleigh = events.rayleigh.values
        self.assertLess(rayleigh[events.kind == 1].max(), 2 / 0.07)
        self.assertGreater(rayleigh[events.kind == 0].min(), 0)
        # Only the direction of the pattern itself is unstable.
        np.testing.assert_allclose(events.ky, np.pi)
        np.testing.assert_allclose(abs(events.kx), np.pi)
        self.assertGreater(float(events.participation.median()), 0.99)
        self.assertEqual(float(events.share.median()), 1)

    def test_summary_is_readable(self):
        done = self.restrain("run", PUBLISHED, "-o", "run.h5", "-D",
                             "output.scalars=[lyapunov]")
        self.assertRegex(done.stdout,
                         r"regime: restrained-chaotic \(bounded, .*exponent")
        self.assertRegex(
            done.stdout, r"iterations? \d+(-\d+)?, (discrete|continuous), "
            r"amplified [0-9.e+]+ .*held in rows \d+-\d+, columns \d+-\d+")
        self.assertRegex(done.stdout, r"twin 3: .*grew by exp\(0\.\d+\)")
        info = self.restrain("info", "run.h5").stdout
        self.assertIn("restrained-chaotic", info)

    def test_events_on_a_natural_image_are_localised(self):
        self.restrain("run", NATURAL, "-o", "run.h5")
        events = self.check_table()
        self.assertGreater(events.sizes["event"], 50)
        # A pattern of even strength has 1, half a cosine along both axes 4/9.
        self.assertLess(float(events.participation.median()), 0.6)
        self.assertLess(float(events.participation.max()), 0.9)
        self.assertLess(float(events.share.median()), 0.65)
        self.assertLess(float(events.share.min()), 0.4)
        energetic = events.share > 0
        for name in ("y", "x"):
            first, last = events[f"{name}_first"], events[f"{name}_last"]
            self.assertTrue(((0 <= first) & (last < 64) & (first <= last)
                             | ~energetic).all())
            centre = events[f"centroid_{name}"]
            self.assertTrue(((first <= centre) & (centre <= last)
                             | ~energetic).all())
        with h5py.File(self.folder / "run.h5") as file:
            tangent = file["tangent"][()].reshape(-1, 4096)
            recorded = file["participation"][()]
        ratio = (tangent**2).sum(1)**2 / (4096 * (tangent**4).sum(1))
        self.assert_close(recorded, ratio, 1e-12)
        self.assert_close((tangent**2).sum(1), 1, 1e-12)


if __name__ == "__main__":
    main()
