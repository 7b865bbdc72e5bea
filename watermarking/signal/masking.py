"""How much a place in a picture hides: the gain maps of the pixel mark.

The model is local contrast masking with an allowance for darkness. Activity is the local rms of
luma over about 20 pixels, half of it taken from the least active neighbour so that the calm
side of an edge stays calm; below about a fifth of full luminance the gain falls, since the eye
is more sensitive there, and black itself stays black. Luma gains are then levelled to a PSNR.

Texture masking is deliberately mild for luma (a strong one costs more VMAF than it hides) and
stronger for chroma, up to a cap: beyond it grass and foliage begin to change hue visibly. All maps are at a quarter of the frame's size.

Source: Watson 1993 (contrast masking); measured slopes in ``docs/watermark.md``.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from watermarking.cards import PixelStrength

CELL = 4
_REACH = 5


@dataclass(frozen=True)
class GainMaps:
    """``luma`` and ``chroma`` gains in 8-bit levels, each ``[b, 1, h // 4, w // 4]``."""

    luma: Tensor
    chroma: Tensor


def activity(luma: Tensor, *, cap: float) -> tuple[Tensor, Tensor]:
    """Measure local activity and level.

    Args:
        luma: ``[b, 1, h, w]`` in 8-bit levels; ``h`` and ``w`` at least 4.
        cap: largest activity returned, in levels.

    Returns:
        ``(activity, level)``, each ``[b, 1, ceil(h / 4), ceil(w / 4)]``.
    """
    level = functional.avg_pool2d(luma, CELL, ceil_mode=True)
    power = functional.avg_pool2d(luma * luma, CELL, ceil_mode=True)
    mean = _smooth(level)
    rms = (_smooth(power) - mean * mean).clamp_min_(0.0).sqrt_()
    least = -_dilate(-rms)
    return ((rms + least) * 0.5).clamp_max_(cap), level


def gain_maps(luma: Tensor, strength: PixelStrength) -> GainMaps:
    """Return the gains for ``luma`` (``[b, 1, h, w]``, 8-bit levels), luma not yet levelled."""
    active, level = activity(luma, cap=strength.activity_cap)
    low, high = strength.dark_ramp
    light = ((level - low) / (high - low)).clamp_(strength.dark_floor, 1.0)
    black, lit = strength.black_ramp
    light *= ((level - black) / (lit - black)).clamp_(0.0, 1.0)
    return GainMaps(
        luma=(active * strength.luma_slope + strength.luma_floor) * light,
        chroma=(active * strength.chroma_slope + strength.chroma_floor).clamp_(max=strength.chroma_cap)
        * light,
    )


def luma_level(maps: GainMaps, psnr_db: float) -> Tensor:
    """Return ``[b]`` factors that bring a unit-rms pattern under ``maps.luma`` to ``psnr_db``."""
    target = 255.0 / 10.0 ** (psnr_db / 20.0)
    factors: Tensor = target / maps.luma.square().mean((1, 2, 3)).sqrt().clamp_min(1e-3)
    return factors


def _smooth(values: Tensor) -> Tensor:
    wide = functional.avg_pool2d(values, (1, _REACH), 1, (0, _REACH // 2), count_include_pad=False)
    return functional.avg_pool2d(wide, (_REACH, 1), 1, (_REACH // 2, 0), count_include_pad=False)


def _dilate(values: Tensor) -> Tensor:
    """Largest value within 5 x 5, by shifting (faster than max_pool2d on a CPU)."""
    reach = _REACH // 2
    padded = functional.pad(values, (reach, reach, reach, reach), value=float("-inf"))
    width, height = values.shape[-1], values.shape[-2]
    across = torch.stack([padded[..., i : i + width] for i in range(_REACH)]).amax(0)
    return torch.stack([across[..., i : i + height, :] for i in range(_REACH)]).amax(0)
