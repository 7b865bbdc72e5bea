"""Which line of a script a scanned line is, by how long its words are; then how far each word stands from its place."""

from collections.abc import Iterable
from functools import cache
from importlib.resources import as_file, files
from typing import Final

from fontTools.ttLib import TTFont

from screenplays.copies.lines import ScannedLine, SeenLine
from screenplays.copies.setting import pages_of
from screenplays.reading import Script

# words below which lengths tell too little
_WORDS_LEAST: Final = 5
_OFF_MOST: Final = 0.45


def lines_by_places(scripts: Iterable[Script]) -> dict[tuple[int, ...], tuple[str, ...]]:
    """The words of each line that is printed of these scripts, by where they begin; lines that look alike are left out."""
    found: dict[tuple[int, ...], set[tuple[str, ...]]] = {}
    for script in scripts:
        for page in pages_of(script):
            for line in page:
                if line is not None and len(line.words) >= _WORDS_LEAST:
                    found.setdefault(_places(line.words), set()).add(line.words)
    return {places: next(iter(words)) for places, words in found.items() if len(words) == 1}


def recognised(lines: Iterable[ScannedLine], known: dict[tuple[int, ...], tuple[str, ...]]) -> list[SeenLine]:
    """Scanned lines that are lines of the scripts, with their words and how far each stands from its place."""
    seen = []
    for line in lines:
        # where ink begins is not where a letter's place begins: told apart once the letters are known
        words = known.get(tuple(round(left + 0.02) for left in line.lefts))
        if words is None:
            continue
        columns = _places(words)
        first = bearing(words[0][0])
        moved = tuple(
            left - column - (bearing(word[0]) - first)
            for left, column, word in zip(line.lefts[1:], columns[1:], words[1:], strict=True)
        )
        if all(abs(one) < _OFF_MOST for one in moved):
            seen.append(SeenLine(words, moved))
    return seen


def _places(words: tuple[str, ...]) -> tuple[int, ...]:
    places, column = [], 0
    for word in words:
        places.append(column)
        column += len(word) + 1
    return tuple(places)


@cache
def _face() -> TTFont:
    with as_file(files("screenplain.export") / "courier_prime" / "Courier Prime.ttf") as path:
        return TTFont(path)


@cache
def bearing(letter: str) -> float:
    """How far from the left of its place a letter's ink begins, in letter widths."""
    face = _face()
    name = face.getBestCmap().get(ord(letter))
    if name is None:
        return 0.0
    width, _ = face["hmtx"][name]
    return float(getattr(face["glyf"][name], "xMin", 0)) / float(width or 1)
