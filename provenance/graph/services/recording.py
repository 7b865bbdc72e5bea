"""Record in the graph of a production: one thing or thousands, in one transaction and under one root.

>>> record_batch(principal=desk, production_id=film.pk, specs=[                     # doctest: +SKIP
...     AssetSpec(kind="CAPTURE", name="A045_C012", version=VersionSpec(content_sha256="…"))])
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.principals import Principal
from common.errors import Conflict, DomainError, InvalidInput, NotFound
from common.ids import new_id
from licensing import selectors as licensing
from licensing.models import Production
from provenance.graph.models import AssetVersion, GenerationRecord, GraphAsset
from provenance.graph.services.book import Actor, Book
from provenance.graph.services.decisions import propose_label, record_decision, require_decider
from provenance.graph.services.generations import record_generation
from provenance.graph.services.people import person_behind, production_to_record
from provenance.graph.services.recorder import Recorder, next_number
from provenance.graph.services.refs import References
from provenance.graph.specs import AssetSpec, DecisionSpec, GenerationSpec, NewRelation, NewVersion, Spec
from provenance.graph.visible import versions_visible_to

BATCH_MOST = 5_000


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of one spec: ids, and whether anything new was recorded."""

    is_new: bool = True
    asset: UUID | None = None
    version: UUID | None = None
    relation: UUID | None = None
    generation: UUID | None = None
    decision: UUID | None = None
    outputs: tuple[UUID, ...] = ()


@transaction.atomic
def record_batch(*, principal: Principal, production_id: UUID, specs: Sequence[Spec]) -> list[Recorded]:
    """Record ``specs`` in their order; all of them, or none.

    Raises:
        NotFound: the production is not visible to the caller; or ``REFERENCE_UNKNOWN``.
        Forbidden: ``ROLE_MISSING``.
        InvalidInput: ``BATCH_SIZE``, or what is wrong with an item; ``extra`` names its place in ``item``.
        Conflict: ``GRAPH_CIRCLE``, ``ASSET_IS_ANOTHER``, ``GRAPH_TOO_WIDE``.
    """
    production = production_to_record(principal, production_id)
    if not 0 < len(specs) <= BATCH_MOST:
        raise InvalidInput("BATCH_SIZE", _("A batch holds 1 to %(most)s items.") % {"most": BATCH_MOST})
    lock_graph(production)
    recorder = recorder_for(principal, production)
    recorded = []
    for place, spec in enumerate(specs):
        try:
            recorded.append(record_one(principal, recorder, spec))
        except DomainError as error:
            error.extra.setdefault("item", place)
            raise
    recorder.close()
    return recorded


@transaction.atomic
def decide_version(*, principal: Principal, spec: DecisionSpec, version_id: UUID) -> UUID:
    """Record the caller's decision on a version; returns its id.

    Raises:
        NotFound: the version is not visible to the caller.
        Forbidden: ``ROLE_MISSING``.
        InvalidInput: ``DECISION_UNKNOWN``.
    """
    production = production_of(principal, version_id)
    require_decider(principal, production)
    lock_graph(production)
    recorder = recorder_for(principal, production)
    decision = record_decision(recorder, spec, person=person_behind(principal, spec.on_behalf_of))
    recorder.close()
    return decision


@transaction.atomic
def propose_source_type(*, principal: Principal, version_id: UUID, code: str, reason: str) -> UUID:
    """Put a label beside the derived source type of a version; returns its id.

    Raises:
        NotFound: the version is not visible to the caller.
        Forbidden: ``ROLE_MISSING``.
        InvalidInput: ``SOURCE_TYPE_UNKNOWN``.
    """
    production = production_of(principal, version_id)
    production_to_record(principal, production.pk)
    lock_graph(production)
    recorder = recorder_for(principal, production)
    proposal = propose_label(
        recorder, version=str(version_id), code=code, reason=reason, person=principal.person
    )
    recorder.close()
    return proposal


def recorder_for(principal: Principal, production: Production) -> Recorder:
    """A recorder that finds what the caller may see in the production."""
    visible = versions_visible_to(principal).filter(production=production)
    return Recorder(Book(production, Actor.of(principal)), References(visible, principal.organisation_id))


