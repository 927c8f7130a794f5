# SPDX-License-Identifier: GPL-3.0-or-later
"""What all figures look like."""
import matplotlib
import matplotlib.pyplot as plt

from restrain.plot.style import COLUMN, OKABE_ITO, PAGE, STYLE

__all__ = ['ABOVE', 'BELOW', 'BETWEEN', 'COLUMN', 'OKABE_ITO', 'PAGE', 'STYLE',
           'legend_above', 'number', 'plot_groups']

# Three regimes that hue, lightness and dashes tell apart.
BELOW, BETWEEN, ABOVE = ('Blues', '-'), ('Oranges', '-'), ('Greys', '--')


def plot_groups(axes, groups, scalar):
    """Plot a scalar, or (scalar, twin), of groups
    [(title, look, [(label, run), ...]), ...].

    Returns handles for the legend, one list for each group.
    """
    columns = []
    for title, (palette, dashes), curves in groups:
        handles = [plt.Line2D([], [], linestyle='none', label=title)]
        for index, (label, run) in enumerate(curves):
            # From light, yet readable on white, to dark; small rates on top.
            shade = 0.45 + 0.5 * (index + 0.5) / len(curves)
            handles += axes.plot(
                run['iteration'], run[scalar], dashes, label=label,
                color=matplotlib.colormaps[palette](shade), zorder=3 - run.lr)
        columns.append(handles)
    return columns


def legend_above(axes, columns, title):
    """A legend with one column for each list of handles."""
    # matplotlib fills columns evenly: the shorter ones are padded.
    rows = max(len(column) for column in columns)
    empty = plt.Line2D([], [], linestyle='none', label=' ')
    axes.legend(
        handles=[handle for column in columns
                 for handle in column + [empty] * (rows - len(column))],
        title=title, ncols=len(columns), loc='lower center',
        bbox_to_anchor=(0.45, 1), columnspacing=0.8, handlelength=1.8)


def number(value, digits=4):
    """A number as mathematical text: 1.296e+07 is 1.296 x 10^7."""
    mantissa, _, exponent = f'{value:.{digits}g}'.partition('e')
    power = f' \\times 10^{{{int(exponent)}}}' if exponent else ''
    return mantissa + power
