"""Read an OMC document into what a graph can record, in an order in which everything stands before what needs it.

1. the document is held against the schema, and no reference leads nowhere (``checking``);
2. versions of one thing are told by ``RevisionOf``, or by our own custom data in documents that we wrote;
3. parents come from our ``relations``, or from ``DerivationOf`` and ``provenance.Origin`` of anybody's document;
4. tasks that carry our ``generation`` become runs of models; first versions that they made are recorded with them.

Pure: a document in, a plan or a refusal out. What a graph has no place for (characters, slates, locations, contexts,
decisions, which nobody makes for another) is counted and left out. Texts of prompts are in no document.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import Any

from django.utils.translation import gettext as _

from common.errors import InvalidInput
from provenance.graph.models import GraphKind, InputRole, RelationKind
from provenance.omc import naming
from provenance.omc.checking import Key, entities_in, keys_of, problems_of
from provenance.omc.naming import Entity, custom_value

ENTITIES_MAX = 20_000
_KIND_OF_FUNCTION = {
    "capture": GraphKind.CAPTURE,
    "audio": GraphKind.AUDIO,
    "script": GraphKind.SCRIPT,
    "shot": GraphKind.SHOT,
    "artwork": GraphKind.IMAGE,
    "sequenceChronologyDescriptor": GraphKind.SEQUENCE,
    "cgModel": GraphKind.SCENE,
    "cgPointCloud": GraphKind.SCAN,
}
_KIND_OF_FORM = {
    "digital.audio": GraphKind.AUDIO,
    "digital.image": GraphKind.IMAGE,
    "digital.imageSequence": GraphKind.FRAME_RANGE,
    "digital.movingImage": GraphKind.VIDEO,
    "digital.audioVisual": GraphKind.VIDEO,
    "digital.document": GraphKind.DOCUMENT,
    "digital.structuredDocument": GraphKind.DOCUMENT,
    "physical.document": GraphKind.DOCUMENT,
    "geometry": GraphKind.SCENE,
    "digital.pointCloud": GraphKind.SCAN,
}


@dataclass
class PlannedEdge:
    """An edge to another planned version."""

    parent: Key
    kind: str
    role: str = ""
    tool: str = ""
    frame_first: int | None = None
    frame_last: int | None = None
    parent_first: int | None = None
    region: tuple[tuple[int, int], ...] = ()
    mask: Key | None = None


@dataclass
class PlannedVersion:
    """A version as the document tells it; ``thing`` is what all versions of one asset share."""

    key: Key
    thing: str
    kind: str
    name: str
    number: int
    facts: Entity
    content: Entity
    label: str = ""
    media_type: str = ""
    edges: list[PlannedEdge] = field(default_factory=list)
    previous: Key | None = None
    licences: list[str] = field(default_factory=list)


@dataclass
class PlannedRun:
    """A run of a model."""

    key: Key
    model: Entity
    facts: Entity
    inputs: list[tuple[Key, str]]
    outputs: list[Key]


@dataclass
class Plan:
    """What a document would record, each thing after all that it needs.

    Attributes:
        steps: keys of versions and runs in their order; versions that a run makes are not among them.
        ignored: how many entities of each kind were left out.
    """

    versions: dict[Key, PlannedVersion]
    runs: dict[Key, PlannedRun]
    steps: list[Key]
    made_by_runs: set[Key]
    ignored: dict[str, int]


def read_document(document: Any, *, scope: str) -> Plan:
    """Read a document.

    Args:
        scope: this deployment's own, whose custom data is understood.

    Raises:
        InvalidInput: ``OMC_INVALID`` (schema, dangling references), ``OMC_TOO_LARGE``, ``OMC_CIRCLE`` or
            ``OMC_FACTS_UNREADABLE`` (our own custom data, and it does not read).
    """
    _require_size(document)
    if found := problems_of(document):
        first = found[0]
        raise InvalidInput("OMC_INVALID", _("This is no OMC-JSON 2.8."), f"{first.where}: {first.says}")
    entities: dict[Key, Entity] = {}
    for entity, _where in entities_in(document):
        keys = keys_of(entity)
        # an entity that is embedded in another may be told there in short
        entities[keys[0]] = entity | entities.get(keys[0], {})
        for key in keys[1:]:
            entities.setdefault(key, entities[keys[0]])
    try:
        return _planned(entities, scope)
    except (TypeError, ValueError, KeyError, AttributeError, IndexError) as error:
        raise InvalidInput(
            "OMC_FACTS_UNREADABLE", _("Custom data of ours does not read."), type(error).__name__
        ) from error


def _require_size(document: Any) -> None:
    """Count before anything else is done: what is too large costs no more than being counted so far.

    Raises:
        InvalidInput: ``OMC_TOO_LARGE``.
    """
    seen: set[Key] = set()
    for entity, _where in entities_in(document):
        seen.update(keys_of(entity))
        if len(seen) > ENTITIES_MAX:
            raise InvalidInput(
                "OMC_TOO_LARGE",
                _("A document may hold %(most)s entities; export smaller parts.") % {"most": ENTITIES_MAX},
            )


def _planned(entities: dict[Key, Entity], scope: str) -> Plan:
    assets = {key: one for key, one in entities.items() if one["entityType"] == "Asset"}
    versions = {key: _version(key, one, entities, scope) for key, one in assets.items()}
    _share_things(versions)
    runs = {
        key: run
        for key, one in entities.items()
        if one["entityType"] == "Task" and (run := _run(key, one, entities, scope)) is not None
    }
    made = {key for run in runs.values() for key in run.outputs if versions[key].previous is None}
    known = {"Asset", "AssetSC", "Task", "Infrastructure"}
    ignored = Counter(one["entityType"] for one in entities.values() if one["entityType"] not in known)
    tasks = sum(one["entityType"] == "Task" for one in entities.values()) - len(runs)
    if tasks:
        ignored["Task"] = tasks
    return Plan(versions, runs, _in_order(versions, runs, made), made, dict(sorted(ignored.items())))


def _version(key: Key, one: Entity, entities: dict[Key, Entity], scope: str) -> PlannedVersion:
    version = one.get("version") or {}
    form = _resolved(one.get("AssetSC"), entities)
    facts = custom_value(one, scope, naming.VERSION) or {}
    function = str((one.get("assetFC") or {}).get("functionalType") or "")
    kind = str(facts.get("kind") or _kind(function, str(form.get("structuralType") or "")))
    details = (form.get("structuralProperties") or {}).get("fileDetails") or {}
    return PlannedVersion(
        key=key,
        thing=str(facts.get("asset") or ""),
        kind=kind,
        name=str(one.get("name") or details.get("fileName") or key[1]),
        number=_whole(version.get("versionNumber")),
        facts=facts,
        content=custom_value(form, scope, "content") or {},
        label=str(version.get("name") or ""),
        media_type=str(details.get("mediaType") or ""),
        edges=_edges(one, version, scope),
        previous=_key(version.get("RevisionOf")),
        licences=[str(jti) for jti in custom_value(one, scope, naming.LICENCE) or []],
    )


def _edges(one: Entity, version: Entity, scope: str) -> list[PlannedEdge]:
    told = custom_value(one, scope, naming.RELATIONS)
    if told is not None:
        return [_edge(relation) for relation in told if "generation" not in relation]
    parents = [_key(version.get("DerivationOf")), _key((one.get("provenance") or {}).get("Origin"))]
    return [PlannedEdge(parent, RelationKind.EDITED_FROM) for parent in dict.fromkeys(parents) if parent]


def _edge(told: Entity) -> PlannedEdge:
    parent = _key(told["parent"])
    if parent is None or told["kind"] not in RelationKind.values:
        raise ValueError("a relation without parent or of no kind")
    numbers = [told.get(name) for name in ("frameFirst", "frameLast", "parentFirst")]
    if any(number is not None and type(number) is not int for number in numbers):
        raise ValueError("a frame has no number")
    return PlannedEdge(
        parent,
        str(told["kind"]),
        role=_role(told.get("role", "")),
        tool=str(told.get("tool", "")),
        frame_first=numbers[0],
        frame_last=numbers[1],
        parent_first=numbers[2],
        region=_polygon(str(told.get("region", ""))),
        mask=_key(told.get("mask")),
    )


def _run(key: Key, one: Entity, entities: dict[Key, Entity], scope: str) -> PlannedRun | None:
    facts = custom_value(one, scope, naming.GENERATION)
    if facts is None:
        return None
    model = custom_value(_resolved(facts["model"], entities), scope, "model")
    inputs = [(_key(told["asset"]), _role(told["role"])) for told in facts["inputs"]]
    outputs = [_key(told) for told in facts["outputs"]]
    return PlannedRun(
        key,
        dict(model),
        dict(facts),
        [(found, role) for found, role in inputs if found],
        [found for found in outputs if found],
    )


def _share_things(versions: dict[Key, PlannedVersion]) -> None:
    """Give versions of one thing the same name for it: their own, or that of the first version."""
    for one in versions.values():
        first, seen = one, {one.key}
        while first.previous in versions and first.previous not in seen:
            seen.add(first.previous)
            first = versions[first.previous]
        one.thing = one.thing or f"{first.key[0]}:{first.key[1]}"


def _in_order(versions: dict[Key, PlannedVersion], runs: dict[Key, PlannedRun], made: set[Key]) -> list[Key]:
    maker = {output: run.key for run in runs.values() for output in run.outputs if output in made}
    graph: TopologicalSorter[Key] = TopologicalSorter()
    for one in versions.values():
        node = maker.get(one.key, one.key)
        graph.add(node, *(maker.get(need, need) for need in _needs(one) if maker.get(need, need) != node))
    for run in runs.values():
        needed = [key for key, _role in run.inputs] + [key for key in run.outputs if key not in made]
        own = _key(run.model.get("asset"))
        graph.add(run.key, *(maker.get(need, need) for need in [*needed, *([own] if own else [])]))
    try:
        return list(graph.static_order())
    except CycleError as error:
        raise InvalidInput(
            "OMC_CIRCLE", _("In this document something comes from itself."), "/".join(error.args[1][0])[:200]
        ) from error


def _needs(one: PlannedVersion) -> Iterable[Key]:
    yield from (edge.parent for edge in one.edges)
    yield from (edge.mask for edge in one.edges if edge.mask)
    if one.previous:
        yield one.previous


def _resolved(value: Any, entities: dict[Key, Entity]) -> Entity:
    """An entity that is embedded, or that a reference names."""
    if not isinstance(value, dict):
        return {}
    return value if "entityType" in value else entities.get(keys_of(value)[0], {})


def _key(value: Any) -> Key | None:
    keys = keys_of(value) if isinstance(value, dict) else []
    return keys[0] if keys else None


def _kind(function: str, form: str) -> GraphKind:
    if function in {"capture.lidar", "capture.motionCapture"}:
        return GraphKind.SCAN
    by_function = _KIND_OF_FUNCTION.get(function.partition(".")[0])
    return by_function or _KIND_OF_FORM.get(form) or _KIND_OF_FORM.get(form[:13]) or GraphKind.DOCUMENT


def _role(value: Any) -> str:
    if value and value not in InputRole.values:
        raise ValueError("a role that there is not")
    return str(value)


def _whole(value: Any) -> int:
    text = str(value or "").partition(".")[0]
    return int(text) if text.isdecimal() and len(text) < 9 else 0


def _polygon(text: str) -> tuple[tuple[int, int], ...]:
    if not text:
        return ()
    numbers = [int(part) for part in text.replace("(", "").replace(")", "").split(",")]
    return tuple(zip(numbers[::2], numbers[1::2], strict=True))
