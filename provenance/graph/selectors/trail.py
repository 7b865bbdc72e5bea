"""The audit trail of one asset: who did what to it and when, out of the graph's events and the deployment's trail.

Two append-only sources make one list, oldest first: what the graph states of the asset (its versions, edges, runs,
decisions, documents, source types) and what the trail tells of its file (taken in, marked, signed, released, read,
labelled). Every line has its time, its person, the service account that acted for them, and the number and digest by
which it is found again. Docs: docs/compliance/mpa.md.
"""

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from typing import Any, Final
from uuid import UUID

from django.db.models import Q, QuerySet

from accounts.models import ApiCredential, Organisation, User
from accounts.principals import Principal
from audit.models import Event
from audit.selectors import events_of
from common.errors import NotFound
from provenance.graph.digests import digest_of
from provenance.graph.models import (
    AssetVersion,
    Classification,
    CustodyDocument,
    Decision,
    GenerationOutput,
    GraphAsset,
    LabelProposal,
    ProvenanceEvent,
    Relation,
)
from provenance.graph.selectors.completeness import require_whole
from provenance.graph.selectors.lineage import version_named

PAGE_MOST: Final = 200
GRAPH, TRAIL = "GRAPH", "TRAIL"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the trail.

    Attributes:
        source: ``GRAPH`` or ``TRAIL``; ``number`` is the event's in it.
        what: the event's kind; ``about``: what kind of thing it is of, ``about_id`` which.
        person: empty for the server's own steps.
        digest: of a graph's event, under the root that stands in the log; of a trail's, the state after it.
    """

    at: datetime
    source: str
    number: int
    what: str
    about: str
    about_id: str
    person_id: UUID | None
    person: str
    through: str
    organisation: str
    digest: str
    facts: dict[str, Any]

    @property
    def place(self) -> tuple[datetime, str, int]:
        """Where it stands in the list."""
        return (self.at, self.source, self.number)


@dataclass(frozen=True, slots=True)
class TrailPage:
    """Some lines, and the word that goes on; empty at the end."""

    asset: GraphAsset
    lines: tuple[Line, ...]
    next_cursor: str


def trail_of(principal: Principal, asset_id: UUID, *, cursor: str = "", limit: int = 50) -> TrailPage:
    """One page of an asset's trail, oldest first, for whoever sees the whole production.

    Args:
        asset_id: of the asset, or of one of its versions.

    Raises:
        NotFound: not visible, or a cursor that no page gave. Forbidden: ``GRAPH_NOT_WHOLE``.
    """
    version = version_named(principal, asset_id)
    asset = version.asset
    require_whole(principal, version.production)
    after = _read(cursor) if cursor else None
    graph = _after(_graph_events(asset), after, GRAPH).order_by("at", "number")[: limit + 1]
    trail = _after(events_of("asset", asset.pk), after, TRAIL).order_by("at", "number")[: limit + 1]
    found = list(
        merge(
            _graph_lines(graph.select_related("person", "credential", "organisation")),
            _trail_lines(list(trail)),
            key=lambda line: line.place,
        )
    )
    shown = tuple(found[:limit])
    return TrailPage(asset, shown, _word(shown[-1]) if len(found) > limit else "")


def _graph_events(asset: GraphAsset) -> "QuerySet[ProvenanceEvent]":
    """What the graph states of the asset, of its versions and of what was done with them."""
    versions = AssetVersion.objects.filter(asset=asset)
    mine = versions.values("pk")
    told: Iterable[Any] = (
        GraphAsset.objects.filter(pk=asset.pk).values("event"),
        versions.values("event"),
        Relation.objects.filter(child__in=mine).values("event"),
        GenerationOutput.objects.filter(version__in=mine).values("generation__event"),
        Classification.objects.filter(version__in=mine).values("event"),
        Decision.objects.filter(version__in=mine).values("event"),
        CustodyDocument.objects.filter(version__in=mine).values("event"),
        LabelProposal.objects.filter(version__in=mine).values("event"),
    )
    wanted = Q(pk__in=[])
    for rows in told:
        wanted |= Q(number__in=rows)
    return ProvenanceEvent.objects.filter(wanted, production_id=asset.production_id)


def _after(rows: Any, place: "tuple[datetime, str, int] | None", source: str) -> Any:
    if place is None:
        return rows
    at, last_source, number = place
    same = Q(at=at, number__gt=number) if source == last_source else Q(at=at)
    if source < last_source:
        same = Q(pk__in=[])
    return rows.filter(Q(at__gt=at) | same)


def _graph_lines(rows: "QuerySet[ProvenanceEvent]") -> list[Line]:
    return [
        Line(
            at=row.at,
            source=GRAPH,
            number=row.number,
            what=row.kind,
            about="graph",
            about_id=str(row.object_id),
            person_id=row.person_id,
            person=row.person.full_name,
            through=row.credential.name if row.credential else "",
            organisation=row.organisation.name,
            digest=digest_of(row).hex(),
            facts=row.facts,
        )
        for row in rows
    ]


def _trail_lines(rows: list[Event]) -> list[Line]:
    people = {
        row.pk: row.full_name
        for row in User.objects.filter(pk__in={one.person_id for one in rows if one.person_id})
    }
    accounts = {
        row.pk: row.name
        for row in ApiCredential.objects.filter(
            pk__in={one.credential_id for one in rows if one.credential_id}
        )
    }
    houses = {
        row.pk: row.name
        for row in Organisation.objects.filter(
            pk__in={one.organisation_id for one in rows if one.organisation_id}
        )
    }
    return [
        Line(
            at=row.at,
            source=TRAIL,
            number=row.number,
            what=row.kind,
            about=row.object_type,
            about_id=row.object_id,
            person_id=row.person_id,
            person=people.get(row.person_id, "") if row.person_id else "",
            through=accounts.get(row.credential_id, "") if row.credential_id else "",
            organisation=houses.get(row.organisation_id, "") if row.organisation_id else "",
            digest=row.after_hash.removeprefix("sha256:"),
            facts=row.details,
        )
        for row in rows
    ]


def _word(line: Line) -> str:
    text = json.dumps([line.at.isoformat(), line.source, line.number])
    return base64.urlsafe_b64encode(text.encode()).decode("ascii")


def _read(cursor: str) -> tuple[datetime, str, int]:
    try:
        at, source, number = json.loads(base64.urlsafe_b64decode(cursor.encode("ascii")))
        moment = datetime.fromisoformat(at)
    except (ValueError, TypeError) as error:
        raise NotFound from error
    if moment.tzinfo is None or source not in (GRAPH, TRAIL) or not isinstance(number, int):
        raise NotFound
    return moment, source, number
