"""A guild's own view: its members by name, the rolls it handed in, the defaults that bind.

A member's number is known by its digest alone, so it is found whole or not at all; a name is found by the beginnings
of its words.
"""

import hmac
import re
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from accounts.principals import Principal
from common import clock
from common.keys import derive_secret
from licensing.models import GuildDefault, GuildMember, LicenceToken, Production, RollImport

MEMBERS_A_PAGE = 50
_WORDS_MOST = 6
_LIVE = ("ACTIVE", "PENDING_ACTIVATION", "SUSPENDED")


@dataclass(frozen=True, slots=True)
class MemberLine:
    """One member: since when, which defaults bind them, what is live in productions that the guild oversees."""

    talent_id: UUID
    name: str
    joined_at: datetime
    accepted_version: int
    tightens: bool
    is_minor: bool
    is_deceased: bool
    live_licences: int


@dataclass(frozen=True, slots=True)
class MemberPage:
    """One page of members in the order of their names; ``after`` asks for the next."""

    lines: tuple[MemberLine, ...]
    after: UUID | None


def member_digest(guild_id: UUID, number: str) -> str:
    """The keyed digest that a member number is known by."""
    key = derive_secret("guild-member-number")
    return hmac.digest(key, guild_id.bytes + number.encode(), "sha256").hex()


def members_page(principal: Principal, *, search: str = "", after: UUID | None = None) -> MemberPage:
    """The members of the caller's guild, by name; 4 queries at most, however many there are.

    Args:
        search: beginnings of words of a name, or a whole member number.
        after: the last member of the page before; one who is not of this guild is passed over.
    """
    rows = GuildMember.objects.filter(guild=principal.organisation)
    if after and (last := rows.filter(talent=after).values_list("talent__stage_name", flat=True).first()):
        beyond = Q(talent__stage_name=last, talent_id__gt=after)
        rows = rows.filter(Q(talent__stage_name__gte=last) & (Q(talent__stage_name__gt=last) | beyond))
    found = _searched(rows, principal, search.strip()).select_related("talent")
    page = list(found.order_by("talent__stage_name", "talent_id")[: MEMBERS_A_PAGE + 1])
    shown = page[:MEMBERS_A_PAGE]
    live = _live_of([one.talent_id for one in shown], principal)
    today = clock.now().date()
    lines = tuple(
        MemberLine(
            talent_id=one.talent_id,
            name=one.talent.stage_name,
            joined_at=one.created_at,
            accepted_version=one.accepted_version,
            tightens=bool(one.own_limits),
            is_minor=one.talent.majority_on is not None and today < one.talent.majority_on,
            is_deceased=one.talent.died_on is not None and one.talent.died_on <= today,
            live_licences=live.get(one.talent_id, 0),
        )
        for one in shown
    )
    return MemberPage(lines, shown[-1].talent_id if len(page) > MEMBERS_A_PAGE else None)


def members_of(principal: Principal) -> QuerySet[GuildMember]:
    """Everybody on the roll of the caller's guild."""
    return GuildMember.objects.filter(guild=principal.organisation)


@dataclass(frozen=True, slots=True)
class ProductionLine:
    """A production that the guild oversees: members licensed for it now and ever, live licences."""

    production: Production
    members: int
    live_licences: int
    licences: int


@dataclass(frozen=True, slots=True)
class ProductionPage:
    """One page of productions, newest first; ``using`` of all of them are licensed for a member."""

    lines: tuple[ProductionLine, ...]
    after: UUID | None
    using: int


def member_productions(principal: Principal, *, after: UUID | None, limit: int) -> ProductionPage:
    """The productions that the caller's guild oversees, with what its members are licensed for; 3 queries."""
    own = Production.objects.filter(guild=principal.organisation)
    shown, next_after = overseen_productions(principal, after=after, limit=limit)
    licensed = LicenceToken.objects.filter(talent__membership__guild=principal.organisation)
    using = own.filter(Exists(licensed.filter(production=OuterRef("pk")))).count()
    live = Q(state__in=_LIVE, not_after__gt=clock.now())
    counted = licensed.filter(production__in=shown).order_by().values("production")
    figures = {
        row["production"]: row
        for row in counted.annotate(
            many=Count("pk"), live=Count("pk", filter=live), people=Count("talent", distinct=True)
        )
    }
    none = {"many": 0, "live": 0, "people": 0}
    lines = tuple(
        ProductionLine(one, (it := figures.get(one.pk, none))["people"], it["live"], it["many"])
        for one in shown
    )
    return ProductionPage(lines, next_after, using)


def overseen_productions(
    principal: Principal, *, after: UUID | None, limit: int
) -> tuple[list[Production], UUID | None]:
    """A page of the productions that the caller's guild oversees, newest first, and the ``after`` of the next."""
    own = Production.objects.filter(guild=principal.organisation)
    rows = own.select_related("organisation").order_by("-created_at", "-pk")
    if after and (last := own.filter(pk=after).values_list("created_at", flat=True).first()):
        rows = rows.filter(Q(created_at__lt=last) | Q(created_at=last, pk__lt=after))
    page = list(rows[: limit + 1])
    return page[:limit], page[limit - 1].pk if len(page) > limit else None


def rolls_of(principal: Principal) -> QuerySet[RollImport]:
    """The rolls that the caller's guild handed in, newest first."""
    return RollImport.objects.filter(guild=principal.organisation).order_by("-created_at")


def roll_for(principal: Principal, roll_id: UUID) -> RollImport | None:
    """The roll, if it is the caller's guild's."""
    return rolls_of(principal).select_related("submitted_by").filter(pk=roll_id).first()


def defaults_of(principal: Principal) -> QuerySet[GuildDefault]:
    """Every version of the defaults of the caller's guild, newest first."""
    rows = GuildDefault.objects.filter(guild=principal.organisation)
    return rows.select_related("set_by").order_by("-version")


def _searched(rows: QuerySet[GuildMember], principal: Principal, search: str) -> QuerySet[GuildMember]:
    if not search:
        return rows
    numbered = rows.filter(number_digest=member_digest(principal.organisation_id, search))
    words = re.findall(r"\w+", search.lower())[:_WORDS_MOST]
    if not words or numbered.exists():
        return numbered
    query = SearchQuery(" & ".join(f"{word}:*" for word in words), config="simple", search_type="raw")
    # over the expression that the index ``talent_name_words`` is made of
    return rows.annotate(words=SearchVector("talent__stage_name", config="simple")).filter(words=query)


def _live_of(talents: list[UUID], principal: Principal) -> dict[UUID, int]:
    rows = LicenceToken.objects.filter(
        talent__in=talents,
        production__guild=principal.organisation,
        state__in=_LIVE,
        not_after__gt=clock.now(),
    )
    return dict(rows.order_by().values_list("talent").annotate(many=Count("pk")))


def rolls_stuck(since: datetime) -> QuerySet[RollImport]:
    """Rolls of any guild that are not read to their end and that nobody has moved on since then."""
    return RollImport.objects.filter(finished_at=None, moved_at__lt=since).order_by("moved_at")
