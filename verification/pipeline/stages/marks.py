"""Layer B: the marks of this deployment in pictures and sound, with their p-values and a declared confidence.

``uncertain`` is an answer: a mark worn thin by resizing, cropping or denoising is not called absent. The reader tries
the medium as it is and, where that claims nothing, other sizes, crops, turns, tempos and pitches.
"""

from pathlib import Path
from typing import Any

import msgspec

from trustcore.verification.report import Watermark, WatermarkSegment
from trustcore.verification.risk import mark_confidence
from trustcore.verification.words import WatermarkReason, WatermarkStatus
from verification.pipeline.contracts import Marks
from verification.pipeline.stages.seals import seal_of
from watermarking import engine
from watermarking.candidates import read_candidates
from watermarking.keys import MarkKey
from watermarking.reports import DetectReport, LayerDetection

_NEAR = 10.0


def load() -> None:
    """Load the reader, before there is anything to read."""
    engine.load()


def run(given: dict[str, Any]) -> dict[str, Any]:
    """Read ``path`` under ``keys`` (key id and hex), among ``candidates`` (a list's path by key id) where given.

    Raises:
        MediaError: it cannot be read. ExtractionFailed: the reader broke.
    """
    keys = tuple(MarkKey(name, bytes.fromhex(key)) for name, key in given["keys"].items())
    listed = {name: read_candidates(Path(file)) for name, file in (given.get("candidates") or {}).items()}
    report = engine.detect_file(
        Path(given["path"]),
        key=keys,
        candidates=listed or None,
        layers=given.get("layers", ("pixel", "audio")),
    )
    watermark = msgspec.structs.replace(_told(report), seal=seal_of(Path(given["path"]), keys))
    answer: dict[str, Any] = msgspec.to_builtins(Marks(watermark=watermark))
    return answer


def _told(report: DetectReport) -> Watermark:
    read = [layer for layer in report.layers.values() if layer is not None]
    best = min(read, key=lambda layer: layer.p_value, default=None)
    claim_p = best.thresholds.get("claim_p") if best is not None else None
    status = WatermarkStatus(report.status)
    confidence = mark_confidence(report.p_value, claim_p=claim_p) if claim_p else 0.0
    if status is WatermarkStatus.PRESENT:
        confidence = min(confidence, max(0.0, report.confidence))
    return Watermark(
        status=status,
        reason=_reason(report.p_value, claim_p),
        confidence=round(confidence, 6),
        scheme=report.scheme,
        payload=report.payload,
        p_value=report.p_value,
        claim_p=claim_p,
        cards=tuple(sorted({layer.card for layer in read})),
        segments=tuple(
            WatermarkSegment(
                layer=one.layer,
                start=max(0.0, one.start),
                end=max(0.0, one.end),
                status=WatermarkStatus(one.status),
                p_value=one.p_value,
                variants=tuple(variant.name for variant in one.variants),
            )
            for one in report.segments
        ),
        transformation=_transformation(best),
    )


def _reason(p_value: float, claim_p: float | None) -> WatermarkReason:
    near = claim_p is not None and claim_p / _NEAR <= p_value <= claim_p * _NEAR
    return WatermarkReason.NEAR_BOUND if near else WatermarkReason.READ


def _transformation(best: LayerDetection | None) -> dict[str, Any]:
    if best is None or best.status == "absent":
        return {}
    told: dict[str, Any] = msgspec.to_builtins(best.transformation)
    return {name: value for name, value in told.items() if value is not None}
