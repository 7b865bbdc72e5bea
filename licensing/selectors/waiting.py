"""Which open requests wait for the caller, asked of the database: counts, pages and neighbours of long lists.

The rule itself stands in :mod:`licensing.selectors.needed`.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Value

from accounts.models import User
from accounts.principals import Principal
from common import clock
from common.keyset import slice_of
from licensing.models import LicenceRequest
from licensing.models.requests import OPEN_STATES
from licensing.selectors.inbox import RequestLine, request_line
from licensing.selectors.needed import needed_count, needed_rows
from licensing.selectors.people import deciding_mandates
from licensing.selectors.requests import requests_seen_by, with_parties

PAGE: Final = 40
OPEN, CLOSED = ("answer_by", "id"), ("-closed_at", "-id")


@dataclass(frozen=True, slots=True)
class Requests:
    """How many requests stand where for the caller, and one page of one of the lists.

    ``ending``: of those that need the caller, how many are due before the moment that was asked about;
    ``deciding``: the mandates under which the caller decides now.
    """

    needs_you: int
    ending: int
    waiting: int
    notice: int
    closed: int
    lines: tuple[RequestLine, ...] = ()
    after: str = ""
    deciding: frozenset[UUID] = frozenset()


def needs_count(principal: Principal) -> int:
    """How many open requests wait for the caller; 1 query."""
    me = User.objects.filter(pk=principal.person.pk)
    return int(me.annotate(n=needed_count(principal)).values_list("n", flat=True).get())


def open_count(principal: Principal) -> int:
    """How many requests of the caller's are open, whoever must act; 1 query."""
    return requests_seen_by(principal).filter(state__in=OPEN_STATES).count()


def requests_page(
    principal: Principal,
    *,
    tab: str,
    after: str = "",
    size: int = PAGE,
    due: datetime | None = None,
    find: str = "",
) -> Requests:
    """The counts of all lists and a page of ``tab``: ``needs-you``, ``waiting``, ``notice`` or ``closed``.

    The most urgent first, the latest closed first; 5 queries however many rows. ``find`` is a part of the name of
    the talent, the production or the studio; it narrows the page and leaves the counts.
    """
    deciding = deciding_mandates(principal)
    lists = _lists(principal)
    visible = requests_seen_by(principal)
    ending = lists["needs_you"] & Q(answer_by__lt=due or clock.now())
    counted = visible.aggregate(
        ending=Count("pk", filter=ending),
        **{name: Count("pk", filter=rule) for name, rule in lists.items()},
    )
    rule = lists.get(tab.replace("-", "_"), lists["needs_you"])
    rows = LicenceRequest.objects.filter(rule) if rule is lists["needs_you"] else visible.filter(rule)
    if find:
        rows = rows.filter(
            Q(talent__stage_name__icontains=find)
            | Q(production__title__icontains=find)
            | Q(licensee__name__icontains=find)
        )
    page = slice_of(rows, by=CLOSED if tab == "closed" else OPEN, after=after, size=size, joined=_with_acts)
    return Requests(
        needs_you=counted["needs_you"],
        ending=counted["ending"],
        waiting=counted["waiting"],
        notice=counted["notice"],
        closed=counted["closed"],
        lines=tuple(request_line(principal, row, deciding) for row in page.rows),
        after=page.after,
        deciding=deciding,
    )


def requests_needing(principal: Principal, *, size: int = PAGE) -> tuple[RequestLine, ...]:
    """The most urgent requests that wait for the caller; 3 queries."""
    deciding = deciding_mandates(principal)
    page = slice_of(needing(principal), by=OPEN, after="", size=size, joined=_with_acts)
    return tuple(request_line(principal, row, deciding) for row in page.rows)


def requests_of(
    principal: Principal, talent_id: UUID, *, after: str = "", size: int = PAGE
) -> tuple[tuple[RequestLine, ...], str]:
    """Requests for one talent, the newest first, and the cursor behind the last; 3 queries."""
    deciding = deciding_mandates(principal)
    rows = requests_seen_by(principal).filter(talent=talent_id)
    page = slice_of(rows, by=("-created_at", "-id"), after=after, size=size, joined=_with_acts)
    return tuple(request_line(principal, row, deciding) for row in page.rows), page.after


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Where a request stands among those that wait for the caller, and the ones beside it."""

    place: int
    of: int
    previous: UUID | None
    next: UUID | None


def neighbours_of(principal: Principal, line: RequestLine) -> Neighbours | None:
    """The requests before and after ``line`` in the caller's list; None: it does not wait for the caller."""
    if not line.needs_me:
        return None
    rows = needing(principal)
    before = Q(answer_by__lt=line.answer_by) | Q(answer_by=line.answer_by, id__lt=line.id)
    behind = Q(answer_by__gt=line.answer_by) | Q(answer_by=line.answer_by, id__gt=line.id)
    counted = rows.aggregate(of=Count("pk"), before=Count("pk", filter=before))
    last = rows.filter(before).order_by("-answer_by", "-id").annotate(side=Value("previous"))
    first = rows.filter(behind).order_by(*OPEN).annotate(side=Value("next"))
    beside = last.values_list("side", "pk")[:1].union(first.values_list("side", "pk")[:1], all=True)
    found = dict(beside)
    return Neighbours(
        place=counted["before"] + 1,
        of=counted["of"],
        previous=found.get("previous"),
        next=found.get("next"),
    )


def _with_acts(rows: QuerySet[LicenceRequest]) -> QuerySet[LicenceRequest]:
    return with_parties(rows).prefetch_related("actions")


def _lists(principal: Principal) -> dict[str, Q]:
    opened, needs = Q(state__in=OPEN_STATES), needs_of(principal)
    return {
        "needs_you": opened & needs,
        "waiting": opened & ~needs,
        "notice": opened & Q(notice_until__gt=clock.now()),
        "closed": ~opened & Q(closed_at__isnull=False),
    }


def needing(principal: Principal) -> QuerySet[LicenceRequest]:
    """Open requests that wait for the caller, as bare rows."""
    return LicenceRequest.objects.filter(needs_of(principal))


def needs_of(principal: Principal) -> Q:
    """Open requests on which one of the caller's sides must act next; all of them are the caller's to see."""
    return Q(pk__in=needed_rows(principal))
