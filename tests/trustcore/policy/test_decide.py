"""The decision, step by step: what each step permits, and what it refuses with which code."""

import re
from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.trustcore.samples import (
    FILM_A,
    FILM_B,
    NOW,
    STRANGER,
    STUDIO,
    VENDOR,
    ask,
    known,
    terms,
    training_terms,
)
from trustcore.policy import decide as module
from trustcore.policy.decide import POLICY_HASH, POLICY_VERSION, decide
from trustcore.policy.reasons import DenyReason
from trustcore.policy.rules import STEPS
from trustcore.policy.terms import Training
from trustcore.policy.vocabulary import DecisionOutcome, TokenState, UseType


def reasons(*, of=None, request=None, state=None, now=NOW):
    """Return the reason codes of the decision on the sample check, varied."""
    decision = decide(of or terms(), request or ask(), state or known(), now=now)
    assert decision.is_permit is (not decision.reasons)
    return [reason.value for reason in decision.reasons]


def test_check_within_the_terms_is_permitted_with_its_obligations():
    decision = decide(terms(), ask(), known(), now=NOW)
    assert decision.outcome is DecisionOutcome.ALLOW_WITH_OBLIGATIONS
    assert decision.reasons == ()
    assert decision.frames_reserved == 100
    assert decision.obligations == (
        "WATERMARK_PIXEL",
        "WATERMARK_AUDIO",
        "SIGN_C2PA",
        "RECEIPT_WITHIN_SECONDS(900)",
    )
    assert decision.valid_until == NOW + timedelta(minutes=15)
    assert (decision.policy_version, decision.policy_hash) == (POLICY_VERSION, POLICY_HASH)


def test_refusal_reserves_nothing_obliges_to_nothing_and_ends_at_once():
    decision = decide(terms(), ask(project=FILM_B), known(), now=NOW)
    assert decision.outcome is DecisionOutcome.DENY
    assert (decision.frames_reserved, decision.obligations, decision.valid_until) == (0, (), NOW)


def test_every_reason_is_named_and_the_first_step_is_primary():
    request = ask(project=FILM_B, use_type="TRAINING_REPLICA", render_territory="FR", frame_last=9_999)
    decision = decide(terms(), request, known(jkt_ok=False, presenter_org=STRANGER), now=NOW)
    assert [reason.value for reason in decision.reasons] == [
        "SENDER_MISMATCH",
        "PROJECT_MISMATCH",
        "VENDOR_NOT_LISTED",
        "TRAINING_NOT_GRANTED",
        "TERRITORY_DENIED",
        "FRAMES_EXHAUSTED",
    ]
    assert decision.primary_reason is DenyReason.SENDER_MISMATCH


def test_step_01_emergency_stop_comes_before_everything():
    assert reasons(state=known(emergency_stop=True, jkt_ok=False))[0] == "EMERGENCY_STOP"


@pytest.mark.req("BX-012")
def test_step_02_token_of_another_sender_is_refused():
    assert reasons(state=known(jkt_ok=True)) == []
    assert reasons(state=known(jkt_ok=False)) == ["SENDER_MISMATCH"]
    assert reasons(state=known(jkt_ok="yes")) == ["SENDER_MISMATCH"]


@pytest.mark.parametrize(
    ("token_state", "expected"),
    [
        ("ACTIVE", []),
        ("EXPIRING", []),
        ("PENDING_ACTIVATION", ["NOT_YET_VALID"]),
        ("SUSPENDED", ["SUSPENDED"]),
        ("EXHAUSTED", ["FRAMES_EXHAUSTED"]),
        ("EXPIRED", ["EXPIRED"]),
        ("REVOKED", ["REVOKED"]),
        ("SUPERSEDED", ["SUPERSEDED"]),
        ("TERMINATED_CHANGE_OF_CONTROL", ["CHANGE_OF_CONTROL"]),
        ("PAUSED", ["TOKEN_UNKNOWN"]),
        ("", ["TOKEN_UNKNOWN"]),
        ("active", ["TOKEN_UNKNOWN"]),
    ],
)
def test_step_03_state(token_state, expected):
    assert reasons(state=known(token_state=token_state)) == expected


