"""What a job will take, before it is begun: working space and memory. Estimates from above, in bytes."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import psutil
from django.core.files.storage import FileSystemStorage

from common.storage import blobs
from watermarking.plans import MediaPlan

# The encoder's factor where none is asked for (``media.codecs``, transparent).
_OWN_CRF = 6
# Bits a pixel, measured with x264 veryfast on clean to very grainy film, 4:2:0 of 8 bits: never more than
# _BITS_MOST - _BITS_FINER * crf; and of a source that is coded already, the mark's own bits and a multiple of
# the source's, both falling by half with the factor.
_BITS_MOST, _BITS_FINER, _BITS_LEAST = 9.2, 0.35, 0.35
_MARK_BITS, _MARK_HALVES, _SOURCE_TIMES, _SOURCE_HALVES = 1.5, 9.0, 8.0, 6.0
# what is lossless may have 4:4:4 samples, or deeper ones
_LOSSLESS_TIMES = 2.0
_SOUND_BYTES_PER_SECOND = 48_000 * 2 * 3
# frames that a worker holds: decoder, marker (float planes), encoder with its look-ahead; torch and libraries
_FRAMES_HELD = 60
_PLANE_BYTES, _MARKER_PLANES = 4, 16
_LIBRARIES = 500 * 1024**2


def space_needed(plan: MediaPlan, *, source_bytes: int, lossless: bool, crf: int | None = None) -> int:
    """Bytes of working space: the marked stretches, and the whole they are joined to.

    Args:
        crf: of x264's scale; None: the encoder's own.
    """
    pixels = plan.width * plan.height * max(1, plan.frames)
    bits = bits_per_pixel(8 * source_bytes / pixels, crf=crf, lossless=lossless) if pixels else 0.0
    pictures = pixels * bits / 8
    sound = plan.seconds * _SOUND_BYTES_PER_SECOND if plan.has_audio else 0
    return int(2 * max(pictures + sound, source_bytes)) + 1024**2


def bits_per_pixel(source_bits: float, *, crf: int | None, lossless: bool) -> float:
    """Bits that a marked pixel is coded in, from above; ``source_bits`` are those of the source."""
    factor = 0 if lossless else _OWN_CRF if crf is None else crf
    most = max(_BITS_LEAST, _BITS_MOST - _BITS_FINER * factor)
    marks = _MARK_BITS * 2 ** (-factor / _MARK_HALVES)
    again = max(1.0, _SOURCE_TIMES * 2 ** (-factor / _SOURCE_HALVES)) * source_bits
    return min(most, max(_BITS_LEAST, marks + again)) * (_LOSSLESS_TIMES if lossless else 1.0)


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
