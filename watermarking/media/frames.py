"""Video frames as numpy planes and back, and a sparse walk through a film."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TypeVar, cast

import av
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane
from av.video.stream import VideoStream
from numpy.typing import NDArray

from watermarking.media.containers import opened, readable_frames, video_stream

Plane = NDArray[np.uint8] | NDArray[np.uint16]
Sample = TypeVar("Sample", np.uint8, np.uint16)

# formats that are marked as they are; anything else is brought to the nearest of them
_DEPTHS = {
    "yuv420p": 8,
    "yuv422p": 8,
    "yuv444p": 8,
    "yuvj420p": 8,
    "yuvj422p": 8,
    "yuvj444p": 8,
    "yuv420p10le": 10,
    "yuv422p10le": 10,
    "yuv444p10le": 10,
}
_SEEK_AFTER_SECONDS = 20.0


def working_format(name: str) -> str:
    """Return the planar YCbCr format in which frames of format ``name`` are marked."""
    if name in _DEPTHS:
        return name
    deep = any(mark in name for mark in ("10", "12", "16", "48", "64"))
    full = name.startswith(("rgb", "bgr", "gbr", "argb", "abgr")) or "444" in name
    return ("yuv444p" if full else "yuv420p") + ("10le" if deep else "")


def depth_of(format_name: str) -> int:
    """Return the bits per sample of a working format."""
    return _DEPTHS[format_name]


def planes_of(frame: VideoFrame) -> tuple[Plane, ...]:
    """Return views ``[h, w]`` of a planar frame's planes."""
    if depth_of(frame.format.name) == 8:
        return tuple(_view(plane, np.dtype(np.uint8)) for plane in frame.planes)
    return tuple(_view(plane, np.dtype(np.uint16)) for plane in frame.planes)


def _view(plane: VideoPlane, dtype: np.dtype[Sample]) -> NDArray[Sample]:
    samples = np.frombuffer(cast("memoryview[int]", plane), dtype)
    return samples.reshape(plane.height, plane.line_size // dtype.itemsize)[:, : plane.width]


def frame_like(frame: VideoFrame, planes: tuple[Plane, ...]) -> VideoFrame:
    """Return a new frame with ``planes`` and the time and colour tags of ``frame``."""
    made = VideoFrame(frame.width, frame.height, frame.format.name)
    for target, source in zip(planes_of(made), planes, strict=True):
        target[...] = source
    made.pts, made.time_base = frame.pts, frame.time_base
    made.color_range, made.colorspace = frame.color_range, frame.colorspace
    return made


@dataclass(frozen=True)
class SampledFrame:
    """A frame at canonical size: ``planes`` ``[3, h, w]`` uint8, and the size it was decoded at."""

    planes: NDArray[np.uint8]
    width: int
    height: int
    seconds: float


def sample_frames(path: Path, *, count: int, size_of: SizeOf, offset: float = 0.5) -> Iterator[SampledFrame]:
    """Yield about ``count`` frames spread over a film, resized.

    Long films are visited by seeking to key frames; short ones, and those whose key frames are
    few, are decoded through.

    Args:
        size_of: gives the (width, height) to resize a frame to, from its own.
        offset: place of each visit within its share of the film, in [0, 1).
    """
    with opened(path) as container:
        stream = video_stream(container)
        if stream is None:
            return
        seconds = float(container.duration or 0) / 1_000_000
        places = _key_frames(container, stream, seconds, count, offset)
        frames = places if places is not None else _stride(path, seconds, count)
        for frame in frames:
            yield _resized(frame, size_of)


class SizeOf:
    """Canonical size for a side length, as a callable value."""

    def __init__(self, side: int) -> None:
        self.side = side

    def __call__(self, width: int, height: int) -> tuple[int, int]:
        scale = self.side / (width * height) ** 0.5
        return max(2, 2 * round(width * scale / 2)), max(2, 2 * round(height * scale / 2))


def _key_frames(
    container: InputContainer, stream: VideoStream, seconds: float, count: int, offset: float
) -> list[VideoFrame] | None:
    """Distinct key frames near ``count`` places; None when there are too few to rely on."""
    if seconds < _SEEK_AFTER_SECONDS:
        return None
    stream.thread_type = "SLICE"
    found: dict[int, VideoFrame] = {}
    for place in range(count):
        container.seek(round((place + offset) / count * seconds * 1_000_000))
        for frame in readable_frames(container, stream):
            if isinstance(frame, VideoFrame):
                found.setdefault(frame.pts or 0, frame)
                break
    return list(found.values()) if len(found) >= count * 2 // 3 else None


def _stride(path: Path, seconds: float, count: int) -> Iterator[VideoFrame]:
    with opened(path) as container:
        stream = video_stream(container)
        if stream is None:
            return
        stream.thread_type = "AUTO"
        rate = stream.average_rate or Fraction(24)
        step = max(1, int(seconds * float(rate) / count))
        for index, frame in enumerate(readable_frames(container, stream)):
            if index % step == step // 2 and isinstance(frame, VideoFrame):
                yield frame


def _resized(frame: VideoFrame, size_of: SizeOf) -> SampledFrame:
    width, height = size_of(frame.width, frame.height)
    small = frame.reformat(
        width=width, height=height, format="yuv444p", interpolation=av.video.reformatter.Interpolation.BICUBIC
    )
    planes = np.stack(planes_of(small)).astype(np.uint8, copy=False)
    return SampledFrame(planes, frame.width, frame.height, frame.time or 0.0)
