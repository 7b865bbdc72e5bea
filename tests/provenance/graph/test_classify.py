"""What a version is in IPTC's words, from its edges: every one of the twenty concepts, and nothing typed in."""

from __future__ import annotations

import pytest

from provenance.graph.classify import (
    _MATERIAL,
    GENERATIVE,
    ORIGINS,
    Edge,
    OriginMissing,
    derive,
    licensed_origin,
)
from provenance.graph.models import InputRole, RelationKind
from provenance.source_type import vocabulary

LIVING = sorted(code for code, concept in vocabulary().items() if not concept.retired)
CAMERA, MODEL, HAND = "digitalCapture", "trainedAlgorithmicMedia", "digitalCreation"


def edge(kind: str, code: str, role: str = "") -> Edge:
    return Edge(kind, role, code)


@pytest.mark.req("GP-021", "GP-038")
def test_the_vocabulary_is_whole_and_each_living_concept_can_be_a_parent() -> None:
    assert (len(vocabulary()), len(LIVING)) == (20, 17)
    assert set(LIVING) == set(_MATERIAL)


@pytest.mark.req("GP-021", "GP-038")
@pytest.mark.parametrize("code", LIVING)
def test_bytes_that_were_carried_over_keep_their_type_and_a_model_always_shows(code: str) -> None:
    assert derive("", [edge("TRANSCODED_FROM", code)], is_generated=False) == code
    assert derive("", [edge("MARKED_FROM", code)], is_generated=False) == code
    assert derive("", [edge("CONTAINS", code), edge("CONTAINS", code)], is_generated=False) == code
    assert derive("", [edge("GENERATED_FROM", code, "REFERENCE")], is_generated=True) == MODEL
    assert derive("", [edge("GENERATED_FROM", code, "PLATE")], is_generated=True) in GENERATIVE
    mixed = [edge("COMPOSITED_FROM", code), edge("COMPOSITED_FROM", MODEL)]
    assert derive("", mixed, is_generated=False) in GENERATIVE
    edited = derive("", [edge("EDITED_FROM", code)], is_generated=False)
    assert (edited in GENERATIVE) == (code in GENERATIVE)


@pytest.mark.req("GP-038", "GP-039")
@pytest.mark.parametrize(
    ("code", "origin", "edges", "is_generated"),
    [
        (CAMERA, "CAMERA", [], False),
        ("computationalCapture", "MULTI_FRAME_CAMERA", [], False),
        ("negativeFilm", "NEGATIVE_FILM", [], False),
        ("positiveFilm", "POSITIVE_FILM", [], False),
        ("print", "PRINT", [], False),
        (HAND, "HUMAN_TOOLS", [], False),
        ("algorithmicMedia", "FORMULA", [], False),
        ("dataDrivenMedia", "DATA", [], False),
        ("screenCapture", "SCREEN", [], False),
        ("virtualRecording", "VIRTUAL_EVENT", [], False),
        (MODEL, "GENERATIVE_MODEL", [], False),
        ("humanEdits", "", [edge("EDITED_FROM", CAMERA)], False),
        ("algorithmicallyEnhanced", "", [edge("ENHANCED_FROM", CAMERA)], False),
        ("compositeCapture", "", [edge("COMPOSITED_FROM", CAMERA), edge("COMPOSITED_FROM", "negativeFilm")], False),
        ("composite", "", [edge("COMPOSITED_FROM", CAMERA), edge("COMPOSITED_FROM", HAND)], False),
        ("compositeSynthetic", "", [edge("COMPOSITED_FROM", CAMERA), edge("COMPOSITED_FROM", MODEL)], False),
        ("compositeWithTrainedAlgorithmicMedia", "", [edge("GENERATED_FROM", CAMERA, "PLATE")], True),
        # the same bytes, and which parts they have: nothing is added, and nothing hides a model's part
        (MODEL, "", [edge("TRANSCODED_FROM", MODEL), edge("CONTAINS", CAMERA)], False),
        ("compositeSynthetic", "", [edge("TRANSCODED_FROM", CAMERA), edge("CONTAINS", MODEL)], False),
        # what is said of a model's work does not count
        (MODEL, "CAMERA", [], True),
    ],
)  # fmt: skip
def test_each_way_of_making_has_its_concept(
    code: str, origin: str, edges: list[Edge], is_generated: bool
) -> None:
    assert derive(origin, edges, is_generated=is_generated) == code


def test_no_way_of_making_gives_a_retired_concept_and_none_gives_nothing() -> None:
    given = {derive(origin, [], is_generated=False) for origin in ORIGINS}
    given |= {
        derive("CAMERA", [edge(str(kind), code, str(role))], is_generated=made)
        for kind in RelationKind.values
        for code in LIVING
        for role in ("", *InputRole.values)
        for made in (True, False)
    }
    assert given <= set(LIVING)
    with pytest.raises(OriginMissing):
        derive("", [edge("ACCORDING_TO", HAND)], is_generated=False)


@pytest.mark.req("GP-021", "GP-038")
@pytest.mark.parametrize("code", LIVING)
def test_what_a_licence_let_be_done_is_added_to_bytes_that_were_recorded_as_something_less(code: str) -> None:
    carried = [edge("TRANSCODED_FROM", code)]
    render, alter, scan = (
        derive(licensed_origin(uses), carried, is_generated=False)
        for uses in (["DIGITAL_ALTERATION", "FACE_RENDER"], ["DIGITAL_ALTERATION"], ["CAPTURE_SCAN"])
    )
    assert scan == code
    assert render in GENERATIVE
    if code in GENERATIVE:
        assert render == alter == code
    elif code == CAMERA:
        assert alter == "humanEdits"
    elif code in {"composite", "compositeCapture", "digitalCreation", "virtualRecording"}:
        assert alter == code  # people's edits are a part of it anyway, or would hide what it is
    else:
        assert alter == "humanEdits"
