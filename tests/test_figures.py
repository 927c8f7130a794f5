# SPDX-License-Identifier: GPL-3.0-or-later
"""tools/figures draws every figure from files of the shipped cases, and says
what to do where it cannot."""
import csv
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path

import matplotlib.image
import numpy as np

from figure_files import (
    HOLDER, INPUT, FigureTest, figures, inputs, make_all, runs_and_analyses,
    sweeps)
from support import CASES, PROGRAM, SOURCE, ProgramTest, main

bifurcation, critical_batch, mnist_edge, nonlinear, paper, perturbed, svag = (
    import_module(f"restrain_figures.{name}")
    for name in ("bifurcation", "critical_batch", "mnist_edge", "nonlinear",
                 "paper", "perturbed", "svag"))
TABLES = ("table", "nesterov-table", "perturbed", "minima")

FIGURES = {
    "heat": ("run", ["heat-stable", "heat-unstable"]),
    "beltrami": ("run", ["beltrami-10"]),
    "linear": ("run", ["linear-decay-1.4e7"]),
    "table": ("analyze", ["linear-decay-1.4e7"]),
    "nesterov": ("run", ["nesterov-decay-1.4e7"]),
    "nesterov-table": ("analyze", ["nesterov-decay-1.4e7"]),
    "perturbed": ("sweep", ["perturbed-residual"]),
    "falling-rates": ("run", ["perturbed-lr-2"]),
    "nonlinear": ("run", ["nonlinear-lr-0.07"]),
    "sharpness": ("run", ["sharpness-lr-0.07"]),
    "activation": ("run", ["sharpness-lr-0.07"]),
    "mnist-no-decay": ("run", ["mnist-1-no-decay-lr-1"]),
    "fashion": ("run", ["fashion-4-hidden"]),
    "mnist-edge": ("run", ["mnist-2-lr-20"]),
    "depth": ("sweep", ["mnist-depth-2"]),
    "minima": ("sweep", ["mnist-minima-2"]),
    "edge": ("run", ["edge-euler", "edge-heavy-ball", "edge-nesterov"]),
    "fluctuations": ("run", ["regression-noise"]),
    "diffusion": ("run", ["regression-diffusion-momentum"]),
    "currents": ("run", ["regression-currents"]),
    "stochastic-edge": ("run", ["stochastic-edge"]),
    "svag": ("run", ["svag-2"]),
    "critical-batch": ("run", ["critical-batch-8"]),
    "ergodic": ("run", ["ergodic-chaos", "ergodic-diffusion"]),
    "central-flow": ("run", ["central-flow-1.1"]),
    "cfl": ("run", ["cfl-controlled"]),
    "amplification": ("analyze", ["cfl-heat-0.3", "cfl-network-0.6"]),
    "twins": ("run", ["nonlinear-lr-0.07", "float-lr-0.07"]),
    "growth": ("run", ["restrained-checkerboard"]),
    "restrained": ("run", ["restrained-natural"]),
    "bifurcation": ("bifurcate", ["bifurcation-lr", "bifurcation-decay"]),
    "map": ("sweep", ["sweep-checkerboard", "sweep-natural"]),
    "zoom": ("sweep", ["sweep-zoom"])}
# Those of files that no case makes.
OTHERS = ("followed", "bench")


def setUpModule():
    make_all([*runs_and_analyses(), *sweeps()])


def tearDownModule():
    HOLDER.cleanup()


