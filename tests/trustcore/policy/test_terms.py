"""Terms are read strictly, written in one form, and change only by version."""

import contextlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trustcore.samples import FILM_A, body, terms, training_terms
from trustcore.errors import InvalidTerms, TrustError
from trustcore.policy.shape import YOUNGER_FIELDS
from trustcore.policy.terms import (
    canonical_terms,
    format_time,
    open_window,
    parse_terms,
    parse_time,
    terms_hash,
    with_version,
)

VECTORS = json.loads((Path(__file__).resolve().parents[2] / "vectors/terms.json").read_bytes())


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_known_answer(vector):
    read = parse_terms(vector["input"])
    assert canonical_terms(read).decode() == vector["canonical"]
    assert terms_hash(read) == vector["terms_hash"]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_canonical_bytes_are_read_and_written_back_unchanged(vector):
    written = vector["canonical"].encode()
    assert canonical_terms(parse_terms(written)) == written


def test_order_of_sets_and_spelling_of_times_do_not_change_the_hash():
    other = body(
        use_types=["VOICE_RENDER", "FACE_RENDER"],
        render_territory=["GB", "US_CANADA"],
        window={"not_before": "2026-08-01T02:00:00+02:00", "not_after": "2026-10-30T00:00:00.5Z"},
    )
    assert terms_hash(parse_terms(other)) == terms_hash(terms())


@pytest.mark.parametrize(
    "change",
    [
        {"scope__frames_max": 3001},
        {"use_types": ["FACE_RENDER"]},
        {"description": "Her face on the 1998 scenes of Ada Merrow."},
        {"project__id": "another"},
        {"training__separate_token_required": True, "marking__c2pa": False},
    ],
)
def test_each_change_of_content_changes_the_hash(change):
    assert terms_hash(terms(**change)) != terms_hash(terms())


REFUSED = [
    ({"surprise": 1}, None, "surprise"),
    ({"scope__frames_min": 1}, "scope", "frames_min"),
    ({"use_types": ["FLY"]}, "use_types[0]", "FLY"),
    ({"use_types": ["face_render"]}, "use_types[0]", "face_render"),
    ({"use_types": []}, "use_types", "at least one"),
    ({"constructs": []}, "constructs", "at least one"),
    ({"exploitation__channels": []}, "exploitation.channels", "at least one"),
    ({"render_territory": []}, "render_territory", "at least one"),
    ({"render_territory": ["MARS"]}, "render_territory", "MARS"),
    ({"scope__frames_max": -1}, "scope.frames_max", ">= 0"),
    ({"scope__frames_max": 3000.0}, "scope.frames_max", "float"),
    ({"scope__frames_max": True}, "scope.frames_max", "bool"),
    ({"scope__frames_max": "3000"}, "scope.frames_max", "str"),
    ({"scope__resolution_max": "4096 x 2160"}, "scope.resolution_max", "regex"),
    ({"licensee": "a studio\n"}, "licensee", "regex"),
    ({"description": "   "}, "description", "blanket"),
    ({"description": "Her face\u202e ecaf reh"}, "description", "invisible"),
    ({"compensation__due": "on delivery\ud800"}, "compensation.due", "invisible"),
    ({"scope__characters": ["Ada\u200b Merrow"]}, "scope.characters[0]", "invisible"),
    ({"project__title": ""}, "project.title", "length"),
    ({"window": {"not_before": "2026-08-01T00:00:00Z"}}, "window", "both ends"),
    ({"window": {}}, "window", "both ends"),
    ({"window__not_after": "2026-07-01T00:00:00Z"}, "window.not_after", "before it begins"),
    ({"window__days": 91}, "window.days", "90 days apart"),
    ({"window__not_before": "2026-08-01"}, "window.not_before", "written like"),
    ({"window__not_before": "2026-02-30T00:00:00Z"}, "window.not_before", "no such moment"),
    ({"content": {"NUDITEE": "ALLOWED"}}, "content.NUDITEE", "no such"),
    ({"content": {"NUDITY": 3}}, "content.NUDITY", "no levels"),
    ({"content": {"VIOLENCE": 6}}, "content[...]", "<= 5"),
    ({"content": {"SEXUAL_CONTENT_MINOR": "ALLOWED"}}, "content.SEXUAL_CONTENT_MINOR", "no agreement"),
    ({"ratings": {"MPA": "18"}}, "ratings.MPA", "no such rating"),
    ({"ratings": {"FSK": "12"}}, "ratings", "FSK"),
    ({"exploitation__edit_rights": ["REMIX"]}, "exploitation.edit_rights", "REMIX"),
    ({"approvals__mode": "QUORUM"}, "approvals.quorum", "number"),
    ({"governing_law": "Mars"}, "governing_law", "ISO"),
    ({"supersedes": "sha256:00"}, "supersedes", "first version"),
    ({"terms_version": 2}, "supersedes", "later version"),
    ({"schema": "trustmark.terms/2"}, "schema", "regex"),
    ({"training": {"separate_token_required": False}}, "training.separate_token_required", "its own"),
]


