"""From a mean residual to soft chips: whiten, weigh by the pilots, fold.

Weights come from the pilots alone and the data signs are keyed apart from them, so the score of
the chips obeys the bound of ``evidence`` whatever the weights are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from watermarking.signal.tile import PlaneLayout

_LIMIT = 2.5
_NOTHING = 1e-6


@dataclass(frozen=True)
class SoftChips:
    """``values``: ``[length]`` soft chips; ``pilot_score``: z of the pilots, every plane."""

    values: Tensor
    pilot_score: float


def whitened(layout: PlaneLayout, values: Tensor) -> Tensor:
    """Divide ``values`` ``[n]`` by the rms of their ring and limit the outliers."""
    radius = torch.hypot(layout.ky.float(), layout.kx.float()).to(values.device)
    ring = ((radius - radius.min()) / 2.0).long()
    power = torch.zeros(int(ring.max()) + 1, device=values.device)
    count = torch.zeros_like(power)
    power.index_add_(0, ring, values.abs().square())
    count.index_add_(0, ring, torch.ones_like(radius))
    level = (power / count.clamp_min(1.0)).sqrt().clamp_min(1e-9)
    even = values / level[ring]
    return even / (even.abs() / _LIMIT).clamp_min(1.0)


def soft_chips(layouts: Sequence[PlaneLayout], spectra: Sequence[Tensor], *, length: int) -> SoftChips:
    """Fold the planes' coefficients into ``length`` soft chips.

    Args:
        layouts: one per plane.
        spectra: ``[n]`` complex per plane, whitened, aligned to the tile.
        length: chips of the code.
    """
    chips = torch.zeros(length)
    for layout, spectrum in zip(layouts, spectra, strict=True):
        seen = spectrum.cpu()
        pilots = seen[layout.pilots] * layout.pilot_signs.conj()
        weights = _weights(pilots, seen[layout.pilots], layout)
        weight = weights[layout.data_band]
        data = seen[layout.data] * weight
        signed = torch.stack([data.real, data.imag]) * layout.data_signs
        chips.index_add_(0, layout.chips.flatten(), signed.flatten())
    return SoftChips(values=chips, pilot_score=pilot_score(layouts, spectra))


def pilot_score(layouts: Sequence[PlaneLayout], spectra: Sequence[Tensor]) -> float:
    """Return the pilots' signed score z, before any weight was fitted; luma and chroma have an equal say."""
    scores: list[float] = []
    for planes in (slice(0, 1), slice(1, None)):
        agreement, energy = 0.0, 0.0
        for layout, spectrum in zip(layouts[planes], spectra[planes], strict=True):
            parts = spectrum.cpu()[layout.pilots]
            share = _prior_weights(layout)[layout.pilot_band]
            agreement += float(((parts * layout.pilot_signs.conj()).real * share).sum())
            energy += float(((parts.real**2 + parts.imag**2) * share**2).sum())
        if energy > _NOTHING:
            scores.append(agreement / energy**0.5)
    return sum(scores) / math.sqrt(max(1, len(scores)))


def joined(
    layouts: Sequence[PlaneLayout], parts: Sequence[Sequence[Tensor]], frames: Sequence[int]
) -> tuple[list[Tensor], list[float]]:
    """Add up the spectra of stretches, each by the sign and the size of its pilots' score.

    A score grows with signal over noise, so what a codec kept best counts most.

    Args:
        parts: per stretch, one ``[n]`` complex spectrum per plane, whitened.
        frames: per stretch.

    Returns:
        the planes' spectra, whitened again, and the pilots' score of each stretch.
    """
    scores = [pilot_score(layouts, part) for part in parts]
    trust = [score * count**0.5 for score, count in zip(scores, frames, strict=True)]
    planes: list[Tensor] = []
    for index, layout in enumerate(layouts):
        total = torch.stack([part[index] * weight for part, weight in zip(parts, trust, strict=True)]).sum(0)
        planes.append(whitened(layout, total))
    return planes, scores


def _prior_weights(layout: PlaneLayout) -> Tensor:
    """Weights of the pilots for their own score: fixed, lest they be fitted to themselves."""
    return torch.linspace(1.0, 0.6, layout.bands)


def _weights(pilots: Tensor, raw: Tensor, layout: PlaneLayout) -> Tensor:
    """Signal over noise power per band, measured on the pilots, never below a small floor."""
    weights = torch.zeros(layout.bands)
    for band in range(layout.bands):
        chosen = layout.pilot_band == band
        level = pilots[chosen].real.mean() / 2.0
        power = raw[chosen].abs().square().mean() / 2.0
        noise = (power - level.square()).clamp_min(0.1 * float(power) + 1e-9)
        weights[band] = level / noise
    top = float(weights.max())
    return weights.clamp_min(0.05 * max(top, 1e-6))
