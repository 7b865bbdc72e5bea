"""The keyed Fourier tile: which frequencies carry what, and the pattern that they make.

A mark is one tile of ``T`` canonical pixels, repeated over the frame and over time. Each plane
(luma, two chromas) holds one complex coefficient of unit amplitude per frequency of a ring.
A keyed share of them is known to the detector (pilots, for geometry and weights); the others
carry two chips each, one in phase and one in quadrature.

Canonical pixels are measured from the middle of the frame, so that a mirrored or scaled copy
keeps its origin. See ``docs/watermark.md`` for the evidence behind the rings.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any

import torch
from torch import Tensor

from watermarking.cards import Carrier, PixelCard
from watermarking.signal.keying import keyed_permutation, keyed_signs

PLANES = ("luma", "cb", "cr")


@dataclass(frozen=True)
class PlaneLayout:
    """One plane's frequencies.

    ``ky``, ``kx``: ``[n]`` cycles per tile, ``ky >= 0``. ``pilots``: ``[p]`` indices into them;
    ``pilot_signs``: ``[p]`` complex (+-1 +-1j). ``data``: ``[d]`` indices; ``data_signs``:
    ``[2, d]`` for I and Q; ``chips``: ``[2, d]`` index of the code chip that each carries.
    ``amplitude``: ``[n]`` relative to the others. ``pilot_band``, ``data_band``: weight bands.
    ``outer``: largest cycles per tile. ``ring``: ``[n]`` number of the ring, of ``rings``, that noise is levelled in.
    """

    ky: Tensor
    kx: Tensor
    pilots: Tensor
    pilot_signs: Tensor
    data: Tensor
    data_signs: Tensor
    chips: Tensor
    amplitude: Tensor
    pilot_band: Tensor
    data_band: Tensor
    bands: int
    outer: int
    ring: Tensor
    rings: int

    def to(self, device: torch.device | str) -> PlaneLayout:
        """Return the layout with all its tensors on ``device``."""
        made: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            made[field.name] = value.to(device) if isinstance(value, Tensor) else value
        return PlaneLayout(**made)


def tile_layout(card: PixelCard, key: bytes) -> tuple[PlaneLayout, ...]:
    """Return the layouts of luma, Cb and Cr under ``key``."""
    chips = card.nbits * card.code.outputs
    layouts: list[PlaneLayout] = []
    start = 0
    for plane in PLANES:
        carrier = card.carriers.luma if plane == "luma" else card.carriers.chroma
        layout = _plane_layout(plane, carrier, key, start, chips)
        start += layout.chips.numel()
        layouts.append(layout)
    return tuple(layouts)


def _plane_layout(plane: str, carrier: Carrier, key: bytes, start: int, chips: int) -> PlaneLayout:
    ky, kx = _half_ring(*carrier.radii)
    count = ky.numel()
    order = keyed_permutation(key, f"pixel/{plane}/order", count)
    split = round(carrier.sync_share * count)
    pilots, data = order[:split], order[split:]
    signs = keyed_signs(key, f"pixel/{plane}/pilots", 2 * split).view(2, split)
    slots = keyed_permutation(key, "pixel/chips", chips)
    index = (start + torch.arange(2 * data.numel(), device="cpu")) % chips
    band = _band_of(ky, kx, carrier)
    radius = torch.hypot(ky.float(), kx.float())
    ring = ((radius - radius.min()) / 2.0).long()
    return PlaneLayout(
        ky=ky,
        kx=kx,
        pilots=pilots,
        pilot_signs=torch.complex(signs[0], signs[1]),
        data=data,
        data_signs=keyed_signs(key, f"pixel/{plane}/data", 2 * data.numel()).view(2, -1),
        chips=slots[index].view(2, -1),
        amplitude=(radius / carrier.radii[1]) ** -carrier.tilt,
        pilot_band=band[pilots],
        data_band=band[data],
        bands=carrier.bands,
        outer=carrier.radii[1],
        ring=ring,
        rings=int(ring.max()) + 1,
    )


def _half_ring(inner: int, outer: int) -> tuple[Tensor, Tensor]:
    """Frequencies with ``inner <= r <= outer`` of one half plane."""
    ky, kx = torch.meshgrid(
        torch.arange(0, outer + 1, device="cpu"), torch.arange(-outer, outer + 1, device="cpu"), indexing="ij"
    )
    radius = torch.hypot(ky.float(), kx.float())
    half = (ky > 0) | (kx > 0)
    chosen = half & (radius >= inner) & (radius <= outer)
    return ky[chosen], kx[chosen]


def _band_of(ky: Tensor, kx: Tensor, carrier: Carrier) -> Tensor:
    inner, outer = carrier.radii
    radius = torch.hypot(ky.float(), kx.float())
    share = (radius**2 - inner**2) / (outer**2 - inner**2)
    return (share * carrier.bands).long().clamp(0, carrier.bands - 1)


def coefficients(layout: PlaneLayout, chips: Tensor, *, sync_gain: float) -> Tensor:
    """Return ``[n]`` complex coefficients of one plane for ``chips`` (``[length]`` of +-1)."""
    values = torch.zeros(layout.ky.numel(), dtype=torch.complex64, device=chips.device)
    values[layout.pilots] = sync_gain * layout.pilot_signs
    carried = chips[layout.chips] * layout.data_signs
    values[layout.data] = torch.complex(carried[0], carried[1])
    return values * layout.amplitude


def synthesise(layout: PlaneLayout, values: Tensor, ys: Tensor, xs: Tensor, tile: int) -> Tensor:
    """Draw the pattern at canonical rows ``ys`` ``[h]`` and columns ``xs`` ``[w]``.

    Returns:
        ``[h, w]`` float32 of unit rms, on the device of ``values``.
    """
    outer = layout.outer
    grid = values.new_zeros(outer + 1, 2 * outer + 1)
    grid[layout.ky, layout.kx + outer] = values
    rows = _waves(ys, 0, outer, tile, 1.0, values.device)
    columns = _waves(xs, -outer, outer, tile, 1.0, values.device)
    picture = (rows @ grid @ columns.T).real
    rms = math.sqrt(float((values.abs() ** 2).sum()) / 2.0)
    return picture / rms


def analyse(layout: PlaneLayout, picture: Tensor, ys: Tensor, xs: Tensor, tile: int) -> Tensor:
    """Measure the tile's coefficients in ``picture`` ``[..., h, w]``: the inverse of ``synthesise``.

    Returns:
        ``[..., n]`` complex, scaled to unit variance for unit white noise.
    """
    outer = layout.outer
    rows = _waves(ys, 0, outer, tile, -1.0, picture.device)
    columns = _waves(xs, -outer, outer, tile, -1.0, picture.device)
    grid = rows.T @ picture.to(torch.complex64) @ columns
    scale = 1.0 / math.sqrt(picture.shape[-2] * picture.shape[-1])
    return grid[..., layout.ky, layout.kx + outer] * scale


def _waves(positions: Tensor, low: int, high: int, tile: int, sign: float, device: torch.device) -> Tensor:
    """``[positions, high - low + 1]`` of ``exp(sign * 2 pi i f x / tile)``.

    The turns need doubles (a thousand of them, and a float's last digit is a visible phase); all else does not.
    """
    frequencies = torch.arange(low, high + 1, dtype=torch.float64, device=device)
    turns = positions.to(device, torch.float64)[:, None] * frequencies / tile
    angle = sign * 2.0 * math.pi * (turns - turns.round())
    return torch.polar(torch.ones_like(angle), angle).to(torch.complex64)


def canonical_axes(
    width: int, height: int, *, columns: int, rows: int, side: int, offset: float = 0.0
) -> tuple[Tensor, Tensor]:
    """Return canonical positions of sample rows and columns, the frame's middle being 0.

    Args:
        width: of the frame in luma pixels, as ``height``.
        columns: samples across (fewer than ``width`` for chroma or a resized copy).
        offset: horizontal shift of the samples in luma pixels (left-sited chroma: -0.5).
    """
    scale = side / math.sqrt(width * height)
    xs = ((torch.arange(columns, device="cpu") + 0.5) / columns - 0.5) * width + offset
    ys = ((torch.arange(rows, device="cpu") + 0.5) / rows - 0.5) * height
    return ys * scale, xs * scale


def canonical_size(width: int, height: int, side: int) -> tuple[int, int]:
    """Return the (width, height) in samples of the canonical copy of a frame, both even."""
    scale = side / math.sqrt(width * height)
    return max(2, 2 * round(width * scale / 2)), max(2, 2 * round(height * scale / 2))
