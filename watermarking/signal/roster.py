"""How well every registered word agrees with what was read: a million words in a fraction of a second.

A chip depends on as many payload bits as the code's register holds. So the chips of a few neighbouring bits
depend on one narrow window of the payload, and their share of a word's score can be looked up: one table per
window, filled from the same branch metrics that the decoder uses. No codeword is ever written out.

Few words are encoded and multiplied, which costs less than filling tables; both ways give the same scores.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from watermarking.signal.code import TailBitingCode

Ids = NDArray[np.uint64]

# Payload bits whose chips share a table: wider windows mean fewer look-ups and larger tables.
_STEPS = 4
# Soft vectors scored in one pass, and words looked up at a time: both bound the memory.
_VECTORS = 8
_BLOCK = 1 << 17
# Up to this many words are encoded once and multiplied.
FEW = 16_384


@dataclass(frozen=True)
class Leader:
    """The registered word that agrees best: its id, ``<chips, soft>`` and the same of the runner-up."""

    payload: int
    value: float
    runner_up: float


class Roster:
    """Registered ids of one code, ready to be compared.

    Args:
        code: of the card.
        ids: ``[n]`` ids, n >= 1; sorted and made unique here unless they are so already.
        few: number of ids up to which codewords are kept; tests set it.
    """

    def __init__(self, code: TailBitingCode, ids: Ids, *, few: int = FEW) -> None:
        self._code = code
        self.ids: Ids = ids if bool((ids[1:] > ids[:-1]).all()) else np.unique(ids)
        self._words = code.encode(bits_of(self.ids, code.nbits)).to(torch.int8) if len(ids) <= few else None
        # tables need a whole number of windows, and a window within the payload
        self._width = code.memory + _STEPS
        if self._words is None and (code.nbits != 64 or self._width > 24):
            raise ValueError("tables are made for 64-bit words of a short code")

    def __len__(self) -> int:
        return len(self.ids)

    def leaders(self, softs: Tensor) -> list[Leader]:
        """Return the best registered word for each of ``softs`` ``[v, length]``, + meaning 0."""
        found: list[Leader] = []
        rows = softs.float().cpu()
        for first in range(0, len(rows), _VECTORS):
            found += self._leaders(rows[first : first + _VECTORS])
        return found

    def scores(self, softs: Tensor) -> Tensor:
        """Return ``<chips, soft>`` of every id, ``[n, v]`` float32, in the order of ``ids``."""
        if self._words is not None:
            return self._words.to(softs.dtype) @ softs.T
        return self._looked_up(softs)

    def _leaders(self, softs: Tensor) -> list[Leader]:
        scores = self.scores(softs)
        top = scores.topk(min(2, len(scores)), dim=0)
        found = []
        for vector, soft in enumerate(softs):
            chosen = self.ids[top.indices[:, vector].numpy()]
            # once more, exactly: what is claimed does not depend on how sums were ordered
            exact = self._code.encode(bits_of(chosen, self._code.nbits)).double() @ soft.double()
            order = exact.argsort(descending=True)
            second = float(exact[order[1]]) if len(order) > 1 else -float(soft.norm())
            found.append(Leader(int(chosen[int(order[0])]), float(exact[order[0]]), second))
        return found

    def _looked_up(self, softs: Tensor) -> Tensor:
        total = torch.zeros(len(self.ids), len(softs), device="cpu")
        metrics = _branch_metrics(self._code, softs)
        mask = np.uint64((1 << self._width) - 1)
        for first in range(0, self._code.nbits, _STEPS):
            table = self._table(metrics, first, len(softs))
            turn = np.uint64((first + _STEPS) % 64)
            back = np.uint64((64 - int(turn)) % 64)
            for start in range(0, len(self.ids), _BLOCK):
                ids = self.ids[start : start + _BLOCK]
                windows = ((ids << turn) | (ids >> back)) & mask
                places = torch.from_numpy(windows.astype(np.int32))
                total[start : start + _BLOCK] += table.index_select(0, places)
        return total

    def _table(self, metrics: _Metrics, first: int, vectors: int) -> Tensor:
        """``[2**width, v]``: share of the chips of ``_STEPS`` bits in the score, by window of the payload."""
        states = 1 << (self._code.memory + 1)
        table = torch.zeros(1 << self._width, vectors, device="cpu")
        for step in range(_STEPS):
            share = metrics.at(first + step)
            table.view(1 << step, states, -1, vectors).add_(share.view(1, states, 1, vectors))
        return table


@dataclass(frozen=True)
class _Metrics:
    """Branch metrics, factored as the decoder's: ``high`` holds the soft chips, ``low`` signs."""

    high: Tensor
    low: Tensor
    order: Tensor

    def at(self, time: int) -> Tensor:
        """``[states, v]`` metrics of bit ``time``, the newest bit of the register least significant."""
        joined = self.high[time] @ self.low[time].T
        return joined.permute(1, 2, 0).flatten(0, 1)[self.order]


def _branch_metrics(code: TailBitingCode, softs: Tensor) -> _Metrics:
    values = softs.view(len(softs), code.nbits, code.outputs).transpose(0, 1)
    high = code.high_signs[:, None] * values[:, :, None]
    width = code.memory + 1
    states = torch.arange(1 << width, device="cpu")
    order = torch.zeros_like(states)
    for bit in range(width):
        order |= (states >> bit & 1) << (width - 1 - bit)
    return _Metrics(high, code.low_signs, order)


def bits_of(ids: Ids, nbits: int = 64) -> Tensor:
    """Return ``[n, nbits]`` bits of ``ids``, most significant first, int64."""
    octets = np.ascontiguousarray(ids.astype(">u8")).view(np.uint8).reshape(-1, 8)
    return torch.from_numpy(np.unpackbits(octets, axis=1)[:, 64 - nbits :].astype(np.int64))
