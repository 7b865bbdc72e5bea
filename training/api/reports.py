"""``/api/v1/rights-reports``: the four questions about some material, answered, signed, and answered again."""

import zipfile
from collections.abc import Iterator
from typing import Any, ClassVar
from uuid import UUID

from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from common.clock import rfc3339
from common.errors import Conflict, NotFound
from common.storage import blobs, local_copy
from training.api.base import Strict, TrainingView
from training.api.envelope import ENVELOPE, Envelope
from training.models import ReportRerun, RightsReport
from training.reporting.cut import exact
from training.reporting.tables import TABLES
from training.selectors.rights_reports import last_rerun, reports_of
from training.services.reports import ReportAsk
from training.vocabulary import ReportScope, ReportState
from training.workflows import make_again, produce_report

ARCHIVE = "application/zip"
_FORMS = {"ndjson": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}
_CHUNK = 256 * 1024


class RightsReportInput(Strict):
    """What is asked about (``about`` empty: everything), and up to where: a moment, or an event of the trail."""

    scope = serializers.ChoiceField(choices=ReportScope.values)
    about = serializers.CharField(max_length=80, default="", allow_blank=True)
    until = serializers.DateTimeField(allow_null=True, default=None)
    event = serializers.IntegerField(min_value=1, max_value=2**62, allow_null=True, default=None)


class RightsReportOutput(Strict):
    """A report; ``report`` is the hash of what it says, ``answers`` its four answers in numbers."""

    id = serializers.UUIDField()
    scope = serializers.ChoiceField(choices=ReportScope.values)
    ref = serializers.UUIDField(allow_null=True)
    state = serializers.ChoiceField(choices=ReportState.values)
    problem = serializers.CharField(allow_blank=True)
    until = serializers.DateTimeField()
    last_event = serializers.IntegerField()
    last_edge = serializers.IntegerField()
    asked_at = serializers.DateTimeField()
    done_at = serializers.DateTimeField(allow_null=True)
    took_ms = serializers.IntegerField(allow_null=True)
    report = serializers.CharField(allow_blank=True)
    size_bytes = serializers.IntegerField()
    answers = serializers.DictField()


class RerunOutput(Strict):
    """Whether a report that was made again says the same (null: not known yet), and which files of it do not."""

    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=ReportRerun.State.values)
    problem = serializers.CharField(allow_blank=True)
    is_same = serializers.BooleanField(allow_null=True)
    report = serializers.CharField(allow_blank=True)
    differs = serializers.ListField(child=serializers.CharField())
    asked_at = serializers.DateTimeField()
    done_at = serializers.DateTimeField(allow_null=True)


class RightsReportsApi(TrainingView):
    """List reports, ask for one: a small one is answered at once, a large one is ``QUEUED``."""

    required_scope = "training:read"

    @extend_schema(operation_id="rights_reports_list", responses=RightsReportOutput(many=True))
    def get(self, request: Request) -> Response:
        return self.page(reports_of(self.principal).defer("statement"), write_report)

    @extend_schema(
        operation_id="rights_reports_ask", request=RightsReportInput, responses={201: RightsReportOutput}
    )
    def post(self, request: Request) -> Response:
        row = produce_report(principal=self.principal, ask=ReportAsk(**self.parsed(RightsReportInput)))
        return Response(write_report(row), status=201)


class ReportView(TrainingView):
    """Base of what is read of one report."""

    required_scope: ClassVar[str | dict[str, str] | None] = "training:read"

    def found(self, report_id: UUID) -> RightsReport:
        """The caller's report. Raises ``NotFound``."""
        row = reports_of(self.principal).filter(pk=report_id).first()
        if row is None:
            raise NotFound
        return row

    def made(self, report_id: UUID) -> RightsReport:
        """The caller's report that is made. Raises ``NotFound``; ``Conflict``: ``REPORT_NOT_DONE``."""
        row = self.found(report_id)
        if row.state != ReportState.DONE:
            raise Conflict("REPORT_NOT_DONE", "This report is not made yet.")
        return row


class RightsReportApi(ReportView):
    """Read how a report stands, and its answers in numbers."""

    @extend_schema(operation_id="rights_reports_read", responses=RightsReportOutput)
    def get(self, request: Request, report_id: UUID) -> Response:
        return Response(write_report(self.found(report_id)))


