# SPDX-License-Identifier: GPL-3.0-or-later
"""The Python package draws any result: what is in the files is in the
figures; its notebooks run."""
import os
import subprocess
import sys
import warnings

import matplotlib.image
import numpy as np
from matplotlib.colors import to_rgb, to_rgba
from PIL import Image

from python_package import LIBRARY
from support import CASES, SMALL_CASE, SOURCE, WHOLE_CASE, ProgramTest, main

import restrain
from restrain import plot
from restrain.plot import canvas, films, windows
from restrain.plot.style import KINDS, REGIMES, SHADES

CHAOS = {"flow": {"kind": "conv", "kernel": 32, "image":
                  {"kind": "checkerboard", "size": 256}},
         "initial": {"kind": "normal", "seed": 7},
         "step": {"lr": 0.07, "weight_decay": 20, "iterations": 120},
         "stop": {"blow_up": 1e30}, "twins": [3],
         "output": {"every": 4, "fields": ["tangent", "difference"],
                    "scalars": ["lyapunov", "sharpness", "sharpness_limit"]}}


def texts(figure):
    """Titles of axes and figure, labels of legends."""
    found = [axes.get_title() for axes in figure.axes]
    for owner in (figure, *figure.subfigs, *figure.axes):
        legends = owner.legends if hasattr(owner, "legends") else [
            owner.get_legend()]
        for legend in filter(None, legends):
            found += [text.get_text() for text in legend.get_texts()]
    return found


