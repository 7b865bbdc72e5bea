"""Embedding a mark in a still picture."""

from __future__ import annotations

from pathlib import Path

from watermarking.embedding import MarkJob, PictureWork
from watermarking.media.frames import Canvas, Moment
from watermarking.media.staging import staged
from watermarking.media.stills import open_still, write_still
from watermarking.reports import EmbedReport, LayerEmbedding, payload_hex


def embed_still(source: Path, target: Path, job: MarkJob) -> EmbedReport:
    """Mark a still picture; it has no sound.

    Raises:
        MediaError: ``source`` cannot be read, or ``target`` cannot be written.
    """
    still = open_still(source)
    width, height = still.picture.size
    work = PictureWork(job, still=True)
    canvas = Canvas(width, height, (width, height), 8, left_sited=False)
    with staged(target) as partial:
        write_still(partial, still, work(still.ycbcr, canvas, Moment(0, 0.0)))
    layers = {"pixel": work.tally.report(job.pixel_card), "audio": LayerEmbedding("missing", job.audio_card)}
    return EmbedReport(payload_hex(job.mark_id), 1, 0.0, layers)
