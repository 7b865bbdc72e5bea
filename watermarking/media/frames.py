"""Video frames as numpy planes, marked in place, and a sparse walk through a film.

A frame is marked where it lies: its time, colour tags, field flags and side data stay with it.
Separate planes of 8 to 16 bits are marked as they are, in any subsampling, and a plane of alpha is passed over.
RGB is marked through a 16-bit YCbCr copy whose change is added to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Protocol, cast

import av
import numpy as np
from av.container import InputContainer
from av.video.format import VideoFormat
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from watermarking.errors import MediaError, MediaReason
from watermarking.media.containers import only, opened, readable_frames, video_stream
from watermarking.media.orientation import Orientation, display_matrix
from watermarking.media.ycbcr import mark_rgb

Plane = NDArray[np.uint8] | NDArray[np.uint16]


@dataclass(frozen=True)
class Canvas:
    """What is marked: size as shown, chroma (columns, rows), bits, siting.

    ``aspect``: width over height of one pixel as it is shown.
    """

    width: int
    height: int
    chroma: tuple[int, int] | None
    depth: int
    left_sited: bool
    aspect: float = 1.0


@dataclass(frozen=True)
class Moment:
    """When a picture is shown: its number from the start of the film, and seconds."""

    number: int
    seconds: float


PlaneWork = Callable[[tuple[Plane, ...], Canvas, Moment], tuple[Plane, ...]]


class FilmWork(Protocol):
    """Work over the pictures of a film, several that follow one another at a time."""

    def batch(self, width: int, height: int) -> int:
        """Return how many pictures of that size it would like to be handed together."""
        ...

    def many(
        self, frames: Sequence[tuple[Plane, ...]], canvas: Canvas, moments: Sequence[Moment]
    ) -> list[tuple[Plane, ...]]:
        """Return the planes of each picture, changed."""
        ...


_SEEK_AFTER_SECONDS = 20.0
# a sample thinner than this comes of pixels that are said to be hundreds of times as wide as high
_SIDE_SAMPLED_LEAST = 16


@lru_cache
def depth_of(format_name: str) -> int:
    """Return the bits per sample of a format."""
    return max(part.bits for part in VideoFormat(format_name, 16, 16).components)


@lru_cache
def has_planes(format_name: str) -> bool:
    """Whether frames of this format are separate planes of YCbCr or grey, in this machine's byte order."""
    made = VideoFormat(format_name, 16, 16)
    parts = made.components
    apart = [part.plane for part in parts] == list(range(len(parts)))
    plain = not (made.is_rgb or made.has_palette or made.is_big_endian)
    return apart and plain and "f16" not in format_name and "f32" not in format_name


def planes_of(frame: VideoFrame) -> tuple[Plane, ...]:
    """Return views ``[h, w]`` of a planar frame's planes."""
    dtype = np.dtype(np.uint8 if depth_of(frame.format.name) == 8 else np.uint16)
    return tuple(
        np.frombuffer(cast("memoryview[int]", plane), dtype).reshape(
            plane.height, plane.line_size // dtype.itemsize
        )[:, : plane.width]
        for plane in frame.planes
    )


def mark_frames(
    frames: Sequence[VideoFrame],
    moments: Sequence[Moment],
    work: FilmWork,
    turn: Orientation,
    aspect: float,
) -> None:
    """Put ``work`` over the planes of ``frames`` (of one format and size) as they are shown, in place.

    Args:
        turn: from the stored picture to the shown one.
        aspect: of a stored pixel.
    """
    shown_aspect = 1.0 / aspect if turn.transposed else aspect
    for frame in frames:
        frame.make_writable()
    if not has_planes(frames[0].format.name):
        for frame, moment in zip(frames, moments, strict=True):
            _mark_rgb(frame, moment, work, turn, shown_aspect)
        return
    stored = [planes_of(frame) for frame in frames]
    shown = [tuple(turn.upright(plane) for plane in planes) for planes in stored]
    canvas = _canvas(shown[0], depth_of(frames[0].format.name), shown_aspect, turn)
    for targets, before, after in zip(stored, shown, work.many(shown, canvas, moments), strict=True):
        for target, old, new in zip(targets, before, after, strict=True):
            if new is not old:
                target[...] = turn.stored(new)