class Pictures(ProgramTest):
    def save(self, figure, name="picture.png"):
        """It can be drawn, and is neither empty nor a blot."""
        figure.savefig(self.folder / name, dpi=60)
        pixels = matplotlib.image.imread(self.folder / name)
        ink = (pixels[..., :3].min(axis=2) < 0.9).mean()
        self.assertTrue(0.005 < ink < 0.9, ink)

    def test_a_dashboard_has_what_the_run_has(self):
        path = self.folder / "run.h5"
        restrain.run(CHAOS, path=path)
        figure = plot.dashboard(path)
        self.save(figure)
        found = " ".join(texts(figure))
        for word in ("loss", "growth", "sharpness", "twins", "Lyapunov",
                     "norms", "return map", "state", "perturbation",
                     "event: discrete", "event: continuous"):
            self.assertIn(word, found)
        ds, table = restrain.open(path), restrain.events(path)
        self.assertEqual(plot.kind(ds), "run")
        figure = plot.run(ds, table)
        self.save(figure)
        growth = next(axes for axes in figure.axes
                      if axes.get_title().startswith("growth"))
        self.assertEqual(len(growth.patches), len(table))
        np.testing.assert_array_equal(figure.axes[0].lines[0].get_ydata(),
                                      ds.loss.values)
        figure = plot.events(table)
        self.save(figure)
        bars = figure.axes[0].patches
        self.assertEqual(len(bars), len(table))
        tops = sorted(bar.get_y() + bar.get_height() for bar in bars)
        self.assert_close(tops, sorted(table["amplification"]), 1e-12)
        by_kind = {kind: sum(bar.get_facecolor() == to_rgba(KINDS[kind][0])
                             for bar in bars) for kind in KINDS}
        counts = table["kind"].value_counts()
        for kind, count in by_kind.items():
            self.assertEqual(count, counts.get(kind, 0))

    def assert_legends_hide_nothing(self, figure):
        figure.canvas.draw()
        legends = 0
        for axes in figure.axes:
            found = axes.get_legend()
            if found is None:
                continue
            legends += 1
            box = found.get_window_extent()
            for line in axes.lines:
                points = line.get_transform().transform(line.get_xydata())
                points = points[np.isfinite(points).all(axis=1)]
                self.assertFalse(any(box.contains(*point)
                                     for point in points),
                                 f"{axes.get_title()}: {line}")
        return legends

    def test_legends_hide_nothing(self):
        path = self.folder / "wild.h5"
        for overrides, least in (
                ({"step__lr": 0.07, "step__iterations": 200, "twins":
                  [3, 5, "float"], "output__scalars":
                  ["lyapunov", "sharpness", "local_growth"]}, 4),
                ({"step__iterations": 0}, 2),
                ({"step__lr": 0.2, "step__iterations": 100}, 2)):
            restrain.run(CASES / "nonlinear-lr-0.07.yaml", path=path,
                         overwrite=True, expect=[], **overrides)
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                figure = plot.dashboard(path)
                self.assertGreaterEqual(
                    self.assert_legends_hide_nothing(figure), least)

    def test_other_kinds_of_states(self):
        for case, changes in (
                ("heat-unstable", ()),
                ("landscape-sine-product", ("step.iterations=300",)),
                ("network-textures", ("step.iterations=12",))):
            with self.subTest(case):
                path = self.folder / f"{case}.h5"
                overrides = [word for change in (*changes, "expect=[]")
                             for word in ("-D", change)]
                expect = 3 if case == "heat-unstable" else 0
                self.restrain("run", CASES / f"{case}.yaml", "-o", path,
                              *overrides, expect=expect)
                figure = plot.file(path)
                self.save(figure)
                found = " ".join(texts(figure))
                self.assertIn({"heat-unstable": "state over updates",
                               "landscape-sine-product": "phase portrait",
                               "network-textures": "1.0.weight"}[case], found)

    def test_followed_trajectories(self):
        for number, lr in enumerate((0.05, 0.9)):
            restrain.run(SMALL_CASE, path=self.folder / f"{number}.h5",
                         step__lr=lr)
        self.restrain("follow", "0.h5", "1.h5", "-o", "follow.h5")
        path = self.folder / "follow.h5"
        ds = restrain.open(path)
        self.assertEqual(plot.kind(ds), "follow")
        figure = plot.file(path)
        self.save(figure)
        twins = figure.axes[0].lines[0].get_xydata()
        np.testing.assert_array_equal(
            twins[:, 1], ds.twin_difference.values[0][1:])

    def test_maps_show_regimes_and_values(self):
        ds = restrain.sweep(WHOLE_CASE, sweep={
            "lr": {"from": 0.05, "to": 5, "count": 12, "scale": "log"},
            "weight_decay": {"from": 0.5, "to": 4, "count": 6}})
        self.assertEqual(plot.kind(ds), "sweep")
        figure = plot.map(ds)
        self.save(figure)
        words = set(ds.regime.values.ravel())
        self.assertLessEqual(words, {text.split(",")[0]
                                     for text in texts(figure)})
        axes = figure.axes[0]
        colours = axes.collections[0].get_facecolor().reshape(6, 12, 4)
        for word in words:
            own = colours[ds.regime.values == word][:, :3]
            name, ends = SHADES.get(word, (None, [REGIMES[word]]))
            # Between the ends that the regime's shades have.
            ends = np.array([to_rgb(colour) for colour in ends])
            self.assertTrue((own > ends.min(axis=0) - 0.01).all())
            self.assertTrue((own < ends.max(axis=0) + 0.01).all())
            if name:
                values = ds[name].values[ds.regime.values == word]
                self.assertEqual(len(np.unique(own, axis=0)) > 1,
                                 len(np.unique(values)) > 1)
        np.testing.assert_array_equal(axes.lines[1].get_xdata(), ds.lr_lo)
        for name in ("lyapunov", "mean_loss", "iterations_run"):
            self.save(plot.map(ds, name))
        with self.assertRaises(restrain.UsageError):
            plot.map(ds, "nothing")

    def test_sweeps_of_one_and_three_axes(self):
        lr = {"key": "step.lr", "from": 0.1, "to": 1, "count": 5}
        seeds = {"key": "initial.seed", "values": [1, 2, 3]}
        decays = {"key": "step.weight_decay", "values": [1, 2]}
        line = restrain.sweep(SMALL_CASE, sweep={"axes": [lr]})
        figure = plot.map(line)
        self.save(figure)
        np.testing.assert_array_equal(figure.axes[2].lines[1].get_ydata(),
                                      line.lyapunov)
        space = restrain.sweep(SMALL_CASE,
                               sweep={"axes": [seeds, decays, lr]})
        figure = plot.map(space)
        self.save(figure)
        self.assertLessEqual({f"seed = {seed}" for seed in (1, 2, 3)},
                             set(texts(figure)))

    def test_diagrams(self):
        ds = restrain.bifurcate(WHOLE_CASE)
        self.assertEqual(plot.kind(ds), "bifurcation")
        figure = plot.bifurcation(ds)
        self.save(figure)
        shown = figure.axes[1].lines[0].get_xydata()
        np.testing.assert_array_equal(shown[:, 1],
                                      ds.residual.values.ravel())
        with self.assertRaises(restrain.UsageError):
            plot.bifurcation(restrain.run(SMALL_CASE))

    def test_analyses(self):
        for case in ("cfl-heat-0.3", "heat-stable", "edge-euler"):
            with self.subTest(case):
                path = self.folder / f"{case}.h5"
                self.restrain("analyze", CASES / f"{case}.yaml", "-o", path)
                ds = restrain.open(path)
                self.assertEqual(plot.kind(ds), "analysis")
                self.save(plot.file(path))

    def test_films(self):
        path = self.folder / "run.h5"
        restrain.run(CHAOS, path=path)
        film = self.folder / "film.gif"
        plot.animate(path, output=film, frames=5)
        with Image.open(film) as frames:
            self.assertEqual(frames.n_frames, 5)
            first = np.asarray(frames.convert("RGB"))
            frames.seek(4)
            self.assertGreater(
                (first != np.asarray(frames.convert("RGB"))).mean(), 0.05)
        with self.assertRaisesRegex(restrain.UsageError, "tangent"):
            plot.animate(path, "nothing")
        self.restrain("run", CASES / "network-textures.yaml", "-q", "-D",
                      "step.iterations=3", "-D", "expect=[]", "-o", "n.h5")
        film = plot.animate(self.folder / "n.h5", output=film)
        self.assertIn("1.0.weight", film._fig.axes[0].get_title())
        with self.assertRaisesRegex(restrain.UsageError, "gif"):
            plot.animate(path, output=self.folder / "film.txt", frames=2)

    def test_a_film_leads_into_the_windows_of_a_sweep(self):
        path = self.folder / "sweep.h5"
        self.restrain("sweep", self.write(
            f"{SMALL_CASE}sweep:\n"
            "  lr: {from: 0.05, to: 5, count: 33, scale: log}\n"
            "  weight_decay: {from: 0.5, to: 4, count: 33}\n"
            "  zoom: [{lr: 1, weight_decay: 1, factor: 4, count: 2}]\n"),
            "-o", path)
        film = plot.animate(path, output=self.folder / "film.gif", frames=5)
        with Image.open(self.folder / "film.gif") as frames:
            self.assertEqual(frames.n_frames, 5)
        axes = film._fig.axes[0]
        self.assertEqual(len(axes.images), 3)
        # It begins at the whole, passes a window and ends at the last one.
        for frame, name in ((0, "sweep"), (2, "sweep.zoom-1"),
                            (4, "sweep.zoom-2")):
            film._func(frame)
            ds = restrain.open(self.folder / f"{name}.h5")
            self.assert_close(np.exp(axes.get_xlim()),
                              windows.extent(ds, "lr"), 1e-9)
            self.assert_close(axes.get_ylim(),
                              windows.extent(ds, "weight_decay"), 1e-9)
            keys = {text.get_text() for text in film._fig.legends[0].texts
                    if text.get_visible()}
            self.assertLessEqual(set(ds.regime.values.ravel()), keys)
        (self.folder / "sweep.zoom-1.h5").unlink()
        with self.assertRaisesRegex(restrain.UsageError, "sweep.zoom"):
            plot.animate(path)

    def test_the_way_of_a_film_has_a_point_that_stands_still(self):
        start, end = np.array([[0, 8], [2, 6]]), np.array([[4, 5], [2, 3]])
        self.assert_close(films.between(start, end, 1), end, 1e-12)
        middle = films.between(start, end, 1 / 3)
        self.assert_close(np.ptp(middle, axis=1), [4, 4 / 4**(1 / 3)], 1e-12)
        for (low, high), (to_low, to_high), (at_low, at_high) in zip(
                start, end, middle):
            still = (low * to_high - high * to_low) / (
                (to_high - to_low) - (high - low))
            self.assertAlmostEqual((still - low) / (high - low),
                                   (still - at_low) / (at_high - at_low))

    def test_long_curves_are_bands(self):
        figure = canvas.new_figure(3, 2)
        axes = figure.subplots()
        x = np.arange(100000)
        canvas.draw_curve(axes, x, np.where(x % 2, 1.0, -1.0), "black")
        (band,) = axes.collections
        self.assertEqual(band.get_paths()[0].get_extents().ymin, -1)
        self.assertEqual(band.get_paths()[0].get_extents().ymax, 1)
        self.assertLess(len(axes.lines[0].get_xdata()), 1000)

    def test_a_corner_of_checkerboards_alone(self):
        y, x = np.mgrid[0:32, 0:32]
        self.assertEqual(canvas.part_of((-1.0)**(x + y)).shape, (10, 10))
        noise = np.random.default_rng(1).normal(size=(32, 32))
        self.assertEqual(canvas.part_of(noise).shape, (32, 32))

    def test_tiles_of_tensors(self):
        tensor = np.arange(2 * 3 * 4 * 5.0).reshape(2, 3, 4, 5)
        plane = canvas.mosaic(tensor)
        self.assertEqual(plane.shape, (2 * 5 - 1, 3 * 6 - 1))
        np.testing.assert_array_equal(plane[5:9, 12:17], tensor[1, 2])
        self.assertTrue(np.isnan(plane[4]).all())


