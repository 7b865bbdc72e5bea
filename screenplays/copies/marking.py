"""The hidden mark: every word but the first of a line stands half a point left or right of its place.

Which way is decided by the copy's secret, the words of the line and the word's place in it: whoever reads a line again
can ask, for each registered copy, whether the words stand as they would in that one, without knowing page or version.
In a copy that is not the source the directions are independent coin flips, so by Hoeffding's inequality the chance
that they agree with a line set as well as seen is at most ``exp(-z*z/2)``, whatever the displacements are
(``z`` is the sum of direction times displacement over the root of the sum of squared displacements). That bound, times
the number of copies that were asked, is the chance of naming the wrong one.

It survives: taking pages out, joining, metadata removed, saving again, scaling, and scans of 150 dots an inch or more
that lie level within two degrees. Not: photographs at an angle, copying the words out as text, setting them anew; there
the registered fingerprint still names the work, and no recipient.
"""

import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from common.keys import derive_secret
from screenplays.copies.lines import SeenLine

STEP_POINTS: Final = 0.5
# chance of naming a wrong copy below which one is named
ODDS_MOST: Final = 1e-6
# in letter widths: a line no word of which stands further off is set evenly
_NOISE: Final = 0.005


@dataclass(frozen=True, slots=True)
class Likeness:
    """How well what was seen agrees with one copy: ``odds`` bounds the chance that it is not that one."""

    copy_id: UUID
    score: float
    words: int
    odds: float


def secret_of(copy_id: UUID) -> bytes:
    """The secret that a copy's mark is keyed by."""
    return derive_secret(f"script copy {copy_id}")


def directions(secret: bytes, words: Sequence[str]) -> list[int]:
    """-1 or 1 for each word of a line but the first."""
    line = " ".join(words).encode()
    stream = hashlib.shake_256(secret + hashlib.sha256(line).digest()).digest(-(-len(words) // 8) or 1)
    return [1 if stream[at // 8] >> at % 8 & 1 else -1 for at in range(len(words) - 1)]


def likest(seen: Iterable[SeenLine], copies: Sequence[UUID], *, tries: int = 1) -> list[Likeness]:
    """Every copy with how well the lines agree with it, the likest first; ``tries``: how often the copies are asked."""
    lines = _each_once(seen)
    told = [_likeness(lines, copy_id, len(copies) * tries) for copy_id in copies]
    return sorted(told, key=lambda one: (one.odds, -one.score))


def _each_once(seen: Iterable[SeenLine]) -> list[tuple[tuple[str, ...], list[float]]]:
    """Each line once, its displacements averaged: where a line stands again its flips are the same, and count once."""
    found: dict[tuple[str, ...], list[tuple[float, ...]]] = {}
    for one in seen:
        if any(abs(moved) > _NOISE for moved in one.displacements):
            found.setdefault(one.words, []).append(one.displacements)
    return [
        (words, [sum(column) / len(rows) for column in zip(*rows, strict=True)])
        for words, rows in found.items()
    ]


def _likeness(lines: Sequence[tuple[Sequence[str], Sequence[float]]], copy_id: UUID, asked: int) -> Likeness:
    secret, total, squares, words = secret_of(copy_id), 0.0, 0.0, 0
    for said, displacements in lines:
        for way, moved in zip(directions(secret, said), displacements, strict=True):
            total += way * moved
            squares += moved * moved
            words += 1
    score = total / math.sqrt(squares) if squares else 0.0
    odds = min(1.0, asked * math.exp(-score * score / 2)) if score > 0 else 1.0
    return Likeness(copy_id, score, words, odds)
