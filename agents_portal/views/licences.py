"""Licences: the list, one licence with its use, and its receipts."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from accounts.selectors import organisation_names
from agents_portal import sentences, words
from agents_portal.access import AGENT, STUDIO, PortalRequest, portal_page
from agents_portal.figures import Meter, strips_of, timeline_of
from agents_portal.grants import granted_in_words
from agents_portal.trail import trail_of
from agents_portal.words import and_list, figure, later, opening, spelled
from common import clock
from common.dates import weekday_words
from licensing.selectors import LicenceDetail, LicenceLine, licence_detail, licences
from receipts.selectors import (
    TokenCounts,
    checks_for_token,
    counts_for_token,
    counts_for_tokens,
    heat_strip,
    leases_for_token,
    log_state,
    receipts_for_token,
)

LIVE_STATES = ("ACTIVE", "PENDING_ACTIVATION", "SUSPENDED")
_REFUSED_SHOWN = 50
_CELLS = 44  # as many as stand beside the figures without shrinking
_REVOKED = {
    "PROSPECTIVE": later("No new frames; those already made may be used."),
    "DISTRIBUTION_HOLD": later("No new frames, and those already made are held."),
    "RECALL_REQUEST": later("No new frames, and those already made are to be destroyed."),
    "EMERGENCY_STOP": later("The talent stopped everything; frames already made are held."),
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
def licences_page(request: PortalRequest) -> HttpResponse:
    """List licences with their use; ``tab`` chooses live or ended ones."""
    return render(request, "portal/licences.html", _listing(request))


@portal_page(AGENT, STUDIO)
@require_GET
def receipts_page(request: PortalRequest) -> HttpResponse:
    """List licences with their receipts counted."""
    return render(request, "portal/receipts_overview.html", _listing(request, every=True))


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
            "is_over": detail.line.state not in LIVE_STATES,
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
        meters.append(Meter(counts.frames_used, line.frames_max, "frames", _("Frames used")))
    if line.lines_max:
        meters.append(Meter(counts.lines_used, line.lines_max, "voice lines", _("Voice lines used")))
    return meters


def _listing(request: PortalRequest, *, every: bool = False) -> dict[str, Any]:
    found = licences(request.principal)
    live = [line for line in found if line.state in LIVE_STATES]
    ended = [line for line in found if line.state not in LIVE_STATES]
    tab = "ended" if request.GET.get("tab") == "ended" else "live"
    shown = list(found) if every else ended if tab == "ended" else live
    counts = counts_for_tokens(line.jti for line in shown)
    address = reverse("portal-licences")
    return {
        "rows": [
            {
                "line": line,
                "badge": sentences.licence_badge(line),
                "counts": counts.get(line.jti) or TokenCounts(line.jti),
                "meter": next(iter(meters_of(line, counts.get(line.jti) or TokenCounts(line.jti))), None),
                "uses": and_list([words.use_words(use) for use in line.use_types]),
            }
            for line in shown
        ],
        "live": live,
        "ending": [line for line in live if line.renewal_due],
        "tab": tab,
        "tabs": [
            {"label": _("Live"), "count": len(live), "href": address, "is_here": tab == "live"},
            {
                "label": _("Ended"),
                "count": len(ended),
                "href": f"{address}?tab=ended",
                "is_here": tab == "ended",
            },
        ],
        "headline": _headline(live),
    }


def _headline(live: list[LicenceLine]) -> str:
    if not live:
        return _("No licence is live")
    return licences_live(len(live), sum(line.renewal_due for line in live))


def licences_live(live: int, ending: int) -> str:
    """``Three licences are live. One ends soon.``"""
    text = opening(
        ngettext("%(count)s licence is live.", "%(count)s licences are live.", live)
        % {"count": spelled(live)}
    )
    if not ending:
        return text
    soon = ngettext("%(count)s ends soon.", "%(count)s end soon.", ending) % {"count": spelled(ending)}
    return f"{text} {opening(soon)}"


def _lead(detail: LicenceDetail, counts: TokenCounts) -> str:
    line = detail.line
    names = {
        "licensee": line.licensee_name,
        "talent": line.talent_name,
        "likeness": words.likeness_words(line.constructs),
    }
    if line.state not in LIVE_STATES:
        return _("%(licensee)s may no longer render %(talent)s’s %(likeness)s under this licence.") % names
    text = _("%(licensee)s may use %(talent)s’s %(likeness)s until %(day)s.") % {
        **names, "day": weekday_words(timezone.localtime(line.not_after))
    }  # fmt: skip
    meters = meters_of(line, counts)
    if not meters:
        return text
    left = _("%(number)s %(unit)s are left.") % {
        "number": figure(meters[0].left), "unit": meters[0].unit_words
    }  # fmt: skip
    return f"{text} {left}"


def _story(detail: LicenceDetail, counts: TokenCounts) -> list[dict[str, Any]]:
    """What happened from start to end, oldest first, as the phone's timeline says it."""
    line = detail.line
    events: list[dict[str, Any]] = [
        {
            "at": one.created_at,
            "icon": "signature",
            "text": _("Version %(number)s issued") % {"number": one.version},
            "jti": one.jti,
        }
        for one in detail.lineage
    ]
    events += [
        {
            "at": alert.raised_at,
            "icon": "clock-alert",
            "text": opening(
                ngettext(
                    "%(count)s day before the end: studio and agent were told",
                    "%(count)s days before the end: studio and agent were told",
                    alert.threshold_days,
                )
                % {"count": spelled(alert.threshold_days)}
            ),
        }
        for alert in detail.alerts
    ]
    if counts.first_receipt_at:
        events.append({"at": counts.first_receipt_at, "icon": "film", "text": _("First frame")})
    if counts.last_receipt_at:
        events.append(
            {
                "at": counts.last_receipt_at,
                "icon": "film",
                "text": _("Latest frame, %(count)s so far") % {"count": figure(counts.rendered)},
            }
        )
    if line.revoked_at:
        events.append({"at": line.revoked_at, "icon": "circle-x", "text": _("Revoked"), "tone": "deny"})
    events.append(
        {
            "at": line.not_after,
            "icon": "calendar-x",
            "text": _("Ends, unless renewed") if line.state in LIVE_STATES else _("End of its window"),
        }
    )
    return sorted(events, key=lambda event: event["at"])
