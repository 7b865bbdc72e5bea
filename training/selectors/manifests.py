"""A house's manifests and runs, and what each node of the graph leads back to."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet, Value
from django.db.models.functions import Coalesce

from accounts.principals import Principal
from training.models import ManifestRow, TrainingManifest, TrainingRun
from training.vocabulary import NodeKind

_SOURCES = """
with recursive up(start, number) as (
    select one, one from unnest(%s::bigint[]) one
    union
    select u.start, e.parent_id from training_lineageedge e join up u on e.child_id = u.number
) select u.start, n.ref from up u join training_lineagenode n on n.number = u.number and n.kind = %s
"""


def manifests_of(principal: Principal) -> QuerySet[TrainingManifest]:
    """The house's manifests, newest first, without their envelopes."""
    rows = TrainingManifest.objects.filter(organisation=principal.organisation)
    return rows.select_related("frozen_by", "released_by").defer("envelope").order_by("-created_at")


def manifest_for(principal: Principal, name: str) -> TrainingManifest | None:
    """One manifest by its row's id or by its own (``sha256:...``); None: there is none, or none for this caller."""
    rows = manifests_of(principal)
    if name.startswith("sha256:"):
        return rows.filter(content_id=name).first()
    try:
        return rows.filter(pk=UUID(name)).first()
    except ValueError:
        return None


def runs_of(principal: Principal) -> QuerySet[TrainingRun]:
    """The house's runs, newest first."""
    rows = TrainingRun.objects.filter(organisation=principal.organisation)
    return rows.select_related("manifest", "registered_by").prefetch_related("models").order_by("-created_at")


class Fitted(NamedTuple):
    """A run on a manifest, and a model that came of it; ``model`` is empty where none was reported."""

    external_id: str
    name: str
    refusals: list[str]
    at: datetime
    by: str
    model: str
    version: str
    sha256: str


def fitted_on(manifest: TrainingManifest, *, most: int) -> list[Fitted]:
    """What trained on a manifest, newest first, a row for each model; 1 query."""
    rows = TrainingRun.objects.filter(manifest=manifest).order_by("-created_at", "models__created_at")
    told = rows.values_list(
        "external_id", "name", "refusals", "created_at", "registered_by__full_name",
        Coalesce("models__name", Value("")), Coalesce("models__version", Value("")),
        Coalesce("models__sha256", Value("")),
    )  # fmt: skip
    return [Fitted(*row) for row in told[:most]]


def lines_of(manifest: TrainingManifest) -> Iterator[bytes]:
    """The file of a manifest, line by line with their ends, as it was frozen."""
    envelope = TrainingManifest.objects.values_list("envelope", flat=True).get(pk=manifest.pk)
    yield bytes(envelope) + b"\n"
    rows = ManifestRow.objects.filter(manifest=manifest).order_by("ordinal").values_list("line", flat=True)
    for line in rows.iterator(chunk_size=2000):
        yield bytes(line) + b"\n"


def sources_above_each(numbers: Iterable[int]) -> dict[int, frozenset[UUID]]:
    """The sources that each of these nodes leads back to; one recursive query."""
    found: dict[int, set[UUID]] = defaultdict(set)
    with connection.cursor() as cursor:
        cursor.execute(_SOURCES, [list(numbers), NodeKind.SOURCE])
        for number, ref in cursor.fetchall():
            found[number].add(ref)
    return {number: frozenset(refs) for number, refs in found.items()}
