"""Writing a film: marked pictures and sound beside everything else that the source holds.

Subtitles, chapters, attachments, data and cover pictures are copied packet by packet. Timestamps, tags,
dispositions and the display matrix pass through. All streams are pulled by time, so none of them waits in memory
for another. What the container cannot hold is left out, and listed.
"""

from __future__ import annotations

import heapq
import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import av.error
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from watermarking.errors import MediaError, MediaReason
from watermarking.media.codecs import PicturePlan
from watermarking.media.containers import is_cover, only
from watermarking.media.films import Pictures
from watermarking.media.orientation import Matrix
from watermarking.media.priority import ordinary_priority
from watermarking.media.sound import Samples, sound_frame
from watermarking.media.soundcodecs import SoundPlan
from watermarking.media.staging import not_written

_MOV_FAMILY = {".mp4", ".mov", ".m4v", ".m4a"}
_OWN_TAGS = {"major_brand", "minor_version", "compatible_brands", "encoder", "duration", "vendor_id"}
_DELAY_MAX_SECONDS = 30
_FRAME_DURATION = av.codec.context.Flags.frame_duration
_INTERLACED = av.codec.context.Flags.interlaced_dct | av.codec.context.Flags.interlaced_me


@contextmanager
def written(path: Path, target: Path, tags: dict[str, str]) -> Iterator[OutputContainer]:
    """Open ``path`` for writing and finish the file at the end; libav's errors become ours.

    Args:
        target: the name it will have.
        tags: of the whole file.

    Raises:
        MediaError: no such container is written, or it could not be written.
    """
    kept = {name: value for name, value in tags.items() if name.lower() not in _OWN_TAGS}
    foreign = target.suffix.lower() in _MOV_FAMILY and any(name.count(".") > 1 for name in kept)
    options = {"movflags": "use_metadata_tags"} if foreign else {}
    if target.suffix.lower() == ".wav":
        options["rf64"] = "auto"
    try:
        container = av.open(str(path), "w", metadata_encoding="utf-8", container_options=options)
    except ValueError as error:
        raise MediaError(MediaReason.MEDIA_UNSUPPORTED, str(error), target.name) from error
    except av.error.FFmpegError as error:
        raise not_written(error, target) from error
    container.metadata.update(kept)
    try:
        yield container
    except BaseException:
        with suppress(av.error.FFmpegError, ValueError):
            container.close()
        raise
    try:
        container.close()
    except (av.error.FFmpegError, ValueError) as error:
        raise not_written(error, target) from error


@contextmanager
def scratch(target: Path) -> Iterator[OutputContainer]:
    """Open a container of ``target``'s kind that is never written: to ask what it holds, and to encode for it.

    Raises:
        MediaError: no such container is written.
    """
    try:
        # libav creates the file with the header, which is never asked for here
        container = av.open(str(target.with_name(f".{target.stem}.scratch{target.suffix}")), "w")
    except ValueError as error:
        raise MediaError(MediaReason.MEDIA_UNSUPPORTED, str(error), target.name) from error
    try:
        yield container
    finally:
        container.close()


