"""Grants and accesses, as a caller may see them; and who the caller is to a work."""

from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet, Subquery

from accounts.principals import Principal
from common import clock
from screenplays.deciding import READ, TRAIN, GrantFacts
from screenplays.joining import licence_lacks
from screenplays.models import Access, Authority, Grant, Version, Work
from screenplays.selectors.works import may_write, works_visible_to
from trustcore.policy.reasons import DenyReason

_HOLDS_ONLY: Final = frozenset(
    {
        DenyReason.SUSPENDED, DenyReason.NOT_YET_VALID, DenyReason.PAYMENT_HOLD, DenyReason.DISPUTE_HOLD,
        DenyReason.LEGAL_HOLD, DenyReason.SECURITY_INCIDENT_HOLD,
    }
)  # fmt: skip
"""Of a licence: what may be over again."""


def grants_to(principal: Principal) -> Q:
    """Grants to this very caller: the person, acting for that organisation, or the API key."""
    if principal.credential is not None:
        return Q(credential=principal.credential)
    return Q(person=principal.person, organisation=principal.organisation)


def works_open_to(principal: Principal) -> QuerySet[Work]:
    """Works that the caller may ask for: those it may know of, and those it was ever granted anything of."""
    mine = Grant.objects.filter(grants_to(principal), work=OuterRef("pk"))
    known = Q(organisation=principal.organisation) | Q(Exists(mine))
    if principal.credential is None:
        known |= Q(writer=principal.person)
    return Work.objects.filter(known).select_related("organisation", "production", "writer")


def works_open_with_counts(principal: Principal) -> QuerySet[Work]:
    """Works that the caller may ask for, with how many versions each has and when the newest came."""
    versions = Version.objects.filter(work=OuterRef("pk")).order_by().values("work")
    return works_open_to(principal).annotate(
        versions_number=Subquery(versions.annotate(n=Count("*")).values("n")),
        newest_at=Subquery(versions.annotate(at=Max("created_at")).values("at")),
    )


def may_read_now(principal: Principal, work: Work) -> bool:
    """Whether the caller may read some version of a work now."""
    now = clock.now()
    if standing_of(principal, work) != Authority.NONE:
        return True
    return any(
        one.purpose == READ and one.ended_at is None and one.not_before <= now < one.not_after
        for one in facts_of(principal, work, now)
    )


def grants_of(work: Work) -> QuerySet[Grant]:
    """The grants of a work, newest first."""
    return work.grants.select_related(
        "organisation", "person", "credential", "version", "granted_by", "ended_by"
    ).order_by("-created_at")


def grant_for(principal: Principal, grant_id: UUID) -> Grant | None:
    """A grant of a work that the caller may know of."""
    return Grant.objects.filter(pk=grant_id, work__in=works_visible_to(principal)).first()


def own_grants(principal: Principal) -> QuerySet[Grant]:
    """What was granted to this very caller, newest first."""
    rows = Grant.objects.filter(grants_to(principal))
    return rows.select_related("work", "work__organisation", "version").order_by("-created_at")


def accesses_of(work: Work) -> QuerySet[Access]:
    """Who asked for a work and what became of it, newest first."""
    return work.accesses.select_related("organisation", "person", "credential", "version", "grant").order_by(
        "-created_at", "-id"
    )


def access_for(principal: Principal, access_id: UUID) -> Access | None:
    """An access of this very caller."""
    mine = (
        Q(credential=principal.credential)
        if principal.credential
        else Q(person=principal.person, organisation=principal.organisation, credential=None)
    )
    return Access.objects.filter(mine, pk=access_id).select_related("work", "version").first()


def standing_of(principal: Principal, work: Work) -> str:
    """What the caller is to a work in person; machines are nothing to it without a grant."""
    if principal.credential is not None:
        return Authority.NONE
    if work.writer_id == principal.person.pk:
        return Authority.WRITER
    return Authority.KEEPER if may_write(principal, work) else Authority.NONE


def facts_of(principal: Principal, work: Work, at: datetime) -> list[GrantFacts]:
    """The grants of a work to this very caller, newest first, with how their training licences stand."""
    rows = work.grants.filter(grants_to(principal)).order_by("-created_at")
    return [
        GrantFacts(
            row.pk,
            row.purpose,
            row.version_id,
            row.not_before,
            row.not_after,
            row.ended_at,
            licence_lacks(row.training_licence_id, row.organisation_id, at)
            if row.training_licence_id
            else (),
        )
        for row in rows
    ]


class TrainingStanding(StrEnum):
    """How an organisation stands that wants to train with a script: for the floors above."""

    HOLDS = "HOLDS"
    HELD = "HELD"  # permits nothing now and may again, as under a strike, or begins later
    EXPIRED = "EXPIRED"
    ENDED = "ENDED"  # taken back
    NEVER = "NEVER"  # granted to nobody of it, at any time


def may_train_with(version: Version, organisation_id: UUID, at: datetime | None = None) -> bool:
    """Whether anybody of an organisation was granted to train with a version, now: for the floors above."""
    return training_standing(version, organisation_id, at) == TrainingStanding.HOLDS


def training_standing(
    version: Version, organisation_id: UUID, at: datetime | None = None
) -> TrainingStanding:
    """How the grants to train with a version stand together: the best of them, or how the last one went; 1 query and its licences."""
    moment = at or clock.now()
    rows = Grant.objects.filter(
        Q(version=None) | Q(version=version), work=version.work_id, purpose=TRAIN, organisation=organisation_id
    ).order_by("-not_after")  # fmt: skip
    told = [_training_by(row, moment) for row in rows]
    for best in (TrainingStanding.HOLDS, TrainingStanding.HELD):
        if best in told:
            return best
    return told[0] if told else TrainingStanding.NEVER


def _training_by(row: Grant, at: datetime) -> TrainingStanding:
    if row.ended_at is not None and row.ended_at <= at:
        return TrainingStanding.ENDED
    if at >= row.not_after:
        return TrainingStanding.EXPIRED
    if at < row.not_before:
        return TrainingStanding.HELD
    if row.training_licence_id is None:
        return TrainingStanding.HOLDS
    lacking = set(licence_lacks(row.training_licence_id, row.organisation_id, at))
    if not lacking:
        return TrainingStanding.HOLDS
    if lacking <= {DenyReason.EXPIRED}:
        return TrainingStanding.EXPIRED
    return TrainingStanding.HELD if lacking <= _HOLDS_ONLY else TrainingStanding.ENDED
