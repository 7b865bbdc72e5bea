"""The one door to torch: loads a mark by its card, embeds, detects.

The deferred import below is the house's only one, so that a process which never marks anything
never loads torch.

    >>> report = embed_file(Path("in.mp4"), Path("out.mp4"), mark_id=7, key=key)  # doctest: +SKIP
    >>> detect_file(Path("out.mp4"), key=key).payload  # doctest: +SKIP
    '0000000000000007'
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import msgspec

from trustcore.errors import TrustError
from watermarking.candidates import as_ids
from watermarking.cards import DEFAULT_AUDIO_CARD, DEFAULT_PIXEL_CARD, load_pixel_card, load_sound_card
from watermarking.errors import ExtractionFailed
from watermarking.features import FeatureStore
from watermarking.keys import DEFAULT_KEY_ID, MarkKey
from watermarking.planning import plan_medium
from watermarking.plans import MediaPlan, StretchSpan, StretchTally
from watermarking.reports import LAYERS, DetectReport, EmbedReport, LayerEmbedding, LayerName
from watermarking.verdict import under_keys

QUALITIES = ("transparent", "high", "compact")
CODECS = ("h264", "h265", "av1", "vp9", "prores", "ffv1", "qtrle")

__all__ = [
    "CODECS",
    "QUALITIES",
    "DetectReport",
    "EmbedReport",
    "check_seal",
    "detect_file",
    "embed_file",
    "frame_marker",
    "join_stretches",
    "load",
    "mark_stretch",
    "plan_file",
    "playable_stretch",
    "prepare_features",
    "seal_file",
    "sound_windows",
]


def load() -> None:
    """Load what marks and detects now, where a process is to be ready before its first file comes."""
    _pipeline()


def embed_file(
    src: Path,
    dst: Path,
    *,
    mark_id: int,
    key: bytes,
    pixel_card: str = DEFAULT_PIXEL_CARD,
    audio_card: str = DEFAULT_AUDIO_CARD,
    crf: int | None = None,
    lossless: bool = False,
    quality: str = "transparent",
    codec: str | None = None,
    verify: bool = False,
    boost: float = 1.0,
) -> EmbedReport:
    """Write a marked copy of ``src`` to ``dst``.

    Args:
        mark_id: 64 bits.
        key: mark key (``keys.mark_key``).
        crf: the encoder's constant rate factor; None follows ``quality``, ``lossless`` overrides both.
        quality: ``transparent``, ``high`` or ``compact``.
        codec: of the pictures (``media.codecs.CODECS``); None follows the source.
        verify: read every embedded layer back, blind, and say so in the report.
        boost: strength, the cards' being 1.0; the masking limit holds whatever it is.

    Raises:
        MediaError: ``src`` is no medium that can be carried through; ``dst`` is untouched.
        ValueError: ``mark_id`` is not 64 bits, or there is no such card or quality.
    """
    if not 0 <= mark_id < 1 << 64:
        raise ValueError("a mark id has 64 bits")
    pipeline = _pipeline()
    job = pipeline.MarkJob(mark_id, key, pixel_card, audio_card, boost=boost)
    level = pipeline.Quality(quality)
    encoding = pipeline.Encoding(crf=crf, lossless=lossless, quality=level, codec=codec)
    report = cast("EmbedReport", pipeline.embed_medium(src, dst, job, encoding))
    if not verify:
        return report
    found = detect_file(dst, key=key, pixel_card=pixel_card, audio_card=audio_card, search=False)
    return _verified(report, found)


def detect_file(
    path: Path,
    *,
    key: bytes | Sequence[MarkKey],
    candidates: Iterable[int] | Mapping[str, Iterable[int]] | None = None,
    layers: Iterable[str] = LAYERS,
    pixel_card: str = DEFAULT_PIXEL_CARD,
    audio_card: str = DEFAULT_AUDIO_CARD,
    search: bool = True,
    features: FeatureStore | None = None,
) -> DetectReport:
    """Look for a mark in ``path``.

    Args:
        key: one mark key, or several with their names; a layer that one key finds is not read under the next,
            and every p-value pays for all of them.
        candidates: registered ids; reading among them is more sensitive than reading blind. A mapping has
            those of each key by its name.
        layers: ``pixel``, ``audio`` (any case).
        search: look for other geometries, tempos and pitches when the plain ones claim nothing.
        features: where what was computed from a file is kept for the next key and the next time.

    Raises:
        MediaError: it is no medium.
        CandidatesMalformed: a candidate has more than 64 bits, or there are too many.
        ExtractionFailed: the reader broke.
        ValueError: an unknown layer or card, or no key at all.
    """
    wanted = cast("tuple[LayerName, ...]", tuple(dict.fromkeys(layer.lower() for layer in layers)))
    if not wanted or set(wanted) - set(LAYERS):
        raise ValueError(f"layers are {', '.join(LAYERS)}")
    keys = (MarkKey(DEFAULT_KEY_ID, key),) if isinstance(key, bytes) else tuple(key)
    if not keys:
        raise ValueError("there is no key to read under")
    load_pixel_card(pixel_card)
    load_sound_card(audio_card)
    pipeline = _pipeline()
    readings: list[tuple[str, DetectReport]] = []
    for one in keys:
        ids = candidates.get(one.key_id) if isinstance(candidates, Mapping) else candidates
        listed = None if ids is None else as_ids(ids)
        job = pipeline.Search(one.key, listed, wanted, pixel_card, audio_card, search, features)
        readings.append((one.key_id, _read(pipeline, path, job)))
        found = under_keys(readings, tried=len(keys)).layers
        wanted = tuple(
            name for name in wanted if (layer := found.get(name)) is None or layer.status != "present"
        )
        if not wanted:
            break
    return under_keys(readings, tried=len(keys))


def seal_file(source: Path, target: Path, *, key: bytes) -> dict[str, Any]:
    """Write a sealed, lossless copy; the report as JSON values (``sealing.SealReport``).

    Raises:
        TrustError: as ``sealing.seal_file`` says; ``target`` is untouched.
    """
    report: dict[str, Any] = _pipeline().seal_file(source, target, key=key).as_dict()
    return report


def check_seal(path: Path, *, key: bytes) -> dict[str, Any]:
    """Verify a seal; the report as JSON values (``sealing.SealReport``).

    Raises:
        TrustError: as ``sealing.check_file`` says.
    """
    report: dict[str, Any] = _pipeline().check_file(path, key=key).as_dict()
    return report


def prepare_features(
    paths: Sequence[Path], *, store: FeatureStore, pixel_card: str = DEFAULT_PIXEL_CARD, device: str = "cpu"
) -> None:
    """Compute the pixel features of several media in common batches, for the detections that follow."""
    pipeline = _pipeline()
    found = pipeline.device_for(device)
    pipeline.prepare_features(paths, pixel_card=pixel_card, store=store, device=found)


def _read(pipeline: ModuleType, path: Path, job: object) -> DetectReport:
    try:
        return cast("DetectReport", pipeline.detect_medium(path, job))
    except TrustError:
        raise
    except Exception as error:
        raise ExtractionFailed(error, path.name) from error


def plan_file(src: Path, *, stretch_seconds: float) -> MediaPlan:
    """Look at ``src`` and cut it into stretches that can be marked apart.

    Raises:
        MediaError: it is no medium.
    """
    return plan_medium(src, stretch_seconds)


def mark_stretch(
    src: Path,
    part: Path,
    span: StretchSpan,
    *,
    mark_id: int,
    key: bytes,
    crf: int | None = None,
    lossless: bool = False,
    boost: float = 1.0,
    device: str = "cpu",
    on_frames: Callable[[int], None] = lambda done: None,
) -> StretchTally:
    """Mark the pictures of one stretch of ``src`` into the file ``part``.

    Args:
        boost: strength, the card's being 1.0; the masking limit holds whatever it is.
        device: ``gpu`` works on CUDA where torch has it, and on the processor where it has not.
        on_frames: told how many pictures are marked; what it raises ends the work.

    Raises:
        MediaError: ``src`` cannot be read, or ``part`` cannot be written.
    """
    pipeline = _pipeline()
    job = _job(pipeline, mark_id, key, boost, device)
    tally = pipeline.mark_part(src, part, span, job, pipeline.Encoding(crf=crf, lossless=lossless), on_frames)
    return StretchTally(tally.frames, tally.lit_frames, tally.error, tally.report(job.pixel_card), job.device)


def playable_stretch(
    src: Path, part: Path, dst: Path, *, crf: int | None = None, lossless: bool = False
) -> None:
    """Write one marked stretch as a film of its own, with the very packets that will be released.

    Raises:
        MediaError: the part is broken.
    """
    pipeline = _pipeline()
    pipeline.playable_part(src, part, dst, pipeline.Encoding(crf=crf, lossless=lossless))


def join_stretches(
    src: Path,
    parts: Sequence[Path],
    dst: Path,
    tallies: Sequence[StretchTally],
    *,
    mark_id: int,
    key: bytes,
    crf: int | None = None,
    lossless: bool = False,
    boost: float = 1.0,
) -> EmbedReport:
    """Join marked stretches with the sound, marked at ``boost``, and all else that ``src`` holds.

    Raises:
        MediaError: a part is broken, or ``dst`` cannot be written.
    """
    pipeline = _pipeline()
    job = _job(pipeline, mark_id, key, boost, "cpu")
    whole = pipeline.Tally(
        sum(one.frames for one in tallies),
        sum(one.lit_frames for one in tallies),
        sum(one.error for one in tallies),
    )
    encoding = pipeline.Encoding(crf=crf, lossless=lossless)
    return cast("EmbedReport", pipeline.join_parts(src, parts, dst, job, encoding, whole))


def sound_windows(path: Path, folder: Path) -> Iterator[tuple[float, float, Path]]:
    """Cut the sound of ``path`` into files of half a minute in ``folder``, one after the other.

    Raises:
        MediaError: it cannot be read.
    """
    return cast("Iterator[tuple[float, float, Path]]", _pipeline().sound_windows(path, folder))


def frame_marker(
    *, mark_id: int, key: bytes, frames_a_second: float = 24.0, lossless: bool = False, device: str = "cpu"
) -> tuple[Any, Callable[[Path], int]]:
    """Return what marks picture files one by one (``mark(source, target, number)``), and what numbers them."""
    pipeline = _pipeline()
    job = _job(pipeline, mark_id, key, 1.0, device)
    marker = pipeline.FrameMarker(job, frames_a_second=frames_a_second, lossless=lossless)
    return marker, cast("Callable[[Path], int]", pipeline.frame_number)


def _job(pipeline: ModuleType, mark_id: int, key: bytes, boost: float, device: str) -> Any:
    if not 0 <= mark_id < 1 << 64:
        raise ValueError("a mark id has 64 bits")
    found = pipeline.device_for(device)
    return pipeline.MarkJob(mark_id, key, DEFAULT_PIXEL_CARD, DEFAULT_AUDIO_CARD, boost=boost, device=found)


def _verified(report: EmbedReport, found: DetectReport) -> EmbedReport:
    layers: dict[str, LayerEmbedding] = {}
    for name, layer in report.layers.items():
        seen = found.layers.get(name)
        agrees = seen is not None and seen.payload == report.payload
        checked = agrees if layer.status == "embedded" else None
        layers[name] = msgspec.structs.replace(layer, verified=checked)
    return msgspec.structs.replace(report, layers=layers, detection=found)


def _pipeline() -> ModuleType:
    from watermarking import pipeline

    return pipeline
