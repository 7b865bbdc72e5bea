"""Which format a file is, by its bytes and, where text could be two things, by how it begins."""

import re
from typing import Final

from screenplays.reading.shape import Limits, Refusal, Refused, Script

_BINARY: Final = (
    b"MZ",
    b"\x7fELF",
    b"PK\x03\x04",
    b"\xd0\xcf\x11\xe0",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"\x1f\x8b",
)
_XML: Final = re.compile(rb"^(?:\xef\xbb\xbf)?\s*<(?:\?xml|FinalDraft|!DOCTYPE)", re.IGNORECASE)
# what only Fountain writes: a title page, forced elements, scene numbers, notes
_FOUNTAIN: Final = re.compile(
    r"^(?:Title|Credit|Authors?|Source|Draft date|Contact):|^\.[A-Z]|^@\S|^!\S|#[\w.-]+#\s*$|\[\[|/\*|^>.*<\s*$",
    re.MULTILINE,
)


def read_bytes(data: bytes, limits: Limits, *, ending: str = "", declared: str = "") -> Script:
    """Read a script.

    Args:
        ending: of the file's name, in lower case, without the dot; it only tells Fountain from plain text.
        declared: name of the text's encoding, where its sender says it.

    Raises:
        Refused: with the reason.
    """
    if not data.strip():
        raise Refused(Refusal.SCRIPT_EMPTY)
    if data[:1024].lstrip().startswith(b"%PDF-"):
        from screenplays.reading.printed import read_pdf

        return read_pdf(data, limits)
    if _XML.match(data[:256]) or data[:4] in {b"\xff\xfe<\x00", b"\xfe\xff\x00<"}:
        from screenplays.reading.finaldraft import read_final_draft

        return read_final_draft(data, limits)
    if data.startswith(_BINARY):
        raise Refused(Refusal.SCRIPT_TYPE, "neither Fountain, Final Draft, PDF nor plain text")
    from screenplays.reading.texts import decode, read_plain

    text, _ = decode(data, declared)
    if ending in {"fountain", "spmd"} or (ending != "txt" and _FOUNTAIN.search(text[:20_000])):
        from screenplays.reading.fountain import read_fountain

        return read_fountain(data, limits, declared)
    return read_plain(data, limits, declared)