def test_step_03_exhausted_names_the_counter_of_the_use():
    request = ask(
        use_type="VOICE_RENDER", construct="VOICE_SPEAKING", frame_first=None, frame_last=None, lines=1
    )
    assert reasons(request=request, state=known(token_state="EXHAUSTED")) == ["LINES_EXHAUSTED"]


def test_step_03_every_state_is_decided():
    permits = {state for state in TokenState if not reasons(state=known(token_state=state))}
    assert permits == {TokenState.ACTIVE, TokenState.EXPIRING}


def test_step_03_token_of_an_older_version_is_superseded():
    assert reasons(state=known(token_terms_version=1)) == []
    assert reasons(state=known(token_terms_version=2)) == ["SUPERSEDED"]


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0, []), (300, []), (-300, []), (301, ["CLOCK_SKEW"]), (-600, ["CLOCK_SKEW"])]
)
def test_step_04_clock(seconds, expected):
    assert reasons(request=ask(requested_at=NOW + timedelta(seconds=seconds))) == expected


def test_step_04_clock_without_a_zone_is_no_clock():
    assert reasons(request=ask(requested_at=NOW.replace(tzinfo=None))) == ["CLOCK_SKEW"]


@pytest.mark.req("ST-001")
@pytest.mark.req("ST-003")
@pytest.mark.req("ST-011")
def test_step_05_licence_for_film_a_is_refused_for_film_b():
    assert reasons(request=ask(project=FILM_A)) == []
    assert reasons(request=ask(project=FILM_B)) == ["PROJECT_MISMATCH"]
    assert reasons(request=ask(project=FILM_A.upper())) == ["PROJECT_MISMATCH"]
    assert reasons(request=ask(project="")) == ["PROJECT_MISMATCH"]


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-07-31T23:59:59+00:00", ["NOT_YET_VALID"]),
        ("2026-08-01T00:00:00+00:00", []),
        ("2026-10-29T23:59:59+00:00", []),
        ("2026-10-30T00:00:00+00:00", ["EXPIRED"]),
    ],
)
def test_step_06_window_opens_and_closes_to_the_second(now, expected):
    from datetime import datetime

    moment = datetime.fromisoformat(now)
    assert reasons(request=ask(requested_at=moment), now=moment) == expected


def test_step_06_window_that_was_never_opened_is_not_yet_valid():
    assert reasons(of=terms(window={"days": 90})) == ["NOT_YET_VALID"]


def test_step_06_token_that_ended_is_expired():
    assert reasons(state=known(token_expires_at=NOW + timedelta(seconds=1))) == []
    assert reasons(state=known(token_expires_at=NOW)) == ["EXPIRED"]
    assert reasons(state=known(token_expires_at=(NOW + timedelta(days=1)).replace(tzinfo=None))) == [
        "EXPIRED"
    ]


@pytest.mark.req("ST-004")
def test_step_07_vendor_acts_only_where_the_terms_name_it():
    assert reasons(state=known(presenter_org=STUDIO)) == []
    assert reasons(state=known(presenter_org=VENDOR)) == []
    assert reasons(state=known(presenter_org=STRANGER)) == ["VENDOR_NOT_LISTED"]
    assert reasons(of=terms(vendors=[]), state=known(presenter_org=VENDOR)) == ["VENDOR_NOT_LISTED"]


@pytest.mark.req("ST-005")
@pytest.mark.parametrize(
    ("rule", "expected"),
    [("TERMINATE", ["CHANGE_OF_CONTROL"]), ("RECONSENT", ["CHANGE_OF_CONTROL"]), ("SURVIVE", [])],
)
def test_step_07_new_owner_is_bound_by_the_change_of_control_rule(rule, expected):
    assert reasons(of=terms(change_of_control=rule)) == []
    assert reasons(of=terms(change_of_control=rule), state=known(control_changed=True)) == expected
    bought = known(control_changed=True, presenter_org=STRANGER)
    assert "VENDOR_NOT_LISTED" in reasons(of=terms(change_of_control=rule), state=bought)


