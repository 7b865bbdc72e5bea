"""PDF, read by pypdf: the text of its pages, line by line."""

import io
import logging
from typing import Final

from pypdf import PdfReader
from pypdf.errors import LimitReachedError, PyPdfError

from screenplays.reading.shape import Format, Limits, Refusal, Refused, Script, require_length
from screenplays.reading.texts import paragraphs

_END_WITHIN: Final = 2048
_LETTERS_LEAST: Final = 20


def read_pdf(data: bytes, limits: Limits) -> Script:
    """Read a PDF.

    Raises:
        Refused: ``SCRIPT_CUT`` (its end is missing), ``SCRIPT_LOCKED`` (a password), ``SCRIPT_NO_TEXT`` (pictures of
            pages), ``SCRIPT_BOMB`` (a stream unpacks to more than pypdf allows), ``SCRIPT_MALFORMED``,
            ``SCRIPT_TOO_LONG``.
    """
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    if b"%%EOF" not in data[-_END_WITHIN:]:
        raise Refused(Refusal.SCRIPT_CUT, "its end is missing")
    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted:
            raise Refused(Refusal.SCRIPT_LOCKED)
        pages = len(reader.pages)
        require_length(pages, limits)
        lines: list[str] = []
        letters = 0
        for page in reader.pages:
            content = page.get_contents()
            if content is not None:
                content.get_data()  # raises what extracting would pass over in silence
            text = page.extract_text()
            letters += len(text)
            require_length(letters // 20_000, limits)
            lines += [line.replace("\0", "") for line in text.splitlines()]
            lines.append("")
        about = reader.metadata
        title, authors = (about.title or "", about.author or "") if about else ("", "")
    except LimitReachedError as error:
        raise Refused(Refusal.SCRIPT_BOMB, str(error)[:200]) from error
    except (PyPdfError, KeyError, ValueError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise Refused(Refusal.SCRIPT_MALFORMED, f"{type(error).__name__}: {error}"[:200]) from error
    if sum(len(line.strip()) for line in lines) < _LETTERS_LEAST:
        raise Refused(Refusal.SCRIPT_NO_TEXT)
    elements = tuple(paragraphs(lines))
    return Script(Format.PDF, str(title)[:200], str(authors)[:200], "", "pdf", pages, elements)
