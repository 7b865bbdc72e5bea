"""What a script is once it was read, and why one was not: plain values, the same for every format."""

import re
import unicodedata
from collections.abc import Iterator
from enum import StrEnum
from itertools import pairwise
from typing import Final

import msgspec

_WORD: Final = re.compile(r"\w+(?:['’]\w+)*")
HEADING, ACTION, CHARACTER, PARENTHETICAL, DIALOGUE, TRANSITION = (
    "HEADING",
    "ACTION",
    "CHARACTER",
    "PARENTHETICAL",
    "DIALOGUE",
    "TRANSITION",
)
CHARACTERS_OF_A_PAGE: Final = 2_000


class Format(StrEnum):
    """How a script was written down."""

    FOUNTAIN = "FOUNTAIN"
    FINAL_DRAFT = "FINAL_DRAFT"
    PDF = "PDF"
    TEXT = "TEXT"


class Refusal(StrEnum):
    """Why a file is not taken in as a script; stable codes of the API."""

    SCRIPT_EMPTY = "SCRIPT_EMPTY"
    SCRIPT_TYPE = "SCRIPT_TYPE"
    SCRIPT_ENCODING = "SCRIPT_ENCODING"
    SCRIPT_CUT = "SCRIPT_CUT"
    SCRIPT_MALFORMED = "SCRIPT_MALFORMED"
    SCRIPT_ENTITIES = "SCRIPT_ENTITIES"
    SCRIPT_LOCKED = "SCRIPT_LOCKED"
    SCRIPT_NO_TEXT = "SCRIPT_NO_TEXT"
    SCRIPT_TOO_LONG = "SCRIPT_TOO_LONG"
    SCRIPT_BOMB = "SCRIPT_BOMB"
    SCRIPT_UNREADABLE = "SCRIPT_UNREADABLE"


class Refused(Exception):
    """The file is no script that can be taken in; nothing of it was kept."""

    def __init__(self, code: Refusal, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


class Limits(msgspec.Struct, frozen=True):
    """What one reading may take.

    Attributes:
        pages: most pages; of text 2,000 characters count as one.
        memory: bytes of address space, beside what it was forked with; seconds: of processor time (twice as many by the clock).
    """

    pages: int = 1_000
    memory: int = 1_536 * 1024 * 1024
    seconds: int = 60


class Element(msgspec.Struct, frozen=True, array_like=True):
    """One paragraph: what it is, what it says; a heading may carry the scene's number as printed."""

    kind: str
    text: str
    label: str = ""


class Script(msgspec.Struct, frozen=True):
    """A script that was read."""

    format: Format
    title: str
    authors: str
    draft: str
    encoding: str
    pages: int
    elements: tuple[Element, ...]


class SceneText(msgspec.Struct, frozen=True):
    """One scene: everything from its heading to the next. ``first`` and ``last`` are places of elements."""

    ordinal: int
    label: str
    heading: str
    first: int
    last: int
    text: str


def scenes_of(script: Script) -> Iterator[SceneText]:
    """The scenes in order, none without a heading; what stands before the first heading belongs to none."""
    starts = [place for place, one in enumerate(script.elements) if one.kind == HEADING]
    for ordinal, (first, behind) in enumerate(pairwise([*starts, len(script.elements)]), 1):
        part = script.elements[first:behind]
        yield SceneText(
            ordinal,
            part[0].label,
            part[0].text,
            first,
            behind - 1,
            "\n".join(one.text for one in part),
        )


def wording_of(text: str) -> list[str]:
    r"""The words of a text in order, without case, layout or punctuation: what two formats of one script share.

    >>> wording_of("INT. HOUSE - DAY\\n\\nAda doesn’t look up.")
    ['int', 'house', 'day', 'ada', "doesn't", 'look', 'up']
    """
    plain = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    return _WORD.findall(plain)


def text_of(script: Script) -> str:
    """The whole script as plain text, a blank line between paragraphs."""
    return "\n\n".join(one.text for one in script.elements)


def require_length(pages: int, limits: Limits) -> None:
    """Refuse a script of too many pages.

    Raises:
        Refused: ``SCRIPT_TOO_LONG``.
    """
    if pages > limits.pages:
        raise Refused(Refusal.SCRIPT_TOO_LONG, f"{pages} pages; at most {limits.pages}")
