"""What stands behind the engine's door: everything that loads torch, in one name."""

from __future__ import annotations

from pathlib import Path

from watermarking.detecting import Search, detect_medium
from watermarking.embedding import MarkJob, embed_stream
from watermarking.embedding_stills import embed_sequence, embed_still
from watermarking.media.codecs import Encoding, Quality
from watermarking.media.containers import probe
from watermarking.reports import EmbedReport
from watermarking.sealing import check_file, seal_file

__all__ = ["Encoding", "MarkJob", "Quality", "Search", "check_file", "detect_medium", "embed_medium", "seal_file"]


def embed_medium(source: Path, target: Path, job: MarkJob, encoding: Encoding) -> EmbedReport:
    """Mark a still, a film or a sound file.

    Raises:
        MediaError: ``source`` cannot be read, or ``target`` cannot be written.
    """
    medium = probe(source)
    if medium.sequence is not None:
        return embed_sequence(medium.sequence, target, job, encoding)
    if medium.kind == "still":
        return embed_still(source, target, job, encoding)
    return embed_stream(source, target, job, encoding)
