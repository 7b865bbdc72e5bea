"""Bring an OMC document into a production's graph: all of it or nothing, each thing once.

What is recorded is put down to whoever imports; whom the document names as makers stays in it. A version keeps the
identifier that it had, so that a document that is imported again records nothing anew, and what a document of ours
tells of its own production is found as it is. Licences of another production are not taken over.
"""

from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts.principals import Principal
from common.errors import DomainError
from licensing.models import LicenceToken, Production
from provenance.graph.models import AssetVersion, GenerationRecord, GraphAsset
from provenance.graph.services.people import production_to_record
from provenance.graph.services.recording import lock_graph, record_one, recorder_for
from provenance.graph.specs import (
    AssetSpec,
    EdgeSpec,
    GenerationSpec,
    InputSpec,
    NewVersion,
    VersionSpec,
)
from provenance.omc.checking import Key, keys_of
from provenance.omc.reading import ENTITIES_MAX, Plan, PlannedEdge, PlannedRun, PlannedVersion, read_document

_BOOK_MOST = 2_000
_EXTERNAL_MOST = 200
_CHUNK = 1_000


@dataclass
class Imported:
    """What became of a document."""

    assets: int = 0
    versions: int = 0
    runs: int = 0
    known: int = 0
    ignored: dict[str, int] = field(default_factory=dict)


@transaction.atomic
def import_omc(
    *,
    principal: Principal,
    production_id: UUID,
    document: Any,
    origin: str = "",
    most: int = ENTITIES_MAX,
) -> Imported:
    """Record what a document tells.

    Args:
        document: read already, or a binary stream, of which memory holds one entity at a time.
        most: how many entities it may hold.
        origin: how things came into being of which the document says neither that nor what they were made of.

    Raises:
        NotFound: the production is not visible to the caller.
        Forbidden: ``ROLE_MISSING``.
        InvalidInput: as :func:`read_document`; ``ORIGIN_MISSING`` and others as a batch is refused.
    """
    production = production_to_record(principal, production_id)
    plan = read_document(document, scope=settings.LOG_HOST, most=most)
    try:
        lock_graph(production)
        return _Import(principal, production, plan, origin).run()
    finally:
        plan.spool.close()


