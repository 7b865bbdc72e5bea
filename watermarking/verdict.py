"""From layers to one answer, and from several keys to one: the rules in one place, without any signal.

A payload is named only where a layer names it and no other layer names another. Where the bound is not reached
but something of the key is there, the answer is ``uncertain``: a mark that resizing, cropping or denoising has worn
thin is not called absent.

Every layer and every key that was read is a trial. A layer's p-value is multiplied by the keys, the whole answer's
by the layers; thresholds are asked again afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec

from watermarking.cards import Thresholds
from watermarking.reports import (
    DetectedSegment,
    DetectReport,
    LayerDetection,
    LayerName,
    Status,
    Transformation,
)

_NUMBER = r"(-?\d+(?:\.\d+)?)"
_PHRASES = {
    "scale": re.compile(rf"scale {_NUMBER}"),
    "turn_degrees": re.compile(rf"turned {_NUMBER} degrees"),
    "crop": re.compile(rf"crop {_NUMBER}"),
    "tempo": re.compile(rf"tempo {_NUMBER}"),
    "pitch": re.compile(rf"pitch {_NUMBER}"),
}


def combined(
    layers: Mapping[LayerName, LayerDetection | None], segments: Sequence[DetectedSegment]
) -> DetectReport:
    """Judge a file by its layers; one that was not asked for, or is not there, is None."""
    read = [layer for layer in layers.values() if layer is not None]
    present = [layer for layer in read if layer.status == "present"]
    payloads = {layer.payload for layer in present}
    best = min(read, key=lambda layer: layer.p_value, default=None)
    status: Status = "absent"
    payload, confidence = None, 0.0
    if len(payloads) == 1:
        best = min(present, key=lambda layer: layer.p_value)
        status = _status("present", _over_layers(read, best), best.thresholds)
        if status == "present":
            payload, confidence = best.payload, best.confidence
        else:  # what was a claim in its layer alone is never called absent over them all
            status = "uncertain"
    elif payloads or any(layer.status == "uncertain" for layer in read):
        status = "uncertain"
    p_value = _over_layers(read, best)
    method = best.method if best is not None else "blind"
    named: dict[str, LayerDetection | None] = {str(name): layer for name, layer in layers.items()}
    return DetectReport(status, payload, p_value, confidence, method, named, tuple(segments))


def under_keys(readings: Sequence[tuple[str, DetectReport]], *, tried: int) -> DetectReport:
    """Merge what was read under each key: per layer the best, its p-value times the keys tried.

    Args:
        readings: key id and report, for each key that was read.
        tried: keys that were or may have been read.
    """
    if not readings:
        raise ValueError("there is nothing to merge")
    layers: dict[LayerName, LayerDetection | None] = {}
    segments: list[DetectedSegment] = []
    names: tuple[LayerName, ...] = ("pixel", "audio")
    for name in names:
        found = [(key_id, report) for key_id, report in readings if report.layers.get(name) is not None]
        layers[name] = None
        if found:
            key_id, best = min(found, key=lambda one: _p_value(one[1], name))
            layers[name] = _paid(best.layers[name], key_id, tried)
            segments += [_segment(one, layers[name], tried) for one in best.segments if one.layer == name]
    return combined(layers, segments)


def thresholds_of(bounds: Thresholds) -> dict[str, float]:
    """Return the bounds of a card as they stand in reports."""
    return {
        "claim_p": bounds.claim_p,
        "hint_p": bounds.hint_p,
        "word_log_odds": bounds.word_log_odds,
    }


def transformation_of(geometry: str) -> Transformation:
    """Return in numbers what a reader's words say of the geometry it found.

    >>> transformation_of("mirrored, scale 0.500, turned 2.0 degrees").turn_degrees
    2.0
    """
    numbers = {name: float(m[1]) for name, phrase in _PHRASES.items() if (m := phrase.search(geometry))}
    mirrored = True if "mirrored" in geometry else (False if _is_picture(geometry) else None)
    return Transformation(**numbers, mirrored=mirrored)


def _is_picture(geometry: str) -> bool:
    return "scale" in geometry or "turned" in geometry


def _over_layers(read: Sequence[LayerDetection], best: LayerDetection | None) -> float:
    """The p-value of the layer that answers, every layer that was read paid for."""
    return 1.0 if best is None else min(1.0, len(read) * best.p_value)


def _p_value(report: DetectReport, name: LayerName) -> float:
    layer = report.layers[name]
    return 1.0 if layer is None else layer.p_value


def _paid(layer: LayerDetection | None, key_id: str, tried: int) -> LayerDetection | None:
    if layer is None:
        return None
    p_value = min(1.0, tried * layer.p_value)
    status = _status(layer.status, p_value, layer.thresholds)
    is_present = status == "present"
    return msgspec.structs.replace(
        layer,
        status=status,
        payload=layer.payload if is_present else None,
        p_value=p_value,
        confidence=layer.confidence if is_present else 0.0,
        key_id=key_id,
        keys_tried=tried,
    )


def _segment(segment: DetectedSegment, layer: LayerDetection | None, tried: int) -> DetectedSegment:
    p_value = min(1.0, tried * segment.p_value)
    bounds = layer.thresholds if layer is not None else {}
    most: Status = layer.status if layer is not None else "absent"
    status = _no_more_than(_status(segment.status, p_value, bounds), most)
    payload = segment.payload if status == "present" else None
    variants = tuple(
        msgspec.structs.replace(
            one,
            p_value=min(1.0, tried * one.p_value),
            status=_no_more_than(_status(one.status, min(1.0, tried * one.p_value), bounds), most),
        )
        for one in segment.variants
    )
    return msgspec.structs.replace(
        segment, status=status, payload=payload, p_value=p_value, variants=variants
    )


def _no_more_than(status: Status, most: Status) -> Status:
    """A stretch of a layer that claims nothing any more claims nothing either."""
    return "uncertain" if status == "present" and most != "present" else status


def _status(status: Status, p_value: float, thresholds: Mapping[str, float]) -> Status:
    """What is left of ``status`` once more trials are paid for; it never becomes more."""
    if status == "present" and p_value > thresholds.get("claim_p", 0.0):
        status = "uncertain"
    if status == "uncertain" and p_value > thresholds.get("hint_p", 0.0):
        status = "absent"
    return status
