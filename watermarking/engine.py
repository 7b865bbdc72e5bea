"""The one door to torch: loads a mark by its card, embeds, detects.

The deferred import below is the house's only one, so that a process which never marks anything
never loads torch.

    >>> report = embed_file(Path("in.mp4"), Path("out.mp4"), mark_id=7, key=key)  # doctest: +SKIP
    >>> detect_file(Path("out.mp4"), key=key).payload  # doctest: +SKIP
    '0000000000000007'
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import cast

import msgspec

from trustcore.errors import TrustError
from watermarking.candidates import as_ids
from watermarking.cards import DEFAULT_AUDIO_CARD, DEFAULT_PIXEL_CARD, load_pixel_card, load_sound_card
from watermarking.errors import ExtractionFailed
from watermarking.keys import DEFAULT_KEY_ID, MarkKey
from watermarking.reports import LAYERS, DetectReport, EmbedReport, LayerEmbedding, LayerName
from watermarking.verdict import under_keys

DEFAULT_CRF = 16

__all__ = ["DEFAULT_CRF", "DetectReport", "EmbedReport", "detect_file", "embed_file"]


def embed_file(
    src: Path,
    dst: Path,
    *,
    mark_id: int,
    key: bytes,
    pixel_card: str = DEFAULT_PIXEL_CARD,
    audio_card: str = DEFAULT_AUDIO_CARD,
    crf: int = DEFAULT_CRF,
    lossless: bool = False,
    verify: bool = False,
) -> EmbedReport:
    """Write a marked copy of ``src`` to ``dst``.

    Args:
        mark_id: 64 bits.
        key: mark key (``keys.mark_key``).
        crf: x264 constant rate factor; ``lossless`` overrides it.
        verify: read every embedded layer back, blind, and say so in the report.

    Raises:
        MediaError: ``src`` is no medium that can be carried through; ``dst`` is untouched.
        ValueError: ``mark_id`` is not 64 bits, or there is no such card.
    """
    if not 0 <= mark_id < 1 << 64:
        raise ValueError("a mark id has 64 bits")
    pipeline = _pipeline()
    job = pipeline.MarkJob(mark_id, key, pixel_card, audio_card)
    encoding = pipeline.Encoding(crf=crf, lossless=lossless)
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
) -> DetectReport:
    """Look for a mark in ``path``.

    Args:
        key: one mark key, or several with their names; a layer that one key finds is not read under the next,
            and every p-value pays for all of them.
        candidates: registered ids; reading among them is more sensitive than reading blind. A mapping has
            those of each key by its name.
        layers: ``pixel``, ``audio`` (any case).
        search: look for other geometries, tempos and pitches when the plain ones claim nothing.

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
        job = pipeline.Search(one.key, listed, wanted, pixel_card, audio_card, search)
        readings.append((one.key_id, _read(pipeline, path, job)))
        found = under_keys(readings, tried=len(keys)).layers
        wanted = tuple(
            name for name in wanted if (layer := found.get(name)) is None or layer.status != "present"
        )
        if not wanted:
            break
    return under_keys(readings, tried=len(keys))


def _read(pipeline: ModuleType, path: Path, job: object) -> DetectReport:
    try:
        return cast("DetectReport", pipeline.detect_medium(path, job))
    except TrustError:
        raise
    except Exception as error:
        raise ExtractionFailed(error, path.name) from error


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
