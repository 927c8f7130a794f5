# SPDX-License-Identifier: GPL-3.0-or-later
"""Notebooks as scripts, in cells: `python3 -m restrain.examples.chaos`.

    photograph  your photograph: is this learning rate stable?
    chaos       from a fixed point to chaos

Editors that know cells (# %%) show them as notebooks; they write their
pictures to the current folder.
"""
