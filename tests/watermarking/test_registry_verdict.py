"""The rules between layers and keys, as tables: what is named, what is unsure, what is called absent."""

from __future__ import annotations

import msgspec
import pytest

from watermarking.cards import load_pixel_card
from watermarking.reports import (
    DetectedSegment,
    DetectReport,
    LayerDetection,
    LayerName,
    Transformation,
    VariantReading,
)
from watermarking.signal.evidence import Candidate, judge
from watermarking.verdict import combined, thresholds_of, transformation_of, under_keys

BOUNDS = load_pixel_card().thresholds
ONE, TWO = "00000000000000a1", "00000000000000b2"


def layer(status: str, p_value: float, payload: str | None = None) -> LayerDetection:
    return LayerDetection(
        status=status,  # type: ignore[arg-type]
        payload=payload,
        p_value=p_value,
        confidence=0.99 if payload else 0.0,
        method="blind",
        score=12.0,
        geometry="identity",
        card="pixel-1",
        thresholds=thresholds_of(BOUNDS),
    )


PRESENT, OTHER = layer("present", 1e-12, ONE), layer("present", 1e-11, TWO)
UNSURE, ABSENT = layer("uncertain", 1e-8), layer("absent", 1.0)


@pytest.mark.req("LV-053")
@pytest.mark.req("LV-185")
@pytest.mark.req("BX-016")
@pytest.mark.parametrize(
    ("p_value", "log_odds", "hint", "status"),
    [
        # p-value of the word, how far its rival is, p-value of the pilots
        (1e-9, 10.0, 1.0, "present"),
        (1e-30, 9.99, 1.0, "uncertain"),
        (1.01e-9, 50.0, 1.0, "uncertain"),
        (4.9e-7, 0.0, 1.0, "uncertain"),
        (5.1e-7, 0.0, 1.0, "absent"),
        (1.0, 0.0, 4.9e-7, "uncertain"),
        (1.0, 0.0, 5.1e-7, "absent"),
        (1.0, 0.0, 1.0, "absent"),
        (1.0, 99.0, 0.0, "uncertain"),
    ],
)
def test_borderline_evidence_is_uncertain_and_never_absent_or_present(
    p_value: float, log_odds: float, hint: float, status: str
) -> None:
    best = Candidate(payload=7, score=11.0, log_odds=log_odds, method="blind", p_value=p_value)
    answer = judge(best, hint=hint, bounds=BOUNDS)
    assert answer.status == status
    assert (answer.payload is not None) == (status == "present")
    assert (answer.confidence > 0.99) == (status == "present")


@pytest.mark.req("LV-053")
@pytest.mark.req("LV-036")
@pytest.mark.parametrize(
    ("pixel", "audio", "status", "payload"),
    [
        (PRESENT, PRESENT, "present", ONE),
        (PRESENT, ABSENT, "present", ONE),
        (ABSENT, PRESENT, "present", ONE),
        (PRESENT, UNSURE, "present", ONE),
        (PRESENT, None, "present", ONE),
        (None, PRESENT, "present", ONE),
        (PRESENT, OTHER, "uncertain", None),
        (UNSURE, ABSENT, "uncertain", None),
        (ABSENT, UNSURE, "uncertain", None),
        (UNSURE, None, "uncertain", None),
        (ABSENT, ABSENT, "absent", None),
        (None, ABSENT, "absent", None),
        (None, None, "absent", None),
    ],
)
def test_a_file_is_judged_by_its_layers(
    pixel: LayerDetection | None, audio: LayerDetection | None, status: str, payload: str | None
) -> None:
    report = combined({"pixel": pixel, "audio": audio}, [])
    assert (report.status, report.payload) == (status, payload)
    best = min((one.p_value for one in (pixel, audio) if one), default=1.0)
    claimed = [one.p_value for one in (pixel, audio) if one and one.payload == payload]
    best = min(claimed) if payload else best
    read = sum(one is not None for one in (pixel, audio))
    assert report.p_value == min(1.0, max(read, 1) * best)


@pytest.mark.req("LV-053")
def test_a_claim_pays_for_every_layer_and_is_asked_again() -> None:
    edge = layer("present", 6e-10, ONE)
    alone, both = (
        combined({"pixel": edge, "audio": None}, []),
        combined({"pixel": edge, "audio": ABSENT}, []),
    )
    assert (alone.status, alone.payload, alone.p_value) == ("present", ONE, 6e-10)
    assert (both.status, both.payload, both.confidence) == ("uncertain", None, 0.0)
    # the p-value is that of the layer that claims, not of one that only hints
    hint = layer("uncertain", 1e-20)
    assert combined({"pixel": hint, "audio": PRESENT}, []).p_value == 2e-12


