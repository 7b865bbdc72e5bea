"""The kinds of file that outputs come in, told by their first bytes and never by their names.

``embeds`` says whether Content Credentials go into the file itself. They do not for EXR and DPX, for which
C2PA defines no place: those get a *sidecar*, the manifest store in a ``.c2pa`` beside the file, and a signed
proxy that anybody can look at.

Source: C2PA specification 2.4, annex A (embedding); FLAC carries its store in an ID3v2 tag before the stream.
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Final

_HEAD: Final = 12
_ID3_BYTES: Final = 10
_QUICKTIME_BRAND: Final = b"qt  "


class Kind(StrEnum):
    """What there is to look at or to listen to."""

    FILM = "film"
    STILL = "still"
    SOUND = "sound"


@dataclass(frozen=True)
class Format:
    """One kind of file.

    Attributes:
        media_type: as C2PA names it.
        suffix: the file name ending that belongs to it.
        embeds: whether its credentials are inside; otherwise they lie beside it.
    """

    name: str
    kind: Kind
    media_type: str
    suffix: str
    embeds: bool = True


MP4: Final = Format("MP4", Kind.FILM, "video/mp4", ".mp4")
MOV: Final = Format("QuickTime", Kind.FILM, "video/quicktime", ".mov")
PNG: Final = Format("PNG", Kind.STILL, "image/png", ".png")
JPEG: Final = Format("JPEG", Kind.STILL, "image/jpeg", ".jpg")
TIFF: Final = Format("TIFF", Kind.STILL, "image/tiff", ".tif")
EXR: Final = Format("OpenEXR", Kind.STILL, "image/x-exr", ".exr", embeds=False)
DPX: Final = Format("DPX", Kind.STILL, "image/x-dpx", ".dpx", embeds=False)
WAV: Final = Format("WAV", Kind.SOUND, "audio/wav", ".wav")
FLAC: Final = Format("FLAC", Kind.SOUND, "audio/flac", ".flac")
FORMATS: Final = (MP4, MOV, PNG, JPEG, TIFF, EXR, DPX, WAV, FLAC)
_STARTS: Final = (
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"\xff\xd8\xff", JPEG),
    (b"II*\x00", TIFF),
    (b"MM\x00*", TIFF),
    (b"\x76\x2f\x31\x01", EXR),
    (b"SDPX", DPX),
    (b"XPDS", DPX),
    (b"fLaC", FLAC),
)


def format_of(path: Path) -> Format | None:
    """Tell the format of a file; ``None`` for one that is not taken in.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as stream:
        return _told(stream)


def format_of_media_type(media_type: str) -> Format | None:
    """The format of that media type."""
    return next((one for one in FORMATS if one.media_type == media_type), None)


def _told(stream: BinaryIO) -> Format | None:
    head = stream.read(_HEAD)
    if head[4:8] == b"ftyp":
        return MOV if head[8:12] == _QUICKTIME_BRAND else MP4
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return WAV
    if head[:3] == b"ID3" and len(head) > _ID3_BYTES:
        # a length of four times seven bits; what follows must be the stream itself
        size = sum((byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
        stream.seek(_ID3_BYTES + size)
        return FLAC if stream.read(4) == b"fLaC" else None
    return next((one for start, one in _STARTS if head.startswith(start)), None)
