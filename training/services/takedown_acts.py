"""What people do about a case: remove, deal with models, call off, close."""

from collections.abc import Mapping
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from accounts.principals import Principal
from audit.services import record
from common import clock
from common.errors import Conflict, InvalidInput, NotFound
from training.models import (
    Derivative,
    RightsComparison,
    Takedown,
    TakedownItem,
    TakedownReach,
    TrainingAsset,
)
from training.seats import require_counsel, require_engineer
from training.selectors.narrowing import NO_DERIVATIVES
from training.selectors.rights import Standing, current_rights
from training.selectors.script_uses import lapsed_uses
from training.services.takedown_work import assets_of, do_item, end_case, hold_bytes, locked_case
from training.services.takedowns import look_again
from training.services.texts import clean
from training.storing import remove
from training.vocabulary import AssetState, Held, ItemAction, TakedownState
from trustcore.encoding import is_sha256_hex
from trustcore.policy.territory import covers


def remove_material(*, principal: Principal, takedown_id: UUID) -> Takedown:
    """Counsel removes what a case reaches: rows say so for good, and bytes are gone when this commits.

    Raises:
        NotFound, Forbidden: as :func:`~training.seats.require_counsel`. Conflict: ``TAKEDOWN_NOT_CONTAINED``.
    """
    require_counsel(principal)
    with transaction.atomic():
        case = locked_case(principal, takedown_id)
        if case.is_drill or case.state != TakedownState.CONTAINED:
            raise Conflict("TAKEDOWN_NOT_CONTAINED", "There is nothing left of this case to remove.")
        remove_contained(case, principal)
    return case


def remove_contained(case: Takedown, principal: Principal | None) -> None:
    """Remove what a contained case reaches; ``principal`` None: a rule does it. MUST be called with the case locked."""
    look_again(case, principal)
    gone = _remove_rows(case)
    case.state = TakedownState.REMOVED
    case.save(update_fields=["state"])
    item = case.items.filter(ref=None).first()
    if item is not None:
        do_item(item, principal, ItemAction.REMOVE, _("%(count)s files removed.") % {"count": len(gone)}, "")
    record(
        kind="training.material_removed", principal=principal, organisation_id=case.organisation_id,
        object_type="training_takedown", object_id=case.pk, details={"files": len(gone)},
    )  # fmt: skip
    transaction.on_commit(finish_removals)


def finish_removals(*, organisation_id: UUID | None = None, most: int = 10_000) -> int:
    """Delete the bytes of what is removed, and forget where they lay; how many files. Repeats what a crash left undone.

    Of every house where none is named.

    Bytes that something else still needs stay; they have the same hash under another source.
    """
    assets = TrainingAsset.objects.filter(state=AssetState.REMOVED, held=Held.HERE).exclude(location="")
    derived = Derivative.objects.filter(removed_at__isnull=False, held=Held.HERE).exclude(location="")
    if organisation_id is not None:
        assets = assets.filter(organisation=organisation_id)
        derived = derived.filter(organisation=organisation_id)
    places = {
        *assets.values_list("location", flat=True)[:most],
        *derived.values_list("location", flat=True)[:most],
    }
    gone = 0
    for place in sorted(places):
        with transaction.atomic():
            hold_bytes(place.rpartition("/")[2])
            if not _needed({place}):
                remove(place)
                gone += 1
            assets.filter(location=place).update(location="", held=Held.GONE)
            derived.filter(location=place).update(location="", held=Held.GONE)
    return gone


def drop_unneeded(place: str) -> None:
    """Delete bytes that were stored for a row which was never written, unless a row that stays holds them."""
    with transaction.atomic():
        hold_bytes(place.rpartition("/")[2])
        if not _needed({place}):
            remove(place)


def answer_item(
    *,
    principal: Principal,
    takedown_id: UUID,
    item_id: UUID,
    action: str,
    evidence: str,
    evidence_sha256: str,
) -> TakedownItem:
    """Say what was done about a model, with its evidence; once.

    Raises:
        NotFound, Forbidden: as :func:`~training.seats.require_engineer`.
        InvalidInput: ``ACTION_UNKNOWN``, ``REASON_INVALID``, ``CHECKSUM_INVALID``. Conflict: ``ITEM_DONE``.
    """
    require_engineer(principal)
    evidence = clean(evidence, most=2000, code="REASON_INVALID")
    if evidence_sha256 and not is_sha256_hex(evidence_sha256):
        raise InvalidInput("CHECKSUM_INVALID", "A checksum is a SHA-256 in lower-case hexadecimal digits.")
    with transaction.atomic():
        case = locked_case(principal, takedown_id)
        item = case.items.select_for_update().filter(pk=item_id).first()
        if item is None:
            raise NotFound
        if item.done_at is not None or case.state in (TakedownState.CLOSED, TakedownState.CALLED_OFF):
            raise Conflict("ITEM_DONE", "This was dealt with already.")
        if item.ref is None or action not in item.choices:
            raise InvalidInput("ACTION_UNKNOWN", "This cannot be done about it here.")
        do_item(item, principal, action, evidence, evidence_sha256)
        record(
            kind="training.takedown_item_done", principal=principal, object_type="training_takedown",
            object_id=case.pk, details={"item": item.label, "action": action, "evidence_sha256": evidence_sha256},
        )  # fmt: skip
    return item


