"""Every change of terms is told in a sentence, and every widening is found."""

import msgspec
import pytest

from tests.trustcore.samples import body, terms, training_terms
from trustcore.policy.diff import MONEY, READERS, diff_terms, is_narrower, widenings
from trustcore.policy.shape import Terms
from trustcore.policy.terms import parse_terms, terms_hash, with_version


def leaves(struct, prefix=""):
    """Yield the path of each field of a struct that is not itself a group."""
    for field in msgspec.structs.fields(struct):
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
            yield from leaves(field.type, f"{prefix}{field.name}.")
        else:
            yield f"{prefix}{field.name}"


def test_every_field_of_the_terms_has_a_sentence():
    told = {reader.path for reader in READERS} | set(MONEY)
    assert set(leaves(Terms)) == told | {
        "schema",
        "terms_version",
        "supersedes",
        "content",
        "ratings",
        "declared",
    }


def test_equal_terms_differ_in_nothing_and_a_version_number_is_no_difference():
    assert diff_terms(terms(), terms()) == ()
    assert diff_terms(terms(), with_version(terms(), 2, terms_hash(terms()))) == ()


SENTENCES = [
    ({"scope__frames_max": 4200}, "scope.frames_max", "The frame limit grows from 3,000 to 4,200."),
    ({"scope__frames_max": 1200}, "scope.frames_max", "The frame limit falls from 3,000 to 1,200."),
    (
        {"render_territory": ["US", "CA"]},
        "render_territory",
        "Taken out of the countries whose machines may render it: United Kingdom.",
    ),
    (
        {"render_territory": ["US", "CA", "IE"]},
        "render_territory",
        "In the countries whose machines may render it, United Kingdom gives way to Ireland.",
    ),
    (
        {"use_types": ["FACE_RENDER", "VOICE_RENDER", "DE_AGING"]},
        "use_types",
        "Added to the uses: De-ageing.",
    ),
    (
        {"window": {"not_before": "2026-08-01T00:00:00Z", "not_after": "2027-01-16T09:30:00Z"}},
        "window.not_after",
        "The last day moves from 30 October 2026 to 16 January 2027, 09:30 UTC.",
    ),
    (
        {"approvals__final_review_hours": 48},
        "approvals.final_review_hours",
        "The time to see the final shots falls from 72 to 48 hours.",
    ),
    (
        {"scope__shots": ["sh10", "sh20"]},
        "scope.shots",
        "Until now any shot would do; from now on only sh10 and sh20.",
    ),
    (
        {"marking__c2pa": False},
        "marking.c2pa",
        "The signing with Content Credentials, required until now, is not required.",
    ),
    (
        {"compensation__amount_minor": 2_000_005},
        "compensation.amount_minor",
        "The amount changes from USD 12,450.00 to USD 20,000.05.",
    ),
    (
        {"content": {"NUDITY": "APPROVAL_REQUIRED"}},
        "content.NUDITY",
        "Nudity: prohibited until now, asked for each time from now on.",
    ),
    (
        {"content": {"VIOLENCE": 2}},
        "content.VIOLENCE",
        "Violence: not agreed, so asked for each time until now, up to level 2 of 5 from now on.",
    ),
    (
        {"scope__resolution_max": "4096x2160"},
        "scope.resolution_max",
        "The largest picture changes from any size to 4096x2160.",
    ),
    ({"credit": "As Ada"}, "credit", "The credit changes from nothing to “As Ada”."),
    ({"scope__words_max": 1200}, "scope.words_max", "The word limit changes from no limit to 1,200."),
    (
        {"scope__max_screen_seconds": 90},
        "scope.max_screen_seconds",
        "The time on screen changes from nothing stated to 90 seconds.",
    ),
    (
        {
            "window": {
                "not_before": "2026-08-01T00:00:00Z",
                "not_after": "2026-10-30T00:00:00Z",
                "production_end_event": "picture lock",
            }
        },
        "window.production_end_event",
        "The event that ends the work changes from nothing to “picture lock”.",
    ),
    (
        {"compensation__use_fee_minor": 50_000},
        "compensation.use_fee_minor",
        "The fee for each further use changes from nothing to USD 500.00.",
    ),
    (
        {"compensation__scale_multiple_bps": 15_000},
        "compensation.scale_multiple_bps",
        "The multiple of the scale changes from nothing to 1.5 times the scale.",
    ),
    (
        {"compensation__tax_withholding_bps": 3_000},
        "compensation.tax_withholding_bps",
        "The tax withheld changes from nothing to 30.00 %.",
    ),
    (
        {"change_of_control": "SURVIVE"},
        "change_of_control",
        "The rule for a change of the studio's owner changes from terminate to survive.",
    ),
]


@pytest.mark.parametrize(("change", "field", "sentence"), SENTENCES, ids=[case[1] for case in SENTENCES])
def test_change_is_told_in_plain_english(change, field, sentence):
    told = {change.field: change for change in diff_terms(terms(), terms(**change))}
    assert told[field].sentence == sentence
    assert told[field].before in sentence
    assert told[field].after in sentence


