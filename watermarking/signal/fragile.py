"""A seal that breaks where a picture is changed: for lossless masters, beside the marks that are made to last.

A picture is cut into blocks. Each carries, in the least significant bits of a few of its samples, the picture's id, the
frame's number, whether it is a film's last, and a keyed tag of 64 bits over those, the block's place and every other
bit in it. So a block that was edited, moved, or taken from another picture or frame does not verify, and the map of
such blocks shows where; a film that was cut short has no last frame.

An untouched block always verifies. One that was changed in any bit verifies with a chance of ``MISS`` at most, and so
does any block without this key's seal. Lossy encoding changes every block, which is the point.

Source: Wong and Memon 2001, *Secret and public key image watermarking schemes* (block authentication); Holliman and
Memon 2000, *Counterfeiting attacks on oblivious block-wise independent invisible watermarking schemes* (why place and
picture are in the tag); RFC 7693 (keyed BLAKE2b).
"""

from __future__ import annotations

import hashlib
import struct
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from watermarking.signal.keying import keyed_bytes

BLOCK = 16
# Chance that a changed block verifies.
MISS = 2.0**-64
_HEAD = struct.Struct(">QI")
# of the frame's 32 bits the first
_LAST = 1 << 31
_TAG_BYTES = 8
_CARRIED = _HEAD.size + _TAG_BYTES
_PLACE = struct.Struct(">IIBB")
_PERSON = b"trustmark.seal/1"
_BITS = 8 * _CARRIED

Plane = NDArray[Any]
Map = NDArray[np.bool_]


@dataclass(frozen=True)
class SealMark:
    """What a seal says: ``picture_id``, 64 random bits for a picture or a film, and the frame's number from 0.

    ``last``: no frame follows it, so that a film of which the end is missing does not pass for a shorter one.
    """

    picture_id: int
    frame: int = 0
    last: bool = False


@dataclass(frozen=True)
class SealReading:
    """What is left of a seal.

    Attributes:
        whole: ``[rows, columns]``, True where the block verifies and belongs to this picture and frame.
        mark: what the seal says; None where no block verifies.
        strangers: blocks that agree on an id without verifying: sealed, but not by this key.
    """

    whole: Map
    mark: SealMark | None
    strangers: int


def seal_planes(planes: Sequence[Plane], mark: SealMark, *, key: bytes, carrier: int = 0) -> list[Plane]:
    """Return ``planes`` with a seal in the least significant bits of one of them.

    Args:
        planes: ``[h, w]`` unsigned integers each; planes beside the carrier may be subsampled.
        key: mark key.
        carrier: index of the plane that is changed: at most 160 samples of a block of 256, by one level each.

    Raises:
        ValueError: the carrier is smaller than a block, a plane does not hold unsigned integers, or the frame's
            number has more than 31 bits.
    """
    sealed = [np.array(plane) if index == carrier else plane for index, plane in enumerate(planes)]
    secret, head = _secret(key), _packed(mark)
    for place, blocks in _blocks(sealed, carrier):
        tag = _tag(secret, head, place, blocks, carrier)
        _write(blocks[carrier], np.unpackbits(np.frombuffer(head + tag, np.uint8)))
    return sealed


def read_seal(planes: Sequence[Plane], *, key: bytes, carrier: int = 0) -> SealReading:
    """Verify every block.

    Raises:
        ValueError: as :func:`seal_planes`.
    """
    secret = _secret(key)
    carried: list[bytes] = []
    verified: list[bool] = []
    for place, blocks in _blocks(planes, carrier):
        found = np.packbits(_read(blocks[carrier])).tobytes()
        head, tag = found[: _HEAD.size], found[_HEAD.size :]
        carried.append(head)
        verified.append(_tag(secret, head, place, blocks, carrier) == tag)
    rows, columns = (len(_cuts(side)) for side in planes[carrier].shape)
    named = Counter(head for head, is_whole in zip(carried, verified, strict=True) if is_whole)
    if not named:
        agreeing = Counter(carried).most_common(1)[0][1]
        return SealReading(np.zeros((rows, columns), np.bool_), None, agreeing if agreeing > 1 else 0)
    most = named.most_common(1)[0][0]
    whole = [is_whole and head == most for head, is_whole in zip(carried, verified, strict=True)]
    return SealReading(np.array(whole).reshape(rows, columns), _unpacked(most), 0)


def block_bounds(side: int) -> list[tuple[int, int]]:
    """Return begin and end of each block along a side; the last takes the remainder."""
    return _cuts(side)


def _packed(mark: SealMark) -> bytes:
    if not 0 <= mark.frame < _LAST:
        raise ValueError("a frame's number has 31 bits")
    return _HEAD.pack(mark.picture_id, mark.frame | (_LAST if mark.last else 0))


def _unpacked(head: bytes) -> SealMark:
    picture_id, frame = _HEAD.unpack(head)
    return SealMark(picture_id, frame & (_LAST - 1), bool(frame & _LAST))


def _cuts(side: int) -> list[tuple[int, int]]:
    count = side // BLOCK
    ends = [BLOCK * (n + 1) for n in range(count - 1)] + [side]
    return list(zip([0, *ends[:-1]], ends, strict=True))


def _blocks(planes: Sequence[Plane], carrier: int) -> Iterator[tuple[bytes, list[Plane]]]:
    """Every block as its place and its part of each plane, row by row."""
    height, width = planes[carrier].shape
    if min(height, width) < BLOCK:
        raise ValueError(f"a seal needs {BLOCK} samples either way")
    if any(plane.ndim != 2 or plane.dtype.kind != "u" for plane in planes):
        raise ValueError("planes hold unsigned integers")
    rows, columns = _cuts(height), _cuts(width)
    for row, (top, bottom) in enumerate(rows):
        for column, (left, right) in enumerate(columns):
            place = _PLACE.pack(row, column, row == len(rows) - 1, column == len(columns) - 1)
            yield (
                place,
                [
                    plane[
                        top * plane.shape[0] // height : bottom * plane.shape[0] // height,
                        left * plane.shape[1] // width : right * plane.shape[1] // width,
                    ]
                    for plane in planes
                ],
            )


def _tag(secret: bytes, head: bytes, place: bytes, blocks: Sequence[Plane], carrier: int) -> bytes:
    made = hashlib.blake2b(key=secret, digest_size=_TAG_BYTES, person=_PERSON)
    made.update(head + place)
    for index, block in enumerate(blocks):
        # shape and depth are said, so that samples cannot be shared out otherwise
        made.update(struct.pack(">HHB", *block.shape, block.dtype.itemsize))
        content = np.ascontiguousarray(block, dtype=block.dtype.newbyteorder("<")).copy()
        if index == carrier:
            content.reshape(-1)[_places(block.size)] &= ~np.array(1, content.dtype)
        made.update(content.tobytes())
    return made.digest()


def _write(block: Plane, bits: NDArray[np.uint8]) -> None:
    flat = block.reshape(-1)
    places = _places(block.size)
    flat[places] = (flat[places] & ~np.array(1, flat.dtype)) | bits.astype(flat.dtype)
    block[...] = flat.reshape(block.shape)


def _read(block: Plane) -> NDArray[np.uint8]:
    return (block.reshape(-1)[_places(block.size)] & 1).astype(np.uint8)


def _places(size: int) -> NDArray[np.int64]:
    """Where a block of ``size`` samples carries its bits: evenly spread."""
    return np.arange(_BITS, dtype=np.int64) * size // _BITS


def _secret(key: bytes) -> bytes:
    return keyed_bytes(key, "seal", 32)
