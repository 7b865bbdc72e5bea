"""Licences page by page, live ones and ended ones, told apart by the database.

The rule is that of ``tokens.effective_state`` as one condition over rows; a test holds the two against each other.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import BooleanField, Count, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet

from accounts.principals import Principal
from common import clock
from common.keyset import slice_of
from licensing.models import LicenceToken
from licensing.selectors.licences import LicenceLine, lines_of, with_renewals
from licensing.selectors.tokens import tokens, tokens_seen_by, with_terms
from trustcore.policy.vocabulary import TokenState

PAGE: Final = 40
SOON: Final = timedelta(days=30)
"""A licence that ends within this ends soon: the first of the usual notices."""
NEWEST: Final = ("-created_at", "-jti")
_MOVED_BY_TIME: Final = [TokenState.ACTIVE, TokenState.PENDING_ACTIVATION, TokenState.EXPIRING]


@dataclass(frozen=True, slots=True)
class Licences:
    """How many licences are live, end soon and have ended, and one page of them."""

    live: int
    ending: int
    ended: int
    lines: tuple[LicenceLine, ...]
    after: str


def live_now(at: datetime) -> Q:
    """Licences that are active, pending or held at ``at``."""
    taken_over = LicenceToken.objects.filter(supersedes=OuterRef("jti"), not_before__lte=at).filter(
        Q(revoked_at=None) | Q(revoked_at__gte=F("not_before"))
    )
    moving = Q(state__in=_MOVED_BY_TIME, not_after__gt=at) & ~Q(Exists(taken_over))
    return moving | Q(state=TokenState.SUSPENDED)


def licences_page(
    principal: Principal,
    *,
    tab: str = "live",
    after: str = "",
    talent_id: UUID | None = None,
    size: int = PAGE,
    is_counted: bool = True,
) -> Licences:
    """Licences that the caller may see, newest first: ``live``, ``ended``, or ``all``; 3 queries, for a vendor 4.

    Without ``is_counted`` the three numbers are 0, and there is one query less.
    """
    at = clock.now()
    rows = tokens_seen_by(principal)
    if talent_id is not None:
        rows = rows.filter(talent=talent_id)
    live = live_now(at)
    counted = {"live": 0, "ending": 0, "every": 0}
    if is_counted:
        counted = rows.aggregate(
            live=Count("pk", filter=live),
            ending=Count("pk", filter=live & Q(not_after__lte=at + SOON)),
            every=Count("pk"),
        )
    chosen = {"live": rows.filter(live), "ended": rows.filter(~live)}.get(tab, rows)
    page = slice_of(chosen, by=NEWEST, after=after, size=size, joined=_whole)
    return Licences(
        live=counted["live"],
        ending=counted["ending"],
        ended=counted["every"] - counted["live"],
        lines=lines_of(principal, list(page.rows), at),
        after=page.after,
    )


def live_licences(principal: Principal, *, size: int) -> tuple[LicenceLine, ...]:
    """The licences that are live for the caller, newest first, at most ``size``; 2 queries."""
    at = clock.now()
    rows = tokens_seen_by(principal).filter(live_now(at))
    page = slice_of(rows, by=NEWEST, after="", size=size, joined=_whole)
    return lines_of(principal, list(page.rows), at)


def _whole(rows: QuerySet[LicenceToken]) -> QuerySet[LicenceToken]:
    return with_renewals(with_terms(rows))


def licences_of_production(
    principal: Principal, production_id: UUID, *, size: int = 200
) -> tuple[LicenceLine, ...]:
    """A production's licences that the caller may see: live ones first, then the latest ended; at most ``size``."""
    at = clock.now()
    mine = tokens_seen_by(principal).filter(production=production_id).order_by(*NEWEST)
    live, ended = (mine.filter(part).values("pk")[:size] for part in (live_now(at), ~live_now(at)))
    chosen = Q(pk__in=live.union(ended))  # one list: the planner looks each of them up, and reads no other
    rows = with_renewals(tokens().filter(chosen).alias(is_live=_is_live(at)).order_by("-is_live", *NEWEST))
    return lines_of(principal, list(rows[:size]), at)


def _is_live(at: datetime) -> ExpressionWrapper:
    return ExpressionWrapper(live_now(at), output_field=BooleanField())


def live_by_production(principal: Principal) -> dict[UUID, int]:
    """How many licences that the caller may see are live in each production; one query."""
    rows = tokens_seen_by(principal).filter(live_now(clock.now()))
    return dict(rows.values_list("production_id").annotate(number=Count("pk")))