class _Import:
    def __init__(self, principal: Principal, production: Production, plan: Plan, origin: str) -> None:
        self.principal, self.production, self.plan, self.origin = principal, production, plan, origin
        self.licences = set(LicenceToken.objects.filter(production=production).values_list("jti", flat=True))
        self.spool = plan.spool
        # nobody else records here until this ends: one question instead of one a thing, which looks through all of them
        self.others = GraphAsset.objects.filter(production=production).exclude(
            organisation=principal.organisation
        )
        self.has_others = self.others.exists()
        self._find_known_versions()
        self.done = Imported(ignored=plan.ignored)

    def run(self) -> Imported:
        recorder = recorder_for(self.principal, self.production)
        for place, node in enumerate(self.plan.steps()):
            if place and place % _BOOK_MOST == 0:
                recorder.close()
                recorder = recorder_for(self.principal, self.production)
            try:
                if self.plan.is_run(node):
                    self._record_run(recorder, self.plan.run(node))
                elif self.spool.found(node) is None:
                    self._record_version(recorder, node, self.plan.version(node))
                else:
                    self.done.known += 1
            except DomainError as error:
                error.extra.setdefault("entity", "/".join(self.spool.key(node))[:200])
                raise
        recorder.close()
        return self.done

    def _found(self, key: Key) -> UUID:
        """The version that an identifier of the document stands for; each has its place before it is needed."""
        version = self.spool.found(self.plan.node(key))
        if version is None:
            raise RuntimeError(f"{key} is needed before it is recorded")
        return version

    def _record_version(self, recorder: Any, node: int, one: PlannedVersion) -> None:
        spec: AssetSpec | NewVersion
        if one.previous is None:
            spec = self._asset(one)
            self.done.assets += 1
        else:
            spec = NewVersion(asset=str(self._found(one.previous)), version=self._spec(one))
        made = record_one(self.principal, recorder, spec)
        self.done.versions += made.is_new
        if made.version is not None:
            self.spool.set_found(node, made.version)

    def _record_run(self, recorder: Any, run: PlannedRun) -> None:
        nodes = [self.plan.node(key) for key in run.outputs]
        found = [self.spool.found(node) for node in nodes]
        fresh = found.count(None)
        external = self._external(run.facts.get("externalId") or "/".join(run.key))
        if not fresh and self._is_known_run(external, run):
            self.done.known += 1 + len(run.outputs)
            return
        outputs = [
            str(version) if version else self._asset(self.plan.version(node))
            for node, version in zip(nodes, found, strict=True)
        ]
        own = keys_of(run.model["asset"])[0] if run.model.get("asset") else None
        spec = GenerationSpec(
            model_name=str(run.model["name"]),
            model_version=str(run.model.get("version", "")),
            model_sha256=str(run.model.get("sha256", "")),
            model_provider=str(run.model.get("provider", "")),
            model_asset=str(self._found(own)) if own else None,
            external_id=external,
            engine=str(run.facts.get("engine", "")),
            engine_version=str(run.facts.get("engineVersion", "")),
            seed=str(run.facts.get("seed", "")),
            guidance_scale=str(run.facts.get("guidanceScale", "")),
            parameters=dict(run.facts.get("parameters") or {}),
            token_jtis=self._ours(run.facts.get("licences") or []),
            started_at=_time(run.facts.get("startedAt")),
            finished_at=_time(run.facts.get("finishedAt")),
            inputs=tuple(InputSpec(asset=str(self._found(key)), role=role) for key, role in run.inputs),
            outputs=tuple(outputs),
        )
        made = record_one(self.principal, recorder, spec)
        for node, version in zip(nodes, made.outputs, strict=True):
            self.spool.set_found(node, version)
        self.done.runs += made.is_new
        self.done.assets += fresh
        self.done.versions += fresh

    def _asset(self, one: PlannedVersion) -> AssetSpec:
        return AssetSpec(
            kind=one.kind,
            name=one.name,
            external_id=self._external(one.facts.get("externalId") or one.thing),
            version=self._spec(one),
        )

    def _spec(self, one: PlannedVersion) -> VersionSpec:
        parents = tuple(self._edge(edge) for edge in one.edges)
        metadata = dict(one.facts.get("metadata") or {})
        made_here = self.spool.maker(self.plan.node(one.key)) is not None
        size = one.content.get("bytes")
        return VersionSpec(
            label=one.label,
            content_sha256=_sha256(one.content.get("sha256", "")),
            media_type=one.media_type[:120],
            size_bytes=size if type(size) is int and size >= 0 else None,
            frame_first=one.facts.get("frameFirst"),
            frame_last=one.facts.get("frameLast"),
            origin=str(one.facts.get("origin") or ("" if parents or made_here else self.origin)),
            made_at=_time(one.facts.get("madeAt")),
            token_jtis=self._ours(one.licences),
            metadata=metadata | {"omc": "/".join(one.key)},
            parents=parents,
        )

    def _edge(self, edge: PlannedEdge) -> EdgeSpec:
        return EdgeSpec(
            parent=str(self._found(edge.parent)),
            kind=edge.kind,
            role=edge.role,
            tool=edge.tool,
            frame_first=edge.frame_first,
            frame_last=edge.frame_last,
            parent_first=edge.parent_first,
            region=edge.region,
            mask=str(self._found(edge.mask)) if edge.mask else None,
        )

    def _find_known_versions(self) -> None:
        """Mark what the graph has of the document: its own versions, and those that were imported before."""
        rows = AssetVersion.objects.filter(production=self.production)
        versions = self.plan.versions()
        while chunk := list(islice(versions, _CHUNK)):
            names = {"/".join(key): node for node, key in chunk}
            known = rows.filter(metadata__omc__in=list(names)).values_list("metadata__omc", "pk")
            own = {
                UUID(value.partition("/")[2]): node
                for node, (scope, value) in chunk
                if scope == settings.LOG_HOST and _is_id(value.partition("/")[2])
            }
            for name, version in known:
                self.spool.set_found(names[name], version)
            for version in rows.filter(pk__in=list(own)).values_list("pk", flat=True):
                self.spool.set_found(own[version], version)

    def _is_known_run(self, external: str, run: PlannedRun) -> bool:
        rows = GenerationRecord.objects.filter(production=self.production)
        scope, value = run.key
        own = value.partition("/")[2]
        is_own = scope == settings.LOG_HOST and _is_id(own) and rows.filter(pk=own).exists()
        return is_own or rows.filter(organisation=self.principal.organisation, external_id=external).exists()

    def _external(self, name: str) -> str:
        """What the thing is called from now on; what another thing here is called by is not taken from it."""
        is_taken = self.has_others and self.others.filter(external_id=name).exists()
        return (f"omc:{name}" if is_taken else name)[:_EXTERNAL_MOST]

    def _ours(self, jtis: list[str]) -> tuple[UUID, ...]:
        return tuple(UUID(jti) for jti in jtis if _is_id(jti) and UUID(jti) in self.licences)


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _sha256(value: Any) -> str:
    text = str(value)
    return text if len(text) == 64 and set(text) <= set("0123456789abcdef") else ""


def _time(value: Any) -> datetime | None:
    moment = datetime.fromisoformat(str(value)) if value else None
    return moment if moment is None or moment.tzinfo else None
