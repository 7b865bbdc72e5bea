"""Nothing is claimed that a detection would not confirm: mark, read blind, mark more strongly, or say why not.

Each try is read without being told the id and without any search of geometry, as a stranger's detector would
first read the released file. What no permitted strength makes readable is ``not_markable``.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import msgspec

from watermarking import engine
from watermarking.plans import StretchReport, StretchSpan, StretchTally
from watermarking.reports import EmbeddedSegment, EmbedReport, LayerEmbedding, LayerName, payload_hex
from watermarking.work.memory import give_back

BOOSTS = (1.0, 1.25, 1.6)
NOT_CONFIRMED = "NOT_CONFIRMED"


@dataclass(frozen=True)
class Wanted:
    """What is to be embedded, and how it is encoded."""

    mark_id: int
    key: bytes
    crf: int | None
    lossless: bool
    device: str = "cpu"


def mark_film_stretch(
    source: Path, part: Path, span: StretchSpan, wanted: Wanted, on_frames: Callable[[int], None]
) -> StretchReport:
    """Mark one stretch of a film's pictures until it reads back.

    Raises:
        MediaError: ``source`` cannot be read.
    """
    tally: StretchTally | None = None
    for tries, boost in enumerate(BOOSTS, 1):
        tally = engine.mark_stretch(
            source, part, span, mark_id=wanted.mark_id, key=wanted.key, crf=wanted.crf,
            lossless=wanted.lossless, boost=boost, device=wanted.device, on_frames=on_frames,
        )  # fmt: skip
        layer, p_values = tally.layer, {}
        if layer.status == "embedded":
            is_there, p_value = _reads_back(source, part, wanted)
            p_values = {"pixel": p_value}
            layer = msgspec.structs.replace(layer, verified=is_there)
        if layer.verified is not False:
            return StretchReport(
                span.begins, span.ends, {"pixel": layer}, p_values, tries, boost, tally.device, tally
            )
    assert tally is not None
    refused = LayerEmbedding("not_markable", tally.layer.card, reason=NOT_CONFIRMED)
    return StretchReport(
        span.begins, span.ends, {"pixel": refused}, p_values, tries, boost, tally.device, tally
    )


def mark_whole(source: Path, part: Path, span: StretchSpan, wanted: Wanted) -> StretchReport:
    """Mark a still or a sound file until every layer that took a mark reads back.

    Raises:
        MediaError: ``source`` cannot be read.
    """
    tries = 0
    for boost in BOOSTS:
        tries += 1
        report = engine.embed_file(
            source, part, mark_id=wanted.mark_id, key=wanted.key, crf=wanted.crf, lossless=wanted.lossless,
            verify=True, boost=boost,
        )  # fmt: skip
        if all(one.verified is not False for one in report.layers.values()):
            break
    layers = {name: _claimed(one) for name, one in report.layers.items()}
    found = report.detection.layers if report.detection else {}
    p_values = {name: one.p_value for name, one in found.items() if one is not None}
    return StretchReport(span.begins, span.ends, layers, p_values, tries, boost, "cpu")


def join_film(
    source: Path,
    parts: list[Path],
    target: Path,
    stretches: list[StretchReport],
    wanted: Wanted,
    on_step: Callable[[], None],
) -> EmbedReport:
    """Join the stretches of a film, mark its sound until it reads back, and read the whole.

    Raises:
        MediaError: a part is broken, or ``target`` cannot be written.
    """
    tallies = [one.tally for one in stretches if one.tally is not None]
    for boost in BOOSTS:
        report = engine.join_stretches(
            source, parts, target, tallies, mark_id=wanted.mark_id, key=wanted.key, crf=wanted.crf,
            lossless=wanted.lossless, boost=boost,
        )  # fmt: skip
        on_step()
        heard = (
            _sound_segments(target, wanted, on_step) if report.layers["audio"].status == "embedded" else []
        )
        if not heard or any(one.verified for one in heard):
            break
    seen = [_picture_segment(one) for one in stretches]
    give_back()
    found = engine.detect_file(target, key=wanted.key, search=False)
    give_back()
    layers = {
        "pixel": _summed(report.layers["pixel"], seen, found, wanted),
        "audio": _summed(report.layers["audio"], heard, found, wanted),
    }
    return msgspec.structs.replace(report, layers=layers, detection=found, segments=(*seen, *heard))


def whole_report(stretch: StretchReport, wanted: Wanted) -> EmbedReport:
    """Say of a medium in one part what was said of the part."""
    segments = tuple(
        EmbeddedSegment(
            cast("LayerName", name), stretch.begins, stretch.ends, one.status, one.reason, one.verified is True,
            stretch.p_values.get(name), stretch.boost,
        )
        for name, one in stretch.layers.items()
        if one.status != "missing"
    )  # fmt: skip
    return EmbedReport(
        payload_hex(wanted.mark_id), stretch.frames, stretch.ends, dict(stretch.layers), segments=segments
    )


def _reads_back(source: Path, part: Path, wanted: Wanted) -> tuple[bool, float]:
    """Whether a blind, plain detection of the very packets names the id, and its p-value."""
    with tempfile.TemporaryDirectory(prefix="tm-read-") as folder:
        film = Path(folder) / f"stretch{source.suffix.lower()}"
        engine.playable_stretch(source, part, film, crf=wanted.crf, lossless=wanted.lossless)
        give_back()
        found = engine.detect_file(film, key=wanted.key, layers=["pixel"], search=False)
    give_back()
    layer = found.layers["pixel"]
    if layer is None:
        return False, 1.0
    return layer.payload == payload_hex(wanted.mark_id), layer.p_value


def _sound_segments(film: Path, wanted: Wanted, on_step: Callable[[], None]) -> list[EmbeddedSegment]:
    """Read the sound half a minute at a time."""
    segments = []
    with tempfile.TemporaryDirectory(prefix="tm-read-") as folder:
        for begins, ends, file in engine.sound_windows(film, Path(folder)):
            found = engine.detect_file(file, key=wanted.key, layers=["audio"], search=False).layers["audio"]
            is_there = found is not None and found.payload == payload_hex(wanted.mark_id)
            segments.append(
                EmbeddedSegment(
                    "audio",
                    round(begins, 3),
                    round(ends, 3),
                    "embedded" if is_there else "not_markable",
                    None if is_there else NOT_CONFIRMED,
                    is_there,
                    found.p_value if found else None,
                )
            )
            on_step()
    return segments


def _picture_segment(one: StretchReport) -> EmbeddedSegment:
    layer = one.layers["pixel"]
    return EmbeddedSegment(
        "pixel", one.begins, one.ends, layer.status, layer.reason, layer.verified is True,
        one.p_values.get("pixel"), one.boost,
    )  # fmt: skip


def _summed(
    layer: LayerEmbedding, segments: list[EmbeddedSegment], found: engine.DetectReport, wanted: Wanted
) -> LayerEmbedding:
    """One layer of the whole: embedded where a stretch of it is, verified where the whole reads back too."""
    if layer.status == "missing":
        return layer
    name = segments[0].layer if segments else ""
    if not any(one.verified for one in segments):
        reasons = [one.reason for one in segments if one.reason]
        reason = max(set(reasons), key=reasons.count) if reasons else layer.reason or NOT_CONFIRMED
        return LayerEmbedding("not_markable", layer.card, reason=reason, level_db=layer.level_db)
    seen = found.layers.get(name)
    is_there = seen is not None and seen.payload == payload_hex(wanted.mark_id)
    return LayerEmbedding("embedded", layer.card, verified=is_there, level_db=layer.level_db)


def _claimed(layer: LayerEmbedding) -> LayerEmbedding:
    if layer.verified is False:
        return LayerEmbedding("not_markable", layer.card, reason=NOT_CONFIRMED, level_db=layer.level_db)
    return layer
