# SPDX-License-Identifier: GPL-3.0-or-later
"""Arrays as the library takes them."""
from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ._errors import UsageError

# Rec. 709, as the library reads colour files.
LUMINANCE = (0.2126, 0.7152, 0.0722)


def grey(picture: Any) -> np.ndarray:
    """A picture as an image for `image=`: grey levels from -1 to 1.

    `picture` is an array [ny][nx], or with a last axis of one to four
    channels (grey, grey and alpha, RGB, RGBA; alpha is ignored, colour
    becomes luminance), as matplotlib.image.imread() or numpy.asarray() of a
    Pillow image return it. Integers are levels from 0 to the largest of
    their type, floats from 0 to 1. What `image=` is given without grey() is
    taken as it is.
    """
    levels = np.asarray(picture)
    if levels.dtype == bool:
        levels = levels.astype(float)
    elif np.issubdtype(levels.dtype, np.integer):
        levels = levels / float(np.iinfo(levels.dtype).max)
    if levels.ndim == 3 and levels.shape[2] in (3, 4):
        levels = levels[..., :3] @ np.array(LUMINANCE)
    elif levels.ndim == 3 and levels.shape[2] in (1, 2):
        levels = levels[..., 0]
    if levels.ndim != 2:
        raise UsageError(f'a picture has two axes, or three with one to four '
                         f'channels; this one has the shape {levels.shape}')
    return 2 * np.asarray(levels, float) - 1


def plane(values: Any, name: str) -> np.ndarray:
    """An array of two axes as contiguous doubles."""
    array = np.asarray(values)
    if array.ndim != 2 or array.size == 0:
        raise UsageError(f'{name} needs an array of two axes, (y, x); this '
                         f'one has the shape {array.shape}; restrain.grey() '
                         'makes an image of a picture in colour')
    if not (np.issubdtype(array.dtype, np.integer) or
            np.issubdtype(array.dtype, np.floating) or array.dtype == bool):
        raise UsageError(f'{name} needs real numbers, not {array.dtype}')
    if array.dtype.kind in 'iu' and (array.min() < -1 or array.max() > 1):
        warnings.warn(
            f'{name} holds {array.dtype} numbers, taken as they are, '
            f'{array.min()} to {array.max()}; restrain.grey() makes levels '
            'of a picture -1 to 1, and floats say that these are none',
            stacklevel=5)
    return np.ascontiguousarray(array, dtype=np.float64)
