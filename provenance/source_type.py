"""What kind of thing a media file is, in the words of IPTC: derived from how it was made, never typed in.

The vocabulary is the IPTC Digital Source Type NewsCodes (20 concepts, three of them retired), kept as
data beside this module. ``derive_digital_source_type`` is a pure function over the materials that went
into the output and the changes made to them. Where two concepts fit, the one that says more about
generative AI wins: a later hand edit never hides that a model made the picture.

Example::

    plate = Material(Origin.CAMERA)
    derive_digital_source_type(GenerationContext((plate,), (Change.GENERATIVE,))).code
    # 'compositeWithTrainedAlgorithmicMedia'

Source: cv.iptc.org/newscodes/digitalsourcetype; C2PA specification 2.4, section on actions.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

VOCABULARY_FILE = Path(__file__).parent / "data" / "iptc_digital_source_type.json"


class Origin(StrEnum):
    """How one material came into being."""

    CAMERA = "CAMERA"
    MULTI_FRAME_CAMERA = "MULTI_FRAME_CAMERA"
    NEGATIVE_FILM = "NEGATIVE_FILM"
    POSITIVE_FILM = "POSITIVE_FILM"
    PRINT = "PRINT"
    HUMAN_TOOLS = "HUMAN_TOOLS"
    GENERATIVE_MODEL = "GENERATIVE_MODEL"
    FORMULA = "FORMULA"
    DATA = "DATA"
    SCREEN = "SCREEN"
    VIRTUAL_EVENT = "VIRTUAL_EVENT"


class Change(StrEnum):
    """What was done to a material, or to the finished whole, afterwards."""

    HUMAN = "HUMAN"
    ALGORITHMIC = "ALGORITHMIC"
    GENERATIVE = "GENERATIVE"


_CODE_OF_ORIGIN = {
    Origin.CAMERA: "digitalCapture",
    Origin.MULTI_FRAME_CAMERA: "computationalCapture",
    Origin.NEGATIVE_FILM: "negativeFilm",
    Origin.POSITIVE_FILM: "positiveFilm",
    Origin.PRINT: "print",
    Origin.HUMAN_TOOLS: "digitalCreation",
    Origin.GENERATIVE_MODEL: "trainedAlgorithmicMedia",
    Origin.FORMULA: "algorithmicMedia",
    Origin.DATA: "dataDrivenMedia",
    Origin.SCREEN: "screenCapture",
    Origin.VIRTUAL_EVENT: "virtualRecording",
}
_CAPTURES = frozenset(
    {Origin.CAMERA, Origin.MULTI_FRAME_CAMERA, Origin.NEGATIVE_FILM, Origin.POSITIVE_FILM, Origin.PRINT}
)
# Uses that work on recorded material without a generative model.
_CONVENTIONAL_USES = frozenset({"DIGITAL_ALTERATION", "CAPTURE_SCAN", "SCRIPT_ACCESS"})


@dataclass(frozen=True)
class Concept:
    """One concept of the vocabulary.

    Attributes:
        code: the last part of its address.
        uri: what a C2PA action carries as ``digitalSourceType``.
        label: its name in words.
        retired: the day it was retired, or ``None``.
        replaced_by: the code that took its place, or ``None``.
    """

    code: str
    uri: str
    label: str
    retired: str | None
    replaced_by: str | None


@dataclass(frozen=True)
class Material:
    """One thing that went into an output: where it came from and what was done to it."""

    origin: Origin
    changes: tuple[Change, ...] = ()

    @property
    def is_generative(self) -> bool:
        """Whether a generative model made it or touched it."""
        return self.origin is Origin.GENERATIVE_MODEL or Change.GENERATIVE in self.changes


@dataclass(frozen=True)
class GenerationContext:
    """How an output was made: its materials, and the changes made to the whole."""

    materials: tuple[Material, ...]
    changes: tuple[Change, ...] = ()


@cache
def vocabulary() -> dict[str, Concept]:
    """Return every concept by its code, the retired ones included."""
    rows = json.loads(VOCABULARY_FILE.read_text())["concepts"]
    return {
        row["code"]: Concept(row["code"], row["uri"], row["label"], row["retired"], row["replaced_by"])
        for row in rows
    }


def derive_digital_source_type(context: GenerationContext) -> Concept:
    """Derive the concept that describes an output.

    1. One material: what was done to it and to the whole decides, the most generative first.
    2. Several, and the whole was changed by a model: edited using generative AI.
    3. Several, one of them generative: a composite with generative elements.
    4. Several, all captures of real life that nothing altered but people or plain filters: captured.
    5. Anything else of several parts: a composite.

    Raises:
        ValueError: the context names no material; a thing made of nothing has no source.
    """
    if not context.materials:
        raise ValueError("a generation context names at least one material")
    return vocabulary()[_code(context)]


def context_of_uses(use_types: Iterable[str]) -> GenerationContext:
    """Return the context of a delivery rendered under licences for these uses.

    A likeness render puts a model's work into recorded material, so a generative change of a captured
    plate is the assumption; only uses that name no model at all are taken as work by hand.
    """
    uses = frozenset(use_types)
    change = Change.HUMAN if uses and uses <= _CONVENTIONAL_USES else Change.GENERATIVE
    return GenerationContext((Material(Origin.CAMERA),), (change,))


def _code(context: GenerationContext) -> str:
    if len(context.materials) == 1:
        return _code_of_one(context.materials[0], context.changes)
    if all(material.origin is Origin.GENERATIVE_MODEL for material in context.materials):
        return "compositeSynthetic"
    if Change.GENERATIVE in context.changes:
        return "compositeWithTrainedAlgorithmicMedia"
    if any(material.is_generative for material in context.materials):
        return "compositeSynthetic"
    if all(material.origin in _CAPTURES for material in context.materials):
        return "compositeCapture"
    return "composite"


def _code_of_one(material: Material, changes: tuple[Change, ...]) -> str:
    done = {*material.changes, *changes}
    if material.origin is Origin.GENERATIVE_MODEL:
        return "trainedAlgorithmicMedia"
    if Change.GENERATIVE in done:
        return "compositeWithTrainedAlgorithmicMedia"
    # a virtual event may rest on generative AI: no edit afterwards may hide that
    if material.origin is Origin.VIRTUAL_EVENT:
        return "virtualRecording"
    if Change.HUMAN in done:
        return "humanEdits" if material.origin is not Origin.HUMAN_TOOLS else "digitalCreation"
    if Change.ALGORITHMIC in done:
        return "algorithmicallyEnhanced"
    return _CODE_OF_ORIGIN[material.origin]
