"""Media with something wrong in them: damaged copies, and what came of embedding in one."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from watermarking.engine import embed_file
from watermarking.errors import MediaError, MediaReason


def refused(source: Path, target: Path, key: bytes, **given: Any) -> MediaReason:
    """Embed what cannot be embedded; returns the reason, and nothing may have appeared."""
    before = sorted(target.parent.iterdir()) if target.parent.is_dir() else []
    with pytest.raises(MediaError) as caught:
        embed_file(source, target, mark_id=5, key=key, **given)
    assert (sorted(target.parent.iterdir()) if target.parent.is_dir() else []) == before
    assert caught.value.code == caught.value.reason.value
    return caught.value.reason


def patched(source: Path, target: Path, change: Callable[[bytearray], None]) -> Path:
    """Write ``source`` to ``target``, its bytes changed."""
    data = bytearray(source.read_bytes())
    change(data)
    target.write_bytes(data)
    return target


def set_big(name: bytes, offset: int, number: int) -> Callable[[bytearray], None]:
    """Overwrite 32 bits of a box, ``offset`` bytes after its name."""

    def change(data: bytearray) -> None:
        struct.pack_into(">I", data, data.index(name) + offset, number)

    return change


def set_little(name: bytes, offset: int, number: int) -> Callable[[bytearray], None]:
    """Overwrite 32 bits of a chunk, least byte first."""

    def change(data: bytearray) -> None:
        struct.pack_into("<I", data, data.index(name) + offset, number)

    return change


def swapped(old: bytes, new: bytes) -> Callable[[bytearray], None]:
    """Overwrite the first ``old``."""

    def change(data: bytearray) -> None:
        at = data.index(old)
        data[at : at + len(old)] = new

    return change


def cut(share: float) -> Callable[[bytearray], None]:
    """Keep the first ``share`` of the bytes."""

    def change(data: bytearray) -> None:
        del data[round(len(data) * share) :]

    return change