@pytest.mark.parametrize("use_type", [u for u in UseType if u not in terms().use_types])
def test_step_08_no_use_type_comes_along_with_another(use_type):
    request = ask(use_type=use_type, lines=1, seconds=0, runs=0)
    assert {"USE_TYPE_NOT_GRANTED", "TRAINING_NOT_GRANTED"} & set(reasons(request=request))


@pytest.mark.parametrize("use_type", ["", "FACE", "face_render", "FACE_RENDER ", "ALL", "*"])
def test_step_08_unknown_use_type_is_refused(use_type):
    assert reasons(request=ask(use_type=use_type)) == ["USE_TYPE_NOT_GRANTED"]


@pytest.mark.req("ST-080")
def test_step_08_training_needs_a_training_licence_and_a_training_token():
    train = ask(use_type="TRAINING_REPLICA", frame_first=None, frame_last=None, runs=1)
    assert reasons(of=training_terms(), request=train, state=known(trains=True)) == []
    assert reasons(of=training_terms(), request=train, state=known(trains=False)) == ["TRAINING_NOT_GRANTED"]
    assert "TRAINING_NOT_GRANTED" in reasons(request=train)
    assert "TRAINING_NOT_GRANTED" in reasons(request=train, state=known(trains=True))
    other = ask(use_type="FINE_TUNE", frame_first=None, frame_last=None, runs=1)
    assert reasons(of=training_terms(), request=other, state=known(trains=True)) == ["TRAINING_NOT_GRANTED"]


def test_step_08_training_use_in_terms_that_are_not_for_training_is_refused():
    contradictory = replace(training_terms(), training=Training(allowed=False))
    train = ask(use_type="TRAINING_REPLICA", frame_first=None, frame_last=None, runs=1)
    assert reasons(of=contradictory, request=train, state=known(trains=True)) == ["TRAINING_NOT_GRANTED"]


def test_step_08_training_token_renders_nothing():
    assert reasons(state=known(trains=True)) == ["USE_TYPE_NOT_GRANTED"]
    assert "USE_TYPE_NOT_GRANTED" in reasons(of=training_terms(), state=known(trains=True))


@pytest.mark.req("ST-081")
def test_step_09_performance_signature_is_licensed_on_its_own():
    moves = ask(use_type="MOTION_TRANSFER", construct="PERFORMANCE_SIGNATURE")
    licensed = terms(use_types=["MOTION_TRANSFER"], constructs=["PERFORMANCE_SIGNATURE"])
    assert reasons(of=licensed, request=moves) == []
    without = terms(use_types=["MOTION_TRANSFER"], constructs=["FACE_3D", "MOTION_SKELETON"])
    assert reasons(of=without, request=moves) == ["CONSTRUCT_NOT_GRANTED"]
    assert "USE_TYPE_NOT_GRANTED" in reasons(request=moves)


@pytest.mark.parametrize("construct", ["FACE_2D", "", "face_3d", "SOUL"])
def test_step_09_construct_not_granted_or_unknown_is_refused(construct):
    assert reasons(request=ask(construct=construct)) == ["CONSTRUCT_NOT_GRANTED"]


@pytest.mark.parametrize(
    ("territory", "expected"),
    [
        ("US", []),
        ("US-CA", []),
        ("GB", []),
        ("FR", ["TERRITORY_DENIED"]),
        ("", ["TERRITORY_DENIED"]),
        ("WORLD", ["TERRITORY_DENIED"]),
        ("XX", ["TERRITORY_DENIED"]),
        ("us", ["TERRITORY_DENIED"]),
    ],
)
def test_step_10_machines_run_only_where_granted(territory, expected):
    assert reasons(request=ask(render_territory=territory)) == expected


