"""Geometry of meters and heat strips, drawn by templates as SVG: no script, no inline style.

A meter's x and width are percentages of its own width; a strip's cells are units of its viewBox.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final

from receipts.selectors import ShotStrip

CELL_WIDTH: Final = 7
CELL_GAP: Final = 2
CELL_HEIGHT: Final = 14


@dataclass(frozen=True)
class Meter:
    """Used of granted; ``share`` in percent with one decimal, ``warn`` from 80 % on."""

    used: int
    most: int
    unit: str
    label: str

    @property
    def left(self) -> int:
        """What is left; never below zero."""
        return max(0, self.most - self.used)

    @property
    def share(self) -> float:
        """Percent used, 0 to 100."""
        return round(min(100.0, 100 * self.used / self.most), 1) if self.most else 0.0

    @property
    def width(self) -> str:
        """Width of the used part as SVG reads it, whatever the reader's language writes decimals with."""
        return f"{self.share:.1f}%"

    @property
    def reached(self) -> int:
        """The highest reminder that use has passed: 95, 80 or 0."""
        return next((mark for mark in (95, 80) if self.share >= mark), 0)


@dataclass(frozen=True)
class Cell:
    """One cell of a strip: where it stands and what it says."""

    x: int
    kind: str


@dataclass(frozen=True)
class Strip:
    """One shot's row; ``says`` tells the same in words."""

    shot: str
    first: int
    last: int
    rendered: int
    unauthorised: int
    cells: tuple[Cell, ...]
    frames_a_cell: int

    @property
    def width(self) -> int:
        """Width of the drawing."""
        return len(self.cells) * (CELL_WIDTH + CELL_GAP)

    @property
    def of(self) -> int:
        """How many frames the row spans."""
        return self.last - self.first + 1

    @property
    def says(self) -> str:
        """The strip in words, for who cannot see it."""
        return (
            f"Shot {self.shot}: {self.rendered:,} of {self.of:,} frames rendered, "
            f"{self.unauthorised:,} without a lease. Frames {self.first} to {self.last}."
        )


def strip_of(shot: ShotStrip) -> Strip:
    """Lay out one shot."""
    return Strip(
        shot=shot.shot,
        first=shot.first,
        last=shot.last,
        rendered=shot.rendered,
        unauthorised=shot.unauthorised,
        cells=tuple(
            Cell(at * (CELL_WIDTH + CELL_GAP), _kind(*counts)) for at, counts in enumerate(shot.cells)
        ),
        frames_a_cell=max(1, ceil((shot.last - shot.first + 1) / max(1, len(shot.cells)))),
    )


def strips_of(shots: Sequence[ShotStrip]) -> list[Strip]:
    """Lay out every shot of a licence."""
    return [strip_of(shot) for shot in shots]


def _kind(rendered: int, failed: int, unauthorised: int) -> str:
    if unauthorised:
        return "no-lease"
    if rendered:
        return "rendered"
    return "no-receipt" if failed else "not-yet"
