"""Data contracts of a house, and the one that a class of sources stands under."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from accounts.principals import Principal
from training.contracts.compiling import Compiled, compile_contract
from training.models import ContractBinding, DataContract, Review, TakedownReach, TrainingAsset
from training.vocabulary import AssetState, ContractState


@dataclass(frozen=True, slots=True)
class Hold:
    """What a class stands under: a contract in force; none any more (``is_lost``); or none, and never one."""

    contract: DataContract | None = None
    since: datetime | None = None
    is_lost: bool = False

    @property
    def compiled(self) -> Compiled | None:
        """The contract ready to be enforced."""
        return compile_contract(self.contract.text) if self.contract else None


def contracts_of(principal: Principal) -> QuerySet[DataContract]:
    """The house's contracts, every version."""
    rows = DataContract.objects.filter(organisation=principal.organisation)
    return rows.select_related("registered_by", "activated_by", "retired_by").order_by("-created_at", "-id")


def contract_for(principal: Principal, contract_id: UUID) -> DataContract | None:
    """One version of the house."""
    return contracts_of(principal).filter(pk=contract_id).first()


def hold_over(source_class_id: UUID) -> Hold:
    """What a class stands under now; 1 query."""
    binding = (
        ContractBinding.objects.filter(source_class=source_class_id)
        .select_related("contract")
        .order_by(F("until").desc(nulls_first=True))
        .first()
    )
    if binding is None:
        return Hold()
    return Hold(binding.contract, binding.created_at) if binding.until is None else Hold(is_lost=True)


def bound_now(row: DataContract) -> list[str]:
    """Codes of the classes that stand under a version now."""
    found = row.bindings.filter(until=None).order_by("source_class__code")
    return list(found.values_list("source_class__code", flat=True))


def in_force() -> QuerySet[DataContract]:
    """Every contract in force, of every house."""
    return DataContract.objects.filter(state=ContractState.ACTIVE).order_by("created_at")


def unscanned(row: DataContract, *, minutes: int, at: datetime) -> QuerySet[TrainingAsset]:
    """Admitted originals under a contract whose bytes nobody has brought to a scan within its time (TP-067).

    What a person admitted although it was late stays admitted.
    """
    since = at - timedelta(minutes=minutes + 1)
    bound = row.bindings.filter(until=None, created_at__lt=since)
    late = TrainingAsset.objects.filter(
        source__source_class__in=bound.values("source_class"), state=AssetState.ADMITTED, stored_at=None,
        created_at__lt=since,
    )  # fmt: skip
    cleared = Review.objects.filter(
        asset=OuterRef("pk"), answer=Review.Answer.ADMIT, codes__contains=["CONTRACT_SCAN_LATE"]
    )
    return late.exclude(Exists(cleared)).order_by("pk")


def kept_too_long(row: DataContract, *, days: int, at: datetime) -> QuerySet[TrainingAsset]:
    """Admitted originals older than a contract keeps them, and that no case has been about (TP-064)."""
    ended = at - timedelta(days=days)
    cases = TakedownReach.objects.filter(node=OuterRef("node"), takedown__is_drill=False)
    rows = TrainingAsset.objects.filter(
        Q(collected_at__lte=ended) | Q(created_at__lte=ended),
        source__source_class__in=row.bindings.filter(until=None).values("source_class"),
        state=AssetState.ADMITTED,
    )
    return rows.exclude(Exists(cases)).order_by("pk")
