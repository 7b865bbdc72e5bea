"""What a delivered file was made from, as its Content Credentials may tell it to strangers.

Ids, kinds, hashes and ways; never a name, since names of assets and models may name people. What the organisation that
delivers may not see is neither told nor walked through. Nearest first, up to ``TOLD_MOST``.
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db.models import OuterRef, Q, QuerySet, Subquery

from provenance.graph.models import AssetVersion, Classification, GenerationOutput, Relation
from provenance.graph.visible import licences_of
from provenance.models import Asset

TOLD_MOST: Final = 40
_EDGES_MOST: Final = 500
_RUNS_MOST: Final = 40
_NO_MATERIAL: Final = frozenset({"ACCORDING_TO", "TRAINED_ON", "GENERATED_FROM"})


@dataclass(frozen=True, slots=True)
class MadeFrom:
    """A version behind a delivered file.

    Attributes:
        child: the version that was made from this one.
        way: a word of ``RelationKind``; ``role``: what a model was given it as, or empty.
        sha256: of its bytes; empty where it never was one file.
        code: its IPTC source type, empty of what is no media.
    """

    version: UUID
    child: UUID
    kind: str
    number: int
    way: str
    role: str
    sha256: str
    media_type: str
    code: str
    frames: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class ModelRun:
    """A run of a model that made ``version``; the model by its hash and version."""

    run: UUID
    version: UUID
    model: UUID
    model_version: str
    model_sha256: str


@dataclass(frozen=True, slots=True)
class Making:
    """How the upload of an output came to be.

    Attributes:
        code: the IPTC source type that the graph derived for it.
        is_cut: there is more behind it than is told here.
    """

    version: UUID
    code: str
    made_from: tuple[MadeFrom, ...]
    runs: tuple[ModelRun, ...]
    is_cut: bool

    @property
    def materials(self) -> frozenset[str]:
        """Classes of what went into the work itself: what only steered it, and what stands behind that, is left out."""
        reached = {self.version}
        for one in self.made_from:  # nearest first
            if one.child in reached and one.way not in _NO_MATERIAL:
                reached.add(one.version)
        return frozenset(one.code for one in self.made_from if one.version in reached and one.code)


def making_of(output: Asset) -> Making | None:
    """What the graph holds behind an output; ``None`` where it came before there was a graph."""
    upload = _classed(AssetVersion.objects.filter(asset_id=output.pk, number=1)).first()
    if upload is None:
        return None
    found: dict[UUID, MadeFrom] = {}
    level, is_cut = [upload.pk], False
    while level and not is_cut:
        edges = list(_edges_above(output, level)[: _EDGES_MOST + 1])
        is_cut = len(edges) > _EDGES_MOST
        fresh = []
        for edge in edges[:_EDGES_MOST]:
            if edge.parent_id in found or edge.parent_id == upload.pk:
                continue
            if len(found) == TOLD_MOST:
                is_cut = True
                break
            found[edge.parent_id] = _told(edge)
            fresh.append(edge.parent_id)
        level = fresh
    runs = _runs([upload.pk, *found])
    return Making(
        upload.pk, vars(upload)["code"] or "", tuple(found.values()), runs[:_RUNS_MOST],
        is_cut or len(runs) > _RUNS_MOST,
    )  # fmt: skip


def _edges_above(output: Asset, level: list[UUID]) -> QuerySet[Relation]:
    film, mine = output.production, output.organisation_id
    edges = Relation.objects.filter(child__in=level)
    if mine not in {film.organisation_id, film.guild_id}:
        licensed = Q(parent__token_jtis__overlap=list(licences_of(mine)))
        edges = edges.filter(Q(parent__asset__organisation=mine) | licensed)
    last = Classification.objects.filter(version=OuterRef("parent")).order_by("-number")
    return (
        edges.select_related("parent__asset")
        .annotate(code=Subquery(last.values("code")[:1]))
        .order_by("event_id", "pk")
    )


def _classed(rows: QuerySet[AssetVersion]) -> QuerySet[AssetVersion]:
    last = Classification.objects.filter(version=OuterRef("pk")).order_by("-number")
    return rows.annotate(code=Subquery(last.values("code")[:1]))


def _told(edge: Relation) -> MadeFrom:
    one = edge.parent
    has_frames = one.frame_first is not None and one.frame_last is not None
    return MadeFrom(
        version=one.pk,
        child=edge.child_id,
        kind=one.asset.kind,
        number=one.number,
        way=edge.kind,
        role=edge.role,
        sha256=one.content_sha256,
        media_type=one.media_type,
        code=vars(edge)["code"] or "",
        frames=(one.frame_first, one.frame_last) if has_frames else None,  # type: ignore[arg-type]
    )


def _runs(versions: list[UUID]) -> tuple[ModelRun, ...]:
    rows = (
        GenerationOutput.objects.filter(version__in=versions)
        .order_by("-generation_id", "pk")
        .values_list(
            "generation_id", "version_id", "generation__model_id", "generation__model__version",
            "generation__model__sha256",
        )[: _RUNS_MOST + 1]
    )  # fmt: skip
    return tuple(ModelRun(*row) for row in rows)
