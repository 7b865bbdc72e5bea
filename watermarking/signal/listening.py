"""The detector's map of a sound: how crosswise each moment is, band pair by band pair.

Log spectra are averaged in bands (at several frequency scales, for pitch), smoothed over a
slot, differenced twice in time and in frequency, divided by their local rms, clipped, and
differenced again as a matched filter; the quad difference then scores every band pair at every
frame. Only relations between neighbours remain, so gain, tone and room matter little.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from watermarking.cards import SoundCard
from watermarking.signal.spectrum import band_matrix, spectrogram

_CLIP = 2.5
_LOCAL_FRAMES = 63
_LOCAL_BANDS = 7


class QuadMap:
    """Maps sound at the analysis rate to quad scores."""

    def __init__(self, card: SoundCard) -> None:
        self.card = card
        self._matrices = torch.stack([band_matrix(card, one) for one in card.search.pitch_scales])

    def scores(self, wav: Tensor, *, pitches: int | None = None) -> Tensor:
        """Return ``[pitches, band pairs, frames]``: the quad that starts at each frame.

        Args:
            wav: ``[channels, n]`` at the analysis rate.
            pitches: how many of the card's frequency scales, from the first; all when None.
        """
        power = spectrogram(wav, self.card.analysis).abs().square().mean(0)
        level = torch.log(power + 1e-5 * power.mean() + 1e-12)
        bands = self._matrices[:pitches] @ level
        slot = self.card.grid.slot_frames
        smooth = _box(bands, slot)
        crossed = _cross(smooth, slot)
        local = _local_mean(crossed.square())
        even = (crossed / (local.sqrt() + 1e-4)).clamp_(-_CLIP, _CLIP)
        matched = _cross(even, slot)
        upper, lower = matched[:, 0::2], matched[:, 1::2]
        rise = upper - lower
        return rise - torch.roll(rise, -slot, -1)


def _local_mean(values: Tensor) -> Tensor:
    """Mean over the neighbourhood that levels the map, one axis at a time."""
    tall = functional.avg_pool2d(
        values[:, None], (_LOCAL_BANDS, 1), 1, (_LOCAL_BANDS // 2, 0), count_include_pad=False
    )
    return functional.avg_pool2d(
        tall, (1, _LOCAL_FRAMES), 1, (0, _LOCAL_FRAMES // 2), count_include_pad=False
    )[:, 0]


def _box(values: Tensor, frames: int) -> Tensor:
    """Mean over the ``frames`` frames from each one on."""
    total = values.clone()
    for lag in range(1, frames):
        total += torch.roll(values, -lag, -1)
    return total / frames


def _cross(values: Tensor, slot: int) -> Tensor:
    """Second difference over a slot either way and over a band either way."""
    time = 2.0 * values - torch.roll(values, slot, -1) - torch.roll(values, -slot, -1)
    padded = functional.pad(time[:, None], (0, 0, 1, 1), mode="replicate")[:, 0]
    return 2.0 * time - padded[:, :-2] - padded[:, 2:]
