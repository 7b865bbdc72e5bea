"""How originals, rights and cases stood at the cut, from rows that say when they moved."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from audit.models import Event
from licensing.models import Hold, TrainingToken
from training.models import (
    PolicyDecision,
    Review,
    RightsRecord,
    ScanJob,
    Takedown,
    TakedownReach,
    TrainingAsset,
)
from training.reporting.lean import among, among_numbers, lean
from training.vocabulary import AssetState, Outcome, TakedownState
from trustcore.policy.vocabulary import TokenState


@dataclass(frozen=True, slots=True)
class Case:
    """A takedown as it stood at the cut."""

    row: Takedown
    removed_at: datetime | None
    state: str

    @property
    def holds(self) -> bool:
        """Whether what it reached may not be used."""
        return not self.row.is_drill and self.state != TakedownState.CALLED_OFF


def cases_at(organisation: UUID, until: datetime) -> dict[UUID, Case]:
    """Every case and drill that was open or over at ``until``; 2 queries."""
    rows = Takedown.objects.filter(organisation=organisation, created_at__lte=until).order_by("pk")
    removals = Event.objects.filter(
        organisation_id=organisation, kind="training.material_removed", at__lte=until
    ).values_list("object_id", "at")
    removed = {UUID(told): at for told, at in removals}
    return {row.pk: _case(row, removed.get(row.pk), until) for row in rows}


def reached_at(until: datetime) -> QuerySet[TakedownReach]:
    """What cases were known to reach at ``until``: a case may find more of it later."""
    return TakedownReach.objects.filter(Q(at__lte=until) | Q(at=None), takedown__created_at__lte=until)


def _case(row: Takedown, removed_at: datetime | None, until: datetime) -> Case:
    if row.ended_at is not None and row.ended_at <= until:
        return Case(row, removed_at, row.state)
    return Case(row, removed_at, TakedownState.REMOVED if removed_at else TakedownState.CONTAINED)


def verdicts_on(assets: Collection[TrainingAsset], until: datetime) -> dict[UUID, list[PolicyDecision]]:
    """The gate's verdicts on each original at ``until``, oldest first; one on many stands under each of them."""
    ids = [asset.id for asset in assets]
    named = {asset.decision_id for asset in assets}
    kept = PolicyDecision.objects.all()
    rows = {row.id: row for row in lean(kept.filter(subject_id__in=among(ids)), json="facts")}
    if shared := named - set(rows):
        rows |= {
            row.id: row for row in lean(kept.filter(subject_id=None, pk__in=among(shared)), json="facts")
        }
    while missing := {row.after_id for row in rows.values() if row.after_id} - set(rows):
        rows |= {row.id: row for row in lean(kept.filter(pk__in=among(missing)), json="facts")}
    found = {}
    by_subject: dict[UUID | None, list[PolicyDecision]] = defaultdict(list)
    for row in rows.values():
        by_subject[row.subject_id].append(row)
    for asset in assets:
        mine = {row.id: row for row in by_subject[asset.id]}
        last: UUID | None = asset.decision_id
        while last is not None:
            mine[last] = rows[last]
            last = rows[last].after_id
        told = [row for row in mine.values() if row.created_at <= until]
        found[asset.id] = sorted(told, key=lambda row: (row.created_at, row.id))
    return found


def reviews_at(assets: Collection[UUID], until: datetime) -> dict[UUID, list[Review]]:
    """The reviews of each original that were open or answered at ``until``, oldest first; 1 query."""
    found: dict[UUID, list[Review]] = defaultdict(list)
    rows = Review.objects.filter(asset__in=among(assets), created_at__lte=until)
    for row in lean(rows.order_by("created_at", "pk")):
        found[row.asset_id].append(row)
    return found