class Commands(ProgramTest):
    def execute(self, *command, expect=0):
        done = subprocess.run(
            [sys.executable, *map(str, command)], cwd=self.folder,
            env={**os.environ, "RESTRAIN_LIBRARY": str(LIBRARY)},
            capture_output=True, text=True, timeout=600, check=False)
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return done

    def test_figures_draws_a_file(self):
        self.restrain("run", self.write(SMALL_CASE), "-o", "run.h5")
        figures = SOURCE / "tools/figures"
        told = self.execute(figures, "plot", "run.h5").stdout
        self.assertEqual(told, "run.png\n")
        self.assertTrue((self.folder / "run.png").exists())
        self.execute(figures, "plot", "run.h5", "-o", "other.pdf")
        self.assertTrue((self.folder / "other.pdf").exists())
        told = self.execute(figures, "plot", "--help").stdout
        self.assertLessEqual(max(map(len, told.splitlines())), 80)
        for words, code, text in ((("none.h5",), 4, "cannot be read"),
                                  (("run.h5", "-o", "a.xyz"), 4, "xyz"),
                                  ((), 2, "FILE.h5")):
            done = self.execute(figures, "plot", *words, expect=code)
            self.assertIn(text, done.stderr)

    def test_is_this_learning_rate_stable(self):
        told = self.execute("-m", "restrain.examples.photograph").stdout
        lr_lo = float(told.split("lr_lo = ")[1].split(":")[0])
        lines = told.splitlines()[-3:]
        self.assertIn(f"{0.8 * lr_lo:.3g}"[:4], lines[0])
        for line, words in zip(lines, (("attracts", "converged"),
                                       ("holds", "restrained-"),
                                       ("diverges", "divergent"))):
            for word in words:
                self.assertIn(word, line)
        picture = self.folder / "photograph-0.png"
        self.assertTrue(picture.exists())
        told = self.execute("-m", "restrain.examples.photograph", picture,
                            0.01).stdout
        self.assertEqual(len(told.splitlines()), 4)

    def test_from_a_fixed_point_to_chaos(self):
        told = self.execute("-m", "restrain.examples.chaos").stdout
        self.assertIn("lr_lo = 0.032259, lr_hi = 0.1\n", told)
        self.assertIn("lr = 0.03: converged", told)
        self.assertIn("period 2, exponent", told)
        # The published case: period 2 at 0.035, chaos at 0.07.
        self.assertIn("swings between -0.2330 and -0.0532", told)
        for name in ("dashboard", "events", "diagram", "map"):
            self.assertTrue((self.folder / f"chaos-{name}.png").exists())


if __name__ == "__main__":
    main()
