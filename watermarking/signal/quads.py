"""The grid of the sound mark: signs on quads of slots and bands.

A chip is a quad: two slots of time by two neighbouring bands, raised and lowered crosswise
(``+ -`` over ``- +``). Its mean over time and over frequency is nil, which is where a cover's
log spectrum has least power of its own. One period of quads is repeated; a keyed share of them
are pilots and the others carry code chips.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from watermarking.cards import SoundCard
from watermarking.signal.keying import keyed_permutation, keyed_signs


@dataclass(frozen=True)
class QuadLayout:
    """One period: ``rows`` band pairs by ``columns`` quads, flattened row by row.

    ``signs``: ``[rows * columns]`` keyed signs; ``pilots``: ``[p]`` indices; ``data``: ``[d]``
    indices; ``chips``: ``[d]`` code chip that each data quad carries.
    """

    rows: int
    columns: int
    signs: Tensor
    pilots: Tensor
    data: Tensor
    chips: Tensor


def quad_layout(card: SoundCard, key: bytes) -> QuadLayout:
    """Return the layout of ``card`` under ``key``."""
    rows, columns = card.bands.count // 2, card.grid.quads
    count = rows * columns
    order = keyed_permutation(key, "audio/order", count)
    split = round(card.grid.pilot_share * count)
    pilots, data = order[:split], order[split:]
    return QuadLayout(
        rows=rows,
        columns=columns,
        signs=keyed_signs(key, "audio/signs", count),
        pilots=pilots,
        data=data,
        chips=_spread(data, columns, rows, card.nbits * card.code.outputs, key),
    )


def _spread(data: Tensor, columns: int, rows: int, chips: int, key: bytes) -> Tensor:
    """Give each data quad a chip so that a chip's copies lie in different thirds of the bands."""
    third = (data // columns) * 3 // rows
    by_third = torch.argsort(third, stable=True)
    names = keyed_permutation(key, "audio/chips", chips)
    carried = torch.empty_like(data)
    carried[by_third] = names[torch.arange(data.numel()) % chips]
    return carried


def pattern(layout: QuadLayout, chips: Tensor) -> Tensor:
    """Return one period as signs per band and slot, ``[2 * rows, 2 * columns]``."""
    values = layout.signs.clone()
    values[layout.data] = values[layout.data] * chips[layout.chips]
    quads = values.view(layout.rows, layout.columns)
    cross = torch.tensor([[1.0, -1.0], [-1.0, 1.0]])
    return torch.kron(quads, cross)
