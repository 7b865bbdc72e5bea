"""Record assets, versions and edges into a book, and derive source types as things are made and change.

A version's type is derived when it is recorded. An edge or a generation that comes later may change it, and then the
types of what was made from it: they are derived again, level by level, each as an event of its own. However much hangs
from one version, a call looks at so many and changes so many, and refuses what would be more.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from uuid import UUID

from accounts.models import User
from common import clock
from common.errors import Conflict, InvalidInput
from common.ids import new_id
from licensing.models import LicenceToken
from provenance.graph.classify import ORIGINS, Edge, OriginMissing, derive
from provenance.graph.cleaning import clean_name, clean_value
from provenance.graph.models import (
    AssetVersion,
    Classification,
    EventKind,
    GenerationOutput,
    GraphAsset,
    GraphKind,
    Relation,
    RelationKind,
)
from provenance.graph.models.assets import NOT_MEDIA
from provenance.graph.services.book import Book
from provenance.graph.services.refs import Known, References
from provenance.graph.services.subjects import talents_licensed_in
from provenance.graph.specs import EdgeSpec, VersionSpec
from provenance.source_type import Origin

_ORIGIN_OF_KIND = {
    GraphKind.CAPTURE: Origin.CAMERA,
    GraphKind.SCAN: Origin.MULTI_FRAME_CAMERA,
    GraphKind.SCRIPT: Origin.HUMAN_TOOLS,
    GraphKind.MASK: Origin.HUMAN_TOOLS,
}
_EDGES_MOST = 1_000
_PARENTS_MOST = 10_000
_CHANGED_MOST = 5_000
_LOOKED_AT_MOST = 20_000
_CHUNK = 200
_SHOWN = 40


@dataclass
class Recorder:
    """Records into one book, for one caller's view of one production."""

    book: Book
    refs: References
    _touched: dict[UUID, Known] = field(default_factory=dict)
    _jtis: set[UUID] = field(default_factory=set)
    # models that this batch has named
    models: set[UUID] = field(default_factory=set)
    _parents: dict[UUID, int] = field(default_factory=dict)
    _everybody: list[UUID] | None = None

    def everybody(self) -> list[UUID]:
        """The talents licensed in the production, asked for once a batch: a text that cites no licence may name any."""
        if self._everybody is None:
            self._everybody = talents_licensed_in(self.book.production)
        return self._everybody

    def record_asset(self, *, kind: str, name: str, external_id: str, person: User, asset_id: UUID) -> UUID:
        """Say that there is an asset."""
        if kind not in GraphKind.values:
            raise InvalidInput("KIND_UNKNOWN", "There is no such kind of asset.", ", ".join(GraphKind.values))
        facts = {
            "kind": kind,
            "name": clean_name(name, most=200, what="name"),
            "external_id": clean_name(external_id, most=200, what="external_id") if external_id else "",
        }
        self.book.say(EventKind.ASSET_RECORDED, asset_id, facts, person=person)
        return asset_id

    def record_version(
        self,
        spec: VersionSpec,
        *,
        asset_id: UUID,
        kind: str,
        number: int,
        person: User,
        external_id: str = "",
        is_generated: bool = False,
        inputs: Iterable[Edge] = (),
        output: UUID | None = None,
    ) -> Known:
        """Say that there is a version, what it came from, and what kind of thing it is therefore."""
        if len(spec.parents) > _EDGES_MOST:
            raise InvalidInput("TOO_MANY_PARENTS", "A version comes from at most 1,000 others at once.")
        parents = [(self.refs.find(edge.parent), edge) for edge in spec.parents]
        self.require_licences(spec.token_jtis)
        origin = spec.origin or ("" if parents else str(_ORIGIN_OF_KIND.get(GraphKind(kind), "")))
        if origin and origin not in ORIGINS:
            raise InvalidInput("ORIGIN_UNKNOWN", "There is no such origin.", ", ".join(sorted(ORIGINS)))
        edges = [*inputs, *(Edge(edge.kind, edge.role, parent.code) for parent, edge in parents)]
        code = self._derived(kind, origin, edges, is_generated=is_generated)
        known = Known(new_id(), asset_id, kind, number, code, 1 if code else 0, origin)
        self.book.say(
            EventKind.VERSION_ADDED,
            known.version_id,
            _version_facts(spec, asset_id, number, origin, output),
            person=person,
        )
        if code:
            self._classify(known, edges, is_generated=is_generated)
        self.refs.learn(known, content_sha256=spec.content_sha256, external_id=external_id)
        for parent, edge in parents:
            self.record_edge(known, parent, edge, person=person)
        return known

    def record_edge(self, child: Known, parent: Known, edge: EdgeSpec, *, person: User) -> UUID:
        """Say that ``child`` came from ``parent``."""
        if edge.kind not in RelationKind.values:
            raise InvalidInput(
                "RELATION_UNKNOWN", "There is no such relation.", ", ".join(RelationKind.values)
            )
        if child.version_id == parent.version_id:
            raise Conflict("GRAPH_CIRCLE", "This would make something come from itself.")
        mask = self.refs.find(edge.mask) if edge.mask else None
        relation_id = new_id()
        facts = {
            "child": str(child.version_id),
            "parent": str(parent.version_id),
            "kind": edge.kind,
            "role": edge.role,
            "tool": clean_name(edge.tool, most=120, what="tool") if edge.tool else "",
            "frame_first": edge.frame_first,
            "frame_last": edge.frame_last,
            "parent_first": edge.parent_first,
            "region": _polygon(edge.region),
            "mask": str(mask.version_id) if mask else None,
        }
        _require_frames(edge.frame_first, edge.frame_last)
        self.book.say(EventKind.RELATED, relation_id, facts, person=person)
        return relation_id

    def require_room(self, child: Known) -> None:
        """Let a further edge to a version pass that has not come from everything already.

        Raises:
            InvalidInput: ``TOO_MANY_PARENTS``.
        """
        if child.version_id not in self._parents:
            stored = Relation.objects.filter(child_id=child.version_id)[:_PARENTS_MOST]
            self._parents[child.version_id] = stored.count()
        self._parents[child.version_id] += 1
        if self._parents[child.version_id] > _PARENTS_MOST:
            raise InvalidInput("TOO_MANY_PARENTS", "A version comes from at most 10,000 others in all.")

    def touch(self, known: Known) -> None:
        """Derive the type of a version again at the end: an edge or a generation was added to it."""
        self._touched[known.version_id] = known

    def close(self) -> None:
        """Write everything; derive again what edges of this batch may have changed."""
        self.book.flush()
        self._rederive()
        self.book.close()

    def _rederive(self) -> None:
        level, changed, looked_at = list(self._touched), 0, 0
        while level:
            looked_at += len(level)
            if looked_at > _LOOKED_AT_MOST:
                raise _too_wide()
            moved = [
                known.version_id
                for known, edges, is_generated in self._states(level)
                if self._moved(known, edges, is_generated)
            ]
            changed += len(moved)
            if changed > _CHANGED_MOST:
                raise _too_wide()
            self.book.flush()
            children = Relation.objects.filter(parent_id__in=moved).values_list("child_id", flat=True)
            # one more than may be looked at: enough to know that it is too wide
            level = list(children.order_by().distinct()[: _LOOKED_AT_MOST + 1 - looked_at])

    def _states(self, ids: list[UUID]) -> Iterator[tuple[Known, list[Edge], bool]]:
        """Versions with their edges and whether a model made them, as the database has them now."""
        for first in range(0, len(ids), _CHUNK):
            yield from self._states_of(ids[first : first + _CHUNK])

    def _states_of(self, ids: list[UUID]) -> Iterator[tuple[Known, list[Edge], bool]]:
        edges: dict[UUID, list[tuple[str, str, UUID]]] = {}
        rows = Relation.objects.filter(child_id__in=ids).order_by("event_id", "pk")
        for child, kind, role, parent in rows.values_list("child_id", "kind", "role", "parent_id"):
            edges.setdefault(child, []).append((kind, role, parent))
        codes = _codes([*ids, *(parent for found in edges.values() for *_, parent in found)])
        made = set(GenerationOutput.objects.filter(version_id__in=ids).values_list("version_id", flat=True))
        for row in AssetVersion.objects.filter(pk__in=ids).select_related("asset"):
            code, number = codes.get(row.pk, ("", 0))
            yield (
                Known(row.pk, row.asset_id, row.asset.kind, row.number, code, number, row.origin),
                [
                    Edge(kind, role, codes.get(parent, ("", 0))[0])
                    for kind, role, parent in edges.get(row.pk, ())
                ],
                row.pk in made,
            )

    def _moved(self, known: Known, edges: list[Edge], is_generated: bool) -> bool:
        code = self._derived(known.kind, known.origin, edges, is_generated=is_generated)
        if code == known.code:
            return False
        known.code, known.classified = code, known.classified + 1
        self._classify(known, edges, is_generated=is_generated)
        return True

    def _derived(self, kind: str, origin: str, edges: list[Edge], *, is_generated: bool) -> str:
        if kind in NOT_MEDIA:
            return ""
        try:
            return derive(origin, edges, is_generated=is_generated)
        except OriginMissing as error:
            raise InvalidInput(
                "ORIGIN_MISSING",
                "Say what this was made from, or how it came into being.",
                "parents, or origin: " + ", ".join(sorted(ORIGINS)),
            ) from error

    def _classify(self, known: Known, edges: list[Edge], *, is_generated: bool) -> None:
        seen = sorted({(edge.kind, edge.role, edge.code) for edge in edges})
        because = {
            "origin": known.origin,
            "generated": is_generated,
            "from": [list(one) for one in seen[:_SHOWN]],
        }
        facts = {
            "version": str(known.version_id),
            "number": known.classified,
            "code": known.code,
            "because": because,
        }
        self.book.say(EventKind.CLASSIFIED, new_id(), facts)

    def require_licences(self, jtis: Iterable[UUID]) -> None:
        wanted = set(jtis) - self._jtis
        if not wanted:
            return
        found = set(
            LicenceToken.objects.filter(jti__in=wanted, production=self.book.production).values_list(
                "jti", flat=True
            )
        )
        if missing := wanted - found:
            raise InvalidInput(
                "TOKEN_NOT_OF_PRODUCTION",
                "A licence named here is not one of this production.",
                ", ".join(sorted(str(jti) for jti in missing)),
            )
        self._jtis |= found