def _canvas(planes: tuple[Plane, ...], depth: int, aspect: float, turn: Orientation) -> Canvas:
    height, width = planes[0].shape
    chroma = (planes[1].shape[1], planes[1].shape[0]) if len(planes) > 2 else None
    return Canvas(width, height, chroma, depth, left_sited=turn.is_upright, aspect=aspect)


def _mark_rgb(frame: VideoFrame, moment: Moment, work: FilmWork, turn: Orientation, aspect: float) -> None:
    channels = _rgb_views(frame)
    shown = np.stack([turn.upright(channel) for channel in channels], -1)
    top = float((1 << depth_of(frame.format.name)) - 1)

    def marked(planes: tuple[Plane, ...]) -> tuple[Plane, ...]:
        height, width = planes[0].shape
        canvas = Canvas(width, height, (width, height), 16, left_sited=False, aspect=aspect)
        return work.many([planes], canvas, [moment])[0]

    change = mark_rgb(shown.astype(np.float32) * (255.0 / top), marked) * (top / 255.0)
    made = (shown + change).round().clip(0, top).astype(channels[0].dtype)
    for index, channel in enumerate(channels):
        channel[...] = turn.stored(made[..., index])


def _rgb_views(frame: VideoFrame) -> list[NDArray[Any]]:
    """Return views ``[h, w]`` of red, green and blue."""
    name = frame.format.name
    if name.startswith("gbr"):
        green, blue, red = planes_of(frame)[:3]
        return [red, green, blue]
    dtype = np.dtype(np.uint16 if depth_of(name) > 8 else np.uint8)
    plane = frame.planes[0]
    letters = name.rstrip("0123456789le") if dtype.itemsize > 1 else name.replace("24", "")
    values = np.frombuffer(cast("memoryview[int]", plane), dtype)
    values = values.reshape(plane.height, plane.line_size // dtype.itemsize)[:, : frame.width * len(letters)]
    pixels = values.reshape(plane.height, frame.width, len(letters))
    return [pixels[..., letters.index(letter)] for letter in "rgb"]


@dataclass(frozen=True)
class SampledFrame:
    """A frame at canonical size: ``planes`` ``[3, h, w]`` uint8, and the size it is shown at."""

    planes: NDArray[np.uint8]
    width: int
    height: int
    seconds: float


class Kept:
    """What a first walk through a short film leaves for a second one of the same size: its pictures, so that they are not
    decoded again, and those that were resized.

    Args:
        bytes_max: that the pictures may take as they were decoded; of a film that needs more, none is kept.
        shrunk_max: pictures that are kept resized.
    """

    def __init__(self, *, bytes_max: int = 1 << 28, shrunk_max: int = 64) -> None:
        self._bytes_max, self._shrunk_max = bytes_max, shrunk_max
        self._frames: list[VideoFrame] | None = None
        self._shrunk: dict[int, SampledFrame] = {}

    def frames(self, path: Path) -> Iterator[VideoFrame]:
        """Yield the film's pictures in their order; they are kept once all of them were seen."""
        if self._frames is not None:
            yield from self._frames
            return
        seen: list[VideoFrame] = []
        room = self._bytes_max
        for frame in _decoded(path):
            room -= sum(plane.buffer_size for plane in frame.planes)
            if room >= 0:
                seen.append(frame)
            else:
                seen.clear()
            yield frame
        if room >= 0:
            self._frames = seen

    def shrunk(
        self, number: int, frame: VideoFrame, shrink: Callable[[VideoFrame], SampledFrame]
    ) -> SampledFrame:
        """Return the picture ``number`` of the film, resized; the same as before where it was asked for before."""
        known = self._shrunk.get(number)
        if known is not None:
            return known
        made = shrink(frame)
        if len(self._shrunk) < self._shrunk_max:
            self._shrunk[number] = made
        return made


def sample_frames(
    path: Path, *, count: int, size_of: SizeOf, offset: float = 0.5, kept: Kept | None = None
) -> Iterator[SampledFrame]:
    """Yield about ``count`` frames spread over a film, upright and resized.

    Long films are visited by seeking to key frames; short ones, and those whose key frames are
    few, are decoded through.

    Args:
        size_of: gives the (width, height) to resize a frame to, from its own.
        offset: place of each visit within its share of the film, in [0, 1).
        kept: of an earlier walk through the same film with the same ``size_of``; short ones alone are kept.
    """
    with opened(path) as container:
        stream = video_stream(container)
        if stream is None:
            return
        seconds = float(container.duration or 0) / 1_000_000
        aspect = float(stream.sample_aspect_ratio or 1)
        rate = float(stream.average_rate or 24)
        shrink = partial(_resized, size_of=size_of, aspect=aspect)
        visited = _key_frames(container, stream, (seconds, count, offset), shrink)
    if visited is not None:
        yield from visited
        return
    kept = kept or Kept(bytes_max=0, shrunk_max=0)
    for number, frame in _stride(partial(kept.frames, path), seconds, rate, count):
        yield kept.shrunk(number, frame, shrink)


class SizeOf:
    """Canonical size for a side length, as a callable value."""

    def __init__(self, side: int) -> None:
        self.side = side

    def __call__(self, width: int, height: int) -> tuple[int, int]:
        scale = self.side / (width * height) ** 0.5
        return max(2, 2 * round(width * scale / 2)), max(2, 2 * round(height * scale / 2))


def _key_frames(
    container: InputContainer,
    stream: VideoStream,
    places: tuple[float, int, float],
    shrink: Callable[[VideoFrame], SampledFrame],
) -> list[SampledFrame] | None:
    """Distinct key frames near ``count`` places; None when there are too few to rely on."""
    seconds, count, offset = places
    if seconds < _SEEK_AFTER_SECONDS:
        return None
    only(container, [stream])
    stream.thread_type = "SLICE"
    found: dict[int, SampledFrame] = {}
    for place in range(count):
        container.seek(round((place + offset) / count * seconds * 1_000_000))
        for frame in readable_frames(container, stream):
            if isinstance(frame, VideoFrame):
                if frame.pts not in found:
                    found[frame.pts or 0] = shrink(frame)
                break
    return list(found.values()) if len(found) >= count * 2 // 3 else None


def _stride(
    decoded: Callable[[], Iterator[VideoFrame]], seconds: float, rate: float, count: int
) -> Iterator[tuple[int, VideoFrame]]:
    """Every n-th frame of the whole film with its number; once more by the true count where the stated length lied."""
    step, total, given = 0, 0, 0
    for frame in decoded():
        step = step or max(1, int(seconds * rate / count))
        if total % step == step // 2:
            given += 1
            yield total, frame
        total += 1
    if given < min(count, total) // 2 or (total and not given):
        step = max(1, total // count)
        for number, frame in enumerate(decoded()):
            if number % step == step // 2:
                yield number, frame


def _decoded(path: Path) -> Iterator[VideoFrame]:
    with opened(path) as container:
        stream = video_stream(container)
        if stream is None:
            return
        only(container, [stream])
        stream.thread_type = "AUTO"
        for frame in readable_frames(container, stream):
            if isinstance(frame, VideoFrame):
                yield frame


def _resized(frame: VideoFrame, size_of: SizeOf, aspect: float) -> SampledFrame:
    turn = Orientation.of_matrix(display_matrix(frame))
    shown = (max(1, round(frame.width * aspect)), frame.height)
    width, height = size_of(*shown)
    if min(width, height) < _SIDE_SAMPLED_LEAST:
        raise MediaError(MediaReason.MEDIA_UNSUPPORTED, f"shown as {shown[0]} x {shown[1]}: a mere strip")
    small = frame.reformat(
        width=width, height=height, format="yuv444p", interpolation=av.video.reformatter.Interpolation.BICUBIC
    )
    planes = np.stack([turn.upright(plane) for plane in planes_of(small)]).astype(np.uint8, copy=False)
    if turn.transposed:
        shown = (shown[1], shown[0])
    return SampledFrame(planes, *shown, frame.time or 0.0)
