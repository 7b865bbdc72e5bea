"""Licences: the list, one licence with its use, and its receipts."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from agents_portal import sentences, words
from agents_portal.access import AGENT, STUDIO, PortalRequest, portal_page
from agents_portal.checkpoint_words import checkpoint_lines
from agents_portal.figures import Meter, strips_of, timeline_of
from agents_portal.grants import granted_in_words
from agents_portal.templatetags.portal import outcome_words, reason_words
from agents_portal.trail import trail_of
from agents_portal.words import figure, later, opening, spelled
from common import clock
from common.dates import weekday_words
from common.visible import show_controls
from licensing.selectors import (
    LicenceDetail,
    LicenceLine,
    Licences,
    licence_detail,
    licences_page,
    lineage_of,
)
from licensing.selectors.licences import HoldLine
from receipts.models import FrameOutcome
from receipts.selectors import (
    TokenCounts,
    counts_for_tokens,
    log_state,
    quotas_of,
    receipts_for_token,
    token_use,
)
from trustcore.policy.rules import SCREEN_FRAMES_PER_SECOND
from trustcore.policy.shape import Scope, said

LIVE_STATES = ("ACTIVE", "PENDING_ACTIVATION", "SUSPENDED")
_REFUSED_SHOWN = 50
NOTICES = (30, 14, 7, 1)
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
def licences_list_page(request: PortalRequest) -> HttpResponse:
    """List licences with their use; ``tab`` chooses live or ended ones."""
    return render(request, "portal/licences.html", _listing(request))


@portal_page(AGENT, STUDIO)
@require_GET
def receipts_page(request: PortalRequest) -> HttpResponse:
    """List licences with their receipts counted."""
    after = request.GET.get("after", "")
    page = licences_page(request.principal, tab="all", after=after, is_counted=False)
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
    """Show one licence: what is granted, what is left, who signed; its use is a page of its own, shown in place."""
    detail = licence_or_404(request, jti)
    used = quotas_of(one.jti for one in detail.lineage)
    counts = used.get(jti) or TokenCounts(jti)
    return render(
        request,
        "portal/licence.html",
        {
            "detail": detail,
            "line": detail.line,
            "badge": sentences.licence_badge(detail.line),
            "lead": _lead(detail, counts),
            "meters": [
                *meters_of(detail.line, counts, _earlier(detail, used)),
                *meters_beside(detail.terms.scope, counts),
            ],
            "grants": granted_in_words(detail.terms),
            "signed": trail_of(
                act for act in detail.signed_by if act.kind in {"APPROVE", "SUBMIT", "ACCEPT_COUNTER"}
            ),
            "story": _story(detail),
            "vendors": detail.vendor_names,
            "checkpoints": checkpoint_lines(detail),
            "may_pause": bool(detail.may & {"SUSPEND", "REVOKE", "DECLARE_END"})
            or any(hold.may_lift for hold in detail.holds),
            "is_over": detail.line.state not in LIVE_STATES,
            "revoked_words": _revoked_words(detail),
            "log": log_state(detail.line.production_id),
        },
    )


@portal_page()
@require_GET
def licence_use_page(request: PortalRequest, jti: UUID) -> HttpResponse:
    """Show what happened under a licence: day by day, shot by shot, and what was refused; ``after`` a shot goes on."""
    lineage = lineage_of(request.principal, jti)
    line = next((one for one in lineage if one.jti == jti), None)
    if line is None:
        raise Http404
    after = request.GET.get("after", "").replace("\0", "")
    zone = ZoneInfo(timezone.get_current_timezone_name())
    use = token_use(jti, zone=zone, cells=_CELLS, after=after, refused_shown=_REFUSED_SHOWN)
    address = reverse("portal-licence-use", args=[jti])
    return render(
        request,
        "portal/parts/licence_use.html" if request.htmx else "portal/licence_use.html",
        {
            "line": line,
            "use": use,
            "strips": strips_of(use.shots),
            "refused": use.refused,
            "timeline": timeline_of(line, lineage, NOTICES, clock.now(), use.days),
            "more": f"{address}?{urlencode({'after': use.next_after})}" if use.next_after else "",
            "first": address if after else "",
        },
    )


@portal_page()
@require_GET
def licence_receipts_page(request: PortalRequest, jti: UUID) -> HttpResponse:
    """List a licence's receipts, oldest first; ``shot`` and ``outcome`` filter, ``after`` goes on behind a leaf."""
    lineage = lineage_of(request.principal, jti)
    line = next((one for one in lineage if one.jti == jti), None)
    if line is None:
        raise Http404
    after, shot = request.GET.get("after", ""), request.GET.get("shot", "").replace("\0", "")[:120]
    outcome = request.GET.get("outcome", "")
    outcome = outcome if outcome in FrameOutcome.__members__ else ""
    is_leaf = after.isdecimal() and after.isascii() and len(after) < 19
    page = receipts_for_token(
        jti,
        after=int(after) if is_leaf else None,
        shot=shot,
        outcomes=[FrameOutcome[outcome]] if outcome else [],
    )
    address = reverse("portal-licence-receipts", args=[jti])
    kept = {key: value for key, value in (("shot", shot), ("outcome", outcome)) if value}
    return render(
        request,
        "portal/licence_receipts.html",
        {
            "line": line,
            "page": page,
            "shot": shot,
            "outcome": outcome,
            "outcomes": [
                (
                    one.name,
                    outcome_words(one.name) if one.name != "UNAUTHORISED" else _("No lease"),
                )
                for one in FrameOutcome
            ],
            "more": f"{address}?{urlencode({**kept, 'after': page.next_after})}"
            if page.next_after is not None
            else "",
            "more_words": _("Next receipts"),
            "first": f"{address}?{urlencode(kept)}" if is_leaf else "",
            "log": log_state(line.production_id),
        },
    )


