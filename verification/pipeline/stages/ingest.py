"""Take a file in: its hash, and what it is by its own bytes. Nothing of its content is decoded here."""

import hashlib
from pathlib import Path
from typing import Any

import msgspec

from trustcore.verification.report import Media
from verification.pipeline.contracts import Ingested
from watermarking.media.containers import audio_streams, opened, probe, video_stream


def run(given: dict[str, Any]) -> dict[str, Any]:
    """Hash and probe the file at ``path``; ``name`` is what its sender calls it.

    Raises:
        MediaError: it is no medium.
    """
    path = Path(given["path"])
    with path.open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    media = Media(name=given["name"], bytes=path.stat().st_size, kind="unknown")
    media = _described(path, media)
    answer: dict[str, Any] = msgspec.to_builtins(Ingested(media=media, sha256=sha256))
    return answer


def _described(path: Path, media: Media) -> Media:
    medium = probe(path)
    if medium.kind != "stream":
        return msgspec.structs.replace(media, kind="still")
    with opened(path) as container:
        video, audio = video_stream(container), audio_streams(container)
        rate = video.average_rate if video is not None else None
        return msgspec.structs.replace(
            media,
            kind="film" if video is not None else "sound",
            container=container.format.name,
            seconds=round(medium.seconds, 3),
            width=video.codec_context.width if video is not None else None,
            height=video.codec_context.height if video is not None else None,
            frame_rate=round(float(rate), 3) if rate else None,
            video_codec=video.codec_context.name if video is not None else None,
            audio_codec=audio[0].codec_context.name if audio else None,
        )
