"""Rules and records: roster, mandates, alerts, who can see a talent, the audit trail."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.models import User
from agents_portal import words
from agents_portal.access import AGENT, AUDITOR, STUDIO, TALENT, PortalRequest, portal_page
from agents_portal.words import and_list, count_words
from audit.selectors import events_visible_to
from licensing.selectors import MandateLine, RosterLine, alerts_visible_to, roster

_EVENTS_A_PAGE = 100


@portal_page(AGENT)
@require_GET
def roster_page(request: PortalRequest) -> HttpResponse:
    """List the people one acts for: state, mandate, what is live, what waits."""
    lines = roster(request.principal)
    headline = count_words(len(lines), "person on your roster", "people on your roster")
    rows = [
        {"line": line, "visibility": _visible_to(line), "mandate": _mandate_words(line.mandate)}
        for line in lines
    ]
    return render(
        request, "portal/roster.html", {"rows": rows, "headline": headline[:1].upper() + headline[1:]}
    )


@portal_page(AGENT, TALENT)
@require_GET
def mandates_page(request: PortalRequest) -> HttpResponse:
    """Show what one may sign, or may have signed for one."""
    lines = roster(request.principal)
    return render(
        request,
        "portal/mandates.html",
        {
            "rows": [{"line": line, "limits": _limits(line.mandate)} for line in lines if line.mandate],
            "alone": [line for line in lines if not line.mandate],
        },
    )


@portal_page(TALENT)
@require_GET
def visibility_page(request: PortalRequest) -> HttpResponse:
    """Show who can see this person, in their own words."""
    rows = [{"line": line, "visibility": _visible_to(line)} for line in roster(request.principal)]
    return render(request, "portal/visibility.html", {"rows": rows})


@portal_page(AGENT, STUDIO)
@require_GET
def alerts_page(request: PortalRequest) -> HttpResponse:
    """List what ends soon."""
    return render(request, "portal/alerts.html", {"alerts": alerts_visible_to(request.principal)[:200]})


@portal_page()
@require_GET
def audit_page(request: PortalRequest) -> HttpResponse:
    """List events, newest first; ``kind`` filters, ``before`` pages."""
    events = events_visible_to(request.principal)
    kind, before = request.GET.get("kind", ""), request.GET.get("before", "")
    if not kind.isprintable():
        raise Http404
    if kind:
        events = events.filter(kind__startswith=kind)
    if before.isdecimal() and before.isascii() and len(before) < 19:
        events = events.filter(number__lt=int(before))
    rows = list(events[: _EVENTS_A_PAGE + 1])
    more = rows[_EVENTS_A_PAGE - 1].number if len(rows) > _EVENTS_A_PAGE else None
    rows = rows[:_EVENTS_A_PAGE]
    people = {
        one.pk: one.full_name
        for one in User.objects.filter(pk__in={row.person_id for row in rows if row.person_id})
    }
    mine = request.principal.organisation_id
    return render(
        request,
        "portal/audit.html",
        {
            "rows": [
                {
                    "event": row,
                    "title": event_words(row.kind),
                    # another organisation's people stay unnamed: that it acted is enough
                    "who": people.get(row.person_id or mine, "")
                    if row.organisation_id == mine
                    else "The other party",
                    "facts": _facts(row.details),
                }
                for row in rows
            ],
            "kind": kind,
            "kinds": _KINDS,
            "more": more,
        },
    )


_KINDS = (
    ("", "Everything"),
    ("request", "Requests"),
    ("licence", "Licences"),
    ("mandate", "Mandates"),
    ("production", "Productions"),
    ("key", "Keys"),
    ("bundle", "Bundles"),
    ("incident", "Incidents"),
)


def event_words(kind: str) -> str:
    """``request.counter_accepted`` as ``Request: counter accepted``."""
    noun, _, verb = kind.partition(".")
    return f"{words.lower_words(noun).capitalize()}: {words.lower_words(verb)}" if verb else noun.capitalize()


# Said by the title or the evidence column already, or evidence for machines.
_SILENT = {"act", "side", "state", "terms_hash", "grant_kid", "supersedes", "licences", "code"}


def _facts(details: dict[str, Any]) -> list[tuple[str, str]]:
    """What a person wants to know of an event, in words; codes are lowered, lists counted out."""
    facts = []
    for key, value in details.items():
        if key in _SILENT or value in ("", None, []) or _is_digest(value):
            continue
        text = and_list([_plain(one) for one in value]) if isinstance(value, list) else _plain(value)
        facts.append((words.lower_words(key), text))
    return facts


def _is_digest(value: object) -> bool:
    text = str(value).removeprefix("sha256:")
    return len(text) >= 32 and all(one in "0123456789abcdef" for one in text)


def _plain(value: object) -> str:
    text = str(value)
    return words.use_words(text).lower() if text.isupper() and text.replace("_", "").isalpha() else text


def _visible_to(line: RosterLine) -> str:
    if line.visibility == "LISTED_TO" and line.listed_to:
        return f"Only {and_list(list(line.listed_to))}"
    return words.VISIBILITY.get(line.visibility, words.lower_words(line.visibility))


def _mandate_words(mandate: MandateLine | None) -> str:
    if mandate is None:
        return "Decides in person"
    return words.MODES.get(mandate.mode, words.lower_words(mandate.mode))


def _limits(mandate: MandateLine | None) -> list[tuple[str, str]]:
    if mandate is None:
        return []
    names = {
        "frames_max": "Most frames", "lines_max": "Most lines", "days_max": "Most days",
        "render_territory": "Rendered in", "distribution_territory": "Shown in",
    }  # fmt: skip
    rows = []
    for key, value in mandate.limits.items():
        text = (
            and_list([words.country(str(one)) for one in value])
            if isinstance(value, list | tuple)
            else f"{value:,}"
            if isinstance(value, int)
            else str(value)
        )
        if text and value is not None:
            rows.append((names.get(key, words.lower_words(key).capitalize()), text))
    return rows


__all__ = [
    "AUDITOR",
    "alerts_page",
    "audit_page",
    "event_words",
    "mandates_page",
    "roster_page",
    "visibility_page",
]
