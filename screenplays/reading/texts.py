"""Bytes to text, and plain text to paragraphs: what Fountain, plain text and the text of a PDF share."""

import codecs
import re
from collections.abc import Iterable, Iterator
from typing import Final

from screenplays.reading.shape import (
    ACTION,
    CHARACTERS_OF_A_PAGE,
    HEADING,
    TRANSITION,
    Element,
    Format,
    Limits,
    Refusal,
    Refused,
    Script,
    require_length,
)

# what a sender may say where the bytes do not say it themselves
DECLARED: Final = ("utf-8", "cp1252", "iso8859-1", "utf-16-le", "utf-16-be")
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ALLOWED: Final = frozenset("\n\r\t\f\v")
_NUMBER: Final = r"[A-Z]{0,3}\d{1,4}[A-Z]{0,3}(?:[.-]\d{1,3})?"
_HEADING: Final = re.compile(
    rf"^\s*(?:(?P<before>{_NUMBER})\.?\s+)?"
    r"(?P<text>(?:INT|EXT|EST|INT\.?\s?/\s?EXT|EXT\.?\s?/\s?INT|I/E)[. ].*?)"
    rf"(?:\s+(?P<after>{_NUMBER}))?\s*$"
)
_TRANSITION: Final = re.compile(r"^\s*(?:[A-Z][A-Z ]+ TO:|FADE (?:IN|OUT)[.:]|FADE TO BLACK[.:])\s*$")


def decode(data: bytes, declared: str = "") -> tuple[str, str]:
    """The text of a file and the name of its encoding: by its own mark, as declared, or UTF-8.

    Raises:
        Refused: ``SCRIPT_EMPTY``, ``SCRIPT_ENCODING`` (the bytes are not text in that encoding),
            ``SCRIPT_TYPE`` (they hold control characters, as a program or a picture does).
    """
    marked = next((name for mark, name in _MARKS if data.startswith(mark)), "")
    name = marked or declared or "utf-8"
    try:
        text = data.decode(name)
    except UnicodeDecodeError as error:
        raise Refused(Refusal.SCRIPT_ENCODING, f"byte {error.start} is not {name}") from error
    if not text.strip():
        raise Refused(Refusal.SCRIPT_EMPTY)
    bad = next((one for one in text if ord(one) < 32 and one not in _ALLOWED), None)
    if bad is not None:
        raise Refused(Refusal.SCRIPT_TYPE, f"it holds the control character U+{ord(bad):04X}")
    return text, name


def pages_of(text: str, limits: Limits) -> int:
    """How many pages a text makes; form feeds count where there are more of them.

    Raises:
        Refused: ``SCRIPT_TOO_LONG``.
    """
    pages = max(-(-len(text) // CHARACTERS_OF_A_PAGE), text.count("\f") + 1)
    require_length(pages, limits)
    return pages


def read_plain(data: bytes, limits: Limits, declared: str) -> Script:
    """Read plain text: headings are known by how they begin, everything else is what stands between them."""
    text, encoding = decode(data, declared)
    pages = pages_of(text, limits)
    elements = tuple(paragraphs(text.splitlines()))
    return Script(Format.TEXT, "", "", "", encoding, pages, elements)


def paragraphs(lines: Iterable[str]) -> Iterator[Element]:
    """Paragraphs of printed text, told apart by blank lines and headings."""
    waiting: list[str] = []
    for line in lines:
        match = _HEADING.match(line[:400])
        if match or not line.strip() or _TRANSITION.match(line[:80]):
            if waiting:
                yield Element(ACTION, "\n".join(waiting))
                waiting = []
            if match:
                label = match["before"] or match["after"] or ""
                yield Element(HEADING, " ".join(match["text"].split()), label)
            elif line.strip():
                yield Element(TRANSITION, line.strip())
        else:
            waiting.append(line.strip())
    if waiting:
        yield Element(ACTION, "\n".join(waiting))
