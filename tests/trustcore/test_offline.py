"""At a node without a server: token, lease, list and bounds, judged frame by frame, with time as an argument."""

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trustcore.samples import (
    AUDIENCE,
    CLIENT_JKT,
    DECISION_KEYS,
    DECISION_SIGNER,
    EPOCH,
    ISSUER,
    KEYS,
    OTHER_SIGNER,
    SIGNER,
    claims,
    lease_claims,
)
from trustcore.claims import Confirmation, OfflineClaim, StatusClaim
from trustcore.errors import InvalidToken
from trustcore.lease import encode_lease
from trustcore.offline import ListState, Standing, open_gate
from trustcore.status import StatusList, encode_status_list
from trustcore.tokens import LICENCE_TYP, encode_token

LIST_URI = f"{ISSUER}/status-lists/1"
END = EPOCH + 300
GRACE_END = END + 600


def token_of(**changes):
    return encode_token(claims(**{"sts": StatusClaim(uri=LIST_URI, idx=2), **changes}), SIGNER, LICENCE_TYP)


def lease_of(**changes):
    return encode_lease(lease_claims(**changes), DECISION_SIGNER)


def list_of(code, *, issued_at=EPOCH, expires_at=EPOCH + 600, places=4):
    codes = StatusList.of([0, 0, code, 0][:places])
    return encode_status_list(codes, SIGNER, uri=LIST_URI, issued_at=issued_at, expires_at=expires_at)


TOKEN, LEASE = token_of(), lease_of()


def gate(token=TOKEN, lease=LEASE, **changes):
    known = {"token_keys": KEYS, "decision_keys": DECISION_KEYS, "issuer": ISSUER, "now": EPOCH + 1}
    return open_gate(token, lease, **(known | changes))


def refusal(**changes):
    with pytest.raises(InvalidToken) as refused:
        gate(**changes)
    return refused.value.reason.value, refused.value.path


@pytest.mark.req("BX-011")
@pytest.mark.parametrize(
    ("now", "after_end", "standing", "reason", "left"),
    [
        (EPOCH, 0, "LIVE", None, None),
        (END - 1, 5000, "LIVE", None, None),
        (END, 0, "GRACE", None, 100),
        (END, 99, "GRACE", None, 1),
        (END, 100, "REFUSED", "OFFLINE_GRACE_EXCEEDED", 0),
        (END, 101, "REFUSED", "OFFLINE_GRACE_EXCEEDED", 0),
        (GRACE_END - 1, 0, "GRACE", None, 100),
        (GRACE_END, 0, "REFUSED", "OFFLINE_GRACE_EXCEEDED", 100),
        (GRACE_END + 10**6, 0, "REFUSED", "OFFLINE_GRACE_EXCEEDED", 100),
    ],
)
def test_work_goes_on_while_the_lease_lives_and_then_within_seconds_and_frames(
    now, after_end, standing, reason, left
):
    answer = gate().may_begin(1001, now=now, after_end=after_end)
    assert (answer.standing, answer.reason, answer.frames_left) == (standing, reason, left)
    assert answer.allowed is (standing != "REFUSED")
    assert answer.ends_at == GRACE_END


def test_lease_without_a_grace_ends_with_its_last_second():
    none = gate(lease=lease_of(off=OfflineClaim()))
    assert none.may_begin(now=END - 1).allowed
    assert none.may_begin(now=END).reason == "OFFLINE_GRACE_EXCEEDED"
    no_frames = gate(lease=lease_of(off=OfflineClaim(seconds=600)))
    assert no_frames.may_begin(now=END).reason == "OFFLINE_GRACE_EXCEEDED"


def test_frame_outside_the_lease_is_refused():
    assert gate().may_begin(1000, now=EPOCH).reason == "FRAMES_EXHAUSTED"
    assert gate().may_begin(1101, now=EPOCH).reason == "FRAMES_EXHAUSTED"
    assert gate().may_begin(1100, now=EPOCH).allowed


def test_grace_never_reaches_past_the_licences_window():
    window_end = claims().win.na
    late = gate(
        token=token_of(issued_at=window_end - 3600, expires_at=window_end),
        lease=lease_of(iat=window_end - 200, exp=window_end - 100),
        now=window_end - 150,
    )
    assert late.may_begin(now=window_end - 1).standing is Standing.GRACE
    assert late.may_begin(now=window_end).reason == "EXPIRED"
    assert late.ends_at == window_end


@pytest.mark.req("BX-011")
def test_clock_that_steps_back_gains_nothing():
    node = gate()
    seen = node.may_begin(now=GRACE_END - 5).time
    back = node.may_begin(now=END - 3600 + 3300, not_before=seen)
    assert (back.standing, back.time) == (Standing.GRACE, GRACE_END - 5)
    assert node.may_begin(now=END, not_before=GRACE_END).reason == "OFFLINE_GRACE_EXCEEDED"
    assert node.may_begin(now=EPOCH - 301).reason == "CLOCK_SKEW", "an hour back is no clock to work by"
    assert node.may_begin(now=EPOCH - 300).allowed, "a clock a little behind reads as the lease's signing"
    assert node.may_begin(now=EPOCH - 300).time == EPOCH


@given(
    st.lists(st.integers(EPOCH - 600, GRACE_END + 600), min_size=1, max_size=12),
    st.integers(0, 120),
)
def test_once_the_grace_is_over_no_later_reading_of_any_clock_reopens_it(clock, after_end):
    node, high, over = gate(), 0, False
    for now in clock:
        answer = node.may_begin(now=now, not_before=high, after_end=after_end)
        assert answer.time >= high
        high = answer.time
        over = over or high >= GRACE_END
        assert not (over and answer.allowed)
        if answer.standing is Standing.GRACE:
            assert answer.frames_left >= 1


