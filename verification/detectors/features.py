"""What the nets are shown: pictures as they are cut out, the spectrum of what is left after smoothing, and changes.

>>> residual_spectrum(np.zeros((CROP, CROP, 3), np.uint8)).shape
(32,)
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import uniform_filter

from verification.detectors.contract import CROP, MARGIN
from verification.detectors.faces import Box

BINS = 32
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def cut_out(picture: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
    """A face with its surroundings, ``[CROP, CROP, 3]``; what lies beyond the edge is the edge again."""
    side = box.side * MARGIN
    left, top = box.left - (side - box.side) / 2, box.top - (side - box.side) / 2
    height, width = picture.shape[:2]
    right, bottom = min(float(width), left + side), min(float(height), top + side)
    inside = (max(0.0, left), max(0.0, top), right, bottom)
    return np.asarray(Image.fromarray(picture).resize((CROP, CROP), Image.Resampling.BICUBIC, box=inside))


def spatial_input(crop: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Picture ``[3, CROP, CROP]`` around 0, and its residual's spectrum ``[BINS]``."""
    return (crop.astype(np.float32) / 127.5 - 1.0).transpose(2, 0, 1), residual_spectrum(crop)


def residual_spectrum(crop: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Log power by distance from the middle, of the luma less its local mean; around 0."""
    luma = crop.astype(np.float32) @ _LUMA
    left = (luma - uniform_filter(luma, 3)) * _window()
    power = np.abs(np.fft.rfft2(left)) ** 2
    summed = np.bincount(_rings().ravel(), power.ravel(), BINS + 1)[:BINS]
    counted = np.bincount(_rings().ravel(), minlength=BINS + 1)[:BINS]
    spectrum = np.log10(summed / counted + 1e-3)
    return np.asarray(spectrum - spectrum.mean(), np.float32)


def temporal_input(crops: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Changes from picture to picture, ``[RUN_FRAMES - 1, CROP, CROP]``, cut at what matters."""
    luma = crops.astype(np.float32) @ _LUMA
    change = np.diff(luma, axis=0)
    return np.asarray(np.clip(change / 16.0, -4.0, 4.0), np.float32)


@cache
def _window() -> NDArray[np.float32]:
    hann = np.hanning(CROP).astype(np.float32)
    return np.outer(hann, hann)


@cache
def _rings() -> NDArray[np.int64]:
    down, across = np.fft.fftfreq(CROP)[:, None], np.fft.rfftfreq(CROP)[None, :]
    rings: NDArray[np.int64] = np.minimum((np.hypot(down, across) / 0.5 * BINS).astype(np.int64), BINS)
    return rings