@pytest.mark.parametrize(("change", "path", "says"), REFUSED, ids=lambda value: str(value)[:40])
def test_terms_outside_the_schema_are_refused_with_the_field_path(change, path, says):
    with pytest.raises(InvalidTerms) as refused:
        terms(**change)
    assert refused.value.code == "TERMS_INVALID"
    assert refused.value.path == path
    assert says in refused.value.detail


@pytest.mark.parametrize(
    "data",
    [
        b"{",
        b"[]",
        b'{"schema":"trustmark.terms/1","schema":"trustmark.terms/1"}',
        b'{"terms_version":NaN}',
        b"\xff",
    ],
)
def test_bytes_that_are_not_strict_json_are_refused(data):
    with pytest.raises(TrustError) as refused:
        parse_terms(data)
    assert refused.value.code == "TERMS_INVALID"


def test_terms_larger_than_the_limit_are_refused():
    with pytest.raises(InvalidTerms, match="longer than"):
        parse_terms(json.dumps(body(description="x" * 300_000)).encode())


@pytest.mark.parametrize(
    "change",
    [
        {"use_types": ["FACE_RENDER", "TRAINING_REPLICA"]},
        {"use_types": ["TRAINING_REPLICA"]},
        {"training": {"allowed": True}},
        {"use_types": ["FACE_RENDER", "FINE_TUNE"], "training": {"allowed": True}},
    ],
)
@pytest.mark.req("ST-080")
def test_training_and_render_rights_never_stand_in_the_same_terms(change):
    assert training_terms().training.allowed
    assert not terms().training.allowed
    with pytest.raises(InvalidTerms):
        terms(**change)


def test_hard_defaults_are_written_out_as_prohibited():
    content = terms(content={"VIOLENCE": 2, "NUDITY": "APPROVAL_REQUIRED"}).to_dict()["content"]
    assert content["SIMULATED_SEX"] == "PROHIBITED"
    assert content["NUDITY"] == "APPROVAL_REQUIRED"
    assert content["VIOLENCE"] == 2
    assert "GORE" not in content


@pytest.mark.req("ST-001")
def test_terms_without_a_project_are_a_blanket_consent_and_refused():
    assert terms().project.id == FILM_A
    blank = body()
    del blank["project"]
    with pytest.raises(InvalidTerms, match="project"):
        parse_terms(blank)
    with pytest.raises(InvalidTerms):
        terms(project__id="")


@pytest.mark.req("ST-061")
def test_change_makes_a_new_version_and_leaves_the_old_one_as_it_was():
    first = terms()
    before = canonical_terms(first)
    second = with_version(parse_terms(first.to_dict() | {"vendors": []}), 2, terms_hash(first))
    assert (second.terms_version, second.supersedes) == (2, terms_hash(first))
    assert terms_hash(second) != terms_hash(first)
    with pytest.raises(AttributeError):
        first.vendors = ()
    assert canonical_terms(first) == before
    with pytest.raises(InvalidTerms):
        with_version(first, 2, None)


