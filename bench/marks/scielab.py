"""S-CIELAB: colour differences after the eye's blur.

Opponent channels are blurred by what an eye cannot resolve at a viewing distance, turned back, and compared in
CIELAB (1976, D65). The display is sRGB at 38 pixels per degree: a 720p film at three picture heights, 1080p at two.

Source: Zhang and Wandell 1997, *A spatial extension of CIELAB for digital color image reproduction*, with the
weights and spreads of their table and the opponent transform of Poirson and Wandell 1993.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dctn, idctn

PIXELS_PER_DEGREE = 38.0

_XYZ_OF_RGB = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_WHITE = _XYZ_OF_RGB.sum(1)
_OPPONENT_OF_XYZ = np.array([[0.279, 0.72, -0.107], [-0.449, 0.29, -0.077], [0.086, -0.59, 0.501]])
# per channel: (weight, spread in degrees) of kernels exp(-r^2 / spread^2), weights scaled to a sum of one
_KERNELS = (
    ((1.00327, 0.0283), (0.11442, 0.133), (-0.11769, 4.336)),
    ((0.61673, 0.0392), (0.38327, 0.494)),
    ((0.56789, 0.0536), (0.43211, 0.386)),
)

RGB = NDArray[np.uint8]
Field = NDArray[np.float64]


def scielab_difference(old: RGB, new: RGB, *, pixels_per_degree: float = PIXELS_PER_DEGREE) -> Field:
    """Return the S-CIELAB difference of every pixel.

    Args:
        old: ``[h, w, 3]`` sRGB, 8 bit; ``new`` alike.

    Returns:
        ``[h, w]``; about 1 is just visible beside the original.
    """
    a, b = (_lab(_seen(rgb, pixels_per_degree)) for rgb in (old, new))
    return np.sqrt(np.square(a - b).sum(-1))


def _seen(rgb: RGB, pixels_per_degree: float) -> Field:
    """XYZ of what the eye makes of ``rgb``."""
    values = rgb.astype(np.float64) / 255
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    opponent = linear @ (_OPPONENT_OF_XYZ @ _XYZ_OF_RGB).T
    for channel, kernels in enumerate(_KERNELS):
        opponent[..., channel] = _blurred(opponent[..., channel], kernels, pixels_per_degree)
    return opponent @ np.linalg.inv(_OPPONENT_OF_XYZ).T


def _blurred(plane: Field, kernels: tuple[tuple[float, float], ...], pixels_per_degree: float) -> Field:
    """A sum of Gaussians, by cosine transform: the picture goes on mirrored beyond its border."""
    rows, columns = (np.arange(size) / (2 * size) for size in plane.shape)
    gain = np.zeros(plane.shape)
    for weight, spread in kernels:
        down, across = (np.exp(-((np.pi * spread * pixels_per_degree * f) ** 2)) for f in (rows, columns))
        gain += weight * np.outer(down, across)
    blurred: Field = idctn(dctn(plane, norm="ortho") * gain, norm="ortho")
    return blurred


def _lab(xyz: Field) -> Field:
    ratio = np.maximum(xyz / _WHITE, 0)
    root = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    x, y, z = root[..., 0], root[..., 1], root[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -1)
