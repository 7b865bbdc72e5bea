"""Texts whose grant to train with a script in them is over: taken down without anybody having to think of it (TP-214, TP-215)."""

from collections import defaultdict
from datetime import datetime
from typing import BinaryIO, cast
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from common import clock
from common.storage import blobs
from screenplays.selectors import TrainingStanding
from training.models import TrainingAsset
from training.scripts import keep_scripts, scripts_in
from training.selectors.script_uses import Lapsed, lapsed_uses, unnamed_uses
from training.services.carrying_on import for_each
from training.services.takedowns import write_takedown
from training.vocabulary import AssetState, Held, TakedownTrigger

_TRIGGERS = {
    TrainingStanding.EXPIRED: TakedownTrigger.LICENCE_EXPIRED,
    TrainingStanding.ENDED: TakedownTrigger.RIGHTS_REVOKED,
}


def open_for_scripts(*, at: datetime | None = None, organisation_id: UUID | None = None) -> list[UUID]:
    """Open a case for the texts of each script whose grant is over; the ids of the new cases.

    A grant that is merely held takes nothing down: the release gate refuses what rests on it meanwhile. What was never granted
    is held for a person (``script_search``): anybody may register a script.
    """
    at = at or clock.now()
    ended: dict[tuple[UUID, UUID, TakedownTrigger], list[Lapsed]] = defaultdict(list)
    for one in lapsed_uses(at=at, organisation_id=organisation_id):
        if one.standing in _TRIGGERS:
            ended[one.organisation_id, one.work_id, _TRIGGERS[one.standing]].append(one)
    return for_each(ended.items(), lambda entry: _open(entry[0][0], entry[0][2], entry[1]))


def name_scripts() -> int:
    """Read again the texts in which a script was found before it was written down which; how many."""
    rows = [row for row in unnamed_uses() if row.held == Held.HERE]
    return len(for_each(rows, _name))


def _open(house: UUID, trigger: TakedownTrigger, lapsed: list[Lapsed]) -> UUID | None:
    with transaction.atomic():
        # one worker at a time for one text: who comes second finds it contained
        rows = TrainingAsset.objects.select_for_update(of=("self",), no_key=True).filter(
            pk__in=[one.asset_id for one in lapsed], state=AssetState.ADMITTED
        )
        roots = list(rows.order_by("pk").values_list("node_id", flat=True))
        if not roots:
            return None
        case = write_takedown(
            organisation_id=house, principal=None, trigger=trigger,
            reason=_("The grant to train with a registered script that is in it is over."), roots=roots,
        )  # fmt: skip
    return case.pk


def _name(row: TrainingAsset) -> bool:
    with blobs().open(row.location, "rb") as stream:
        told = scripts_in(cast("BinaryIO", stream), kind=row.kind, organisation_id=row.organisation_id)
    keep_scripts(row.pk, told.versions)
    return True