def lock_graph(production: Production) -> None:
    """Be the only one who records in this graph until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"provenance-graph {production.pk}"]
        )


def record_one(principal: Principal, recorder: Recorder, spec: Spec) -> Recorded:
    """Record one thing into a book that is open; its ids can be named by what follows."""
    person = person_behind(principal, spec.on_behalf_of)
    match spec:
        case AssetSpec():
            return _asset(principal, recorder, spec, person)
        case NewVersion():
            return _version(recorder, spec, person)
        case NewRelation():
            child, parent = recorder.refs.find(spec.child), recorder.refs.find(spec.edge.parent)
            recorder.require_room(child)
            relation = recorder.record_edge(child, parent, spec.edge, person=person)
            recorder.touch(child)
            return Recorded(version=child.version_id, relation=relation)
        case GenerationSpec():
            return _generation(principal, recorder, spec, person)
        case DecisionSpec():
            require_decider(principal, recorder.book.production)
            return Recorded(decision=record_decision(recorder, spec, person=person))


def _asset(principal: Principal, recorder: Recorder, spec: AssetSpec, person: User) -> Recorded:
    known = _known_asset(principal, recorder, spec.external_id)
    if known is None:
        asset_id = recorder.record_asset(
            kind=spec.kind, name=spec.name, external_id=spec.external_id, person=person, asset_id=new_id()
        )
        made = recorder.record_version(
            spec.version, asset_id=asset_id, kind=spec.kind, number=1, person=person,
            external_id=spec.external_id,
        )  # fmt: skip
        return Recorded(asset=asset_id, version=made.version_id)
    if known.kind != spec.kind:
        raise Conflict("ASSET_IS_ANOTHER", "This external id belongs to an asset of another kind.")
    same = AssetVersion.objects.filter(asset=known, content_sha256=spec.version.content_sha256)
    if spec.version.content_sha256 and (version := same.first()):
        return Recorded(is_new=False, asset=known.pk, version=version.pk)
    made = recorder.record_version(
        spec.version, asset_id=known.pk, kind=known.kind, number=next_number(recorder.refs, known),
        person=person, external_id=spec.external_id,
    )  # fmt: skip
    return Recorded(asset=known.pk, version=made.version_id)


def _known_asset(principal: Principal, recorder: Recorder, external_id: str) -> GraphAsset | None:
    if not external_id:
        return None
    if recorder.refs.is_made_here(external_id):
        raise InvalidInput("ASSET_TWICE", "An external id stands twice in one batch.", external_id[:120])
    # one at most (unique); asked in no order, for with one a planner would walk all of the production's things by age
    found = GraphAsset.objects.filter(
        production=recorder.book.production, organisation=principal.organisation, external_id=external_id
    )
    return next(iter(found.order_by()), None)


def _version(recorder: Recorder, spec: NewVersion, person: User) -> Recorded:
    newest = recorder.refs.find(spec.asset)
    asset = GraphAsset(pk=newest.asset_id)
    made = recorder.record_version(
        spec.version, asset_id=newest.asset_id, kind=newest.kind,
        number=next_number(recorder.refs, asset), person=person,
    )  # fmt: skip
    return Recorded(asset=newest.asset_id, version=made.version_id)


def _generation(principal: Principal, recorder: Recorder, spec: GenerationSpec, person: User) -> Recorded:
    if spec.external_id:
        known = GenerationRecord.objects.filter(
            production=recorder.book.production,
            organisation=principal.organisation,
            external_id=spec.external_id,
        ).first()
        if known is not None:
            made = tuple(known.outputs.order_by("pk").values_list("version_id", flat=True))
            return Recorded(is_new=False, generation=known.pk, outputs=made)
    run, outputs = record_generation(recorder, spec, person=person)
    return Recorded(generation=run, outputs=tuple(one.version_id for one in outputs))


def production_of(principal: Principal, version_id: UUID) -> Production:
    """The production of a version that the caller may see.

    Raises:
        NotFound: there is none.
    """
    version = versions_visible_to(principal).filter(pk=version_id).first()
    production = licensing.production_for(principal, version.production_id) if version else None
    if production is None:
        raise NotFound
    return production
