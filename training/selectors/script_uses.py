"""Admitted texts that a registered script is in, and how the house stands that wants to train with it."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from screenplays.models import Version
from screenplays.selectors import TrainingStanding, training_standing
from training.models import ScriptUse, TrainingAsset
from training.vocabulary import AssetState, MediaKind

_BEST = (TrainingStanding.HOLDS, TrainingStanding.HELD, TrainingStanding.EXPIRED, TrainingStanding.ENDED)


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
    if not Version.objects.exists():
        return {}
    texts = TrainingAsset.objects.filter(state__in=states, kind=MediaKind.TEXT)
    if organisation_id is not None:
        texts = texts.filter(organisation=organisation_id)
    named = list(
        ScriptUse.objects.filter(asset__in=texts).values_list(
            "asset_id", "asset__organisation_id", "asset__node_id", "version_id"
        )
    )
    files = list(
        texts.filter(sha256__in=Version.objects.values("sha256")).values_list(
            "pk", "organisation_id", "node_id", "sha256"
        )
    )
    wanted = Q(pk__in={one[3] for one in named}) | Q(sha256__in={one[3] for one in files})
    versions = {row.pk: row for row in Version.objects.filter(wanted).defer("sketch")}
    of_file: dict[str, list[Version]] = defaultdict(list)
    for row in versions.values():
        of_file[row.sha256].append(row)
    found: dict[tuple[UUID, UUID, int, UUID], list[Version]] = defaultdict(list)
    for asset_id, house, node, version in named:
        found[asset_id, house, node, versions[version].work_id].append(versions[version])
    scanned = set(found)
    for asset_id, house, node, sha256 in files:
        for row in of_file[sha256]:
            # where a scan has said which versions of the work it is, that stands
            if (asset_id, house, node, row.work_id) not in scanned:
                found[asset_id, house, node, row.work_id].append(row)
    return found
