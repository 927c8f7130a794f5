# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures of sweeps and of the benchmark show what is in their files."""
import re
from importlib import import_module

import h5py
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import to_rgb, to_rgba

from figure_files import (
    FLOOR, HOLDER, INPUT, SIZES, STEPS, FigureTest, figures, inputs, make_all,
    sweeps)
from support import SOURCE, ProgramTest, main

bench, bifurcation, sweep, zoom = (
    import_module(f"restrain_figures.{name}")
    for name in ("bench", "bifurcation", "sweep", "zoom"))
style, shades, windows = (import_module(f"restrain.plot.{name}")
                          for name in ("style", "shades", "windows"))


# From dark to light.
KINDS = {"divergent": ["divergent"],
         "convergent": ["stable", "transient", "converged"],
         "chaotic": ["restrained-chaotic"],
         "periodic": ["restrained-periodic"]}


def lightness(colours):
    """CIE L*, from 0 to 100, of sRGB colours [...][3]."""
    colours = np.asarray(colours)
    linear = np.where(colours <= 0.04045, colours / 12.92,
                      ((colours + 0.055) / 1.055)**2.4)
    luminance = linear @ (0.2126, 0.7152, 0.0722)
    return np.where(luminance > 216 / 24389,
                    116 * np.cbrt(luminance) - 16, luminance * 24389 / 27)


def setUpModule():
    make_all(sweeps())


def tearDownModule():
    HOLDER.cleanup()


