"""What an event makes: the one place where rows of the graph come from.

Recording and rebuilding run the same function, so that rows told again from the events alone equal those that
were stored, or somebody meddled. Nothing here reads the database or the clock.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from django.db.models import Model

from provenance.graph.models import (
    AssetVersion,
    Classification,
    CustodyDocument,
    Decision,
    EventKind,
    GenerationInput,
    GenerationOutput,
    GenerationRecord,
    GenerativeModel,
    GraphAsset,
    LabelProposal,
    ProvenanceEvent,
    Relation,
)

ROWS: tuple[type[Model], ...] = (
    GraphAsset,
    AssetVersion,
    Classification,
    GenerativeModel,
    GenerationRecord,
    GenerationInput,
    GenerationOutput,
    Relation,
    Decision,
    LabelProposal,
    CustodyDocument,
)
"""Every kind of row that events make, in the order in which they cite each other."""

COMMITMENTS = "commitments"
"""In an event's facts: the commitment of each sealed text that they name, by its id; no row is made of them."""

_UUIDS = frozenset(
    {"asset", "child", "parent", "mask", "generation", "version", "model", "asset_version", "output", "prompt",
     "negative_prompt", "note", "text"}
)  # fmt: skip
_MOMENTS = frozenset({"made_at", "started_at", "finished_at"})


def rows_of(event: ProvenanceEvent) -> list[Model]:
    """Return the rows that an event makes, not saved."""
    return _MAKERS[EventKind(event.kind)](event, event.facts)


def _told(event: ProvenanceEvent, *, by_someone: bool = True) -> dict[str, Any]:
    shared = {
        "id": event.object_id,
        "production_id": event.production_id,
        "event_id": event.number,
        "at": event.at,
    }
    return (
        {**shared, "person_id": event.person_id, "credential_id": event.credential_id}
        if by_someone
        else shared
    )


def _fields(facts: dict[str, Any]) -> dict[str, Any]:
    """Facts as arguments of a model: ids become foreign keys, texts become moments."""
    read: dict[str, Any] = {}
    for name, value in facts.items():
        if name in _UUIDS:
            read[f"{name}_id"] = UUID(value) if value else None
        elif name in _MOMENTS:
            read[name] = datetime.fromisoformat(value) if value else None
        elif name == "token_jtis":
            read[name] = [UUID(jti) for jti in value]
        elif name != COMMITMENTS:
            read[name] = value
    return read


def _asset(event: ProvenanceEvent, facts: dict[str, Any]) -> list[Model]:
    return [GraphAsset(organisation_id=event.organisation_id, **_told(event), **_fields(facts))]


def _version(event: ProvenanceEvent, facts: dict[str, Any]) -> list[Model]:
    return [AssetVersion(**_told(event), **_fields(facts))]


def _classification(event: ProvenanceEvent, facts: dict[str, Any]) -> list[Model]:
    return [Classification(**_told(event, by_someone=False), **_fields(facts))]


def _relation(event: ProvenanceEvent, facts: dict[str, Any]) -> list[Model]:
    return [Relation(**_told(event), **_fields(facts))]


def _model(event: ProvenanceEvent, facts: dict[str, Any]) -> list[Model]:
    # its version is a word, not the id of one
    named = {name: facts[name] for name in ("name", "version", "sha256", "provider")}
    own = _fields({"asset_version": facts["asset_version"]})
    return [GenerativeModel(**_told(event, by_someone=False), **named, **own)]


def _generation(event: ProvenanceEvent, facts: dict[str, Any]) -> list[Model]:
    run, model = event.object_id, UUID(facts["model"])
    own = {name: value for name, value in facts.items() if name not in {"inputs", "outputs", "made_by"}}
    made: list[Model] = [
        GenerationRecord(organisation_id=event.organisation_id, **_told(event), **_fields(own))
    ]
    made += [
        GenerationInput(
            id=uuid5(run, f"input {place}"), generation_id=run, model_id=model, asset_id=UUID(one["asset"]),
            version_id=UUID(one["version"]), role=one["role"],
        )
        for place, one in enumerate(facts["inputs"])
    ]  # fmt: skip
    made += [
        GenerationOutput(id=uuid5(run, f"output {place}"), generation_id=run, version_id=UUID(version))
        for place, version in enumerate(facts["outputs"])
    ]
    return made + _edges(event, facts)


def _edges(event: ProvenanceEvent, facts: dict[str, Any]) -> list[Model]:
    """An edge from each output to each input, and to the model where it is an asset itself."""
    parents = {(one["version"], one["role"]): None for one in facts["inputs"]}
    if facts["made_by"]:
        parents[facts["made_by"], "MODEL"] = None
    told = {**_told(event), "generation_id": event.object_id, "kind": "GENERATED_FROM"}
    return [
        Relation(
            **{**told, "id": uuid5(event.object_id, f"{child} {parent} {role}")},
            child_id=UUID(child), parent_id=UUID(parent), role=role,
        )
        for child in facts["outputs"]
        for parent, role in parents
    ]  # fmt: skip


def _decision(event: ProvenanceEvent, facts: dict[str, Any]) -> list[Model]:
    return [Decision(organisation_id=event.organisation_id, **_told(event), **_fields(facts))]


def _proposal(event: ProvenanceEvent, facts: dict[str, Any]) -> list[Model]:
    return [LabelProposal(**_told(event), **_fields(facts))]


def _document(event: ProvenanceEvent, facts: dict[str, Any]) -> list[Model]:
    return [CustodyDocument(**_told(event), **_fields(facts))]


_MAKERS: dict[EventKind, Callable[[ProvenanceEvent, dict[str, Any]], list[Model]]] = {
    EventKind.ASSET_RECORDED: _asset,
    EventKind.VERSION_ADDED: _version,
    EventKind.CLASSIFIED: _classification,
    EventKind.RELATED: _relation,
    EventKind.MODEL_NAMED: _model,
    EventKind.GENERATED: _generation,
    EventKind.DECIDED: _decision,
    EventKind.LABEL_PROPOSED: _proposal,
    EventKind.DOCUMENT_ATTACHED: _document,
}
