"""What sound hides of itself: a masking model in bands.

Flavour of MPEG-1 psychoacoustic model 2: tonality from how predictable a band's level is (a
steady partial hides less than noise), an offset below the band's own energy by tonality,
Schroeder's spreading across critical bands, and a limit on pre-echoes. The answer is the
largest gain, in dB, by which a band may be raised or lowered.

Source: ISO/IEC 11172-3 Annex D; Schroeder, Atal and Hall 1979 (spreading function).
"""

from __future__ import annotations

import torch
from torch import Tensor

_NOISE_CHANGE = 1.2
_TONE_OFFSET_DB = 14.5
_NOISE_OFFSET_DB = 5.5
_TONALITY_FRAMES = 4
_PRE_ECHO = 4.0


def bark(hertz: Tensor) -> Tensor:
    """Return the critical-band rate of ``hertz`` in Bark (Traunmueller 1990)."""
    return 26.81 * hertz / (1960.0 + hertz) - 0.53


def tonality(power: Tensor, bands: Tensor) -> Tensor:
    """Return ``[bands, frames]`` tonality in [0, 1] of ``power`` ``[bins, frames]``."""
    level = torch.log(power + 1e-10)
    change = torch.zeros_like(level)
    lag = _TONALITY_FRAMES
    if level.shape[1] > lag:
        change[:, lag:] = (level[:, lag:] - level[:, :-lag]).abs()
        change[:, :lag] = change[:, lag : lag + 1]
    return (1.0 - (bands @ change) / _NOISE_CHANGE).clamp_(0.0, 1.0)


def gain_caps(
    power: Tensor, bands: Tensor, centres_hz: Tensor, *, noise_to_mask_db: float
) -> tuple[Tensor, Tensor]:
    """Return the largest hidden gain per band.

    Args:
        power: ``[bins, frames]`` power spectra.
        bands: ``[bands, bins]`` averaging weights.
        centres_hz: ``[bands]``.
        noise_to_mask_db: level of the change against the masking threshold.

    Returns:
        ``(caps, energy)``: dB and mean power, each ``[bands, frames]``.
    """
    energy = bands @ power + 1e-14
    place = bark(centres_hz)
    tonal = tonality(power, bands)
    offset = tonal * (_TONE_OFFSET_DB + place[:, None]) + (1.0 - tonal) * _NOISE_OFFSET_DB
    fall = 10.0 ** (-offset / 10.0)
    own = energy * fall
    spread = (_spreading(place) @ energy) * fall
    threshold = torch.minimum(torch.maximum(spread, 0.5 * own), 8.0 * own)
    before = torch.cat([threshold[:, :1], threshold[:, :-1]], 1)
    threshold = torch.minimum(threshold, _PRE_ECHO * before)
    room = threshold / energy * 10.0 ** (noise_to_mask_db / 10.0)
    return 20.0 * torch.log10(1.0 + room.sqrt()), energy


def _spreading(place: Tensor) -> Tensor:
    """``[to, from]`` share of a band's energy that masks in another; rows sum to one."""
    away = place[:, None] - place[None, :] + 0.474
    decibels = 15.81 + 7.5 * away - 17.5 * torch.sqrt(1.0 + away * away)
    share = 10.0 ** (decibels / 10.0)
    return share / share.sum(1, keepdim=True)
