"""Embedding a mark in still pictures: one alone, or numbered ones as a film."""

from __future__ import annotations

from pathlib import Path

from watermarking.embedding import MarkJob, PictureWork
from watermarking.errors import MediaError, MediaReason
from watermarking.media.codecs import Encoding
from watermarking.media.frames import Moment
from watermarking.media.sequences import Sequence, frame_path, is_pattern
from watermarking.media.staging import staged, staged_folder
from watermarking.media.stills import mark_still, open_still, write_still
from watermarking.reports import EmbedReport, LayerEmbedding, payload_hex
from watermarking.signal.threads import use_threads

# a sequence has no clock of its own
SEQUENCE_RATE = 24.0


def embed_still(source: Path, target: Path, job: MarkJob, encoding: Encoding) -> EmbedReport:
    """Mark a still picture; it has no sound.

    Raises:
        MediaError: ``source`` cannot be read, or ``target`` cannot be written.
    """
    use_threads(1)
    work = PictureWork(job, still=True)
    with staged(target) as partial:
        mark_file(source, partial, work, Moment(0, 0.0), lossless=encoding.lossless)
    return _report(work, job)


def embed_sequence(sequence: Sequence, target: Path, job: MarkJob, encoding: Encoding) -> EmbedReport:
    """Mark numbered stills as one film. The number in a name is its place in time.

    Args:
        target: a folder, or a pattern such as ``marked.%04d.exr``.

    Raises:
        MediaError: a picture cannot be read or written, or differs in form; nothing is left then.
    """
    use_threads(1)
    if target.is_file():
        raise MediaError(
            MediaReason.MEDIA_NOT_WRITTEN, "a sequence goes to a folder or a pattern", target.name
        )
    work = PictureWork(job)
    with staged_folder(target.parent if is_pattern(target) else target) as folder:
        for number, picture in sequence.files:
            name = frame_path(target, number, picture).name
            moment = Moment(number, number / SEQUENCE_RATE)
            mark_file(picture, folder / name, work, moment, lossless=encoding.lossless)
    return _report(work, job)


def mark_file(
    source: Path, target: Path, work: PictureWork, moment: Moment, *, lossless: bool = False
) -> None:
    """Mark one picture file with ``work``, straight into ``target``.

    Raises:
        MediaError: as ``embed_still``.
    """
    still = open_still(source)
    mark_still(still, moment, work)
    write_still(target, still, lossless=lossless)


def _report(work: PictureWork, job: MarkJob) -> EmbedReport:
    done = work.tally
    layers = {
        "pixel": done.report(job.pixel_card),
        "audio": LayerEmbedding("missing", job.audio_card),
    }
    return EmbedReport(payload_hex(job.mark_id), done.frames, 0.0, layers)
