"""Lines as they stand on paper, and how far each word is from where even spacing would put it."""

from collections.abc import Sequence
from statistics import median
from typing import Final

import msgspec

_PITCHES_LEAST: Final = 8


class SeenLine(msgspec.Struct, frozen=True, array_like=True):
    """A line that was read: its words, and how far each but the first stands from its even place, in letter widths."""

    words: tuple[str, ...]
    displacements: tuple[float, ...]


class ScannedLine(msgspec.Struct, frozen=True, array_like=True):
    """A line of a picture: where each word begins, in letter widths from the first."""

    lefts: tuple[float, ...]


class SeenWord(msgspec.Struct, frozen=True, array_like=True):
    """A word, its left edge, and the left edge of its last letter; any unit."""

    text: str
    left: float
    last: float


def seen_line(words: Sequence[SeenWord], pitch: float) -> SeenLine:
    """A line from its words; ``pitch`` is the width of a letter of the page."""
    column, moved = len(words[0].text) + 1, []
    for word in words[1:]:
        moved.append((word.left - words[0].left) / pitch - column)
        column += len(word.text) + 1
    # the spread about the line's own middle: where the first word stands says nothing of the others
    return SeenLine(
        tuple(one.text for one in words), tuple(moved) if _is_even(moved) else (0.0,) * len(moved)
    )


def pitch_of(lines: Sequence[Sequence[SeenWord]]) -> float | None:
    """The width of a letter, from words of several letters; None where there are too few."""
    widths = [
        (word.last - word.left) / (len(word.text) - 1)
        for line in lines
        for word in line
        if len(word.text) > 2
    ]
    return median(widths) if len(widths) >= _PITCHES_LEAST else None


def _is_even(moved: Sequence[float]) -> bool:
    """Whether a line is set evenly but for small displacements: others are no line of ours, or two."""
    return all(abs(one) < 0.45 for one in moved)
