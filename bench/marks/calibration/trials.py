"""What every trial is, of pictures and of sound alike: its number draws everything, so any machine repeats it.

``fixed`` is the score of one id drawn beforehand, at the one place where its own output would carry it: without a mark of
the key it is a standard normal number, and its p-value is uniform. ``p`` is what the reader reports: the bound of the best
of 2^64 words, every trial of the reading counted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from watermarking.signal.evidence import LayerReading

Way = Literal["unmarked", "another key"]
WAYS: tuple[Way, ...] = ("unmarked", "another key")


@dataclass
class Findings:
    """Of one layer and one way: a number per trial, and the few that are looked at closer."""

    fixed: list[float] = field(default_factory=list)
    best: list[float] = field(default_factory=list)
    p_value: list[float] = field(default_factory=list)
    claimed: list[int] = field(default_factory=list)
    uncertain: list[int] = field(default_factory=list)
    # media that were read under the key they were marked with, and how many of them said so
    controls: int = 0
    found: int = 0
    # readings with the full search of geometry, or of tempo and pitch, and what they said
    searched: list[float] = field(default_factory=list)
    searched_best: list[float] = field(default_factory=list)

    def add(self, number: int, reading: LayerReading, fixed: float) -> None:
        """Count one trial."""
        self.fixed.append(fixed)
        self.best.append(reading.score)
        self.p_value.append(reading.p_value)
        self._told(number, reading)

    def add_searched(self, number: int, reading: LayerReading) -> None:
        """Count a reading with the full search."""
        self.searched.append(reading.p_value)
        self.searched_best.append(reading.score)
        self._told(number, reading)

    def _told(self, number: int, reading: LayerReading) -> None:
        if reading.payload is not None:
            self.claimed.append(number)
        elif reading.status == "uncertain":
            self.uncertain.append(number)

    def joined(self, other: Findings) -> Findings:
        """Both together."""
        return Findings(
            *(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__)  # all add up
        )


def key_of(layer: str, way: str, number: int) -> bytes:
    """The key that a trial reads under; nobody marked with it."""
    return hashlib.sha256(f"calibration/{layer}/{way}/{number}".encode()).digest()


def foreign_of(layer: str, number: int) -> tuple[bytes, int]:
    """The key and the id that a trial's medium was marked with."""
    drawn = hashlib.sha256(f"calibration/foreign/{layer}/{number}".encode()).digest()
    return drawn, int.from_bytes(drawn[:8], "big")


def draw_of(layer: str, way: str, number: int) -> np.random.Generator:
    """Everything else that a trial draws."""
    seed = hashlib.sha256(f"calibration/draw/{layer}/{way}/{number}".encode()).digest()
    return np.random.default_rng(np.frombuffer(seed, np.uint32))


def grouped(numbers: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    """Cut ``numbers`` into groups of ``size``."""
    for begin in range(0, len(numbers), size):
        yield numbers[begin : begin + size]
