"""The grid of the sound mark: signs on quads of slots and bands, drifting over a long lap.

A chip is a quad: two slots of time by two neighbouring bands, raised and lowered crosswise
(``+ -`` over ``- +``). Its mean over time and over frequency is nil, which is where a cover's
log spectrum has least power of its own.

Signs are keyed and all different for a whole lap of ``columns`` quads (13 minutes). Each output
starts at its own keyed place of the lap, and every lap of an output has its own sign, so that neither
the mean over hours of one output nor the mean over many outputs holds the pattern. Every
``pilot_every``-th band pair is all pilots, which synchronise; the others carry code chips, dealt
anew in every period of the code.

>>> quad_layout(load_sound_card(), bytes(32)).signs.shape
torch.Size([28, 16384])
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from watermarking.cards import SoundCard, load_sound_card
from watermarking.signal.keying import keyed_bytes, keyed_permutation, keyed_signs

__all__ = ["Drift", "QuadLayout", "load_sound_card", "quad_layout", "signs_at"]

_CROSS = ((1.0, -1.0), (-1.0, 1.0))


@dataclass(frozen=True)
class QuadLayout:
    """One lap: ``rows`` band pairs by ``columns`` quads.

    ``signs``: ``[rows, columns]`` keyed signs; ``pilots`` and ``data``: row numbers;
    ``chips``: ``[len(data), columns]`` code chip that each data quad carries.
    """

    rows: int
    columns: int
    signs: Tensor
    pilots: Tensor
    data: Tensor
    chips: Tensor

    def to(self, device: torch.device | str) -> QuadLayout:
        """Return the layout on another device."""
        moved = (one.to(device) for one in (self.signs, self.pilots, self.data, self.chips))
        return QuadLayout(self.rows, self.columns, *moved)


@dataclass(frozen=True)
class Drift:
    """Where in the lap an output starts, and the sign of each of its laps."""

    key: bytes
    payload: int
    columns: int

    @property
    def start(self) -> int:
        """Column of the lap at time nil."""
        drawn = keyed_bytes(self.key, f"audio/start/{self.payload:016x}", 8)
        return int.from_bytes(drawn, "big") % self.columns

    def lap_sign(self, lap: int) -> float:
        """Return the sign of lap ``lap``, counted from time nil."""
        return 1.0 - 2.0 * (keyed_bytes(self.key, f"audio/lap/{self.payload:016x}/{lap}", 1)[0] & 1)


def quad_layout(card: SoundCard, key: bytes) -> QuadLayout:
    """Return the layout of ``card`` under ``key``."""
    rows, period = card.bands.count // 2, card.grid.quads
    columns = period * card.grid.periods
    every = torch.arange(rows, device="cpu")
    is_pilot = every % card.grid.pilot_every == card.grid.pilot_every // 2
    data = every[~is_pilot]
    return QuadLayout(
        rows=rows,
        columns=columns,
        signs=keyed_signs(key, "audio/signs", rows * columns).view(rows, columns),
        pilots=every[is_pilot],
        data=data,
        chips=_deal(len(data), card, key),
    )


def _deal(rows: int, card: SoundCard, key: bytes) -> Tensor:
    """Deal chips to ``rows`` data rows so that a chip's next copies lie in other bands and times."""
    period, chips = card.grid.quads, card.nbits * card.code.outputs
    quads = rows * period
    within = keyed_permutation(key, "audio/order", quads)
    third = (within // period) * 3 // rows
    order = within[torch.argsort(third, stable=True)]
    place = torch.empty_like(order)
    place[order] = torch.arange(quads, device="cpu")
    names = keyed_permutation(key, "audio/chips", chips)
    begin = torch.arange(card.grid.periods, device="cpu") * quads
    carried = names[(place.view(rows, 1, period) + begin.view(1, -1, 1)) % chips]
    return carried.flatten(1)


def signs_at(layout: QuadLayout, drift: Drift, chips: Tensor, columns: Tensor) -> Tensor:
    """Return the gains' signs per band and slot.

    Args:
        chips: ``[nbits * outputs]`` coded chips, on the device of ``layout``.
        columns: ``[n]`` quads counted from time nil, on the processor; may be negative.

    Returns:
        ``[2 * rows, 2 * n]``.
    """
    device = layout.signs.device
    place = ((columns + drift.start) % layout.columns).to(device)
    laps = torch.div(columns, layout.columns, rounding_mode="floor").tolist()
    of_lap = {lap: drift.lap_sign(lap) for lap in set(laps)}
    values = layout.signs[:, place].clone()
    values[layout.data] *= chips[layout.chips[:, place]]
    values *= torch.tensor([of_lap[lap] for lap in laps], device=device)
    return torch.kron(values, torch.tensor(_CROSS, device=device))
