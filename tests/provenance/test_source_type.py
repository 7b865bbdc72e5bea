"""The IPTC class of an output follows from how it was made."""

from __future__ import annotations

import pytest

from provenance.source_type import (
    Change,
    GenerationContext,
    Material,
    Origin,
    context_of_uses,
    derive_digital_source_type,
    vocabulary,
)

CAMERA = Material(Origin.CAMERA)
MODEL = Material(Origin.GENERATIVE_MODEL)
HAND = Material(Origin.HUMAN_TOOLS)
SCAN = Material(Origin.NEGATIVE_FILM)

# one row for every concept that can be derived; the retired three stand in the test below
TABLE = [
    ("digitalCapture", (CAMERA,), ()),
    ("computationalCapture", (Material(Origin.MULTI_FRAME_CAMERA),), ()),
    ("negativeFilm", (SCAN,), ()),
    ("positiveFilm", (Material(Origin.POSITIVE_FILM),), ()),
    ("print", (Material(Origin.PRINT),), ()),
    ("humanEdits", (CAMERA,), (Change.HUMAN,)),
    ("humanEdits", (Material(Origin.CAMERA, (Change.ALGORITHMIC,)),), (Change.HUMAN,)),
    ("compositeWithTrainedAlgorithmicMedia", (CAMERA,), (Change.GENERATIVE,)),
    (
        "compositeWithTrainedAlgorithmicMedia",
        (Material(Origin.CAMERA, (Change.GENERATIVE,)),),
        (Change.HUMAN,),
    ),
    ("compositeWithTrainedAlgorithmicMedia", (CAMERA, SCAN), (Change.GENERATIVE,)),
    ("algorithmicallyEnhanced", (CAMERA,), (Change.ALGORITHMIC,)),
    ("digitalCreation", (HAND,), ()),
    ("digitalCreation", (HAND,), (Change.HUMAN,)),
    ("dataDrivenMedia", (Material(Origin.DATA),), ()),
    ("trainedAlgorithmicMedia", (MODEL,), ()),
    ("trainedAlgorithmicMedia", (MODEL,), (Change.HUMAN, Change.ALGORITHMIC)),
    ("algorithmicMedia", (Material(Origin.FORMULA),), ()),
    ("screenCapture", (Material(Origin.SCREEN),), ()),
    ("virtualRecording", (Material(Origin.VIRTUAL_EVENT),), ()),
    ("virtualRecording", (Material(Origin.VIRTUAL_EVENT),), (Change.HUMAN,)),
    ("composite", (CAMERA, HAND), ()),
    ("compositeCapture", (CAMERA, SCAN), (Change.HUMAN,)),
    ("compositeSynthetic", (CAMERA, MODEL), ()),
    ("compositeSynthetic", (CAMERA, Material(Origin.CAMERA, (Change.GENERATIVE,))), ()),
    ("compositeSynthetic", (MODEL, MODEL), (Change.GENERATIVE,)),
]


@pytest.mark.req("GP-021", "GP-038")
@pytest.mark.parametrize(("code", "materials", "changes"), TABLE)
def test_each_context_has_its_concept(code, materials, changes):
    concept = derive_digital_source_type(GenerationContext(materials, changes))
    assert concept.code == code
    assert concept.uri == f"http://cv.iptc.org/newscodes/digitalsourcetype/{code}"


def test_every_living_concept_can_be_derived_and_no_retired_one_is():
    retired = {code for code, concept in vocabulary().items() if concept.retired}
    assert retired == {"minorHumanEdits", "softwareImage", "digitalArt"}
    assert {row[0] for row in TABLE} == set(vocabulary()) - retired


def test_no_combination_of_materials_and_changes_gives_a_retired_concept():
    materials = [Material(origin, (change,)) for origin in Origin for change in Change]
    for first in materials:
        for change in Change:
            one = derive_digital_source_type(GenerationContext((first,), (change,)))
            two = derive_digital_source_type(GenerationContext((first, CAMERA), (change,)))
            assert one.retired is None
            assert two.retired is None


def test_a_generative_part_is_never_hidden_by_what_came_after():
    says_ai = {
        "trainedAlgorithmicMedia",
        "compositeWithTrainedAlgorithmicMedia",
        "compositeSynthetic",
    }
    for changes in [(), (Change.HUMAN,), (Change.ALGORITHMIC,), (Change.HUMAN, Change.GENERATIVE)]:
        for others in [(), (CAMERA,), (HAND, SCAN)]:
            context = GenerationContext((MODEL, *others), changes)
            assert derive_digital_source_type(context).code in says_ai


def test_a_likeness_render_is_an_edit_by_a_model_and_hand_work_is_not():
    assert derive_digital_source_type(context_of_uses(["FACE_RENDER", "VOICE_RENDER"])).code == (
        "compositeWithTrainedAlgorithmicMedia"
    )
    assert derive_digital_source_type(context_of_uses(["DIGITAL_ALTERATION"])).code == "humanEdits"
    # nothing known is taken as the stronger statement
    assert derive_digital_source_type(context_of_uses([])).code == "compositeWithTrainedAlgorithmicMedia"


def test_a_context_without_material_is_misuse():
    with pytest.raises(ValueError, match="at least one material"):
        derive_digital_source_type(GenerationContext(()))
