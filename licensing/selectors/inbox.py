"""The inbox: one line for each request, the most urgent first."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.principals import Principal
from common.language import core, figure
from licensing.models import LicenceRequest, RequestAction
from licensing.models.requests import OPEN_STATES
from licensing.selectors.people import deciding_mandates
from licensing.selectors.requests import current_terms, requests_visible_to, sides_of, waiting_on
from trustcore.policy.terms import Terms, parse_terms
from trustcore.policy.territory import territory_name
from trustcore.policy.vocabulary import RequestState
from trustcore.policy.words import USES

_CLOSED_SHOWN = 50
_PLACES_NAMED = 5


@dataclass(frozen=True, slots=True)
class RequestLine:
    """One request in a list: who, what, until when, and who must act next.

    ``flags``: ``RENEWAL``, ``TALENT_MUST_AGREE``, ``INSIDE_MANDATE``, ``COUNTER_CAME_BACK``, ``TALENT_ONLY``.
    """

    id: UUID
    short_id: str
    state: str
    mode: str
    talent_name: str
    talent_handle: str
    production_id: UUID
    production_title: str
    licensee_name: str
    agency_name: str | None
    ask: str
    flags: tuple[str, ...]
    submitted_at: datetime
    answer_by: datetime
    closed_at: datetime | None
    version: int
    terms_hash: str
    renews: UUID | None
    token: UUID | None
    waiting_on: tuple[str, ...]
    needs_me: bool


@dataclass(frozen=True, slots=True)
class Inbox:
    """Requests sorted by deadline: those that need the caller, those that wait on others, the latest closed."""

    needs_you: tuple[RequestLine, ...]
    waiting: tuple[RequestLine, ...]
    closed: tuple[RequestLine, ...]
    closed_count: int


def inbox(principal: Principal) -> Inbox:
    """The caller's requests, the most urgent first; at most 5 queries."""
    deciding = deciding_mandates(principal)
    visible = requests_visible_to(principal)
    live = visible.filter(state__in=OPEN_STATES).order_by("answer_by", "id").prefetch_related("actions")
    lines = [request_line(principal, request, deciding) for request in live]
    past = visible.exclude(state__in=OPEN_STATES)
    closed = past.order_by("-closed_at").prefetch_related("actions")[:_CLOSED_SHOWN]
    return Inbox(
        needs_you=tuple(line for line in lines if line.needs_me),
        waiting=tuple(line for line in lines if not line.needs_me),
        closed=tuple(request_line(principal, request, deciding) for request in closed),
        closed_count=past.count(),
    )


def ask_in_one_line(terms: Terms, *, renewal: bool) -> str:
    """What is asked, in one sentence: ``Face in a frame and de-ageing: 90 days, 3,000 frames, in Canada.``"""
    lang = core()
    uses = lang.listed([_small(lang.say(USES[use])) for use in terms.use_types])
    quota = (
        [_counted(ngettext("%(number)s day", "%(number)s days", days), days)]
        if (days := terms.window.days)
        else []
    )
    if frames := terms.scope.frames_max:
        quota.append(_counted(ngettext("%(number)s frame", "%(number)s frames", frames), frames))
    if lines := terms.scope.lines_max:
        quota.append(_counted(ngettext("%(number)s line", "%(number)s lines", lines), lines))
    places = [territory_name(code, lang) for code in terms.render_territory]
    where = lang.listed(places)
    if len(places) > _PLACES_NAMED:
        where = _counted(ngettext("%(number)s country", "%(number)s countries", len(places)), len(places))
    asked = _("Renew %(uses)s") % {"uses": uses} if renewal else lang.opening(uses)
    return _("%(asked)s: %(quota)s, in %(places)s.") % {
        "asked": asked, "quota": ", ".join(quota), "places": where
    }  # fmt: skip


def _small(text: str) -> str:
    return text[:1].lower() + text[1:]


def _counted(text: str, number: int) -> str:
    return text % {"number": figure(number)}


def request_line(
    principal: Principal,
    request: LicenceRequest,
    deciding: frozenset[UUID],
    actions: Iterable[RequestAction] | None = None,
) -> RequestLine:
    """One request as lists show it."""
    current = current_terms(request)
    waiting = waiting_on(request, list(request.actions.all()) if actions is None else list(actions))
    token = getattr(request, "token", None)
    return RequestLine(
        id=request.pk,
        short_id=str(request.pk)[-4:].upper(),
        state=request.state,
        mode=request.mode,
        talent_name=request.talent.stage_name,
        talent_handle=request.talent.handle,
        production_id=request.production_id,
        production_title=request.production.title,
        licensee_name=request.licensee.name,
        agency_name=request.agency.name if request.agency else None,
        ask=ask_in_one_line(parse_terms(current.terms), renewal=request.renews_id is not None),
        flags=_flags(request),
        submitted_at=request.submitted_at,
        answer_by=request.answer_by,
        closed_at=request.closed_at,
        version=current.version,
        terms_hash=current.terms_hash,
        renews=request.renews_id,
        token=token.pk if token else None,
        waiting_on=tuple(sorted(waiting)),
        needs_me=not waiting.isdisjoint(sides_of(principal, request, deciding)),
    )


def _flags(request: LicenceRequest) -> tuple[str, ...]:
    facts = {
        "RENEWAL": request.renews_id is not None,
        "TALENT_MUST_AGREE": request.mode == "DUAL",
        "TALENT_ONLY": request.mode == "TALENT_ONLY",
        "INSIDE_MANDATE": request.mode == "AGENT_WITHIN_MANDATE",
        "COUNTER_CAME_BACK": request.state == RequestState.COUNTER_ACCEPTED,
    }
    return tuple(flag for flag, holds in facts.items() if holds)
