"""Compliance bundles: list, make, read what is inside, download."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from agents_portal.access import AGENT, AUDITOR, LEGAL, STUDIO, PortalRequest, portal_page
from agents_portal.forms.productions import PURPOSES, BundleForm
from agents_portal.paging import page_after
from agents_portal.words import Badge, figure, later, opening, spelled
from common.errors import Forbidden, InvalidInput, NotFound
from compliance.api import bundle_response
from compliance.models import Bundle
from compliance.scope import Part
from compliance.selectors import (
    Finding,
    bundle_detail,
    bundle_for,
    bundles_visible_to,
    exportable_talents,
    productions_to_ask_about,
)
from compliance.workflows import export_bundle

_BADGES = {
    "QUEUED": Badge("hourglass", later("Waiting to be made")),
    "BUILDING": Badge("hourglass", later("Being made")),
    "READY": Badge("package-check", later("Ready"), "permit"),
    "FAILED": Badge("circle-x", later("Could not be made"), "deny"),
}
_DOING = {
    "READING": later("Reading the log."),
    "WRITING": later("Writing licences, receipts and the log."),
    "PRINTING": later("Printing the summary."),
    "STORING": later("Storing the file."),
}
_SEEN = (
    later("Every version of the terms, and who approved which hash"),
    later("Every receipt, and every check that was refused"),
    later("That nothing was added, removed or changed"),
)


@portal_page(AGENT, STUDIO, AUDITOR, LEGAL)
@require_GET
def bundles_page(request: PortalRequest) -> HttpResponse:
    """List bundles, newest first, a page at a time; the headline counts them all."""
    mine = bundles_visible_to(request.principal)
    page = page_after(mine, request.GET.get("after", ""))
    headline = _("No bundles")
    if number := mine.count():
        headline = ngettext("%(count)s bundle", "%(count)s bundles", number) % {"count": spelled(number)}
    return render(
        request,
        "portal/bundles.html",
        {
            "rows": [_row(bundle) for bundle in page.rows],
            "after": page.after,
            "headline": opening(headline),
            "may_make": productions_to_ask_about(request.principal).exists(),
        },
    )


@portal_page(AGENT, STUDIO, AUDITOR, LEGAL)
@require_http_methods(["GET", "POST"])
def new_bundle_page(request: PortalRequest) -> HttpResponse:
    """Ask for a bundle; it is made in the background and its page says when it is ready."""
    form = BundleForm(
        request.POST if request.method == "POST" else None,
        productions=productions_to_ask_about(request.principal),
        talents=exportable_talents(request.principal),
        initial={"production": request.GET.get("production", "")},
    )
    if request.method == "POST" and form.is_valid():
        try:
            bundle = export_bundle(
                principal=request.principal,
                production_id=UUID(form.cleaned_data["production"]),
                purpose=form.cleaned_data["purpose"],
                part=_part(form.cleaned_data),
            )
            return redirect("portal-bundle", bundle.pk)
        except NotFound:
            form.add_error("talent", _("This production has no licence of theirs."))
        except (InvalidInput, Forbidden) as error:
            form.add_error(None, f"{error.title} {error.detail}".strip())
    return render(request, "portal/bundle_new.html", {"form": form}, status=422 if form.errors else 200)


@portal_page(AGENT, STUDIO, AUDITOR, LEGAL)
@require_GET
def bundle_page(request: PortalRequest, bundle_id: UUID) -> HttpResponse:
    """Show a bundle: exceptions under the four totals, three ways to check it, what is inside."""
    detail = bundle_detail(request.principal, bundle_id)
    if detail is None:
        raise Http404
    if request.htmx and "seen" in request.GET and detail.bundle.state in {"READY", "FAILED"}:
        return HttpResponse(headers={"HX-Refresh": "true"})  # to a page that followed the making
    return render(
        request,
        "portal/bundle.html",
        {
            "detail": detail,
            "row": _row(detail.bundle),
            "findings": [_finding(one) for one in detail.exceptions],
            "exceptions": sum(one.count > 0 for one in detail.exceptions),
            "receipts": detail.bundle.counts.get("receipts", 0),
            "contents": _contents(detail.bundle),
            "totals": _totals([one.value for one in detail.totals]),
            "seen": _SEEN,
            "doing": _DOING.get(detail.bundle.progress.get("part", ""), ""),
        },
    )


@portal_page(AGENT, STUDIO, AUDITOR, LEGAL)
@require_GET
def download_page(request: PortalRequest, bundle_id: UUID) -> HttpResponseBase:
    """Answer with the file itself."""
    bundle = bundle_for(request.principal, bundle_id)
    if bundle is None:
        raise Http404
    return bundle_response(request, bundle)


def _part(given: dict[str, Any]) -> Part:
    """The part that the form asks for; its days begin and end where the reader is, the last one included."""
    talent, begins, until = given["talent"], given["begins"], given["until"]
    return Part(
        talent_id=UUID(talent) if talent else None,
        size=given["size"],
        begins=_midnight(begins) if begins else None,
        until=_midnight(until + timedelta(days=1)) if until else None,
    )


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _row(bundle: Bundle) -> dict[str, object]:
    return {
        "bundle": bundle,
        "badge": _BADGES[bundle.state],
        "purpose": next((text for key, text in PURPOSES.items() if key == bundle.purpose), bundle.purpose),
    }


_FINDINGS: Final[dict[str, tuple[str, str, Callable[[int], str], str]]] = {
    "UNAUTHORISED_FRAMES": (
        "circle-question-mark", "unsure",
        lambda number: ngettext("%(count)s frame was rendered without a lease", "%(count)s frames were rendered without a lease", number),
        later("Recorded as unauthorised, held out of delivery."),
    ),
    "FRAMES_WITHOUT_RECEIPT": (
        "octagon-x", "deny",
        lambda number: ngettext("%(count)s reserved frame has no receipt", "%(count)s reserved frames have no receipt", number),
        later("A lease reserved them; no receipt says what became of them."),
    ),
    "REFUSED_CHECKS": (
        "ban", "deny",
        lambda number: ngettext("%(count)s check was refused", "%(count)s checks were refused", number),
        later("Nothing was rendered under them. Each names its reason."),
    ),
}  # fmt: skip


def _finding(found: Finding) -> dict[str, object]:
    icon, tone, title, text = _FINDINGS.get(
        found.code, ("info", "", lambda _number: f"%(count)s {found.code}", "")
    )
    words = title(found.count) % {"count": figure(found.count)}
    return {
        "icon": icon if found.count else "circle-check",
        "tone": tone if found.count else "permit",
        "title": words,
        "text": text if found.count else "",
        "rows": found.rows[:5],
        "count": found.count,
    }


def _totals(numbers: list[int]) -> list[tuple[str, int]]:
    licences, receipts, checks, outputs = numbers
    return [
        (ngettext("licence", "licences", licences), licences),
        (ngettext("receipt", "receipts", receipts), receipts),
        (ngettext("check", "checks", checks), checks),
        (ngettext("output verified", "outputs verified", outputs), outputs),
    ]


def _contents(bundle: Bundle) -> list[tuple[str, str, int, str]]:
    counts = bundle.counts
    return [
        (
            _("Licences"),
            _("Every version of the terms, with the signed grant"),
            counts.get("token_versions", 0),
            "JSON, JWS",
        ),
        (_("Receipts"), _("One row for each frame"), counts.get("receipts", 0), "CSV, NDJSON"),
        (_("Log"), _("Whole tiles and the signed checkpoint"), bundle.tree_size or 0, "tlog-tiles"),
        (_("Checks"), _("Every decision, allowed or refused"), counts.get("checks", 0), _("In the log")),
        (
            _("Marks and credentials"),
            _("Watermark reports, Content Credentials"),
            counts.get("verified", 0),
            "JSON, C2PA",
        ),
    ]
