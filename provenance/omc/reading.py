"""Read an OMC document into what a graph can record, in an order in which everything stands before what needs it.

1. the document is held against the schema, and no reference leads nowhere (``checking``);
2. versions of one thing are told by ``RevisionOf``, or by our own custom data in documents that we wrote;
3. parents come from our ``relations``, or from ``DerivationOf`` and ``provenance.Origin`` of anybody's document;
4. tasks that carry our ``generation`` become runs of models; first versions that they made are recorded with them.

A document in, a plan or a refusal out, in memory that does not grow with the document: entities wait in a file of
their own (``spool``), and a plan reads each again when its turn comes. What a graph has no place for (characters, slates, locations, contexts,
decisions, which nobody makes for another) is counted and left out. Texts of prompts are in no document.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, BinaryIO

from django.utils.translation import gettext as _

from common.errors import InvalidInput
from provenance.graph.models import GraphKind, InputRole, RelationKind
from provenance.omc import naming
from provenance.omc.checking import Key, Problem, keys_of
from provenance.omc.naming import Entity, custom_value
from provenance.omc.spool import Spool
from provenance.omc.streaming import roots_in, roots_of

ENTITIES_MAX = 20_000
"""How many entities a document may hold that comes in by HTTP, in one request."""
ENTITIES_OF_A_FILE = 2_000_000
"""The same of a file that the operator brings in by the command."""
_TAKEN = frozenset({"Asset", "AssetSC", "Task", "Infrastructure"})
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


class Plan:
    """What a document would record, each thing after all that it needs; nodes are numbers of the spool.

    Attributes:
        ignored: how many entities of each kind were left out.
    """

    def __init__(self, spool: Spool, scope: str, ignored: dict[str, int]) -> None:
        self.spool, self.scope, self.ignored = spool, scope, ignored

    def steps(self) -> Iterator[int]:
        """Versions and runs in their order; versions that a run makes are not among them."""
        return self.spool.steps()

    def is_run(self, node: int) -> bool:
        """Whether a node is a run."""
        return self.spool.kind(node) == "Task"

    def version(self, node: int) -> PlannedVersion:
        """A version."""
        told = _version(self.spool, node, self.scope)
        first = self.spool.key(self.spool.first(node))
        told.thing = told.thing or f"{first[0]}:{first[1]}"
        return told

    def versions(self) -> Iterator[tuple[int, Key]]:
        """Every version that is planned, those of runs too."""
        return ((node, self.spool.key(node)) for node in self.spool.of_kind("Asset"))

    def run(self, node: int) -> PlannedRun:
        """A run."""
        run = _run(self.spool, node, self.scope)
        if run is None:
            raise ValueError("a step that is no run")
        return run

    def node(self, key: Key) -> int:
        """The number of a version that something names."""
        return _asset(self.spool, key)


def read_document(document: Any, *, scope: str, most: int = ENTITIES_MAX) -> Plan:
    """Read a document.

    Args:
        document: read already, or a binary stream of it.
        scope: this deployment's own, whose custom data is understood.
        most: how many entities it may hold, by their identifiers.

    Raises:
        Malformed: ``JSON_MALFORMED``, of a stream.
        InvalidInput: ``OMC_INVALID`` (schema, dangling references), ``OMC_TOO_LARGE``, ``OMC_CIRCLE`` or
            ``OMC_FACTS_UNREADABLE`` (our own custom data, and it does not read).
    """
    roots = roots_in(document) if hasattr(document, "read") else roots_of(document)
    spool = Spool()
    for root in roots:
        if spool.count >= most and not spool.knows(root[0]):
            raise _too_large(most)  # before anything else is done with it
        _require_none(spool.add(root))
        if spool.count > most:
            raise _too_large(most)
    _require_none(list(islice(spool.dangling(), 1)))
    try:
        return _planned(spool, scope)
    except (TypeError, ValueError, KeyError, AttributeError, IndexError) as error:
        raise InvalidInput(
            "OMC_FACTS_UNREADABLE", _("Custom data of ours does not read."), type(error).__name__
        ) from error


def problems_in(stream: BinaryIO) -> Iterator[Problem]:
    """What is wrong with a document, as it is read; nothing means that it holds.

    Raises:
        Malformed, InvalidInput: as :func:`read_document`.
    """
    spool, count = Spool(), 0
    for root in roots_in(stream):
        for problem in spool.add(root):
            count += 1
            yield problem
    if not count:  # what did not hold was not taken in, and its references would lead nowhere
        yield from spool.dangling()


def _require_none(problems: list[Problem]) -> None:
    if problems:
        first = problems[0]
        raise InvalidInput("OMC_INVALID", _("This is no OMC-JSON 2.8."), f"{first.where}: {first.says}")


def _too_large(most: int) -> InvalidInput:
    return InvalidInput(
        "OMC_TOO_LARGE",
        _("A document may hold %(most)s entities; export smaller parts.") % {"most": most},
    )


def _planned(spool: Spool, scope: str) -> Plan:
    for node in spool.of_kind("Asset"):
        told = _version(spool, node, scope)
        spool.set_previous(node, _asset(spool, told.previous) if told.previous else None)
    runs = 0
    for node in spool.of_kind("Task"):
        if (run := _run(spool, node, scope)) is not None:
            runs += 1
            for key in run.outputs:
                spool.set_maker(_asset(spool, key), node)
    for node in spool.of_kind("Asset"):
        told = _version(spool, node, scope)
        spool.need(_maker(spool, node), [_maker(spool, _asset(spool, need)) for need in _needs(told)])
    for node in spool.of_kind("Task"):
        if (run := _run(spool, node, scope)) is not None:
            spool.need(node, [_maker(spool, _asset(spool, need)) for need in _needs_of_run(run)])
    if (stuck := spool.put_in_order()) is not None:
        where = "/".join(spool.key(stuck))[:200]
        raise InvalidInput("OMC_CIRCLE", _("In this document something comes from itself."), where)
    return Plan(spool, scope, _ignored(spool.kinds(), runs))


def _ignored(kinds: dict[str, int], runs: int) -> dict[str, int]:
    ignored = {kind: count for kind, count in kinds.items() if kind not in _TAKEN}
    if tasks := kinds.get("Task", 0) - runs:
        ignored["Task"] = tasks
    return dict(sorted(ignored.items()))


def _maker(spool: Spool, node: int) -> int:
    return spool.maker(node) or node


def _asset(spool: Spool, key: Key) -> int:
    node = spool.find(key)
    if node is None or spool.kind(node) != "Asset":
        raise ValueError("no asset")
    return node


def _version(spool: Spool, node: int, scope: str) -> PlannedVersion:
    key, one = spool.key(node), spool.entity(node)
    version = one.get("version") or {}
    form = _resolved(one.get("AssetSC"), spool)
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


def _run(spool: Spool, node: int, scope: str) -> PlannedRun | None:
    key, one = spool.key(node), spool.entity(node)
    facts = custom_value(one, scope, naming.GENERATION)
    if facts is None:
        return None
    model = custom_value(_resolved(facts["model"], spool), scope, "model")
    inputs = [(_key(told["asset"]), _role(told["role"])) for told in facts["inputs"]]
    outputs = [_key(told) for told in facts["outputs"]]
    return PlannedRun(
        key,
        dict(model),
        dict(facts),
        [(found, role) for found, role in inputs if found],
        [found for found in outputs if found],
    )


def _needs_of_run(run: PlannedRun) -> Iterable[Key]:
    yield from (key for key, _role in run.inputs)
    yield from run.outputs
    if (own := _key(run.model.get("asset"))) is not None:
        yield own


def _needs(one: PlannedVersion) -> Iterable[Key]:
    yield from (edge.parent for edge in one.edges)
    yield from (edge.mask for edge in one.edges if edge.mask)
    if one.previous:
        yield one.previous


def _resolved(value: Any, spool: Spool) -> Entity:
    """An entity that is embedded, or that a reference names."""
    if not isinstance(value, dict):
        return {}
    if "entityType" in value:
        return value
    node = spool.find(_key(value))
    return {} if node is None else spool.entity(node)


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
