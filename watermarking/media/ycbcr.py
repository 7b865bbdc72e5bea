"""Marking RGB: a 16-bit YCbCr copy is marked, and its change goes back into the RGB.

Nothing of the original is rounded by the way: what is added is the change alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

# BT.601 full range, as JPEG has it
_TO_YCBCR = np.array(
    [[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]], np.float32
)
_TO_RGB = np.array([[1.0, 0.0, 1.402], [1.0, -0.344136, -0.714136], [1.0, 1.772, 0.0]], np.float32)
_MIDDLE = np.array([0.0, 128.0, 128.0], np.float32)
_STEPS = 256.0

Planes16 = tuple[NDArray[Any], ...]


def mark_rgb(
    rgb: NDArray[np.float32], mark: Callable[[Planes16], tuple[NDArray[Any], ...]]
) -> NDArray[np.float32]:
    """Return what a mark adds to ``rgb`` ``[h, w, 3]``, in levels of 0 to 255.

    Args:
        mark: puts a mark over planes ``[h, w]`` of 16 bits, luma first.
    """
    planes = planes16(rgb)
    marked = mark(planes)
    change = np.stack(
        [after.astype(np.float32) - before for after, before in zip(marked, planes, strict=True)], -1
    )
    return ((change / np.float32(_STEPS)) @ _TO_RGB.T).astype(np.float32)


def planes16(rgb: NDArray[np.float32]) -> Planes16:
    """Return Y, Cb and Cr ``[h, w]`` of ``rgb`` in 256ths of a level."""
    values = (rgb @ _TO_YCBCR.T + _MIDDLE) * _STEPS
    whole = values.round().clip(0.0, 65_535.0).astype(np.uint16)
    return tuple(np.ascontiguousarray(whole[..., index]) for index in range(3))


def planes8(rgb: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return Y, Cb and Cr ``[3, h, w]`` of ``rgb`` in whole levels."""
    values = (rgb @ _TO_YCBCR.T + _MIDDLE).round().clip(0.0, 255.0)
    return np.ascontiguousarray(np.moveaxis(values.astype(np.uint8), -1, 0))
