"""A film in stretches: planned at key frames, encoded apart, joined as if it had been done in one go.

A stretch holds the pictures whose timestamps lie from one key frame's own to another's. Its pictures are
decoded from that key frame on; pictures that are shown before it but stored after it belong to the stretch
before. Sound, subtitles and all else are done at the joining (``embedding.join_stretches``).

    >>> [stretch.end for stretch in plan_segments(Path("film.mp4"), 60.0)]  # doctest: +SKIP
    [774144, 1548288, None]
"""

from __future__ import annotations

import itertools
from fractions import Fraction
from pathlib import Path

import av
import av.error
from av.container import InputContainer
from av.video.stream import VideoStream

from watermarking.errors import MediaError, MediaReason
from watermarking.media.codecs import Encoding, plan_pictures
from watermarking.media.containers import only, opened, video_stream
from watermarking.media.films import Pictures, Stretch, marked_frames, survey_pictures
from watermarking.media.frames import FilmWork
from watermarking.media.pieces import write_piece
from watermarking.media.writing import FilmWriter, encoded_pictures, scratch

__all__ = ["Stretch", "plan_segments", "write_stretch"]

# a stated length may be a lie of years
_SEEKS_MAX = 20_000


def plan_segments(path: Path, seconds: float) -> list[Stretch]:
    """Cut a film's pictures into stretches of about ``seconds``, at key frames.

    What has no key frames to seek to, or no pictures, is one stretch.

    Raises:
        MediaError: it cannot be read.
    """
    pictures = survey_pictures(path)
    if pictures is None:
        return [Stretch()]
    with opened(path) as reader:
        stream = video_stream(reader)
        assert stream is not None
        only(reader, [stream])
        end = pictures.first_pts + round(Fraction(reader.duration or 0, 1_000_000) / pictures.time_base)
        cuts = _cuts(reader, stream, pictures, round(Fraction(seconds) / pictures.time_base), end)
    edges: list[int | None] = [None, *cuts, None]
    return [Stretch(start, stop) for start, stop in itertools.pairwise(edges)]


def write_stretch(
    source: Path, piece: Path, stretch: Stretch, work: FilmWork, encoding: Encoding, target: Path
) -> None:
    """Mark and encode one stretch into the file ``piece``.

    Args:
        target: the name that the film will have; its container decides what may be written.

    Raises:
        MediaError: ``source`` cannot be read, or ``piece`` cannot be written.
    """
    pictures = survey_pictures(source)
    if pictures is None:
        raise MediaError(MediaReason.MEDIA_EMPTY, "no pictures", source.name)
    with opened(source) as reader, scratch(target) as container:
        stream = video_stream(reader)
        assert stream is not None
        plan = plan_pictures(pictures.traits, encoding, container.supported_codecs)
        writer = FilmWriter(container, target)
        made = writer.add_pictures(stream, plan, pictures)
        frames = marked_frames(reader, stream, pictures, plan.pixel_format, work, stretch)
        write_piece(piece, encoded_pictures(frames, made, writer), made)


def _cuts(reader: InputContainer, stream: VideoStream, pictures: Pictures, step: int, end: int) -> list[int]:
    """Timestamps of key frames about ``step`` apart."""
    cuts: list[int] = []
    step = max(1, step)
    wanted = pictures.first_pts + step
    for _ in range(_SEEKS_MAX):
        if wanted + step // 2 >= end:
            break
        found = _key_frame_at(reader, stream, wanted)
        if found is None:
            break
        if found > (cuts[-1] if cuts else pictures.first_pts):
            cuts.append(found)
        wanted = max(wanted, found) + step
    return cuts


def _key_frame_at(reader: InputContainer, stream: VideoStream, wanted: int) -> int | None:
    """Return the timestamp of the key frame that decoding begins with for ``wanted``."""
    try:
        reader.seek(wanted, stream=stream, backward=True)
        for packet in reader.demux(stream):
            if packet.is_keyframe and packet.pts is not None:
                return packet.pts
    except (PermissionError, av.error.FFmpegError):
        pass
    return None
