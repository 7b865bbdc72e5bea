"""What a version came from, and what came from it: up and down the edges, as far as the caller may see.

One recursive query walks the graph, lazily: it ends after ``NODES_MOST`` versions however wide the graph is, and the answer
says so (``is_cut``); what others may not see is neither walked through nor counted.

With a frame, and perhaps a point in it, only edges that hold there are walked. A frame is followed where an edge says
which frame of the parent it was (``parent_first``), or carries bytes over; elsewhere the whole parent counts.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.db.models.expressions import RawSQL
from django.db.models.functions import JSONObject
from django.utils.translation import gettext as _

from accounts.principals import Principal
from common.errors import InvalidInput, NotFound
from provenance.graph.models import AssetVersion, Classification, CustodyDocument, Relation
from provenance.graph.sights import Sight
from provenance.graph.visible import versions_visible_to
from provenance.models import ManifestRecord

NODES_MOST: Final = 500
EDGES_MOST: Final = 5_000
PAPERS_MOST: Final = 20
UP, DOWN = "up", "down"

_VISIBLE = """
    and exists (select from provenance_assetversion v join provenance_graphasset a on a.id = v.asset_id
                where v.id = {next} and (a.organisation_id = %s or v.token_jtis && %s::uuid[]))"""
_WALK = """
with recursive reached(id) as (
    select %s::uuid
    union
    select r.{next} from reached join provenance_relation r on r.{here} = reached.id where true {visible}
)
select id from reached limit %s"""
# frames and points of the child, carried to the parent
_WALK_AT = """
with recursive reached(id, frame, x, y) as (
    select %s::uuid, %s::int, %s::int, %s::int
    union
    select r.parent_id,
           case when reached.frame is null then null
                when r.parent_first is not null then reached.frame - r.frame_first + r.parent_first
                when r.kind in ('TRANSCODED_FROM', 'MARKED_FROM') and r.frame_first is null then reached.frame end,
           case when r.kind = 'MARKED_FROM' then reached.x end,
           case when r.kind = 'MARKED_FROM' then reached.y end
    from reached join provenance_relation r on r.child_id = reached.id
    where (r.frame_first is null or reached.frame is null or reached.frame between r.frame_first and r.frame_last)
      and (r.region = '' or reached.x is null or r.region::polygon @> point(reached.x, reached.y)) {visible}
)
select id, frame from reached limit %s"""


@dataclass(frozen=True, slots=True)
class Place:
    """A frame of a version, and perhaps a point in it, in pixels."""

    frame: int
    x: int | None = None
    y: int | None = None


@dataclass(frozen=True, slots=True)
class Lineage:
    """Part of a graph, from one version.

    Attributes:
        versions: by id, the start first, then as they were reached; each with ``code``, its source type now.
        frames: which frame of a version counts, where that is known; of the start, the one asked for.
        edges: between ``versions``, oldest first.
        is_cut: there is more than is told here.
    """

    start: AssetVersion
    versions: dict[UUID, AssetVersion]
    edges: list[Relation]
    frames: dict[UUID, int]
    is_cut: bool


def version_named(principal: Principal, name: UUID) -> AssetVersion:
    """The version that ``name`` is the id of, or the newest one of the asset that it is the id of.

    Raises:
        NotFound: nothing that the caller may see.
    """
    manifests = ManifestRecord.objects.filter(asset=OuterRef("output")).order_by("-created_at")
    newest = manifests.values(
        told=JSONObject(verdict="verdict", manifest_sha256="sha256", signed_at="created_at")
    )[:1]
    rows = versions_visible_to(principal).select_related("asset", "production", "output")
    rows = rows.annotate(manifest=Subquery(newest))
    version = rows.filter(Q(pk=name) | Q(asset=name)).order_by("-number").first()
    if version is None:
        raise NotFound
    return version


def lineage_of(
    principal: Principal,
    start: AssetVersion,
    *,
    direction: str = UP,
    place: Place | None = None,
    most: int = NODES_MOST,
    sight: Sight | None = None,
) -> Lineage:
    """Walk from ``start``: two queries; one more with a place, and one more for who does not see the whole production.

    Raises:
        InvalidInput: ``FRAME_OUTSIDE``: the version has no such frame.
    """
    if place is not None:
        _require_inside(start, place.frame)
    sight = sight or Sight.of(principal)
    frames = _frames(start, place, most + 1, sight) if place else []
    wanted = {key for key, _frame in frames} if place else reached(start, direction, most + 1, sight)
    found = {row.pk: row for row in classed(AssetVersion.objects.filter(pk__in=wanted))}
    edges = list(_edges(found)[: EDGES_MOST + 1])
    if place is not None:
        edges = [edge for edge in edges if edge.child_id != start.pk or _holds_at(edge, place)]
    keys = _nearest_first(start.pk, found, edges, direction)[:most]
    kept = set(keys)
    return Lineage(
        start=found[start.pk],
        versions={key: found[key] for key in keys},
        edges=[edge for edge in edges[:EDGES_MOST] if {edge.child_id, edge.parent_id} <= kept],
        frames={key: frame for key, frame in frames if frame is not None and key in kept},
        is_cut=len(found) > most or len(edges) > EDGES_MOST,
    )


def reached(start: AssetVersion, direction: str, most: int, sight: Sight) -> RawSQL:
    """A query of the ids that are reached, ``most`` of them."""
    here, onward = ("child_id", "parent_id") if direction == UP else ("parent_id", "child_id")
    visible, asked = _seen(start, sight, f"r.{onward}")
    statement = _WALK.format(here=here, next=onward, visible=visible)
    return RawSQL(statement, [start.pk, *asked, most])  # noqa: S611 (constants of this file; values are bound)


def _frames(start: AssetVersion, place: Place, most: int, sight: Sight) -> list[tuple[UUID, int | None]]:
    """Ids that are reached from a place, with the frame that counts of each."""
    visible, asked = _seen(start, sight, "r.parent_id")
    with connection.cursor() as cursor:
        values = [start.pk, place.frame, place.x, place.y, *asked, most]
        cursor.execute(_WALK_AT.format(visible=visible), values)
        return [(key, frame) for key, frame in cursor.fetchall()]


def _seen(start: AssetVersion, sight: Sight, onward: str) -> tuple[str, list[Any]]:
    if sight.whole(start.production):
        return "", []
    return _VISIBLE.format(next=onward), [sight.principal.organisation_id, list(sight.own)]


def _nearest_first(
    start: UUID, found: Mapping[UUID, AssetVersion], edges: Sequence[Relation], direction: str
) -> list[UUID]:
    beside: dict[UUID, list[UUID]] = {}
    for edge in edges:
        here, onward = (edge.child_id, edge.parent_id) if direction == UP else (edge.parent_id, edge.child_id)
        beside.setdefault(here, []).append(onward)
    order = {start: None}
    waiting = [start]
    for key in waiting:
        for one in beside.get(key, ()):
            if one not in order:
                order[one] = None
                waiting.append(one)
    return [*order, *(key for key in found if key not in order)]


def classed(rows: QuerySet[AssetVersion]) -> QuerySet[AssetVersion]:
    """Versions with their source type now (``code``), papers of the shoot, asset and recorder at hand."""
    last = Classification.objects.filter(version=OuterRef("pk")).order_by("-number")
    papers = CustodyDocument.objects.filter(version=OuterRef("pk")).order_by("-at")
    told = papers.values(told=JSONObject(kind="kind", name="name", sha256="sha256"))[:PAPERS_MOST]
    return rows.select_related(
        "asset__organisation", "production__organisation", "person", "credential", "event"
    ).annotate(code=Subquery(last.values("code")[:1]), papers=ArraySubquery(told))


def _edges(keys: Collection[UUID]) -> QuerySet[Relation]:
    return (
        Relation.objects.filter(child__in=keys, parent__in=keys)
        .select_related("person", "credential", "event")
        .order_by("event_id", "pk")
    )


def _holds_at(edge: Relation, place: Place) -> bool:
    first, last = edge.frame_first, edge.frame_last
    return first is None or last is None or first <= place.frame <= last


def _require_inside(version: AssetVersion, frame: int) -> None:
    first, last = version.frame_first, version.frame_last
    if first is None or last is None or not first <= frame <= last:
        spans = _("It has frames %(first)s to %(last)s.") % {"first": first, "last": last}
        raise InvalidInput(
            "FRAME_OUTSIDE",
            "This version has no such frame.",
            spans if first is not None else _("Its frames were not recorded."),
        )
