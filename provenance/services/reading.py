"""Write down who took an output along: before its release to the world, every copy has a name to it."""

from datetime import timedelta
from typing import Final

from accounts.principals import Principal
from audit.selectors import events_of
from audit.services import record
from common import clock
from provenance.models import Asset

KIND: Final = "asset.content_read"
FURTHER_PARTS: Final = timedelta(hours=1)
"""So long a further part belongs to the download that is on record."""


def record_reading(*, principal: Principal, asset: Asset, status: int, wanted: str) -> None:
    """Record that the media went to the caller: once a download, not for each further part of it.

    A part that does not begin at the start is a further part only where the same person, through the same service
    account, has a download of this file on record within :data:`FURTHER_PARTS`; else it is a download by itself.

    Args:
        status: of the answer; what was not given is not recorded.
        wanted: the ``Range`` that was asked for.
    """
    if status not in (200, 206):
        return
    is_from_start = status == 200 or wanted.replace(" ", "").startswith("bytes=0-")
    if not is_from_start and _has_begun(principal, asset):
        return
    record(
        kind=KIND,
        principal=principal,
        object_type="asset",
        object_id=asset.pk,
        production_id=asset.production_id,
        visible_to={asset.production.organisation_id, asset.organisation_id},
        details={"sha256": asset.sha256, "range": wanted[:60]},
    )


def _has_begun(principal: Principal, asset: Asset) -> bool:
    credential = principal.credential.pk if principal.credential else None
    rows = events_of("asset", asset.pk).filter(
        kind=KIND,
        person_id=principal.person.pk,
        credential_id=credential,
        at__gt=clock.now() - FURTHER_PARTS,
    )
    return any(row.details.get("sha256") == asset.sha256 for row in rows)
