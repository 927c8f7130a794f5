# SPDX-License-Identifier: GPL-3.0-or-later
"""Each picture of a file by its name shows the file's numbers, and says what
is missing where it cannot."""
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import matplotlib.image
import numpy as np

from python_package import LIBRARY
from support import CASES, SMALL_CASE, SOURCE, ProgramTest, main

import restrain
from restrain import plot
from restrain.plot import exponents, orbits, waves

# Of figure 4 of arXiv 2206.02001, scaled to a kernel of 8: H by 8^2/32^2.
LR, DECAY = 0.07 * 16, 20 / 16
CHAOS = {"flow": {"kind": "conv", "kernel": 8, "image":
                  {"kind": "checkerboard", "size": 40}},
         "initial": {"kind": "normal", "seed": 7},
         "step": {"lr": LR, "weight_decay": DECAY, "iterations": 120},
         "stop": {"blow_up": 1e30}, "twins": [3, "float"],
         "output": {"every": 1, "fields": ["tangent", "difference"],
                    "scalars": ["local_growth", "lyapunov", "sharpness",
                                "sharpness_limit", "lambda_min"]}}


class Kinds(ProgramTest):
    @classmethod
    def setUpClass(cls):
        holder = tempfile.TemporaryDirectory(prefix="restrain-test-")
        cls.addClassCleanup(holder.cleanup)
        cls.chaos = Path(holder.name) / "run.h5"
        restrain.run(CHAOS, path=cls.chaos)

    def setUp(self):
        super().setUp()
        self.path = self.chaos

    def run_case(self, case, **overrides):
        """Another file than that of the chaos."""
        self.path = self.folder / "run.h5"
        restrain.run(case, path=self.path, **overrides)

    def draw(self, kind, **options):
        """The figure, which is neither empty nor a blot."""
        figure = plot.file(self.path, kind, **options)
        figure.savefig(self.folder / "picture.png", dpi=60)
        pixels = matplotlib.image.imread(self.folder / "picture.png")
        ink = (pixels[..., :3].min(axis=2) < 0.9).mean()
        self.assertTrue(0.005 < ink < 0.95, ink)
        return figure

    def assert_refused(self, kind, text, **options):
        with self.assertRaisesRegex(restrain.UsageError, text):
            plot.file(self.path, kind, **options)

    def test_return_maps(self):
        ds = restrain.open(self.path)
        self.assertEqual(ds.attrs["regime"], "restrained-chaotic")
        points = self.draw("return-map").axes[0].lines[0]
        values = ds.residual.values[60:]
        np.testing.assert_array_equal(
            points.get_xydata(), np.stack([values[:-1], values[1:]], 1))
        entry = ds.kernel.values[100:, 3, 5]
        figure = self.draw("return-map", of="kernel[3][5]", since=100)
        points, path, *_ = figure.axes[0].lines[::2]
        np.testing.assert_array_equal(
            points.get_xydata(), np.stack([entry[:-1], entry[1:]], 1))
        # Updates are corners of the path above and below the diagonal.
        np.testing.assert_array_equal(path.get_xydata()[1::2],
                                      points.get_xydata()[-12:])
        for name, text in (("kernel[8][0]", "the axis y of kernel has 8"),
                           ("kernel[0]", r"name an entry, kernel\[0\]\[0\]"),
                           ("nothing", r"no nothing .* it has .*loss.*"
                            r"kernel\[y\]\[x\]")):
            self.assert_refused("return-map", text, of=name)
        self.assert_refused("return-map", "nothing is left since iteration "
                            "120: the last one stored is 120", since=120)
        self.assert_refused("return-map", "needs 1 name, not 2",
                            of=["loss", "residual"])

    def test_return_maps_need_each_iteration(self):
        self.run_case(CHAOS, output__every=2, step__iterations=20)
        self.assert_refused("return-map", "output.every=1",
                            of="kernel[0][0]")

    def test_phase_portraits(self):
        ds = restrain.open(self.path)
        points = self.draw("phase", of=["loss", "twin_difference[1]"],
                           since=0).axes[0].collections[0]
        np.testing.assert_array_equal(points.get_offsets(), np.stack(
            [ds.loss.values, ds.twin_difference.values[1]], 1))
        np.testing.assert_array_equal(points.get_array(),
                                      ds.iteration.values)
        figure = self.draw("phase")
        points = figure.axes[0].collections[0].get_offsets()
        states = ds.kernel.values[60:].reshape(61, -1)
        about = states - states.mean(axis=0)
        _, sizes, right = np.linalg.svd(about, full_matrices=False)
        np.testing.assert_allclose(np.abs(points[:, 0]),
                                   np.abs(about @ right[0]), rtol=1e-9,
                                   atol=1e-12)
        share = float(figure.axes[0].get_xlabel().split()[-2])
        self.assert_close(share, 100 * sizes[0]**2 / (sizes**2).sum(), 5e-3)
        self.assert_refused("phase", "needs 2 names, not 1", of="loss")

    def test_principal_directions_of_an_ellipse(self):
        angle = np.linspace(0, 2 * np.pi, 100, endpoint=False)
        plane = np.stack([3 * np.cos(angle), np.sin(angle)], 1)
        turn = np.linalg.qr(np.random.default_rng(1).normal(size=(7, 7)))[0]
        points, shares = orbits.principal(plane @ turn[:2] + 5)
        np.testing.assert_allclose(np.abs(points), np.abs(plane), atol=1e-12)
        np.testing.assert_allclose(shares, [0.9, 0.1], rtol=1e-12)

    def test_phase_portraits_of_networks_and_of_two_numbers(self):
        self.path = self.folder / "run.h5"
        for case, entries in (("network-textures", None),
                              ("landscape-sine-product", 2)):
            self.restrain("run", CASES / f"{case}.yaml", "-o", self.path,
                          "--force", "-D", "step.iterations=12", "-D",
                          "expect=[]", "-D", "output.every=1")
            figure = self.draw("phase", since=0)
            points = figure.axes[0].collections[0].get_offsets()
            self.assertEqual(len(points), 13)
            if entries:
                np.testing.assert_array_equal(
                    points, restrain.open(self.path).kernel.values[:, 0])

    def test_shells_of_waves(self):
        y, x = np.mgrid[:12, :16] * 0.5
        plane = 3 + 2 * np.cos(2 * np.pi * (2 * x / 8)) + np.cos(
            2 * np.pi * (3 * x / 8 + 2 * y / 6))
        numbers, power = waves.shells(plane, 0.5)
        expected = np.zeros(len(numbers))
        for amplitude, wave in ((9, 0), (2, 2 / 8), (0.5, np.hypot(
                3 / 8, 2 / 6))):
            expected[round(wave * 8)] += amplitude
        np.testing.assert_allclose(power, expected, atol=1e-13)
        self.assert_close(power.sum(), (plane**2).mean(), 1e-12)
        self.assert_close(numbers[1], 2 * np.pi / 8, 1e-12)

    def test_spectra(self):
        ds = restrain.open(self.path)
        for field in (None, "tangent"):
            figure = self.draw("spectrum", field=field) if field else \
                self.draw("spectrum")
            shown = figure.axes[0].collections[0].get_array()
            values = ds[field or "kernel"].values
            np.testing.assert_allclose(
                shown.reshape(-1, len(values)).sum(axis=0),
                (values**2).mean(axis=(1, 2)), rtol=1e-12)
        self.assert_refused("spectrum", "no field nothing; it has .*tangent",
                            field="nothing")

    def test_space_time(self):
        ds = restrain.open(self.path)
        above, axes, _ = self.draw("space-time", field="tangent", row=2,
                                   since=20).axes
        rows = ds.tangent.values[20:, 2]
        np.testing.assert_array_equal(above.lines[0].get_ydata(),
                                      abs(rows).max(axis=1))
        shown = axes.collections[0].get_array().reshape(8, -1).T
        np.testing.assert_allclose(shown * abs(rows).max(axis=1)[:, None],
                                   rows, rtol=1e-12)
        self.assert_refused("space-time", "no row 8: it has 8", row=8)

    def test_space_time_of_a_signal_is_its_deviation(self):
        self.path = self.folder / "run.h5"
        self.restrain("run", CASES / "beltrami-10.yaml", "-o", self.path,
                      "-D", "step.iterations=30", "-D", "expect=[]")
        above, *_ = self.draw("space-time").axes
        signal = restrain.open(self.path).kernel.values[:, 0]
        self.assertIn("minus that at iteration 0", above.get_title())
        sizes = above.lines[0].get_ydata()
        np.testing.assert_array_equal(
            sizes[1:], abs(signal - signal[0]).max(axis=1)[1:])
        self.assertTrue(np.isnan(sizes[0]))

    def test_exponents(self):
        ds = restrain.open(self.path)
        figure = self.draw("exponent")
        mean = figure.axes[0].lines[0]
        np.testing.assert_allclose(
            mean.get_ydata(),
            ds.lyapunov.values[mean.get_xdata().astype(int)],
            rtol=1e-9)
        # The library's error of the exponent, of the tail.
        tail = np.log(ds.local_growth.values[:-1])
        found = [errors[-1] for errors in (
            exponents.running_mean(tail[first:])[2]
            for first in range(20, 80))]
        nearest = min(abs(np.array(found) / ds.attrs["exponent_error"] - 1))
        self.assertLess(nearest, 1e-12)
        self.run_case(SMALL_CASE)
        self.assert_refused("exponent", "output.scalars=.local_growth, lyap")

    def test_errors_of_independent_numbers(self):
        values = np.random.default_rng(3).normal(size=20000)
        counts, means, errors = exponents.running_mean(values)
        self.assert_close(means[-1], values.mean(), 1e-12)
        self.assertEqual((counts[0], counts[-1]), (32, 20000))
        ratio = errors * np.sqrt(counts)
        # The deviation of 15 degrees of freedom, over many counts.
        self.assertLess(abs(ratio.mean() - 1), 0.3)

    def test_eigenvalues(self):
        ds = restrain.open(self.path)
        lines = {line.get_label(): line.get_ydata()
                 for line in self.draw("hessian").axes[0].lines}
        np.testing.assert_array_equal(
            lines[r"$\lambda_\mathrm{max}(H)$"], ds.sharpness.values)
        np.testing.assert_array_equal(
            lines[r"$\lambda_\mathrm{min}(H)$"], ds.lambda_min.values)
        self.assert_close(lines["limit of the scheme's step"], 2 / LR,
                          1e-12)
        self.path = self.folder / "analysis.h5"
        restrain.analyze({**{key: CHAOS[key] for key in (
            "flow", "initial", "step")}}, path=self.path)
        ds = restrain.open(self.path)
        figure = self.draw("hessian")
        points, limit, decay, zero = figure.axes[0].lines
        np.testing.assert_array_equal(points.get_ydata(), ds.spectrum)
        self.assert_close(limit.get_ydata()[0], 2 / LR, 1e-12)
        self.assertIn(f"{2 / LR - DECAY:.4g}", limit.get_label())
        self.assertEqual(decay.get_ydata()[0], DECAY)
        self.assertIn(r"$R/\alpha$ = 1.6", decay.get_label())
        counted = sum(bar.get_width() for bar in figure.axes[1].patches)
        self.assertEqual(counted, 64)
        beyond = int((ds.spectrum.values > 2 / LR).sum())
        self.assertIn(f"\n{beyond} of 64 beyond the limit, 0 below 0",
                      figure._suptitle.get_text())
        self.run_case(SMALL_CASE)
        self.assert_refused("hessian", "restrain analyze, or run")

    def test_precisions(self):
        ds = restrain.open(self.path)
        single = restrain.run(CHAOS, flow__precision="float", twins=[3],
                              step__iterations=100)
        losses, apart = self.draw("precision", other=single).axes
        curves = {line.get_label(): line.get_ydata() for line in losses.lines}
        np.testing.assert_array_equal(curves["double"], ds.loss)
        np.testing.assert_array_equal(curves["float"], single.loss)
        shown = {line.get_label().split(",")[0]: line.get_ydata()
                 for line in apart.lines}
        a, b = ds.loss.values[:101], single.loss.values
        expected = 2 * abs(a - b) / (abs(a) + abs(b))
        np.testing.assert_allclose(
            shown["losses"], expected[expected > 0], rtol=1e-12)
        weights = ds.twin_difference.values[1]
        np.testing.assert_array_equal(shown["weights"],
                                      weights[weights > 0])
        self.assertEqual(shown["rounding of float"][0], 2.0**-23)
        self.assertLess(expected[0], 2.0**-20)
        self.assertGreater(expected[-1], 1e-3)
        self.draw("precision")
        self.assert_refused("precision", "no run in another precision",
                            other=ds)
        self.run_case(CHAOS, twins=[3], step__iterations=20)
        self.assert_refused("precision", "give the other run's file")

    def test_dashboards_of_ensembles(self):
        self.run_case(CHAOS, twins=[], output__fields=[],
                      output__scalars=["member_loss"], ensemble={
                          "members": 5, "vary": "initial",
                          "quantiles": [0.25, 0.75]}, step__iterations=40)
        ds = restrain.open(self.path)
        axes = {axes.get_title(): axes
                for axes in self.draw("dashboard").axes}
        lines = axes["losses of the members"].lines
        np.testing.assert_array_equal(
            [line.get_ydata() for line in lines],
            [*ds.member_loss.values, np.median(ds.member_loss, axis=0),
             *ds.loss_quantile.values])
        mean, deviation = axes["norm of the mean state, and of deviations "
                               "from it"].lines
        np.testing.assert_allclose(deviation.get_ydata(), np.sqrt(
            ds.ensemble_variance.sum(("y", "x"))), rtol=1e-12)
        np.testing.assert_allclose(mean.get_ydata(), np.sqrt(
            (ds.ensemble_mean**2).sum(("y", "x"))), rtol=1e-12)
        for name in ("ensemble mean", "ensemble variance"):
            self.assertTrue(axes[name].images or axes[name + ", corner"])

    def test_all_are_documented_and_in_the_command(self):
        text = (SOURCE / "tools/python.md").read_text("utf-8")
        rows = dict(re.findall(r"^\| `([a-z-]+)` \| (.*) \|$", text, re.M))
        for name, kind in plot.KINDS.items():
            with self.subTest(name):
                self.assertEqual(rows[name], f"{kind.shows} | {kind.needs}")
        figures = SOURCE / "tools/figures"
        for words, code, told in (
                (("-k", "return-map", "--of", "loss"), 0,
                 "run-return-map.png"),
                (("-k", "space-time", "--row", "1", "-o", "a.pdf"), 0,
                 "a.pdf"),
                (("-k", "exponent", "--row", "1"), 4, "takes no row"),
                (("--row", "1"), 2, "--kind"), (("-k", "map"), 4, "no sweep"),
                (("-k", "none"), 2, "return-map"),
                (("--help",), 0, plot.KINDS["hessian"].needs)):
            done = subprocess.run(
                [sys.executable, figures, "plot", self.path, *words],
                cwd=self.folder, capture_output=True, text=True, timeout=300,
                env={"RESTRAIN_LIBRARY": str(LIBRARY)}, check=False)
            self.assertEqual(done.returncode, code, done.stderr)
            self.assertIn(told, " ".join((done.stdout +
                                          done.stderr).split()))


if __name__ == "__main__":
    main()