class RightsReportContentApi(ReportView):
    """The whole report as one archive: statement, head, every table."""

    @extend_schema(operation_id="rights_reports_content", responses={(200, ARCHIVE): OpenApiTypes.BINARY})
    def get(self, request: Request, report_id: UUID) -> Any:
        return archive_of(self.made(report_id))


class RightsReportStatementApi(ReportView):
    """The signed statement alone: a DSSE envelope over the head and the hash of every table."""

    @extend_schema(operation_id="rights_reports_statement", responses={(200, ENVELOPE): Envelope})
    def get(self, request: Request, report_id: UUID) -> Any:
        return HttpResponse(bytes(self.made(report_id).statement or b""), content_type=ENVELOPE)


class RightsReportTableApi(ReportView):
    """One table, as lines of JSON or as a sheet (``?form=csv``)."""

    @extend_schema(
        operation_id="rights_reports_table",
        parameters=[OpenApiParameter("form", enum=list(_FORMS), default="ndjson")],
        responses={(200, "application/x-ndjson"): OpenApiTypes.STR, (200, "text/csv"): OpenApiTypes.STR},
    )
    def get(self, request: Request, report_id: UUID, table: str) -> Any:
        form = request.query_params.get("form", "ndjson")
        if table not in TABLES or form not in _FORMS:
            raise NotFound
        return table_of(self.made(report_id), table, form)


class RightsReportRerunApi(ReportView):
    """Make a report again at its own cut, and say whether it says the same: a small one at once."""

    required_scope: ClassVar[str | dict[str, str] | None] = {"GET": "training:read", "POST": "training:write"}

    @extend_schema(operation_id="rights_reports_last_rerun", responses=RerunOutput)
    def get(self, request: Request, report_id: UUID) -> Response:
        row = last_rerun(self.found(report_id))
        if row is None:
            raise NotFound
        return Response(write_rerun(row))

    @extend_schema(
        operation_id="rights_reports_rerun", request=None, responses={200: RerunOutput, 202: RerunOutput},
        description="202 where it is large: read it here until ``done_at`` is said.",
    )  # fmt: skip
    def post(self, request: Request, report_id: UUID) -> Response:
        row = make_again(principal=self.principal, report_id=report_id)
        return Response(write_rerun(row), status=200 if row.done_at else 202)


def write_report(row: RightsReport) -> dict[str, Any]:
    """A report as the API shows it."""
    return {
        "id": str(row.pk), "scope": row.scope, "ref": str(row.ref) if row.ref else None, "state": row.state,
        "problem": row.problem, "until": exact(row.until), "last_event": row.last_event,
        "last_edge": row.last_edge, "asked_at": rfc3339(row.created_at),
        "done_at": rfc3339(row.done_at) if row.done_at else None, "took_ms": row.took_ms,
        "report": row.content_id, "size_bytes": row.size_bytes, "answers": row.head.get("answers", {}),
    }  # fmt: skip


def write_rerun(row: ReportRerun) -> dict[str, Any]:
    """A making-again as the API shows it."""
    return {
        "id": str(row.pk), "state": row.state, "problem": row.problem, "is_same": row.is_same,
        "report": row.content_id, "differs": list(row.differs), "asked_at": rfc3339(row.created_at),
        "done_at": rfc3339(row.done_at) if row.done_at else None,
    }  # fmt: skip


def archive_of(row: RightsReport) -> FileResponse:
    """A report to take along."""
    return FileResponse(
        blobs().open(row.location, "rb"), content_type=ARCHIVE, as_attachment=True,
        filename=f"rights-report-{row.pk}.zip",
    )  # fmt: skip


def table_of(row: RightsReport, table: str, form: str) -> StreamingHttpResponse:
    """One table of a report, read out of its archive as it is sent."""
    answer = StreamingHttpResponse(_pieces(row.location, f"tables/{table}.{form}"), content_type=_FORMS[form])
    answer["Content-Disposition"] = f'attachment; filename="{table}-{row.pk}.{form}"'
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


def _pieces(place: str, name: str) -> Iterator[bytes]:
    with local_copy(place) as path, zipfile.ZipFile(path) as archive, archive.open(name) as member:
        while piece := member.read(_CHUNK):
            yield piece
