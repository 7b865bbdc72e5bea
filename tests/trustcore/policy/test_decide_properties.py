"""What holds for every decision: it is an answer, unknown words deny, and restrictions only restrict."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trustcore.samples import FILM_A, NOW, STUDIO, VENDOR, ask, known, terms
from trustcore.policy.check import CheckRequest, LicenceState
from trustcore.policy.decide import decide
from trustcore.policy.narrow import is_narrower
from trustcore.policy.shape import Terms
from trustcore.policy.terms import parse_terms
from trustcore.policy.vocabulary import Channel, Construct, TokenState, UseType

WORD = st.text(max_size=12)
NUMBER = st.integers(-(2**70), 2**70)
MAYBE = st.none() | WORD
MOMENT = st.datetimes() | st.datetimes().map(lambda moment: moment.replace(tzinfo=NOW.tzinfo))

ANY_REQUEST = st.builds(
    CheckRequest,
    project=WORD | st.just(FILM_A),
    use_type=WORD | st.sampled_from(UseType),
    construct=WORD | st.sampled_from(Construct),
    render_territory=WORD | st.sampled_from(["US", "CA", "FR", "US-CA"]),
    requested_at=MOMENT | st.just(NOW),
    shot=MAYBE,
    sequence=MAYBE,
    frame_first=st.none() | NUMBER,
    frame_last=st.none() | NUMBER,
    lines=NUMBER,
    seconds=NUMBER,
    runs=NUMBER,
    engine=MAYBE,
    engine_version=MAYBE,
    model=MAYBE,
    model_version=MAYBE,
    resolution=MAYBE,
    channel=MAYBE | st.sampled_from(Channel),
    distribution_territory=MAYBE,
    model_hash=MAYBE,
    purpose=MAYBE,
    inputs=st.lists(st.tuples(WORD, WORD), max_size=3).map(tuple),
    script=st.none() | st.tuples(WORD, MAYBE, MAYBE),
    content=st.lists(
        st.tuples(WORD | st.sampled_from(["NUDITY", "VIOLENCE"]), st.none() | NUMBER), max_size=3
    ).map(tuple),
    ratings=st.lists(st.tuples(WORD | st.just("MPA"), WORD | st.just("R")), max_size=2).map(tuple),
)
ANY_STATE = st.builds(
    LicenceState,
    token_state=WORD | st.sampled_from(TokenState),
    presenter_org=WORD | st.just(STUDIO),
    jkt_ok=st.booleans(),
    frames_granted=NUMBER,
    lines_granted=NUMBER,
    seconds_granted=NUMBER,
    runs_granted=NUMBER,
    token_terms_version=st.none() | NUMBER,
    token_expires_at=st.none() | MOMENT,
    trains=st.booleans(),
    emergency_stop=st.booleans(),
    control_changed=st.booleans(),
    holds=st.tuples() | st.tuples(WORD),
    receipts_overdue=st.booleans(),
    token_policy_hash=st.none() | WORD,
)

LIKELY_REQUEST = st.builds(
    ask,
    use_type=st.sampled_from(["FACE_RENDER", "VOICE_RENDER", "DE_AGING"]),
    construct=st.sampled_from(["FACE_3D", "VOICE_SPEAKING"]),
    render_territory=st.sampled_from(["US", "US-CA", "GB"]),
    shot=st.sampled_from(["sh1", "sh2", None]),
    frame_last=st.integers(1001, 4500),
    lines=st.integers(0, 20),
    engine=st.sampled_from(["blender", "karma", None]),
    model=st.sampled_from(["m1", "m2", None]),
    resolution=st.sampled_from(["1280x720", "3840x2160", None]),
    channel=st.sampled_from(["SVOD", "AVOD", None]),
    model_hash=st.sampled_from([None, "a" * 64, "b" * 64]),
    purpose=st.sampled_from([None, "FINAL", "MARKETING"]),
    inputs=st.sampled_from([(), (("likeness", "a" * 64),), (("plate", "b" * 64),)]),
    content=st.sampled_from([(), (("VIOLENCE", 2),), (("VIOLENCE", None),), (("SMOKING", None),)]),
    ratings=st.sampled_from([(), (("MPA", "PG"),), (("MPA", "R"), ("BBFC", "12"))]),
)


def subset(*members):
    """Return a strategy for non-empty subsets, in any order."""
    return st.lists(st.sampled_from(members), min_size=1, unique=True)


LIKELY_CHANGE = st.fixed_dictionaries(
    {},
    optional={
        "use_types": subset("FACE_RENDER", "VOICE_RENDER", "DE_AGING"),
        "constructs": subset("FACE_3D", "VOICE_SPEAKING"),
        "render_territory": subset("US", "GB", "CA", "US-CA"),
        "scope__shots": st.lists(st.sampled_from(["sh1", "sh2"]), unique=True),
        "scope__sequences": st.lists(st.sampled_from(["sq041", "sq042"]), unique=True),
        "scope__frames_max": st.integers(0, 5000),
        "scope__lines_max": st.integers(0, 20),
        "scope__resolution_max": st.sampled_from([None, "1920x1080", "3840x2160"]),
        "tools__engines": st.lists(st.sampled_from(["blender", "karma@20"]), unique=True),
        "tools__models_allowed": st.lists(st.sampled_from(["m1", "m2"]), unique=True),
        "tools__models_denied": st.lists(st.sampled_from(["m1", "m2@3", f"sha256:{'a' * 64}"]), unique=True),
        "content": st.dictionaries(
            st.sampled_from(["VIOLENCE", "SMOKING"]),
            st.sampled_from(["ALLOWED", "APPROVAL_REQUIRED", "PROHIBITED"]),
        )
        | st.just({"VIOLENCE": 2}),
        "ratings": st.dictionaries(st.just("MPA"), st.sampled_from(["PG", "R"]))
        | st.just({"MPA": "R", "BBFC": "12"}),
        "exploitation__channels": subset("SVOD", "AVOD", "THEATRICAL"),
        "vendors": st.lists(st.sampled_from([VENDOR, "v2"]), unique=True),
        "change_of_control": st.sampled_from(["TERMINATE", "RECONSENT", "SURVIVE"]),
        "window": st.sampled_from(
            [
                {"not_before": "2026-08-01T00:00:00Z", "not_after": "2026-09-30T00:00:00Z"},
                {"not_before": "2026-09-02T00:00:00Z", "not_after": "2026-09-30T00:00:00Z"},
            ],
        ),
    },
)
LIKELY_STATE = st.builds(
    known,
    presenter_org=st.sampled_from([STUDIO, VENDOR, "v2"]),
    frames_granted=st.integers(0, 3000),
    control_changed=st.booleans(),
)


def changed(base: Terms, change: dict) -> Terms:
    """Return the terms with a change laid over them."""
    value = base.to_dict()
    for path, item in change.items():
        *groups, name = path.split("__")
        place = value
        for group in groups:
            place = place[group]
        place[name] = item
    return parse_terms(value)


@given(ANY_REQUEST, ANY_STATE)
@settings(max_examples=300)
def test_every_input_gets_an_answer_and_only_a_clean_one_permits(request, state):
    decision = decide(terms(), request, state, now=NOW)
    assert decision.is_permit is (decision.reasons == ())
    assert len(set(decision.reasons)) == len(decision.reasons)
    assert decision.is_permit or decision.frames_reserved == 0


@given(LIKELY_REQUEST, LIKELY_STATE, LIKELY_CHANGE, LIKELY_CHANGE)
@settings(max_examples=300)
def test_narrower_terms_never_permit_what_wider_terms_refuse(request, state, change, restriction):
    wide = changed(terms(), change)
    narrow = changed(wide, restriction)
    if is_narrower(wide, narrow) and not decide(wide, request, state, now=NOW).is_permit:
        assert not decide(narrow, request, state, now=NOW).is_permit


@given(LIKELY_REQUEST, LIKELY_STATE, LIKELY_CHANGE, ANY_STATE)
@settings(max_examples=200)
def test_more_against_the_caller_never_turns_a_refusal_into_a_permit(request, state, change, other):
    of = changed(terms(), change)
    harder = replace(
        state,
        jkt_ok=state.jkt_ok and other.jkt_ok,
        frames_granted=state.frames_granted + abs(other.frames_granted),
        emergency_stop=state.emergency_stop or other.emergency_stop,
        control_changed=state.control_changed or other.control_changed,
        holds=state.holds + other.holds,
        receipts_overdue=state.receipts_overdue or other.receipts_overdue,
    )
    before, after = decide(of, request, state, now=NOW), decide(of, request, harder, now=NOW)
    assert before.is_permit or not after.is_permit
    assert set(before.reasons) <= set(after.reasons)


UNKNOWN = WORD.filter(lambda word: word not in {*UseType, *Construct, *Channel, *TokenState})


@given(
    st.sampled_from(["project", "use_type", "construct", "render_territory", "channel"]),
    UNKNOWN,
)
def test_unknown_word_in_a_request_is_never_permitted(field, word):
    assert decide(terms(), ask(), known(), now=NOW).is_permit
    assert not decide(terms(), ask(**{field: word}), known(), now=NOW).is_permit


@given(UNKNOWN)
def test_unknown_state_is_never_permitted(word):
    assert not decide(terms(), ask(), known(token_state=word), now=NOW).is_permit
    assert not decide(terms(), ask(), known(holds=(word,)), now=NOW).is_permit


@given(st.integers(-3000, 3000))
def test_permitted_frames_never_exceed_what_remains(granted):
    decision = decide(terms(), ask(), known(frames_granted=granted), now=NOW)
    assert decision.is_permit is (max(0, granted) + 100 <= 3000)


@given(st.timedeltas(min_value=timedelta(days=-400), max_value=timedelta(days=400)))
def test_nothing_is_permitted_outside_the_window(offset):
    from datetime import UTC, datetime

    moment = NOW + offset
    inside = datetime(2026, 8, 1, tzinfo=UTC) <= moment < datetime(2026, 10, 30, tzinfo=UTC)
    assert decide(terms(), ask(requested_at=moment), known(), now=moment).is_permit is inside
