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

from watermarking.cards import SoundStrength

_NOISE_CHANGE = 1.2
_TONE_OFFSET_DB = 14.5
_NOISE_OFFSET_DB = 5.5
_PRE_ECHO = 4.0
_BISECTIONS = 14
_BISECTION_STRIDE = 5
# natural log of an amplitude per dB
_LOG_GAIN = 0.1151
# share of the naive sum of squares that is left after overlapping windows were added
_NAIVE_ERROR = 0.35


def bark(hertz: Tensor) -> Tensor:
    """Return the critical-band rate of ``hertz`` in Bark (Traunmueller 1990)."""
    return 26.81 * hertz / (1960.0 + hertz) - 0.53


def tonality(power: Tensor, bands: Tensor, lag: int) -> Tensor:
    """Return ``[..., bands, frames]`` tonality in [0, 1] of ``power`` ``[..., bins, frames]``.

    Args:
        lag: frames over which a steady sound keeps its level (32 ms).
    """
    level = torch.log(power + 1e-10)
    change = torch.zeros_like(level)
    if level.shape[-1] > lag:
        change[..., lag:] = (level[..., lag:] - level[..., :-lag]).abs()
        change[..., :lag] = change[..., lag : lag + 1]
    return (1.0 - (bands @ change) / _NOISE_CHANGE).clamp_(0.0, 1.0)


def gain_caps(
    power: Tensor, bands: Tensor, centres_hz: Tensor, *, noise_to_mask_db: float, lag: int
) -> tuple[Tensor, Tensor]:
    """Return the largest hidden gain per band.

    Args:
        power: ``[..., bins, frames]`` power spectra.
        bands: ``[bands, bins]`` averaging weights, as all tensors on the device of ``power``.
        centres_hz: ``[bands]``.
        noise_to_mask_db: level of the change against the masking threshold.
        lag: frames in 32 ms.

    Returns:
        ``(caps, energy)``: dB and mean power, each ``[..., bands, frames]``.
    """
    energy = bands @ power + 1e-14
    place = bark(centres_hz)
    tonal = tonality(power, bands, lag)
    offset = tonal * (_TONE_OFFSET_DB + place[:, None]) + (1.0 - tonal) * _NOISE_OFFSET_DB
    fall = 10.0 ** (-offset / 10.0)
    own = energy * fall
    spread = (_spreading(place) @ energy) * fall
    threshold = torch.minimum(torch.maximum(spread, 0.5 * own), 8.0 * own)
    before = torch.cat([threshold[..., :1], threshold[..., :-1]], -1)
    threshold = torch.minimum(threshold, _PRE_ECHO * before)
    room = threshold / energy * 10.0 ** (noise_to_mask_db / 10.0)
    return 20.0 * torch.log10(1.0 + room.sqrt()), energy


def expected_gains(
    power: Tensor,
    bands: Tensor,
    centres_hz: Tensor,
    widths: Tensor,
    strength: SoundStrength,
    *,
    lag: int,
) -> tuple[Tensor, Tensor]:
    """Return the gains that ``power`` is marked with; the detector weighs by the same.

    A gain is the least of the masking cap, the card's cap and ``k * (E / mean E) ** exponent``;
    ``k`` is set by bisection to the card's signal-to-noise ratio, for each sound of a batch and without
    waiting for the device. Masking caps shrink below ``full_from_hz``, where changes are heard best and read worst.

    Args:
        power: ``[..., bins, frames]``.
        bands: ``[bands, bins]`` averaging weights.
        widths: ``[bands]`` bins in each band.
        lag: frames in 32 ms.

    Returns:
        ``(gains, energy)``: dB and mean power, each ``[..., bands, frames]``.
    """
    caps, energy = gain_caps(power, bands, centres_hz, noise_to_mask_db=strength.noise_to_mask_db, lag=lag)
    caps *= (centres_hz / strength.full_from_hz).clamp_max(1.0).sqrt()[:, None]
    caps.clamp_max_(strength.gain_cap_db)
    mean = energy.mean((-2, -1), keepdim=True)
    shape = (energy / mean).clamp_min(1e-8) ** strength.energy_exponent
    sample = slice(0, None, _BISECTION_STRIDE)
    some, room = shape[..., sample].contiguous(), caps[..., sample].contiguous()
    heard = (energy * widths[:, None])[..., sample]
    allowed = heard.sum((-2, -1), keepdim=True) / 10.0 ** (strength.snr_db / 10.0)
    low, high = torch.full_like(allowed, 1e-4), torch.full_like(allowed, 1e2)
    for _ in range(_BISECTIONS):
        middle = (low * high).sqrt()
        naive = torch.minimum(room, middle * some).mul_(_LOG_GAIN).square_()
        too_much = (heard * naive).sum((-2, -1), keepdim=True) * _NAIVE_ERROR > allowed
        low, high = torch.where(too_much, low, middle), torch.where(too_much, middle, high)
    return torch.minimum(caps, low * shape), energy


def _spreading(place: Tensor) -> Tensor:
    """``[to, from]`` share of a band's energy that masks in another; rows sum to one."""
    away = place[:, None] - place[None, :] + 0.474
    decibels = 15.81 + 7.5 * away - 17.5 * torch.sqrt(1.0 + away * away)
    share = 10.0 ** (decibels / 10.0)
    return share / share.sum(1, keepdim=True)
