"""Profiles are dated data, read strictly; the strictest wins and says which text it is."""

import json
from datetime import UTC, datetime, timedelta
from operator import attrgetter

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trustcore.samples import terms, training_terms
from trustcore.policy.profiles import (
    Profile,
    Refuse,
    Require,
    Status,
    catalogue,
    parse_profile,
    profile_hash,
    profile_named,
)
from trustcore.policy.shape import Declared, Terms
from trustcore.policy.strictest import Person, judge

NOW = datetime(2026, 9, 1, 12, 0, tzinfo=UTC)
TVT = profile_named("SAG_TVT_2026@1")


def _profile(name: str = "TEST_LAW", *rules: dict, **changes: object) -> Profile:
    document = {
        "schema": "trustmark.profile/1",
        "code": name,
        "version": 1,
        "kind": "STATUTE",
        "title": "A law",
        "status": "IN_FORCE",
        "in_force": {"begins": "2026-01-01"},
        "confidence": ["A"],
        "sources": [{"title": "The gazette"}],
        "rules": list(rules),
        **changes,
    }
    return parse_profile(json.dumps(document).encode())


def _rule(kind: str, **fields: object) -> dict:
    return {"kind": kind, "because": "Because the text says so.", "confidence": "A", **fields}


def _whole(**declared: object) -> Terms:
    """Terms with declarations that meet the 2026 agreement."""
    return terms(
        declared={"consent_form": "SEPARATE_DOCUMENT", **declared},
        compensation__equivalent_days_estimated=6,
        compensation__equivalent_days_method="Shooting days of the sequences",
        script=[{"ref": "s1", "version": "7", "sha256": "a" * 64, "dated": "2026-02-01T00:00:00Z"}],
        security__storage_class="VAULTED",
        approvals__checkpoints=["ROLE", "SCRIPT"],
    )


@pytest.mark.req("BX-007")
def test_every_profile_of_the_catalogue_is_dated_sourced_and_named_by_its_version() -> None:
    assert {"SAG_TVT_2023@1", "SAG_TVT_2026@1", "CA_LC927@1", "EU_ART50@1", "US_NOFAKES_2026@1"} <= set(
        catalogue()
    )
    for ref, profile in catalogue().items():
        assert ref == profile.ref
        assert profile.sources
        assert profile.in_force.begins or profile.status is not Status.IN_FORCE
        assert profile_hash(profile).startswith("sha256:")
    assert len({profile_hash(one) for one in catalogue().values()}) == len(catalogue())


def test_every_field_that_a_profile_asks_for_exists() -> None:
    """A mistyped field could never be met, or never be refused."""
    sample = {"declared": Declared(), "terms": terms()}
    for profile in catalogue().values():
        for rule in profile.rules:
            fields = list(rule.fields) if isinstance(rule, Require | Refuse) else []
            fields += [rule.unless] if getattr(rule, "unless", None) else []
            for field in fields:
                root, path = ("declared", field[9:]) if field.startswith("declared.") else ("terms", field)
                attrgetter(path)(sample[root])


def test_what_was_struck_down_resolves_and_asks_nothing() -> None:
    gone = profile_named("CA_AB2655@1")
    assert gone.status is Status.STRUCK_DOWN
    judged = judge(terms(), [gone], at=datetime(2025, 6, 1, tzinfo=UTC))
    assert (judged.limits, judged.unmet, judged.warnings) == ((), (), ())
    with pytest.raises(ValueError, match="struck down"):
        _profile("GONE_LAW", _rule("NOTICE_HOURS", hours=1), status="STRUCK_DOWN")


