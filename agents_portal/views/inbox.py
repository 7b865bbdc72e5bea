"""The agent's inbox, the studio's requests, what a talent decides: requests by deadline."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from agents_portal import sentences
from agents_portal.access import AGENT, STUDIO, TALENT, PortalRequest, portal_page
from agents_portal.changes import marked_sentence
from agents_portal.context import needs_of
from agents_portal.grants import brief_not_granted
from agents_portal.rows import money_words
from common import clock
from common.language import later
from licensing.selectors import RequestLine, request_detail, requests_page

_TABS = (
    ("needs-you", later("Needs you")),
    ("waiting", later("Waiting on others")),
    ("notice", later("Notice running")),
    ("closed", later("Closed")),
)


@portal_page(AGENT)
@require_GET
def inbox_page(request: PortalRequest) -> HttpResponse:
    """Show requests by deadline with a pane for the selected one; ``tab``, ``q``, ``selected`` in the query."""
    context = _listing(request, "portal-inbox")
    context["selected"] = _selected(request, context["lines"])
    context["pane"] = _pane(request, context["selected"], context["box"].deciding)
    inside = sum("INSIDE_MANDATE" in line.flags for line in context["lines"])
    context["several"] = context["tab"] == "needs-you" and inside > 1
    return render(request, "portal/inbox.html", context)


@portal_page(STUDIO)
@require_GET
def requests_list_page(request: PortalRequest) -> HttpResponse:
    """Show the studio's own requests."""
    context = _listing(request, "portal-requests")
    context["may_ask"] = request.principal.is_role("PRODUCER", "ADMIN")
    return render(request, "portal/requests.html", context)


@portal_page(TALENT)
@require_GET
def decide_page(request: PortalRequest) -> HttpResponse:
    """Show what only this person answers."""
    return render(request, "portal/decide.html", _listing(request, "portal-decide"))


def _listing(request: PortalRequest, name: str) -> dict[str, Any]:
    tab, after = request.GET.get("tab", ""), request.GET.get("after", "")
    search = request.GET.get("q", "").replace("\0", "").strip()[:80]
    if tab not in dict(_TABS):
        tab = (
            "waiting" if request.seat == STUDIO and not needs_of(request, request.principal) else "needs-you"
        )
    due = timezone.localtime(clock.now()).replace(hour=23, minute=59, second=59)
    box = requests_page(request.principal, tab=tab, after=after, due=due, find=search)
    request.portal_needs = box.needs_you
    counts = {"needs-you": box.needs_you, "waiting": box.waiting, "notice": box.notice, "closed": box.closed}
    kept = {"tab": tab, **({"q": search} if search else {})}
    groups = sentences.grouped(box.lines) if tab != "closed" else [("", list(box.lines))]
    return {
        "box": box,
        "tab": tab,
        "search": search,
        "tabs": [
            {
                "label": label,
                "count": counts[key],
                "href": f"{reverse(name)}?tab={key}",
                "is_here": key == tab,
            }
            for key, label in _TABS
            if key != "notice" or counts[key] or tab == key
        ],
        "lines": box.lines,
        "groups": [(title, [_card(request, line) for line in members]) for title, members in groups],
        "headline": sentences.inbox_sentence(box.needs_you, box.ending),
        "more": f"{reverse(name)}?{urlencode({**kept, 'after': box.after})}" if box.after else "",
        "first": f"{reverse(name)}?{urlencode(kept)}" if after else "",
    }


def _card(request: PortalRequest, line: RequestLine) -> dict[str, Any]:
    return {
        "line": line,
        "badge": sentences.request_badge(line),
        "unusual": sentences.unusual_badges(line, request.seat),
        "href": reverse("portal-request", args=[line.id]),
    }


def _selected(request: PortalRequest, lines: tuple[RequestLine, ...]) -> UUID | None:
    asked = request.GET.get("selected", "")
    ids = {str(line.id): line.id for line in lines}
    return ids.get(asked) or (lines[0].id if lines else None)


def _pane(request: PortalRequest, chosen: UUID | None, deciding: frozenset[UUID]) -> dict[str, Any] | None:
    detail = request_detail(request.principal, chosen, deciding=deciding) if chosen else None
    if detail is None:
        return None
    return {
        "detail": detail,
        "line": detail.line,
        "changes": [
            marked_sentence(one) for one in detail.changes_from_last_licence or detail.changes_from_previous
        ],
        "not_granted": brief_not_granted(detail.terms),
        "money": money_words(detail.terms),
        "href": reverse("portal-request", args=[detail.line.id]),
    }
