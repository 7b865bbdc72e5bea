"""Fountain (fountain.io), read by screenplain."""

import io
from typing import Any

from screenplain.parsers import fountain
from screenplain.types import Dialog, DualDialog, PageBreak, Section, Slug, Transition

from screenplays.reading.shape import (
    ACTION,
    CHARACTER,
    DIALOGUE,
    HEADING,
    PARENTHETICAL,
    TRANSITION,
    Element,
    Format,
    Limits,
    Refusal,
    Refused,
    Script,
)
from screenplays.reading.texts import decode, pages_of


def read_fountain(data: bytes, limits: Limits, declared: str) -> Script:
    """Read a Fountain file; notes and what the writer cut out (the boneyard) are no part of the script.

    Raises:
        Refused: as :func:`decode`; ``SCRIPT_TOO_LONG``; ``SCRIPT_CUT``: it ends inside a cut-out passage.
    """
    text, encoding = decode(data, declared)
    pages = pages_of(text, limits)
    if text.rfind("/*") > text.rfind("*/"):
        raise Refused(Refusal.SCRIPT_CUT, "a passage that begins with /* does not end")
    play = fountain.parse(io.StringIO(text))
    said: dict[str, list[str]] = play.title_page or {}
    elements = tuple(element for paragraph in play for element in _elements(paragraph))
    if not elements:
        raise Refused(Refusal.SCRIPT_EMPTY)
    return Script(
        Format.FOUNTAIN,
        _plain(said.get("Title")),
        _plain(said.get("Author") or said.get("Authors")),
        _plain(said.get("Draft date")),
        encoding,
        pages,
        elements,
    )


def _elements(paragraph: Any) -> list[Element]:
    match paragraph:
        case Slug():
            return [Element(HEADING, str(paragraph.line), str(paragraph.scene_number or ""))]
        case DualDialog():
            return [*_elements(paragraph.left), *_elements(paragraph.right)]
        case Dialog():
            return [
                Element(CHARACTER, str(paragraph.character)),
                *(
                    Element(PARENTHETICAL if aside else DIALOGUE, str(text))
                    for aside, text in paragraph.blocks
                ),
            ]
        case Transition():
            return [Element(TRANSITION, str(paragraph.line))]
        case PageBreak() | Section():
            return []
        case _:
            return [Element(ACTION, "\n".join(str(line) for line in paragraph.lines))]


def _plain(lines: list[str] | None) -> str:
    return " ".join(" ".join(lines or ()).replace("*", "").replace("_", "").split())[:200]
