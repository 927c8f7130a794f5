# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables as text, for LaTeX and for spreadsheets: rows of words, of which the
first are titles of the columns."""
import csv
import os


def text_of(rows):
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = [[row[0].ljust(widths[0]),
              *(cell.rjust(width) for cell, width
                in zip(row[1:], widths[1:]))] for row in rows]
    return '\n'.join('  '.join(line).rstrip() for line in lines) + '\n'


def latex_cell(cell):
    for given, wanted in (('%', r'\%'), ('_', r'\_'), ('\u2013', '--')):
        cell = cell.replace(given, wanted)
    return cell


def latex_of(rows):
    lines = [' & '.join(map(latex_cell, row)) + r' \\' for row in rows]
    return '\n'.join([rf'\begin{{tabular}}{{l{"r" * (len(rows[0]) - 1)}}}',
                      r'\hline', lines[0], r'\hline', *lines[1:], r'\hline',
                      r'\end{tabular}', ''])


def save(rows, folder, name):
    """Write NAME.txt, .tex and .csv; return their paths."""
    paths = [os.path.join(folder, f'{name}.{suffix}')
             for suffix in ('txt', 'tex', 'csv')]
    for path, text in zip(paths, (text_of(rows), latex_of(rows))):
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)
    with open(paths[-1], 'w', encoding='utf-8', newline='') as file:
        # Readers of numbers know an empty cell, but no dash.
        csv.writer(file, lineterminator='\n').writerows(
            ['' if cell == '\u2013' else cell for cell in row]
            for row in rows)
    return paths
