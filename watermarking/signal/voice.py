"""Embedding in sound: a gain per band and moment, on every channel alike.

Gains are found at the analysis rate from all channels' power; each channel's change there is
brought to the file's own rate and added, so any rate and any number of channels will do and
what lies above the analysis band is untouched. Sound goes through in blocks of whole seconds
with a margin on both sides, so that memory does not grow with length.

Gains are those that the sound hides (``hearing.expected_gains``); what is still too loud, measured,
is turned down as a whole.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from watermarking.cards import SoundCard
from watermarking.signal.code import code_for, payload_bits
from watermarking.signal.hearing import expected_gains
from watermarking.signal.quads import Drift, quad_layout, signs_at
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
_NOTHING_HIDDEN_DB = 60.0

Samples = NDArray[np.float32]


class SoundMarker:
    """Marks blocks of one file, in order of time."""

    def __init__(self, card: SoundCard, key: bytes, payload: int, *, device: str = "cpu") -> None:
        self.card = card
        self._device = torch.device(device)
        code = code_for(card.nbits, card.code.constraint, card.code.outputs, card.code.seed)
        self._chips = code.encode(payload_bits([payload], card.nbits))[0].to(device)
        self._layout = quad_layout(card, key).to(device)
        self._drift = Drift(key, payload, self._layout.columns)
        bands = band_matrix(card, device=device)
        used = bands.any(0).nonzero()[:, 0]
        self._used_bins = slice(int(used[0]), int(used[-1]) + 1)
        self._bands = bands[:, self._used_bins].contiguous()
        edges = torch.tensor(band_edges(card), device="cpu")
        self._centres = ((edges[:-1] + edges[1:]) / 2.0).to(device)
        band = _band_of_bin(card, edges)
        self._widths = torch.bincount(band[band >= 0], minlength=card.bands.count).to(device)
        inside = (band >= 0).nonzero()[:, 0]
        self._inside = slice(int(inside[0]), int(inside[-1]) + 1)
        self._bin_band = band[band >= 0].to(device)
        self.markable_blocks = 0
        self._error = 0.0

    def mark(self, samples: Samples, *, rate_hz: int, first_second: int) -> Samples:
        """Mark one block, margins included.

        Args:
            samples: ``[channels, n]``, float32 in [-1, 1], ``n`` a whole number of seconds.
            rate_hz: of ``samples``.
            first_second: time of the first sample in the file (negative before its start).

        Returns:
            The marked block, same shape; silence and what is no number come back as they were.
        """
        used = self._used(samples, rate_hz)
        wav = torch.from_numpy(np.ascontiguousarray(samples[:, :used])).to(self._device)
        heard = torch.nan_to_num(wav, nan=0.0, posinf=0.0, neginf=0.0)
        low = resample(heard, round(used / rate_hz * self.card.analysis.rate_hz))
        if not used or float(low.square().mean()) < _SILENCE_POWER:
            return samples
        change = self._levelled_change(low, first_second)
        snr = _snr_db(low, change)
        if snr > _NOTHING_HIDDEN_DB:
            return samples
        self.markable_blocks += 1
        self._error += 10.0 ** (-snr / 10.0)
        marked: Samples = (wav + resample(change, used)).clamp_(-1.0, 1.0).cpu().numpy()
        return np.concatenate([marked, samples[:, used:]], 1)

    @staticmethod
    def _used(samples: Samples, rate_hz: int) -> int:
        """Samples up to the last that sounds, and a margin, in whole seconds."""
        sounding = np.flatnonzero(samples.any(0))
        if not sounding.size:
            return 0
        seconds = -(-(int(sounding[-1]) + 1) // rate_hz) + MARGIN_SECONDS
        return min(int(samples.shape[1]), seconds * rate_hz)

    @property
    def mean_snr_db(self) -> float:
        """Signal-to-noise ratio over the marked blocks so far, before any encoding."""
        return -10.0 * math.log10(max(self._error / max(1, self.markable_blocks), 1e-12))

    def _levelled_change(self, low: Tensor, first_second: int) -> Tensor:
        """What is added to each channel at the analysis rate, no louder than the card allows."""
        spectra = spectrogram(low, self.card.analysis)
        signs = self._signs(first_second, spectra.shape[-1])
        used = spectra[:, self._used_bins]
        power = used.real.square() + used.imag.square()
        gains, _ = expected_gains(
            power.mean(0),
            self._bands,
            self._centres,
            self._widths,
            self.card.strength,
            lag=self.card.analysis.window // self.card.analysis.hop,
        )
        change = self._change(spectra, signs * gains, low.shape[1])
        excess = max(0.0, self.card.strength.snr_db - _snr_db(low, change))
        turned_down: Tensor = change * 10.0 ** (-excess / 20.0)
        return turned_down

    def _change(self, spectra: Tensor, gains: Tensor, length: int) -> Tensor:
        """Return what the gains (dB, ``[bands, frames]``) add to each channel ``[c, length]``; overwrites ``spectra``."""
        factor = torch.exp(gains * (math.log(10.0) / 20.0)) - 1.0
        # as complex products torch would first make the factors complex; pairs of reals need no such copy
        parts = torch.view_as_real(spectra.transpose(-1, -2))
        parts[..., : self._inside.start, :] = 0.0
        parts[..., self._inside.stop :, :] = 0.0
        parts[..., self._inside, :] *= factor.t().index_select(1, self._bin_band)[..., None]
        return waveform(spectra, self.card.analysis, length)

    def _signs(self, first_second: int, frames: int) -> Tensor:
        """Return the pattern over ``frames`` frames from ``first_second``, ``[bands, frames]``."""
        rate, hop = self.card.analysis.rate_hz, self.card.analysis.hop
        slot = self.card.grid.slot_frames * hop
        centres = first_second * rate + torch.arange(frames, device="cpu") * self.card.analysis.hop
        slots = torch.div(centres, slot, rounding_mode="floor")
        first = int(slots[0]) // 2
        columns = torch.arange(first, int(slots[-1]) // 2 + 1, device="cpu")
        pattern = signs_at(self._layout, self._drift, self._chips, columns)
        return pattern[:, (slots - 2 * first).to(self._device)]


def _band_of_bin(card: SoundCard, edges: Tensor) -> Tensor:
    """``[bins]`` band of each bin by its centre, -1 outside."""
    width = card.analysis.rate_hz / card.analysis.window
    centres = torch.arange(card.analysis.window // 2 + 1, device=edges.device) * width
    band = torch.bucketize(centres, edges, right=True) - 1
    return torch.where(band < len(edges) - 1, band, -1)


def _snr_db(host: Tensor, change: Tensor) -> float:
    ratio = host.square().mean() / change.square().mean().clamp_min(1e-20)
    return float(10.0 * torch.log10(ratio))
