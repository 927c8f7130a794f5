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
                (0.01, "converged", 1, 0), (0.03, "converged", 1, 0),
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
        self.assertEqual(told["regime"], "converged")
        # At the minimum all eigenvalues but one are the weight decay.
        self.assertAlmostEqual(told["contraction"], 1 - 0.01 * 20, delta=1e-4)
        self.assertIn("stability was not measured", told["regime_reason"])
        told = self.run_published("step.lr=0.07")
        self.assertEqual(told["regime"], "bounded")
        self.assertIn("lyapunov", told["regime_reason"])

    def test_measured_eigenvalues_decide(self):
        scalars = "output.scalars=[sharpness, lambda_min]"
        told = self.run_published("step.lr=0.01", scalars)
        self.assertEqual(told["regime"], "transient")
        run = self.open()
        beyond = (run.lambda_min < 0) | (run.sharpness > 2 / 0.01)
        self.assertIn(f"; {int(beyond[:-1].sum())} of 1000 measured updates",
                      told["regime_reason"])
        # Where the last state lies nothing but the decay and the pattern act.
        self.assertAlmostEqual(float(run.lambda_min[-1]), 20, delta=1e-6)
        self.assertAlmostEqual(float(run.sharpness[-1]), 61.9972749916,
                               delta=1e-4)
        # From near the minimum the way is stable.
        with h5py.File(self.folder / "minimum.h5", "w") as file:
            file["kernel"] = 1.01 * run.kernel.values[-1]
        for scalars, regime in ((scalars, "stable"),
                                ("output.scalars=[sharpness]", "converged"),
                                ("output.scalars=[lambda_min]", "converged")):
            told = self.run_published("step.lr=0.01", scalars,
                                      "initial={kind: file, file: \"%s\"}"
                                      % f"{self.folder}/minimum.h5:/kernel")
            self.assertEqual(told["regime"], regime, told["regime_reason"])


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
        steps, flows = events.growth_discrete, events.growth_continuous
        # Those that overshoot turn round: 1 - lr times the quotient < 0.
        self.assertLess(rayleigh[steps == 0].max(), 1 / 0.07)
        self.assertGreater(rayleigh[flows == 0].min(), 1 / 0.07)
        np.testing.assert_array_equal(events.kind == 0, steps > flows)
        self.assertGreater(int(((steps > 0) & (flows > 0)).sum()), 30)
        self.assert_close(steps + flows, np.log(events.amplification), 1e-9)
        share = float(flows.sum() / (steps + flows).sum())
        self.assertAlmostEqual(told["share_continuous"], share, delta=1e-12)
        self.assertAlmostEqual(told["share_discrete"], 1 - share, delta=1e-12)
        # Only the direction of the pattern itself is unstable.
        np.testing.assert_allclose(events.ky, np.pi)
        np.testing.assert_allclose(abs(events.kx), np.pi)
        self.assertGreater(float(events.participation.median()), 0.99)
        self.assertEqual(float(events.share.median()), 1)

    def test_shares_are_those_of_the_pattern_alone(self):
        # On a checkerboard the kernel moves along its pattern, but for the
        # decay: K = q P/32 and c = 32 q on 25313 positions, -c on 25312.
        share, length = 25313 / 225**2, 32.0
        pattern = np.where(np.indices((32, 32)).sum(0) % 2, 1.0, -1.0)
        np.random.seed(7)
        start = (np.random.randn(32, 32) * pattern).sum() / length

        def bends(z):
            s = 1 / (1 + np.exp(-z))
            return (z * s, s * (1 + z * (1 - s)),
                    s * (1 - s) * (2 + z * (1 - 2 * s)))

        def shares(rate, updates):
            q, log = start, np.zeros(2)
            for _ in range(updates):
                one, other = bends(length * q), bends(-length * q)
                value, slope, curvature = (
                    share * x + sign * (1 - share) * y for x, y, sign in zip(
                        one, other, (1, -1, 1)))
                output = 1 / (1 + np.exp(-value))
                hessian = 20 + length**2 * (
                    (output - 1) * curvature
                    + output * (1 - output) * slope**2)
                factor = 1 - rate * hessian
                if abs(factor) > 1:
                    log[int(factor > 0)] += np.log(abs(factor))
                q -= rate * ((output - 1) * length * slope + 20 * q)
            return log[1] / log.sum()

        for rate, expected in ((0.05, 0.71), (0.07, 0.47), (0.085, 0.36),
                               (0.095, 0.20)):
            told = self.run_published(
                f"step.lr={rate}", "step.iterations=20000", "twins=[]",
                "output.scalars=[lyapunov]", "output.every=20000")
            self.assertAlmostEqual(shares(rate, 20000), expected, delta=0.02)
            self.assertAlmostEqual(told["share_continuous"], expected,
                                   delta=0.02)

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
