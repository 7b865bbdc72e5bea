"""Scene-linear light as the eye would see it, and a change there as a change of light.

Up to half of white the curve is sRGB's own; above it rolls off and reaches white at infinity, so that
highlights stay apart. What a mark changes on the curve is brought back by the local slope, never by the inverse of
the curve: values nobody could show keep their last bit where nothing was added. Above white the slope is that of
a logarithm, so that a highlight changes by the same share however bright it is.

Source: IEC 61966-2-1 (sRGB).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_TOE, _TOE_SLOPE = 0.0031308, 12.92
_SCALE, _OFFSET, _POWER = 1.055, 0.055, 1.0 / 2.4
_KNEE = 0.5
_AT_KNEE = _SCALE * _KNEE**_POWER - _OFFSET
_KNEE_SLOPE = _SCALE * _POWER * _KNEE ** (_POWER - 1.0)
_ROLL = _KNEE * _KNEE_SLOPE / (1.0 - _AT_KNEE)
_WHITE_SLOPE = _SCALE * _POWER
_WHITEST = 1e6

Light = NDArray[np.float32]


def seen(light: Light) -> Light:
    """Return ``light`` on the curve, in [0, 1]; darkness below zero and what is no number are black."""
    # beyond a million all is white
    safe = np.where(np.isfinite(light), light, np.float32(0.0)).clip(0.0, _WHITEST)
    low = np.where(safe <= _TOE, safe * _TOE_SLOPE, _SCALE * np.maximum(safe, _TOE) ** _POWER - _OFFSET)
    high = 1.0 - (1.0 - _AT_KNEE) * (np.maximum(safe, _KNEE) / _KNEE) ** -_ROLL
    return np.where(safe <= _KNEE, low, high).astype(np.float32)


def brought_back(light: Light, change: Light, top: float | None = None) -> Light:
    """Add ``change``, made on the curve in units of white, to ``light``.

    What is not above zero or is no number comes back as it was; nothing falls below zero, and no number above ``top``.

    Args:
        top: the largest number that the file can hold; None: that of ``light``'s own type.
    """
    lit = np.isfinite(light) & (light > 0.0)
    safe = np.where(lit, light, np.float32(1.0))
    dim = np.minimum(safe, 1.0)
    curved = dim ** (1.0 - _POWER) / (_SCALE * _POWER)
    added = dim + change * np.where(dim <= _TOE, 1.0 / _TOE_SLOPE, curved)
    with np.errstate(over="ignore"):
        made = np.where(safe <= 1.0, added, safe * (1.0 + change / _WHITE_SLOPE))
    made = made.clip(0.0, np.finfo(light.dtype).max if top is None else top)
    return np.where(lit, made, light).astype(light.dtype)
