"""Both hashes of many frames at once: decoding and hashing leave the interpreter, so threads use all cores.

>>> list(hashed([]))
[]
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from trustcore.older import dataclass
from trustmark_client.errors import PixelsUnreadable
from trustmark_client.pixels import NO_PIXELS, both_sha256, file_sha256

MOST_THREADS = 8


@dataclass(frozen=True, slots=True)
class Hashes:
    """The two hashes of one file; ``pixels`` is 64 zeros where it is no picture, and ``unreadable`` says why."""

    path: Path
    file: str
    pixels: str
    unreadable: str = ""


def hashed(paths: Iterable[Path], *, threads: int | None = None) -> Iterator[Hashes]:
    """The hashes of ``paths``, in their order, while the next ones are read.

    Args:
        threads: how many files are read at once, and so are in memory; the cores by default, eight at most.

    Raises:
        OSError: a file cannot be read.
    """
    most = threads or min(MOST_THREADS, os.cpu_count() or 1)
    waiting: deque[Future[Hashes]] = deque()
    with ThreadPoolExecutor(most, thread_name_prefix="trustmark hash") as pool:
        try:
            for path in paths:
                waiting.append(pool.submit(_hashes, path))
                if len(waiting) > most:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _hashes(path: Path) -> Hashes:
    try:
        return Hashes(path, *both_sha256(path))
    except PixelsUnreadable as error:
        return Hashes(path, file_sha256(path), NO_PIXELS, error.detail)