def test_step_10_where_it_is_shown_is_checked_when_asked():
    assert reasons(request=ask(distribution_territory="CA", channel="SVOD")) == []
    assert reasons(request=ask(distribution_territory="FR")) == ["TERRITORY_DENIED"]
    assert reasons(request=ask(channel="MERCHANDISE")) == ["CHANNEL_NOT_GRANTED"]
    assert reasons(request=ask(channel="TELEPATHY")) == ["CHANNEL_NOT_GRANTED"]
    ended = terms(exploitation__until="2026-08-31T00:00:00Z")
    assert reasons(of=ended, request=ask(channel="SVOD")) == ["CHANNEL_NOT_GRANTED"]
    assert reasons(of=ended) == []


def test_step_11_shot_and_sequence_must_each_be_listed_where_a_list_is():
    shots = terms(scope__shots=["sh0450"], scope__frames_max=3000)
    both = terms(scope__shots=["sh0450"], scope__sequences=["sq041"])
    assert reasons(of=shots) == []
    assert reasons(of=both) == []
    assert reasons(of=shots, request=ask(shot="sh0460")) == ["SHOT_OUT_OF_SCOPE"]
    assert reasons(of=shots, request=ask(shot=None)) == ["SHOT_OUT_OF_SCOPE"]
    assert reasons(of=both, request=ask(sequence="sq042")) == ["SHOT_OUT_OF_SCOPE"]
    assert reasons(of=both, request=ask(shot="sh0460")) == ["SHOT_OUT_OF_SCOPE"]


@pytest.mark.parametrize(
    ("engines", "engine", "version", "expected"),
    [
        ([], None, None, []),
        (["blender"], "blender", "4.5", []),
        (["blender@4.5"], "blender", "4.5", []),
        (["blender@4.5"], "Blender", "4.5", []),
        (["blender@4.5"], "blender", "4.4", ["ENGINE_NOT_ALLOWED"]),
        (["blender@4.5"], "blender", None, ["ENGINE_NOT_ALLOWED"]),
        (["blender"], "karma", "20", ["ENGINE_NOT_ALLOWED"]),
        (["blender"], None, None, ["ENGINE_NOT_ALLOWED"]),
    ],
)
def test_step_12_engine(engines, engine, version, expected):
    request = ask(engine=engine, engine_version=version)
    assert reasons(of=terms(tools__engines=engines), request=request) == expected


@pytest.mark.parametrize(
    ("allowed", "denied", "model", "version", "expected"),
    [
        ([], [], None, None, []),
        ([], [], "any", "1", []),
        (["good"], [], "good", "1", []),
        (["good"], [], None, None, ["MODEL_NOT_ALLOWED"]),
        (["good"], [], "other", "1", ["MODEL_NOT_ALLOWED"]),
        ([], ["bad"], "bad", "7", ["MODEL_NOT_ALLOWED"]),
        ([], ["bad"], "BAD", "7", ["MODEL_NOT_ALLOWED"]),
        ([], ["bad"], "bad@7", None, ["MODEL_NOT_ALLOWED"]),
        ([], ["bad@7"], "bad", "7", ["MODEL_NOT_ALLOWED"]),
        ([], ["bad@7"], "bad", "8", []),
        ([], ["bad@7"], "bad", None, ["MODEL_NOT_ALLOWED"]),
        ([], ["bad"], "badminton", "1", []),
        (["good"], ["good"], "good", "1", ["MODEL_NOT_ALLOWED"]),
    ],
)
def test_step_12_model(allowed, denied, model, version, expected):
    of = terms(tools__models_allowed=allowed, tools__models_denied=denied)
    assert reasons(of=of, request=ask(model=model, model_version=version)) == expected


