"""What operators watch: latency of each stage, outcomes, reasons, confidence of marks, failures by codec.

A process counts what it does itself; a worker's figures are read at the worker's own exporter.
"""

import json
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, time
from functools import cache

from prometheus_client import Counter, Gauge, Histogram

from common.warmed import forked_seconds
from trustcore.verification.report import Report, StageRun
from trustcore.verification.words import Stage, StageState
from verification.detectors.cards import DetectorUnusable, installed

_SECONDS = (0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 60, 300)
STAGE_SECONDS = Histogram(
    "trustmark_verification_stage_seconds", "Wall clock of a stage", ["stage", "state"], buckets=_SECONDS
)
# a film or sound of up to a minute is short; the targets of both are others
SHORT_SECONDS = 60.0
TOTAL_SECONDS = Histogram(
    "trustmark_verification_seconds", "Wall clock of a verification", ["length"], buckets=_SECONDS
)
# fine enough for the ratio of a 95th percentile to a median: each bound is a tenth above the one before
SAMPLING_SECONDS = Histogram(
    "trustmark_verification_sampling_seconds",
    "Wall clock of decoding and sampling",
    buckets=tuple(round(0.05 * 1.1**step, 4) for step in range(80)),
)
OUTCOMES = Counter("trustmark_verification_outcomes", "Status of each layer", ["layer", "status"])
ACTIONS = Counter("trustmark_verification_actions", "Advised actions", ["action", "policy"])
REASONS = Counter("trustmark_verification_reasons", "Failure reasons", ["reason", "codec"])
CONFIDENCE = Histogram(
    "trustmark_verification_mark_confidence",
    "Confidence of marks that were read",
    buckets=(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.99, 1.0),
)
SCORES = Histogram(
    "trustmark_verification_detector_score",
    "Score of each detector, and of both",
    ["detector"],
    buckets=(0.1, 0.2, 0.3, 0.4, 0.45, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9, 1.0),
)
_BYTES = tuple(10**power for power in range(3, 12))
# what one file costs: an operator multiplies by prices of their own
CPU_SECONDS = Histogram(
    "trustmark_verification_cpu_seconds",
    "Processor time that a file took, in this process and the confined ones",
    buckets=_SECONDS,
)
STORED_BYTES = Histogram(
    "trustmark_verification_stored_bytes", "Bytes kept of a file", ["what"], buckets=_BYTES
)
CARRIED_BYTES = Histogram(
    "trustmark_verification_carried_bytes",
    "Bytes that went over the network for a file",
    ["way"],
    buckets=_BYTES,
)
DETECTORS_DUE = Gauge(
    "trustmark_verification_detectors_due_timestamp_seconds",
    "When the installed detectors' calibration ends; 0: none are installed, or they cannot be relied on",
)
FRAMES = Counter("trustmark_verification_frames", "Frames decoded for samples")


def stage_ended(run: StageRun) -> None:
    """Count a stage; one that was skipped took no time and is not timed."""
    if run.state is not StageState.SKIPPED:
        STAGE_SECONDS.labels(run.name, run.state).observe(run.milliseconds / 1000)
    if run.name is Stage.CANONICALISE and run.state is not StageState.SKIPPED:
        SAMPLING_SECONDS.observe(run.milliseconds / 1000)


def decided(report: Report) -> None:
    """Count a verification."""
    length = "long" if (report.media.seconds or 0.0) > SHORT_SECONDS else "short"
    TOTAL_SECONDS.labels(length).observe(sum(run.milliseconds for run in report.audit.stages) / 1000)
    OUTCOMES.labels("provenance", report.provenance.status).inc()
    OUTCOMES.labels("watermark", report.watermark.status).inc()
    OUTCOMES.labels("deepfake", report.deepfake.status or report.deepfake.state).inc()
    ACTIONS.labels(report.decision.action, report.decision.policy).inc()
    for reason in report.audit.errors:
        REASONS.labels(reason, report.media.video_codec or report.media.audio_codec or "none").inc()
    if report.watermark.confidence is not None:
        CONFIDENCE.observe(report.watermark.confidence)
    for name, score in (report.deepfake.scores | {"both": report.deepfake.risk_score}).items():
        if score is not None:
            SCORES.labels(name).observe(score)
    FRAMES.inc(report.audit.sampling.frames)


@cache
def _due() -> float:
    try:
        ensemble = installed()
    except DetectorUnusable:
        return 0.0
    return datetime.combine(ensemble.due_on, time.min, UTC).timestamp() if ensemble is not None else 0.0


DETECTORS_DUE.set_function(_due)


@contextmanager
def cpu_counted() -> Iterator[None]:
    """Count the processor time of the block: a worker has one file at a time, and its stages are its children."""
    before = _cpu()
    try:
        yield
    finally:
        CPU_SECONDS.observe(max(0.0, _cpu() - before))


def kept(*, copy_bytes: int, fetched_bytes: int, record: dict[str, object]) -> None:
    """Count what a file costs in storage and bandwidth.

    Args:
        copy_bytes: of the ingestion copy, which came over the network and is kept for a time.
        fetched_bytes: of it, fetched from a bucket by the worker; 0 where the copy lies in a folder.
        record: the report, which is kept for ever.
    """
    STORED_BYTES.labels("copy").observe(copy_bytes)
    STORED_BYTES.labels("record").observe(len(json.dumps(record)))
    CARRIED_BYTES.labels("taken_in").observe(copy_bytes)
    CARRIED_BYTES.labels("fetched").observe(fetched_bytes)


def _cpu() -> float:
    whole = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in whole) + forked_seconds()
