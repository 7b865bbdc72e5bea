"""Licences: the list, one licence with its use, and its receipts."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from accounts.selectors import organisation_names
from agents_portal import sentences, words
from agents_portal.access import AGENT, STUDIO, PortalRequest, portal_page
from agents_portal.figures import Meter, strips_of, timeline_of
from agents_portal.grants import granted_in_words
from agents_portal.trail import trail_of
from agents_portal.words import and_list, count_words
from common import clock
from licensing.selectors import LicenceDetail, LicenceLine, Licences, licence_detail, licences_page
from receipts.selectors import (
    TokenCounts,
    checks_for_token,
    counts_for_token,
    counts_for_tokens,
    heat_strip,
    leases_for_token,
    log_state,
    quotas_of,
    receipts_for_token,
)

LIVE_STATES = ("ACTIVE", "PENDING_ACTIVATION", "SUSPENDED")
_REFUSED_SHOWN = 50
_CELLS = 44  # as many as stand beside the figures without shrinking
_REVOKED = {
    "PROSPECTIVE": "No new frames; those already made may be used.",
    "DISTRIBUTION_HOLD": "No new frames, and those already made are held.",
    "RECALL_REQUEST": "No new frames, and those already made are to be destroyed.",
    "EMERGENCY_STOP": "The talent stopped everything; frames already made are held.",
}


def licence_or_404(request: PortalRequest, jti: UUID) -> LicenceDetail:
    """The licence as this reader may see it.

    Raises:
        Http404: there is none, or none for this reader: the two read the same.
    """
    detail = licence_detail(request.principal, jti)
    if detail is None:
        raise Http404
    return detail


@portal_page()
@require_GET
def licences_list_page(request: PortalRequest) -> HttpResponse:
    """List licences with their use; ``tab`` chooses live or ended ones."""
    return render(request, "portal/licences.html", _listing(request))


@portal_page(AGENT, STUDIO)
@require_GET
def receipts_page(request: PortalRequest) -> HttpResponse:
    """List licences with their receipts counted."""
    after = request.GET.get("after", "")
    page = licences_page(request.principal, tab="all", after=after)
    counts = counts_for_tokens(line.jti for line in page.lines)
    address = reverse("portal-receipts")
    return render(
        request,
        "portal/receipts_overview.html",
        {
            "rows": [{"line": line, "counts": counts[line.jti]} for line in page.lines],
            "more": f"{address}?{urlencode({'after': page.after})}" if page.after else "",
            "first": address if after else "",
        },
    )


@portal_page()
@require_GET
def licence_page(request: PortalRequest, jti: UUID) -> HttpResponse:
    """Show one licence: what is left, frame by frame, what was refused, who signed."""
    detail = licence_or_404(request, jti)
    counts = counts_for_token(jti)
    refused = checks_for_token(jti, refused_only=True, limit=_REFUSED_SHOWN)
    return render(
        request,
        "portal/licence.html",
        {
            "detail": detail,
            "line": detail.line,
            "badge": sentences.licence_badge(detail.line),
            "lead": _lead(detail, counts),
            "counts": counts,
            "meters": meters_of(detail.line, counts),
            "strips": strips_of(heat_strip(jti, cells=_CELLS)),
            "refused": refused.rows,
            "leases": [lease for lease in leases_for_token(jti) if lease.state == "ACTIVE"],
            "grants": granted_in_words(detail.terms),
            "signed": trail_of(
                act for act in detail.signed_by if act.kind in {"APPROVE", "SUBMIT", "ACCEPT_COUNTER"}
            ),
            "timeline": timeline_of(
                detail.line, detail.lineage, detail.terms.renewal.notify_days_before, clock.now()
            ),
            "story": _story(detail, counts),
            "vendors": sorted(organisation_names(detail.vendor_ids).values()),
            "left_word": "left" if detail.line.state in LIVE_STATES else "were left",
            "revoked_words": _REVOKED.get(detail.revocation_kind, ""),
            "log": log_state(detail.line.production_id),
        },
    )


@portal_page()
@require_GET
def licence_receipts_page(request: PortalRequest, jti: UUID) -> HttpResponse:
    """List a licence's receipts, oldest first; ``after`` goes on behind a leaf."""
    detail = licence_or_404(request, jti)
    after = request.GET.get("after", "")
    is_leaf = after.isdecimal() and after.isascii() and len(after) < 19
    page = receipts_for_token(jti, after=int(after) if is_leaf else None)
    return render(
        request,
        "portal/licence_receipts.html",
        {
            "detail": detail,
            "line": detail.line,
            "counts": counts_for_token(jti),
            "page": page,
            "log": log_state(detail.line.production_id),
        },
    )


