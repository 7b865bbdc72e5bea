"""A signed lease binds units, bounds and sender; a signed decision shows a refusal. Keys are kept apart."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import to_builtins
from msgspec.structs import replace

from tests.trustcore.forge import b64, forge, parts_of, sign_raw
from tests.trustcore.samples import (
    AUDIENCE,
    CLIENT_JKT,
    DECISION_KEYS,
    DECISION_SIGNER,
    EPOCH,
    FILM_A,
    ISSUER,
    KEYS,
    SIGNER,
    TOKEN_ID,
    claims,
    lease_claims,
)
from trustcore.claims import Confirmation
from trustcore.encoding import canonical_json
from trustcore.errors import InvalidToken
from trustcore.lease import (
    DECISION_TYP,
    LEASE_TYP,
    DecisionClaims,
    encode_decision,
    encode_lease,
    verify_decision,
    verify_lease,
)
from trustcore.policy.rules import POLICY_HASH
from trustcore.policy.vocabulary import DecisionOutcome
from trustcore.tokens import LICENCE_TYP, encode_token, verify_token

LEASE = encode_lease(lease_claims(), DECISION_SIGNER)
REFUSAL = DecisionClaims(
    at="2026-09-01T12:00:00.000Z",
    aud=AUDIENCE,
    dec="0199d000-0000-7000-8000-000000000001",
    inp="a" * 64,
    iss=ISSUER,
    out=DecisionOutcome.DENY,
    policy_hash=POLICY_HASH,
    rsn=("REVOKED", "TERRITORY_DENIED"),
)


def verify(text=LEASE, **changes):
    return verify_lease(text, **({"keys": DECISION_KEYS, "issuer": ISSUER, "audience": AUDIENCE} | changes))


def refusal(text=LEASE, **changes):
    with pytest.raises(InvalidToken) as refused:
        verify(text, **changes)
    return refused.value.reason.value, refused.value.path


def forged(header=None, **payload):
    """The sample lease with members replaced, canonical, signed with the real key."""
    old_header, old_payload = parts_of(LEASE)
    merged = {name: value for name, value in (old_payload | payload).items() if value is not None}
    return sign_raw(canonical_json(old_header | (header or {})), canonical_json(merged), DECISION_SIGNER)


@pytest.mark.req("BX-011")
def test_lease_states_units_bounds_and_sender_and_reads_back():
    read = verify()
    assert read == lease_claims()
    header, payload = parts_of(LEASE)
    assert header == {"alg": "EdDSA", "kid": DECISION_SIGNER.kid, "typ": LEASE_TYP}
    assert payload["off"] == {"frames": 100, "seconds": 600}
    assert payload["cnf"] == {"jkt": CLIENT_JKT}
    assert (payload["tok"], payload["prj"], payload["first"], payload["last"]) == (
        TOKEN_ID,
        FILM_A,
        1001,
        1100,
    )
    assert refusal(forged(first=1101)) == ("TOKEN_MALFORMED", "last")
    moved = LEASE.split(".")
    moved[1] = b64(canonical_json(payload | {"last": 9999}))
    assert refusal(".".join(moved)) == ("SIGNATURE_INVALID", None)


@given(
    st.text(max_size=40).filter(lambda text: text.isprintable()),
    st.integers(0, 10**6),
    st.lists(st.sampled_from(["WATERMARK_PIXEL", "SIGN_C2PA", "FINAL_REVIEW"]), max_size=3),
    st.sampled_from([Confirmation(jkt="a" * 43), Confirmation(x5t_s256="b" * 43), Confirmation(jkt="a" * 43, x5t_s256="b" * 43)]),
)  # fmt: skip
def test_plain_encoder_writes_the_canonical_form(shot, last, obligations, cnf):
    lease = lease_claims(shot=shot, last=1001 + last, obl=tuple(obligations), cnf=cnf)
    text = encode_lease(lease, DECISION_SIGNER)
    header, payload, _ = text.split(".")
    assert payload == b64(canonical_json(to_builtins(lease)))
    assert header == b64(canonical_json({"alg": "EdDSA", "kid": DECISION_SIGNER.kid, "typ": LEASE_TYP}))
    assert verify(text) == lease


@pytest.mark.req("BX-011")
def test_token_key_signs_no_lease_and_decision_key_no_token():
    by_token_key = encode_lease(lease_claims(), SIGNER)
    assert refusal(by_token_key) == ("KEY_UNTRUSTED", "header.kid")
    assert verify(by_token_key, keys=KEYS) == lease_claims(), "only the choice of key set told them apart"
    token = encode_token(claims(), DECISION_SIGNER, LICENCE_TYP)
    with pytest.raises(InvalidToken, match="no key of this id"):
        verify_token(token, keys=KEYS, issuer=ISSUER, audience=AUDIENCE, now=EPOCH)


@pytest.mark.parametrize("typ", [DECISION_TYP, LICENCE_TYP, "JWT", "RENDER-LEASE+JWT", ""])
def test_text_of_another_type_is_no_lease(typ):
    assert refusal(forged(header={"typ": typ})) == ("TOKEN_MALFORMED", "header.typ")


@pytest.mark.parametrize("alg", ["none", "HS256", "Ed25519", ""])
def test_algorithm_other_than_eddsa_is_refused(alg):
    assert refusal(forged(header={"alg": alg})) == ("TOKEN_MALFORMED", "header.alg")


@pytest.mark.parametrize("member", ["jku", "jwk", "x5u", "crit", "b64"])
def test_header_that_brings_a_key_or_a_rule_is_refused(member):
    assert refusal(forged(header={member: "x"})) == ("TOKEN_MALFORMED", f"header.{member}")


@pytest.mark.parametrize(
    "change",
    [
        {"cnf": {}},
        {"cnf": None},
        {"exp": EPOCH - 1},
        {"exp": EPOCH + 8 * 86_400},
        {"iat": -1},
        {"exp": 253_402_300_800},
        {"last": 1000},
        {"first": -1},
        {"off": {"frames": 1, "seconds": 86_401}},
        {"off": {"frames": 1, "seconds": 1, "forever": True}},
        {"ut": "FLY"},
        {"ctr": "smiles"},
        {"ver": 0},
        {"admin": True},
        {"policy_hash": None},
        {"tok": "a b"},
    ],
)
def test_claim_outside_the_closed_shape_is_refused_even_with_a_good_signature(change):
    assert refusal(forged(**change))[0] == "TOKEN_MALFORMED"


def test_any_other_spelling_of_the_same_claims_is_refused():
    header, payload = (json.dumps(part).encode() for part in parts_of(LEASE))
    assert refusal(sign_raw(header, payload, DECISION_SIGNER)) == ("TOKEN_MALFORMED", "payload")
    canonical = canonical_json(parts_of(LEASE)[1])
    twice = canonical[:-1] + b',"ver":1}'
    assert refusal(sign_raw(header, twice, DECISION_SIGNER)) == ("TOKEN_MALFORMED", "payload")
    floats = canonical.replace(b'"first":1001', b'"first":1001.0')
    assert refusal(sign_raw(header, floats, DECISION_SIGNER))[0] == "TOKEN_MALFORMED"


def test_lease_of_another_server_or_client_is_refused():
    assert refusal(issuer="https://other.example") == ("KEY_UNTRUSTED", "iss")
    assert refusal(audience="urn:trustmark:client:8") == ("AUDIENCE_MISMATCH", "aud")
    assert verify(audience=None).aud == AUDIENCE


@given(st.integers(0, len(LEASE) - 1), st.sampled_from("ABCabc019-_.="))
def test_lease_with_one_character_changed_is_refused(place, character):
    changed = LEASE[:place] + character + LEASE[place + 1 :]
    if changed != LEASE:
        assert refusal(changed)[0] in {"TOKEN_MALFORMED", "SIGNATURE_INVALID", "KEY_UNTRUSTED"}


def test_nothing_that_would_be_refused_is_ever_signed():
    for odd in (
        lease_claims(last=1000),
        lease_claims(exp=EPOCH),
        lease_claims(cnf=Confirmation()),
    ):
        with pytest.raises(InvalidToken):
            encode_lease(odd, DECISION_SIGNER)


def test_refusal_is_signed_with_its_reasons_and_reads_back():
    text = encode_decision(REFUSAL, DECISION_SIGNER)
    assert verify_decision(text, keys=DECISION_KEYS, issuer=ISSUER, audience=AUDIENCE) == REFUSAL
    assert text.split(".")[1] == b64(canonical_json(to_builtins(REFUSAL)))
    lighter = forge(text, DECISION_SIGNER, rsn=[])
    for bad, keys in ((lighter, DECISION_KEYS), (text, KEYS), (LEASE, DECISION_KEYS)):
        with pytest.raises(InvalidToken):
            verify_decision(bad, keys=keys, issuer=ISSUER)
    other = encode_decision(replace(REFUSAL, out=DecisionOutcome.ALLOW, rsn=()), DECISION_SIGNER)
    assert verify_decision(other, keys=DECISION_KEYS, issuer=ISSUER).out == "ALLOW"