def meters_of(
    line: LicenceLine, counts: TokenCounts, earlier: Sequence[tuple[int, TokenCounts]] = ()
) -> list[Meter]:
    """The meters of a licence: frames, and lines where any are granted; ``earlier`` are its versions before."""
    meters = []
    if line.frames_max:
        before = tuple((version, one.frames_used) for version, one in earlier if one.frames_used)
        meters.append(Meter(counts.frames_used, line.frames_max, "frames", _("Frames used"), before))
    if line.lines_max:
        before = tuple((version, one.lines_used) for version, one in earlier if one.lines_used)
        meters.append(Meter(counts.lines_used, line.lines_max, "voice lines", _("Voice lines used"), before))
    return meters


def meters_beside(scope: Scope, counts: TokenCounts) -> list[Meter]:
    """Words of all lines, and seconds on screen, where the terms bound them; a begun second counts whole."""
    meters = []
    if (words := said(scope.words_max)) is not None:
        meters.append(Meter(counts.words_used, words, "words", _("Words used")))
    if (seconds := said(scope.max_screen_seconds)) is not None:
        shown = -(-counts.screen_used // SCREEN_FRAMES_PER_SECOND)
        meters.append(Meter(shown, seconds, "seconds on screen", _("Seconds on screen")))
    return meters


def _earlier(detail: LicenceDetail, used: Mapping[UUID, TokenCounts]) -> list[tuple[int, TokenCounts]]:
    """What was used under the versions before this one: each counts anew."""
    here = detail.line.version
    return [(one.version, used[one.jti]) for one in detail.lineage if one.version < here and one.jti in used]


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
                "uses": words.uses_words(line.use_types),
            }
            for line in page.lines
        ],
        "tab": tab,
        "tabs": [
            {"label": _("Live"), "count": page.live, "href": address, "is_here": tab == "live"},
            {
                "label": _("Ended"),
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
        return _("No licence is live")
    return licences_live(page.live, page.ending)


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
    if detail.is_own:
        return _own_lead(detail, counts, names)
    if line.state not in LIVE_STATES:
        return _("%(licensee)s may no longer render %(talent)s’s %(likeness)s under this licence.") % names
    if detail.holds:
        return (
            _("%(licensee)s may render nothing of %(talent)s’s %(likeness)s until every hold is lifted.")
            % names
        )
    text = _("%(licensee)s may use %(talent)s’s %(likeness)s until %(day)s.") % {
        **names, "day": weekday_words(timezone.localtime(line.not_after))
    }  # fmt: skip
    return _with_what_is_left(text, line, counts)


def _own_lead(detail: LicenceDetail, counts: TokenCounts, names: Mapping[str, str]) -> str:
    """The same, said to the person whom it is about."""
    line = detail.line
    if line.state not in LIVE_STATES:
        return _("%(licensee)s may no longer render your %(likeness)s under this licence.") % names
    if detail.holds:
        return _("%(licensee)s may render nothing of your %(likeness)s until every hold is lifted.") % names
    text = _("%(licensee)s may use your %(likeness)s until %(day)s.") % {
        **names, "day": weekday_words(timezone.localtime(line.not_after))
    }  # fmt: skip
    return _with_what_is_left(text, line, counts)


def _with_what_is_left(text: str, line: LicenceLine, counts: TokenCounts) -> str:
    meters = meters_of(line, counts)
    if not meters:
        return text
    left = _("%(number)s %(unit)s are left.") % {
        "number": figure(meters[0].left), "unit": meters[0].unit_words
    }  # fmt: skip
    return f"{text} {left}"


def _revoked_words(detail: LicenceDetail) -> str:
    if detail.is_own and detail.revocation_kind == "EMERGENCY_STOP":
        return _("You stopped everything; frames already made are held.")
    return str(_REVOKED.get(detail.revocation_kind, ""))


def _held(hold: HoldLine) -> str:
    told = {"name": hold.organisation, "reason": reason_words(hold.reason)}
    if hold.organisation:
        return _("%(name)s paused it: %(reason)s") % told
    return _("Paused: %(reason)s") % told


def _story(detail: LicenceDetail) -> list[dict[str, Any]]:
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
    for hold in (*detail.lifted, *detail.holds):
        events.append({"at": hold.placed_at, "icon": "circle-pause", "text": _held(hold), "tone": "unsure"})
        if hold.lifted_at:
            text = _("The hold is lifted: %(reason)s") % {"reason": reason_words(hold.reason)}
            events.append({"at": hold.lifted_at, "icon": "lock-open", "text": text})
    if line.revoked_at:
        revoked = _("Revoked. %(words)s") % {"words": _revoked_words(detail)}
        events.append({"at": line.revoked_at, "icon": "circle-x", "text": revoked.strip(), "tone": "deny"})
    events.append(
        {
            "at": line.not_after,
            "icon": "calendar-x",
            "text": _ends_words(detail) if line.state in LIVE_STATES else _("End of its window"),
        }
    )
    return sorted(events, key=lambda event: event["at"])


def _ends_words(detail: LicenceDetail) -> str:
    event = said(detail.terms.window.production_end_event)
    if event is None:
        return _("Ends, unless renewed")
    return _("Ends, unless renewed; sooner, once “%(event)s” is declared") % {"event": show_controls(event)}
