# SPDX-License-Identifier: GPL-3.0-or-later
"""Table 2: thresholds of the linearised network by von Neumann's circular
bound, by the exact spectrum of the window, and measured by bisection."""
import matplotlib.pyplot as plt

from .style import PAGE, number

COMMAND = 'analyze'
OPTIONS = ' -D analyze.empirical=yes'
CASES = ('linear-decay-*',)
COLUMNS = ('circular bound', 'windowed, exact', 'measured')
SOURCES = ('symbol_', '', 'measured_')


def show(value, form):
    """Limits of 0 leave no stable choice; NaN: there is nothing to bound."""
    return '\u2013' if value != value else form(value) if value > 0 else 'none'


def rows(analyses):
    """(title in mathematical text, in plain text, three values) each."""
    first = analyses[0]

    def values(analysis, name):
        return [float(analysis[source + name]) for source in SOURCES]

    lines = [(r'$\alpha_\mathrm{min}$, any lr', 'alpha_min, any lr',
              values(first, 'decay_min')),
             (rf'$\alpha_\mathrm{{max}}$ at lr = ${number(first.lr)}$',
              f'alpha_max at lr = {first.lr:g}', values(first, 'decay_max'))]
    for analysis in analyses:
        lines.append((
            rf'$\mathrm{{lr_{{max}}}}$ at $\alpha = {number(analysis.decay)}$',
            f'lr_max at alpha = {analysis.decay:g}',
            values(analysis, 'lr_max')))
    return lines


def in_order(analyses):
    return sorted(analyses, key=lambda analysis: analysis.decay)


def tabulate(analyses):
    return [('threshold', *COLUMNS),
            *((plain, *(show(value, '{:.8g}'.format) for value in values))
              for _, plain, values in rows(in_order(analyses)))]


def draw(analyses):
    lines = rows(in_order(analyses))
    figure, axes = plt.subplots(figsize=(0.8 * PAGE, 0.3 * (len(lines) + 2)),
                                layout='constrained')
    axes.axis('off')
    cells = [[show(value, lambda given: f'${number(given, 6)}$')
              for value in values] for _, _, values in lines]
    table = axes.table(
        cells, rowLabels=[title for title, _, _ in lines], colLabels=COLUMNS,
        loc='center', cellLoc='right', colLoc='right', edges='horizontal')
    for cell in table.get_celld().values():
        cell.set_linewidth(0.5)
    table.auto_set_font_size(False)
    table.set_fontsize(8)
    table.scale(1, 1.35)
    return figure
