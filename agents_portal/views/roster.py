"""The roster: each represented person with how they stand, and a page for each."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET

from agents_portal import sentences, words
from agents_portal.access import AGENT, PortalRequest, portal_page
from agents_portal.bounds import limits_in_words
from agents_portal.figures import Meter
from agents_portal.views.licences import meters_of
from agents_portal.views.visibility import seen_by_words
from agents_portal.words import Badge, and_list
from licensing.selectors import (
    LicenceLine,
    Person,
    PersonLine,
    RuleLine,
    licences_page,
    person_line,
    person_on_roster,
    requests_of,
    roster_page,
)
from receipts.selectors import TokenCounts, quotas_of

_FILTERS = (
    ("", gettext_lazy("Everybody")),
    ("needs-you", gettext_lazy("Needs you")),
    ("ends-soon", gettext_lazy("Ends soon")),
    ("stopped", gettext_lazy("Stopped or held")),
    ("mandate-ends", gettext_lazy("Mandate ends")),
)
_PERSON_TABS = (
    ("", gettext_lazy("Overview")),
    ("licences", gettext_lazy("Licences")),
    ("requests", gettext_lazy("Requests")),
)
_SEARCH_MOST = 80


@portal_page(AGENT)
@require_GET
def roster_list_page(request: PortalRequest) -> HttpResponse:
    """List the people one acts for; ``q`` searches, ``state`` filters, ``after`` goes on."""
    search = request.GET.get("q", "").replace("\0", "").strip()[:_SEARCH_MOST]
    state = request.GET.get("state", "")
    state = state if state in dict(_FILTERS) else ""
    after = request.GET.get("after", "")
    page = roster_page(request.principal, search=search, state=state, after=after)
    address = reverse("portal-roster")
    kept = {key: value for key, value in (("q", search), ("state", state)) if value}
    return render(
        request,
        "portal/roster.html",
        {
            "rows": [{"line": line, "marks": marks_of(line), "mode": _mode_words(line.mode)} for line in page.lines],
            "search": search,
            "state": state,
            "every": page.every,
            "tabs": [
                {
                    "label": label,
                    "count": page.counts[key] if key else page.every,
                    "href": f"{address}?{urlencode({**({'q': search} if search else {}), **({'state': key} if key else {})})}",
                    "is_here": key == state,
                }
                for key, label in _FILTERS
            ],
            "headline": _headline(page.every, page.counts["needs-you"], search),
            "more": f"{address}?{urlencode({**kept, 'after': page.after})}" if page.after else "",
            "first": f"{address}?{urlencode(kept)}" if after else "",
        },
    )  # fmt: skip


@portal_page(AGENT)
@require_GET
def person_page(request: PortalRequest, talent_id: UUID) -> HttpResponse:
    """Show one person: vault, mandate, rules; or with ``tab`` their licences or requests."""
    tab, after = request.GET.get("tab", ""), request.GET.get("after", "")
    tab = tab if tab in dict(_PERSON_TABS) else ""
    person = None if tab else person_on_roster(request.principal, talent_id, with_rules=True)
    line = person.line if person else person_line(request.principal, talent_id) if tab else None
    if line is None:
        raise Http404
    address = reverse("portal-person", args=[talent_id])
    context: dict[str, Any] = {
        "line": line,
        "marks": marks_of(line),
        "headline": _person_headline(line),
        "tab": tab,
        "tabs": [
            {
                "label": label,
                "count": {"licences": line.live, "requests": line.waiting}.get(key, ""),
                "href": f"{address}?tab={key}" if key else address,
                "is_here": key == tab,
            }
            for key, label in _PERSON_TABS
        ],
    }
    more = ""
    if tab == "licences":
        page = licences_page(request.principal, tab="all", after=after, talent_id=talent_id, is_counted=False)
        used = quotas_of(line.jti for line in page.lines)
        context["licences"] = [licence_row(line, used.get(line.jti)) for line in page.lines]
        more = page.after
    elif tab == "requests":
        lines, more = requests_of(request.principal, talent_id, after=after)
        context["requests"] = [{"line": line, "badge": sentences.request_badge(line)} for line in lines]
    elif person is not None:
        context.update(_overview(person))
    context["more"] = f"{address}?{urlencode({'tab': tab, 'after': more})}" if more else ""
    context["first"] = f"{address}?tab={tab}" if after else ""
    return render(request, "portal/person.html", context)


def licence_row(line: LicenceLine, counts: TokenCounts | None) -> dict[str, Any]:
    """A licence as lists draw it: badge, uses, the first meter."""
    meters: list[Meter] = meters_of(line, counts or TokenCounts(line.jti))
    return {
        "line": line,
        "badge": sentences.licence_badge(line),
        "uses": words.uses_words(line.use_types),
        "meter": next(iter(meters), None),
    }


def marks_of(line: PersonLine) -> list[Badge]:
    """What is unusual about a person now, the gravest first."""
    marks = []
    if line.stopped:
        marks.append(Badge("octagon-x", _("Stopped everything"), "deny"))
    marks += [Badge("circle-pause", _hold_words(code), "unsure") for code in line.holds]
    if line.needs_you:
        text = ngettext("%(n)s needs you", "%(n)s need you", line.needs_you) % {"n": line.needs_you}
        marks.append(Badge("circle-dot", text, "yours"))
    if line.ends_soon:
        text = ngettext("%(n)s ends within 30 days", "%(n)s end within 30 days", line.ends_soon)
        marks.append(Badge("clock-alert", text % {"n": line.ends_soon}, "expire"))
    if line.mandate_ends_soon and line.mandate_until is not None:
        marks.append(Badge("signature", _("Mandate ends soon"), "expire"))
    return marks


def rule_row(rule: RuleLine) -> dict[str, Any]:
    """A rule made in advance, in words."""
    return {
        "rule": rule,
        "uses": words.uses_words(rule.use_types),
        "for_whom": and_list(list(rule.licensees)),
        "limits": limits_in_words(rule.limits),
    }


def _overview(person: Person) -> dict[str, Any]:
    mandate = person.mandate
    return {
        "seen_by": seen_by_words(person.line.visibility, person.listed_to),
        "constructs": [
            {"line": one, "seen_by": seen_by_words(one.level, one.listed_to)} for one in person.constructs
        ],
        "mandate": mandate,
        "mode": _mode_words(mandate.mode if mandate else ""),
        "limits": limits_in_words(mandate.limits) if mandate else [],
        "rules": [rule_row(rule) for rule in person.rules],
    }


def _hold_words(code: str) -> str:
    return {
        "STRIKE_SUSPENSION": _("Held by a strike"),
        "DISPUTE_HOLD": _("Held by a dispute"),
        "MINOR_REACHED_MAJORITY": _("Held: came of age"),
        "ESTATE_AUTHORITY_REQUIRED": _("Held for the estate"),
        "REPRESENTATION_CHANGED": _("Held: representation changed"),
        "CONTENT_APPROVAL_REQUIRED": _("Waits for role or script"),
    }.get(code, _("Held"))


def _mode_words(mode: str) -> str:
    return str(words.MODES.get(mode, words.lower_words(mode))) if mode else _("Decides in person")


def _headline(every: int, needing: int, search: str) -> str:
    if search:
        return ngettext("%(n)s person found", "%(n)s people found", every) % {"n": every}
    if not every:
        return _("Nobody on your roster")
    first = ngettext("%(n)s person on your roster.", "%(n)s people on your roster.", every) % {"n": every}
    if not needing:
        return first + " " + _("Nobody waits for you.")
    return first + " " + ngettext("%(n)s waits for you.", "%(n)s wait for you.", needing) % {"n": needing}


def _person_headline(line: PersonLine) -> str:
    if line.stopped:
        return _("Stopped everything. Nobody but them lifts it.")
    live = ngettext("%(n)s licence is live", "%(n)s licences are live", line.live) % {"n": line.live}
    waiting = ngettext("%(n)s request is open", "%(n)s requests are open", line.waiting) % {"n": line.waiting}
    return _("%(live)s, %(waiting)s.") % {"live": live, "waiting": waiting}
