"""From an upload to a release: take it in now, mark, sign and verify it in the background.

Example::

    asset = release_asset(principal=..., production_id=..., token_jtis=[...], kind="DELIVERABLE",
                          path=Path("cut.mp4"), file_name="cut.mp4")
    asset.state  # RECEIVED; later RELEASED, or HELD with its reasons
"""

from collections.abc import Iterable
from pathlib import Path
from uuid import UUID

from django.db import transaction

from accounts.principals import Principal
from common.errors import Conflict
from provenance import services
from provenance.models import Asset
from provenance.services.intake import file_sha256
from provenance.tasks import release_chain


def release_asset(
    *,
    principal: Principal,
    production_id: UUID,
    token_jtis: Iterable[UUID],
    kind: str,
    path: Path,
    file_name: str,
    idempotency_key: str = "",
) -> tuple[Asset, bool]:
    """Take an upload in and start its release.

    Returns:
        The output, and whether it was new; the same key and file give the output already made.

    Raises:
        Conflict: ``IDEMPOTENCY_CONFLICT``: the key was used for another file.
        DomainError: as ``services.receive_asset`` says.
    """
    if idempotency_key and (earlier := _earlier(principal, idempotency_key)):
        if earlier.upload_sha256 != file_sha256(path) or earlier.production_id != production_id:
            raise Conflict("IDEMPOTENCY_CONFLICT", "This Idempotency-Key was used for another upload.")
        return earlier, False
    with transaction.atomic():
        asset = services.receive_asset(
            principal=principal,
            production_id=production_id,
            token_jtis=token_jtis,
            kind=kind,
            path=path,
            file_name=file_name,
            idempotency_key=idempotency_key,
        )
        # should the broker not answer, the upload is safe and the sweeper starts its release
        transaction.on_commit(lambda: release_chain(asset.pk).delay(), robust=True)
    return asset, True


def take_up_asset(*, principal: Principal, asset_id: UUID, why: str) -> Asset:
    """Let a held output go on, where nothing that its licences say stands against it any more.

    Raises:
        DomainError: as ``services.take_up_again`` says.
    """
    with transaction.atomic():
        asset = services.take_up_again(principal=principal, asset_id=asset_id, why=why)
        transaction.on_commit(lambda: release_chain(asset.pk).delay(), robust=True)
    return asset


def _earlier(principal: Principal, key: str) -> Asset | None:
    return Asset.objects.filter(organisation=principal.organisation, idempotency_key=key).first()
