"""Read the lines of a PDF that turned up, letter by letter (pypdfium2). Runs in the confined process alone."""

from collections.abc import Iterator
from typing import Any, Final

import pypdfium2

from screenplays.copies.lines import SeenLine, SeenWord, pitch_of, seen_line
from screenplays.reading.shape import Limits, Refusal, Refused, require_length

_SAME_LINE: Final = 0.3
_WORDS_LEAST: Final = 3


def see_pdf(data: bytes, limits: Limits) -> list[SeenLine]:
    """The lines of a PDF with three words or more, page after page.

    Raises:
        Refused: ``SCRIPT_LOCKED``, ``SCRIPT_MALFORMED``, ``SCRIPT_TOO_LONG``, ``SCRIPT_NO_TEXT``.
    """
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        locked = "password" in str(error).lower()
        raise Refused(
            Refusal.SCRIPT_LOCKED if locked else Refusal.SCRIPT_MALFORMED, str(error)[:200]
        ) from error
    require_length(len(document), limits)
    seen: list[SeenLine] = []
    read = 0
    for number in range(len(document)):
        lines = list(_lines(document[number].get_textpage()))
        read += len(lines)
        pitch = pitch_of(lines)
        if pitch:
            seen += [seen_line(line, pitch) for line in lines if len(line) >= _WORDS_LEAST]
    if not read:
        raise Refused(Refusal.SCRIPT_NO_TEXT)
    return seen


def _lines(page: Any) -> Iterator[list[SeenWord]]:
    """Words in lines, in reading order: letters on one height, told apart by gaps."""
    text, line, height = page.get_text_range(), [], None
    letters: list[tuple[str, float]] = []
    count = page.count_chars()
    if len(text) != count:  # what is beyond the first plane counts as two: letters and places would part
        return

    def close() -> None:
        if letters:
            line.append(SeenWord("".join(one for one, _ in letters), letters[0][1], letters[-1][1]))
            letters.clear()

    for at in range(count):
        character = text[at]
        left, bottom, right, top = page.get_charbox(at, loose=True)
        size = max(top - bottom, 1e-6)
        if character.isspace() or right <= left:
            close()
            continue
        if height is not None and abs(bottom - height) > _SAME_LINE * size:
            close()
            if line:
                yield line
            line = []
        elif letters and left - letters[-1][1] > 1.6 * (right - left):
            close()
        height = bottom
        letters.append((character, left))
    close()
    if line:
        yield line
