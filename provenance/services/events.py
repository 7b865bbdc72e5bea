"""Move an asset and write down that it moved: the row, its event and the audit trail in one transaction."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.principals import Principal
from audit import services as audit
from common import clock
from provenance.models import Asset, AssetEvent, AssetState
from provenance.rules import HoldReason
from provenance.selectors import parties_of
from trustcore.receipt import Entry


def record_move(
    asset: Asset,
    state: AssetState,
    *,
    principal: Principal | None = None,
    details: dict[str, Any] | None = None,
    log_entry: Entry | None = None,
) -> None:
    """Save the asset in its new state, with its event; call it inside a transaction that holds the row."""
    before = "" if asset._state.adding else asset.state
    asset.state = state
    asset.touched_at = clock.now()
    asset.save()
    AssetEvent.objects.create(
        asset=asset,
        number=asset.events.count() + 1,
        state_before=before,
        state_after=state,
        person=principal.person if principal else None,
        details=details or {},
    )
    audit.record(
        kind=f"asset.{state.lower()}",
        principal=principal,
        organisation_id=asset.organisation_id,
        object_type="asset",
        object_id=asset.pk,
        production_id=asset.production_id,
        visible_to=parties_of(asset),
        before={"state": before} if before else None,
        after={"state": str(state), "mark": asset.mark_id, "sha256": asset.sha256},
        details=details,
        log_entry=log_entry,
    )


def hold(asset_id: UUID, reasons: tuple[HoldReason, ...], *, log_entry: Entry | None = None) -> Asset:
    """Hold an asset that is not released; what was found is kept with it."""
    with locked(asset_id) as asset:
        if asset.state not in {AssetState.RELEASED, AssetState.HELD}:
            asset.hold_reasons = [reason.to_dict() for reason in reasons]
            record_move(asset, AssetState.HELD, details={"reasons": asset.hold_reasons}, log_entry=log_entry)
        return asset


@contextmanager
def locked(asset_id: UUID) -> Iterator[Asset]:
    """Open a transaction that holds the asset's row."""
    with transaction.atomic():
        yield Asset.objects.select_for_update(of=("self",)).select_related("production").get(pk=asset_id)
