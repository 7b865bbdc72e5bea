"""Put on record that an output shows a label; whoever may download it may say so, and answers for it by name."""

from uuid import UUID

from django.db import transaction

from accounts.principals import Principal
from audit.services import record
from common.errors import Conflict, Forbidden, InvalidInput, NotFound
from provenance.labelled import LabelPlace, ShownLabel, VisibleLabelRecord
from provenance.models import AssetState
from provenance.selectors import asset_for, may_download, parties_of

WORDS_MOST = 300


def record_label(
    *, principal: Principal, asset_id: UUID, label: str, place: str, words: str = ""
) -> VisibleLabelRecord:
    """Record a label of the file as it is now.

    Args:
        words: what it says, where it is a text or spoken.

    Raises:
        NotFound. Forbidden: ``LABEL_BY_DELIVERER``: only the production and who delivered it say so, in a role that
        records.
        Conflict: ``ASSET_NOT_RELEASED``. InvalidInput: ``LABEL_INVALID``, ``WORDS_MISSING``.
    """
    asset = asset_for(principal, asset_id)
    if asset is None:
        raise NotFound
    records = principal.credential is not None or principal.is_role("PRODUCER", "ENGINEER", "ADMIN")
    if not (records and may_download(principal, asset)):
        raise Forbidden("LABEL_BY_DELIVERER", "The production, or who delivered it, says how it is labelled.")
    if asset.state != AssetState.RELEASED:
        raise Conflict("ASSET_NOT_RELEASED", "This output is not released.")
    if label not in ShownLabel.values or place not in LabelPlace.values:
        raise InvalidInput("LABEL_INVALID", "There is no such label or place.")
    words = words.strip()
    if len(words) > WORDS_MOST or not words.isprintable():
        raise InvalidInput("LABEL_INVALID", "The words of a label are at most 300 printable characters.")
    if label != ShownLabel.ICON and not words:
        raise InvalidInput("WORDS_MISSING", "Say what the label says.")
    with transaction.atomic():
        row = VisibleLabelRecord.objects.create(
            asset=asset,
            label=label,
            place=place,
            words=words,
            asset_sha256=asset.sha256,
            person=principal.person,
            credential=principal.credential,
            organisation=principal.organisation,
        )
        record(
            kind="asset.label_recorded",
            principal=principal,
            object_type="asset",
            object_id=asset.pk,
            production_id=asset.production_id,
            visible_to=parties_of(asset),
            details={"label": label, "place": place, "words": words, "sha256": asset.sha256},
        )
    return row
