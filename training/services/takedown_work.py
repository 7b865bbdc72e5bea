"""What cases share: their material, an item done, their end with its signed certificate."""

from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from accounts.principals import Principal
from audit.services import record
from common import clock, keys
from common.errors import Conflict, NotFound
from common.models import SigningKey
from training.models import Takedown, TakedownItem, TakedownReach, TrainingAsset
from training.vocabulary import AssetState, TakedownState
from trustcore.dsse import sign_statement
from trustcore.encoding import canonical_json, sha256_hex

PREDICATE_TYPE = "urn:trustmark:predicate:takedown:v1"


def locked_case(principal: Principal, takedown_id: UUID) -> Takedown:
    """The caller's case, held until the transaction ends. Raises ``NotFound``."""
    found = (
        Takedown.objects.select_for_update(of=("self",))
        .filter(pk=takedown_id, organisation=principal.organisation)
        .first()
    )
    if found is None:
        raise NotFound
    return found


def reached_by_open_case(node: int) -> bool:
    """Whether a case that is not called off and not a drill reaches this node."""
    cases = Takedown.objects.filter(is_drill=False).exclude(state=TakedownState.CALLED_OFF)
    return TakedownReach.objects.filter(node=node, takedown__in=cases).exists()


def require_no_case(asset: TrainingAsset) -> None:
    """Refuse to open what a takedown holds. Raises ``Conflict``: ``ASSET_TAKEN_DOWN``."""
    if asset.state == AssetState.REMOVED or reached_by_open_case(asset.node_id):
        raise Conflict("ASSET_TAKEN_DOWN", "A takedown holds this, or removed it.")


def hold_bytes(sha256: str) -> None:
    """One transaction at a time stores or deletes bytes of one hash, so that none deletes what another counts on."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 7))", [f"training/{sha256}"])


def assets_of(case: Takedown) -> QuerySet[TrainingAsset]:
    """The originals that a case reaches."""
    return TrainingAsset.objects.filter(
        node__in=TakedownReach.objects.filter(takedown=case).values("node_id")
    )


def do_item(item: TakedownItem, principal: Principal | None, action: str, evidence: str, sha256: str) -> None:
    """Write down that an item is done; MUST be called inside a transaction that holds its case."""
    item.action, item.evidence, item.evidence_sha256 = action, evidence, sha256
    item.done_by, item.done_at = principal.person if principal else None, clock.now()
    item.save(update_fields=["action", "evidence", "evidence_sha256", "done_by", "done_at"])


def end_case(case: Takedown, principal: Principal | None, state: TakedownState, reason: str) -> None:
    """End a case and sign its certificate; MUST be called inside a transaction that holds it."""
    case.state, case.ended_at, case.end_reason = state, clock.now(), reason
    case.ended_by = principal.person if principal else None
    facts = certificate_facts(case)
    digest = sha256_hex(canonical_json(facts))
    signer = keys.signer_for(SigningKey.Purpose.DECISION)
    case.certificate = sign_statement({"takedown": digest}, PREDICATE_TYPE, facts, signer)
    case.save(update_fields=["state", "ended_at", "end_reason", "ended_by", "certificate"])
    record(
        kind="training.takedown_ended", principal=principal, organisation_id=case.organisation_id,
        object_type="training_takedown", object_id=case.pk,
        details={"state": str(state), "certificate": f"sha256:{sha256_hex(bytes(case.certificate))}"},
    )  # fmt: skip


def certificate_facts(case: Takedown) -> dict[str, object]:
    """What the certificate of a case says: no name, no word of its reasons."""
    items = [
        {
            "kind": item.kind, "ref": str(item.ref) if item.ref else None, "action": item.action or None,
            "done_at": clock.rfc3339(item.done_at) if item.done_at else None,
            "evidence_sha256": item.evidence_sha256 or None,
        }
        for item in case.items.order_by("created_at", "pk")
    ]  # fmt: skip
    return {
        "takedown": str(case.pk), "organisation": str(case.organisation_id), "trigger": case.trigger,
        "is_drill": case.is_drill, "opened_at": clock.rfc3339(case.created_at),
        "ended_at": clock.rfc3339(case.ended_at) if case.ended_at else None, "state": case.state,
        "reached": case.reached, "reached_root": case.reached_root, "as_of_edge": case.as_of_edge,
        "is_complete": True, "counts": case.counts, "measured": case.measured, "items": items,
    }  # fmt: skip
