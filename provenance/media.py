"""Look at an upload before anything is done with it: is it a film we can mark and sign?

The container is told by its bytes, never by its name, and the demuxer is named: a playlist dressed up as
a film would otherwise make the library open other files, or addresses. One picture is decoded, so that a
file with a healthy header and no content is refused here and not an hour later.
"""

from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.error import FFmpegError

from common.errors import InvalidInput

# Bytes 4 to 8 of the file, then the brand: ISO base media (MP4) and QuickTime share one demuxer.
_BOX = b"ftyp"
_QUICKTIME_BRAND = b"qt  "
_DEMUXER = "mov"
_PIXELS_MAX = 16_384 * 16_384


@dataclass(frozen=True)
class MediaFacts:
    """What a film is, as far as marking and signing need to know.

    Attributes:
        media_type: as C2PA names it, such as ``video/mp4``.
        suffix: the file name ending that belongs to it.
        frame_rate: frames a second as a fraction, such as ``24/1``.
        frames: number of pictures the container declares; 0 where it declares none.
        duration_ms: length in milliseconds; 0 where unknown.
        sample_rate_hz: of the first sound stream; 0 without sound.
    """

    media_type: str
    suffix: str
    width: int
    height: int
    frame_rate: str
    frames: int
    duration_ms: int
    video_codec: str
    audio_codec: str
    sample_rate_hz: int

    @property
    def has_audio(self) -> bool:
        """Whether there is sound to mark."""
        return self.sample_rate_hz > 0

    def to_dict(self) -> dict[str, Any]:
        """Return the facts as JSON values."""
        return asdict(self)


def probe_media(path: Path) -> MediaFacts:
    """Read what kind of film a file is.

    Raises:
        InvalidInput: ``MEDIA_UNREADABLE``: no film, a damaged one, or a kind that is not taken in.
    """
    suffix, media_type = _container_of(path)
    try:
        with av.open(str(path), format=_DEMUXER, options={"protocol_whitelist": "file"}) as container:
            return _facts(container, suffix, media_type)
    except (FFmpegError, ValueError, OverflowError) as error:
        # the library's own text names our temporary file
        said = error.strerror if isinstance(error, FFmpegError) else "a value is out of range"
        raise _unreadable(f"the decoder says: {said}") from error


def track_numbers(path: Path) -> dict[str, str]:
    """Return the container's numbers of the tracks that are marked, by layer; empty where it numbers none."""
    try:
        with av.open(str(path), format=_DEMUXER, options={"protocol_whitelist": "file"}) as container:
            kinds = {"PIXEL": container.streams.video, "AUDIO": container.streams.audio}
            return {layer: str(streams[0].id) for layer, streams in kinds.items() if streams}
    except FFmpegError:
        return {}


def _container_of(path: Path) -> tuple[str, str]:
    with path.open("rb") as stream:
        head = stream.read(12)
    if head[4:8] != _BOX:
        raise _unreadable("only MP4 and QuickTime files are taken in")
    return (".mov", "video/quicktime") if head[8:12] == _QUICKTIME_BRAND else (".mp4", "video/mp4")


def _facts(container: Any, suffix: str, media_type: str) -> MediaFacts:
    if not container.streams.video:
        raise _unreadable("it holds no pictures")
    video = container.streams.video[0]
    if not 0 < video.width * video.height <= _PIXELS_MAX:
        raise _unreadable("its pictures have no usable size")
    if next(container.decode(video), None) is None:
        raise _unreadable("no picture can be decoded")
    audio = container.streams.audio[0] if container.streams.audio else None
    return MediaFacts(
        media_type=media_type,
        suffix=suffix,
        width=video.width,
        height=video.height,
        frame_rate=_fraction(video.average_rate),
        frames=video.frames,
        duration_ms=(container.duration or 0) // 1000,
        video_codec=video.codec_context.name,
        audio_codec=audio.codec_context.name if audio else "",
        sample_rate_hz=audio.rate if audio else 0,
    )


def _fraction(rate: Fraction | None) -> str:
    return f"{rate.numerator}/{rate.denominator}" if rate else "0/1"


def _unreadable(detail: str) -> InvalidInput:
    return InvalidInput("MEDIA_UNREADABLE", "This file is not a film that can be read.", detail)
