"""Status lists: two bits a token, signed, and never more than they claim."""

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trustcore.forge import b64, forge, parts_of
from tests.trustcore.samples import EPOCH, KEYS, OTHER_SIGNER, SIGNER
from trustcore.errors import InvalidToken
from trustcore.policy.vocabulary import TokenState
from trustcore.status import (
    INVALID,
    SUSPENDED,
    VALID,
    StatusList,
    decode_status_list,
    encode_status_list,
    status_of,
)

URI = "https://licences.example/status-lists/1"
CODES = [VALID, INVALID, SUSPENDED, VALID, VALID]
SIGNED = encode_status_list(StatusList.of(CODES), SIGNER, uri=URI, issued_at=EPOCH, expires_at=EPOCH + 300)


def read(text=SIGNED, **changes):
    """Read the sample list as a stranger would, varied."""
    return decode_status_list(text, **({"keys": KEYS, "uri": URI, "now": EPOCH + 1} | changes))


def refusal(text=SIGNED, **changes):
    """Return the reason of the refusal."""
    with pytest.raises(InvalidToken) as refused:
        read(text, **changes)
    return refused.value.reason.value


def test_list_packs_as_in_the_two_bit_example_of_the_draft():
    packed = StatusList.of([1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3]).packed
    assert packed == bytes([0xC9, 0x44, 0xF9])
    assert b64(zlib.compress(packed, 9)) == "eNo76fITAAPfAgc"


def test_signed_list_reads_back():
    statuses = read()
    assert [statuses.state_at(place) for place in range(5)] == CODES
    header, payload = parts_of(SIGNED)
    assert header["typ"] == "statuslist+jwt"
    assert payload["sub"] == URI
    assert payload["status_list"]["bits"] == 2


@given(st.lists(st.integers(0, 3), max_size=50))
def test_every_code_is_found_again_and_the_filling_is_valid(codes):
    statuses = StatusList.of(codes)
    assert [statuses.state_at(place) for place in range(len(codes))] == codes
    assert all(statuses.state_at(place) == VALID for place in range(len(codes), len(statuses)))


@pytest.mark.parametrize("place", [-1, 8, 10**9])
def test_place_that_does_not_exist_is_no_answer(place):
    with pytest.raises(IndexError):
        read().state_at(place)


@pytest.mark.parametrize("code", [-1, 4])
def test_code_that_does_not_fit_is_misuse(code):
    with pytest.raises(ValueError, match="fit"):
        StatusList.of([code])


@pytest.mark.parametrize("state", TokenState)
def test_only_live_tokens_are_valid(state):
    live = state in (TokenState.ACTIVE, TokenState.EXPIRING)
    assert (status_of(state) == VALID) is live


def test_suspension_is_told_from_an_end():
    assert status_of(TokenState.SUSPENDED) == SUSPENDED
    assert status_of(TokenState.REVOKED) == INVALID


def test_list_of_another_server_key_or_address_is_refused():
    assert refusal(keys={}) == "KEY_UNTRUSTED"
    assert refusal(keys={SIGNER.kid: OTHER_SIGNER.public_key}) == "SIGNATURE_INVALID"
    assert refusal(uri=URI + "0") == "AUDIENCE_MISMATCH"
    assert refusal(forge(SIGNED, SIGNER, header={"kid": ["x"]})) == "KEY_UNTRUSTED"


def test_list_out_of_its_time_is_refused():
    assert refusal(now=EPOCH + 300) == "EXPIRED"
    assert refusal(now=EPOCH - 1) == "NOT_YET_VALID"


@pytest.mark.parametrize(
    "status_list",
    [
        {"bits": 1, "lst": "eNo76fITAAPfAgc"},
        {"bits": 2, "lst": "eNo76fITAAPfAg"},
        {"bits": 2, "lst": "AAAA"},
        {"bits": 2, "lst": "not base64!"},
        {"bits": 2, "lst": b64(zlib.compress(b"\0") + b"more")},
        {"bits": 2, "lst": b64(zlib.compress(b"\0" * 2_000_000, 9))},
        {"bits": 2},
        "list",
    ],
)
def test_list_that_is_no_list_is_refused(status_list):
    assert refusal(forge(SIGNED, SIGNER, status_list=status_list)) == "TOKEN_MALFORMED"
