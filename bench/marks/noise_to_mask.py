"""Total noise-to-mask ratio after ITU-R BS.1387-1: the ear model of its FFT part, written from the recommendation.

Hann windows of 2,048 samples at 48 kHz, outer and middle ear, 109 bands of a quarter Bark, spreading that widens
with level, forward masking, and the mask 3 dB (more above 12 Bark) below the excitation. A full-scale sine is taken
to play at 92 dB SPL. One thing is stricter than the recommendation: the noise is the spectrum of the difference and
not the difference of magnitudes, so a change of phase counts too.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 48_000
_WINDOW, _HOP = 2048, 1024
_STEP_BARK = 0.25
_LOW_HZ, _HIGH_HZ = 80.0, 18_000.0
_PLAYBACK_DB = 92.0
_FLOOR = 1e-12

Samples = NDArray[np.float32]
Field = NDArray[np.float64]


def noise_to_mask_db(old: Samples, new: Samples) -> float:
    """Return the mean over frames and bands of noise over mask, in dB.

    Args:
        old: ``[n]`` at 48 kHz; ``new`` alike. Frames in which nothing is to be heard do not count.
    """
    count = min(len(old), len(new))
    signal = _band_powers(old[:count])
    noise = _band_powers(new[:count] - old[:count])
    mask = _smeared(_spread(signal + _internal_noise())) / 10 ** (_mask_offset_db() / 10)
    audible = signal.sum(1) > _internal_noise().sum()
    ratio = (noise / mask)[audible]
    return float(10 * np.log10(max(ratio.mean(), _FLOOR))) if ratio.size else -99.0


def _bark(hertz: Field | float) -> Field:
    return np.asarray(7 * np.arcsinh(np.asarray(hertz) / 650))


@cache
def _centres() -> Field:
    low, high = float(_bark(_LOW_HZ)), float(_bark(_HIGH_HZ))
    middles = np.arange(low + _STEP_BARK / 2, high, _STEP_BARK)
    return np.asarray(650 * np.sinh(middles / 7))


@cache
def _grouping() -> Field:
    """``[bins, bands]``: the share of each line's width that falls into each band."""
    low, high = float(_bark(_LOW_HZ)), float(_bark(_HIGH_HZ))
    edges = np.asarray(650 * np.sinh(np.append(np.arange(low, high, _STEP_BARK), high) / 7))
    lines = np.arange(_WINDOW // 2 + 1)[:, None] * RATE_HZ / _WINDOW
    half = RATE_HZ / _WINDOW / 2
    overlap = np.minimum(lines + half, edges[None, 1:]) - np.maximum(lines - half, edges[None, :-1])
    return np.clip(overlap, 0, None) / (2 * half)


@cache
def _ear() -> Field:
    """Power gain of the outer and middle ear and of the playback level, per line."""
    khz = np.maximum(np.arange(_WINDOW // 2 + 1) * RATE_HZ / _WINDOW, 1.0) / 1000
    gain_db = -2.184 * khz**-0.8 + 6.5 * np.exp(-0.6 * (khz - 3.3) ** 2) - 1e-3 * khz**3.6
    # a full-scale sine under a Hann window of mean 1/2 has a line of _WINDOW / 4
    level_db = _PLAYBACK_DB - 20 * np.log10(_WINDOW / 4)
    return np.asarray(10 ** ((gain_db + level_db) / 10))


def _band_powers(samples: Samples) -> Field:
    padded = np.pad(samples.astype(np.float64), (0, max(0, _WINDOW - len(samples))))
    frames = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_HOP]
    lines = np.square(np.abs(np.fft.rfft(frames * np.hanning(_WINDOW)))) * _ear()
    return np.maximum(lines @ _grouping(), _FLOOR)


@cache
def _internal_noise() -> Field:
    return np.asarray(10 ** (0.4 * 0.364 * (_centres() / 1000) ** -0.8))


@cache
def _mask_offset_db() -> Field:
    place = np.arange(_centres().size) * _STEP_BARK
    return np.where(place <= 12, 3.0, _STEP_BARK * place)


def _spread(excitation: Field) -> Field:
    """Frequency spreading: 27 dB a Bark downwards, less upwards where it is loud."""
    bands = _centres().size
    up_db = np.minimum(-24 - 230 / _centres() + 0.2 * 10 * np.log10(excitation), -1.0)
    distance = (np.arange(bands)[None] - np.arange(bands)[:, None]) * _STEP_BARK
    total = np.zeros_like(excitation)
    for frame, (row, slopes) in enumerate(zip(excitation, up_db, strict=True)):
        shape = 10 ** (np.where(distance < 0, 27 * distance, slopes[:, None] * distance) / 10)
        shape /= shape.sum(1, keepdims=True)
        total[frame] = ((row[:, None] * shape) ** 0.4).sum(0) ** 2.5
    flat = np.full((1, bands), 1.0)
    return total / _spread_of_flat(distance, flat)


def _spread_of_flat(distance: Field, flat: Field) -> Field:
    slopes = -24 - 230 / _centres()
    shape = 10 ** (np.where(distance < 0, 27 * distance, slopes[:, None] * distance) / 10)
    shape /= shape.sum(1, keepdims=True)
    return np.asarray((shape**0.4).sum(0) ** 2.5)[None] * flat


def _smeared(excitation: Field) -> Field:
    """Forward masking: a decay of 8 to 30 ms, or the present, whichever is more."""
    constant = 0.008 + 100 / _centres() * (0.030 - 0.008)
    keep = np.exp(-_HOP / RATE_HZ / constant)
    held = np.empty_like(excitation)
    state = np.zeros(excitation.shape[1])
    for frame, row in enumerate(excitation):
        state = keep * state + (1 - keep) * row
        held[frame] = np.maximum(state, row)
    return held