class Maps(FigureTest):
    def test_regimes_differ_in_grey(self):
        levels = np.sort([lightness(to_rgb(colour))
                          for colour in style.REGIMES.values()])
        self.assertGreater(np.diff(levels).min(), 8)
        # ParaView's table is a copy.
        script = (SOURCE / "tools/paraview_run.py").read_text("utf-8")
        for word, colour in style.REGIMES.items():
            self.assertIn(f"('{word}', '{colour}')", script)
        # No shade of one kind is as light as a shade of another.
        ends = {kind: (min(found), max(found)) for kind, words in KINDS.items()
                for found in [[lightness(to_rgb(colour)) for word in words
                               for colour in style.SHADES[word][1]]]}
        for darker, lighter in zip(list(KINDS), list(KINDS)[1:]):
            self.assertLess(ends[darker][1], ends[lighter][0] - 0.2)

    def test_map_shows_each_point_around_its_place(self):
        files, figure = self.draw("sweep")
        for index, (run, geometric) in enumerate(zip(files, (False, True))):
            words = run.words("regime")
            self.assertGreater(len(set(words.ravel())), 3)
            axes = figure.axes[index]
            self.assertEqual(axes.get_xscale(),
                             "log" if geometric else "linear")
            mesh, = axes.collections
            edges = mesh.get_coordinates()
            for name, line in (("lr", edges[0, :, 0]),
                               ("weight_decay", edges[:, 0, 1])):
                low, high = line[:-1], line[1:]
                middle = np.sqrt(low * high) if geometric else (low + high) / 2
                self.assert_close(middle, run[name], 1e-12)
            colours = mesh.get_facecolor().reshape(*words.shape, 4)
            self.assert_shades(colours, words, run)

    def assert_shades(self, colours, words, run):
        """Each regime has its own colour, or shades of it in the order of
        what it is shaded by."""
        grey = lightness(colours[..., :3])
        for word in set(words.ravel()):
            place = words == word
            if word not in style.SHADES:
                self.assertTrue((colours[place] == to_rgba(
                    style.REGIMES[word])).all())
                continue
            name, (first, *_, last) = style.SHADES[word]
            levels = grey[place][np.argsort(run[name][place])]
            sign = np.sign(lightness(to_rgb(last)) - lightness(to_rgb(first)))
            self.assertTrue((sign * np.diff(levels) > -0.5).all(), word)
            if len(levels) > 20:
                self.assertGreater(np.ptp(levels), 5, word)

    def test_map_has_the_thresholds_between_the_regimes(self):
        files, figure = self.draw("sweep")
        curves = {line.get_label(): line.get_xydata()
                  for line in figure.axes[0].lines}
        run = files[0]
        largest, alpha = bifurcation.minima(run)[::-1]
        low = [2 / bifurcation.crossings(largest, alpha - decay)[0]
               for decay in run["weight_decay"]]
        self.assert_close(curves["lr_lo"][:, 0], low, 1e-4)
        self.assert_close(curves["lr_hi"][:, 0], 2 / run["weight_decay"], 1e-9)
        for axes in figure.axes[:2]:
            texts = [text.get_text() for text in axes.texts]
            self.assertIn(r"$\mathrm{lr_{lo}}$", texts)
            self.assertIn(r"$\mathrm{lr_{hi}}$", texts)
        ratio = run["lr"] / curves["lr_lo"][:, :1]
        words = run.words("regime")
        self.assertFalse(np.isin(words[ratio < 0.95], (
            "restrained-periodic", "restrained-chaotic", "divergent")).any())
        self.assertEqual(set(words[run["lr"] > 1.3 * curves["lr_hi"][:, :1]]),
                         {"divergent"})

    def test_map_of_exponents_and_losses(self):
        files, figure = self.draw("sweep")
        norm = sweep.exponent_norm(files)
        self.assertEqual(norm.vmin, -norm.vmax)
        for index, run in enumerate(files):
            words = run.words("regime")
            exponents, losses = (
                axes.collections[0].get_facecolor().reshape(*words.shape, 4)
                for axes in figure.axes[index + 2:index + 6:2])
            # Red where perturbations grow, blue where they decay.
            lean = np.sign(exponents[..., 0] - exponents[..., 2])
            divergent = words == "divergent"
            clear = np.abs(run["lyapunov"]) > 0.1 * norm.vmax
            clear &= ~divergent
            self.assertTrue(clear.any())
            np.testing.assert_array_equal(lean[clear],
                                          np.sign(run["lyapunov"][clear]))
            for colours in (exponents, losses):
                black = (colours == (0, 0, 0, 1)).all(axis=-1)
                np.testing.assert_array_equal(black, divergent)

    def test_map_of_an_unfinished_sweep(self):
        for stem, pending in (("sweep-checkerboard", slice(6)),
                              ("sweep-natural", slice(0))):
            (self.folder / stem).mkdir()
            path = self.folder / stem / "sweep.h5"
            path.write_bytes((INPUT / stem / "sweep.h5").read_bytes())
            with h5py.File(path, "r+") as file:
                file["regime"][pending] = -1
                file["lyapunov"][6, 2:4] = np.nan
                file["mean_loss"][6, 0] = np.inf
        figure = sweep.draw(inputs.read_files(sweep, str(self.folder)))
        self.addCleanup(plt.close, figure)
        texts = [text.get_text() for text in figure.legends[0].get_texts()]
        self.assertIn("not done", texts)
        self.assertIn("exponent or loss undefined", texts)
        exponents = figure.axes[2].collections[0].get_facecolor()
        exponents = exponents.reshape(12, 24, 4)
        self.assertTrue((exponents[:6] == 0).all())
        self.assertTrue((exponents[6:, :, 3] == 1).all())
        self.assertTrue(
            (exponents[6, 2:4] == to_rgba(sweep.UNDEFINED)).all())
        self.assertTrue(figure.axes[2].patch.get_hatch())
        with h5py.File(path, "r+") as file:
            file["regime"][...] = -1
        done = figures("map", "-i", self.folder, "-o", self.folder / "made")
        self.assertEqual(done.returncode, 4)
        self.assertIn("no point that is done", done.stderr)
        self.assertIn("sweep-natural.yaml", done.stderr)
        self.assertIn("--resume", done.stderr)
        self.assertFalse((self.folder / "made").exists())

    def test_map_of_a_refined_sweep(self):
        (self.folder / "map").mkdir()
        path = self.folder / "map/sweep.h5"
        path.write_bytes((INPUT / "sweep-checkerboard/sweep.h5").read_bytes())
        with h5py.File(path, "r+") as file:
            file["level"][:9] = -1
        figure = sweep.draw([inputs.File(str(path))])
        self.addCleanup(plt.close, figure)
        self.assertIn("25.0% computed", figure.axes[0].get_title())


