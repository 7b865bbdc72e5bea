"""Reads of single things for the people of the house: a class and what its stop would touch, decisions, versions."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from accounts.principals import Principal
from training.models import (
    PolicyDecision,
    RightsException,
    RightsRecord,
    SourceClass,
    TrainingAsset,
)
from training.selectors.inventory import classes_of
from training.vocabulary import AssetState


@dataclass(frozen=True, slots=True)
class Reach:
    """What stands under a class of sources now."""

    sources: int
    admitted: int
    isolated: int


def class_for(principal: Principal, class_id: UUID) -> SourceClass | None:
    """A class of the house."""
    return classes_of(principal).filter(pk=class_id).first()


def reach_of(kind: SourceClass) -> Reach:
    """Sources and originals of a class; 2 queries."""
    rows = TrainingAsset.objects.filter(source__source_class=kind).aggregate(
        admitted=Count("pk", filter=Q(state=AssetState.ADMITTED)),
        isolated=Count("pk", filter=Q(state=AssetState.ISOLATED)),
    )
    return Reach(kind.sources.count(), rows["admitted"], rows["isolated"])


def decisions_of(principal: Principal) -> QuerySet[PolicyDecision]:
    """What the gate decided for the house, refusals at the edge among them."""
    rows = PolicyDecision.objects.filter(organisation=principal.organisation)
    return rows.select_related("asked_by").defer("facts").order_by("-created_at")


def decision_for(principal: Principal, decision_id: UUID) -> PolicyDecision | None:
    """One decision with its facts and the text that it was made under."""
    rows = PolicyDecision.objects.filter(organisation=principal.organisation, pk=decision_id)
    return rows.select_related("policy", "asked_by").first()


def versions_of(source_id: UUID) -> list[RightsRecord]:
    """Every version of a source's rights with its end, newest first."""
    rows = RightsRecord.objects.filter(source=source_id).select_related(
        "end__ended_by", "recorded_by", "training_token__licensee"
    )
    return list(rows.order_by("-version"))


def rights_for(principal: Principal, rights_id: UUID) -> RightsRecord | None:
    """One version of the house."""
    rows = RightsRecord.objects.filter(organisation=principal.organisation, pk=rights_id)
    return rows.select_related("source", "end").first()


def asset_for(principal: Principal, asset_id: UUID) -> TrainingAsset | None:
    """An original with its source, the version it was admitted under, and its decision."""
    rows = TrainingAsset.objects.filter(organisation=principal.organisation, pk=asset_id)
    return rows.select_related("source__source_class", "rights__end", "decision", "owner").first()


def exception_for(principal: Principal, exception_id: UUID) -> RightsException | None:
    """An exception of the house with everybody who has a part in it."""
    rows = RightsException.objects.filter(organisation=principal.organisation, pk=exception_id)
    return rows.select_related("source_class", "source", "owner", "asked_by", "signed_by", "ended_by").first()