class Figures(ProgramTest):
    def draw(self, folder):
        done = figures("all", "-i", INPUT, "-o", folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_all_are_drawn_the_same_twice(self):
        one, two = self.folder / "one", self.folder / "two"
        with ThreadPoolExecutor(2) as pool:
            printed, _ = pool.map(self.draw, (one, two))
        names = sorted(f"{name}.{suffix}" for name in (*FIGURES, *OTHERS)
                       for suffix in ("png", "pdf"))
        written = sorted(path.name for path in one.iterdir())
        tables = [f"{name}.{suffix}" for name in TABLES
                  for suffix in ("csv", "tex", "txt")]
        self.assertEqual(written, sorted([*names, *tables, "index.html"]))
        page = (one / "index.html").read_text(encoding="utf-8")
        self.assertEqual(page, (two / "index.html").read_text())
        self.assertEqual(re.findall('<figure id="(.*)">', page),
                         [*FIGURES, *OTHERS])
        for name in names:
            with self.subTest(name):
                self.assertIn(name, printed)
                content = (one / name).read_bytes()
                self.assertGreater(len(content), 5000)
                self.assertEqual(content, (two / name).read_bytes())
                if name.endswith("png"):
                    pixels = matplotlib.image.imread(one / name)
                    self.assertGreater(min(pixels.shape[:2]), 400)
                    ink = (pixels[..., :3].min(axis=2) < 0.9).mean()
                    self.assertTrue(0.005 < ink < 0.9, ink)

    def test_table_is_also_text(self):
        lines = figures("table", "-i", INPUT, "-o",
                        self.folder).stdout.splitlines()
        decay = [line for line in lines if line.startswith("alpha_min")]
        circular, exact = decay[0].split()[-3:-1]
        self.assert_close(float(circular), 0.25 * 256**4, 1e-7)
        self.assert_close(float(exact), 0.25 * 32**2 * 225**2, 1e-7)
        with open(self.folder / "table.csv", encoding="utf-8") as file:
            cells = [cell for row in csv.reader(file) for cell in row]
        self.assertIn("", cells)
        self.assertNotIn("\u2013", cells)

    def test_tables_are_the_same_in_all_forms(self):
        printed = figures("perturbed", "-i", INPUT, "-o", self.folder).stdout
        with open(self.folder / "perturbed.csv", encoding="utf-8") as file:
            rows = list(csv.reader(file))
        text = (self.folder / "perturbed.txt").read_text()
        latex = (self.folder / "perturbed.tex").read_text()
        self.assertIn(text, printed)
        self.assertEqual(len(rows), 14)
        for row in rows:
            for cell in row:
                self.assertIn(cell, text)
                self.assertIn(cell.replace("%", r"\%"), latex)

    def test_deviations_are_those_of_the_population(self):
        """Over one axis, averaged over the other."""
        for sweep in inputs.read_files(perturbed, str(INPUT)):
            accuracy = 100 * sweep["test_accuracy"]
            for i, row in enumerate(perturbed.rows_of(sweep)):
                plane = accuracy[i] if accuracy.ndim == 3 else accuracy
                mean = plane.mean(axis=0, keepdims=True)
                self.assert_close(row.divisors, np.sqrt(
                    ((plane - mean)**2).mean(axis=0)).mean(), 1e-9)
            if sweep.stem == "perturbed-exact":
                self.assertEqual(row.divisors, 0)

    def test_missing_files_name_the_command(self):
        done = figures("all", "-i", self.folder, "-o", self.folder)
        self.assertEqual(done.returncode, 4)
        self.assertEqual(list(self.folder.iterdir()), [])
        told = dict(text.split(": ", 1) for text in
                    re.split("^figures: ", done.stderr, flags=re.M)[1:])
        self.assertEqual(list(told), [*FIGURES, *OTHERS])
        for name, (verb, stems) in FIGURES.items():
            with self.subTest(name):
                self.assertIn(f" {verb} cases/$c.yaml", told[name])
                for stem in stems:
                    self.assertIn(stem, told[name])

    def test_the_command_named_makes_the_files(self):
        place = self.folder / "with a space"
        path = f"{Path(PROGRAM).parent}{os.pathsep}{os.environ['PATH']}"
        for name in ("heat", "amplification"):
            done = figures(name, "-i", place, PATH=path)
            self.assertEqual(done.returncode, 4)
            remedy = done.stderr.splitlines()[-1]
            subprocess.run(["bash", "-c", remedy], cwd=SOURCE, check=False,
                           env={**os.environ, "PATH": path}, timeout=300,
                           capture_output=True)
            done = figures(name, "-i", place, "-o", self.folder)
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_runs_without_what_is_drawn(self):
        self.restrain("run", CASES / "edge-euler.yaml", "-o", "run.h5", "-D",
                      "step.iterations=3", "-D", "expect=[]",
                      "-D", "output.scalars=[]")
        for case in CASES.glob("edge-*.yaml"):
            (self.folder / case.stem).mkdir()
            os.link(self.folder / "run.h5",
                    self.folder / case.stem / "run.h5")
        done = figures("edge", "-i", self.folder, "-o", self.folder)
        self.assertEqual(done.returncode, 4)
        self.assertIn("lacks sharpness", done.stderr)
        self.assertIn("cases/edge-euler", done.stderr)

    def test_damaged_files(self):
        for stem in FIGURES["heat"][1]:
            self.write("not HDF5", f"{stem}.txt")
            (self.folder / stem).mkdir()
            (self.folder / f"{stem}.txt").rename(
                self.folder / stem / "run.h5")
        done = figures("heat", "-i", self.folder, "-o", self.folder)
        self.assertEqual(done.returncode, 4)
        self.assertIn("cannot be used", done.stderr)

    def test_trainings_that_are_missing_name_their_commands(self):
        """Neither is made without PyTorch, and that is told."""
        done = figures("followed", "-i", self.folder, "-o", self.folder)
        self.assertEqual(done.returncode, 4)
        self.assertIn("that has PyTorch", done.stderr)
        self.assertIn("PYTHON tools/pytorch_twins ", done.stderr)
        self.write("raise ImportError('there is none')", "torch.py")
        done = subprocess.run(
            [sys.executable, SOURCE / "tools/pytorch_twins", self.folder],
            env={**os.environ, "PYTHONPATH": str(self.folder)}, timeout=60,
            capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 4)
        self.assertIn("there is none; run it by an interpreter that has "
                      "PyTorch", done.stderr)

    def test_missing_files_name_the_data_sets(self):
        for name, data in (("mnist-edge", "mnist-5000"),
                           ("fashion", "fashion-mnist")):
            done = figures(name, "-i", self.folder, "-o", self.folder)
            self.assertIn(f"  tools/datasets {data}\n", done.stderr)
        self.assertNotIn("datasets", figures(
            "heat", "-i", self.folder, "-o", self.folder).stderr)

    def test_the_list_is_the_papers_and_names_figures_that_there_are(self):
        lines = figures("--list").stdout.splitlines()[1:]
        self.assertEqual(lines, list(paper.lines())[1:])
        listed = [what for what, *_ in paper.CONTENTS]
        self.assertEqual(listed, [f"figure {n}" for n in range(1, 12)] +
                         [f"table {n}" for n in range(1, 10)] + ["abstract"])
        for what, state, names, note in paper.CONTENTS:
            with self.subTest(what):
                self.assertIn(state, (paper.COVERED, paper.IN_KIND))
                self.assertLessEqual({*names}, {*FIGURES, *OTHERS})
                self.assertTrue(names and note)

    def test_unknown_figure(self):
        done = figures("7", "-o", self.folder)
        self.assertEqual(done.returncode, 2)
        self.assertIn("'7'", done.stderr)


class Contents(FigureTest):
    """What the curves of a figure are, beyond their being drawn."""

    def test_twins_part_above_the_first_threshold(self):
        _, figure = self.draw("twins")
        curves = {}
        for line in figure.axes[0].lines:
            if line.get_label().startswith("lr"):
                kind = line.get_label() + line.get_linestyle()
                curves[kind] = line.get_ydata()
        self.assertEqual(len(curves), 6)
        for kind, values in curves.items():
            with self.subTest(kind):
                if kind in ("lr = 0.01-", "lr = 0.03-"):
                    self.assertLess(values.max(), 1e-12)
                else:
                    self.assertTrue(0.3 < values[-1] < 2)
        self.assertGreater(curves["lr = 0.07--"][1],
                           1e5 * curves["lr = 0.07-"][1])

    def test_growth_is_that_of_the_linearisation(self):
        _, figure = self.draw("growth")
        legend = figure.axes[0].get_legend()
        self.assertIn("[1/iteration]", legend.get_title().get_text())
        slopes = [list(map(float, re.findall(r"\d\.\d+", text.get_text())))
                  for text in legend.get_texts()[:3]]
        # Rounding of single precision leaves seven iterations of growth.
        for (twin, product), tolerance in zip(slopes, (0.01, 0.1, 0.01)):
            self.assert_close(product, twin, tolerance)

    def test_runs_that_hide_each_other_are_told_apart(self):
        runs, figure = self.draw("nonlinear")
        runs = sorted(runs, key=lambda run: run.lr)
        axes = figure.axes[0]
        self.assertEqual(len({line.get_marker() for line in axes.lines}),
                         len(runs))
        bounded = [run["loss"] for run in runs if
                   nonlinear.LR_LO <= run.lr < 0.1]
        self.assertEqual(len(axes.collections), len(bounded))
        (inset,) = axes.child_axes
        for loss, band, line in zip(bounded, axes.collections, inset.lines):
            extent = band.get_paths()[0].get_extents()
            self.assertEqual(extent.y0, loss[nonlinear.FILLED:].min())
            self.assertEqual(extent.y1, loss[nonlinear.FILLED:].max())
            np.testing.assert_array_equal(line.get_ydata(),
                                          loss[-nonlinear.LAST:])

    def test_events_are_shaded_and_the_strongest_is_shown(self):
        runs, figure = self.draw("restrained")
        growing = [axes for axes in figure.axes
                   if axes.collections and axes.get_yscale() == "log"]
        pictures = [axes.images[0].get_array() for axes in figure.axes
                    if axes.images]
        self.assertEqual(len(growing), len(runs))
        self.assertEqual(len(pictures), 3 * (1 + 3))
        for run, axes in zip(runs, growing):
            filled = axes.collections
            self.assertEqual(len(filled), len(run["events/first"]))
            growth = run["local_growth"]
            for event, fill in enumerate(filled):
                x, y = fill.get_paths()[0].vertices.T
                start, end = int(x.min()), int(x.max())
                self.assertEqual(start, run["events/first"][event])
                self.assertEqual(end, run["events/last"][event] + 1)
                self.assertEqual(y.min(), 1)
                self.assert_close(y.max(), growth[start:end].max(), 1e-12)
        for picture in pictures:
            self.assertLessEqual(abs(picture).max(), 1)
        # Checkerboards on the checkerboard, of the twins' difference too.
        for picture in pictures[:3]:
            self.assertTrue((picture[1:] * picture[:-1] < 0).all())

    def test_members_wander_as_the_exact_displacement_says(self):
        (_, _, (run,)), figure = self.draw("fluctuations")
        axes = figure.axes[-1]
        measured, exact = (line.get_ydata() for line in axes.lines[:2])
        spread = np.sqrt(2 / len(run["member_displacement"]))
        self.assertLess(abs(measured / exact - 1).mean(), 3 * spread)

    def test_displacement_over_learning_rate_batch_and_momentum(self):
        (runs, analyses), figure = self.draw("diffusion")
        self.assertEqual([run.stem for run in runs],
                         [analysis.stem for analysis in analyses])
        for axes in figure.axes:
            for measured, exact in zip(axes.lines[::2], axes.lines[1::2]):
                found = np.exp(np.interp(
                    np.log(measured.get_xdata()), np.log(exact.get_xdata()),
                    np.log(exact.get_ydata()))) / measured.get_ydata()
                self.assertLess(abs(found - 1).mean(), 3 * np.sqrt(2 / 12))

    def test_weights_go_round_with_the_current(self):
        _, figure = self.draw("currents")
        run, current = (line.get_ydata()[-1]
                        for line in figure.axes[1].lines)
        self.assertLess(abs(run / current - 1), 0.5)

    def test_limits_of_stochastic_stability(self):
        runs, figure = self.draw("stochastic_edge")
        self.assertEqual(len(runs), 3)
        found = {tuple(round(line.get_ydata()[0], 9) for line in axes.lines
                       if line.get_linestyle() == "--")
                 for axes in figure.axes[3:]}
        self.assertEqual(found, {(20,), (4,), (20, 200, 380)})
        for axes in figure.axes[3:]:
            self.assertEqual(len(axes.collections), 1)

    def test_ensembles_lie_about_the_exact_lines(self):
        runs, figure = self.draw("svag")
        exact = svag.OneWeight(runs[0])
        for run in runs:
            length = run.setting("sampling.l")
            expected = getattr(exact, run.setting("sampling.kind"))(length)
            found, error = svag.sampled(run)
            np.testing.assert_array_less(abs(found - expected), 4 * error)
        for axes in figure.axes:
            for line in axes.get_legend().get_lines()[:2]:
                order, error = map(float, line.get_label().split()[-3::2])
                self.assertLess(abs(order - 1), error)
                self.assertLess(error, 0.05)

    def test_critical_batch_of_known_equilibria(self):
        """R constant, G and N of batches of 1 falling with the batch, a line
        on logarithmic scales: the factor is sqrt(2) at a known batch."""
        class Run:
            def __init__(self, batch):
                self.batch, error = batch, 0.1
                self.R = np.array([3, error])
                self.G = np.array([0.5 * batch**-0.25, error])
                self.N = np.array([8 * batch**-0.5, error])

            over = critical_batch.Equilibrium.over

        found = critical_batch.measured([Run(b) for b in (1, 3, 9)])
        self.assert_close(found, 2, 1e-12)
        self.assertTrue(np.isnan(critical_batch.measured([Run(1), Run(1.5)])))
        mean, error = critical_batch.time_mean(np.arange(17.0))
        self.assert_close([mean, error], [
            8.5, 2 * np.std(np.arange(8), ddof=1) / 8**0.5], 1e-12)

    def test_central_flow_rests_at_its_limit(self):
        runs, figure = self.draw("central_flow")
        self.assertEqual(len(runs), 4)
        for axes in figure.axes[4:]:
            _, mean, flow, limit = (line.get_ydata() for line in axes.lines)
            self.assert_close(flow[-1], limit[0], 1e-3)
            self.assertTrue(np.isfinite(mean).all())

    def test_rates_of_trainings_that_part(self):
        found, figure = self.draw("followed")
        self.assertEqual(found["twin"], ["divisor", "double", "seed"])
        lines = {line.get_label().split("\n")[0]: line.get_ydata()
                 for line in figure.axes[0].lines}
        for label, curve in zip(("divisor 3: last bits", "double precision",
                                 "other initial weights"),
                                found["twin_distance"]):
            np.testing.assert_array_equal(lines[label][1:], curve[1:])
        self.assertEqual(len(figure.axes[1].lines), 2)

    def test_thresholds_of_the_minimum(self):
        rates, decays = bifurcation.draw_order(
            inputs.read_files(bifurcation, str(INPUT)))
        (_, low), (_, high) = bifurcation.limits(rates, "lr")
        self.assert_close(low, nonlinear.LR_LO, 1e-8)
        self.assert_close(high, 0.1, 1e-15)
        found = dict.fromkeys(["transient", "restrained-periodic"])
        alpha, words = decays["weight_decay"], decays.words("regime")
        for word in found:
            found[word] = alpha[words == word]
        low = bifurcation.limits(decays, "weight_decay")[0][1]
        self.assertLess(found["transient"].max(), low)
        self.assertGreater(found["restrained-periodic"].min(), low)

    def test_boundaries_lie_where_runs_cease_to_come_back(self):
        class Table(dict):
            stem = "mnist-boundary-2-valid-flat"

        run = Table(loss=np.array([2.0, 1.5]))
        nan = np.nan
        for ends, low, high in (
                ([1, 1.9, 3, 1.2], 2, 3), ([1, 1, 1, 1], 4, nan),
                ([7, 3, 9, 3], nan, 1), ([1, nan, 7, nan], 1, 3)):
            sweep = Table(final_loss=np.array(ends, float), lr_lo=np.array(2),
                          lr=np.arange(1, 5))
            found = mnist_edge.boundaries([run], [sweep])[0]
            self.assertEqual((found.layers, found.kind), (2, "valid"))
            np.testing.assert_equal(found.bracket(), (low, high))

    def test_regimes_lie_between_the_limits(self):
        files, figure = self.draw("bifurcation")
        rates = bifurcation.draw_order(files)[0]
        words, values = rates.words("regime"), rates["lr"]
        # All ways from this kernel pass through the saddle's neighbourhood.
        self.assertEqual(set(words[values < 0.032]), {"transient"})
        self.assertEqual(set(words[values > 0.1015]), {"divergent"})
        self.assertIn("restrained-chaotic", words)
        points = figure.axes[2].lines[0].get_xydata()
        left = points[points[:, 0] < 0.032]
        self.assert_close(left[:, 1], -0.135492272, 1e-6)
        beyond = points[points[:, 0] > 0.1015]
        self.assertTrue(np.isnan(beyond[:, 1]).all())


if __name__ == "__main__":
    main()
