"""A frozen manifest as W3C PROV-JSON: the list, its rows, what they were made of and by which jobs, up to the rights.

Written in pieces, so that a list of a million rows takes no more memory than a short one; all of it as of one edge of the
graph, so that its parts agree whatever is written meanwhile. People are named by id alone.

Source: W3C member submission PROV-JSON (2013); PROV-DM for the meaning of the relations.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from common.clock import rfc3339
from training.models import (
    Derivative,
    LineageHead,
    LineageNode,
    RightsRecord,
    Source,
    TrainingAsset,
    TrainingManifest,
    TransformJob,
)
from training.vocabulary import NodeKind

PREFIXES: Final = {"prov": "http://www.w3.org/ns/prov#", "tm": "https://trustmark-server.org/ns/training#"}
Record = tuple[str, dict[str, Any]]
_ABOVE: Final = """
with recursive up(parent, child, job) as (
    select parent_id, child_id, job from training_lineageedge where child_id = %s and number <= %s
    union
    select e.parent_id, e.child_id, e.job from training_lineageedge e join up u on e.child_id = u.parent
    where e.number <= %s
)
"""
_NODES: Final = f"{_ABOVE} select distinct parent from up"  # noqa: S608  # fixed text
_EDGES: Final = f"""{_ABOVE}
select p.kind, p.ref, c.kind, c.ref, up.job from up
join training_lineagenode p on p.number = up.parent join training_lineagenode c on c.number = up.child
"""  # noqa: S608  # fixed text
_BATCH: Final = 2000


@dataclass(frozen=True, slots=True)
class _Told:
    """A manifest and the edge up to which the graph above it is told."""

    manifest: TrainingManifest
    up_to: int

    @property
    def params(self) -> list[int]:
        return [self.manifest.node_id, self.up_to, self.up_to]


def prov_pieces(manifest: TrainingManifest) -> Iterator[bytes]:
    """The document, piece by piece."""
    told = _Told(manifest, LineageHead.objects.get(organisation=manifest.organisation_id).last_edge)
    yield b'{"prefix":' + msgspec.json.encode(PREFIXES)
    sections = (
        ("entity", _entities(told)),
        ("activity", _activities(told)),
        ("agent", _agents(told)),
        ("hadMember", _members(told)),
        ("wasDerivedFrom", _derivations(told)),
        ("wasGeneratedBy", _generations(told)),
        ("wasAssociatedWith", _associations(told)),
    )
    for name, records in sections:
        yield from _section(name, records)
    yield b"}"


def _section(name: str, records: Iterable[Record]) -> Iterator[bytes]:
    is_first = True
    for key, facts in records:
        start = f',"{name}":{{'.encode() if is_first else b","
        said = {one: value for one, value in facts.items() if value not in (None, "")}
        yield start + msgspec.json.encode(key) + b":" + msgspec.json.encode(said)
        is_first = False
    if not is_first:
        yield b"}"


def _entities(told: _Told) -> Iterator[Record]:
    manifest = told.manifest
    head = manifest.head
    yield (
        _name(NodeKind.MANIFEST, manifest.pk),
        {
            "prov:type": {"$": "prov:Collection", "type": "xsd:QName"}, "prov:label": manifest.name,
            "tm:manifest": manifest.content_id, "tm:rows": manifest.rows, "tm:rowsRoot": manifest.rows_root,
            "tm:policy": head["policy"], "tm:purpose": head["purpose"], "tm:territory": manifest.territory,
        },
    )  # fmt: skip
    for asset in _above(TrainingAsset.objects.all(), told):
        facts = _bytes(asset) | {"prov:label": asset.external_id, "tm:url": asset.canonical_url,
                                 "tm:method": asset.method, "tm:collectedAt": rfc3339(asset.collected_at)}  # fmt: skip
        yield _name(NodeKind.ASSET, asset.pk), facts
    for made in _above(Derivative.objects.all(), told):
        facts = _bytes(made) | {"prov:label": made.role, "tm:dataset": made.dataset,
                                "tm:datasetVersion": made.dataset_version}  # fmt: skip
        yield _name(NodeKind.DERIVATIVE, made.pk), facts
    for source in _above(Source.objects.all(), told):
        facts = {
            "prov:label": source.platform,
            "tm:url": source.canonical_url,
            "tm:rightsHolder": source.rights_holder,
        }
        yield _name(NodeKind.SOURCE, source.pk), facts
    for rights in _above(RightsRecord.objects.all(), told):
        facts = {
            "prov:label": rights.licence_type, "tm:licenceClass": rights.licence_class, "tm:version": rights.version,
            "tm:evidenceSha256": rights.evidence_sha256,
            "tm:expiresAt": rfc3339(rights.expires_at) if rights.expires_at else None,
        }  # fmt: skip
        yield _name(NodeKind.RIGHTS, rights.pk), facts
    # consents and licences above the rights: their rows are another package's; their ids are what joins
    for node in _nodes(told).filter(kind__in=[NodeKind.LICENCE, NodeKind.CONSENT]).iterator(_BATCH):
        yield _name(node.kind, node.ref), {"tm:id": str(node.ref)}


def _activities(told: _Told) -> Iterator[Record]:
    manifest = told.manifest
    at = rfc3339(manifest.created_at)
    facts = {"prov:endTime": at, "tm:codeCommit": manifest.code_commit, "tm:image": manifest.container_image}
    yield f"tm:freeze-{manifest.pk}", facts
    for job in _jobs(told):
        yield (
            f"tm:job-{job.pk}",
            {
                "prov:label": job.name,
                "tm:codeCommit": job.code_commit,
                "tm:image": job.container_image,
                "tm:steps": msgspec.json.encode(job.steps).decode(),
            },
        )


def _agents(told: _Told) -> Iterator[Record]:
    manifest = told.manifest
    kind = {"$": "prov:Organization", "type": "xsd:QName"}
    yield f"tm:organisation-{manifest.organisation_id}", {"prov:type": kind}
    people = {manifest.frozen_by_id, manifest.released_by_id}
    for job in _jobs(told):
        people |= {job.run_by_id, job.approved_by_id}
    for person in sorted(str(one) for one in people - {None}):
        yield f"tm:person-{person}", {"prov:type": {"$": "prov:Person", "type": "xsd:QName"}}


def _members(told: _Told) -> Iterator[Record]:
    manifest = told.manifest
    mine = _name(NodeKind.MANIFEST, manifest.pk)
    for kind, ref, under, below, _job in _edges(told):
        if (under, below) == (NodeKind.MANIFEST, manifest.pk):
            yield f"_:m{ref.hex}", {"prov:collection": mine, "prov:entity": _name(kind, ref)}


def _derivations(told: _Told) -> Iterator[Record]:
    for kind, ref, under, below, job in _edges(told):
        if under != NodeKind.MANIFEST:
            yield (
                f"_:d{ref.hex}{below.hex}",
                {
                    "prov:generatedEntity": _name(under, below), "prov:usedEntity": _name(kind, ref),
                    "prov:activity": f"tm:job-{job}" if job else None,
                },
            )  # fmt: skip


def _generations(told: _Told) -> Iterator[Record]:
    manifest = told.manifest
    yield (
        "_:g0",
        {"prov:entity": _name(NodeKind.MANIFEST, manifest.pk), "prov:activity": f"tm:freeze-{manifest.pk}",
         "prov:time": rfc3339(manifest.created_at)},
    )  # fmt: skip
    for made in _above(Derivative.objects.all(), told):
        yield (
            f"_:g{made.pk.hex}",
            {"prov:entity": _name(NodeKind.DERIVATIVE, made.pk), "prov:activity": f"tm:job-{made.job_id}",
             "prov:time": rfc3339(made.created_at)},
        )  # fmt: skip


def _associations(told: _Told) -> Iterator[Record]:
    manifest = told.manifest
    roles = [(f"tm:freeze-{manifest.pk}", manifest.frozen_by_id, "froze")]
    if manifest.released_by_id:
        roles.append((f"tm:freeze-{manifest.pk}", manifest.released_by_id, "released"))
    for job in _jobs(told):
        roles += [
            (f"tm:job-{job.pk}", job.run_by_id, "ran"),
            (f"tm:job-{job.pk}", job.approved_by_id, "approved"),
        ]
    for number, (activity, person, role) in enumerate(roles):
        yield (
            f"_:a{number}",
            {"prov:activity": activity, "prov:agent": f"tm:person-{person}", "prov:role": role},
        )


def _bytes(row: TrainingAsset | Derivative) -> dict[str, Any]:
    return {"tm:kind": row.kind, "tm:mediaType": row.media_type, "tm:sha256": row.sha256}


def _name(kind: str, ref: Any) -> str:
    return f"tm:{kind.lower()}-{ref}"


def _numbers(told: _Told) -> RawSQL:
    return RawSQL(_NODES, told.params)  # noqa: S611  # fixed text, parameters apart


def _nodes(told: _Told) -> QuerySet[LineageNode]:
    return LineageNode.objects.filter(number__in=_numbers(told)).order_by("number")


def _above(rows: QuerySet[Any], told: _Told) -> Iterator[Any]:
    chosen = rows.filter(node__in=_numbers(told))
    yield from chosen.order_by("node_id").iterator(_BATCH)


def _jobs(told: _Told) -> list[TransformJob]:
    made = Derivative.objects.filter(node__in=_numbers(told))
    chosen = TransformJob.objects.filter(pk__in=made.values("job"))
    return list(chosen.order_by("created_at", "pk"))


def _edges(told: _Told) -> Iterator[tuple[Any, ...]]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(_EDGES, told.params)
        while rows := cursor.fetchmany(_BATCH):
            yield from rows
