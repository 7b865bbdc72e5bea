"""The chunks of a wave file that say more than its sound: BWF's bext, iXML, ADM, cues.

Neither libav nor libsndfile carries them all, so they are copied byte for byte behind the sound.

Source: EBU Tech 3285 (BWF), EBU Tech 3306 (RF64), ITU-R BS.2088 (BW64).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

FORMS = {b"RIFF", b"RF64", b"BW64"}
# written anew with the sound (LIST INFO from the tags), or of no meaning
_ANEW = {b"fmt ", b"data", b"fact", b"ds64", b"JUNK", b"PAD ", b"FLLR", b"LIST", b"PEAK", b"levl"}
_CHUNK_MAX = 1 << 28
_UNKNOWN = 0xFFFF_FFFF


def copy_chunks(source: Path, target: Path) -> None:
    """Append to the wave file ``target`` what ``source`` holds beside its sound."""
    with source.open("rb") as old, target.open("r+b") as new:
        if old.read(4) not in FORMS or new.read(4) not in FORMS:
            return
        kept = [
            (name, size) for name, start, size in wave_chunks(old) if name not in _ANEW and size <= _CHUNK_MAX
        ]
        if not kept:
            return
        end = new.seek(0, 2)
        if end % 2:
            new.write(b"\0")
        for name, start, size in wave_chunks(old):
            if (name, size) in kept:
                old.seek(start)
                body = old.read(size)
                new.write(name + len(body).to_bytes(4, "little") + body + b"\0" * (len(body) % 2))
        _set_size(new, new.tell() - 8)


def wave_chunks(file: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    """Yield (name, start of the body, bytes) of each chunk; the sound of an RF64 has its size in ds64."""
    end = file.seek(0, 2)
    start, long_data = 12, 0
    while start + 8 <= end:
        file.seek(start)
        name, size = file.read(4), int.from_bytes(file.read(4), "little")
        if name == b"ds64":
            long_data = int.from_bytes(file.read(16)[8:], "little")
        if name == b"data" and size == _UNKNOWN:
            size = long_data
        yield name, start + 8, size
        start += 8 + size + size % 2


def _set_size(file: BinaryIO, size: int) -> None:
    file.seek(0)
    if file.read(4) == b"RIFF":
        file.seek(4)
        file.write(min(size, _UNKNOWN).to_bytes(4, "little"))
        return
    file.seek(20)
    file.write(size.to_bytes(8, "little"))
