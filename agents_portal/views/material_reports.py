"""Signed rights reports: asked for, read, taken along as data and on paper, made again."""

from urllib.parse import quote
from uuid import UUID

from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agents_portal import report_words as words
from agents_portal.access import PortalRequest
from agents_portal.binding import Consequence
from agents_portal.downloads import as_download
from agents_portal.forming import FormPage, Part, carried_out, show_form
from agents_portal.forms.reports import RightsReportForm
from agents_portal.paging import page_after
from agents_portal.views.material import material_page, tabs
from common.errors import InvalidInput, NotFound
from compliance.printing import can_print
from compliance.rights_paper import paper_name, paper_of, paper_statement
from training.api.envelope import ENVELOPE
from training.api.reports import archive_of, table_of
from training.models import ReportRerun, RightsReport
from training.reporting.tables import TABLES
from training.seats import may_rerun
from training.selectors.rights_reports import last_rerun, reports_of
from training.services.reports import ReportAsk
from training.vocabulary import ReportScope, ReportState
from training.workflows import make_again, produce_report


@material_page
@require_GET
def reports_page(request: PortalRequest) -> HttpResponse:
    """Every report of the house."""
    page = page_after(reports_of(request.principal).defer("statement", "head"), request.GET.get("after", ""))
    return render(
        request,
        "portal/material_reports.html",
        {
            "tabs": tabs("portal-material-reports"),
            "rows": [
                {"row": one, "title": words.title_of(one), "badge": words.STATES[one.state]}
                for one in page.rows
            ],
            "more": f"?after={quote(page.after)}" if page.after else "",
            "first": request.path if request.GET.get("after") else "",
        },
    )


@material_page
@require_http_methods(["GET", "POST"])
def new_report_page(request: PortalRequest) -> HttpResponse:
    """Ask the four questions about some material."""
    scope = request.GET.get("scope", "")
    form = RightsReportForm(
        request.POST if request.method == "POST" else None,
        initial={
            "scope": scope if scope in ReportScope.values else ReportScope.ORGANISATION,
            "about": request.GET.get("about", "")[:80],
        },
    )
    made: list[RightsReport] = []
    if request.method == "POST" and carried_out(form, lambda: made.append(_produced(request, form))):
        return redirect("portal-material-report", made[0].pk)
    page = FormPage(
        title=_("Ask the four questions"),
        lead=_("What was collected, why it was allowed, how it was transformed, where it ended up."),
        verb=_("Make the report"),
        icon="signature",
        back=reverse("portal-material-reports"),
        back_words=_("Reports"),
        parts=(Part(_("About what"), ("scope", "about")), Part(_("Up to when"), ("until",))),
        consequences=(
            Consequence("signature", _("It is signed"), _("and anybody checks it without this server.")),
            Consequence("rotate-cw", _("It can be made again"), _("and says the same for the same moment.")),
            Consequence("scroll-text", _("It stays on record"), _("with who asked and when.")),
        ),
        aside_title=_("What follows"),
    )
    return show_form(request, page, form)


@material_page
@require_GET
def report_page(request: PortalRequest, report_id: UUID) -> HttpResponse:
    """One report: its four answers, and its files."""
    return _shown(request, _report(request, report_id))


@material_page
@require_POST
def rerun_page(request: PortalRequest, report_id: UUID) -> HttpResponse:
    """Make it again at its own cut, and say whether it says the same; a large one in the background."""
    row = _made(request, report_id)
    make_again(principal=request.principal, report_id=row.pk)
    return redirect("portal-material-report", row.pk)


@material_page
@require_GET
def report_file(request: PortalRequest, report_id: UUID) -> HttpResponseBase:
    """The whole report as one signed archive."""
    return archive_of(_made(request, report_id))


@material_page
@require_GET
def report_table(request: PortalRequest, report_id: UUID, table: str) -> HttpResponseBase:
    """One table as a sheet."""
    if table not in TABLES:
        raise Http404
    return table_of(_made(request, report_id), table, "csv")


@material_page
@require_GET
def report_paper(request: PortalRequest, report_id: UUID) -> HttpResponse:
    """The report on paper."""
    row = _printable(request, report_id)
    return as_download(HttpResponse(paper_of(row), content_type="application/pdf"), f"{paper_name(row)}")


@material_page
@require_GET
def report_paper_statement(request: PortalRequest, report_id: UUID) -> HttpResponse:
    """What signs the paper."""
    row = _printable(request, report_id)
    return as_download(
        HttpResponse(paper_statement(row), content_type=ENVELOPE), f"{paper_name(row)}.dsse.json"
    )


def _shown(request: PortalRequest, row: RightsReport) -> HttpResponse:
    is_made = row.state == ReportState.DONE
    again = last_rerun(row) if is_made else None
    return render(
        request,
        "portal/material_report.html",
        {
            "row": row,
            "title": words.title_of(row),
            "badge": words.STATES[row.state],
            "waits": row.state in (ReportState.QUEUED, ReportState.BUILDING),
            "is_made": is_made,
            "answers": words.answers(row.head) if is_made else [],
            "evidence": next(one["rows"] for one in row.head["tables"] if one["name"] == "events")
            if is_made
            else 0,
            "again": again,
            "is_comparing": again is not None and again.done_at is None,
            "may_rerun": may_rerun(request.principal),
            "could_not_compare": again is not None and again.state == ReportRerun.State.FAILED,
            "can_print": can_print(),
        },
    )


def _produced(request: PortalRequest, form: RightsReportForm) -> RightsReport:
    told = form.cleaned_data
    about = told["about"].strip()
    try:
        return produce_report(
            principal=request.principal,
            ask=ReportAsk(scope=told["scope"], about=about, until=told["until"]),
        )
    except NotFound as error:
        raise InvalidInput("ABOUT_UNKNOWN", "The house had nothing of this name then.") from error


def _report(request: PortalRequest, report_id: UUID) -> RightsReport:
    row = reports_of(request.principal).filter(pk=report_id).defer("statement").first()
    if row is None:
        raise Http404
    return row


def _made(request: PortalRequest, report_id: UUID) -> RightsReport:
    row = _report(request, report_id)
    if row.state != ReportState.DONE:
        raise Http404
    return row


def _printable(request: PortalRequest, report_id: UUID) -> RightsReport:
    row = _made(request, report_id)
    if not can_print():
        raise Http404
    return row