class Benchmarks(FigureTest):
    def test_curves_of_the_benchmark(self):
        benchmark, figure = self.draw("bench")
        panels = len(benchmark.panels())
        self.assertEqual(benchmark.panels(), [
            ("double", 5), ("double", 32), ("float", 5), ("float", 32)])
        square = np.square(SIZES)
        for times, ratios in zip(figure.axes[:panels],
                                 figure.axes[panels:2 * panels]):
            curves, longer = (
                {line.get_label().removeprefix("restrain, "): line
                 for line in axes.lines} for axes in (times, ratios))
            for name, unit in STEPS.items():
                name = "image of a pattern" if name == "patch" else name
                drawn = curves[name]
                self.assertEqual(drawn.get_linestyle(), "--" if "-" in name
                                 else "-")
                self.assert_close(drawn.get_ydata()[:3], unit * square, 1e-12)
                if name == "image of a pattern":
                    self.assertNotIn(name, longer)
                    continue
                self.assert_close(longer[name].get_ydata(),
                                  unit / STEPS["auto"], 1e-12)
            self.assert_close(curves["four transforms"].get_ydata(),
                              FLOOR * square, 1e-12)
        benchmark.rows = [row for row in benchmark.rows if row["kernel"] == 3]
        self.assertEqual(benchmark.panels(), [("double", 3), ("float", 3)])
        looks = bench.looks_of(STEPS)
        self.assertEqual(len({(look["color"], look["marker"])
                              for look in looks.values()}), len(looks))
        # Without a choice of its own the best is ours, but for patterns.
        best = bench.ours({"fft": {64: 3, 128: 4}, "direct": {64: 2},
                           "patch": {64: 1}, "numpy-shifts": {64: 1}})
        self.assertEqual(best, {64: 2, 128: 4})

    def test_benchmarks_that_cannot_be_drawn(self):
        place = self.folder / "in"
        for content, part in (
                (None, f"tools/bench -o {place}/bench/bench.json"),
                ("{", "cannot be used"),
                ('{"machine": {}, "rows": [{"size": 4}]}', "implementation"),
                ('{"machine": {}, "rows": []}', "no step of restrain")):
            with self.subTest(part):
                if content is not None:
                    (place / "bench").mkdir(parents=True, exist_ok=True)
                    (place / "bench/bench.json").write_text(content)
                done = figures("bench", "-i", place, "-o", self.folder)
                self.assertEqual(done.returncode, 4)
                self.assertIn(part, done.stderr)
                self.assertEqual(done.stderr.count("Traceback"), 0)


