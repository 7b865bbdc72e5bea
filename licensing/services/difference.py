"""What a policy would change before it acts: requests of a period, those that are open, licences that are live.

Nothing is written. Each row is judged as it stands by what binds it, and by the policy beside it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, Final
from uuid import UUID

from django.db.models import Q, QuerySet

from accounts.principals import Principal
from common import clock
from licensing.models import GuildMember, LicenceRequest, LicenceToken, PolicyRollout
from licensing.models.requests import OPEN_STATES
from licensing.selectors.requests import requests_visible_to
from licensing.selectors.tokens import tokens_visible_to
from licensing.services.shadows import difference_of
from trustcore.policy.rollout import Difference, report_hash
from trustcore.policy.terms import parse_terms

JUDGED_MOST: Final = 5_000
ROWS_MOST: Final = 200
_LIVE: Final = ("ACTIVE", "PENDING_ACTIVATION", "SUSPENDED")


@dataclass(frozen=True, slots=True)
class DifferingRow:
    """One request or licence that would come out otherwise.

    Attributes:
        kind: ``OPEN``, ``PERIOD`` or ``LICENCE``.
        id, production, talent: empty where the reader may not know of it: it is counted, never named.
    """

    kind: str
    id: UUID | None
    production: str
    talent: str
    difference: Difference


@dataclass(frozen=True, slots=True)
class Tally:
    """How many of a kind there are, were judged, and would come out otherwise, and how."""

    kind: str
    there: int
    judged: int
    differ: int
    refused: int
    asked: int
    longer: int


@dataclass(frozen=True, slots=True)
class Report:
    """What a policy would change.

    Attributes:
        hash: over what differs; who promotes names it.
        is_complete: whether everything there was judged.
    """

    since: date
    made_at: datetime
    tallies: tuple[Tally, ...]
    rows: tuple[DifferingRow, ...]
    hash: str
    is_complete: bool

    @property
    def differ(self) -> int:
        """Outcomes that would be different."""
        return sum(one.differ for one in self.tallies)

    def tally(self, kind: str) -> Tally:
        """The tally of a kind."""
        return next(one for one in self.tallies if one.kind == kind)


@dataclass(frozen=True, slots=True)
class _Judged:
    kind: str
    row: LicenceRequest | LicenceToken
    difference: Difference


def report_on(principal: Principal, rollout: PolicyRollout, *, since: date) -> Report:
    """Judge every open request, every live licence and every request made since then, up to a bound of each.

    Args:
        rollout: as stored, or one that was never saved: a policy may be looked at before it is even in shadow.

    Raises:
        ContentChanged: the profile's text is not the one that was recorded.
    """
    at = clock.now()
    requests, licences = _requests(rollout), _licences(rollout, at)
    begun = datetime.combine(since, time.min, UTC)
    several: tuple[tuple[str, QuerySet[Any]], ...] = (
        ("OPEN", requests.filter(state__in=OPEN_STATES)),
        ("PERIOD", requests.exclude(state__in=OPEN_STATES).filter(submitted_at__gte=begun)),
        ("LICENCE", licences),
    )
    tallies, found = [], []
    for kind, rows in several:
        there, judged, mine = rows.count(), 0, []
        for row in rows.order_by("-created_at", "-pk")[:JUDGED_MOST].iterator(chunk_size=500):
            judged += 1
            difference = difference_of(rollout, parse_terms(_terms(row)), row.talent, at=at)
            if not difference.is_empty:
                mine.append(_Judged(kind, row, difference))
        tallies.append(_tally(kind, there, judged, [one.difference for one in mine]))
        found += mine
    return Report(
        since=since,
        made_at=at,
        tallies=tuple(tallies),
        rows=tuple(_named(principal, found)),
        hash=_hash(rollout, found),
        is_complete=all(one.there == one.judged for one in tallies),
    )


def _requests(rollout: PolicyRollout) -> QuerySet[LicenceRequest]:
    """Requests that the policy would bind once it binds."""
    rows = LicenceRequest.objects.exclude(current=None).select_related("current", "talent", "production")
    mine = rollout.organisation_id
    if rollout.kind == PolicyRollout.Kind.DEFAULTS:
        return rows.filter(talent__in=GuildMember.objects.filter(guild=mine).values("talent_id"))
    return rows.filter(
        Q(production__organisation=mine)
        | Q(production__guild=mine)
        | Q(talent__organisation=mine)
        | Q(agency=mine)
    )


def _licences(rollout: PolicyRollout, at: datetime) -> QuerySet[LicenceToken]:
    """Live licences that it would bind if they were asked for today; they stay as they were signed."""
    rows = LicenceToken.objects.filter(state__in=_LIVE, not_after__gt=at)
    rows = rows.select_related("terms", "talent", "production")
    mine = rollout.organisation_id
    if rollout.kind == PolicyRollout.Kind.DEFAULTS:
        return rows.filter(talent__in=GuildMember.objects.filter(guild=mine).values("talent_id"))
    return rows.filter(
        Q(licensee=mine) | Q(production__guild=mine) | Q(talent__organisation=mine) | Q(agency=mine)
    )


def _terms(row: LicenceRequest | LicenceToken) -> dict[str, Any]:
    version = row.current if isinstance(row, LicenceRequest) else row.terms
    if version is None:
        raise LookupError(f"request {row.pk} has no terms")
    document: dict[str, Any] = version.terms
    return document


def _tally(kind: str, there: int, judged: int, differences: list[Difference]) -> Tally:
    return Tally(
        kind=kind,
        there=there,
        judged=judged,
        differ=len(differences),
        refused=sum(bool(one.refused) for one in differences),
        asked=sum(bool(one.asked) for one in differences),
        longer=sum(bool(one.notice_hours) for one in differences),
    )


def _named(principal: Principal, found: list[_Judged]) -> Iterator[DifferingRow]:
    """The first rows, those that the reader may know of by name, the others by what would differ alone."""
    shown = found[:ROWS_MOST]
    known = _known(requests_visible_to(principal), (one for one in shown if one.kind != "LICENCE"))
    known |= _known(tokens_visible_to(principal), (one for one in shown if one.kind == "LICENCE"))
    for one in shown:
        is_known = one.row.pk in known
        yield DifferingRow(
            kind=one.kind,
            id=one.row.pk if is_known else None,
            production=one.row.production.title if is_known else "",
            talent=one.row.talent.stage_name if is_known else "",
            difference=one.difference,
        )


def _known(rows: QuerySet[Any], several: Iterable[_Judged]) -> set[UUID]:
    wanted = [one.row.pk for one in several]
    return set(rows.filter(pk__in=wanted).order_by().values_list("pk", flat=True)) if wanted else set()


def _hash(rollout: PolicyRollout, found: list[_Judged]) -> str:
    subject = {"kind": rollout.kind, "profile": rollout.profile, "content": rollout.content_hash}
    return report_hash(subject, ((one.kind, str(one.row.pk), one.difference) for one in found))
