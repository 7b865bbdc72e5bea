"""Embedding a mark in a film or a sound: decode, mark, encode, then move the result into place.

Nothing is ever left half-written under the final name. Where there is nothing to carry a mark
(darkness, silence, a sound too short) the layer is reported as not markable, and nothing is
claimed for it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import msgspec
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet

from watermarking.cards import load_pixel_card, load_sound_card
from watermarking.cards.strength import boosted_pixels, boosted_sound
from watermarking.errors import MediaError, MediaReason
from watermarking.media.codecs import Encoding, PicturePlan, plan_pictures
from watermarking.media.containers import audio_streams, check_holds, opened, video_stream
from watermarking.media.films import Pictures, Stretch, marked_frames, survey_pictures
from watermarking.media.frames import Canvas, Moment, Plane
from watermarking.media.pieces import joined_packets
from watermarking.media.riff import copy_chunks
from watermarking.media.segments import write_stretch
from watermarking.media.sound import Samples, in_blocks, over_any_range, read_sound
from watermarking.media.soundcodecs import plan_sound
from watermarking.media.staging import staged, writing_to
from watermarking.media.stated import stated_share
from watermarking.media.writing import FilmWriter, copied, encoded_pictures, encoded_sound, written
from watermarking.reports import EmbedReport, LayerEmbedding, payload_hex
from watermarking.signal.picture import PictureForm, PictureMarker
from watermarking.signal.threads import use_threads
from watermarking.signal.voice import BLOCK_SECONDS, MARGIN_SECONDS, SoundMarker

_LEAST_SOUND_SECONDS = 3.0
_LEAST_LIT_SHARE = 0.05
_BATCH_MAX, _BATCH_PIXELS = 32, 1 << 25
# libav estimates how long these are from their size
_GUESSED_LENGTH = {"mp3", "aac", "h264", "hevc", "obu", "ivf", "flv", "mpeg"}
_Seen = Callable[[InputContainer, Pictures, PicturePlan, FilmWriter], Iterator[Packet]]
_SHORT_BY_SECONDS, _SHORT_SHARE = 1.0, 0.9


class Tally(msgspec.Struct, frozen=True):
    """How many pictures were marked, how many of them were light enough, and the squared change of luma."""

    frames: int = 0
    lit_frames: int = 0
    error: float = 0.0

    def __add__(self, other: Tally) -> Tally:
        """Count both."""
        return Tally(self.frames + other.frames, self.lit_frames + other.lit_frames, self.error + other.error)

    def report(self, card: str) -> LayerEmbedding:
        """Say what happened to the pixel layer."""
        if not self.frames:
            return LayerEmbedding("missing", card)
        if self.lit_frames < _LEAST_LIT_SHARE * self.frames:
            return LayerEmbedding("not_markable", card, reason="DARK")
        level = 10.0 * math.log10(255.0**2 / max(self.error / self.frames, 1e-9))
        return LayerEmbedding("embedded", card, level_db=round(level, 2))


@dataclass(frozen=True)
class MarkJob:
    """What to embed: id, key and the names of both cards.

    ``boost``: strength, the cards' own being 1.0. ``device``: where torch works, ``cpu`` or ``cuda``. ``batch``:
    how many pictures of a film are marked together; None: one on a processor, whose caches hold no more, as many
    as ``_BATCH_PIXELS`` hold elsewhere.
    """

    mark_id: int
    key: bytes
    pixel_card: str
    audio_card: str
    boost: float = 1.0
    device: str = "cpu"
    batch: int | None = None


class PictureWork:
    """Marks pictures of one film, or one still, in order; makes its marker for the first one's form.

    Args:
        label: names the stretch of a longer film that begins here.
    """

    def __init__(self, job: MarkJob, *, still: bool = False, label: str = "") -> None:
        self._job, self._still, self._label = job, still, label
        self.shot: str | None = None
        self.marker: PictureMarker | None = None
        self._canvas: Canvas | None = None

    def batch(self, width: int, height: int) -> int:
        """How many pictures of that size are marked together."""
        if self._job.batch is not None:
            return self._job.batch
        return 1 if self._job.device == "cpu" else min(_BATCH_MAX, max(1, _BATCH_PIXELS // (width * height)))

    def __call__(self, planes: tuple[Plane, ...], canvas: Canvas, moment: Moment) -> tuple[Plane, ...]:
        return self.many([planes], canvas, [moment])[0]

    def many(
        self, frames: Sequence[tuple[Plane, ...]], canvas: Canvas, moments: Sequence[Moment]
    ) -> list[tuple[Plane, ...]]:
        """Mark pictures that follow one another."""
        if self.marker is None:
            form = PictureForm(
                canvas.width,
                canvas.height,
                canvas.chroma,
                depth=canvas.depth,
                left_sited=canvas.left_sited,
                still=self._still,
                aspect=canvas.aspect,
            )
            card = boosted_pixels(load_pixel_card(self._job.pixel_card), self._job.boost)
            self.marker = PictureMarker(
                card, self._job.key, self._job.mark_id, form, label=self._label, device=self._job.device
            )
            self._canvas = canvas
        if canvas != self._canvas:
            raise MediaError(MediaReason.MEDIA_UNSUPPORTED, "the form of the pictures changes midway")
        return self.marker.mark_all(frames, shot=self.shot)

    @property
    def tally(self) -> Tally:
        """What was done so far."""
        made = self.marker
        if made is None or not made.frames:
            return Tally()
        return Tally(
            made.frames, made.lit_frames, made.frames * 255.0**2 / 10.0 ** (made.mean_psnr_db / 10.0)
        )


class SoundWork:
    """Marks the blocks of one stream of sound."""

    def __init__(self, job: MarkJob, path: Path, track: int, rate_hz: int) -> None:
        self._name, self._path, self._track, self._rate = job.audio_card, path, track, rate_hz
        self._marker = SoundMarker(
            boosted_sound(load_sound_card(job.audio_card), job.boost), job.key, job.mark_id
        )
        self.samples = 0

    @property
    def seconds(self) -> float:
        """How much went through so far."""
        return self.samples / self._rate

    def blocks(self) -> Iterator[Samples]:
        """Yield the marked sound, block by block."""
        for block in in_blocks(
            read_sound(self._path, track=self._track),
            rate_hz=self._rate,
            block=BLOCK_SECONDS,
            margin=MARGIN_SECONDS,
            work=over_any_range(self._work),
        ):
            self.samples += block.shape[1]
            yield block

    def _work(self, samples: Samples, first_second: int) -> Samples:
        return self._marker.mark(samples, rate_hz=self._rate, first_second=first_second)

    def report(self) -> LayerEmbedding:
        """Say what happened to this stream."""
        if not self._marker.markable_blocks:
            return LayerEmbedding("not_markable", self._name, reason="SILENT")
        if self.samples < _LEAST_SOUND_SECONDS * self._rate:
            return LayerEmbedding("not_markable", self._name, reason="TOO_SHORT")
        return LayerEmbedding("embedded", self._name, level_db=round(self._marker.mean_snr_db, 2))


def embed_stream(source: Path, target: Path, job: MarkJob, encoding: Encoding) -> EmbedReport:
    """Mark the pictures and every track of sound of a film or a sound file.

    Raises:
        MediaError: ``source`` cannot be read, is cut off, or ``target`` cannot be written.
    """
    use_threads(1)
    work = PictureWork(job)

    def encode(
        reader: InputContainer, look: Pictures, plan: PicturePlan, writer: FilmWriter
    ) -> Iterator[Packet]:
        stream = video_stream(reader)
        assert stream is not None
        made = writer.add_pictures(stream, plan, look)
        return encoded_pictures(marked_frames(reader, stream, look, plan.pixel_format, work), made, writer)

    return _embed(source, target, job, encoding, encode, lambda: work.tally)


def embed_stretch(
    source: Path, piece: Path, stretch: Stretch, job: MarkJob, encoding: Encoding, target: Path
) -> Tally:
    """Mark one stretch of a film's pictures into the file ``piece``, for ``join_stretches``.

    Raises:
        MediaError: ``source`` cannot be read, or ``piece`` cannot be written.
    """
    use_threads(1)
    work = PictureWork(job)
    write_stretch(source, piece, stretch, work, encoding, target)
    return work.tally


def join_stretches(
    pieces: Sequence[Path], source: Path, target: Path, job: MarkJob, encoding: Encoding, tally: Tally
) -> EmbedReport:
    """Join the pieces of a film, in order, with its marked sound and all else that ``source`` holds.

    Args:
        pieces: one per stretch of ``plan_segments``; none for a source without pictures.
        tally: the sum over the stretches.

    Raises:
        MediaError: a piece is broken or missing, or as ``embed_stream``.
    """
    use_threads(1)

    def join(
        reader: InputContainer, look: Pictures, plan: PicturePlan, writer: FilmWriter
    ) -> Iterator[Packet]:
        stream = video_stream(reader)
        assert stream is not None
        return joined_packets(list(pieces), writer.add_pictures(stream, plan, look))

    return _embed(source, target, job, encoding, join, lambda: tally)


def _embed(
    source: Path, target: Path, job: MarkJob, encoding: Encoding, seen: _Seen, tally: Callable[[], Tally]
) -> EmbedReport:
    reached = Reached()
    with ExitStack() as held:
        reader = held.enter_context(opened(source))
        moving, _ = check_holds(reader, source)
        pictures = survey_pictures(source) if moving is not None else None
        partial = held.enter_context(staged(target))
        picture_reader = reader if pictures is None else held.enter_context(opened(source))
        with written(partial, target, reader.metadata) as container:
            writer = FilmWriter(container, target)
            packets: Iterator[Packet] = iter(())
            if pictures is not None:
                plan = plan_pictures(pictures.traits, encoding, container.supported_codecs)
                packets = seen(picture_reader, pictures, plan, writer)
            tracks = _Tracks(reader, source, target, job, encoding)
            heard = tracks.add(writer, in_step=pictures is not None)
            copies = writer.add_copies(reader, video_stream(reader))
            writer.mux(reached.watch(packets), *heard, reached.watch(copied(reader, copies)))
        seconds = float(reader.duration or 0) / 1_000_000
        stated = 0.0 if reader.format.name in _GUESSED_LENGTH else seconds * stated_share(source)
        check_whole(stated, max([reached.seconds, *(one.seconds for one in tracks.works)]), source)
        if target.suffix.lower() == ".wav":
            with writing_to(target):
                copy_chunks(source, partial)
    done = tally()
    layers = {"pixel": done.report(job.pixel_card), "audio": tracks.report(job)}
    return EmbedReport(
        payload_hex(job.mark_id), done.frames, seconds, layers, left_out=tuple(writer.left_out)
    )


class Reached:
    """How far the pictures came."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def watch(self, packets: Iterator[Packet]) -> Iterator[Packet]:
        """Pass packets on and keep the latest end."""
        for packet in packets:
            end = (packet.pts or 0) + (packet.duration or 0)
            self.seconds = max(self.seconds, float(end * (packet.time_base or 0)))
            yield packet


