"""Usage reports of a guild: which productions used its members, how much, and what is owed for it."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET

from agents_portal.access import AUDITOR, PortalRequest, portal_page, zone_of
from agents_portal.downloads import as_download
from agents_portal.forms.usage import PeriodForm
from agents_portal.words import LICENCE_BADGES, Badge, and_list, lower_words, use_words
from audit.services import record
from common.ids import new_id
from common.language import core
from compliance.printing import can_print
from compliance.usage import UsageReport, UsageRow, usage_report
from compliance.usage_columns import HEADING, report_lines, report_rows
from compliance.usage_paper import lines_head, usage_pdf
from licensing.models import Production
from licensing.selectors import member_productions, production_for
from licensing.services import write_csv
from trustcore.policy.words import money

_A_PAGE = 50
_MISSING = {
    "EQUIVALENT_DAYS": gettext_lazy("the terms estimate no days"),
    "REVENUE": gettext_lazy("a share of revenue, which this server does not know"),
    "SCALE_RATES": gettext_lazy("a rate of the agreement’s scale, which is not kept here"),
    "COUNT_NOT_KEPT": gettext_lazy("counted by what this server does not count"),
}


@portal_page(AUDITOR)
@require_GET
def usage_page(request: PortalRequest) -> HttpResponse:
    """List the productions that the guild oversees, with the members that each is licensed for."""
    page = member_productions(request.principal, after=after_of(request), limit=_A_PAGE)
    return render(
        request,
        "portal/usages.html",
        {
            "rows": page.lines,
            "after": page.after,
            "headline": ngettext(
                "%(n)s production uses your members", "%(n)s productions use your members", page.using
            )
            % {"n": page.using}
            if page.using
            else _("No production uses your members"),
        },
    )


@portal_page(AUDITOR)
@require_GET
def usage_report_page(request: PortalRequest, production_id: UUID) -> HttpResponse:
    """Show one production's report for a period."""
    production = _production(request, production_id)
    form = _period(request)
    report = _report(request, production, form) if form.is_valid() else None
    return render(
        request,
        "portal/usage.html",
        {
            "production": production,
            "form": form,
            "report": report,
            "can_print": can_print(),
            "rows": [_row(one) for one in report.rows] if report else [],
            "amounts": [
                money(amount, currency, core()) for currency, amount in sorted(report.amounts.items())
            ]
            if report
            else [],
            "period": f"begins={form.cleaned_data['begins']}&until={form.cleaned_data['until']}"
            if report
            else "",
        },
        status=200 if report else 422,
    )


@portal_page(AUDITOR)
@require_GET
def usage_file_page(request: PortalRequest, production_id: UUID, shape: str) -> HttpResponseBase:
    """The same report to take along: a sheet in which no cell runs, lines of JSON, or a PDF; the trail says who took it."""
    production = _production(request, production_id)
    form = _period(request)
    if not form.is_valid() or (shape == "pdf" and not can_print()):
        raise Http404
    report = _report(request, production, form)
    report_id = new_id()
    record(
        kind="usage.exported",
        principal=request.principal,
        object_type="production",
        object_id=production.pk,
        production_id=production.pk,
        details={
            "begins": str(report.begins),
            "until": str(report.until),
            "rows": len(report.rows),
            "shape": shape,
            "report": str(report_id),
        },
    )
    content_type, pieces = _file(report, shape, report_id)
    name = f"usage-{production.pk}-{report.begins}-{report.until}.{shape}"
    return as_download(StreamingHttpResponse(pieces, content_type=content_type), name)


def _file(report: UsageReport, shape: str, report_id: UUID) -> tuple[str, Iterable[bytes | str]]:
    if shape == "csv":
        return "text/csv; charset=utf-8", write_csv(HEADING, report_rows(report))
    if shape == "jsonl":
        return "application/x-ndjson", report_lines(report, lines_head(report, report_id))
    return "application/pdf", [usage_pdf(report, report_id)]


def _production(request: PortalRequest, production_id: UUID) -> Production:
    found = production_for(request.principal, production_id)
    if found is None or found.guild_id != request.principal.organisation_id:
        raise Http404
    return found


def _period(request: PortalRequest) -> PeriodForm:
    if {"begins", "until"} & set(request.GET):
        return PeriodForm(request.GET)
    return PeriodForm(PeriodForm.of_this_month())


def _report(request: PortalRequest, production: Production, form: PeriodForm) -> UsageReport:
    return usage_report(
        request.principal,
        production,
        begins=form.cleaned_data["begins"],
        until=form.cleaned_data["until"],
        zone=zone_of(request.principal.person.time_zone),
    )


def _row(row: UsageRow) -> dict[str, Any]:
    due = row.due
    return {
        "row": row,
        "uses": and_list([use_words(str(one)) for one in row.terms.use_types]),
        "badge": LICENCE_BADGES.get(row.state, Badge("circle-dashed", lower_words(row.state))),
        "basis": lower_words(str(row.terms.compensation.basis)),
        "amount": None if due.amount_minor is None else money(due.amount_minor, due.currency, core()),
        "missing": _MISSING.get(due.missing, due.missing),
    }


def after_of(request: PortalRequest) -> UUID | None:
    """The row that a page begins after; whatever is no id begins at the first."""
    text = request.GET.get("after", "")
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
