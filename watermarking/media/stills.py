"""Still pictures through Pillow: the change is made in YCbCr and added to the picture's own RGB."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from watermarking.errors import MediaError, MediaReason
from watermarking.media.frames import SampledFrame, SizeOf

_LEAST_SIDE = 64
# Named, so that no other reader (EPS starts a program) is tried on a file that only looks like one of these.
_FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP")
_JPEG_QUALITY = 95
# BT.601 full range, as JPEG has it
_TO_RGB = np.array([[1.0, 0.0, 1.402], [1.0, -0.344136, -0.714136], [1.0, 1.772, 0.0]], np.float32)


@dataclass(frozen=True)
class Still:
    """``ycbcr``: three ``[h, w]`` uint8 planes; ``picture``: as it was opened."""

    ycbcr: tuple[NDArray[np.uint8], ...]
    picture: Image.Image


def open_still(path: Path) -> Still:
    """Open a picture.

    Raises:
        MediaError: unreadable, too small or too large.
    """
    try:
        with Image.open(path, formats=_FORMATS) as opened:
            opened.load()
            picture = opened.copy()
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError, ValueError) as error:
        raise MediaError(MediaReason.MEDIA_UNREADABLE, str(error), path.name) from error
    if min(picture.size) < _LEAST_SIDE:
        raise MediaError(MediaReason.MEDIA_UNSUPPORTED, f"smaller than {_LEAST_SIDE} pixels", path.name)
    values = np.asarray(picture.convert("RGB").convert("YCbCr"))
    planes = tuple(np.ascontiguousarray(values[..., index]) for index in range(3))
    return Still(planes, picture)


def read_still(path: Path, size_of: SizeOf) -> SampledFrame:
    """Return the picture at canonical size."""
    still = open_still(path)
    width, height = still.picture.size
    small = still.picture.convert("RGB").resize(size_of(width, height), Image.Resampling.BICUBIC)
    planes = np.ascontiguousarray(np.moveaxis(np.asarray(small.convert("YCbCr")), -1, 0))
    return SampledFrame(planes, width, height, 0.0)


def write_still(path: Path, still: Still, marked: Sequence[NDArray[np.uint8] | NDArray[np.uint16]]) -> None:
    """Write the picture with the difference of ``marked`` to it added; alpha is kept."""
    change = np.stack(
        [new.astype(np.float32) - old for new, old in zip(marked, still.ycbcr, strict=True)], -1
    )
    source = still.picture if still.picture.mode in {"RGB", "RGBA"} else still.picture.convert("RGB")
    values = np.asarray(source).astype(np.float32)
    values[..., :3] += change @ _TO_RGB.T
    made = Image.fromarray(values.round().clip(0, 255).astype(np.uint8), source.mode)
    suffix = path.suffix.lower()
    if suffix in {".jpg", ".jpeg"}:
        made.convert("RGB").save(path, quality=_JPEG_QUALITY, subsampling=0)
    else:
        made.save(path)
