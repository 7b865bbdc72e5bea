"""What a version came from, and what came from it: up and down the edges, as far as the caller may see.

One recursive query walks the graph. It ends after ``NODES_MOST`` versions however wide the graph is, and the answer
says so (``is_cut``); what others may not see is neither walked through nor counted.

With a frame, and perhaps a point in it, only edges that hold there are walked. A frame is followed where an edge says
which frame of the parent it was (``parent_first``), or carries bytes over; elsewhere the whole parent counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext as _

from accounts.principals import Principal
from common.errors import InvalidInput, NotFound
from provenance.graph.models import AssetVersion, Classification, Relation
from provenance.graph.visible import licences_of, sees_whole, versions_visible_to

NODES_MOST: Final = 500
EDGES_MOST: Final = 5_000
UP, DOWN = "up", "down"

_VISIBLE = """
    and exists (select from provenance_assetversion v join provenance_graphasset a on a.id = v.asset_id
                where v.id = {next} and (a.organisation_id = %(mine)s or v.token_jtis && %(licences)s::uuid[]))"""
_WALK = """
with recursive reached(id) as (
    select %(start)s::uuid
    union
    select r.{next} from reached join provenance_relation r on r.{here} = reached.id where true {visible}
)
select id, null::int from reached limit %(most)s"""
# {next}, {here} as above; frames and points of the child, carried to the parent
_WALK_AT = """
with recursive reached(id, frame, x, y) as (
    select %(start)s::uuid, %(frame)s::int, %(x)s::int, %(y)s::int
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
select id, frame from reached limit %(most)s"""


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
    rows = versions_visible_to(principal).select_related("asset", "production", "output")
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
) -> Lineage:
    """Walk from ``start``; three queries, for who does not see the whole production four.

    Raises:
        InvalidInput: ``FRAME_OUTSIDE``: the version has no such frame.
    """
    if place is not None:
        _require_inside(start, place.frame)
    reached = walk(principal, start, direction=direction, place=place, most=most + 1)
    is_cut = len({key for key, _frame in reached}) > most
    keys = list(dict.fromkeys(key for key, _frame in reached))[:most]
    found = {row.pk: row for row in classed(AssetVersion.objects.filter(pk__in=keys))}
    edges = list(_edges(keys, [*found] if direction == UP else keys)[: EDGES_MOST + 1])
    if place is not None:
        edges = [edge for edge in edges if edge.child_id != start.pk or _holds_at(edge, place)]
    return Lineage(
        start=found[start.pk],
        versions={key: found[key] for key in keys},
        edges=edges[:EDGES_MOST],
        frames={key: frame for key, frame in reached if frame is not None and key in found},
        is_cut=is_cut or len(edges) > EDGES_MOST,
    )


def walk(
    principal: Principal, start: AssetVersion, *, direction: str, place: Place | None, most: int
) -> list[tuple[UUID, int | None]]:
    """Ids that are reached, the start first, with their frames; one query."""
    here, onward = ("child_id", "parent_id") if direction == UP else ("parent_id", "child_id")
    is_whole = sees_whole(principal, start.production)
    asked: dict[str, Any] = {
        "start": start.pk,
        "most": most,
        "mine": principal.organisation_id,
        "licences": [] if is_whole else list(licences_of(principal.organisation_id)),
        "frame": place.frame if place else None,
        "x": place.x if place else None,
        "y": place.y if place else None,
    }
    visible = "" if is_whole else _VISIBLE.format(next=f"r.{onward}")
    statement = _WALK if place is None else _WALK_AT
    with connection.cursor() as cursor:
        cursor.execute(statement.format(here=here, next=onward, visible=visible), asked)
        return [(key, frame) for key, frame in cursor.fetchall()]


def classed(rows: QuerySet[AssetVersion]) -> QuerySet[AssetVersion]:
    """Versions with their source type now (``code``), asset and recorder at hand."""
    last = Classification.objects.filter(version=OuterRef("pk")).order_by("-number")
    return rows.select_related("asset", "production", "person", "credential", "event").annotate(
        code=Subquery(last.values("code")[:1])
    )


def _edges(children: Sequence[UUID], parents: Sequence[UUID]) -> QuerySet[Relation]:
    return (
        Relation.objects.filter(child__in=children, parent__in=parents)
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
