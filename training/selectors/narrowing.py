"""What stands that a source's newest rights may not permit any more: which records to ask, and what is made of a source."""

from typing import Final
from uuid import UUID

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet

from training.models import RightsRecord, Takedown, TakedownReach, TrainingAsset, TrainingManifest
from training.vocabulary import AssetState, TakedownState
from trustcore.policy.territory import covers

NO_DERIVATIVES: Final = "DERIVATIVES_NOT_PERMITTED"
OUTSIDE: Final = "TERRITORY_NOT_PERMITTED"
# first of each line: what is made of them is found by walking down
_DERIVED: Final = """
select distinct d.node_id from training_trainingasset a
join training_lineageedge e on e.parent_id = a.node_id
join training_derivative d on d.node_id = e.child_id
where a.source_id = %s and (d.removed_at is null or not exists (
    select from training_takedownreach r join training_takedown t on t.id = r.takedown_id
    where r.node_id = d.node_id and not t.is_drill and t.state <> 'CALLED_OFF'))
order by 1
"""


def rights_to_compare(organisation_id: UUID | None = None) -> QuerySet[RightsRecord]:
    """Newest records of sources that had another before, and that nobody has held against what stood; oldest first.

    One that does not permit training is none of them: its end takes everything down.
    """
    later = RightsRecord.objects.filter(source=OuterRef("source"), version__gt=OuterRef("version"))
    rows = RightsRecord.objects.filter(~Exists(later), version__gt=1, comparison=None, may_train=True)
    if organisation_id is not None:
        rows = rows.filter(organisation=organisation_id)
    return rows.select_related("source__source_class").order_by("created_at", "pk")


def standing_originals(source_id: UUID) -> QuerySet[TrainingAsset]:
    """Originals of a source that are admitted, or would be again if a case were called off; with their decisions."""
    held = TakedownReach.objects.filter(
        node=OuterRef("node"), was_admitted=True, takedown__in=_cases(TakedownState.CONTAINED)
    )
    rows = TrainingAsset.objects.filter(
        Q(state=AssetState.ADMITTED) | Q(Exists(held), state=AssetState.ISOLATED), source=source_id
    )
    return rows.select_related("decision").order_by("pk")


def derivatives_of(source_id: UUID) -> list[int]:
    """Nodes of derivatives made straight of a source's originals; not those that a case has removed."""
    with connection.cursor() as cursor:
        cursor.execute(_DERIVED, [source_id])
        return [node for (node,) in cursor.fetchall()]


def manifests_outside(rights: RightsRecord) -> list[int]:
    """Nodes of manifests with rows of these rights' source, for a territory that they do not cover.

    A withdrawn one counts where something trained on it, unless a case has it already.
    """
    dealt = TakedownReach.objects.filter(
        node=OuterRef("node"),
        takedown__in=Takedown.objects.filter(is_drill=False).exclude(state=TakedownState.CALLED_OFF),
    )
    rows = TrainingManifest.objects.filter(
        Q(withdrawn_at=None) | (Q(runs__isnull=False) & ~Exists(dealt)),
        organisation=rights.organisation_id,
        head__sources__contains=[{"id": str(rights.source_id)}],
    )
    told = rows.order_by("node").values_list("node_id", "territory").distinct()
    return [node for node, territory in told if not covers(rights.territories, territory)]


def _cases(*states: TakedownState) -> QuerySet[Takedown]:
    return Takedown.objects.filter(is_drill=False, state__in=states)