@pytest.mark.parametrize("change", [case[0] for case in SENTENCES])
def test_the_change_back_is_told_too(change):
    there, back = diff_terms(terms(), terms(**change)), diff_terms(terms(**change), terms())
    assert [c.field for c in there] == [c.field for c in back]
    assert all(c.sentence for c in back)


def test_a_hash_that_changes_in_a_script_is_told_in_full():
    ref = {"ref": "shooting", "version": "7", "sha256": "a" * 64, "dated": "2026-06-02T00:00:00Z"}
    (change,) = diff_terms(terms(script=[ref]), terms(script=[ref | {"sha256": "b" * 64}]))
    assert "a" * 64 in change.before
    assert "b" * 64 in change.after


NARROWER = [
    {"scope__frames_max": 2999},
    {"use_types": ["FACE_RENDER"]},
    {"constructs": ["FACE_3D"]},
    {"render_territory": ["US", "CA"]},
    {"render_territory": ["US-CA", "CA", "GB"]},
    {"exploitation__channels": ["SVOD"]},
    {"exploitation__until": "2031-12-31T00:00:00Z"},
    {"vendors": []},
    {"scope__shots": ["sh10"]},
    {"scope__resolution_max": "1920x1080"},
    {"window": {"not_before": "2026-08-01T00:00:00Z", "not_after": "2026-10-01T00:00:00Z"}},
    {"tools__models_denied": ["some-model"]},
    {"tools__engines": ["blender"]},
    {"approvals__final_review_hours": 96},
    {"approvals__checkpoints": ["FINAL"]},
    {"content": {"VIOLENCE": "PROHIBITED"}},
    {"marking__visible_label": "ICON"},
    {"compensation__amount_minor": 9_999_999},
    {"reporting__cadence": "MONTHLY"},
    {"credit": "As Ada Merrow"},
    {"scope__words_max": 400},
    {"scope__max_screen_seconds": 90},
    {"compensation__use_fee_minor": 1},
    {"profiles": ["SAG_TVT_2026@1"]},
]
WIDER = [
    ({"scope__frames_max": 3001}, "scope.frames_max"),
    ({"scope__runs_max": 1}, "scope.runs_max"),
    ({"use_types": ["FACE_RENDER", "DE_AGING"]}, "use_types"),
    ({"constructs": ["FACE_3D", "BODY_3D"]}, "constructs"),
    ({"render_territory": ["US", "IE"]}, "render_territory"),
    ({"exploitation__distribution_territory": ["WORLD"]}, "exploitation.distribution_territory"),
    ({"exploitation__channels": ["SVOD", "AVOD"]}, "exploitation.channels"),
    ({"exploitation__edit_rights": ["FULL_WORK", "CLIP_MAX_SECONDS(30)"]}, "exploitation.edit_rights"),
    ({"vendors": ["somebody-else"]}, "vendors"),
    (
        {"window": {"not_before": "2026-07-31T00:00:00Z", "not_after": "2026-10-29T00:00:00Z"}},
        "window.not_before",
    ),
    (
        {"window": {"not_before": "2026-08-01T00:00:00Z", "not_after": "2026-10-31T00:00:00Z"}},
        "window.not_after",
    ),
    ({"approvals__final_review_hours": 24}, "approvals.final_review_hours"),
    ({"approvals__mode": "AUTO_WITHIN_RULES"}, "approvals.mode"),
    ({"assignability": "AFFILIATES"}, "assignability"),
    ({"change_of_control": "SURVIVE"}, "change_of_control"),
    ({"content": {"NUDITY": "APPROVAL_REQUIRED"}}, "content.NUDITY"),
    ({"content": {"GORE": 1}}, "content.GORE"),
    ({"exclusivity__kind": "FULL"}, "exclusivity"),
    ({"marking__watermark": ["PIXEL"]}, "marking.watermark"),
    ({"marking__c2pa": False}, "marking.c2pa"),
    ({"retention__scan": "KEEP"}, "retention.scan"),
    ({"talent": "tp_other"}, "talent"),
    ({"project__id": "other"}, "project"),
    ({"licensee": "other"}, "licensee"),
    ({"description": "Anything at all."}, "description"),
]


@pytest.mark.parametrize("change", NARROWER, ids=str)
def test_narrowing_is_narrower(change):
    assert is_narrower(terms(), terms(**change))


@pytest.mark.parametrize(("change", "field"), WIDER, ids=[str(case[0]) for case in WIDER])
def test_widening_is_not_narrower_and_is_named(change, field):
    assert not is_narrower(terms(), terms(**change))
    assert field in widenings(terms(), terms(**change))


def test_restricting_lists_widen_when_they_lose_their_last_member():
    limited = terms(scope__shots=["sh10"], tools__models_allowed=["m1"], tools__models_denied=["m2"])
    assert widenings(limited, terms()) == ("scope.shots", "tools.models_allowed", "tools.models_denied")