@pytest.mark.parametrize(
    "wrong",
    [
        {"version": 0},
        {"code": "lower"},
        {"status": "MAYBE"},
        {"sources": []},
        {"surprise": 1},
        {"in_force": {}},
        {"in_force": {"begins": "2026-02-01", "until": "2026-01-01"}},
        {"rules": [_rule("NEW_KIND")]},
        {"rules": [_rule("NOTICE_HOURS", hours=-1)]},
        {"rules": [_rule("NOTICE_HOURS", hours=1, when={"use_types": ["ANYTHING"]})]},
        {"rules": [{"kind": "NOTICE_HOURS", "hours": 1, "confidence": "A"}]},
    ],
)
def test_a_file_that_is_not_the_schema_is_refused(wrong: dict) -> None:
    with pytest.raises(ValueError):
        _profile("TEST_LAW", **wrong)


def test_a_file_that_is_not_json_is_refused() -> None:
    with pytest.raises(ValueError):
        parse_profile(b"\xff{")


@pytest.mark.req("BX-007")
def test_the_strictest_limit_wins_and_names_its_profile_and_those_it_overruled() -> None:
    mild = _profile("MILD_LAW", _rule("NOTICE_HOURS", hours=24), _rule("WINDOW_DAYS_MAX", days=400))
    strict = _profile("STRICT_LAW", _rule("NOTICE_HOURS", hours=72), _rule("WINDOW_DAYS_MAX", days=60))
    judged = judge(terms(), [mild, strict], at=NOW)
    notice = next(one for one in judged.limits if one.name == "NOTICE_HOURS")
    assert (notice.value, notice.profile, notice.overruled) == (72, "STRICT_LAW@1", ("MILD_LAW@1",))
    assert judged.hours("NOTICE_HOURS") == 72
    assert [(one.field, one.profile) for one in judged.unmet] == [("window.days", "STRICT_LAW@1")]
    assert judge(terms(), [mild], at=NOW).unmet == ()


@given(hours=st.lists(st.integers(0, 200), min_size=1, max_size=6), seed=st.randoms())
@settings(max_examples=40, deadline=None)
def test_no_order_of_profiles_and_no_further_one_weakens_a_limit(hours: list[int], seed) -> None:
    laws = [
        _profile(f"LAW_{n}", _rule("NOTICE_HOURS", hours=h), _rule("FINAL_REVIEW_HOURS", hours=h))
        for n, h in enumerate(hours)
    ]
    whole = judge(terms(), laws, at=NOW)
    assert whole.hours("NOTICE_HOURS") == max(hours)
    seed.shuffle(laws)
    assert judge(terms(), laws, at=NOW) == whole
    fewer = judge(terms(), laws[1:], at=NOW)
    assert fewer.hours("NOTICE_HOURS") <= whole.hours("NOTICE_HOURS")
    assert set(fewer.unmet) <= set(whole.unmet)


def test_agreement_of_2026_is_met_by_whole_terms_and_names_what_is_missing_otherwise() -> None:
    judged = judge(_whole(), [TVT], at=NOW)
    assert judged.unmet == ()
    assert judged.hours("NOTICE_HOURS") == 48
    assert judged.codes("STRIKE_SUSPENDS") == ("STRIKE",)
    bare = judge(terms(), [TVT], at=NOW)
    assert {one.field for one in bare.unmet} == {
        "declared.consent_form",
        "compensation.equivalent_days_estimated",
        "compensation.equivalent_days_method",
        "script",
        "security.storage_class",
        "approvals.checkpoints",
    }
    assert {one.profile for one in bare.unmet} == {"SAG_TVT_2026@1"}


def test_script_without_its_day_does_not_predate_anything() -> None:
    agreed = _whole()
    undated = terms(script=[{"ref": "s1", "version": "7", "sha256": "a" * 64}])
    merged = msgspec.structs.replace(agreed, script=undated.script)
    assert [one.field for one in judge(merged, [TVT], at=NOW).unmet] == ["script"]


def test_struck_work_and_a_minor_without_authority_stand_against_it() -> None:
    assert [one.rule for one in judge(_whole(struck_work=True), [TVT], at=NOW).unmet] == ["REFUSE"]
    young = judge(_whole(), [TVT], at=NOW, person=Person(minor=True))
    assert [one.field for one in young.unmet] == ["declared.authority_ref"]