@pytest.mark.req("BX-011")
@pytest.mark.parametrize(("code", "reason"), [(0, None), (1, "REVOKED"), (2, "SUSPENDED"), (3, "REVOKED")])
def test_status_list_that_says_no_closes_the_gate(code, reason):
    answer = gate(status_list=list_of(code)).may_begin(1001, now=EPOCH + 2)
    assert (answer.reason, answer.status_list) == (reason, ListState.FRESH)
    assert gate().may_begin(1001, now=EPOCH + 2).status_list is ListState.NONE


def test_status_list_that_ran_out_is_as_if_none_and_the_answer_says_so():
    stale = gate(status_list=list_of(1, expires_at=EPOCH + 1))
    answer = stale.may_begin(now=EPOCH + 2)
    assert (answer.allowed, answer.status_list) == (True, ListState.STALE)
    ages = gate(status_list=list_of(0))
    assert ages.may_begin(now=EPOCH + 599).status_list is ListState.FRESH
    assert ages.may_begin(now=EPOCH + 600).status_list is ListState.STALE
    kept = gate(status_list=list_of(1))
    assert kept.may_begin(now=EPOCH + 600).reason == "REVOKED", "what it said while it was fresh stays said"


def test_status_list_that_is_broken_or_another_is_no_list():
    for text in (
        encode_status_list(
            StatusList.of([0] * 4), OTHER_SIGNER, uri=LIST_URI, issued_at=EPOCH, expires_at=END
        ),
        encode_status_list(
            StatusList.of([0] * 4), SIGNER, uri=LIST_URI + "0", issued_at=EPOCH, expires_at=END
        ),
        "no list",
    ):
        with pytest.raises(InvalidToken):
            gate(status_list=text)
    with pytest.raises(InvalidToken, match="names no status list"):
        gate(token=token_of(sts=None), status_list=list_of(0))
    far = gate(token=token_of(sts=StatusClaim(uri=LIST_URI, idx=9)), status_list=list_of(0))
    assert far.may_begin(now=EPOCH).reason == "TOKEN_UNKNOWN", "a place that the list does not have"


def test_status_list_signed_moments_ahead_of_the_nodes_clock_counts():
    assert gate(status_list=list_of(1, issued_at=EPOCH + 60)).refused == "REVOKED"
    with pytest.raises(InvalidToken, match="not valid yet"):
        gate(status_list=list_of(1, issued_at=EPOCH + 1000, expires_at=EPOCH + 2000))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"tok": "0199c000-0000-7000-8000-000000000009"}, ("TOKEN_UNKNOWN", "tok")),
        ({"prj": "another"}, ("PROJECT_MISMATCH", "prj")),
        ({"ut": "VFX_FACE_REPLACEMENT"}, ("USE_TYPE_NOT_GRANTED", "ut")),
        ({"cst": "BODY_3D"}, ("CONSTRUCT_NOT_GRANTED", "cst")),
        ({"cnf": Confirmation(jkt="x" * 43)}, ("SENDER_MISMATCH", "cnf")),
        ({"aud": "urn:trustmark:client:8"}, ("AUDIENCE_MISMATCH", "aud")),
        ({"iss": "https://other.example"}, ("KEY_UNTRUSTED", "iss")),
    ],
)
def test_token_and_lease_that_do_not_belong_together_open_nothing(change, reason):
    if "ut" in change:
        from trustcore.policy.vocabulary import UseType

        change = {"ut": next(use for use in UseType if use not in claims().ut)}
    if "cst" in change:
        from trustcore.policy.vocabulary import Construct

        change = {"cst": next(one for one in Construct if one not in claims().cst)}
    assert refusal(lease=lease_of(**change)) == reason


@pytest.mark.req("BX-012")
def test_token_copied_to_a_node_with_another_key_opens_nothing():
    assert gate(holder=Confirmation(jkt=CLIENT_JKT)).may_begin(now=EPOCH).allowed
    assert refusal(holder=Confirmation(jkt="x" * 43)) == ("SENDER_MISMATCH", "cnf")
    assert refusal(holder=Confirmation(x5t_s256=CLIENT_JKT)) == ("SENDER_MISMATCH", "cnf")
    both = Confirmation(jkt=CLIENT_JKT, x5t_s256="y" * 43)
    from msgspec.structs import replace

    token = encode_token(replace(claims(), cnf=both), SIGNER, LICENCE_TYP)
    assert gate(token, lease_of(cnf=both), holder=both).may_begin(now=EPOCH).allowed
    assert refusal(token=token, lease=lease_of(cnf=both), holder=Confirmation(jkt=CLIENT_JKT)) == (
        "SENDER_MISMATCH",
        "cnf",
    )


def test_keys_of_the_two_purposes_do_not_stand_for_each_other():
    assert refusal(decision_keys=KEYS)[0] == "KEY_UNTRUSTED"
    assert refusal(token_keys=DECISION_KEYS)[0] == "KEY_UNTRUSTED"
    assert refusal(lease=encode_lease(lease_claims(), SIGNER))[0] == "KEY_UNTRUSTED"


def test_lease_outlasts_the_token_that_was_asked_with():
    """A lease that was kept alive goes on; the token's own end stops new questions, not work in hand."""
    after = EPOCH + 2 * 3600
    node = gate(lease=lease_of(iat=after, exp=after + 300), now=after)
    assert node.token.exp < after
    assert node.may_begin(now=after + 1).standing is Standing.LIVE
    assert jwt.decode(LEASE, options={"verify_signature": False})["exp"] == END
    assert gate(audience=AUDIENCE).token.aud == AUDIENCE
    assert refusal(audience="urn:trustmark:client:8") == ("AUDIENCE_MISMATCH", "aud")
