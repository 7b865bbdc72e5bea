"""``/api/v1/rights-reports/{id}/paper``: a rights report as PDF, and the statement that signs it."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from compliance.rights_paper import paper_name, paper_of, paper_statement
from training.api.envelope import ENVELOPE, Envelope
from training.api.reports import ReportView

PDF = "application/pdf"


class RightsReportPaperApi(ReportView):
    """The report as PDF: the four answers and the first rows of each table."""

    @extend_schema(operation_id="rights_reports_paper", responses={(200, PDF): OpenApiTypes.BINARY})
    def get(self, request: Request, report_id: UUID) -> Any:
        row = self.made(report_id)
        answer = HttpResponse(paper_of(row), content_type=PDF)
        answer["Content-Disposition"] = f'attachment; filename="{paper_name(row)}"'
        return answer


class RightsReportPaperStatementApi(ReportView):
    """The signed statement over the PDF's SHA-256: a DSSE envelope that names the report."""

    @extend_schema(operation_id="rights_reports_paper_statement", responses={(200, ENVELOPE): Envelope})
    def get(self, request: Request, report_id: UUID) -> Any:
        return HttpResponse(paper_statement(self.made(report_id)), content_type=ENVELOPE)
