"""Opening containers, and what is in them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import av
import av.error
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from watermarking.errors import MediaError, MediaReason

STILL_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp"})
# Demuxers that hold their own media. Playlists (HLS, DASH, concat, SDP) name other files and addresses:
# a stranger's upload would make the library read whatever it names.
_OPTIONS = {
    "format_whitelist": "mov,matroska,avi,mpegts,mpeg,flv,asf,mxf,ogg,wav,w64,aiff,caf,flac,mp3,aac,ivf,h264,hevc,obu,gif",
    "protocol_whitelist": "file",
}
_SIDE_MAX = 16_384
_CHANNELS_MAX = 32


@dataclass(frozen=True)
class Medium:
    """What a file holds: ``kind`` and, for streams, which layers and how long (0.0: unknown)."""

    kind: str
    has_video: bool
    has_audio: bool
    seconds: float


def probe(path: Path) -> Medium:
    """Look at ``path``.

    Raises:
        MediaError: there is no such file, or it is no medium.
    """
    if not path.is_file():
        raise MediaError(MediaReason.MEDIA_MISSING, "there is no such file", path.name)
    if path.suffix.lower() in STILL_SUFFIXES:
        return Medium("still", has_video=True, has_audio=False, seconds=0.0)
    with opened(path) as container:
        video, audio = video_stream(container), audio_stream(container)
        if video is None and audio is None:
            raise MediaError(MediaReason.MEDIA_EMPTY, "no pictures and no sound", path.name)
        seconds = float(container.duration or 0) / 1_000_000
        return Medium("stream", video is not None, audio is not None, seconds)


@contextmanager
def opened(path: Path) -> Iterator[InputContainer]:
    """Open ``path`` for reading; libav's errors become ours.

    Raises:
        MediaError: it cannot be opened, or broke while it was read.
    """
    try:
        with av.open(str(path), options=_OPTIONS) as container:
            yield container
    except av.error.FFmpegError as error:
        raise MediaError(
            MediaReason.MEDIA_UNREADABLE, f"{type(error).__name__}: {error.strerror}", path.name
        ) from error


def readable_frames(
    container: InputContainer, stream: VideoStream | AudioStream
) -> Iterator[AudioFrame | VideoFrame]:
    """Decode what can be decoded and pass over the rest: a damaged copy may still be evidence."""
    for packet in container.demux(stream):
        try:
            frames = packet.decode()
        except av.error.InvalidDataError:
            continue
        for frame in frames:
            if isinstance(frame, AudioFrame | VideoFrame):
                yield frame


def video_stream(container: InputContainer) -> VideoStream | None:
    """Return the first stream of moving pictures; cover art is none.

    Raises:
        MediaError: its pictures are too large.
    """
    for stream in container.streams.video:
        if stream.disposition & av.stream.Disposition.attached_pic:
            continue
        context = stream.codec_context
        if max(context.width, context.height) > _SIDE_MAX:
            raise MediaError(MediaReason.MEDIA_UNSUPPORTED, f"pictures wider than {_SIDE_MAX} pixels")
        return stream
    return None


def audio_stream(container: InputContainer) -> AudioStream | None:
    """Return the first sound stream.

    Raises:
        MediaError: it has too many channels.
    """
    for stream in container.streams.audio:
        if stream.channels > _CHANNELS_MAX:
            raise MediaError(MediaReason.MEDIA_UNSUPPORTED, f"more than {_CHANNELS_MAX} channels")
        return stream
    return None