def _too_wide() -> Conflict:
    return Conflict("GRAPH_TOO_WIDE", "Too much was made from this to derive it all again at once.")


def next_number(refs: References, asset: GraphAsset) -> int:
    """The number of an asset's next version."""
    newest = refs.newest_of(asset)
    return newest.number + 1 if newest else 1


def _codes(ids: Iterable[UUID]) -> dict[UUID, tuple[str, int]]:
    rows = (
        Classification.objects.filter(version_id__in=set(ids))
        .order_by("version_id", "-number")
        .distinct("version_id")
        .values_list("version_id", "code", "number")
    )
    return {version: (code, number) for version, code, number in rows}


def _version_facts(
    spec: VersionSpec, asset_id: UUID, number: int, origin: str, output: UUID | None
) -> dict[str, object]:
    _require_frames(spec.frame_first, spec.frame_last)
    if spec.made_at is not None and spec.made_at > clock.now():
        raise InvalidInput("MADE_LATER", "This is said to be made in the future.")
    return {
        "asset": str(asset_id),
        "number": number,
        "label": clean_name(spec.label, most=80, what="label") if spec.label else "",
        "content_sha256": spec.content_sha256,
        "media_type": spec.media_type,
        "size_bytes": spec.size_bytes,
        "frame_first": spec.frame_first,
        "frame_last": spec.frame_last,
        "origin": origin,
        "made_at": spec.made_at.isoformat() if spec.made_at else None,
        "token_jtis": [str(jti) for jti in spec.token_jtis],
        "mark_id": spec.mark_id,
        "output": str(output) if output else None,
        "metadata": clean_value(spec.metadata, what="metadata"),
    }


def _require_frames(first: int | None, last: int | None) -> None:
    if (first is None) != (last is None) or (first is not None and last is not None and last < first):
        raise InvalidInput("FRAMES_UNREADABLE", "frame_first and frame_last come together, in order.")


def _polygon(points: tuple[tuple[int, int], ...]) -> str:
    if points and not 3 <= len(points) <= 1_000:
        raise InvalidInput("REGION_UNREADABLE", "A region is a polygon of 3 to 1,000 points.")
    return f"({','.join(f'({x},{y})' for x, y in points)})" if points else ""
