"""Derive a version's IPTC source type from what it was made of. A pure function; nobody types the answer in.

A version made of nothing else says how it came into being (``Origin``). One that was made of others takes their
types as materials and the ways in which they were used as changes. What only steered the work (a script, a mask, a
model, a control image) is no material.

    >>> derive("CAMERA", [], is_generated=False)
    'digitalCapture'
    >>> derive("", [Edge("COMPOSITED_FROM", "", "digitalCapture"),
    ...             Edge("COMPOSITED_FROM", "", "trainedAlgorithmicMedia")], is_generated=False)
    'compositeSynthetic'
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from provenance.source_type import (
    Change,
    GenerationContext,
    Material,
    Origin,
    context_of_uses,
    derive_digital_source_type,
)

_UNCHANGED = frozenset({"TRANSCODED_FROM", "MARKED_FROM"})
_NO_MATERIAL = frozenset({"ACCORDING_TO", "TRAINED_ON"})
_CHANGE = {"EDITED_FROM": Change.HUMAN, "ENHANCED_FROM": Change.ALGORITHMIC}
_PLATE = "PLATE"
_MATERIAL = {
    "digitalCapture": Material(Origin.CAMERA),
    "computationalCapture": Material(Origin.MULTI_FRAME_CAMERA),
    "negativeFilm": Material(Origin.NEGATIVE_FILM),
    "positiveFilm": Material(Origin.POSITIVE_FILM),
    "print": Material(Origin.PRINT),
    "digitalCreation": Material(Origin.HUMAN_TOOLS),
    "trainedAlgorithmicMedia": Material(Origin.GENERATIVE_MODEL),
    "algorithmicMedia": Material(Origin.FORMULA),
    "dataDrivenMedia": Material(Origin.DATA),
    "screenCapture": Material(Origin.SCREEN),
    "virtualRecording": Material(Origin.VIRTUAL_EVENT),
    "humanEdits": Material(Origin.CAMERA, (Change.HUMAN,)),
    "algorithmicallyEnhanced": Material(Origin.CAMERA, (Change.ALGORITHMIC,)),
    "compositeCapture": Material(Origin.CAMERA),
    "composite": Material(Origin.HUMAN_TOOLS),
    "compositeWithTrainedAlgorithmicMedia": Material(Origin.CAMERA, (Change.GENERATIVE,)),
    "compositeSynthetic": Material(Origin.CAMERA, (Change.GENERATIVE,)),
}
GENERATIVE = frozenset(
    {"trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia", "compositeSynthetic"}
)
"""The types that say that a generative model had a part."""


@dataclass(frozen=True, slots=True)
class Edge:
    """How a parent was used, and its own type; ``code`` is empty for what is no media."""

    kind: str
    role: str
    code: str


_ORIGIN = {
    **{str(origin): Material(origin) for origin in Origin},
    # what was rendered under a licence and says no more: a model's work in recorded material, or work by hand
    "LIKENESS_RENDER": Material(Origin.CAMERA, (Change.GENERATIVE,)),
    "LIKENESS_ALTERATION": Material(Origin.CAMERA, (Change.HUMAN,)),
}
ORIGINS = frozenset(_ORIGIN)
"""The words for how a thing came into being that was made of nothing else."""


_BY_RENDER, _BY_ALTERATION = "LIKENESS_RENDER", "LIKENESS_ALTERATION"
_LICENSED_CHANGE = {_BY_RENDER: Change.GENERATIVE, _BY_ALTERATION: Change.HUMAN}


class OriginMissing(ValueError):
    """A version was made of nothing and does not say how."""


def derive(origin: str, edges: Sequence[Edge], *, is_generated: bool) -> str:
    """Return the code of the concept that describes a version.

    1. A model made it: from a plate, the plate was changed by a model; from anything else or nothing, it is the
       model's. What it was composited from besides counts as material.
    2. One parent whose bytes were only carried over: the parent's type; so with parts named beside it, as long as the
       carried type itself says that a model had a part.
    3. Parts of one type that were only put one after another: their type.
    4. Otherwise the parents are materials, and the ways in which they were used are changes of the whole.
    5. No parents that are media: the stated origin.
    6. What a licence let be done to the whole is added, where the parents say less (:func:`under_licence`).

    Args:
        origin: a word of ``ORIGINS``, or empty.
        is_generated: whether a generation record names the version as its output.

    Raises:
        OriginMissing: neither parents nor an origin.
    """
    return under_licence(origin, _derived(origin, edges, is_generated=is_generated))


def licensed_origin(use_types: Iterable[str]) -> str:
    """The word for what licences for these uses let be done to a work; empty: they let nothing be changed in it."""
    uses = frozenset(use_types)
    if Change.GENERATIVE in context_of_uses(uses).changes:
        return _BY_RENDER
    return _BY_ALTERATION if "DIGITAL_ALTERATION" in uses else ""


def under_licence(origin: str, code: str) -> str:
    """The class of a work of class ``code`` once what a licence let be done to it counts; it never says less than before.

    A model's work stays what it is, and so does a composite, of which people's edits are a part anyway.

    >>> under_licence("LIKENESS_ALTERATION", "digitalCapture"), under_licence("LIKENESS_RENDER", "digitalCapture")
    ('humanEdits', 'compositeWithTrainedAlgorithmicMedia')
    """
    change = _LICENSED_CHANGE.get(origin)
    if change is None or not code or code in GENERATIVE:
        return code
    if change is Change.HUMAN and code.startswith("composite"):
        return code
    return _code((_MATERIAL[code],), (change,))


def with_materials(code: str, materials: Iterable[str]) -> str:
    """The class of a work recorded as ``code``, once the classes of what it was made of count: a model is never hidden."""
    made = [one for one in materials if one in GENERATIVE]
    if not code or not made or code in GENERATIVE:
        return code
    return _code(tuple(_MATERIAL[one] for one in (code, *made)), ())


def _derived(origin: str, edges: Sequence[Edge], *, is_generated: bool) -> str:
    used = [edge for edge in edges if edge.code and edge.kind not in _NO_MATERIAL]
    whole = [edge for edge in used if edge.kind != "GENERATED_FROM"]
    plates = [edge for edge in used if edge.kind == "GENERATED_FROM" and edge.role == _PLATE]
    if is_generated or len(used) > len(whole):
        made = tuple(Material(_MATERIAL[edge.code].origin, (Change.GENERATIVE,)) for edge in plates)
        materials = made or (Material(Origin.GENERATIVE_MODEL),)
        return _code(tuple(_MATERIAL[edge.code] for edge in whole) + materials, _changes(whole))
    carried = [edge for edge in whole if edge.kind in _UNCHANGED]
    if len(carried) == 1:
        parts = {edge.kind for edge in whole if edge is not carried[0]}
        if not parts or (parts == {"CONTAINS"} and carried[0].code in GENERATIVE):
            return carried[0].code
    if whole and {(edge.kind, edge.code) for edge in whole} == {("CONTAINS", whole[0].code)}:
        return whole[0].code
    if whole:
        return _code(tuple(_MATERIAL[edge.code] for edge in whole), _changes(whole))
    if origin not in _ORIGIN:
        raise OriginMissing(origin)
    return _code((_ORIGIN[origin],), ())


def _changes(edges: Sequence[Edge]) -> tuple[Change, ...]:
    return tuple(dict.fromkeys(_CHANGE[edge.kind] for edge in edges if edge.kind in _CHANGE))


def _code(materials: tuple[Material, ...], changes: tuple[Change, ...]) -> str:
    return derive_digital_source_type(GenerationContext(materials, changes)).code