def meters_of(line: LicenceLine, counts: TokenCounts) -> list[Meter]:
    """The meters of a licence: frames, and lines where any are granted."""
    meters = []
    if line.frames_max:
        meters.append(Meter(counts.frames_used, line.frames_max, "frames", "Frames used"))
    if line.lines_max:
        meters.append(Meter(counts.lines_used, line.lines_max, "voice lines", "Voice lines used"))
    return meters


def _listing(request: PortalRequest) -> dict[str, Any]:
    after = request.GET.get("after", "")
    tab = "ended" if request.GET.get("tab") == "ended" else "live"
    page = licences_page(request.principal, tab=tab, after=after)
    used = quotas_of(line.jti for line in page.lines)
    address = reverse("portal-licences")
    return {
        "rows": [
            {
                "line": line,
                "badge": sentences.licence_badge(line),
                "meter": next(iter(meters_of(line, used.get(line.jti) or TokenCounts(line.jti))), None),
                "uses": and_list([words.use_words(use) for use in line.use_types]),
            }
            for line in page.lines
        ],
        "tab": tab,
        "tabs": [
            {"label": gettext("Live"), "count": page.live, "href": address, "is_here": tab == "live"},
            {
                "label": gettext("Ended"),
                "count": page.ended,
                "href": f"{address}?tab=ended",
                "is_here": tab == "ended",
            },
        ],
        "headline": _headline(page),
        "more": f"{address}?{urlencode({'tab': tab, 'after': page.after})}" if page.after else "",
        "first": f"{address}?{urlencode({'tab': tab})}" if after else "",
    }


def _headline(page: Licences) -> str:
    if not page.live:
        return gettext("No licence is live")
    text = count_words(page.live, "licence is live.", "licences are live.")
    soon = count_words(page.ending, "ends within 30 days.", "end within 30 days.").capitalize()
    return f"{text[:1].upper()}{text[1:]}{' ' + soon if page.ending else ''}"


def _lead(detail: LicenceDetail, counts: TokenCounts) -> str:
    line = detail.line
    likeness = f"{line.talent_name}’s {words.likeness_words(line.constructs)}"
    ends = timezone.localtime(line.not_after)
    if line.state not in LIVE_STATES:
        return f"{line.licensee_name} may no longer render {likeness} under this licence."
    meters = meters_of(line, counts)
    left = f" {meters[0].left:,} {meters[0].unit} are left." if meters else ""
    return f"{line.licensee_name} may use {likeness} until {ends:%a} {ends.day} {ends:%b}.{left}"


def _story(detail: LicenceDetail, counts: TokenCounts) -> list[dict[str, Any]]:
    """What happened from start to end, oldest first, as the phone's timeline says it."""
    line = detail.line
    events: list[dict[str, Any]] = [
        {"at": one.created_at, "icon": "signature", "text": f"Version {one.version} issued", "jti": one.jti}
        for one in detail.lineage
    ]
    events += [
        {
            "at": alert.raised_at,
            "icon": "clock-alert",
            "text": f"{count_words(alert.threshold_days, 'day', 'days').capitalize()} before the end: studio and agent were told",
        }
        for alert in detail.alerts
    ]
    if counts.first_receipt_at:
        events.append({"at": counts.first_receipt_at, "icon": "film", "text": "First frame"})
    if counts.last_receipt_at:
        events.append(
            {
                "at": counts.last_receipt_at,
                "icon": "film",
                "text": f"Latest frame, {counts.rendered:,} so far",
            }
        )
    if line.revoked_at:
        events.append({"at": line.revoked_at, "icon": "circle-x", "text": "Revoked", "tone": "deny"})
    events.append(
        {
            "at": line.not_after,
            "icon": "calendar-x",
            "text": "Ends, unless renewed" if line.state in LIVE_STATES else "End of its window",
        }
    )
    return sorted(events, key=lambda event: event["at"])