@pytest.mark.parametrize(
    ("limit", "asked", "expected"),
    [
        (None, None, []),
        ("4096x2160", "4096x2160", []),
        ("4096x2160", "1280x720", []),
        ("4096x2160", "4097x2160", ["RESOLUTION_EXCEEDED"]),
        ("4096x2160", "2160x4096", ["RESOLUTION_EXCEEDED"]),
        ("4096x2160", None, ["RESOLUTION_EXCEEDED"]),
        ("4096x2160", "huge", ["RESOLUTION_EXCEEDED"]),
        ("4096x2160", "-1x10", ["RESOLUTION_EXCEEDED"]),
        ("4096x2160", "٣x٣", ["RESOLUTION_EXCEEDED"]),
    ],
)
def test_step_13_picture(limit, asked, expected):
    assert reasons(of=terms(scope__resolution_max=limit), request=ask(resolution=asked)) == expected


@pytest.mark.parametrize(
    ("granted", "first", "last", "expected"),
    [
        (0, 1, 3000, []),
        (0, 1, 3001, ["FRAMES_EXHAUSTED"]),
        (2900, 1, 100, []),
        (2901, 1, 100, ["FRAMES_EXHAUSTED"]),
        (9999, 1, 1, ["FRAMES_EXHAUSTED"]),
        (-50, 1, 3001, ["FRAMES_EXHAUSTED"]),
        (0, 10, 9, ["FRAMES_EXHAUSTED"]),
        (0, None, None, ["FRAMES_EXHAUSTED"]),
        (0, 1, None, ["FRAMES_EXHAUSTED"]),
        (0, None, 1, ["FRAMES_EXHAUSTED"]),
        (0, -10, 10, []),
    ],
)
def test_step_16_frames(granted, first, last, expected):
    request = ask(frame_first=first, frame_last=last)
    assert reasons(request=request, state=known(frames_granted=granted)) == expected


@pytest.mark.parametrize(
    ("use_type", "field", "limit", "code"),
    [
        ("VOICE_RENDER", "lines", "lines_max", "LINES_EXHAUSTED"),
        ("VOICE_SINGING_RENDER", "seconds", "seconds_max", "SECONDS_EXHAUSTED"),
        ("POSTER_KEY_ART", "runs", "runs_max", "FRAMES_EXHAUSTED"),
    ],
)
def test_step_16_other_counters(use_type, field, limit, code):
    of = terms(use_types=[use_type], scope={limit: 10})

    def asked(number, granted=0):
        request = ask(use_type=use_type, frame_first=None, frame_last=None, **{field: number})
        return reasons(of=of, request=request, state=known(**{f"{field}_granted": granted}))

    assert asked(10) == []
    assert asked(11) == [code]
    assert asked(1, granted=10) == [code]
    assert asked(0) == [code]
    assert asked(-1) == [code]


def test_step_16_one_counter_overdrawn_does_not_stop_the_use_of_another():
    speak = ask(
        use_type="VOICE_RENDER", construct="VOICE_SPEAKING", frame_first=None, frame_last=None, lines=1
    )
    assert reasons(request=speak, state=known(frames_granted=5000)) == []


def test_step_16_frames_cannot_ride_on_a_use_that_is_counted_in_lines():
    silent = terms(use_types=["VOICE_RENDER"], scope={"lines_max": 10})
    assert reasons(of=silent, request=ask(use_type="VOICE_RENDER", lines=1)) == ["FRAMES_EXHAUSTED"]


@pytest.mark.parametrize(
    ("holds", "outcome"),
    [
        (("PAYMENT_HOLD",), DecisionOutcome.HOLD),
        (("STRIKE_SUSPENSION",), DecisionOutcome.DENY),
        (("PAYMENT_HOLD", "CONSENT_WITHDRAWN"), DecisionOutcome.DENY),
        (("SOMETHING_NEW",), DecisionOutcome.DENY),
    ],
)
def test_step_18_holds_never_permit(holds, outcome):
    decision = decide(terms(), ask(), known(holds=holds), now=NOW)
    assert decision.outcome is outcome
    assert not decision.is_permit


def test_step_18_unknown_hold_is_a_suspension():
    assert reasons(state=known(holds=("SOMETHING_NEW",))) == ["SUSPENDED"]


