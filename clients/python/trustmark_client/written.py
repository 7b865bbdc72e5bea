"""The receipt of a frame that was written to a file: both hashes and the times, in one call."""

from __future__ import annotations

import time
from pathlib import Path

from trustmark_client.asks import FrameReceipt
from trustmark_client.clock import now, rfc3339
from trustmark_client.pixels import NO_PIXELS, both_sha256, file_sha256


def receipt_of(
    path: Path, *, lease: str, frame: int, started_at: float | None = None, take: int = 1
) -> FrameReceipt:
    """The receipt of ``frame`` in the file at ``path``.

    Args:
        lease: id of the lease that allowed it.
        started_at: when its rendering began, Unix seconds; the file's own time by default.

    Raises:
        PixelsUnreadable: no picture, cut short, or of a kind that cannot be read without loss.
        OSError: the file cannot be read.
    """
    return _of(path, lease, frame, started_at, take, both_sha256(path), "RENDERED")


def failed_receipt_of(
    path: Path, *, lease: str, frame: int, started_at: float | None = None, take: int = 1
) -> FrameReceipt:
    """The receipt of a file that is no picture: the frame was tried, and failed."""
    return _of(path, lease, frame, started_at, take, (file_sha256(path), NO_PIXELS), "FAILED")


def written_at(path: Path) -> float:
    """When a file was last written, by the clock that receipts are stamped with (seconds of the epoch)."""
    return now() - (time.time() - path.stat().st_mtime)


def _of(
    path: Path,
    lease: str,
    frame: int,
    started_at: float | None,
    take: int,
    hashes: tuple[str, str],
    outcome: str,
) -> FrameReceipt:
    finished = written_at(path)
    return FrameReceipt(
        lease=lease,
        frame=frame,
        file_sha256=hashes[0],
        pixel_sha256=hashes[1],
        outcome=outcome,
        started_at=rfc3339(min(started_at if started_at is not None else finished, finished)),
        finished_at=rfc3339(finished),
        take=take,
    )