def test_agreements_hand_over_on_their_day() -> None:
    before, after = datetime(2026, 6, 30, 23, tzinfo=UTC), datetime(2026, 7, 1, 0, tzinfo=UTC)
    both = [profile_named("SAG_TVT_2023@1"), TVT]
    assert {one.profile for one in judge(terms(), both, at=before).unmet} == {"SAG_TVT_2023@1"}
    assert {one.profile for one in judge(terms(), both, at=after).unmet} == {"SAG_TVT_2026@1"}


def test_what_is_only_pending_warns_and_stops_nothing() -> None:
    nofakes = profile_named("US_NOFAKES_2026@1")
    long = terms(window={"days": 4000})
    judged = judge(long, [nofakes], at=NOW)
    assert judged.unmet == ()
    assert [one.rule for one in judged.warnings] == ["WINDOW_DAYS_MAX"]
    assert judge(terms(window={"days": 1900}), [nofakes], at=NOW).warnings == ()
    minor = judge(terms(window={"days": 1900}), [nofakes], at=NOW, person=Person(minor=True))
    assert [one.rule for one in minor.warnings] == ["WINDOW_DAYS_MAX"]


def test_counsel_or_union_is_needed_in_california_and_named() -> None:
    law = profile_named("CA_LC927@1")
    assert [one.field for one in judge(terms(), [law], at=NOW).unmet] == ["declared.represented_by"]
    assert judge(terms(declared={"represented_by": "UNION"}), [law], at=NOW).unmet == ()


def test_two_machine_readable_layers_and_a_label_are_owed_in_the_eu() -> None:
    law = profile_named("EU_ART50@1")
    bare = terms(marking={"watermark": [], "c2pa": False})
    fields = [one.field for one in judge(bare, [law], at=NOW).unmet]
    assert fields == ["marking.watermark", "marking.c2pa", "marking.visible_label"]
    labelled = terms(marking={"visible_label": "ICON"})
    assert judge(labelled, [law], at=NOW).unmet == ()
    assert judge(terms(declared={"exemption": "ARTISTIC_WORK"}), [law], at=NOW).unmet == ()


def test_training_is_capped_where_it_is_training_and_nowhere_else() -> None:
    vendor = profile_named("VOICE_VENDOR_2024@1")
    long = training_terms(window={"days": 2000}, constructs=["VOICE_SPEAKING"])
    assert [one.rule for one in judge(long, [vendor], at=NOW).unmet] == ["TRAINING_APART"]
    render = terms(window={"days": 2000}, constructs=["VOICE_SPEAKING"])
    assert judge(render, [vendor], at=NOW).unmet == ()


def test_material_allowed_by_two_texts_is_what_both_allow() -> None:
    one = _profile("ONE_LAW", _rule("AT_THE_END", material="scan", allowed=["DESTROY", "RETURN"]))
    two = _profile("TWO_LAW", _rule("AT_THE_END", material="scan", allowed=["DESTROY"]))
    judged = judge(terms(retention={"scan": "RETURN"}), [one, two], at=NOW)
    limit = next(each for each in judged.limits if each.name == "AT_THE_END:scan")
    assert (limit.value, limit.profile) == (("DESTROY",), "TWO_LAW@1")
    assert [each.profile for each in judged.unmet] == ["TWO_LAW@1"]


def test_the_day_is_the_utc_day() -> None:
    law = _profile("DAY_LAW", _rule("WINDOW_DAYS_MAX", days=1), in_force={"begins": "2026-09-01"})
    first = datetime(2026, 9, 1, 0, 0, tzinfo=UTC)
    assert judge(terms(), [law], at=first).unmet
    assert not judge(terms(), [law], at=first - timedelta(seconds=1)).unmet
