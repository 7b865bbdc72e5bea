"""How long a file of samples says that it is, beside what is there: recordings that were cut off, and headers that lie.

libav takes the length of such a file from its size, so a recording of which half is missing looks whole to it.

Source: EBU Tech 3306 (RF64), Sony Wave64 (every size 64 bits, its own 24 bytes counted), Apple Core Audio Format 1.0.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from watermarking.media.riff import FORMS, wave_chunks

_UNKNOWN = 0xFFFF_FFFF
_SAYS_NOTHING = 0x7FFF_0000
# a W64 names its chunks by GUIDs, whose first four bytes are the old names
_WAVE64, _WAVE64_HEAD, _WAVE64_FIRST, _WAVE64_STEP = b"riff", 24, 40, 8
_CAF, _CAF_FIRST, _CAF_EDITS = b"caff", 8, 4
_LARGEST = 1 << 62

_Chunks = Iterator[tuple[bytes, int, int]]


def stated_share(path: Path) -> float:
    """Return how many times as long as the sound that is there a WAV, RF64, W64 or CAF says that it is.

    1.0 in other files, and in those that say nothing: recorders that write into a pipe state the largest size there is, or
    none.
    """
    with path.open("rb") as file:
        form = file.read(4)
        end = file.seek(0, 2)
        for name, start, size in _chunks(file, form, end):
            if name == b"data" and start < end < start + size:
                return size / (end - start)
    return 1.0


def _chunks(file: BinaryIO, form: bytes, end: int) -> _Chunks:
    """Yield (name, start of the body, bytes) of each chunk whose size says something."""
    if form in FORMS:
        yield from (one for one in wave_chunks(file) if not _SAYS_NOTHING <= one[2] <= _UNKNOWN)
    elif form == _WAVE64:
        yield from _of_wave64(file, end)
    elif form == _CAF:
        yield from _of_caf(file, end)


def _of_wave64(file: BinaryIO, end: int) -> _Chunks:
    start = _WAVE64_FIRST
    while start + _WAVE64_HEAD <= end:
        file.seek(start)
        head = file.read(_WAVE64_HEAD)
        size = int.from_bytes(head[16:], "little")
        if not _WAVE64_HEAD <= size < _LARGEST:
            return
        yield head[:4], start + _WAVE64_HEAD, size - _WAVE64_HEAD
        start += -(-size // _WAVE64_STEP) * _WAVE64_STEP


def _of_caf(file: BinaryIO, end: int) -> _Chunks:
    start = _CAF_FIRST
    while start + 12 <= end:
        file.seek(start)
        name, size = file.read(4), int.from_bytes(file.read(8), "big", signed=True)
        if not 0 <= size < _LARGEST:
            return
        edits = _CAF_EDITS if name == b"data" else 0
        yield name, start + 12 + edits, size - edits
        start += 12 + size
