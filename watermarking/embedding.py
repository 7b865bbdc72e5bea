"""Embedding a mark in a file: decode, mark, encode, then move the result into place.

Nothing is ever left half-written under the final name. Where there is nothing to carry a mark
(darkness, silence, a sound too short) the layer is reported as not markable, and nothing is
claimed for it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import av.error
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from watermarking.cards import load_pixel_card, load_sound_card
from watermarking.errors import MediaError, MediaReason
from watermarking.media.containers import audio_stream, opened, video_stream
from watermarking.media.frames import Plane, depth_of
from watermarking.media.sound import Samples, in_blocks, read_sound
from watermarking.media.stills import open_still, write_still
from watermarking.media.writing import (
    Encoding,
    FilmWriter,
    mux_in_step,
    picture_packets,
    sound_packets,
)
from watermarking.reports import EmbedReport, LayerEmbedding, payload_hex
from watermarking.signal.picture import PictureForm, PictureMarker
from watermarking.signal.threads import use_threads
from watermarking.signal.voice import BLOCK_SECONDS, MARGIN_SECONDS, SoundMarker

_LEAST_SOUND_SECONDS = 3.0
_LEAST_LIT_SHARE = 0.05


@dataclass(frozen=True)
class MarkJob:
    """What to embed: id, key and the names of both cards."""

    mark_id: int
    key: bytes
    pixel_card: str
    audio_card: str


class _Pictures:
    """Marks the frames of one stream, making a marker for the first frame's form."""

    def __init__(self, job: MarkJob) -> None:
        self._job = job
        self.marker: PictureMarker | None = None

    def work(self, planes: tuple[Plane, ...], frame: VideoFrame) -> tuple[Plane, ...]:
        if self.marker is None:
            chroma = planes[1].shape if len(planes) > 1 else None
            form = PictureForm(
                frame.width,
                frame.height,
                (chroma[1], chroma[0]) if chroma else None,
                depth=depth_of(frame.format.name),
            )
            card = load_pixel_card(self._job.pixel_card)
            self.marker = PictureMarker(card, self._job.key, self._job.mark_id, form)
        return self.marker.mark(planes)


class _Sound:
    """Marks the blocks of one sound stream."""

    def __init__(self, job: MarkJob, path: Path, rate_hz: int) -> None:
        self._name, self._path, self._rate = job.audio_card, path, rate_hz
        self._marker = SoundMarker(load_sound_card(job.audio_card), job.key, job.mark_id)
        self.samples = 0

    def blocks(self) -> Iterator[Samples]:
        pieces = read_sound(self._path)
        for block in in_blocks(
            pieces, rate_hz=self._rate, block=BLOCK_SECONDS, margin=MARGIN_SECONDS, work=self._work
        ):
            self.samples += block.shape[1]
            yield block

    def _work(self, samples: Samples, first_second: int) -> Samples:
        return self._marker.mark(samples, rate_hz=self._rate, first_second=first_second)

    def report(self) -> LayerEmbedding:
        if not self._marker.markable_blocks:
            return LayerEmbedding("not_markable", self._name, reason="SILENT")
        if self.samples < _LEAST_SOUND_SECONDS * self._rate:
            return LayerEmbedding("not_markable", self._name, reason="TOO_SHORT")
        return LayerEmbedding("embedded", self._name, level_db=round(self._marker.mean_snr_db, 2))


def embed_stream(source: Path, target: Path, job: MarkJob, encoding: Encoding) -> EmbedReport:
    """Mark the pictures and the sound of a film or a sound file.

    Raises:
        MediaError: ``source`` cannot be read, or ``target`` cannot be written.
    """
    use_threads(1)
    pictures = _Pictures(job)
    with _staged(target) as staged, opened(source) as reader:
        video, audio = video_stream(reader), audio_stream(reader)
        sound = _Sound(job, source, audio.rate) if audio is not None else None
        with av.open(str(staged), "w", metadata_encoding="utf-8") as container:
            container.metadata.update(reader.metadata)
            _write(reader, container, encoding, target.suffix.lower(), pictures, sound, (video, audio))
        seconds = float(reader.duration or 0) / 1_000_000
    missing = LayerEmbedding("missing", job.audio_card)
    frames = pictures.marker.frames if pictures.marker else 0
    layers = {
        "pixel": picture_report(pictures.marker, job.pixel_card),
        "audio": sound.report() if sound else missing,
    }
    return EmbedReport(payload_hex(job.mark_id), frames, seconds, layers)


def _write(
    reader: InputContainer,
    container: OutputContainer,
    encoding: Encoding,
    suffix: str,
    pictures: _Pictures,
    sound: _Sound | None,
    streams: tuple[VideoStream | None, AudioStream | None],
) -> None:
    video, audio = streams
    writer = FilmWriter(container, encoding)
    target_video = writer.add_pictures(video) if video is not None else None
    target_audio = writer.add_sound(audio, suffix) if audio is not None else None
    seen: Iterator[Packet] = iter(())
    heard: Iterator[Packet] = iter(())
    if audio is not None and target_audio is not None and sound is not None:
        start = Fraction(audio.start_time or 0) * (audio.time_base or 0)
        heard = sound_packets(
            sound.blocks(), target_audio, rate_hz=audio.rate, layout=audio.layout.name, start=start
        )
    if video is not None and target_video is not None:
        seen = picture_packets(reader, video, target_video, pictures.work)
    mux_in_step(container, seen, heard)


def embed_still(source: Path, target: Path, job: MarkJob) -> EmbedReport:
    """Mark a still picture; it has no sound.

    Raises:
        MediaError: ``source`` cannot be read, or ``target`` cannot be written.
    """
    still = open_still(source)
    width, height = still.picture.size
    form = PictureForm(width, height, (width, height), left_sited=False, still=True)
    marker = PictureMarker(load_pixel_card(job.pixel_card), job.key, job.mark_id, form)
    with _staged(target) as staged:
        write_still(staged, still, marker.mark(still.ycbcr))
    layers = {
        "pixel": picture_report(marker, job.pixel_card),
        "audio": LayerEmbedding("missing", job.audio_card),
    }
    return EmbedReport(payload_hex(job.mark_id), 1, 0.0, layers)


def picture_report(marker: PictureMarker | None, card: str) -> LayerEmbedding:
    """Say what happened to the pixel layer."""
    if marker is None or not marker.frames:
        return LayerEmbedding("missing", card)
    if marker.lit_frames < _LEAST_LIT_SHARE * marker.frames:
        return LayerEmbedding("not_markable", card, reason="DARK")
    return LayerEmbedding("embedded", card, level_db=round(marker.mean_psnr_db, 2))


@contextmanager
def _staged(target: Path) -> Iterator[Path]:
    """A name beside ``target`` that becomes it at the end, or is removed."""
    staged = target.with_name(f".{target.stem}.{os.getpid()}.partial{target.suffix}")
    try:
        yield staged
        staged.replace(target)
    except ValueError as error:
        raise MediaError(MediaReason.MEDIA_UNSUPPORTED, str(error), target.name) from error
    except OSError as error:
        raise MediaError(MediaReason.MEDIA_NOT_WRITTEN, str(error), target.name) from error
    finally:
        staged.unlink(missing_ok=True)