class Windows(ProgramTest):
    """The figure zoom."""

    @classmethod
    def setUpClass(cls):
        cls.drawn = cls.draw(INPUT / "sweep-zoom/sweep.h5")

    @classmethod
    def tearDownClass(cls):
        plt.close("all")

    @staticmethod
    def draw(path):
        """Runs, their maps, their counts of boxes."""
        runs = zoom.windows_of(inputs.File(str(path)))
        figure = zoom.draw(runs[:1])
        across = figure.axes[0].get_gridspec().ncols
        lines = [figure.axes[start:start + across]
                 for start in range(0, len(figure.axes), across)]
        return runs, *(sum(lines[row::2], [])[:len(runs)] for row in (0, 1))

    def test_each_is_what_its_file_holds(self):
        runs, maps, _ = self.drawn
        self.assertGreater(len(runs), 2)
        self.assertEqual(len(runs), 1 + len(list(
            (INPUT / "sweep-zoom").glob("sweep.zoom-*.h5"))))
        for run, axes in zip(runs, maps):
            words = run.words("regime")
            shown = axes.collections[0].get_facecolor()
            points = sweep.points_of(run)
            np.testing.assert_array_equal(
                shown.reshape(*words.shape, 4),
                shades.Shades([points]).of(points))
            for name, limits in (("lr", axes.get_xlim()),
                                 ("weight_decay", axes.get_ylim())):
                self.assert_close(limits, windows.extent(run, name), 1e-12)

    def test_rectangles_are_the_windows(self):
        runs, maps, _ = self.drawn
        drawn = {}
        for parent, axes in enumerate(maps):
            numbers = [int(text.get_text()) for text in axes.texts]
            self.assertEqual(len(numbers), len(axes.patches))
            for number, patch in zip(numbers, axes.patches):
                drawn[number] = parent
                box = patch.get_bbox()
                for name, limits in (("lr", box.intervalx),
                                     ("weight_decay", box.intervaly)):
                    self.assert_close(
                        limits, windows.extent(runs[number], name), 1e-9)
        self.assertEqual([drawn[number] for number in range(1, len(runs))],
                         zoom.parents(runs))

    def test_ticks_and_their_label_are_the_values(self):
        runs, maps, _ = self.drawn
        counted = 0
        for run, axes in zip(runs, maps):
            axes.figure.draw_without_rendering()
            for name, which, _ in zoom.AXES:
                axis, (low, high) = getattr(axes, which), run[name][[0, -1]]
                label = axis.get_label_text()
                start = re.search(r"\$-\$ ([\d.]+)", label)
                power = re.search(r"10\^{(-\d+)}", label)
                counted += bool(start)
                seen = [(place, text.get_text()) for place, text in zip(
                    axis.get_ticklocs(), axis.get_ticklabels())
                        if low <= place <= high]
                self.assertGreater(len(seen), 1)
                for place, text in seen:
                    value = float(text) * 10.0**int(power[1] if power else 0)
                    value += float(start[1]) if start else 0
                    self.assertAlmostEqual(value, place,
                                           delta=1e-3 * (high - low))
                    self.assertLess(len(text), 7)
        self.assertGreater(counted, 0)

    def test_boxes_and_dimensions(self):
        runs, _, counts = self.drawn
        fitted = 0
        for run, axes in zip(runs, counts):
            shown = [line for line in axes.lines
                     if line.get_marker() != "None"]
            slopes = iter([line.get_xydata() for line in axes.lines
                           if line.get_marker() == "None"])
            there = [place for place, boxes in enumerate(run["boxes"])
                     if boxes.any()]
            self.assertEqual(len(shown), len(there))
            for place, line in zip(there, shown):
                np.testing.assert_array_equal(line.get_xdata(),
                                              run["box_size"])
                np.testing.assert_array_equal(line.get_ydata(),
                                              run["boxes"][place])
                dimension = run["dimension"][place]
                if not np.isfinite(dimension):
                    self.assertEqual(line.get_label(), "not fitted")
                    continue
                fitted += 1
                x, y = np.log(next(slopes)).T
                slope = np.polyfit(np.log(run["box_size"]),
                                   np.log(run["boxes"][place]), 1)
                self.assert_close(slope[0], -dimension, 1e-9)
                self.assert_close(y, np.polyval(slope, x), 1e-9)
                value, error = re.fullmatch(r"([\d.]+)\((\d+)\)",
                                            line.get_label()).groups()
                unit = 10.0**-len(value.partition(".")[2])
                self.assertAlmostEqual(float(value), dimension,
                                       delta=0.51 * unit)
                self.assertAlmostEqual(int(error) * unit,
                                       run["dimension_error"][place],
                                       delta=0.51 * unit)
        self.assertGreater(fitted, 2)

    def test_series_of_windows(self):
        def part(centre, length):
            return {name: np.linspace(centre - length / 2,
                                      centre + length / 2, 9)
                    for name in ("lr", "weight_decay")}

        runs = [part(5, 8), part(3, 2), part(3, 0.5), part(7, 2), part(7, 0.5),
                part(3.1, 3)]
        self.assertEqual(zoom.parents(runs), [0, 1, 0, 3, 0])
        self.assertEqual(zoom.with_error(1.2345, 0.0421), "1.23(4)")
        self.assertEqual(zoom.with_error(1.0, 1e-16), "1.000(0)")

    def test_windows_that_are_missing_or_strange(self):
        place = self.folder / "sweep-zoom"
        place.mkdir()
        whole = (INPUT / "sweep-zoom/sweep.h5").read_bytes()
        (place / "sweep.h5").write_bytes(whole)
        done = figures("zoom", "-i", self.folder, "-o", self.folder)
        self.assertEqual(done.returncode, 4)
        self.assertIn("sweep.zoom-1.h5 is missing", done.stderr)
        self.assertIn("--resume", done.stderr)
        (place / "sweep.zoom-1.h5").write_bytes(whole)
        done = figures("zoom", "-i", self.folder, "-o", self.folder)
        self.assertEqual(done.returncode, 4)
        self.assertIn("is no window of", done.stderr)

    def test_a_window_that_is_pending(self):
        for path in (INPUT / "sweep-zoom").glob("*.h5"):
            (self.folder / path.name).write_bytes(path.read_bytes())
        with h5py.File(self.folder / "sweep.zoom-1.h5", "r+") as file:
            file["regime"][:] = -1
            file["boxes"][:] = 0
            file["dimension"][:] = np.nan
        _, maps, counts = self.draw(self.folder / "sweep.h5")
        self.assertTrue((maps[1].collections[0].get_facecolor() == 0).all())
        self.assertTrue(maps[1].patch.get_hatch())
        self.assertEqual(len(counts[1].lines), 0)


if __name__ == "__main__":
    main()
