"""Set a script in type: lines of words at columns, 55 lines a page, as screenplays are (12 point, ten to the inch)."""

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from screenplays.reading import Script
from screenplays.reading.shape import ACTION, CHARACTER, DIALOGUE, HEADING, PARENTHETICAL, TRANSITION

LINES_OF_A_PAGE: Final = 54
# column of the left edge and width, in characters of a tenth of an inch
_PLACES: Final = {
    HEADING: (15, 60),
    ACTION: (15, 60),
    CHARACTER: (37, 33),
    PARENTHETICAL: (31, 25),
    DIALOGUE: (25, 35),
    TRANSITION: (60, 15),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One printed line: where it begins, and its words."""

    column: int
    words: tuple[str, ...]


def pages_of(script: Script) -> Iterator[list[Line | None]]:
    """The pages of a script; None is an empty line."""
    page: list[Line | None] = []
    for block in _blocks(script):
        room = LINES_OF_A_PAGE - len(page)
        if len(block) > room and page and (room < 4 or len(block) <= LINES_OF_A_PAGE // 2):
            yield page
            page = []
        for line in block:
            if len(page) == LINES_OF_A_PAGE:
                yield page
                page = []
            if line is not None or page:
                page.append(line)
    if any(line is not None for line in page):
        yield page


def _blocks(script: Script) -> Iterator[list[Line | None]]:
    for element in script.elements:
        column, width = _PLACES.get(element.kind, _PLACES[ACTION])
        text = f"{element.label}  {element.text}".strip() if element.kind == HEADING else element.text
        lines = [part for one in text.splitlines() for part in textwrap.wrap(one, width) or [""]]
        printed = [Line(column, tuple(line.split())) if line.strip() else None for line in lines]
        opens = element.kind in {HEADING, ACTION, CHARACTER, TRANSITION}
        yield [None, *printed] if opens else [*printed]
