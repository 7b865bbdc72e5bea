"""How much a level of luma or chroma is seen at a colour: CIELAB slopes, from a table.

A level is not one size to the eye: in dark and in saturated colours, where a channel is near zero, the same
step is seen several times as well as in middle grey. The eye's blur comes between: colours are compared after
the opponent channels lost what is not resolved at three picture heights, fine for the luma pattern and coarse
for the chroma patterns. (A luma step on a saturated colour shifts its hue after that blur.)

Source: Zhang and Wandell 1997 (S-CIELAB), with Poirson and Wandell's opponent channels; CIE 15:2004 (CIELAB); IEC 61966-2-1 (sRGB); BT.709 for the matrix, narrow range.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

_LUMA_CELLS, _CHROMA_CELLS = 32, 16
_XYZ = (
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339, 0.1191920, 0.9503041),
)
_OPPONENT = ((0.279, 0.72, -0.107), (-0.449, 0.29, -0.077), (0.086, -0.59, 0.501))
# what the eye leaves of the three channels at 5.5 and at 1.2 cycles per degree
_FINE, _COARSE = (0.79, 0.39, 0.24), (1.0, 0.61, 0.60)
# at the borders of the gamut a step is clipped and looks like nothing; it is not trusted
_LEAST = (0.25, 0.8, 0.8)


@dataclass(frozen=True)
class ColourSlopes:
    """Visible CIELAB difference per 8-bit level of Y, Cb and Cr, each ``[b, 1, h, w]``."""

    luma: Tensor
    cb: Tensor
    cr: Tensor


def colour_slopes(luma: Tensor, cb: Tensor, cr: Tensor) -> ColourSlopes:
    """Look up the slopes at the colours ``luma``, ``cb``, ``cr`` (``[b, 1, h, w]``, narrow range levels)."""
    y = (luma * (_LUMA_CELLS / 256)).long()
    u = (cb * (_CHROMA_CELLS / 256)).long()
    v = (cr * (_CHROMA_CELLS / 256)).long()
    index = (y * _CHROMA_CELLS + u) * _CHROMA_CELLS + v
    columns = _table_on(luma.device)
    index.clamp_(0, columns.shape[1] - 1)
    return ColourSlopes(*(column[index] for column in columns))


@cache
def _table_on(device: torch.device) -> Tensor:
    return _table().to(device)


@cache
def _table() -> Tensor:
    """``[3, cells]`` float32, the fields of ``ColourSlopes``."""
    y = (torch.arange(_LUMA_CELLS, dtype=torch.float64, device="cpu") + 0.5) * (256 / _LUMA_CELLS)
    c = (torch.arange(_CHROMA_CELLS, dtype=torch.float64, device="cpu") + 0.5) * (256 / _CHROMA_CELLS)
    colours = torch.stack(torch.meshgrid(y, c, c, indexing="ij"), -1).reshape(-1, 3)
    steps = torch.eye(3, dtype=torch.float64, device="cpu")
    seen = [_seen_step(colours, step, _COARSE if i else _FINE).norm(dim=1) for i, step in enumerate(steps)]
    least = torch.tensor(_LEAST, dtype=torch.float64, device="cpu")[:, None]
    return torch.stack(seen).maximum(least).float()


def _seen_step(colours: Tensor, step: Tensor, passed: tuple[float, float, float]) -> Tensor:
    """CIELAB change ``[cells, 3]`` per level along ``step`` when the eye lets ``passed`` of it through."""
    opponent = torch.tensor(_OPPONENT, dtype=torch.float64, device="cpu")
    middle = _xyz(colours) @ opponent.T
    change = (_xyz(colours + step) - _xyz(colours - step)) @ opponent.T / 2.0
    left = change * torch.tensor(passed, dtype=torch.float64, device="cpu")
    back = torch.linalg.inv(opponent).T
    return (_lab((middle + left) @ back) - _lab((middle - left) @ back)) / 2.0


def _xyz(ycbcr: Tensor) -> Tensor:
    """XYZ relative to white of ``[..., 3]`` narrow-range BT.709 levels."""
    y = (ycbcr[..., 0] - 16.0) / 219.0
    cb, cr = ((ycbcr[..., i] - 128.0) / 224.0 for i in (1, 2))
    rgb = torch.stack([y + 1.5748 * cr, y - 0.1873 * cb - 0.4681 * cr, y + 1.8556 * cb], -1).clamp(0.0, 1.0)
    linear = torch.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return linear @ torch.tensor(_XYZ, dtype=torch.float64, device="cpu").T


def _lab(xyz: Tensor) -> Tensor:
    ratio = xyz / torch.tensor(_XYZ, dtype=torch.float64, device="cpu").sum(1)
    root = torch.where(ratio > 0.008856, ratio.clamp_min(1e-12) ** (1 / 3), 7.787 * ratio + 16 / 116)
    x, g, z = root[..., 0], root[..., 1], root[..., 2]
    return torch.stack([116 * g - 16, 500 * (x - g), 200 * (g - z)], -1)