def test_to_dict_is_a_copy_that_cannot_reach_the_terms():
    first = terms()
    first.to_dict()["content"]["NUDITY"] = "ALLOWED"
    assert first.to_dict()["content"]["NUDITY"] == "PROHIBITED"


def test_window_opens_on_issue_for_the_days_granted():
    opened = open_window(
        terms(window={"days": 90}), not_before=datetime(2026, 9, 1, 8, 30, 15, 7, tzinfo=UTC)
    )
    assert opened.window.not_before == "2026-09-01T08:30:15Z"
    assert opened.window.not_after == "2026-11-30T08:30:15Z"
    assert parse_terms(opened.to_dict()) == opened
    with pytest.raises(ValueError, match="open already"):
        open_window(opened, not_before=datetime(2026, 9, 2, tzinfo=UTC))


def test_days_are_counted_from_the_two_ends():
    assert (
        terms(window={"not_before": "2026-08-01T00:00:00Z", "not_after": "2026-08-02T00:00:01Z"}).window.days
        == 2
    )


def test_time_without_a_zone_is_not_written():
    with pytest.raises(ValueError, match="zone"):
        format_time(datetime(2026, 1, 1))


@given(
    st.datetimes(min_value=datetime(1000, 1, 1), max_value=datetime(9000, 1, 1)),
    st.integers(-14 * 60, 14 * 60),
)
def test_written_time_reads_back_as_the_same_second(moment, offset_minutes):
    from datetime import timezone

    zoned = moment.replace(tzinfo=timezone(timedelta(minutes=offset_minutes)))
    assert parse_time(format_time(zoned)) == zoned.astimezone(UTC).replace(microsecond=0)


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(sorted(body())), _JSON)
def test_any_value_in_any_field_is_read_or_refused_by_name(field, value):
    with contextlib.suppress(InvalidTerms):
        read = parse_terms(body() | {field: value})
        assert parse_terms(canonical_terms(read)) == read


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_with_the_one_code(data):
    with pytest.raises(InvalidTerms):
        parse_terms(data)


def test_ratings_that_nobody_agreed_are_not_written_so_that_older_hashes_stand():
    assert "ratings" not in terms().to_dict()
    assert terms_hash(terms(ratings={})) == terms_hash(terms())
    agreed = terms(ratings={"MPA": "PG-13", "BBFC": "12"})
    assert agreed.to_dict()["ratings"] == {"BBFC": "12", "MPA": "PG-13"}
    assert terms_hash(agreed) != terms_hash(terms())
    assert parse_terms(agreed.to_dict()) == agreed


def test_younger_fields_are_written_only_where_something_is_agreed():
    plain = terms()
    assert plain.to_dict()["scope"].keys().isdisjoint({"words_max", "max_screen_seconds"})
    nothing = {"words_max": None, "max_screen_seconds": None, "frames_max": 3000, "lines_max": 14}
    assert terms_hash(terms(scope=nothing)) == terms_hash(plain)
    for path in YOUNGER_FIELDS:
        group, name = path.split(".")
        assert name not in plain.to_dict()[group]
        assert terms_hash(terms(**{f"{group}__{name}": None})) == terms_hash(plain)
    agreed = terms(scope__words_max=400, compensation__equivalent_days_dated="2026-06-02T02:00:00+02:00")
    assert agreed.to_dict()["scope"]["words_max"] == 400
    assert agreed.to_dict()["compensation"]["equivalent_days_dated"] == "2026-06-02T00:00:00Z"
    assert terms_hash(agreed) != terms_hash(plain)
    assert parse_terms(canonical_terms(agreed)) == agreed


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("scope__words_max", 0),
        ("scope__max_screen_seconds", -1),
        ("compensation__share_bps", 10_001),
        ("compensation__use_fee_minor", 1.5),
        ("compensation__audit_rights", "hid\u202eden"),
        ("compensation__equivalent_days_dated", "yesterday"),
    ],
)
def test_younger_fields_are_read_as_strictly_as_the_others(path, value):
    with pytest.raises(InvalidTerms):
        terms(**{path: value})
