"""Writing a film: marked frames through x264, marked sound beside them, in step.

Timestamps, rate, sample aspect and colour tags of the source pass through. Packets of sound are
muxed as the pictures reach them, so neither waits in memory for the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import cast

import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from watermarking.errors import MediaError, MediaReason
from watermarking.media.frames import Plane, frame_like, planes_of, working_format
from watermarking.media.sound import Samples

PlaneWork = Callable[[tuple[Plane, ...], VideoFrame], tuple[Plane, ...]]

_SOUND_CODECS = {".wav": "pcm_s16le", ".flac": "flac", ".mp3": "libmp3lame", ".opus": "libopus"}
_LOSSLESS_SOUND = {".mp4": "alac", ".m4a": "alac", ".mov": "alac", ".mkv": "flac", ".mka": "flac"}
_BITS_PER_SECOND = {"aac": 96_000, "libmp3lame": 96_000, "libopus": 80_000}


@dataclass(frozen=True)
class Encoding:
    """How a copy is encoded: x264 constant rate factor (0 is lossless) and preset."""

    crf: int = 16
    preset: str = "veryfast"
    lossless: bool = False


class FilmWriter:
    """Writes one output container; use as a context manager of its ``container``."""

    def __init__(self, container: OutputContainer, encoding: Encoding) -> None:
        self.container, self.encoding = container, encoding

    def add_pictures(self, source: VideoStream) -> VideoStream:
        """Add an H.264 stream with the size, rate and tags of ``source``."""
        made = self.container.add_stream("libx264", rate=source.average_rate or Fraction(24))
        context, like = made.codec_context, source.codec_context
        context.width, context.height = like.width, like.height
        context.pix_fmt = working_format(like.pix_fmt or "yuv420p").replace("yuvj", "yuv")
        if source.time_base is not None:
            context.time_base = source.time_base
        context.color_range = like.color_range
        context.colorspace = like.colorspace
        context.color_primaries, context.color_trc = like.color_primaries, like.color_trc
        if like.sample_aspect_ratio:
            context.sample_aspect_ratio = like.sample_aspect_ratio
        factor = 0 if self.encoding.lossless else self.encoding.crf
        made.options = {"crf": str(factor), "preset": self.encoding.preset}
        context.thread_type = "FRAME"
        return made

    def add_sound(self, source: AudioStream, suffix: str) -> AudioStream:
        """Add a sound stream that suits the container, with the rate and layout of ``source``."""
        name = _SOUND_CODECS.get(suffix, "aac")
        if self.encoding.lossless:
            name = _LOSSLESS_SOUND.get(suffix, name)
        rate = 48_000 if name == "libopus" else source.rate
        added = self.container.add_stream(name, rate=rate, layout=source.layout.name)
        made = cast("AudioStream", added)
        if name in _BITS_PER_SECOND:
            made.bit_rate = _BITS_PER_SECOND[name] * max(2, source.channels)
        return made


def picture_packets(
    source: InputContainer, stream: VideoStream, target: VideoStream, work: PlaneWork
) -> Iterator[Packet]:
    """Decode, put ``work`` over each frame's planes, encode."""
    stream.thread_type = "AUTO"
    wanted = working_format(stream.codec_context.pix_fmt or "yuv420p").replace("yuvj", "yuv")
    for frame in source.decode(stream):
        plain = frame if frame.format.name.replace("yuvj", "yuv") == wanted else frame.reformat(format=wanted)
        if (plain.width, plain.height) != (target.width, target.height):
            raise MediaError(MediaReason.MEDIA_UNSUPPORTED, "the size of the pictures changes midway")
        yield from target.encode(frame_like(plain, work(planes_of(plain), plain)))
    yield from target.encode(None)


def sound_packets(
    blocks: Iterator[Samples], target: AudioStream, *, rate_hz: int, layout: str, start: Fraction
) -> Iterator[Packet]:
    """Encode blocks ``[channels, n]`` that begin at ``start`` seconds."""
    from_layout = layout
    written = round(start * rate_hz)
    for block in blocks:
        frame = AudioFrame.from_ndarray(np.ascontiguousarray(block), format="fltp", layout=from_layout)
        frame.rate, frame.time_base, frame.pts = rate_hz, Fraction(1, rate_hz), written
        written += block.shape[1]
        yield from target.encode(frame)
    yield from target.encode(None)


def mux_in_step(container: OutputContainer, pictures: Iterator[Packet], sound: Iterator[Packet]) -> None:
    """Mux two streams of packets by time, pulling each only as far as it is needed."""
    waiting = next(sound, None)
    for packet in pictures:
        container.mux(packet)
        reached = _seconds(packet)
        while waiting is not None and _seconds(waiting) <= reached:
            container.mux(waiting)
            waiting = next(sound, None)
    while waiting is not None:
        container.mux(waiting)
        waiting = next(sound, None)


def _seconds(packet: Packet) -> float:
    time = packet.dts if packet.dts is not None else packet.pts
    return float((time or 0) * (packet.time_base or 0))
