"""Admitted texts that a registered script is in, and how the house stands that wants to train with it."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from screenplays.models import Version
from screenplays.selectors import TrainingStanding, training_standing
from training.models import TrainingAsset
from training.vocabulary import AssetState, MediaKind

# named by a scan, or the very file of a version
_USES = """
with text as not materialized (
    select id, organisation_id, node_id, sha256 from training_trainingasset
    where kind = 'TEXT' and state = any(%(states)s)
    and (%(house)s::uuid is null or organisation_id = %(house)s::uuid)
)
select t.id, t.organisation_id, t.node_id, u.version_id, true from text t join training_scriptuse u on u.asset_id = t.id
union all
select t.id, t.organisation_id, t.node_id, v.id, false from text t join screenplays_version v on v.sha256 = t.sha256
"""
_BEST = (
    TrainingStanding.HOLDS, TrainingStanding.HELD, TrainingStanding.EXPIRED, TrainingStanding.ENDED, TrainingStanding.NEVER,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Lapsed:
    """A text with a work in it that its house may not train with now."""

    asset_id: UUID
    organisation_id: UUID
    node: int
    work_id: UUID
    standing: TrainingStanding


def lapsed_uses(
    *,
    at: datetime,
    organisation_id: UUID | None = None,
    states: tuple[AssetState, ...] = (AssetState.ADMITTED,),
) -> Iterator[Lapsed]:
    """Texts in ``states`` whose grant is over, or held; of every house where none is named.

    Each grant is asked once however many texts rest on it. What was found by its checksum alone, before bytes came, is
    among them.
    """
    standings: dict[tuple[UUID, UUID], TrainingStanding] = {}
    for (asset_id, house, node, work), versions in _uses(organisation_id, states).items():
        for one in versions:
            if (one.pk, house) not in standings:
                standings[one.pk, house] = training_standing(one, house, at)
        best = min((standings[one.pk, house] for one in versions), key=_BEST.index)
        if best != TrainingStanding.HOLDS:
            yield Lapsed(asset_id, house, node, work, best)


def unnamed_uses() -> list[TrainingAsset]:
    """Admitted texts in which a script was found before it was written down which (a later step reads them again)."""
    rows = TrainingAsset.objects.filter(
        kind=MediaKind.TEXT, state=AssetState.ADMITTED, findings__has_key="scripts", script_uses=None
    )
    return list(rows.order_by("pk")[:100])


def _uses(
    organisation_id: UUID | None, states: tuple[AssetState, ...]
) -> dict[tuple[UUID, UUID, int, UUID], list[Version]]:
    with connection.cursor() as cursor:
        cursor.execute(_USES, {"house": organisation_id, "states": [str(one) for one in states]})
        rows = cursor.fetchall()
    if not rows:
        return {}
    versions = {
        row.pk: row for row in Version.objects.filter(pk__in={row[3] for row in rows}).defer("sketch")
    }
    found: dict[tuple[UUID, UUID, int, UUID], list[Version]] = defaultdict(list)
    for asset_id, house, node, version, _is_named in (row for row in rows if row[4]):
        found[asset_id, house, node, versions[version].work_id].append(versions[version])
    scanned = set(found)
    for asset_id, house, node, version, _is_named in (row for row in rows if not row[4]):
        # where a scan has said which versions of the work it is, that stands
        if (key := (asset_id, house, node, versions[version].work_id)) not in scanned:
            found[key].append(versions[version])
    return found