def test_step_20_obligations_follow_the_marking_and_the_checkpoints():
    of = terms(
        marking={"watermark": [], "c2pa": False, "visible_label": "ICON"}, approvals__checkpoints=["FINAL"]
    )
    assert decide(of, ask(), known(), now=NOW).obligations == (
        "VISIBLE_LABEL",
        "FINAL_REVIEW",
        "RECEIPT_WITHIN_SECONDS(900)",
    )


def test_step_20_answer_never_outlasts_the_window_or_the_token():
    from datetime import datetime

    late = datetime.fromisoformat("2026-10-29T23:55:00+00:00")
    decision = decide(terms(), ask(requested_at=late), known(), now=late)
    assert decision.valid_until == datetime.fromisoformat("2026-10-30T00:00:00+00:00")
    soon = NOW + timedelta(seconds=20)
    assert decide(terms(), ask(), known(token_expires_at=soon), now=NOW).valid_until == soon


def test_server_time_without_a_zone_is_misuse():
    with pytest.raises(ValueError, match="time zone"):
        decide(terms(), ask(), known(), now=NOW.replace(tzinfo=None))


HASH_A, HASH_B = "a" * 64, "b" * 64


@pytest.mark.parametrize(
    ("purpose", "use_type", "expected"),
    [
        (None, "FACE_RENDER", []),
        ("FINAL", "FACE_RENDER", []),
        ("TEST", "FACE_RENDER", []),
        ("MARKETING", "FACE_RENDER", ["USE_TYPE_NOT_GRANTED"]),
        ("MARKETING", "TRAILER_PROMO", []),
        ("TRAINING", "FACE_RENDER", ["TRAINING_NOT_GRANTED"]),
        ("FINAL", "PREVIS_SCRATCH", ["USE_TYPE_NOT_GRANTED"]),
        ("PREVIS", "PREVIS_SCRATCH", []),
        ("final", "FACE_RENDER", ["USE_TYPE_NOT_GRANTED"]),
        ("FUN", "FACE_RENDER", ["USE_TYPE_NOT_GRANTED"]),
    ],
)
def test_step_08_purpose(purpose, use_type, expected):
    of = terms(use_types=[use_type], scope={"frames_max": 3000, "runs_max": 3})
    in_runs = {"frame_first": None, "frame_last": None, "runs": 1} if use_type == "TRAILER_PROMO" else {}
    assert reasons(of=of, request=ask(purpose=purpose, use_type=use_type, **in_runs)) == expected


@pytest.mark.parametrize(
    ("allowed", "denied", "request_", "expected"),
    [
        ([f"sha256:{HASH_A}"], [], {"model": "m", "model_hash": HASH_A}, []),
        ([f"sha256:{HASH_A}"], [], {"model": None, "model_hash": f"sha256:{HASH_A}"}, []),
        ([f"sha256:{HASH_A}"], [], {"model": "m", "model_hash": HASH_B}, ["MODEL_NOT_ALLOWED"]),
        ([f"sha256:{HASH_A}"], [], {"model": "m"}, ["MODEL_NOT_ALLOWED"]),
        ([f"sha256:{HASH_A}"], [], {"model": "m", "model_hash": "junk"}, ["MODEL_NOT_ALLOWED"]),
        ([f"m@sha256:{HASH_A}"], [], {"model": "M", "model_version": "2", "model_hash": HASH_A}, []),
        ([f"m@sha256:{HASH_A}"], [], {"model": "other", "model_hash": HASH_A}, ["MODEL_NOT_ALLOWED"]),
        ([], [f"sha256:{HASH_A}"], {"model": "m", "model_hash": HASH_A}, ["MODEL_NOT_ALLOWED"]),
        ([], [f"sha256:{HASH_A}"], {"model": "m", "model_hash": HASH_B}, []),
        ([], [f"sha256:{HASH_A}"], {"model": "m"}, ["MODEL_NOT_ALLOWED"]),
        ([], [f"bad@sha256:{HASH_A}"], {"model": "renamed", "model_hash": HASH_A}, ["MODEL_NOT_ALLOWED"]),
        ([], [f"bad@sha256:{HASH_A}"], {"model": "bad", "model_hash": HASH_B}, []),
        ([], [f"bad@sha256:{HASH_A}"], {"model": "bad"}, ["MODEL_NOT_ALLOWED"]),
        ([], [f"bad@sha256:{HASH_A}"], {"model": "good"}, []),
        ([], ["bad"], {"model": None, "model_hash": HASH_A}, ["MODEL_NOT_ALLOWED"]),
        ([], [f"sha256:{HASH_A}"], {}, []),
    ],
)
def test_step_12_model_by_its_hash(allowed, denied, request_, expected):
    of = terms(tools__models_allowed=allowed, tools__models_denied=denied)
    assert reasons(of=of, request=ask(**request_)) == expected


