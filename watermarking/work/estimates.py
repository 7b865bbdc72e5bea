"""What a job will take, before it is begun: working space and memory. Estimates from above, in bytes."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import psutil
from django.core.files.storage import FileSystemStorage

from common.storage import blobs
from watermarking.plans import MediaPlan

# bits per pixel: x264 at CRF 16 on grainy film; losslessly coded 4:2:0
_BITS_LOSSY, _BITS_LOSSLESS = 0.35, 7.0
_SOUND_BYTES_PER_SECOND = 48_000 * 2 * 3
# frames that a worker holds: decoder, marker (float planes), encoder with its look-ahead; torch and libraries
_FRAMES_HELD = 60
_PLANE_BYTES, _MARKER_PLANES = 4, 16
_LIBRARIES = 500 * 1024**2


def space_needed(plan: MediaPlan, *, source_bytes: int, lossless: bool) -> int:
    """Bytes of working space: the marked stretches, and the whole they are joined to."""
    bits = _BITS_LOSSLESS if lossless else _BITS_LOSSY
    pictures = plan.width * plan.height * max(1, plan.frames) * bits / 8
    sound = plan.seconds * _SOUND_BYTES_PER_SECOND if plan.has_audio else 0
    return int(2 * max(pictures + sound, source_bytes)) + 1024**2


def memory_needed(width: int, height: int) -> int:
    """Bytes of memory that marking pictures of this size takes in one worker, whatever their number."""
    pixels = width * height
    return int(_LIBRARIES + pixels * (_FRAMES_HELD * 1.5 + _MARKER_PLANES * _PLANE_BYTES))


def space_free() -> int:
    """Bytes free where working files go: the scratch folder, and the blobs where they are a folder."""
    places = [Path(tempfile.gettempdir())]
    store = blobs()
    if isinstance(store, FileSystemStorage):
        places.append(_existing(Path(store.location)))
    return min(shutil.disk_usage(place).free for place in places)


def memory_free() -> int:
    """Bytes of memory that could be had now."""
    return int(psutil.virtual_memory().available)


def memory_total() -> int:
    """Bytes of memory of this machine."""
    return int(psutil.virtual_memory().total)


def _existing(folder: Path) -> Path:
    while not folder.exists():
        folder = folder.parent
    return folder
