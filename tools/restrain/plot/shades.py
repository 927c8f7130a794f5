# SPDX-License-Identifier: GPL-3.0-or-later
"""Colours of the points of sweeps: a hue for each regime, in it a shade for
how long runs took to settle or to diverge, or for the Lyapunov exponent where
they did neither."""
from __future__ import annotations

from typing import Any, Mapping, Sequence

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import (
    LinearSegmentedColormap, ListedColormap, Normalize, to_rgba)
from matplotlib.patches import Patch

from .style import HATCH, PENDING, REGIMES, SHADES

# Between these quantiles shades are linear.
QUANTILES = np.linspace(0, 1, 65)
# Exponents below 0, then those above.
ARMS = ('restrained-periodic', 'restrained-chaotic')
EXPONENT = 'Lyapunov exponent [1/iteration]'
Points = Mapping[str, np.ndarray]


class Shades:
    """The colours of some sweeps, a value having the same in all of them.

    Shades follow the ranks of a regime's values, so that a map shows its arcs
    whatever their distribution.

    sweeps  of each, arrays of one shape: "regime" as words, "lyapunov",
            "iterations_run"
    """

    def __init__(self, sweeps: Sequence[Points]) -> None:
        self.words: set[str] = set()
        for sweep in sweeps:
            self.words.update(np.unique(sweep['regime']).tolist())
        self._knots = {}
        for word in self.words & set(SHADES):
            name, _ = SHADES[word]
            found = np.concatenate([np.asarray(sweep[name], float)[
                sweep['regime'] == word] for sweep in sweeps])
            found = found[np.isfinite(found)]
            if found.size and np.ptp(found) > 0:
                self._knots[word] = np.quantile(found, QUANTILES)

    def of(self, sweep: Points) -> np.ndarray:
        """Colours [...][4]; nothing where a point is pending, that of the
        regime itself where the value is not known or the same at all."""
        words = np.asarray(sweep['regime'])
        colours = np.zeros((*words.shape, 4))
        for word in self.words & set(REGIMES):
            place = words == word
            colours[place] = to_rgba(REGIMES[word])
            if word in self._knots:
                values = np.asarray(sweep[SHADES[word][0]], float)
                place &= np.isfinite(values)
                colours[place] = self._shade(word, values[place])
        return colours

    def _shade(self, word: str, values: np.ndarray) -> np.ndarray:
        knots = self._knots[word]
        # Equal knots, as of runs that all end at once, are one shade.
        first = np.flatnonzero(np.diff(knots, prepend=-np.inf) > 0)
        rank = np.interp(values, knots[first], QUANTILES[first])
        return _ramp(word)(rank)

    def handles(self) -> list[Patch]:
        """Keys of the regimes that appear."""
        found = []
        for word, colour in REGIMES.items():
            if word not in self.words:
                continue
            text = word
            if word in self._knots and SHADES[word][0] == 'iterations_run':
                low, high = self._knots[word][[0, -1]]
                text += f', {low:.0f} to {high:.0f} iterations'
            found.append(Patch(facecolor=colour, linewidth=0, label=text))
        if PENDING in self.words:
            found.append(Patch(label='not done', linewidth=0, **HATCH))
        return found

    def draw_bar(self, figure: Any, axes: Any, label: str = EXPONENT,
                 numbers: bool = True, **look: Any) -> None:
        """The exponents' colours, if there are any: equal lengths of the bar
        hold equal numbers of points on each side of 0."""
        arms = [word for word in ARMS if word in self._knots]
        if not arms:
            return
        colours = np.concatenate([_ramp(word)(QUANTILES) for word in arms])
        bar = figure.colorbar(
            ScalarMappable(Normalize(0, len(arms)), ListedColormap(colours)),
            ax=axes, label=label, **look)
        ticks = {}
        for start, word in enumerate(arms):
            for part in (0, 0.5, 1) if numbers else ():
                value = np.interp(part, QUANTILES, self._knots[word])
                ticks[start + part] = f'{value:.2g}'.replace(
                    '-', '\N{MINUS SIGN}')
        if len(arms) == 2:
            ticks[1] = '0'
        bar.set_ticks(list(ticks), labels=list(ticks.values()))


def _ramp(word: str) -> LinearSegmentedColormap:
    return LinearSegmentedColormap.from_list(word, SHADES[word][1])
