"""Which open requests wait for the caller, asked of the database: counts, pages and neighbours of long lists.

The rule is that of ``requests.waiting_on`` and ``requests.sides_of``, as one condition over rows; a test holds
the two against each other.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from accounts.principals import Principal
from common import clock
from common.keyset import slice_of
from licensing.models import LicenceRequest, MandateSigner, RequestAction
from licensing.models.consent import AuthorityKind
from licensing.models.requests import OPEN_STATES, ActionKind, Side
from licensing.selectors.inbox import RequestLine, request_line
from licensing.selectors.people import (
    authorities_in_force,
    deciding_mandates,
    deciding_rows,
    mandates_in_force,
)
from licensing.selectors.requests import requests_visible_to
from trustcore.policy.vocabulary import ApprovalMode, RequestState

PAGE: Final = 40
OPEN, CLOSED = ("answer_by", "id"), ("-closed_at", "-id")
_AGENTS: Final = [ApprovalMode.AGENT_WITHIN_MANDATE, ApprovalMode.DUAL]
_TALENTS: Final = [ApprovalMode.TALENT_ONLY, ApprovalMode.DUAL, ApprovalMode.UNION_NOTICE]


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
    return needing(principal).count()


def open_count(principal: Principal) -> int:
    """How many requests of the caller's are open, whoever must act; 1 query."""
    return requests_visible_to(principal).filter(state__in=OPEN_STATES).count()


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
    visible = requests_visible_to(principal)
    ending = lists["needs_you"] & Q(answer_by__lt=due or clock.now())
    counted = visible.order_by().aggregate(
        ending=Count("pk", filter=ending),
        **{name: Count("pk", filter=rule) for name, rule in lists.items()},
    )
    rule = lists.get(tab.replace("-", "_"), lists["needs_you"])
    rows = visible.filter(rule).prefetch_related("actions")
    if find:
        rows = rows.filter(
            Q(talent__stage_name__icontains=find)
            | Q(production__title__icontains=find)
            | Q(licensee__name__icontains=find)
        )
    page = slice_of(rows, by=CLOSED if tab == "closed" else OPEN, after=after, size=size)
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
    rows = needing(principal).order_by(*OPEN).prefetch_related("actions")[:size]
    return tuple(request_line(principal, row, deciding) for row in rows)


def requests_of(
    principal: Principal, talent_id: UUID, *, after: str = "", size: int = PAGE
) -> tuple[tuple[RequestLine, ...], str]:
    """Requests for one talent, the newest first, and the cursor behind the last; 3 queries."""
    deciding = deciding_mandates(principal)
    rows = requests_visible_to(principal).filter(talent=talent_id).prefetch_related("actions")
    page = slice_of(rows, by=("-created_at", "-id"), after=after, size=size)
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
    rows = needing(principal).order_by()
    before = Q(answer_by__lt=line.answer_by) | Q(answer_by=line.answer_by, id__lt=line.id)
    behind = Q(answer_by__gt=line.answer_by) | Q(answer_by=line.answer_by, id__gt=line.id)
    counted = rows.aggregate(of=Count("pk"), before=Count("pk", filter=before))
    return Neighbours(
        place=counted["before"] + 1,
        of=counted["of"],
        previous=rows.filter(before).order_by("-answer_by", "-id").values_list("pk", flat=True).first(),
        next=rows.filter(behind).order_by(*OPEN).values_list("pk", flat=True).first(),
    )


def _lists(principal: Principal) -> dict[str, Q]:
    opened, needs = Q(state__in=OPEN_STATES), needs_of(principal)
    return {
        "needs_you": opened & needs,
        "waiting": opened & ~needs,
        "notice": opened & Q(notice_until__gt=clock.now()),
        "closed": ~opened & Q(closed_at__isnull=False),
    }


def needing(principal: Principal) -> QuerySet[LicenceRequest]:
    """Open requests that wait for the caller."""
    return requests_visible_to(principal).filter(needs_of(principal), state__in=OPEN_STATES)


def needs_of(principal: Principal) -> Q:
    """Open requests on which one of the caller's sides must act next."""
    found = Q(state=RequestState.COUNTERED, licensee=principal.organisation) & _if(
        principal.acts_as("PRODUCER", "ADMIN")
    )
    answers = Q(mode__in=_AGENTS, mandate__in=deciding_rows(principal).order_by().values("pk")) & ~_approved(
        Side.AGENT
    )
    if principal.credential is None:
        person, today = principal.person, clock.now().date()
        alive = Q(talent__died_on=None) | Q(talent__died_on__gt=today)
        answers |= alive & Q(mode__in=_TALENTS, talent__user=person) & ~_approved(Side.TALENT)
        signed = MandateSigner.objects.filter(user=person, mandate__in=mandates_in_force())
        answers |= Q(mode=ApprovalMode.QUORUM, mandate__in=signed.values("mandate")) & ~_quorum_reached()
        answers |= (
            Q(mode=ApprovalMode.GUARDIAN_AND_COURT) & _spoken_for(principal) & ~_approved(Side.GUARDIAN)
        )
    return found | (~Q(state=RequestState.COUNTERED) & answers)


def _if(holds: bool) -> Q:
    return Q() if holds else Q(pk__in=[])


def _yeses(side: Side) -> QuerySet[RequestAction]:
    return RequestAction.objects.filter(
        request=OuterRef("pk"),
        kind=ActionKind.APPROVE,
        side=side,
        terms_hash=OuterRef("current__terms_hash"),
    )


def _approved(side: Side) -> Q:
    return Q(Exists(_yeses(side)))


def _quorum_reached() -> Q:
    counted = (
        _yeses(Side.SIGNER)
        .order_by()
        .values("request")
        .annotate(n=Count("actor", distinct=True))
        .filter(n__gte=OuterRef("quorum"))
        .values("n")
    )
    return Q(Exists(counted))


def _spoken_for(principal: Principal) -> Q:
    """The talents for whom the caller holds a document of the kind that is wanted now."""
    today = clock.now().date()
    dead = Q(talent__died_on__lte=today)
    minor = Q(talent__majority_on__gt=today)
    held = authorities_in_force().filter(user=principal.person, talent=OuterRef("talent"))
    executor, guardian = (Exists(held.filter(kind=kind)) for kind in (
        AuthorityKind.ESTATE_EXECUTOR, AuthorityKind.GUARDIAN,
    ))  # fmt: skip
    return (dead & Q(executor)) | (~dead & minor & Q(guardian)) | Q(pk__in=[])
