"""Slots of this machine for media work: a decoder starts only once it holds one.

A slot is a lock of the database session, so a killed worker gives its slot back at once, and workers of the
same machine share the bound however many processes they are.
"""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from common.locks import sole_worker
from watermarking.work.limits import work_limits


def host_name() -> str:
    """This machine's name."""
    return socket.gethostname()[:120]


@contextmanager
def media_slot(device: str) -> Iterator[bool]:
    """Say whether this machine has room for one more piece of work on ``device`` (``cpu`` or ``gpu``)."""
    for number in range(work_limits().slots[device]):
        with sole_worker(_lock(f"{host_name()} {device} {number}")) as is_mine:
            if is_mine:
                yield True
                return
    yield False


@contextmanager
def strangers_slot() -> Iterator[bool]:
    """Say whether nobody without an account is being served on this machine; a second one waits."""
    with sole_worker(_lock(f"{host_name()} strangers")) as is_mine:
        yield is_mine


def _lock(name: str) -> UUID:
    return UUID(bytes=hashlib.blake2b(name.encode(), digest_size=16).digest())