SCRIPT = [{"ref": "meridian", "version": "blue", "sha256": HASH_A}]


@pytest.mark.parametrize(
    ("change", "inputs", "expected"),
    [
        ({}, [("plate", HASH_B), ("asset", f"sha256:{HASH_A}")], []),
        ({}, [("likeness", HASH_B)], []),
        ({}, [("", HASH_B)], ["INPUT_NOT_LICENSED"]),
        ({}, [("LIKENESS", HASH_B)], ["INPUT_NOT_LICENSED"]),
        ({}, [("model", HASH_B)], ["INPUT_NOT_LICENSED"]),
        ({}, [("plate", "not a hash")], ["INPUT_NOT_LICENSED"]),
        ({"anchors": [HASH_A]}, [("likeness", HASH_A), ("anchor", HASH_A), ("plate", HASH_B)], []),
        ({"anchors": [HASH_A]}, [("likeness", HASH_B)], ["INPUT_NOT_LICENSED"]),
        ({"anchors": [HASH_A]}, [("anchor", HASH_A), ("anchor", HASH_B)], ["INPUT_NOT_LICENSED"]),
        ({"script": SCRIPT}, [("script", HASH_A)], []),
        ({"script": SCRIPT}, [("script", HASH_B)], ["SCRIPT_VERSION_MISMATCH"]),
        ({}, [("script", HASH_A)], ["SCRIPT_VERSION_MISMATCH"]),
    ],
)
def test_step_14_inputs(change, inputs, expected):
    assert reasons(of=terms(**change), request=ask(inputs=tuple(inputs))) == expected


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ((HASH_A, None, None), []),
        ((HASH_A, "meridian", "blue"), []),
        ((HASH_A, "meridian", "pink"), ["SCRIPT_VERSION_MISMATCH"]),
        ((HASH_A, "other", None), ["SCRIPT_VERSION_MISMATCH"]),
        ((HASH_B, "meridian", "blue"), ["SCRIPT_VERSION_MISMATCH"]),
        (("junk", None, None), ["SCRIPT_VERSION_MISMATCH"]),
    ],
)
def test_step_14_script(script, expected):
    assert reasons(of=terms(script=SCRIPT), request=ask(script=script)) == expected


