"""Take a held output up again, once nothing that its licences say stands against it any more.

A hold ends by an act and with a reason: somebody who may deliver for the production asks, the licences are judged anew,
and the output goes on where it stopped: marked, signed and read back before it goes out, as if it had just come in.
What is wrong with the file itself is mended by another upload.
"""

from typing import Final
from uuid import UUID

from accounts.presence import require_presence
from accounts.principals import Principal
from common.errors import Conflict, Forbidden, InvalidInput, NotFound
from provenance import selectors
from provenance.models import Asset, AssetState
from provenance.rules import HoldCode
from provenance.services.events import locked, record_move
from provenance.services.intake import require_deliverer, tokens_of
from provenance.services.release import standing_reasons

_WHY_MAX: Final = 500
_BY_LICENCE: Final = frozenset(
    str(code)
    for code in (
        HoldCode.TOKEN_STATE,
        HoldCode.DISTRIBUTION_HOLD,
        HoldCode.RECEIPTS_MISSING,
        HoldCode.CHECKPOINT_OPEN,
    )
)
"""Reasons that pass without another file."""


def take_up_again(*, principal: Principal, asset_id: UUID, why: str) -> Asset:
    """Let a held output go on; whoever calls starts its steps again.

    Raises:
        NotFound: no such output, or none for this caller.
        Forbidden: ``IN_PERSON``: an API key; ``ROLE_MISSING``: no deliverer; or as
            :func:`~accounts.presence.require_presence`.
        InvalidInput: ``WHY_INVALID``.
        Conflict: ``NOT_HELD``; ``FILE_HELD``: the file itself is at fault; ``STILL_HELD`` with the reasons that stand.
    """
    why = " ".join(why.split())
    if not 1 <= len(why) <= _WHY_MAX:
        raise InvalidInput("WHY_INVALID", "Say why, in at most 500 characters.")
    found = selectors.assets_visible_to(principal).filter(pk=asset_id).first()
    if found is None:
        raise NotFound
    if principal.credential is not None:
        raise Forbidden("IN_PERSON", "A person does this, signed in.")
    with locked(asset_id) as asset:
        if asset.organisation_id != principal.organisation_id:
            raise Forbidden("ROLE_MISSING", "Only who delivered it takes it up again.")
        require_deliverer(principal, asset.production, tokens_of(asset.production, asset.token_jtis))
        require_presence(principal)
        if asset.state != AssetState.HELD:
            raise Conflict("NOT_HELD", "This output is not held.")
        if {reason["code"] for reason in asset.hold_reasons} - _BY_LICENCE:
            raise Conflict("FILE_HELD", "The file itself is at fault.", "Mend it, and upload it again.")
        if standing := standing_reasons(asset):
            raise Conflict(
                "STILL_HELD",
                "A licence still holds it.",
                "; ".join(one.detail for one in standing),
                {"reasons": [one.to_dict() for one in standing]},
            )
        asset.hold_reasons = []
        record_move(asset, _where_it_stopped(asset), principal=principal, details={"why": why})
        return asset


def _where_it_stopped(asset: Asset) -> AssetState:
    if asset.signed_blob:
        return AssetState.VERIFYING
    return AssetState.SIGNING if asset.marked_blob else AssetState.RECEIVED
