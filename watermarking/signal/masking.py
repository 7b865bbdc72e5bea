"""How much a place in a picture hides: the gain maps of the pixel mark.

Two limits meet. Texture hides: local activity (rms of luma over about 20 pixels, half of it taken
from the least active neighbour, so that the calm side of an edge stays calm) sorts a frame into
calm and busy places, by its own quantiles and by absolute bounds; the calmest places of any frame
get the calm budget. Colour shows: a budget is a CIELAB difference, and ``visibility`` says how many
levels buy it at a place's colour, a dark one costing more beside brighter ones. Luma is also levelled to a PSNR. Black itself stays black.

Texture masking is deliberately mild for luma (a strong one costs more VMAF than it hides). All maps
are at a quarter of the frame's size.

Source: Watson 1993 (contrast masking); CIELAB; measured slopes in ``docs/watermark.md``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, reduce

import torch
from torch import Tensor
from torch.nn import functional

from watermarking.cards import PixelStrength
from watermarking.signal.visibility import ColourSlopes, colour_slopes

CELL = 4
_REACH = 5
_SPREAD = 4
# busy is at least so many times as active as calm (up to twice the bound): even grain is not half calm, half busy
_LEAST_SPREAD = 1.2
# measured difference over the table's falls with brightness relative to the frame, by this power, luma's by twice it
_SPREAD_LIGHT, _BESIDE, _BLACK = 0.3, (0.3, 1.4), 16.0
# mean squared change of R, G and B per squared level of Y, Cb and Cr (BT.709, narrow range to full)
_RGB_POWER = (1.36, 1.55, 1.15)


@dataclass(frozen=True)
class Hiding:
    """What a frame hides, each ``[b, 1, h // 4, w // 4]`` unless said.

    ``budget``: visible CIELAB difference (rms) that a cell may take. ``slopes``: of its colour. ``shape``: luma
    gain in 8-bit levels before it is levelled. ``light``: 0 in black, 1 above. ``dusk``: what of the luma gain
    is left in a dark frame, ``[b, 1, 1, 1]``. ``level``: mean luma.
    ``calm``: ``[b, 2]`` activities between which a place passes from calm to busy.
    """

    budget: Tensor
    slopes: ColourSlopes
    shape: Tensor
    light: Tensor
    dusk: Tensor
    level: Tensor
    calm: Tensor


@dataclass(frozen=True)
class GainMaps:
    """``luma``, ``cb`` and ``cr`` gains in 8-bit levels, each ``[b, 1, h // 4, w // 4]``."""

    luma: Tensor
    cb: Tensor
    cr: Tensor


def activity(few: Tensor, *, cap: float) -> tuple[Tensor, Tensor]:
    """Measure local activity and level.

    Args:
        few: every second row and column of luma, ``[b, 1, ceil(h / 2), ceil(w / 2)]`` in 8-bit levels (four of a
            cell's sixteen samples will do).
        cap: largest activity returned, in levels.

    Returns:
        ``(activity, level)``, each ``[b, 1, ceil(h / 4), ceil(w / 4)]``.
    """
    level, power = _cells(few), _cells(few * few)
    mean = _smooth(level)
    rms = _smooth(power).addcmul_(mean, mean, value=-1.0).clamp_min_(0.0).sqrt_()
    return (_least(rms) + rms).mul_(0.5).clamp_max_(cap), level


def calm_bounds(active: Tensor, strength: PixelStrength) -> Tensor:
    """Return ``[b, 2]``: the activities below which a frame is calm and above which it is busy."""
    few = active[..., ::_SPREAD, ::_SPREAD].flatten(1)
    shares = torch.tensor(strength.calm_shares, device=few.device)
    low, high = torch.quantile(few, shares, dim=1)
    calm, busy = strength.calm_activity
    low = low.clamp_min(calm)
    return torch.stack([low, high.clamp_min(busy).maximum((low * _LEAST_SPREAD).clamp_max(2 * busy))], 1)


def hiding(
    measured: tuple[Tensor, Tensor],
    chroma: tuple[Tensor, Tensor] | None,
    strength: PixelStrength,
    calm: Tensor,
) -> Hiding:
    """Measure what one or more frames hide.

    Args:
        measured: ``activity`` of the luma.
        chroma: Cb and Cr of each cell (``at_cells``) in 8-bit levels; None for grey pictures.
        calm: bounds of each frame (``calm_bounds``); those of a frame before, for steadiness.
    """
    active, level = measured
    low, high = calm[:, :1, None, None], calm[:, 1:, None, None]
    busy = ((active - low) / (high - low).clamp_min(0.1)).clamp_(0.0, 1.0)
    light = _ramp(level, strength.black_ramp)
    mean = (level * light).mean((2, 3), keepdim=True) / light.mean((2, 3), keepdim=True).clamp_min(1e-3)
    return Hiding(
        budget=_between(busy, strength.delta),
        slopes=_in_company(_slopes(level, chroma), level, mean),
        shape=active * strength.luma_slope + strength.luma_floor,
        light=light,
        dusk=_between(_ramp(mean, strength.dark_ramp), (strength.dark_luma, 1.0)),
        level=level,
        calm=calm,
    )


def at_cells(plane: Tensor, size: tuple[int, int]) -> Tensor:
    """Return one sample per cell of ``plane`` ``[b, 1, h', w']``: ``[b, 1, *size]``."""
    down, across = plane.shape[-2] // size[0], plane.shape[-1] // size[1]
    if (down * size[0], across * size[1]) == tuple(plane.shape[-2:]):
        return plane[..., ::down, ::across].to(torch.float32)
    return functional.interpolate(plane.to(torch.float32), size=size, mode="nearest")


def luma_level(hidden: Hiding, psnr_db: float) -> Tensor:
    """Return ``[b]`` factors that bring a unit-rms pattern under the luma shape to ``psnr_db``."""
    target = 255.0 / 10.0 ** (psnr_db / 20.0)
    factors: Tensor = target / (hidden.shape * hidden.light).square().mean((1, 2, 3)).sqrt().clamp_min(1e-3)
    return factors


def gain_maps(hidden: Hiding, factor: Tensor, strength: PixelStrength) -> GainMaps:
    """Spend the budgets: luma first, up to its share; the chromas take what is left, half each.

    Args:
        factor: ``[b, 1, 1, 1]`` on the luma shape (``luma_level``).
    """
    budget = hidden.budget
    luma = (
        torch.minimum(hidden.shape * factor, budget * strength.luma_share / hidden.slopes.luma) * hidden.dusk
    )
    spent = luma * hidden.slopes.luma
    left = ((budget * budget - spent * spent) * 0.5).clamp_min_(0.0).sqrt_()
    cap = strength.chroma_cap
    cb, cr = ((left / slope).clamp_(max=cap) * hidden.light for slope in (hidden.slopes.cb, hidden.slopes.cr))
    return _levelled(GainMaps(luma * hidden.light, cb, cr), strength)


def _levelled(maps: GainMaps, strength: PixelStrength) -> GainMaps:
    """Scale all gains alike towards the PSNR that the card wants of RGB, within the card's range."""
    luma, cb, cr = (
        weight * plane.square().mean((1, 2, 3), keepdim=True)
        for weight, plane in zip(_RGB_POWER, (maps.luma, maps.cb, maps.cr), strict=True)
    )
    target = 255.0 / 10.0 ** (strength.rgb_psnr_db / 20.0)
    factor = (target / (luma + cb + cr).sqrt().clamp_min(1e-3)).clamp(*strength.rgb_range)
    return GainMaps(maps.luma * factor, maps.cb * factor, maps.cr * factor)


def _between(busy: Tensor, ends: tuple[float, float]) -> Tensor:
    return ends[0] + (ends[1] - ends[0]) * busy


def _ramp(level: Tensor, ends: tuple[float, float]) -> Tensor:
    return ((level - ends[0]) / (ends[1] - ends[0])).clamp_(0.0, 1.0)


def _in_company(slopes: ColourSlopes, level: Tensor, mean: Tensor) -> ColourSlopes:
    """What a level is worth beside the rest of its frame: the eye spreads the light of bright places over dark ones."""
    beside = ((level - _BLACK) / (mean - _BLACK).clamp_min(1.0)).clamp_(*_BESIDE)
    chroma = beside**-_SPREAD_LIGHT
    return ColourSlopes(slopes.luma * chroma.square(), slopes.cb * chroma, slopes.cr * chroma)


def _slopes(level: Tensor, chroma: tuple[Tensor, Tensor] | None) -> ColourSlopes:
    if chroma is None:
        middle = torch.full_like(level, 128.0)
        return colour_slopes(level, middle, middle)
    return colour_slopes(level, *chroma)


# Sums of shifted copies below: several times as fast as torch's pooling on a processor.


def _cells(few: Tensor) -> Tensor:
    """Means of 2 x 2; a last odd row or column stands for itself."""
    rows = few[..., ::2, :].clone()
    below = few[..., 1::2, :]
    rows[..., : below.shape[-2], :] += below
    rows[..., below.shape[-2] :, :] *= 2.0
    cells = rows[..., ::2].clone()
    beside = rows[..., 1::2]
    cells[..., : beside.shape[-1]] += beside
    cells[..., beside.shape[-1] :] *= 2.0
    return cells.mul_(0.25)


def _smooth(values: Tensor) -> Tensor:
    """Means of 5 x 5, at the borders of what is there of them."""
    height, width = values.shape[-2:]
    wide = _shifted(values, -1, 0.0)
    across = sum(wide[1:], wide[0])
    high = _shifted(across, -2, 0.0)
    made: Tensor = sum(high[1:], high[0])
    return made.mul_(_shares(height, values.device)[:, None]).mul_(_shares(width, values.device))


def _least(values: Tensor) -> Tensor:
    """Least value within 5 x 5."""
    across = reduce(torch.minimum, _shifted(values, -1, float("inf")))
    return reduce(torch.minimum, _shifted(across, -2, float("inf")))


def _shifted(values: Tensor, axis: int, beyond: float) -> list[Tensor]:
    """Views of ``values`` moved along ``axis`` by -2 to 2, ``beyond`` entering at the borders."""
    reach = _REACH // 2
    sides = (reach, reach, 0, 0) if axis == -1 else (0, 0, reach, reach)
    padded = functional.pad(values, sides, value=beyond)
    return [padded.narrow(axis, place, values.shape[axis]) for place in range(_REACH)]


@lru_cache(16)
def _shares(length: int, device: torch.device) -> Tensor:
    """``[length]``: one over how many of five neighbours in a row there are."""
    place = torch.arange(length, dtype=torch.float32, device=device)
    reach = float(_REACH // 2)
    before, after = place.clamp_max(reach), (length - 1.0 - place).clamp_max(reach)
    return 1.0 / (1.0 + before + after)
