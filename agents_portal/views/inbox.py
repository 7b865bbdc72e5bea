"""The agent's inbox, the studio's requests, what a talent decides: requests by deadline."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from agents_portal import sentences
from agents_portal.access import AGENT, STUDIO, TALENT, PortalRequest, portal_page
from agents_portal.changes import marked_sentence
from agents_portal.context import inbox_of
from agents_portal.grants import brief_not_granted
from agents_portal.rows import money_words
from licensing.selectors import Inbox, RequestLine, request_detail

_TABS = (("needs-you", "Needs you"), ("waiting", "Waiting on others"), ("closed", "Closed"))


@portal_page(AGENT)
@require_GET
def inbox_page(request: PortalRequest) -> HttpResponse:
    """Show requests by deadline with a pane for the selected one; ``tab``, ``selected`` in the query."""
    context = _listing(request, "portal-inbox")
    context["selected"] = _selected(request, context["lines"])
    context["pane"] = _pane(request, context["selected"])
    return render(request, "portal/inbox.html", context)


@portal_page(STUDIO)
@require_GET
def requests_page(request: PortalRequest) -> HttpResponse:
    """Show the studio's own requests."""
    return render(request, "portal/requests.html", _listing(request, "portal-requests"))


@portal_page(TALENT)
@require_GET
def decide_page(request: PortalRequest) -> HttpResponse:
    """Show what only this person answers."""
    return render(request, "portal/decide.html", _listing(request, "portal-decide"))


def _listing(request: PortalRequest, name: str) -> dict[str, Any]:
    box = inbox_of(request, request.principal)
    tab = request.GET.get("tab", "")
    if tab not in dict(_TABS):
        tab = "needs-you" if box.needs_you or request.seat != STUDIO else "waiting"
    lines = _lines_of(box, tab)
    counts = {"needs-you": len(box.needs_you), "waiting": len(box.waiting), "closed": box.closed_count}
    groups = sentences.grouped(lines) if tab != "closed" else [("", list(lines))]
    return {
        "box": box,
        "tab": tab,
        "tabs": [
            {
                "label": label,
                "count": counts[key],
                "href": f"{reverse(name)}?tab={key}",
                "is_here": key == tab,
            }
            for key, label in _TABS
        ],
        "lines": lines,
        "groups": [(title, [_card(request, line) for line in members]) for title, members in groups],
        "headline": sentences.inbox_sentence(box.needs_you),
    }


def _lines_of(box: Inbox, tab: str) -> tuple[RequestLine, ...]:
    return {"needs-you": box.needs_you, "waiting": box.waiting}.get(tab, box.closed)


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


def _pane(request: PortalRequest, chosen: UUID | None) -> dict[str, Any] | None:
    detail = request_detail(request.principal, chosen) if chosen else None
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