def test_a_layer_that_claims_nothing_any_more_has_no_stretch_that_claims() -> None:
    faint = layer("present", 6e-10, ONE)
    sure = (VariantReading("original", "present", 1e-15),)
    segment = DetectedSegment("pixel", 0.0, 5.0, "present", ONE, 1e-15, sure)
    report = combined({"pixel": faint, "audio": None}, [segment])
    merged = under_keys([("1", report)], tried=2)
    found = merged.segments[0]
    assert merged.layers["pixel"] is not None
    assert merged.layers["pixel"].status == "uncertain"
    assert (found.status, found.payload, found.variants[0].status) == ("uncertain", None, "uncertain")
    kept = under_keys([("1", report)], tried=1).segments[0]
    assert (kept.status, kept.payload) == ("present", ONE)


def under(one: LayerDetection) -> DetectReport:
    variants = (VariantReading("original", one.status, one.p_value),)
    segment = DetectedSegment("pixel", 0.0, 5.0, one.status, one.payload, one.p_value, variants)
    return combined({"pixel": one, "audio": None}, [segment])


@pytest.mark.parametrize(
    ("p_value", "tried", "status"),
    [
        (4e-10, 2, "present"),
        (6e-10, 2, "uncertain"),
        (1e-10, 10, "present"),
        (1.1e-10, 10, "uncertain"),
        (9e-10, 2000, "absent"),
    ],
)
def test_every_key_that_is_tried_is_paid_for(p_value: float, tried: int, status: str) -> None:
    merged = under_keys([("1", under(ABSENT)), ("2", under(layer("present", p_value, ONE)))], tried=tried)
    found = merged.layers["pixel"]
    assert found is not None
    assert (found.status, found.key_id, found.keys_tried) == (status, "2", tried)
    assert found.p_value == pytest.approx(p_value * tried)
    assert (found.payload, merged.payload) == ((ONE, ONE) if status == "present" else (None, None))
    segment = merged.segments[0]
    assert (segment.status, segment.variants[0].status, segment.payload) == (status, status, found.payload)
    assert segment.variants[0].p_value == pytest.approx(p_value * tried)


def test_an_unsure_reading_under_more_keys_fades_and_never_grows() -> None:
    assert under_keys([("1", under(UNSURE))], tried=10).status == "uncertain"
    assert under_keys([("1", under(UNSURE))], tried=1000).status == "absent"
    assert under_keys([("1", under(ABSENT))], tried=1).status == "absent"
    with pytest.raises(ValueError, match="nothing"):
        under_keys([], tried=1)


@pytest.mark.req("LV-187")
@pytest.mark.parametrize(
    ("words", "numbers"),
    [
        ("identity", {}),
        ("mirrored", {"mirrored": True}),
        ("scale 0.500", {"scale": 0.5, "mirrored": False}),
        (
            "mirrored, scale 1.020, turned -2.0 degrees",
            {"scale": 1.02, "turn_degrees": -2.0, "mirrored": True},
        ),
        ("tempo 1.0400, pitch 0.98", {"tempo": 1.04, "pitch": 0.98}),
    ],
)
def test_what_was_done_to_a_medium_is_told_in_numbers(words: str, numbers: dict[str, object]) -> None:
    assert transformation_of(words) == Transformation(**numbers)  # type: ignore[arg-type]
    assert msgspec.to_builtins(transformation_of(words)) == numbers


@pytest.mark.req("LV-187")
@pytest.mark.parametrize(
    ("name", "found", "geometry", "numbers"),
    [
        ("pixel", PRESENT, "scale 1.410", {"scale": 1.41, "crop": 0.5, "mirrored": False}),
        ("pixel", UNSURE, "mirrored, scale 2.000", {"scale": 2.0, "crop": 0.25, "mirrored": True}),
        # something was laid around it, or nothing but the search's own step
        ("pixel", PRESENT, "scale 0.800", {"scale": 0.8, "mirrored": False}),
        ("pixel", PRESENT, "scale 1.010", {"scale": 1.01, "mirrored": False}),
        ("pixel", PRESENT, "identity", {}),
        ("audio", PRESENT, "tempo 1.0400, pitch 0.98", {"tempo": 1.04, "pitch": 0.98}),
        # where nothing was found, nothing is known of what was done
        ("pixel", ABSENT, "scale 1.410", {}),
    ],
)
def test_a_report_tells_how_much_of_a_picture_is_left_and_which_form_was_read(
    name: LayerName, found: LayerDetection, geometry: str, numbers: dict[str, object]
) -> None:
    seen = msgspec.structs.replace(found, geometry=geometry, transformation=transformation_of(geometry))
    variants = (VariantReading("original", seen.status, seen.p_value),)
    segment = DetectedSegment(name, 0.0, 5.0, seen.status, seen.payload, seen.p_value, variants)
    told = combined({"pixel": None, "audio": None} | {name: seen}, [segment]).as_dict()
    assert told["layers"][name]["transformation"] == numbers
    form = "original" if geometry == "identity" else f"normalised: {geometry}"
    assert [one["name"] for one in told["segments"][0]["variants"]] == [form]
