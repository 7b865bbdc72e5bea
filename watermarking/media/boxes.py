"""A look at the boxes of an ISO base media file: are its samples encrypted?

Source: ISO/IEC 14496-12 (boxes, ``sinf``); ISO/IEC 23001-7 (``encv``, ``enca``); QuickTime (``drms``).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_FIRST = {b"ftyp", b"moov", b"free", b"skip", b"wide", b"mdat", b"styp", b"pdin"}
_PATH = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd")
_ENCRYPTED = {b"encv", b"enca", b"enct", b"encs", b"drms", b"drmi"}
_BOXES_MAX = 10_000


def is_encrypted(path: Path) -> bool:
    """Whether a sample description of an MP4 or MOV says that its samples are encrypted."""
    with path.open("rb") as file:
        head = file.read(12)
        if head[4:8] not in _FIRST:
            return False
        return any(kind in _ENCRYPTED for kind in _sample_entries(file, path.stat().st_size))


def _sample_entries(file: BinaryIO, size: int) -> Iterator[bytes]:
    inside = [(0, size)]
    for name in _PATH:
        inside = [
            (start, end)
            for first, last in inside
            for kind, start, end in _boxes(file, first, last)
            if kind == name
        ]
    for start, end in inside:
        yield from (kind for kind, _, _ in _boxes(file, start + 8, end))


def _boxes(file: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield (type, start of the body, end) of the boxes between two places; lies end the walk."""
    for _ in range(_BOXES_MAX):
        if start + 8 > end:
            return
        file.seek(start)
        head = file.read(16)
        size, body = int.from_bytes(head[:4], "big"), 8
        if size == 1:
            size, body = int.from_bytes(head[8:16], "big"), 16
        elif size == 0:
            size = end - start
        if size < body:
            return
        yield head[4:8], start + body, min(start + size, end)
        start += size
