"""From soft chips to a candidate word: blind, or among registered ones.

Blind reading decodes the code and pays for every word there is; registry reading compares the
registered ids alone and pays for their number, which makes it some 3 dB more sensitive.

Where pilots were read beside the chips, they count: the score is that of pilots and word together,
which says that a mark of this key is there. They say nothing of *which* word it is. For a blind word
that is the margin's office; a registered word must besides stand without them, against the number of
ids, or the best of a million strangers would be borne out by the pilots of an unregistered mark.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
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
from watermarking.signal.roster import Ids, Leader, Roster


@dataclass(frozen=True)
class Pilots:
    """Known quads read beside the chips: ``agreement`` is ``<signs, quads>``, ``energy`` their squares."""

    agreement: float
    energy: float


_NO_PILOTS = Pilots(0.0, 0.0)


class WordReader:
    """Reads words of a card's code, blind and among ``registered`` ids (a list, or an array of uint64)."""

    def __init__(self, card: PixelCard | SoundCard, registered: Sequence[int] | Ids | None = None) -> None:
        self.nbits, code, self._bounds = card.nbits, card.code, card.thresholds
        self.code: TailBitingCode = code_for(card.nbits, code.constraint, code.outputs, code.seed)
        has_any = registered is not None and len(registered) > 0
        self.roster = Roster(self.code, np.asarray(registered, dtype=np.uint64)) if has_any else None

    def best(self, soft: Tensor, *, trials: float, geometry: str) -> Candidate:
        """Return the word with the lowest p-value; what can be claimed blind is never overruled.

        Args:
            soft: ``[length]`` soft chips, + meaning 0.
            trials: hypotheses that were or may be decoded; both ways of reading are counted.
            geometry: how the chips were found.
        """
        return self.best_of([soft], trials=trials, geometries=[geometry])[0]

    def best_of(
        self,
        softs: Sequence[Tensor],
        *,
        trials: float,
        geometries: Sequence[str],
        pilots: Sequence[Pilots] | None = None,
        decodings: float = 1.0,
    ) -> list[Candidate]:
        """Return :meth:`best` of each of ``softs``; the registry is gone through once for several of them.

        Args:
            trials: counted for each of them; a caller who takes the best of the list counts all of it.
            pilots: read beside each of them.
            decodings: how many words may be compared once pilots have shown where; a registered one
                pays for them when it stands alone.
        """
        beside = pilots if pilots is not None else [_NO_PILOTS] * len(softs)
        ways = 2.0 if self.roster is not None else 1.0
        found = self._blind(softs, beside, trials * ways, geometries) if softs else []
        if self.roster is None:
            return found
        unsure = [n for n, one in enumerate(found) if not claims(one, self._bounds)]
        if unsure:
            leaders = self.roster.leaders(torch.stack([softs[n] for n in unsure]))
            for n, leader in zip(unsure, leaders, strict=True):
                ids = ways * len(self.roster)
                pays = (trials * ids, decodings * ids)
                known = self._known(leader, softs[n], beside[n], pays, geometries[n])
                if known.p_value < found[n].p_value:
                    found[n] = known
        return found

    def score(self, soft: Tensor, payload: int, pilots: Pilots = _NO_PILOTS) -> float:
        """Return ``z`` of one known word, pilots included."""
        ((agreement, energy),) = self._agreements([payload], soft[None])
        return _joint(agreement, energy, pilots)

    def _agreements(self, payloads: list[int], softs: Tensor) -> list[list[float]]:
        """``<word, soft>`` and ``<soft, soft>`` of each of ``softs`` ``[v, length]`` and its payload."""
        sent = self.code.encode(payload_bits(payloads, self.nbits)).to(softs.device)
        told: list[list[float]] = torch.stack([(sent * softs).sum(1), softs.square().sum(1)], 1).tolist()
        return told

    def _blind(
        self, softs: Sequence[Tensor], pilots: Sequence[Pilots], trials: float, geometries: Sequence[str]
    ) -> list[Candidate]:
        rows = torch.stack(list(softs))
        words = self.code.decode_all(rows)
        agreements = self._agreements([word.payload for word in words], rows)
        found: list[Candidate] = []
        for word, (agreement, energy), known, geometry in zip(
            words, agreements, pilots, geometries, strict=True
        ):
            score = _joint(agreement, energy, known)
            alone = _joint(agreement, energy)
            found.append(
                Candidate(
                    payload=word.payload,
                    score=score,
                    log_odds=word_log_odds(alone, word.margin, energy, rows.shape[1]),
                    method="blind",
                    p_value=blind_p_value(score, trials=trials, nbits=self.nbits),
                    geometry=geometry,
                )
            )
        return found

    def _known(
        self, leader: Leader, soft: Tensor, pilots: Pilots, trials: tuple[float, float], geometry: str
    ) -> Candidate:
        energy = float(soft @ soft)
        score = _joint(leader.value, energy, pilots)
        p_value = tail_p_value(score, trials=trials[0])
        alone = _joint(leader.value, energy)
        if pilots.energy:
            p_value = max(p_value, tail_p_value(alone, trials=trials[1]))
        return Candidate(
            payload=leader.payload,
            score=score,
            log_odds=word_log_odds(alone, leader.value - leader.runner_up, energy, soft.numel()),
            method="registry",
            p_value=p_value,
            geometry=geometry,
        )


def _joint(agreement: float, energy: float, pilots: Pilots = _NO_PILOTS) -> float:
    norm = max(energy + pilots.energy, 1e-30) ** 0.5
    return float((agreement + pilots.agreement) / norm)
