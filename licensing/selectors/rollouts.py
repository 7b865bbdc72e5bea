"""Policies on their way: which of them bind a request by canary, which are judged beside it, and what they showed."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db.models import Count, Q, QuerySet, UUIDField, Value

from accounts.principals import Principal
from licensing.models import GuildMember, PolicyRollout, Production, ProfileAdoption, ShadowOutcome, Talent
from trustcore.policy.rollout import is_chosen

_Kind = PolicyRollout.Kind
_Stage = PolicyRollout.Stage


@dataclass(frozen=True, slots=True)
class ShadowCount:
    """How many versions of terms were judged beside what binds, and how many would have come out otherwise."""

    judged: int
    differ: int
    failed: int


def rollouts_of(principal: Principal) -> QuerySet[PolicyRollout]:
    """Every rollout of the caller's organisation, ended ones too, newest first."""
    rows = PolicyRollout.objects.filter(organisation=principal.organisation)
    return rows.select_related("recorded_by", "ended_by", "came_from").order_by("-created_at", "-pk")


def rollout_for(principal: Principal, rollout_id: UUID) -> PolicyRollout | None:
    """A rollout of the caller's organisation."""
    return rollouts_of(principal).filter(pk=rollout_id).first()


def profiles_in_force(
    parties: Iterable[UUID], *, request_id: UUID | None, production_id: UUID
) -> dict[str, str]:
    """The profiles that bind this request, each with the hash that was signed off; one query.

    Those that a party adopted, and those in canary that chose it.
    """
    several = list(parties)
    adopted = ProfileAdoption.objects.filter(organisation__in=several, ended_at=None).annotate(
        share=Value(100), named=Value([], output_field=ArrayField(UUIDField()))
    )
    rolling = PolicyRollout.objects.filter(
        organisation__in=several, kind=_Kind.PROFILE, stage=_Stage.CANARY, ended_at=None
    )
    rows = adopted.values_list("pk", "profile", "profile_hash", "share", "named").union(
        rolling.values_list("pk", "profile", "content_hash", "share_percent", "production_ids"), all=True
    )
    found: dict[str, str] = {}
    # an adoption goes before a canary, a later one before an earlier; a canary binds 99 percent at most
    for pk, profile, signed, share, named in sorted(rows, key=lambda row: (row[3] < 100, row[0])):
        if share == 100:
            found[profile] = signed
        elif _is_bound(pk, share, named, request_id, production_id):
            found.setdefault(profile, signed)
    return found


def canary_limits(
    guild_id: UUID, *, request_id: UUID | None, production_id: UUID | None
) -> list[dict[str, Any]]:
    """Limits in canary of a guild that bind this request; one query."""
    rows = PolicyRollout.objects.filter(
        organisation=guild_id, kind=_Kind.DEFAULTS, stage=_Stage.CANARY, ended_at=None
    )
    return [one.limits or {} for one in rows if binds(one, request_id, production_id)]


def binds(rollout: PolicyRollout, request_id: UUID | None, production_id: UUID | None) -> bool:
    """Whether a canary chose this request: by its production's name, or by its share."""
    return _is_bound(rollout.pk, rollout.share_percent, rollout.production_ids, request_id, production_id)


def _is_bound(
    rollout_id: UUID, share: int, named: list[UUID], request_id: UUID | None, production_id: UUID | None
) -> bool:
    return production_id in named or (request_id is not None and is_chosen(rollout_id, request_id, share))


def shadows_over(parties: Iterable[UUID], talent: Talent) -> list[PolicyRollout]:
    """What is judged beside a request of these parties and never acts: shadows, and canaries as well; one query."""
    guilds = GuildMember.objects.filter(talent=talent).values("guild_id")
    mine = Q(kind=_Kind.PROFILE, organisation__in=list(parties)) | Q(
        kind=_Kind.DEFAULTS, organisation__in=guilds
    )
    return list(PolicyRollout.objects.filter(mine, ended_at=None).order_by("pk"))


def shadow_count(rollout: PolicyRollout) -> ShadowCount:
    """What a rollout showed so far; one query."""
    counted = ShadowOutcome.objects.filter(rollout=rollout).aggregate(
        judged=Count("pk"), differ=Count("pk", Q(differs=True)), failed=Count("pk", ~Q(failure=""))
    )
    return ShadowCount(**counted)


def shadow_counts(rollouts: Iterable[PolicyRollout]) -> dict[UUID, ShadowCount]:
    """The same of several; one query."""
    rows = (
        ShadowOutcome.objects.filter(rollout__in=[one.pk for one in rollouts])
        .values("rollout_id")
        .annotate(judged=Count("pk"), differ=Count("pk", Q(differs=True)), failed=Count("pk", ~Q(failure="")))
    )
    return {row["rollout_id"]: ShadowCount(row["judged"], row["differ"], row["failed"]) for row in rows}


def productions_named(principal: Principal) -> QuerySet[Production]:
    """Productions that a canary of the caller's organisation may name: its own, and those that it oversees."""
    mine = Q(organisation=principal.organisation) | Q(guild=principal.organisation)
    return Production.objects.filter(mine).order_by("title")