def check_whole(stated: float, reached: float, source: Path) -> None:
    """Refuse a film that ends long before the end that its header states.

    Raises:
        MediaError: it was cut off, or its header lies.
    """
    if reached < _SHORT_SHARE * stated and stated - reached > _SHORT_BY_SECONDS:
        detail = f"it ends after {reached:.1f} s; its header says {stated:.1f} s"
        raise MediaError(MediaReason.MEDIA_UNREADABLE, detail, source.name)


class _Tracks:
    """The tracks of sound of one film: each is marked, each is written as its own kind again."""

    def __init__(
        self, reader: InputContainer, source: Path, target: Path, job: MarkJob, encoding: Encoding
    ) -> None:
        self._streams: list[AudioStream] = audio_streams(reader)
        self.works = [SoundWork(job, source, index, one.rate) for index, one in enumerate(self._streams)]
        self._suffix, self._lossless = target.suffix.lower(), encoding.lossless

    def add(self, writer: FilmWriter, *, in_step: bool) -> list[Iterator[Packet]]:
        """Add the output streams; returns their packets.

        Args:
            in_step: keep the time that a track begins at; sound alone begins at zero.
        """
        made: list[Iterator[Packet]] = []
        for stream, work in zip(self._streams, self.works, strict=True):
            plan = plan_sound(
                stream, self._suffix, writer.container.supported_codecs, lossless=self._lossless
            )
            added = writer.add_sound(stream, plan)
            start = Fraction(stream.start_time or 0) * (stream.time_base or 0) if in_step else Fraction(0)
            made.append(
                encoded_sound(
                    work.blocks(), added, writer, rate_hz=stream.rate, layout=stream.layout.name, start=start
                )
            )
        return made

    def report(self, job: MarkJob) -> LayerEmbedding:
        """Say what happened to the sound: the first track that took a mark speaks for all."""
        reports = [work.report() for work in self.works]
        marked = [one for one in reports if one.status == "embedded"]
        return next(iter(marked or reports), LayerEmbedding("missing", job.audio_card))
