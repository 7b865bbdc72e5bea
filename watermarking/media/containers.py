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
from av.stream import Discard, Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from watermarking.errors import MediaError, MediaReason
from watermarking.media.boxes import is_encrypted
from watermarking.media.sequences import STILL_SUFFIXES, Sequence, find_sequence

# Demuxers that hold their own media. Playlists (HLS, DASH, concat, SDP) name other files and addresses:
# a stranger's upload would make the library read whatever it names.
_OPTIONS = {
    "format_whitelist": "mov,matroska,avi,mpegts,mpeg,flv,asf,mxf,ogg,wav,w64,aiff,caf,flac,mp3,aac,ivf,h264,hevc,obu,gif",
    "protocol_whitelist": "file",
}
PIXELS_MAX = 1 << 26
SIDE_LEAST = 64
_CHANNELS_MAX = 32
# samples a second: fewer make days of sound out of a small file, and nothing that is heard
_RATES = (1_000, 1_536_000)


@dataclass(frozen=True)
class Medium:
    """What a file holds: ``kind`` and, for streams, which layers and how long (0.0: unknown)."""

    kind: str
    has_video: bool
    has_audio: bool
    seconds: float
    sequence: Sequence | None = None


def probe(path: Path) -> Medium:
    """Look at ``path``: a film, a sound, a still, or numbered stills (a folder or a pattern).

    Raises:
        MediaError: there is no such file, or it is no medium.
    """
    stills = probe_stills(path)
    if stills is not None:
        return stills
    with opened(path) as container:
        video, audio = check_holds(container, path)
        seconds = float(container.duration or 0) / 1_000_000
        return Medium("stream", video is not None, bool(audio), seconds)


def probe_stills(path: Path) -> Medium | None:
    """Look whether ``path`` is a still or numbered stills; nothing is opened, anything else is None.

    Raises:
        MediaError: there is no such file.
    """
    sequence = find_sequence(path)
    if sequence is not None:
        return Medium("sequence", has_video=True, has_audio=False, seconds=0.0, sequence=sequence)
    if not path.is_file():
        raise MediaError(MediaReason.MEDIA_MISSING, "there is no such file", path.name)
    if path.suffix.lower() in STILL_SUFFIXES:
        return Medium("still", has_video=True, has_audio=False, seconds=0.0)
    return None


def check_holds(container: InputContainer, path: Path) -> tuple[VideoStream | None, list[AudioStream]]:
    """Return the stream of moving pictures and those of sound.

    Raises:
        MediaError: there are none, or one of them is too large or too small.
    """
    video, audio = video_stream(container), audio_streams(container)
    if video is None and not audio:
        raise MediaError(MediaReason.MEDIA_EMPTY, "no pictures and no sound", path.name)
    return video, audio


def _is_unknown(stream: Stream) -> bool:
    """Whether no decoder knows the stream's codec: a damaged or foreign header."""
    return getattr(stream, "codec_context", None) is None


@contextmanager
def opened(path: Path) -> Iterator[InputContainer]:
    """Open ``path`` for reading; libav's errors become ours.

    Raises:
        MediaError: it is empty, encrypted, cannot be opened, or broke while it was read.
    """
    try:
        if path.stat().st_size == 0:
            raise MediaError(MediaReason.MEDIA_EMPTY, "the file is empty", path.name)
        if is_encrypted(path):
            raise MediaError(MediaReason.MEDIA_PROTECTED, "its streams are encrypted", path.name)
        with av.open(str(path), options=_OPTIONS, metadata_errors="replace") as container:
            yield container
    except av.error.FFmpegError as error:
        raise MediaError(
            MediaReason.MEDIA_UNREADABLE, f"{type(error).__name__}: {error.strerror}", path.name
        ) from error
    except PermissionError as error:
        raise MediaError(MediaReason.MEDIA_UNREADABLE, "it may not be read", path.name) from error


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


def only(container: InputContainer, wanted: list[Stream]) -> None:
    """Read nothing of the other streams."""
    kept = {stream.index for stream in wanted}
    for stream in container.streams:
        stream.discard = Discard.default if stream.index in kept else Discard.all


def is_cover(stream: Stream) -> bool:
    """Whether a stream of pictures is one picture beside the sound."""
    attached = av.stream.Disposition.attached_pic | av.stream.Disposition.timed_thumbnails
    return bool(stream.disposition & attached)


def video_stream(container: InputContainer) -> VideoStream | None:
    """Return the first stream of moving pictures; cover art is none.

    Raises:
        MediaError: its pictures are too large or too small.
    """
    for stream in container.streams.video:
        if is_cover(stream) or _is_unknown(stream):
            continue
        check_size(stream.codec_context.width, stream.codec_context.height)
        return stream
    return None


def check_size(width: int, height: int) -> None:
    """Refuse pictures that nothing could be hidden in, or that would not fit in memory.

    Raises:
        MediaError: MEDIA_TOO_SMALL or MEDIA_TOO_LARGE.
    """
    if width * height > PIXELS_MAX:
        raise MediaError(MediaReason.MEDIA_TOO_LARGE, f"{width} x {height}: more than {PIXELS_MAX} pixels")
    if min(width, height) < SIDE_LEAST:
        raise MediaError(MediaReason.MEDIA_TOO_SMALL, f"{width} x {height}: a side under {SIDE_LEAST} pixels")


def audio_streams(container: InputContainer) -> list[AudioStream]:
    """Return the streams of sound.

    Raises:
        MediaError: one has too many channels or none, or a rate of no sound.
    """
    found = [stream for stream in container.streams.audio if not _is_unknown(stream)]
    for stream in found:
        if stream.channels > _CHANNELS_MAX:
            raise MediaError(MediaReason.MEDIA_TOO_LARGE, f"more than {_CHANNELS_MAX} channels")
        if stream.channels < 1 or getattr(stream.codec_context, "format", None) is None:
            raise MediaError(MediaReason.MEDIA_UNREADABLE, "a track of sound without channels or a form")
        if not _RATES[0] <= stream.rate <= _RATES[1]:
            raise MediaError(MediaReason.MEDIA_UNSUPPORTED, f"{stream.rate} samples a second")
    return found