@pytest.mark.parametrize(
    ("agreed", "asked", "expected"),
    [
        ({}, (), []),
        ({}, [("NUDITY", None)], ["CONTENT_PROHIBITED"]),
        ({"NUDITY": "ALLOWED"}, [("NUDITY", None)], []),
        ({"NUDITY": "APPROVAL_REQUIRED"}, [("NUDITY", None)], ["CONTENT_APPROVAL_REQUIRED"]),
        ({"NUDITY": "PROHIBITED"}, [("NUDITY", 0)], ["CONTENT_PROHIBITED"]),
        ({}, [("SMOKING", None)], ["CONTENT_APPROVAL_REQUIRED"]),
        ({"VIOLENCE": 2}, [("VIOLENCE", 2)], []),
        ({"VIOLENCE": 2}, [("VIOLENCE", 3)], ["CONTENT_PROHIBITED"]),
        ({"VIOLENCE": 2}, [("VIOLENCE", None)], ["CONTENT_PROHIBITED"]),
        ({"VIOLENCE": 5}, [("VIOLENCE", None)], []),
        ({"VIOLENCE": 5}, [("VIOLENCE", 6)], ["CONTENT_PROHIBITED"]),
        ({"VIOLENCE": 0}, [("VIOLENCE", 0)], []),
        ({"VIOLENCE": 0}, [("VIOLENCE", 1)], ["CONTENT_PROHIBITED"]),
        ({"VIOLENCE": 2}, [("VIOLENCE", -1)], ["CONTENT_PROHIBITED"]),
        ({"VIOLENCE": "PROHIBITED"}, [("VIOLENCE", 1)], ["CONTENT_PROHIBITED"]),
        ({}, [("VIOLENCE", 1)], ["CONTENT_APPROVAL_REQUIRED"]),
        ({}, [("MAYHEM", None)], ["CONTENT_PROHIBITED"]),
        ({}, [("nudity", None)], ["CONTENT_PROHIBITED"]),
        ({}, [("SMOKING", None), ("NUDITY", None)], ["CONTENT_APPROVAL_REQUIRED", "CONTENT_PROHIBITED"]),
    ],
)
def test_step_15_content(agreed, asked, expected):
    assert reasons(of=terms(content=agreed), request=ask(content=tuple(asked))) == expected


def test_step_15_content_that_waits_for_approval_is_a_hold():
    decision = decide(terms(), ask(content=(("SMOKING", None),)), known(), now=NOW)
    assert decision.outcome is DecisionOutcome.HOLD


@pytest.mark.parametrize(
    ("agreed", "asked", "expected"),
    [
        ({}, {}, []),
        ({}, {"MPA": "NC-17"}, []),
        ({}, {"FSK": "12"}, ["RATING_EXCEEDED"]),
        ({"MPA": "PG-13"}, {"MPA": "PG"}, []),
        ({"MPA": "PG-13"}, {"MPA": "PG-13"}, []),
        ({"MPA": "PG-13"}, {"MPA": "R"}, ["RATING_EXCEEDED"]),
        ({"MPA": "PG-13"}, {"MPA": "12"}, ["RATING_EXCEEDED"]),
        ({"MPA": "PG-13"}, {}, ["RATING_EXCEEDED"]),
        ({"MPA": "PG-13"}, {"BBFC": "12"}, ["RATING_EXCEEDED"]),
        ({"MPA": "PG-13", "BBFC": "12"}, {"MPA": "PG", "BBFC": "12A"}, []),
        ({"MPA": "PG-13", "BBFC": "12"}, {"MPA": "PG"}, ["RATING_EXCEEDED"]),
    ],
)
def test_step_15_rating(agreed, asked, expected):
    assert reasons(of=terms(ratings=agreed), request=ask(ratings=tuple(asked.items()))) == expected


def test_step_17_overdue_receipts_stop_the_next_block():
    assert reasons(state=known(receipts_overdue=True)) == ["RECEIPTS_OVERDUE"]


@pytest.mark.parametrize(
    ("minted_under", "expected"),
    [
        (None, []),
        (POLICY_HASH, []),
        (f"sha256:{HASH_A}", ["POLICY_SNAPSHOT_STALE"]),
        ("", ["POLICY_SNAPSHOT_STALE"]),
    ],
)
def test_step_19_token_minted_under_another_policy_is_stale(minted_under, expected):
    assert reasons(state=known(token_policy_hash=minted_under)) == expected


def test_documented_steps_are_the_steps_that_are_hashed():
    numbered = re.findall(r"^ ?(\d+)\. (.+)$", module.__doc__, re.MULTILINE)
    assert [int(number) for number, _ in numbered] == list(range(1, len(STEPS) + 1))
    assert tuple(text for _, text in numbered) == STEPS
