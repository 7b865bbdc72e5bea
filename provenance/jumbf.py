"""The boxes around a manifest store, read more strictly than the library reads them.

The library takes what it can use: a store whose outer length says four gigabytes reads as well as the true
one, since no signature covers that number. Here every box must hold exactly its children, and the store
exactly its boxes, so that one file has one reading.

Source: ISO/IEC 19566-5 (JUMBF), annex A; C2PA specification 2.4, on embedding into BMFF files.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

_C2PA_UUID: Final = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
_SUPERBOX, _DESCRIPTION = b"jumb", b"jumd"
_STORE_BYTES_MAX: Final = 64 * 1024 * 1024
_DEPTH_MAX: Final = 8
_BOXES_MAX: Final = 100_000


class StoreMalformed(ValueError):
    """The boxes of a manifest store do not fit into one another."""


def check_bmff_store(path: Path) -> None:
    """Check the boxes of the manifest store in an MP4 or QuickTime file; a file without one passes.

    Raises:
        StoreMalformed: a length does not fit, a description is missing, something follows the store, or there are two.
    """
    found = 0
    with path.open("rb") as stream:
        for payload in _c2pa_boxes(stream, path.stat().st_size):
            purpose, _, rest = payload[4:].partition(b"\0")  # after version and flags
            if purpose == b"manifest":
                _check_store(rest[8:])  # after the offset of the first hash tree
                check_single(found)
                found += 1


def check_single(before: int) -> None:
    """Check that no store came ``before`` this one: of two, each reader would choose its own.

    Raises:
        StoreMalformed: one did.
    """
    if before:
        raise StoreMalformed("a second manifest store")


def check_store(data: bytes) -> None:
    """Check the boxes of a manifest store that lies beside its file.

    Raises:
        StoreMalformed: as :func:`check_bmff_store`.
    """
    if len(data) > _STORE_BYTES_MAX:
        raise StoreMalformed(f"a manifest store of {len(data)} bytes")
    _check_store(data)


def active_manifest_alone(store: bytes) -> bytes:
    """Return a store with the description of ``store`` and its last manifest, which is the active one.

    Raises:
        StoreMalformed: the boxes do not fit, or there is no manifest.
    """
    _check_store(store)
    length, _ = _head(store, 0, len(store))
    described, _ = _head(store, 8, length)
    manifests = _children(store, 8, length, 1)
    if not manifests:
        raise StoreMalformed("a store without a manifest")
    begin, end, _ = manifests[-1]
    body = store[8 : 8 + described] + store[begin:end]
    return struct.pack(">I4s", 8 + len(body), _SUPERBOX) + body


def _c2pa_boxes(stream: BinaryIO, end: int) -> Iterator[bytes]:
    at = 0
    while at + 8 <= end:
        stream.seek(at)
        header = stream.read(32)
        size, kind = struct.unpack_from(">I4s", header)
        head = 8
        if size == 1 and len(header) >= 16:
            (size,), head = struct.unpack_from(">Q", header, 8), 16
        elif size == 0:
            size = end - at
        if size < head or at + size > end:
            return  # the media's own structure is the library's to judge
        if kind == b"uuid" and header[head : head + 16] == _C2PA_UUID:
            if size > _STORE_BYTES_MAX:
                raise StoreMalformed(f"a manifest store of {size} bytes")
            stream.seek(at + head + 16)
            yield stream.read(size - head - 16)
        at += size


def _check_store(data: bytes) -> None:
    length, kind = _head(data, 0, len(data))
    if kind != _SUPERBOX:
        raise StoreMalformed("the store is no JUMBF superbox")
    if data[length:].strip(b"\0"):
        raise StoreMalformed("something follows the store")
    # boxes still to be read: begin, end, depth; no recursion, since the depth is the sender's
    waiting, seen = [(0, length, 0)], 0
    while waiting:
        begin, end, depth = waiting.pop()
        seen += 1
        if depth > _DEPTH_MAX or seen > _BOXES_MAX:
            raise StoreMalformed("boxes without end")
        waiting += _children(data, begin + 8, end, depth + 1)


def _children(data: bytes, at: int, end: int, depth: int) -> list[tuple[int, int, int]]:
    """The superboxes between ``at`` and ``end``, which the boxes there must fill exactly."""
    found, first = [], True
    while at < end:
        length, kind = _head(data, at, end)
        if first is not (kind == _DESCRIPTION):
            raise StoreMalformed("a superbox begins with its one description")
        if kind == _SUPERBOX:
            found.append((at, at + length, depth))
        at, first = at + length, False
    if first:
        raise StoreMalformed("a superbox without description")
    return found


def _head(data: bytes, at: int, end: int) -> tuple[int, bytes]:
    if at + 8 > end:
        raise StoreMalformed("a box is cut off")
    length, kind = struct.unpack_from(">I4s", data, at)
    if length < 8 or at + length > end:
        raise StoreMalformed(f"a box of length {length} in {end - at} bytes")
    return length, kind
