"""Embedding in sound: a gain per band and moment, on every channel alike.

Gains are found at the analysis rate from all channels' power; each channel's change there is
brought to the file's own rate and added, so any rate and any number of channels will do and
what lies above the analysis band is untouched. Sound goes through in blocks of whole seconds
with a margin on both sides, so that memory does not grow with length.

A gain is the least of the masking cap, the card's cap and ``k * (E / mean E) ** exponent``;
``k`` is set by bisection to the card's signal-to-noise ratio; what is still too loud, measured, is
turned down as a whole.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from watermarking.cards import SoundCard
from watermarking.signal.code import code_for, payload_bits
from watermarking.signal.hearing import gain_caps
from watermarking.signal.quads import pattern, quad_layout
from watermarking.signal.spectrum import (
    band_edges,
    band_matrix,
    resample,
    spectrogram,
    waveform,
)

BLOCK_SECONDS = 16
MARGIN_SECONDS = 1
_SILENCE_POWER = 1e-9
_NAIVE_ERROR = 0.4
_BISECTIONS = 18
_NOTHING_HIDDEN_DB = 60.0

Samples = NDArray[np.float32]


class SoundMarker:
    """Marks blocks of one file, in order of time."""

    def __init__(self, card: SoundCard, key: bytes, payload: int) -> None:
        self.card = card
        code = code_for(card.nbits, card.code.constraint, card.code.outputs, card.code.seed)
        chips = code.encode(payload_bits([payload], card.nbits))[0]
        self._pattern = pattern(quad_layout(card, key), chips)
        self._bands = band_matrix(card)
        edges = torch.tensor(band_edges(card))
        self._centres = (edges[:-1] + edges[1:]) / 2.0
        self._bin_band = _band_of_bin(card, edges)
        self.markable_blocks = 0
        self._error = 0.0

    def mark(self, samples: Samples, *, rate_hz: int, first_second: int) -> Samples:
        """Mark one block, margins included.

        Args:
            samples: ``[channels, n]``, float32 in [-1, 1], ``n`` a whole number of seconds.
            rate_hz: of ``samples``.
            first_second: time of the first sample in the file (negative before its start).

        Returns:
            The marked block, same shape; silence comes back as it was.
        """
        wav = torch.from_numpy(np.ascontiguousarray(samples))
        length = round(wav.shape[1] / rate_hz * self.card.analysis.rate_hz)
        low = resample(wav, length)
        # also false for what is no number
        if not float(low.square().mean()) >= _SILENCE_POWER:
            return samples
        change = self._levelled_change(low, first_second)
        snr = _snr_db(low, change)
        if snr > _NOTHING_HIDDEN_DB:
            return samples
        self.markable_blocks += 1
        self._error += 10.0 ** (-snr / 10.0)
        marked: Samples = (wav + resample(change, wav.shape[1])).clamp_(-1.0, 1.0).numpy()
        return marked

    @property
    def mean_snr_db(self) -> float:
        """Signal-to-noise ratio over the marked blocks so far, before any encoding."""
        return -10.0 * math.log10(max(self._error / max(1, self.markable_blocks), 1e-12))

    def _levelled_change(self, low: Tensor, first_second: int) -> Tensor:
        """What is added to each channel at the analysis rate, no louder than the card allows."""
        spectra = spectrogram(low, self.card.analysis)
        signs = self._signs(first_second, spectra.shape[-1])
        caps, shape, energy = self._limits(spectra)
        strength = self._strength(caps, shape, energy)
        change = self._change(spectra, signs * torch.minimum(caps, strength * shape), low.shape[1])
        excess = max(0.0, self.card.strength.snr_db - _snr_db(low, change))
        turned_down: Tensor = change * 10.0 ** (-excess / 20.0)
        return turned_down

    def _limits(self, spectra: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Caps in dB, shape of the gains, band energies times their bins; ``[bands, frames]``."""
        strength = self.card.strength
        power = spectra.abs().square().mean(0)
        caps, energy = gain_caps(
            power, self._bands, self._centres, noise_to_mask_db=strength.noise_to_mask_db
        )
        relative = energy / energy.mean()
        shape = relative.clamp_min(1e-8) ** strength.energy_exponent
        widths = torch.bincount(self._bin_band.clamp_min(0), minlength=len(energy))
        return caps.clamp_max_(strength.gain_cap_db), shape, energy * widths[:, None]

    def _strength(self, caps: Tensor, shape: Tensor, energy: Tensor) -> float:
        """Bisect ``k`` so that the naive error of the gains gives the target ratio."""
        allowed = float(energy.sum()) / 10.0 ** (self.card.strength.snr_db / 10.0)
        low, high = 1e-4, 1e2
        for _ in range(_BISECTIONS):
            middle = (low * high) ** 0.5
            gains = torch.minimum(caps, middle * shape)
            error = float((energy * (gains * 0.1151).square()).sum()) * _NAIVE_ERROR
            low, high = (low, middle) if error > allowed else (middle, high)
        return low

    def _change(self, spectra: Tensor, gains: Tensor, length: int) -> Tensor:
        """Return what the gains (dB, ``[bands, frames]``) add to each channel ``[c, length]``."""
        factor = 10.0 ** (gains / 20.0) - 1.0
        full = torch.where((self._bin_band >= 0)[:, None], factor[self._bin_band.clamp_min(0)], 0.0)
        return waveform(spectra * full, self.card.analysis, length)

    def _signs(self, first_second: int, frames: int) -> Tensor:
        """Return the pattern over ``frames`` frames from ``first_second``, ``[bands, frames]``."""
        analysis = self.card.analysis
        start = first_second * analysis.rate_hz // analysis.hop
        slot = torch.arange(start, start + frames) // self.card.grid.slot_frames
        return self._pattern[:, slot % self._pattern.shape[1]]


def _band_of_bin(card: SoundCard, edges: Tensor) -> Tensor:
    """``[bins]`` band of each bin by its centre, -1 outside."""
    width = card.analysis.rate_hz / card.analysis.window
    centres = torch.arange(card.analysis.window // 2 + 1) * width
    band = torch.bucketize(centres, edges, right=True) - 1
    return torch.where(band < len(edges) - 1, band, -1)


def _snr_db(host: Tensor, change: Tensor) -> float:
    ratio = host.square().mean() / change.square().mean().clamp_min(1e-20)
    return float(10.0 * torch.log10(ratio))
