"""The pictures of a film, from first to last or over one stretch: decoded, marked in place, handed on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path

from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from watermarking.errors import MediaError, MediaReason
from watermarking.media.chroma import chroma_location
from watermarking.media.codecs import PictureTraits
from watermarking.media.containers import only, opened, video_stream
from watermarking.media.frames import FilmWork, Moment, mark_frames
from watermarking.media.hdr import LightLevels
from watermarking.media.orientation import Matrix, Orientation, display_matrix

_PROGRESSIVE = {0, 1}
_BEFORE_SECONDS = 0.5


@dataclass(frozen=True)
class Stretch:
    """Pictures whose timestamp is in ``[start, end)``, in the stream's time base; None: no limit.

    ``start`` is the timestamp of a key frame.
    """

    start: int | None = None
    end: int | None = None


@dataclass(frozen=True)
class Pictures:
    """What the first picture of a film tells about all of them."""

    traits: PictureTraits
    width: int
    height: int
    matrix: Matrix | None
    aspect: Fraction
    rate: Fraction
    time_base: Fraction
    first_pts: int

    @property
    def is_interlaced(self) -> bool:
        """Whether the pictures are woven from two fields."""
        return self.traits.interlaced


def survey_pictures(path: Path) -> Pictures | None:
    """Decode the first picture of a film; None when it has none.

    Raises:
        MediaError: it cannot be read, or has a stream of pictures without a picture.
    """
    with opened(path) as reader:
        stream = video_stream(reader)
        if stream is None:
            return None
        only(reader, [stream])
        frame = next(reader.decode(stream), None)
        if frame is None:
            raise MediaError(MediaReason.MEDIA_EMPTY, "a stream of pictures without a picture", path.name)
        context = stream.codec_context
        traits = PictureTraits(
            codec=context.name,
            pixel_format=frame.format.name,
            profile_tag=context.codec_tag,
            interlaced=frame.interlaced_frame or context.field_order not in _PROGRESSIVE,
            light=LightLevels.of(frame),
            chroma=chroma_location(stream),
        )
        return Pictures(
            traits,
            frame.width,
            frame.height,
            display_matrix(frame),
            aspect=Fraction(stream.sample_aspect_ratio or 1),
            rate=stream.average_rate or Fraction(24),
            time_base=stream.time_base or Fraction(1, 1000),
            first_pts=frame.pts or 0,
        )


def marked_frames(
    reader: InputContainer,
    stream: VideoStream,
    pictures: Pictures,
    pixel_format: str,
    work: FilmWork,
    stretch: Stretch = Stretch(),
) -> Iterator[VideoFrame]:
    """Decode a film or a stretch of it and put ``work`` over every picture, as many at a time as it likes.

    Raises:
        MediaError: the size of the pictures changes midway.
    """
    turn = Orientation.of_matrix(pictures.matrix)
    most = max(1, work.batch(pictures.width, pictures.height))
    frames = _timed(_decoded(reader, stream, pictures, stretch), pictures)
    while batch := [_plain(frame, pictures, pixel_format) for frame in islice(frames, most)]:
        moments = [_moment(frame, pictures) for frame in batch]
        mark_frames(batch, moments, work, turn, float(pictures.aspect))
        for frame in batch:
            frame.pict_type = 0
            yield frame


def _plain(frame: VideoFrame, pictures: Pictures, pixel_format: str) -> VideoFrame:
    if (frame.width, frame.height) != (pictures.width, pictures.height):
        raise MediaError(MediaReason.MEDIA_UNSUPPORTED, "the size of the pictures changes midway")
    return frame if frame.format.name == pixel_format else _converted(frame, pixel_format)


def _moment(frame: VideoFrame, pictures: Pictures) -> Moment:
    seconds = ((frame.pts or 0) - pictures.first_pts) * pictures.time_base
    return Moment(round(seconds * pictures.rate), float(seconds))


def _converted(frame: VideoFrame, pixel_format: str) -> VideoFrame:
    """Bring a frame to another format; yuvj is yuv that says elsewhere that it is full range."""
    full = frame.format.name.startswith("yuvj")
    made = frame.reformat(
        format=pixel_format, src_color_range=2 if full else None, dst_color_range=2 if full else None
    )
    made.pts, made.time_base = frame.pts, frame.time_base
    if full:
        made.color_range = 2
    return made


def _decoded(
    reader: InputContainer, stream: VideoStream, pictures: Pictures, stretch: Stretch
) -> Iterator[VideoFrame]:
    only(reader, [stream])
    stream.thread_type = "AUTO"
    if stretch.start is not None and stretch.start > pictures.first_pts:
        reader.seek(stretch.start, stream=stream, backward=True)
    for frame in reader.decode(stream):
        if frame.pts is not None:
            if stretch.start is not None and frame.pts < stretch.start:
                continue
            if stretch.end is not None and frame.pts >= stretch.end:
                return
        yield frame


def _timed(frames: Iterator[VideoFrame], pictures: Pictures) -> Iterator[VideoFrame]:
    """Give every frame a later timestamp than the one before it; streams without any get their rate."""
    step = max(1, round(1 / (pictures.rate * pictures.time_base)))
    last: int | None = None
    for frame in frames:
        if frame.pts is None:
            frame.pts = pictures.first_pts if last is None else last + step
            frame.time_base = pictures.time_base
        elif last is not None and frame.pts <= last:
            frame.pts = last + 1
        last = frame.pts
        yield frame
