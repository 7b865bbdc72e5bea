"""What stands behind the engine's door: everything that loads torch, in one name."""

from __future__ import annotations

from pathlib import Path

from watermarking.detecting import Search, detect_medium, prepare_features
from watermarking.embedding import MarkJob, embed_stream
from watermarking.embedding_stills import embed_sequence, embed_still
from watermarking.framing import FrameMarker, frame_number
from watermarking.media.codecs import Encoding, Quality
from watermarking.media.containers import probe_stills
from watermarking.reports import EmbedReport
from watermarking.sealing import check_file, seal_file
from watermarking.signal.threads import device_for
from watermarking.stretching import Tally, join_parts, mark_part, playable_part, sound_windows

__all__ = [
    "Encoding",
    "FrameMarker",
    "MarkJob",
    "Quality",
    "Search",
    "Tally",
    "check_file",
    "detect_medium",
    "device_for",
    "embed_medium",
    "frame_number",
    "join_parts",
    "mark_part",
    "playable_part",
    "prepare_features",
    "seal_file",
    "sound_windows",
]


def embed_medium(source: Path, target: Path, job: MarkJob, encoding: Encoding) -> EmbedReport:
    """Mark a still, a film or a sound file.

    Raises:
        MediaError: ``source`` cannot be read, or ``target`` cannot be written.
    """
    stills = probe_stills(source)
    if stills is None:
        return embed_stream(source, target, job, encoding)
    if stills.sequence is not None:
        return embed_sequence(stills.sequence, target, job, encoding)
    return embed_still(source, target, job, encoding)
