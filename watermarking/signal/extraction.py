"""From a mean residual to soft chips: whiten, weigh by the pilots, fold.

Weights come from the pilots alone and the data signs are keyed apart from them, so the score of
the chips obeys the bound of ``evidence`` whatever the weights are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from watermarking.signal.tile import PlaneLayout

_LIMIT = 2.5
_NOTHING = 1e-6
_BESIDE = 0.5


@dataclass(frozen=True)
class SoftChips:
    """``values``: ``[length]`` soft chips; ``pilot_score``: z of the pilots, every plane."""

    values: Tensor
    pilot_score: float


def whitened(layout: PlaneLayout, values: Tensor) -> Tensor:
    """Divide ``values`` ``[..., n]`` by the rms of their ring and limit the outliers."""
    rows = values.reshape(-1, values.shape[-1])
    rings = layout.rings
    power = rows.real.new_zeros(len(rows), rings)
    power.index_add_(1, layout.ring, rows.abs().square())
    count = power.new_zeros(rings).index_add_(0, layout.ring, torch.ones_like(layout.amplitude))
    level = (power / count.clamp_min(1.0)).sqrt().clamp_min(1e-9)
    even = rows / level[:, layout.ring]
    limited: Tensor = even / (even.abs() / _LIMIT).clamp_min(1.0)
    return limited.view(values.shape)


def soft_chips(layouts: Sequence[PlaneLayout], spectra: Sequence[Tensor], *, length: int) -> SoftChips:
    """Fold the planes' coefficients into ``length`` soft chips, on the device of ``layouts`` and ``spectra``.

    Args:
        layouts: one per plane.
        spectra: ``[n]`` complex per plane, whitened, aligned to the tile.
        length: chips of the code.
    """
    chips = spectra[0].real.new_zeros(length)
    for layout, seen in zip(layouts, spectra, strict=True):
        pilots = seen[layout.pilots] * layout.pilot_signs.conj()
        weights = _weights(pilots, layout)
        weight = weights[layout.data_band]
        data = seen[layout.data] * weight
        signed = torch.stack([data.real, data.imag]) * layout.data_signs
        chips.index_add_(0, layout.chips.flatten(), signed.flatten())
    score = pilot_scores(layouts, [spectrum[None] for spectrum in spectra])
    return SoftChips(values=chips, pilot_score=float(score[0]))


def pilot_scores(layouts: Sequence[PlaneLayout], spectra: Sequence[Tensor]) -> Tensor:
    """Return the pilots' signed score z of each row, before any weight was fitted; luma and chroma have an equal say.

    Args:
        spectra: ``[s, n]`` complex per plane.

    Returns:
        ``[s]`` float32; 0 where there is nothing to read.
    """
    agreements: list[Tensor] = []
    energies: list[Tensor] = []
    for layout, spectrum in zip(layouts, spectra, strict=True):
        parts = spectrum[:, layout.pilots]
        share = _prior_weights(layout)[layout.pilot_band]
        agreements.append(((parts * layout.pilot_signs.conj()).real * share).sum(1))
        energies.append(((parts.real**2 + parts.imag**2) * share**2).sum(1))
    sides = [
        (torch.stack(agreements[planes]).sum(0), torch.stack(energies[planes]).sum(0))
        for planes in (slice(0, 1), slice(1, None))
    ]
    agreement, energy = (torch.stack(side) for side in zip(*sides, strict=True))
    seen = energy > _NOTHING
    scores = torch.where(seen, agreement / energy.clamp_min(_NOTHING).sqrt(), 0.0).sum(0)
    each: Tensor = scores / seen.sum(0).clamp_min(1).sqrt()
    return each


def joined(
    layouts: Sequence[PlaneLayout], parts: Sequence[Tensor], frames: Sequence[int]
) -> tuple[list[Tensor], list[float]]:
    """Add up the spectra of stretches, each by the sign and the size of its pilots' score.

    A score grows with signal over noise, so what a codec kept best counts most.

    Args:
        parts: per plane, ``[s, n]`` complex spectra of the stretches, whitened.
        frames: per stretch.

    Returns:
        the planes' spectra, whitened again, and the pilots' score of each stretch.
    """
    scores = pilot_scores(layouts, parts)
    trust = scores * torch.tensor(frames, dtype=torch.float32, device=scores.device).sqrt()
    planes = [
        whitened(layout, (part * trust[:, None]).sum(0)) for layout, part in zip(layouts, parts, strict=True)
    ]
    return planes, scores.tolist()


def _prior_weights(layout: PlaneLayout) -> Tensor:
    """Weights of the pilots for their own score: fixed, lest they be fitted to themselves."""
    return torch.linspace(1.0, 0.6, layout.bands, device=layout.ring.device)


def _weights(pilots: Tensor, layout: PlaneLayout) -> Tensor:
    """Signal over noise power per band, measured on the pilots (signs undone), never below a small floor.

    What survives falls off gradually with radius (a smaller size, a codec's quantiser), and few pilots lie in one band:
    bands are narrow, and each is measured with half of its neighbours.
    """
    alone = pilots.real.new_zeros(3, layout.bands)
    told = torch.stack([pilots.real, pilots.abs().square(), torch.full_like(pilots.real, 2.0)])
    alone.index_add_(1, layout.pilot_band, told)
    sums = alone.clone()
    sums[:, 1:] += _BESIDE * alone[:, :-1]
    sums[:, :-1] += _BESIDE * alone[:, 1:]
    level, power = sums[0] / sums[2], sums[1] / sums[2]
    # a pilot's sign has two parts of one: its square is twice the coefficient's
    noise = (power / 2.0 - level.square()).clamp_min(0.05 * power + 1e-9)
    weights = level / noise
    return weights.maximum(0.05 * weights.max().clamp_min(1e-6))