def states_at(
    assets: Iterable[TrainingAsset],
    verdicts: dict[UUID, list[PolicyDecision]],
    reviews: dict[UUID, list[Review]],
    cases: dict[UUID, Case],
    until: datetime,
) -> dict[UUID, str]:
    """How each original stood at ``until``: what the gate and people said, and then which case or scan held it; 2 queries."""
    assets = list(assets)
    holding = [pk for pk, case in cases.items() if case.holds]
    by_node: dict[int, list[Case]] = defaultdict(list)
    if holding:
        nodes = among_numbers([asset.node_id for asset in assets])
        reach = reached_at(until).filter(node__in=nodes, takedown__in=holding)
        for node, case in reach.values_list("node_id", "takedown_id"):
            by_node[node].append(cases[case])
    unscanned = set(
        ScanJob.objects.filter(asset__in=among([one.id for one in assets]), created_at__lte=until)
        .exclude(finished_at__lte=until)
        .values_list("asset_id", flat=True)
    )
    found = {}
    for asset in assets:
        state = _judged(verdicts[asset.id], reviews.get(asset.id, []), until)
        held = by_node[asset.node_id]
        if any(case.removed_at for case in held):
            state = AssetState.REMOVED
        elif (held or asset.id in unscanned) and state == AssetState.ADMITTED:
            state = AssetState.ISOLATED
        found[asset.id] = str(state)
    return found


def _judged(verdicts: list[PolicyDecision], reviews: list[Review], until: datetime) -> AssetState:
    """What gate and people had said: whatever was isolated waits until a person answers for all of its reasons."""
    if any(one.outcome == Outcome.REFUSE for one in verdicts):
        return AssetState.REFUSED
    cleared: set[str] = set()
    last: datetime | None = None
    for review in reviews:
        if review.answered_at is None or review.answered_at > until:
            return AssetState.ISOLATED
        if review.answer == Review.Answer.REFUSE:
            return AssetState.REFUSED
        cleared |= set(review.codes)
        last = review.answered_at
    isolating = (one for one in verdicts if one.outcome == Outcome.ISOLATE)
    fresh = any(set(one.codes) - cleared for one in isolating if last is None or one.created_at > last)
    return AssetState.ISOLATED if fresh else AssetState.ADMITTED


class Licences:
    """How talents' training licences stood at moments in the past; holds are read once for all of them."""

    def __init__(self, tokens: Iterable[TrainingToken]) -> None:
        tokens = list(tokens)
        covers = {
            one for token in tokens for one in (token.talent_id, token.production_id, token.licensee_id)
        }
        self._holds: dict[UUID, list[Hold]] = defaultdict(list)
        for hold in Hold.objects.filter(covers__in=covers) if covers else ():
            self._holds[hold.covers].append(hold)

    def state(self, token: TrainingToken, at: datetime) -> str:
        """How a licence stood at ``at``: a change of hands ends it, and says when, as a revocation does."""
        if token.revoked_at is not None and token.revoked_at <= at:
            return TokenState.REVOKED
        if at >= token.not_after:
            return TokenState.EXPIRED
        covers = (token.talent_id, token.production_id, token.licensee_id)
        holds = [hold for one in covers for hold in self._holds[one]]
        if any(one.placed_at <= at and (one.lifted_at is None or one.lifted_at > at) for one in holds):
            return TokenState.SUSPENDED
        return TokenState.ACTIVE if at >= token.not_before else TokenState.PENDING_ACTIVATION


def right_at(row: RightsRecord, licences: Licences, at: datetime) -> str:
    """How a rights record stood at ``at``: IN_FORCE, EXPIRED, ENDED, or what its talent's licence said instead."""
    end = getattr(row, "end", None)
    if end is not None and end.ended_at <= at:
        return "ENDED"
    if row.expires_at is not None and row.expires_at <= at:
        return "EXPIRED"
    if row.training_token is not None:
        state = licences.state(row.training_token, at)
        return "IN_FORCE" if state == TokenState.ACTIVE else f"LICENCE_{state}"
    return "IN_FORCE"