def test_clip_length_may_fall_and_not_grow():
    thirty = terms(exploitation__edit_rights=["CLIP_MAX_SECONDS(30)"])
    ten = terms(exploitation__edit_rights=["CLIP_MAX_SECONDS(10)"])
    assert is_narrower(thirty, ten)
    assert not is_narrower(ten, thirty)


def test_caps_that_were_agreed_may_fall_and_never_go():
    capped = terms(scope__words_max=400, scope__max_screen_seconds=90)
    assert is_narrower(capped, terms(scope__words_max=399, scope__max_screen_seconds=90))
    assert widenings(capped, terms(scope__words_max=401)) == ("scope.words_max", "scope.max_screen_seconds")
    days = {"not_before": "2026-08-01T00:00:00Z", "not_after": "2026-10-30T00:00:00Z"}
    ended = terms(window={**days, "production_end_event": "picture lock"})
    assert is_narrower(terms(), ended)
    assert widenings(ended, terms()) == ("window.production_end_event",)


@pytest.mark.parametrize(
    ("was", "now", "within"),
    [
        ({"kind": "FULL"}, {"kind": "CHARACTER"}, True),
        ({"kind": "FULL"}, {"kind": "NONE"}, True),
        ({"kind": "CHARACTER"}, {"kind": "FULL"}, False),
        ({"kind": "CATEGORY", "categories": ["Cars", "Watches"]}, {"kind": "CATEGORY", "categories": ["Cars"]}, True),
        ({"kind": "CATEGORY", "categories": ["Cars"]}, {"kind": "CATEGORY", "categories": ["Cars", "Ale"]}, False),
        ({"kind": "FULL"}, {"kind": "FULL", "territory": ["US"]}, True),
        ({"kind": "FULL", "territory": ["US"]}, {"kind": "FULL"}, False),
        ({"kind": "FULL"}, {"kind": "FULL", "until": "2030-01-01T00:00:00Z"}, False),
        ({"kind": "FULL", "until": "2030-01-01T00:00:00Z"}, {"kind": "FULL", "until": "2029-01-01T00:00:00Z"}, True),
        ({"kind": "FULL", "until": "2030-01-01T00:00:00Z"}, {"kind": "FULL"}, False),
    ],
)  # fmt: skip
def test_exclusive_right_is_narrowed_by_kind_place_and_end(was, now, within):
    assert is_narrower(terms(exclusivity=was), terms(exclusivity=now)) is within


@pytest.mark.req("ST-080")
def test_no_counter_turns_render_terms_into_training_terms():
    assert is_narrower(terms(), terms(use_types=["FACE_RENDER"]))
    found = widenings(terms(), training_terms())
    assert {"training", "use_types"} <= set(found)


def test_two_narrowings_compose():
    once = body(scope__frames_max=2000)
    twice = body(scope__frames_max=1000, render_territory=["US"])
    first, second, third = terms(), parse_terms(once), parse_terms(twice)
    assert is_narrower(first, second)
    assert is_narrower(second, third)
    assert is_narrower(first, third)


@pytest.mark.parametrize(
    ("was", "now", "widened"),
    [
        ({}, {"MPA": "R"}, []),
        ({"MPA": "R"}, {"MPA": "PG"}, []),
        ({"MPA": "R"}, {"MPA": "R", "BBFC": "18"}, []),
        ({"MPA": "PG"}, {"MPA": "R"}, ["ratings.MPA"]),
        ({"MPA": "PG"}, {}, ["ratings.MPA"]),
        ({"MPA": "PG", "BBFC": "12"}, {"MPA": "PG"}, ["ratings.BBFC"]),
    ],
)
def test_rating_ceiling_only_comes_down(was, now, widened):
    old, new = terms(ratings=was), terms(ratings=now)
    assert list(widenings(old, new)) == widened
    changed = {change.field for change in diff_terms(old, new)}
    assert changed == {
        f"ratings.{system}" for system in was.keys() | now.keys() if was.get(system) != now.get(system)
    }


def test_rating_is_told_in_a_sentence():
    (change,) = diff_terms(terms(), terms(ratings={"MPA": "PG-13"}))
    assert change.sentence == "The highest MPA rating changes from no ceiling to PG-13."
    assert (change.before, change.after) == ("no ceiling", "PG-13")


def test_what_is_declared_is_signed_and_each_change_of_it_is_told():
    before = terms(declared={"represented_by": "UNION"})
    after = terms(declared={"represented_by": "COUNSEL", "struck_work": True})
    assert terms_hash(before) != terms_hash(after) != terms_hash(terms())
    assert (
        terms_hash(terms(declared={}))
        == terms_hash(terms(declared={"struck_work": False}))
        == terms_hash(terms())
    )
    assert [(one.field, one.before, one.after) for one in diff_terms(before, after)] == [
        ("declared.represented_by", "“UNION”", "“COUNSEL”"),
        ("declared.struck_work", "no", "yes"),
    ]
    assert "declared" in widenings(before, after)
