"""Where files keep their manifest store, told by their first bytes; each store found is held to its boxes.

The library finds stores for itself and is lenient about what is around them: an outer length that says more than there
is, a store of no bytes at all. Here one file has one store at most, and one reading (:mod:`provenance.jumbf`). A container that is itself broken
is left to the library to judge; nothing is decoded, and no more is read than the stores.

Source: C2PA specification 2.4, annex A; JPEG: ISO/IEC 19566-5, D.2; ID3v2.4, 4.15; TIFF 6.0.
"""

import struct
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

from provenance.jumbf import StoreMalformed, check_bmff_store, check_single, check_store

_STORE_BYTES_MAX: Final = 64 * 1024 * 1024
_PARTS_MAX: Final = 100_000
_C2PA_TYPE: Final = bytes.fromhex("6332706100110010800000aa00389b71")
_TIFF_TAG: Final = 0xCD41
_ID3_TYPES: Final = frozenset({b"application/c2pa", b"application/x-c2pa-manifest-store"})
Stores = Callable[[BinaryIO], Iterator[bytes]]


def check_embedded_stores(path: Path) -> None:
    """Check the boxes of every manifest store in a file; one without passes, and so does a kind that is not known here.

    Raises:
        StoreMalformed: the boxes of one do not fit, or there is a second one.
        OSError: the file cannot be read.
    """
    with path.open("rb") as stream:
        head = stream.read(12)
        if head[4:8] == b"ftyp":
            check_bmff_store(path)
            return
        if (stores := _stores_of(head)) is None:
            return
        stream.seek(0)
        for number, store in enumerate(stores(stream)):
            check_store(store)
            check_single(number)


def media_type_of(path: Path) -> str | None:
    """The media type of kinds that C2PA knows and outputs do not come in, by the first bytes; None for others."""
    with path.open("rb") as stream:
        head = stream.read(12)
    if head[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"AVI ": "video/avi"}.get(head[8:12])
    if head[:6] in {b"GIF87a", b"GIF89a"}:
        return "image/gif"
    return "audio/mpeg" if head[:3] == b"ID3" else None


def _stores_of(head: bytes) -> Stores | None:
    known: tuple[tuple[bytes, Stores], ...] = (
        (b"\x89PNG\r\n\x1a\n", _in_png),
        (b"\xff\xd8\xff", _in_jpeg),
        (b"RIFF", _in_riff),
        (b"II*\0", _in_tiff),
        (b"MM\0*", _in_tiff),
        (b"ID3", _in_id3),
    )
    return next((stores for start, stores in known if head.startswith(start)), None)


def _read(stream: BinaryIO, size: int) -> bytes:
    if size > _STORE_BYTES_MAX:
        raise StoreMalformed(f"a manifest store of {size} bytes")
    return stream.read(size)


def _in_png(stream: BinaryIO) -> Iterator[bytes]:
    stream.seek(8)
    for _ in range(_PARTS_MAX):
        if len(head := stream.read(8)) < 8:
            return
        size, kind = struct.unpack(">I4s", head)
        if kind == b"caBX":
            yield _read(stream, size)
            stream.seek(4, 1)
        else:
            stream.seek(size + 4, 1)


def _in_riff(stream: BinaryIO) -> Iterator[bytes]:
    stream.seek(12)
    for _ in range(_PARTS_MAX):
        if len(head := stream.read(8)) < 8:
            return
        kind, size = struct.unpack("<4sI", head)
        if kind == b"C2PA":
            yield _read(stream, size)
            stream.seek(size % 2, 1)
        else:
            stream.seek(size + size % 2, 1)


def _in_jpeg(stream: BinaryIO) -> Iterator[bytes]:
    """Boxes may be dealt out over segments; each segment repeats the box's own header."""
    stream.seek(2)
    boxes: dict[bytes, list[bytes]] = defaultdict(list)
    for _ in range(_PARTS_MAX):
        head = stream.read(4)
        if len(head) < 4 or head[0] != 0xFF or head[1] == 0xDA:
            break
        size = struct.unpack(">H", head[2:])[0] - 2
        body = stream.read(max(0, size))
        if head[1] == 0xEB and body[:2] == b"JP" and body[12:16] == b"jumb":
            header = 24 if body[8:12] == b"\0\0\0\1" else 16
            number = body[2:4]
            boxes[number].append(body[8:] if not boxes[number] else body[header:])
    for parts in boxes.values():
        store = b"".join(parts)
        if store[16:32] == _C2PA_TYPE:  # other standards keep boxes of theirs here
            yield store


def _in_tiff(stream: BinaryIO) -> Iterator[bytes]:
    order = "<" if stream.read(4)[:2] == b"II" else ">"
    seen: set[int] = set()
    at = _number(stream, f"{order}I")
    while at and at not in seen and len(seen) < 1000:
        seen.add(at)
        stream.seek(at)
        count = _number(stream, f"{order}H")
        entries = [stream.read(12) for _ in range(count)]
        at = _number(stream, f"{order}I")
        for entry in entries:
            if len(entry) == 12:
                tag, _, size, where = struct.unpack(f"{order}HHII", entry)
                if tag == _TIFF_TAG:
                    stream.seek(where)
                    yield _read(stream, size)


def _number(stream: BinaryIO, form: str) -> int:
    data = stream.read(struct.calcsize(form))
    return int(struct.unpack(form, data)[0]) if len(data) == struct.calcsize(form) else 0


def _in_id3(stream: BinaryIO) -> Iterator[bytes]:
    head = stream.read(10)
    if len(head) < 10:
        return
    version, end = head[3], 10 + _seven_bits(head[6:10])
    while stream.tell() + 10 <= end:
        frame = stream.read(10)
        if len(frame) < 10 or not frame[0]:
            return
        size = _seven_bits(frame[4:8]) if version >= 4 else int.from_bytes(frame[4:8], "big")
        if frame[:4] != b"GEOB":
            stream.seek(size, 1)
            continue
        kind, _, rest = _read(stream, size)[1:].partition(b"\0")
        if kind in _ID3_TYPES:
            # two more names, each ended by a zero, then the store
            yield rest.partition(b"\0")[2].partition(b"\0")[2]


def _seven_bits(data: bytes) -> int:
    number = 0
    for byte in data:
        number = number << 7 | byte & 0x7F
    return number