class FilmWriter:
    """Adds streams to one output container, then muxes their packets in step."""

    def __init__(self, container: OutputContainer, target: Path) -> None:
        self.container, self.target = container, target
        self.left_out: list[str] = []

    def add_pictures(self, source: VideoStream, plan: PicturePlan, look: Pictures) -> VideoStream:
        """Add an encoded stream with the size, rate and tags of ``source``."""
        with self._refusing():
            added = self.container.add_stream(plan.encoder, rate=source.average_rate or Fraction(24))
        made = cast("VideoStream", added)
        context, like = made.codec_context, source.codec_context
        context.width, context.height = look.width, look.height
        context.pix_fmt = plan.pixel_format
        if source.time_base is not None:
            context.time_base = source.time_base
        context.color_range = like.color_range
        context.colorspace = like.colorspace
        context.color_primaries, context.color_trc = like.color_primaries, like.color_trc
        if like.sample_aspect_ratio:
            context.sample_aspect_ratio = like.sample_aspect_ratio
        context.flags |= _FRAME_DURATION
        if look.is_interlaced:
            context.flags |= _INTERLACED
            context.field_order = like.field_order
        made.options = dict(plan.options)
        if plan.codec == "h265" and self.target.suffix.lower() in _MOV_FAMILY:
            # the other tag, libav's own choice, is not played by QuickTime
            context.codec_tag = "hvc1"
        context.thread_type = "AUTO"
        self._dress(made, source, look.matrix)
        return made

    def add_sound(self, source: AudioStream, plan: SoundPlan) -> AudioStream:
        """Add an encoded stream of sound with the layout of ``source``."""
        with self._refusing():
            added = self.container.add_stream(plan.encoder, rate=plan.rate_hz, layout=source.layout.name)
        made = cast("AudioStream", added)
        if plan.sample_format:
            made.codec_context.format = plan.sample_format
        if plan.bits_per_second:
            made.bit_rate = plan.bits_per_second
        made.options = dict(plan.options)
        self._dress(made, source, None)
        return made

    def add_copies(self, reader: InputContainer, pictures: VideoStream | None) -> dict[int, Stream]:
        """Add what is copied, by its index in the source; chapters too.

        Raises:
            MediaError: there is a second stream of moving pictures, which would leave without a mark.
        """
        copies: dict[int, Stream] = {}
        for stream in reader.streams:
            if stream.type == "audio" or (pictures is not None and stream.index == pictures.index):
                continue
            if stream.type == "video" and not is_cover(stream):
                raise MediaError(MediaReason.MEDIA_UNSUPPORTED, "a second stream of moving pictures")
            if self._is_written_anew(stream, reader):
                continue
            if self._holds(stream):
                made = self.container.add_stream_from_template(stream, opaque=True)
                self._dress(made, stream, None)
                copies[stream.index] = made
            else:
                self.left_out.append(f"{stream.type} {stream.index} ({stream.name or 'unnamed'})")
        chapters = reader.chapters()
        if chapters:
            self.container.set_chapters(chapters)
        return copies

    def mux(self, *streams: Iterable[Packet]) -> None:
        """Mux streams of packets by time, pulling each only as far as it is needed."""
        for packet in heapq.merge(*streams, key=_seconds):
            with self.writing():
                self.container.mux(packet)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Tell what goes wrong in writing from what goes wrong in reading."""
        try:
            yield
        except av.error.FFmpegError as error:
            raise not_written(error, self.target) from error

    @contextmanager
    def _refusing(self) -> Iterator[None]:
        try:
            yield
        except (ValueError, av.error.FFmpegError) as error:
            raise MediaError(MediaReason.MEDIA_UNSUPPORTED, str(error), self.target.name) from error

    def _dress(self, made: Stream, source: Stream, matrix: Matrix | None) -> None:
        for name, value in source.metadata.items():
            if name.lower() not in _OWN_TAGS and not name.lower().startswith("_statistics"):
                made.metadata[name] = value
        made.disposition = source.disposition
        if isinstance(made, VideoStream) and matrix is not None:
            made.set_display_matrix(matrix)

    def _is_written_anew(self, stream: Stream, reader: InputContainer) -> bool:
        """Whether the muxer makes this stream itself: timecode from its tag, chapter titles from the chapters."""
        if stream.type != "data" or "mov" not in reader.format.name:
            return False
        return "timecode" in stream.metadata or 0 < stream.frames == len(reader.chapters())

    def _holds(self, stream: Stream) -> bool:
        """Whether the container takes a stream as it is: tried on a file of its own in memory."""
        try:
            with av.open(io.BytesIO(), "w", format=self.container.format.name) as trial:
                trial.add_stream_from_template(stream, opaque=True)
                trial.start_encoding()
        except (ValueError, av.error.FFmpegError):
            return False
        return True


def encoded_pictures(
    frames: Iterator[VideoFrame], target: VideoStream, writer: FilmWriter
) -> Iterator[Packet]:
    """Encode frames."""
    return _decodable(_encoded(frames, target, writer))


def _encoded(frames: Iterator[VideoFrame], target: VideoStream, writer: FilmWriter) -> Iterator[Packet]:
    for frame in frames:
        with writer.writing(), ordinary_priority() if not target.codec_context.is_open else nullcontext():
            packets = target.encode(frame)
        yield from packets
    with writer.writing():
        packets = target.encode(None)
    yield from packets


def _decodable(packets: Iterator[Packet]) -> Iterator[Packet]:
    """Mend decode times that make no sense: libx265 gives such for films shorter than its reordering."""
    last: int | None = None
    for packet in packets:
        if packet.pts is not None:
            most = _DELAY_MAX_SECONDS / Fraction(packet.time_base)
            if packet.dts is None or not 0 <= packet.pts - packet.dts <= most:
                packet.dts = packet.pts if last is None else last + 1
            last = packet.dts
        yield packet


def encoded_sound(
    blocks: Iterator[Samples],
    target: AudioStream,
    writer: FilmWriter,
    *,
    rate_hz: int,
    layout: str,
    start: Fraction,
) -> Iterator[Packet]:
    """Encode blocks ``[channels, n]`` that begin at ``start`` seconds."""
    count = round(start * rate_hz)
    for block in blocks:
        frame = sound_frame(block, rate_hz, layout)
        frame.pts = count
        count += block.shape[1]
        with writer.writing():
            packets = target.encode(frame)
        yield from packets
    with writer.writing():
        packets = target.encode(None)
    yield from packets


def copied(reader: InputContainer, copies: dict[int, Stream]) -> Iterator[Packet]:
    """Read the packets of the copied streams."""
    if not copies:
        return
    wanted = [stream for stream in reader.streams if stream.index in copies]
    only(reader, wanted)
    for packet in reader.demux(wanted):
        if packet.dts is None and packet.pts is None:
            continue
        packet.stream = copies[packet.stream.index]
        yield packet


def _seconds(packet: Packet) -> float:
    time = packet.dts if packet.dts is not None else packet.pts
    return float((time or 0) * (packet.time_base or 0))
