"""Look at an upload before anything is done with it: is it a film, a still or a sound we can mark and sign?

The format is told by its bytes, never by its name, and the reader is named: a playlist dressed up as a film
would otherwise make the library open other files, or addresses. One picture or one piece of sound is decoded,
so that a file with a healthy header and no content is refused here and not an hour later.
"""

from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.error import FFmpegError

from common.errors import InvalidInput
from provenance.formats import FLAC, FORMATS, Format, Kind, format_of
from watermarking.errors import MediaError
from watermarking.media.boxes import is_encrypted
from watermarking.media.stills import open_still

_DEMUXERS = {Kind.FILM: "mov", Kind.SOUND: "wav"}
_PIXELS_MAX = 16_384 * 16_384
_CHANNELS_MAX = 32


@dataclass(frozen=True)
class MediaFacts:
    """What a medium is, as far as marking and signing need to know.

    Attributes:
        media_type: as C2PA names it, such as ``video/mp4``.
        suffix: the file name ending that belongs to it.
        width: of its pictures; 0 for sound.
        frame_rate: frames a second as a fraction, such as ``24/1``; ``0/1`` where nothing moves.
        frames: number of pictures the container declares; 0 where it declares none.
        duration_ms: length in milliseconds; 0 where unknown and for stills.
        sample_rate_hz: of the first sound stream; 0 without sound.
        kind: film, still or sound.
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
    kind: str = Kind.FILM.value

    @property
    def has_audio(self) -> bool:
        """Whether there is sound to mark."""
        return self.sample_rate_hz > 0

    def to_dict(self) -> dict[str, Any]:
        """Return the facts as JSON values."""
        return asdict(self)


def probe_media(path: Path) -> MediaFacts:
    """Read what an upload is.

    Raises:
        InvalidInput: ``MEDIA_UNREADABLE``: not a medium, a damaged one, or a kind that is not taken in;
            ``MEDIA_PROTECTED``: its samples are encrypted, and whose protection that is, keeps it.
    """
    found = format_of(path)
    if found is None:
        names = ", ".join(one.name for one in FORMATS)
        raise _unreadable(f"only files of these kinds are taken in: {names}")
    if found.kind is Kind.STILL:
        return _still(path, found)
    if found.kind is Kind.FILM and is_encrypted(path):
        raise InvalidInput(
            "MEDIA_PROTECTED",
            "This file is encrypted, and stays as it is.",
            "Hand in the master from before its protection; nothing is decrypted here.",
        )
    demuxer = "flac" if found is FLAC else _DEMUXERS[found.kind]
    try:
        with av.open(str(path), format=demuxer, options={"protocol_whitelist": "file"}) as container:
            return _film(container, found) if found.kind is Kind.FILM else _sound(container, found)
    except (FFmpegError, ValueError, OverflowError) as error:
        # the library's own text names our temporary file
        said = error.strerror if isinstance(error, FFmpegError) else "a value is out of range"
        raise _unreadable(f"the decoder says: {said}") from error


def track_numbers(path: Path) -> dict[str, str]:
    """Return the container's numbers of the tracks that are marked, by layer; empty where it numbers none."""
    found = format_of(path)
    if found is None or found.kind is not Kind.FILM:
        return {}
    try:
        with av.open(str(path), format="mov", options={"protocol_whitelist": "file"}) as container:
            kinds = {"PIXEL": container.streams.video, "AUDIO": container.streams.audio}
            return {layer: str(streams[0].id) for layer, streams in kinds.items() if streams}
    except FFmpegError:
        return {}


def _still(path: Path, found: Format) -> MediaFacts:
    try:
        still = open_still(path)
    except MediaError as error:
        raise _unreadable(f"the decoder says: {error.code}") from error
    except ValueError as error:
        # the library quotes a broken header's bytes, which need not be text
        raise _unreadable("a value is out of range") from error
    height, width = still.parts[still.pictured[0]].frame
    return MediaFacts(
        media_type=found.media_type,
        suffix=found.suffix,
        width=width,
        height=height,
        frame_rate="0/1",
        frames=1,
        duration_ms=0,
        video_codec=still.form,
        audio_codec="",
        sample_rate_hz=0,
        kind=found.kind.value,
    )


def _sound(container: Any, found: Format) -> MediaFacts:
    if not container.streams.audio:
        raise _unreadable("it holds no sound")
    audio = container.streams.audio[0]
    if not (audio.rate > 0 and 0 < audio.channels <= _CHANNELS_MAX):
        raise _unreadable("its sound has no usable rate or channels")
    if next(container.decode(audio), None) is None:
        raise _unreadable("no sound can be decoded")
    return MediaFacts(
        media_type=found.media_type,
        suffix=found.suffix,
        width=0,
        height=0,
        frame_rate="0/1",
        frames=0,
        duration_ms=(container.duration or 0) // 1000,
        video_codec="",
        audio_codec=audio.codec_context.name,
        sample_rate_hz=audio.rate,
        kind=found.kind.value,
    )


def _film(container: Any, found: Format) -> MediaFacts:
    if not container.streams.video:
        raise _unreadable("it holds no pictures")
    video = container.streams.video[0]
    if not 0 < video.width * video.height <= _PIXELS_MAX:
        raise _unreadable("its pictures have no usable size")
    if next(container.decode(video), None) is None:
        raise _unreadable("no picture can be decoded")
    audio = container.streams.audio[0] if container.streams.audio else None
    return MediaFacts(
        media_type=found.media_type,
        suffix=found.suffix,
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
    return InvalidInput("MEDIA_UNREADABLE", "This file is not a medium that can be read.", detail)