def call_off(*, principal: Principal, takedown_id: UUID, reason: str) -> Takedown:
    """Counsel calls a case off before anything was removed: originals whose rights hold stand admitted again.

    Raises:
        NotFound, Forbidden: as :func:`~training.seats.require_counsel`. InvalidInput: ``REASON_INVALID``.
        Conflict: ``TAKEDOWN_NOT_CONTAINED``; ``RIGHTS_NOT_IN_FORCE``: what it rests on is over.
    """
    require_counsel(principal)
    reason = clean(reason, most=2000, code="REASON_INVALID")
    with transaction.atomic():
        case = locked_case(principal, takedown_id)
        if case.is_drill or case.state != TakedownState.CONTAINED:
            raise Conflict(
                "TAKEDOWN_NOT_CONTAINED", "Only what was contained and not removed can be called off."
            )
        contained = TakedownReach.objects.filter(node=OuterRef("node"), was_admitted=True)
        mine = assets_of(case).filter(Exists(contained), state=AssetState.ISOLATED)
        held = current_rights(set(mine.values_list("source_id", flat=True)), at=clock.now())
        if any(not one.is_in_force or not one.rights.may_train for one in held.values()):
            raise Conflict("RIGHTS_NOT_IN_FORCE", "The rights that this rests on have ended.")
        if _is_narrowed(case, mine, held):
            raise Conflict("RIGHTS_NOT_IN_FORCE", "The rights of now do not permit this any more.")
        nodes = set(mine.values_list("node_id", flat=True))
        lapsed = lapsed_uses(
            at=clock.now(), organisation_id=case.organisation_id, states=(AssetState.ISOLATED,)
        )
        if any(one.node in nodes for one in lapsed):
            raise Conflict(
                "RIGHTS_NOT_IN_FORCE", "A registered script is in it that may not be trained with now."
            )
        others = Takedown.objects.filter(
            organisation=case.organisation_id, is_drill=False,
            state__in=[TakedownState.CONTAINED, TakedownState.REMOVED],
        ).exclude(pk=case.pk)  # fmt: skip
        still = TakedownReach.objects.filter(takedown__in=others).values("node_id")
        mine.exclude(node__in=still).update(state=AssetState.ADMITTED)
        end_case(case, principal, TakedownState.CALLED_OFF, reason)
    return case


def _is_narrowed(case: Takedown, mine: QuerySet[TrainingAsset], held: Mapping[UUID, Standing]) -> bool:
    """Whether the rights of now do not permit what would stand again: where it was captured, or derivatives at all."""
    places = mine.values_list("source_id", "capture__territory").distinct()
    if any(one in held and not covers(held[one].rights.territories, place) for one, place in places):
        return True
    narrowed = RightsComparison.objects.filter(takedown=case).select_related("rights").first()
    if narrowed is None:
        return False
    source = narrowed.rights.source_id
    now = current_rights([source], at=clock.now())[source].rights
    reached = TakedownReach.objects.filter(takedown=case).values("node_id")
    derived = Derivative.objects.filter(node__in=reached, removed_at=None)
    return not now.may_derive and NO_DERIVATIVES in narrowed.codes and derived.exists()


def close_takedown(*, principal: Principal, takedown_id: UUID) -> Takedown:
    """Counsel closes a case whose every item is done, and its certificate is signed.

    The graph is walked once more: what was made of it since the case was opened is removed or becomes an item first.

    Raises:
        NotFound, Forbidden: as :func:`~training.seats.require_counsel`.
        Conflict: ``TAKEDOWN_ITEMS_OPEN`` or ``TAKEDOWN_CLOSED``.
    """
    require_counsel(principal)
    with transaction.atomic():
        case = locked_case(principal, takedown_id)
        if case.state in (TakedownState.CLOSED, TakedownState.CALLED_OFF):
            raise Conflict("TAKEDOWN_CLOSED", "This case is closed.")
        look_again(case, principal)  # kept, whether or not it can be closed now
    with transaction.atomic():
        case = locked_case(principal, takedown_id)
        look_again(case, principal)
        if left := case.items.filter(done_at=None).count():
            raise Conflict(
                "TAKEDOWN_ITEMS_OPEN",
                "Something of this case is not done yet.",
                _("%(count)s left.") % {"count": left},
            )
        end_case(case, principal, TakedownState.CLOSED, _("Everything is done."))
    return case


def _remove_rows(case: Takedown) -> list[str]:
    """Mark originals and derivatives removed; the places of bytes that nothing else needs."""
    reach = TakedownReach.objects.filter(takedown=case).values("node_id")
    assets = TrainingAsset.objects.filter(node__in=reach).exclude(state=AssetState.REMOVED)
    derived = Derivative.objects.filter(node__in=reach, removed_at=None)
    places = {
        *assets.filter(held=Held.HERE).exclude(location="").values_list("location", flat=True),
        *derived.filter(held=Held.HERE).exclude(location="").values_list("location", flat=True),
    }
    assets.update(state=AssetState.REMOVED)
    derived.update(removed_at=clock.now())
    return sorted(places - _needed(places))


def _needed(places: set[str]) -> set[str]:
    """Those that something which stays holds: the same bytes may have come from two sources."""
    return {
        *TrainingAsset.objects.filter(location__in=places)
        .exclude(state__in=[AssetState.REMOVED, AssetState.REFUSED])
        .values_list("location", flat=True),
        *Derivative.objects.filter(location__in=places, removed_at=None).values_list("location", flat=True),
    }
