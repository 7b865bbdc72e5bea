"""The times that contracts set, kept without anybody having to think of them: until the scan, and until the end.

An original whose bytes are not brought to a scan in time goes to the queue; one that is older than its contract keeps it
is taken down with everything that was made of it.
"""

from datetime import datetime
from functools import partial
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from audit.services import record
from common import clock
from training.contracts.compiling import compile_contract
from training.models import DataContract, SourceClass, TrainingAsset
from training.selectors.contracts import in_force, kept_too_long, unscanned
from training.services.assets import as_captured, queue_for_review
from training.services.carrying_on import for_each
from training.services.gate import facts_of, ground_of, judge, keep_decision
from training.services.takedowns import write_takedown
from training.vocabulary import AssetState, Outcome, TakedownTrigger

_AT_ONCE = 500


def isolate_unscanned(*, at: datetime | None = None) -> list[UUID]:
    """Isolate originals that waited too long for their scan; their ids."""
    at = at or clock.now()
    return [one for some in for_each(in_force(), partial(_isolate_under, at=at)) for one in some]


def open_for_retention(*, at: datetime | None = None) -> list[UUID]:
    """Open a case for what each contract does not keep any longer; the ids of the new cases."""
    at = at or clock.now()
    return for_each(in_force(), partial(_end_of_keeping, at=at))


def _isolate_under(contract: DataContract, *, at: datetime) -> list[UUID]:
    minutes = compile_contract(contract.text).clauses.scan_minutes
    waiting = unscanned(contract, minutes=minutes, at=at).values_list("pk", flat=True)
    return for_each(list(waiting[:_AT_ONCE]), lambda one: one if _isolate(one, at) else None)


def _isolate(asset_id: UUID, at: datetime) -> bool:
    with transaction.atomic():
        asset = (
            TrainingAsset.objects.select_for_update(of=("self",), no_key=True)
            .select_related("source__registered_by", "decision__asked_by")
            .get(pk=asset_id)
        )
        if asset.state != AssetState.ADMITTED or asset.stored_at is not None:
            return False
        asset.source.source_class = SourceClass.objects.select_for_update(no_key=True).get(
            pk=asset.source.source_class_id
        )
        ground = ground_of(asset.source, at=at)
        facts = facts_of(ground, as_captured(asset), registered_at=asset.created_at)
        verdict = judge(ground, facts)
        if verdict.outcome == Outcome.ADMIT or "CONTRACT_SCAN_LATE" not in verdict.codes:
            return False
        decision = keep_decision(
            ground=ground, facts=facts, verdict=verdict, principal=None, subject_id=asset.pk
        )
        collected_by = asset.decision.asked_by or asset.source.registered_by
        asset.decision, asset.state = decision, AssetState.ISOLATED
        asset.save(update_fields=["decision", "state"])
        queue_for_review(asset, ground, verdict, collected_by)
        record(
            kind="training.scan_late", principal=None, organisation_id=asset.organisation_id,
            object_type="training_asset", object_id=asset.pk,
            details={"contract_hash": ground.contract_hash, "codes": list(verdict.codes),
                     "decision": str(decision.pk)},
        )  # fmt: skip
        return True


def _end_of_keeping(row: DataContract, *, at: datetime) -> UUID | None:
    days = compile_contract(row.text).clauses.retention_days
    with transaction.atomic():
        # one worker at a time for one contract: who comes second finds the case
        DataContract.objects.select_for_update(of=("self",)).get(pk=row.pk)
        nodes = list(kept_too_long(row, days=days, at=at).values_list("node_id", flat=True))
        if not nodes:
            return None
        case = write_takedown(
            organisation_id=row.organisation_id, principal=None, trigger=TakedownTrigger.POLICY_CHANGED,
            reason=_("%(contract)s keeps material for %(days)s days, and they are over.")
            % {"contract": row, "days": days},
            roots=nodes,
        )  # fmt: skip
    return case.pk
