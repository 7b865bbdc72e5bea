"""Sixty-four bits to chips and back: a tail-biting convolutional code, read softly.

No check bits are spent. What a checksum would guard, two numbers guard here: the score of the
best word (``evidence``) says that a mark of this key is there at all, and ``margin`` (how far
the nearest rival word lies behind it) says that it is this word and not a neighbour.

Generators are random and vary with time; they are public and fixed by the card's seed. The
decoder is max-log forward-backward on the tail-biting trellis with one wrap of warm-up, so
that each bit's margin is the distance to the best word that has the other bit.

Source: Ma and Wolf 1986 (tail biting); Robertson, Villebrun and Hoeher 1995 (max-log-MAP).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from watermarking.signal.keying import keyed_bytes
from watermarking.signal.trellis import Metrics, bit_leads

# words decoded together: 25 MiB of trellis each
_TOGETHER = 128


@dataclass(frozen=True)
class Word:
    """A decoded word: ``payload`` and ``margin``, the metric lead over the nearest rival word."""

    payload: int
    margin: float


class TailBitingCode:
    """Rate ``1 / outputs`` code over ``nbits`` bits with ``constraint`` bits in the register."""

    def __init__(self, *, nbits: int, constraint: int, outputs: int, seed: str) -> None:
        self.nbits, self.outputs, self.memory = nbits, outputs, constraint - 1
        self.length = nbits * outputs
        raw = keyed_bytes(seed.encode(), "generators", 4 * self.length)
        words = [int.from_bytes(raw[i : i + 4], "big") for i in range(0, len(raw), 4)]
        ends = 1 | (1 << self.memory)
        taps = [(word & ((1 << constraint) - 1)) | ends for word in words]
        self.generators = torch.tensor(taps, dtype=torch.int64, device="cpu").view(nbits, outputs)
        low = constraint // 2
        self.low_signs = _sign_table(self.generators & ((1 << low) - 1), low)
        self.high_signs = _sign_table(self.generators >> low, constraint - low)
        self._on: dict[torch.device, tuple[Tensor, Tensor, Tensor]] = {}

    def tables(self, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
        """Return ``generators``, ``low_signs`` and ``high_signs`` on ``device``, moved there once."""
        if device not in self._on:
            here = (self.generators, self.low_signs, self.high_signs)
            generators, low, high = (table.to(device) for table in here)
            self._on[device] = (generators, low, high)
        return self._on[device]

    def encode(self, payloads: Tensor) -> Tensor:
        """Encode bits.

        Args:
            payloads: ``[n, nbits]`` of 0 and 1, most significant bit first.

        Returns:
            ``[n, nbits * outputs]`` chips, +1 for 0 and -1 for 1, float32.
        """
        bits = payloads.to(torch.int64)
        register = torch.zeros_like(bits)
        for lag in range(self.memory + 1):
            register |= bits.roll(lag, dims=1) << (self.memory - lag)
        taken = register[:, :, None] & self.tables(bits.device)[0]
        return (1.0 - 2.0 * _parity(taken).float()).flatten(1)

    def decode(self, soft: Tensor) -> Word:
        """Find the word that agrees best with ``soft`` (``[nbits * outputs]``, + means 0)."""
        return self.decode_all(soft[None])[0]

    def decode_all(self, softs: Tensor) -> list[Word]:
        """Find the word that agrees best with each of ``softs`` ``[b, nbits * outputs]``, on their device."""
        _, low, high = self.tables(softs.device)
        words: list[Word] = []
        for some in torch.split(softs, _TOGETHER):
            # time first: each step of the trellis is one block of memory
            values = some.view(len(some), self.nbits, 1, self.outputs).transpose(0, 1)
            weighed = high[:, None] * values
            if some.device.type == "cpu":
                found: list[list[float]] = bit_leads(self._leaving(weighed, low)).tolist()
            else:
                branches = weighed @ low.transpose(1, 2)[:, None]
                steps = branches.view(self.nbits, len(some), 2, 1 << (self.memory - 1), 2)
                found = self._bit_leads(steps, self._forward(steps)).tolist()
            words += [_word(lead) for lead in found]
        return words

    def _leaving(self, weighed: Tensor, low: Tensor) -> tuple[Metrics, Metrics]:
        """Branch metrics as ``trellis`` takes them: the lowest bit of the register is the one that leaves."""
        shape = (self.nbits, weighed.shape[1], 2, 1 << (self.memory - 1))
        zero, one = ((weighed @ low[:, leaves::2].transpose(1, 2)[:, None]) for leaves in (0, 1))
        return zero.view(shape).numpy(), one.view(shape).numpy()

    def _forward(self, steps: Tensor) -> list[Tensor]:
        states = steps.new_zeros(steps.shape[1], 1, 1 << (self.memory - 1), 2)
        ahead: list[Tensor] = []
        for time in range(2 * self.nbits):
            if time >= self.nbits:
                ahead.append(states)
            states = (states + steps[time % self.nbits]).amax(-1).reshape(states.shape)
        return ahead

    def _bit_leads(self, steps: Tensor, ahead: list[Tensor]) -> Tensor:
        """Metric of the best word with bit 0 minus that with bit 1, ``[b, nbits]``."""
        behind = steps.new_zeros(steps.shape[1], 2, 1 << (self.memory - 1), 1)
        leads: list[Tensor] = []
        for time in reversed(range(2 * self.nbits)):
            joined = behind + steps[time % self.nbits]
            if time < self.nbits:
                best = (joined + ahead[time]).amax((2, 3))
                leads.append(best[:, 0] - best[:, 1])
            behind = joined.amax(1).reshape(behind.shape)
        return torch.stack(leads[::-1], 1)


def _word(lead: list[float]) -> Word:
    payload = 0
    for bit in lead:
        payload = payload << 1 | int(bit < 0)
    return Word(payload=payload, margin=min(abs(bit) for bit in lead))


def payload_bits(payloads: list[int], nbits: int = 64) -> Tensor:
    """Return ``[n, nbits]`` bits of ``payloads``, most significant first, int64."""
    rows = [[value >> (nbits - 1 - i) & 1 for i in range(nbits)] for value in payloads]
    return torch.tensor(rows, dtype=torch.int64, device="cpu").view(len(payloads), nbits)


@cache
def code_for(nbits: int, constraint: int, outputs: int, seed: str) -> TailBitingCode:
    """Return the code of a card; the tables are built once per process."""
    return TailBitingCode(nbits=nbits, constraint=constraint, outputs=outputs, seed=seed)


def _parity(values: Tensor) -> Tensor:
    for shift in (16, 8, 4, 2, 1):
        values = values ^ (values >> shift)
    return values & 1


def _sign_table(masks: Tensor, width: int) -> Tensor:
    """``[nbits, 2**width, outputs]`` signs of every register part under every generator."""
    parts = torch.arange(1 << width, device=masks.device).view(1, -1, 1)
    return 1.0 - 2.0 * _parity(parts & masks[:, None, :]).float()
