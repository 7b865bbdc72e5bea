"""Admitted texts in which a script may be: cheap to ask, so that only those few are read."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import Case, Q, QuerySet, Value, When

from screenplays.fingerprint import SCALE
from screenplays.models import Version
from screenplays.selectors.matches import shared_numbers
from training.models import TextSketch, TrainingAsset
from training.textprints import by_index, key_id
from training.vocabulary import AssetState, Held, MediaKind

_SHARED_LEAST: Final = 2
"""Hashes that a sketch has in common with the script's, of one in 16; one, where the text keeps fewer. Reading decides."""
_WITHOUT_SKETCH: Final = 400
"""Bytes below which a text that has no sketch holds too few words for one."""


def texts_to_read(
    version: Version, *, after: UUID | None, since: datetime | None = None, most: int
) -> list[UUID]:
    """Ids of admitted texts that may be taken from a version, or hold it, in their order from ``after`` on.

    Those whose sketch has something in common with the script's; those that have no sketch, or one under another key; and
    whatever bears the checksum of the very file, with or without its bytes here. Not those of which it is written down
    already that this version is in them.

    Args:
        since: only texts that came, or whose bytes came, from then on.
    """
    rows = TrainingAsset.objects.filter(kind=MediaKind.TEXT, state=AssetState.ADMITTED)
    rows = rows.exclude(script_uses__version=version)
    if after is not None:
        rows = rows.filter(pk__gt=after)
    if since is not None:
        rows = rows.filter(Q(created_at__gte=since) | Q(stored_at__gte=since))
    found = {
        one
        for some in _asked(rows, version)
        for one in some.order_by("pk").values_list("pk", flat=True)[:most]
    }
    with by_index():
        found |= set(
            rows.filter(sketch__in=_like(version)).order_by("pk").values_list("pk", flat=True)[:most]
        )
    return sorted(found)[:most]


def _asked(rows: QuerySet[TrainingAsset], version: Version) -> Iterator[QuerySet[TrainingAsset]]:
    here = rows.filter(held=Held.HERE).exclude(location="")
    yield rows.filter(sha256=version.sha256)
    yield here.filter(sketch=None, size_bytes__gte=_WITHOUT_SKETCH)
    yield here.exclude(sketch=None).exclude(sketch__key_id=key_id())


def _like(version: Version) -> QuerySet[Any, Any]:
    hashes = list(version.sketch)
    if not hashes:
        return TextSketch.objects.none()
    least = Case(When(scale__gt=SCALE, then=Value(1)), default=Value(_SHARED_LEAST))
    rows = TextSketch.objects.filter(hashes__overlap=hashes, key_id=key_id())
    return (
        rows.annotate(shared=shared_numbers("hashes", hashes), least=least)
        .filter(shared__gte=least)
        .values("pk")
    )
