"""Compare a delivery with the receipts of its production: files are hashed in parallel, results come as a stream.

A file is, in this order:

 1. ``MATCHED``: a receipt has its SHA-256; ``OUTPUT``: it is an output that was verified before release.
 2. ``SAME_PIXELS``: a receipt has its pixels; only metadata differ.
 3. ``CHANGED``: its name tells frame and shot of a receipt, and neither hash agrees.
 4. ``WITHOUT_RECEIPT``: nothing in the log knows it.
 5. ``UNREADABLE``: it could not be read to its end. ``NOT_MEDIA``: no picture, sound or film by its name; counted.

A rendered receipt that no file was found for is ``WITHOUT_FILE``.
"""

import re
import threading
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Any

from trustmark_client.errors import PixelsUnreadable
from trustmark_client.pixels import file_sha256, pixel_sha256

from compliance.reconciling.index import Match, ReceiptIndex
from compliance.reconciling.places import Place

STILLS = frozenset({".png", ".exr", ".dpx", ".tif", ".tiff", ".jpg", ".jpeg"})
MEDIA = STILLS | {".wav", ".flac", ".aif", ".aiff", ".mp4", ".mov", ".mkv", ".mxf", ".m4a", ".opus"}
_FRAME = re.compile(r"(\d{1,10})(?=\D*$)")


class State(StrEnum):
    """How a file or a receipt came out. Public and stable."""

    MATCHED = "MATCHED"
    OUTPUT = "OUTPUT"
    SAME_PIXELS = "SAME_PIXELS"
    CHANGED = "CHANGED"
    WITHOUT_RECEIPT = "WITHOUT_RECEIPT"
    WITHOUT_FILE = "WITHOUT_FILE"
    UNREADABLE = "UNREADABLE"
    NOT_MEDIA = "NOT_MEDIA"


FINDINGS = frozenset({State.CHANGED, State.WITHOUT_RECEIPT, State.WITHOUT_FILE, State.UNREADABLE})
"""What means that a delivery and its log do not agree."""


@dataclass
class Reconciliation:
    """The running result; ``counts`` are whole once ``rows`` is used up."""

    counts: Counter[str] = field(default_factory=Counter)

    @property
    def agrees(self) -> bool:
        """Whether every file has its receipt and every rendered receipt its file."""
        return not any(self.counts[state] for state in FINDINGS)


@dataclass(frozen=True, slots=True)
class _Hashed:
    name: str
    digest: str | None
    pixels: str | None
    fault: str = ""


def reconcile(
    place: Place, index: ReceiptIndex, result: Reconciliation, *, workers: int = 4
) -> Iterator[dict[str, Any]]:
    """Yield one row for each file, then one for each receipt without a file.

    Args:
        workers: how many files are read at a time.
    """
    lock = threading.Lock()
    changed: list[_Hashed] = []
    for hashed in _hash_all(place, index, lock, workers):
        if hashed.digest is None and not hashed.fault:
            result.counts[State.NOT_MEDIA] += 1
            continue
        row = _judged(hashed, index, lock)
        if row is None:
            changed.append(hashed)  # judged last: another file may still turn out to be its receipt's own
            continue
        result.counts[row["state"]] += 1
        yield row
    for hashed in changed:
        row = _by_name(hashed, index)
        result.counts[row["state"]] += 1
        yield row
    for receipt in index.without_file():
        result.counts[State.WITHOUT_FILE] += 1
        yield {
            "state": State.WITHOUT_FILE.value,
            "leaf_index": receipt.leaf_index,
            "frame": receipt.frame,
            "take": receipt.take,
            "shot": receipt.shot or None,
            "file_sha256": receipt.file_sha256,
        }


def _hash_all(place: Place, index: ReceiptIndex, lock: threading.Lock, workers: int) -> Iterator[_Hashed]:
    """Hash files side by side, in their order, with at most a few waiting."""
    waiting: deque[Future[_Hashed]] = deque()
    with ThreadPoolExecutor(max_workers=workers, thread_name_prefix="reconcile") as pool:
        for name in place.files():
            if PurePosixPath(name).suffix.lower() not in MEDIA:
                yield _Hashed(name, None, None)
                continue
            waiting.append(pool.submit(_hash_one, place, name, index, lock))
            if len(waiting) >= 4 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _hash_one(place: Place, name: str, index: ReceiptIndex, lock: threading.Lock) -> _Hashed:
    try:
        with place.local(name) as path:
            digest = file_sha256(path)
            with lock:
                known = index.knows(digest)
            if known or path.suffix.lower() not in STILLS:
                return _Hashed(name, digest, None)
            try:
                return _Hashed(name, digest, pixel_sha256(path))
            except PixelsUnreadable as error:
                return _Hashed(name, digest, None, str(error))
    except OSError as error:
        return _Hashed(name, None, None, error.strerror or type(error).__name__)


def _judged(hashed: _Hashed, index: ReceiptIndex, lock: threading.Lock) -> dict[str, Any] | None:
    row: dict[str, Any] = {"path": hashed.name, "file_sha256": hashed.digest}
    if hashed.digest is None:
        return {"state": State.UNREADABLE.value, **row, "detail": hashed.fault}
    with lock:
        match = index.by_file(hashed.digest)
        if match is not None:
            return {"state": State.MATCHED.value, **row, **_told(match)}
        asset = index.output(hashed.digest)
        if asset is not None:
            return {"state": State.OUTPUT.value, **row, "asset": asset}
        match = index.by_pixels(hashed.pixels) if hashed.pixels else None
    if match is not None:
        return {"state": State.SAME_PIXELS.value, **row, "pixel_sha256": hashed.pixels, **_told(match)}
    return None


def _by_name(hashed: _Hashed, index: ReceiptIndex) -> dict[str, Any]:
    """A file whose hashes no receipt has: the frame its name tells of, or nothing."""
    row: dict[str, Any] = {"path": hashed.name, "file_sha256": hashed.digest}
    if hashed.pixels:
        row["pixel_sha256"] = hashed.pixels
    number = _FRAME.search(PurePosixPath(hashed.name).stem)
    match = index.by_place(int(number[1]), hashed.name) if number else None
    if match is not None:
        return {"state": State.CHANGED.value, **row, **_told(match)}
    if hashed.fault:
        return {"state": State.UNREADABLE.value, **row, "detail": hashed.fault}
    return {"state": State.WITHOUT_RECEIPT.value, **row}


def _told(match: Match) -> dict[str, Any]:
    return {"leaf_index": match.leaf_index, "outcome": match.outcome}
