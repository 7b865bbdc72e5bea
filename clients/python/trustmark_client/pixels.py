r"""The two hashes of a frame: of the file as it lies there, and of the picture in it.

Renderers write times and host names into metadata, so two equal renders differ as files and agree as pixels.
``pixel_sha256`` is SHA-256 over one header line and the decoded samples, row by row, interleaved, samples of
more than one byte little-endian:

    trustmark-pixels/1 <height> <width> <channels> <uint8|uint16|float32>\n

Nothing else enters: no profile, no gamma, no metadata.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from trustmark_client.errors import PixelsUnreadable

# Pillow's modes whose bytes are what the header says they are; others are refused rather than converted
_MODES: Final = {
    "L": (1, "uint8"),
    "LA": (2, "uint8"),
    "RGB": (3, "uint8"),
    "RGBA": (4, "uint8"),
    "I;16": (1, "uint16"),
    "F": (1, "float32"),
}
# what Pillow would silently narrow to 8 bits is decoded by FFmpeg instead
_DEEP_SUFFIXES: Final = frozenset({".exr", ".dpx"})
_PNG_BIT_DEPTH_AT: Final = 24


def file_sha256(path: Path) -> str:
    """SHA-256 of the file's bytes, hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def pixel_sha256(path: Path) -> str:
    """SHA-256 of the decoded picture, hex.

    Raises:
        PixelsUnreadable: no picture, cut short, or of a kind that no decoder here reads without loss.
    """
    if path.suffix.lower() in _DEEP_SUFFIXES or _is_deep_png(path):
        return _by_ffmpeg(path)
    return _by_pillow(path)


def samples_sha256(samples: bytes | memoryview, *, shape: tuple[int, int, int], dtype: str) -> str:
    """The pixel hash of samples in memory: ``shape`` is (height, width, channels)."""
    height, width, channels = shape
    digest = hashlib.sha256(f"trustmark-pixels/1 {height} {width} {channels} {dtype}\n".encode())
    digest.update(samples)
    return digest.hexdigest()


def _is_deep_png(path: Path) -> bool:
    if path.suffix.lower() != ".png":
        return False
    with path.open("rb") as stream:
        head = stream.read(_PNG_BIT_DEPTH_AT + 1)
    return len(head) > _PNG_BIT_DEPTH_AT and head[_PNG_BIT_DEPTH_AT] == 16


def _by_pillow(path: Path) -> str:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            image.load()
            if image.mode not in _MODES:
                raise PixelsUnreadable(f"{path.name}: pixels of mode {image.mode} are not hashed")
            channels, dtype = _MODES[image.mode]
            shape = (image.height, image.width, channels)
            return samples_sha256(image.tobytes(), shape=shape, dtype=dtype)
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise PixelsUnreadable(f"{path.name}: {error}") from error


def _by_ffmpeg(path: Path) -> str:
    try:
        import av
        import numpy as np
    except ImportError as error:
        raise PixelsUnreadable(f"{path.name}: reading it needs PyAV (trustmark-client[pixels])") from error
    try:
        with av.open(str(path)) as container:
            frame = next(container.decode(video=0))
        deep = "gbrpf32le" if "f" in frame.format.name else "rgb48le"
        samples = np.ascontiguousarray(frame.to_ndarray(format=deep))
    except (av.FFmpegError, StopIteration, ValueError) as error:
        raise PixelsUnreadable(f"{path.name}: {error}") from error
    height, width, channels = samples.shape
    return samples_sha256(samples.data.cast("B"), shape=(height, width, channels), dtype=str(samples.dtype))
