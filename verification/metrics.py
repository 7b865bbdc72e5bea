"""What operators watch: latency of each stage, outcomes, reasons, confidence of marks, failures by codec.

A process counts what it does itself; a worker's figures are read at the worker's own exporter.
"""

from prometheus_client import Counter, Histogram

from trustcore.verification.report import Report, StageRun
from trustcore.verification.words import StageState

_SECONDS = (0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 60, 300)
STAGE_SECONDS = Histogram(
    "trustmark_verification_stage_seconds", "Wall clock of a stage", ["stage", "state"], buckets=_SECONDS
)
TOTAL_SECONDS = Histogram("trustmark_verification_seconds", "Wall clock of a verification", buckets=_SECONDS)
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
FRAMES = Counter("trustmark_verification_frames", "Frames decoded for samples")


def stage_ended(run: StageRun) -> None:
    """Count a stage; one that was skipped took no time and is not timed."""
    if run.state is not StageState.SKIPPED:
        STAGE_SECONDS.labels(run.name, run.state).observe(run.milliseconds / 1000)


def decided(report: Report) -> None:
    """Count a verification."""
    TOTAL_SECONDS.observe(sum(run.milliseconds for run in report.audit.stages) / 1000)
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
