"""The detector's map of a sound: how crosswise each moment is, band pair by band pair.

Log spectra are averaged in bands (at several frequency scales, for pitch), smoothed over a
slot, differenced twice in time and in frequency, divided by their local rms, clipped, and
differenced again as a matched filter; the quad difference then scores every band pair at every
frame. Only relations between neighbours remain, so gain, tone and room matter little.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from watermarking.cards import SoundCard
from watermarking.signal.hearing import expected_gains
from watermarking.signal.spectrum import band_edges, band_matrix, spectrogram

_CLIP = 2.5
_LOCAL_FRAMES = 63
_LOCAL_BANDS = 7
# a wide band tells more: its level varies less
_WIDTH_POWER = 0.25
_LOW_HZ = 4200.0
_FLOOR_QUANTILE = 0.1
_FLOOR_BIAS = 1.3


# all: every band; loud: what stands above the noise floor; low: what low bit rates keep
Trust = Literal["all", "loud", "low"]
TRUSTS: tuple[Trust, ...] = ("all", "loud", "low")


class QuadMap:
    """Maps windows of sound at the analysis rate to quad scores, on the device that they lie on."""

    def __init__(self, card: SoundCard, wav: Tensor) -> None:
        """Take ``wav`` ``[..., channels, n]``: one window, or several of one length."""
        self.card = card
        spectra = spectrogram(wav, card.analysis)
        self._power = (spectra.real.square() + spectra.imag.square()).mean(-3)
        mean = self._power.mean((-2, -1), keepdim=True)
        self._level = torch.log(self._power + 1e-5 * mean + 1e-12)

    def scores(self, pitch: float = 1.0, trust: Trust = "all") -> Tensor:
        """Return ``[..., band pairs, frames]``: the quad that starts at each frame, weighed.

        Args:
            pitch: frequency scale of the bands.
            trust: what to rely on.
        """
        slot = self.card.grid.slot_frames
        matrix = band_matrix(self.card, pitch, self._power.device)
        smooth = _box(matrix @ self._level, slot)
        crossed = _cross(smooth, slot)
        local = _local_mean(crossed.square())
        even = (crossed / (local.sqrt() + 1e-4)).clamp_(-_CLIP, _CLIP)
        matched = _cross(even, slot)
        rise = matched[..., 0::2, :] - matched[..., 1::2, :]
        return (rise - torch.roll(rise, -slot, -1)) * self._weights(matrix, pitch, trust)

    def _weights(self, matrix: Tensor, pitch: float, trust: Trust) -> Tensor:
        """``[..., band pairs, frames]`` gain that is expected over each quad, times what it tells there."""
        edges = torch.tensor(band_edges(self.card), device=self._power.device) * pitch
        centres = (edges[:-1] + edges[1:]) / 2.0
        widths = (edges[1:] - edges[:-1]) * (self.card.analysis.window / self.card.analysis.rate_hz)
        slot = self.card.grid.slot_frames
        lag = self.card.analysis.window // self.card.analysis.hop
        gains, energy = expected_gains(self._power, matrix, centres, widths, self.card.strength, lag=lag)
        if trust == "loud":
            gains = gains * _above_floor(energy)
        pair = gains[..., 0::2, :] + gains[..., 1::2, :]
        if trust == "low":
            sure = torch.exp(-((centres[0::2] / _LOW_HZ) ** 6))
        else:
            sure = (widths[0::2] / widths[0]) ** _WIDTH_POWER
        return _box(pair, 2 * slot) * sure[:, None] + 1e-6


def _above_floor(energy: Tensor) -> Tensor:
    """Share of each band's power that is no steady noise."""
    rows = energy.flatten(0, -2)[None]
    smooth = functional.avg_pool1d(rows, 9, 1, 4, count_include_pad=False).view(energy.shape)
    floor = smooth.quantile(_FLOOR_QUANTILE, dim=-1, keepdim=True) * _FLOOR_BIAS
    return ((smooth - floor) / smooth).clamp_(0.0, 1.0)


def _local_mean(values: Tensor) -> Tensor:
    """Mean over the neighbourhood that levels the map, one axis at a time."""
    maps = values.view(-1, 1, *values.shape[-2:])
    tall = functional.avg_pool2d(maps, (_LOCAL_BANDS, 1), 1, (_LOCAL_BANDS // 2, 0), count_include_pad=False)
    wide = functional.avg_pool2d(
        tall, (1, _LOCAL_FRAMES), 1, (0, _LOCAL_FRAMES // 2), count_include_pad=False
    )
    return wide.view(values.shape)


def _box(values: Tensor, frames: int) -> Tensor:
    """Mean over the ``frames`` frames from each one on."""
    total = values.clone()
    for lag in range(1, frames):
        total += torch.roll(values, -lag, -1)
    return total / frames


def _cross(values: Tensor, slot: int) -> Tensor:
    """Second difference over a slot either way and over a band either way."""
    time = 2.0 * values - torch.roll(values, slot, -1) - torch.roll(values, -slot, -1)
    padded = torch.cat([time[..., :1, :], time, time[..., -1:, :]], -2)
    return 2.0 * time - padded[..., :-2, :] - padded[..., 2:, :]
