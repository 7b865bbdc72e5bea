"""A stranger's file: handed to a worker, waited for, and matched. Web processes read no media themselves.

The same bytes are read once: who was told to come back finds the answer, or the work, that is there.
"""

import hashlib
import time
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings

from common import clock
from common.errors import Unavailable, WrongMediaType
from provenance.softbinding.matching import Match, matches_of_mark
from watermarking import selectors as marks
from watermarking import workflows
from watermarking.algorithms import algorithms
from watermarking.errors import ExtractionFailed
from watermarking.models import DetectionState, MarkDetection

_LOOK_SECONDS = 0.2
_SUFFIXES = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
    "image/tiff": ".tif",
    "video/mp4": ".mp4",
    "video/quicktime": ".mov",
    "video/x-matroska": ".mkv",
    "video/webm": ".webm",
    "audio/wav": ".wav",
    "audio/x-wav": ".wav",
    "audio/flac": ".flac",
    "audio/mpeg": ".mp3",
    "audio/mp4": ".m4a",
    "audio/aac": ".aac",
    "audio/ogg": ".ogg",
    "application/mp4": ".mp4",
    "application/octet-stream": ".bin",
}


def suffix_of(content_type: str) -> str:
    """Return the file name ending of a media type that marks are read in.

    Raises:
        WrongMediaType: ``CONTENT_TYPE_UNSUPPORTED``.
    """
    bare = content_type.partition(";")[0].strip().lower()
    if bare in _SUFFIXES:
        return _SUFFIXES[bare]
    if bare.partition("/")[0] in {"video", "audio"}:
        return ".bin"  # the container is told by its bytes
    raise WrongMediaType("CONTENT_TYPE_UNSUPPORTED", "Marks are read in pictures, films and sound.")


def matches_in_file(path: Path, *, suffix: str, layers: Sequence[str]) -> list[Match]:
    """Return the public manifests that the marks in a file lead to.

    Raises:
        WrongMediaType: ``MEDIA_UNREADABLE``: a worker could not read it.
        Unavailable: ``watermark_extraction_failed``: the reader broke; ``RESOLUTION_BUSY``: too many files wait; ``RESOLUTION_PENDING``: it is being read, ask
            again with the same file.
    """
    row = _answered(_asked(path, suffix, layers))
    if row.error_code == ExtractionFailed.CODE:
        raise Unavailable(row.error_code, "The reader broke; nothing is known of this file.")
    if row.state == DetectionState.FAILED:
        raise WrongMediaType("MEDIA_UNREADABLE", "This file could not be read.", row.error_code)
    result = row.result or {}
    if result.get("status") != "present":
        return []
    found = [
        one.layer
        for one in algorithms()
        if (result["layers"].get(one.layer) or {}).get("status") == "present"
    ]
    return matches_of_mark(result["payload"], layers=found, score=int(100 * result["confidence"]))


def _asked(path: Path, suffix: str, layers: Sequence[str]) -> MarkDetection:
    with path.open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    name = f"query{suffix}"
    known = marks.strangers_detection(
        sha256=sha256, file_name=name, layers=layers, since=clock.now() - marks.STRANGERS_REMEMBERED
    )
    if known is not None:
        return known
    if marks.strangers_waiting() >= settings.SOFTBINDING_WAITING_MAX:
        raise Unavailable("RESOLUTION_BUSY", "Too many files wait to be read.", "Ask again in a minute.")
    return workflows.detect_upload(principal=None, path=path, file_name=name, layers=layers)


def _answered(row: MarkDetection) -> MarkDetection:
    until = time.monotonic() + settings.SOFTBINDING_WAIT_SECONDS
    while row.state not in {DetectionState.DONE, DetectionState.FAILED}:
        row.refresh_from_db()
        if row.state in {DetectionState.DONE, DetectionState.FAILED}:
            break
        if time.monotonic() >= until:
            raise Unavailable(
                "RESOLUTION_PENDING",
                "This file is being read.",
                "Ask again with the same file: it is not lost.",
            )
        time.sleep(_LOOK_SECONDS)
    return row
