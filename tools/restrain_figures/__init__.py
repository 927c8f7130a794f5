# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures of tools/figures, one module for each.

A module has CASES, patterns of the cases whose files it reads, and
draw(files), which returns a matplotlib figure of the files of those cases,
sorted by name. It reads runs unless COMMAND says 'analyze'; OPTIONS are what
the command needs beside the case.
"""
