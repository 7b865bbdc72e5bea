"""Print a marked copy: Courier Prime (OFL), every page with the name of whoever it was made for."""

import io
import unicodedata
from collections.abc import Iterator
from functools import cache
from importlib.resources import as_file, files
from typing import Final, NamedTuple
from uuid import UUID

from reportlab.lib.pagesizes import letter
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from screenplays.copies.marking import STEP_POINTS, directions, secret_of
from screenplays.copies.setting import Line, pages_of
from screenplays.reading import Script

PITCH_POINTS: Final = 7.2
_FONT, _SIZE, _LEADING = "Courier Prime", 12, 12
_TOP: Final = 720


class Printed(NamedTuple):
    """A printed copy; ``lacking`` are characters that the face has no form for, shown as a box."""

    data: bytes
    pages: int
    marked_words: int
    lacking: str


def print_copy(script: Script, *, copy_id: UUID, title: str, line: str) -> Printed:
    """Print a script as a marked copy.

    Args:
        title: of the work, on every page.
        line: the visible line with the recipient's name, on every page.
    """
    face = _face()
    out, secret, marked, number = io.BytesIO(), secret_of(copy_id), 0, 0
    canvas = Canvas(out, pagesize=letter, invariant=1, pageCompression=1)
    canvas.setTitle(title)
    lacking = {one for text in _texts(script, title, line) for one in text if not _has(face, one)}
    for number, page in enumerate(pages_of(script), 1):
        _head(canvas, title, line, number)
        canvas.setFont(_FONT, _SIZE)
        for row, printed in enumerate(page):
            if printed is not None:
                marked += _print(canvas, printed, _TOP - row * _LEADING, secret)
        canvas.showPage()
    canvas.save()
    return Printed(out.getvalue(), number, marked, "".join(sorted(lacking)))


def _print(canvas: Canvas, line: Line, height: float, secret: bytes) -> int:
    left, column = line.column * PITCH_POINTS, 0
    for word, way in zip(line.words, [0, *directions(secret, line.words)], strict=True):
        canvas.drawString(left + column * PITCH_POINTS + way * STEP_POINTS, height, word)
        column += len(word) + 1
    return len(line.words) - 1


def _head(canvas: Canvas, title: str, line: str, number: int) -> None:
    canvas.setFont(_FONT, 8)
    canvas.setFillGray(0.35)
    canvas.drawString(108, 764, title[:80])
    canvas.drawRightString(540, 764, f"{number}.")
    canvas.drawString(108, 752, line[:110])
    canvas.drawString(108, 28, line[:110])
    canvas.setFillGray(0)


def _texts(script: Script, *further: str) -> Iterator[str]:
    yield from further
    for element in script.elements:
        yield element.text
        yield element.label


@cache
def _face() -> TTFont:
    place = files("screenplain.export") / "courier_prime" / "Courier Prime.ttf"
    with as_file(place) as path:
        face = TTFont(_FONT, str(path))
    pdfmetrics.registerFont(face)
    return face


def _has(face: TTFont, character: str) -> bool:
    return (
        character.isspace()
        or ord(character) in face.face.charToGlyph
        or unicodedata.category(character) in {"Cc", "Cf"}
    )
