"""Traces of verifications by OpenTelemetry, for who names a collector in ``OTEL_EXPORTER_OTLP_ENDPOINT``; else none.

One span a verification, one a stage under it. They carry states, reasons, codecs and times, never a file's name, a
signer or a mark. The SDK reads its own variables (``OTEL_SERVICE_NAME``, ``OTEL_EXPORTER_OTLP_HEADERS``).
"""

import os
from functools import cache

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Status, StatusCode, set_span_in_context

from trustcore.verification.report import Report, StageRun
from trustcore.verification.words import StageState

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_MS = 1_000_000


def trace(report: Report, *, began_ns: int, provider: TracerProvider | None = None) -> None:
    """Tell a collector of a verification that began at this moment; says nothing where there is none."""
    known = provider or _provider()
    if known is None:
        return
    tracer = known.get_tracer("trustmark.verification")
    whole = tracer.start_span("verification", start_time=began_ns)
    whole.set_attributes(
        {
            "verification.id": report.asset_id,
            "verification.action": str(report.decision.action),
            "verification.policy": report.decision.policy,
            "verification.errors": report.audit.errors,
            "media.kind": report.media.kind,
            "media.codec": report.media.video_codec or report.media.audio_codec or "none",
            "media.bytes": report.media.bytes,
            "sampling.reduced": report.audit.sampling.reduced,
        }
    )
    at = began_ns
    for run in report.audit.stages:
        end = at + round(run.milliseconds * _MS)
        span = tracer.start_span(f"verification.{run.name}", set_span_in_context(whole), start_time=at)
        span.set_attributes(
            {"stage.contract": run.contract, "stage.version": run.version, "stage.state": str(run.state)}
        )
        if run.reason:
            span.set_attribute("stage.reason", run.reason.partition(":")[0])
        if _broke(run):
            span.set_status(Status(StatusCode.ERROR))
        span.end(end)
        at = end
    whole.end(at)


def _broke(run: StageRun) -> bool:
    return run.state in {StageState.FAILED, StageState.TIMED_OUT}


@cache
def _provider() -> TracerProvider | None:
    """Made at the first verification, so that every worker process has its own exporter."""
    if not any(os.environ.get(name) for name in _ENDPOINTS):
        return None
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    named = {} if os.environ.get("OTEL_SERVICE_NAME") else {"service.name": "trustmark"}
    provider = TracerProvider(resource=Resource.create(named))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider
