"""From soft chips to a candidate word: blind, or among registered ones.

Blind reading decodes the code and pays for every word there is; registry reading compares the
registered ids alone and pays for their number, which makes it some 3 dB more sensitive.
"""

from __future__ import annotations

import torch
from torch import Tensor

from watermarking.cards import PixelCard, SoundCard
from watermarking.signal.code import TailBitingCode, code_for, payload_bits
from watermarking.signal.evidence import (
    Candidate,
    blind_p_value,
    claims,
    tail_p_value,
    word_log_odds,
)

_CHUNK = 65_536


class WordReader:
    """Reads words of a card's code; ``registered`` ids are encoded once."""

    def __init__(self, card: PixelCard | SoundCard, registered: list[int] | None = None) -> None:
        self.nbits, code, self._bounds = card.nbits, card.code, card.thresholds
        nbits = card.nbits
        self.code: TailBitingCode = code_for(nbits, code.constraint, code.outputs, code.seed)
        self.registered = sorted(set(registered or ()))
        self._rows = [
            self.code.encode(payload_bits(self.registered[i : i + _CHUNK], nbits)).to(torch.int8)
            for i in range(0, len(self.registered), _CHUNK)
        ]

    def best(self, soft: Tensor, *, trials: float, geometry: str) -> Candidate:
        """Return the word with the lowest p-value; what can be claimed blind is never overruled.

        Args:
            soft: ``[length]`` soft chips, + meaning 0.
            trials: hypotheses that were or may be decoded; both ways of reading are counted.
            geometry: how the chips were found.
        """
        ways = 2.0 if self.registered else 1.0
        found = self._blind(soft, trials * ways, geometry)
        if not self.registered or claims(found, self._bounds):
            return found
        known = self._known(soft, trials * ways, geometry)
        return known if known.p_value < found.p_value else found

    def _blind(self, soft: Tensor, trials: float, geometry: str) -> Candidate:
        word = self.code.decode(soft)
        sent = self.code.encode(payload_bits([word.payload], self.nbits))[0].to(soft.device)
        energy = float(soft @ soft)
        score = float(sent @ soft) / max(energy, 1e-30) ** 0.5
        return Candidate(
            payload=word.payload,
            score=score,
            log_odds=word_log_odds(score, word.margin, energy, soft.numel()),
            method="blind",
            p_value=blind_p_value(score, trials=trials, nbits=self.nbits),
            geometry=geometry,
        )

    def _known(self, soft: Tensor, trials: float, geometry: str) -> Candidate:
        scores = torch.cat([rows.to(soft.dtype) @ soft for rows in self._rows])
        norm = max(float(soft @ soft), 1e-30) ** 0.5
        top = scores.topk(min(2, len(scores)))
        score = float(top.values[0]) / norm
        rival = float(top.values[1]) if len(scores) > 1 else -norm
        return Candidate(
            payload=self.registered[int(top.indices[0])],
            score=score,
            log_odds=word_log_odds(score, float(top.values[0]) - rival, norm * norm, soft.numel()),
            method="registry",
            p_value=tail_p_value(score, trials=trials * len(self.registered)),
            geometry=geometry,
        )
