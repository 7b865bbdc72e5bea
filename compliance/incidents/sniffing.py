"""What a file is, by its own first bytes: a closed list of what may be evidence, and nothing else.

A name or a declared type says nothing here. Programs, archives and office files with macros are not on the list.
Source: the formats' own specifications; the WHATWG MIME Sniffing standard, section 6.
"""

from typing import Final, NamedTuple

HEAD_BYTES: Final = 4096


class Kind(NamedTuple):
    """A kind of file: its media type, the ending that it gets in a package, and whether marks are looked for in it."""

    media_type: str
    ending: str
    is_medium: bool = True


_STARTS: Final = (
    (b"\x89PNG\r\n\x1a\n", Kind("image/png", "png")),
    (b"\xff\xd8\xff", Kind("image/jpeg", "jpg")),
    (b"GIF87a", Kind("image/gif", "gif")),
    (b"GIF89a", Kind("image/gif", "gif")),
    (b"II*\x00", Kind("image/tiff", "tif")),
    (b"MM\x00*", Kind("image/tiff", "tif")),
    (b"fLaC", Kind("audio/flac", "flac")),
    (b"OggS", Kind("application/ogg", "ogg")),
    (b"ID3", Kind("audio/mpeg", "mp3")),
    (b"%PDF-", Kind("application/pdf", "pdf", is_medium=False)),
    (b"WARC/1.", Kind("application/warc", "warc", is_medium=False)),
)
_RIFF: Final = {
    b"WAVE": Kind("audio/wav", "wav"),
    b"AVI ": Kind("video/x-msvideo", "avi"),
    b"WEBP": Kind("image/webp", "webp"),
}
_BRANDS: Final = {
    b"qt  ": Kind("video/quicktime", "mov"),
    b"M4A ": Kind("audio/mp4", "m4a"),
    b"avif": Kind("image/avif", "avif"),
    b"heic": Kind("image/heic", "heic"),
    b"mif1": Kind("image/heif", "heif"),
}
_FILM: Final = Kind("video/mp4", "mp4")
_MATROSKA: Final = Kind("video/x-matroska", "mkv")
_WEBM: Final = Kind("video/webm", "webm")
_STREAM: Final = Kind("video/mp2t", "ts")
_MP3: Final = Kind("audio/mpeg", "mp3")
_TEXT: Final = Kind("text/plain", "txt", is_medium=False)
# never an ending that a double click would run in a browser
_PAGE: Final = Kind("text/html", "html.txt", is_medium=False)
_TS_PACKET: Final = 188
_MARKUP: Final = ("<!doctype html", "<html", "<head", "<body", "<script", "<svg", "<?xml", "<!--")


def kind_of(head: bytes) -> Kind | None:
    r"""The kind of a file that begins with ``head`` (:data:`HEAD_BYTES`, or all of a shorter one); None: not evidence.

    >>> kind_of(b"%PDF-1.7").media_type
    'application/pdf'
    >>> kind_of(b"MZ\x90\x00") is None
    True
    """
    for start, kind in _STARTS:
        if head.startswith(start):
            return kind
    if head[:4] in {b"RIFF", b"RF64"}:
        return _RIFF.get(head[8:12])
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], _FILM)
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return _WEBM if b"webm" in head[:64] else _MATROSKA
    if len(head) > _TS_PACKET and head[0] == head[_TS_PACKET] == 0x47:
        return _STREAM
    if len(head) > 2 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2:  # MPEG audio, layer III
        return _MP3
    return _text(head)


def _text(head: bytes) -> Kind | None:
    """Text or a saved page: UTF-8 without control characters; a script for a shell is neither."""
    try:
        text = head.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # the head may end within a character
        if error.end != len(head) or len(head) < HEAD_BYTES:
            return None
        text = head[: error.start].decode("utf-8-sig")
    if not text.strip() or text.startswith("#!"):
        return None
    if any(ord(one) < 32 and one not in "\t\n\r\f" for one in text):
        return None
    return _PAGE if text.lstrip().lower().startswith(_MARKUP) else _TEXT
