"""A verification as a trace: one span, its stages under it, nothing of the file's name; and none without a collector."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import msgspec
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests import factories
from tests.verification.making import finished
from trustcore.verification.report import Report, parse_report
from trustcore.verification.words import StageState
from verification import tracing

pytestmark = pytest.mark.django_db


@pytest.fixture
def report() -> Report:
    desk = factories.make_desk(factories.make_studio(), "PRODUCER")
    made = parse_report(finished(desk.organisation, desk.person, file_name="secret-title.mp4").record.report)
    broken = msgspec.structs.replace(
        made.audit.stages[3], state=StageState.FAILED, reason="raised: CODE: of a person"
    )
    stages = (*made.audit.stages[:3], broken, *made.audit.stages[4:])
    return msgspec.structs.replace(made, audit=msgspec.structs.replace(made.audit, stages=stages))


@pytest.mark.req("LV-006")
def test_a_collector_is_told_every_stage_and_no_name(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[bytes] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *said: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
    tracing._provider.cache_clear()
    try:
        provider = tracing._provider()
        assert provider is not None
        tracing.trace(report, began_ns=1_000_000_000)
        provider.force_flush()
        provider.shutdown()
    finally:
        tracing._provider.cache_clear()
        server.shutdown()
        server.server_close()
    spans = {
        span.name: span
        for body in taken
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    }
    whole = spans["verification"]
    assert {one.parent_span_id for name, one in spans.items() if name != "verification"} == {whole.span_id}
    assert {f"verification.{run.name}" for run in report.audit.stages} <= set(spans)
    lasted = sum(run.milliseconds for run in report.audit.stages) * 1_000_000
    assert whole.end_time_unix_nano - whole.start_time_unix_nano == pytest.approx(lasted)
    failed = [name for name, span in spans.items() if span.status.code == 2]
    assert failed == [f"verification.{report.audit.stages[3].name}"]
    for body in taken:
        assert b"secret-title" not in body
        assert b"of a person" not in body


def test_without_a_collector_nothing_is_made(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in tracing._ENDPOINTS:
        monkeypatch.delenv(name, raising=False)
    tracing._provider.cache_clear()
    tracing.trace(report, began_ns=1)
    assert tracing._provider() is None
