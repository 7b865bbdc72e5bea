"""Tokens at the check's door: what libraries let pass is refused over HTTP, each with its reason, and logged.

Every case begins from a token that is allowed as it is, so that the refusal is the attack's.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from hypothesis import HealthCheck, given
from hypothesis import settings as sampling
from hypothesis import strategies as st

from common import clock, keys
from receipts.models import Lease, Quota, RenderCheck
from tests.receipts.conftest import CHECKS, Farm, logged
from tests.trustcore.forge import b64, b64decode, forge, parts_of, sign_raw
from trustcore.dpop import token_hash
from trustcore.receipt import CheckedEntry
from trustcore.signing import Ed25519Signer, Signer, public_jwk
from trustcore.tokens import GRANT_TYP

pytestmark = pytest.mark.django_db

MALFORMED, UNTRUSTED, SIGNATURE = "TOKEN_MALFORMED", "KEY_UNTRUSTED", "SIGNATURE_INVALID"
Attack = Callable[[str, Signer], str]


def raw(jws: str, signer: Signer, header: Callable[[bytes], bytes], payload: Callable[[bytes], bytes]) -> str:
    """The token with its bytes changed, and a good signature over what they are then."""
    before = [json.dumps(part).encode() for part in parts_of(jws)]
    after = header(before[0]), payload(before[1])
    assert (after[0], after[1]) != (before[0], before[1])
    return sign_raw(*after, signer)


def same(data: bytes) -> bytes:
    return data


def unsigned(jws: str, signer: Signer) -> str:
    header, payload = parts_of(jws)
    return f"{b64(json.dumps(header | {'alg': 'none'}).encode())}.{b64(json.dumps(payload).encode())}."


def hmac_with(encoding: Encoding, form: PublicFormat) -> Attack:
    def attack(jws: str, signer: Signer) -> str:
        header, payload = parts_of(jws)
        signed = f"{b64(json.dumps(header | {'alg': 'HS256'}).encode())}.{b64(json.dumps(payload).encode())}"
        secret = signer.public_key.public_bytes(encoding, form)
        return f"{signed}.{b64(hmac.digest(secret, signed.encode(), hashlib.sha256))}"

    return attack


def header_with(**members: Any) -> Attack:
    return lambda jws, signer: forge(jws, signer, header=members)


def claims_with(**members: Any) -> Attack:
    return lambda jws, signer: forge(jws, signer, **members)


def own_key(member: str) -> Attack:
    """Sign with a key of the attacker's, and send it along."""

    def attack(jws: str, signer: Signer) -> str:
        mine = Ed25519Signer(Ed25519PrivateKey.generate(), signer.kid)
        brought = {
            "jwk": public_jwk(mine.public_key, signer.kid),
            "jku": "https://evil.example/jwks.json",
            "x5u": "https://evil.example/chain.pem",
            "x5c": ["MIIB"],
        }[member]
        return forge(jws, mine, header={member: brought})

    return attack


def alphabet(jws: str, signer: Signer) -> str:
    """A signature in the other base64 alphabet; signs anew until there is something to spell differently."""
    for number in range(1000):
        token = forge(jws, signer, act=f"per_{number}")
        head, _, signature = token.rpartition(".")
        if "-" in signature or "_" in signature:
            return f"{head}.{signature.replace('-', '+').replace('_', '/')}"
    raise AssertionError


def trailing_bits(jws: str, signer: Signer) -> str:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    changed = jws[:-1] + letters[letters.index(jws[-1]) ^ 1]
    assert b64decode(changed.rpartition(".")[2]) == b64decode(jws.rpartition(".")[2])
    return changed


def twice(addition: bytes) -> Attack:
    return lambda jws, signer: raw(jws, signer, same, lambda p: p[:-1] + addition + b"}")


def nested_twice(jws: str, signer: Signer) -> str:
    return raw(jws, signer, same, lambda p: p.replace(b'"quota": {', b'"quota": {"frames": 9000000, ', 1))


def spelled(claim: str, value: str) -> Attack:
    """The date as other JSON than an integer."""

    def change(payload: bytes) -> bytes:
        old = json.loads(payload)[claim]
        return payload.replace(f'"{claim}": {old}'.encode(), f'"{claim}": {value}'.encode())

    return lambda jws, signer: raw(jws, signer, same, change)


SPKI = PublicFormat.SubjectPublicKeyInfo
ATTACKS: dict[str, tuple[Attack, str]] = {
    "alg none": (unsigned, MALFORMED),
    "alg none, signature kept": (lambda j, s: unsigned(j, s) + j.rpartition(".")[2], MALFORMED),
    "HMAC with the public key, raw": (hmac_with(Encoding.Raw, PublicFormat.Raw), MALFORMED),
    "HMAC with the public key, PEM": (hmac_with(Encoding.PEM, SPKI), MALFORMED),
    "HMAC with the public key, DER": (hmac_with(Encoding.DER, SPKI), MALFORMED),
    "alg Ed25519": (header_with(alg="Ed25519"), MALFORMED),
    "kid is a path": (header_with(kid="../../../../dev/null"), UNTRUSTED),
    "kid is SQL": (header_with(kid="' union select 'a', 'b' --"), UNTRUSTED),
    "kid holds a NUL": (header_with(kid="a\0b"), UNTRUSTED),
    "kid is half a character": (
        lambda j, s: raw(j, s, lambda h: h.replace(s.kid.encode(), rb"\ud800"), same),
        MALFORMED,
    ),
    "kid of the log's key": (lambda j, s: forge(j, keys.signer_for("LOG"), header={"kid": "log"}), UNTRUSTED),
    "kid is a list": (header_with(kid=["a"]), UNTRUSTED),
    "jku": (own_key("jku"), MALFORMED),
    "x5u": (own_key("x5u"), MALFORMED),
    "jwk": (own_key("jwk"), MALFORMED),
    "x5c": (own_key("x5c"), MALFORMED),
    "crit": (header_with(crit=["exp"]), MALFORMED),
    "b64": (header_with(b64=False, crit=["b64"]), MALFORMED),
    "zip": (header_with(zip="DEF"), MALFORMED),
    "typ JWT": (header_with(typ="JWT"), MALFORMED),
    "no typ": (header_with(typ=None), MALFORMED),
    "typ of a grant": (header_with(typ=GRANT_TYP), MALFORMED),
    "typ with its prefix": (header_with(typ="application/likeness-license+jwt"), MALFORMED),
    "claim twice": (twice(b', "exp": 253402300799'), MALFORMED),
    "claim twice, escaped": (twice(rb', "\u0065xp": 253402300799'), MALFORMED),
    "claim twice, nested": (nested_twice, MALFORMED),
    "header twice": (lambda j, s: raw(j, s, lambda h: h[:-1] + b', "alg": "none"}', same), MALFORMED),
    "no exp": (claims_with(exp=None), MALFORMED),
    "year 9999": (claims_with(exp=253_402_300_799), MALFORMED),
    "year 10000": (claims_with(exp=253_402_300_800), MALFORMED),
    "exp beyond 64 bits": (claims_with(exp=2**80), MALFORMED),
    "exp is text": (claims_with(exp="2099-01-01"), MALFORMED),
    "exp is negative": (claims_with(exp=-1), MALFORMED),
    "exp is true": (claims_with(exp=True), MALFORMED),
    "exp is a float": (spelled("exp", "4102444800.5"), MALFORMED),
    "exp is 1e12": (spelled("exp", "1e12"), MALFORMED),
    "exp is Infinity": (spelled("exp", "Infinity"), MALFORMED),
    "nbf is text": (claims_with(nbf="0"), MALFORMED),
    "iat is a float": (spelled("iat", "0.0"), MALFORMED),
    "padding": (lambda j, s: j + "==", MALFORMED),
    "trailing bits": (trailing_bits, MALFORMED),
    "white space": (lambda j, s: j.replace(".", ".\n", 1), MALFORMED),
    "white space around": (lambda j, s: f" {j} ", MALFORMED),
    "the other alphabet": (alphabet, MALFORMED),
    "five parts": (lambda j, s: j + ".a.b", MALFORMED),
    "not ASCII": (lambda j, s: j + "é", MALFORMED),
    "deep claims": (
        lambda j, s: raw(j, s, same, lambda p: b'{"a":' * 2_000 + b"1" + b"}" * 2_000),
        MALFORMED,
    ),
    "deep header": (lambda j, s: raw(j, s, lambda h: b"[" * 3_000, same), MALFORMED),
    "very deep claims": (lambda j, s: raw(j, s, same, lambda p: b"[" * 11_000), MALFORMED),
    "claim nobody knows": (claims_with(admin=True), MALFORMED),
    "another server's": (claims_with(iss="https://evil.example"), UNTRUSTED),
    "two audiences": (claims_with(aud=["a", "b"]), MALFORMED),
    "another client's": (claims_with(aud="urn:trustmark:client:another"), "AUDIENCE_MISMATCH"),
    "more than was granted, signed by a stranger": (
        lambda j, s: forge(j, Ed25519Signer(Ed25519PrivateKey.generate(), s.kid), quota={"frames": 10**9}),
        SIGNATURE,
    ),
}


def present(farm: Farm, token: str) -> Any:
    """The check's answer to a token that its holder proves to hold."""
    proof = farm.proof("ascii", access_token=token if token.isascii() else "ascii")
    response = farm.check(token=token, proof=proof)
    assert response.status_code == 200, response.content
    return response.json()


@pytest.mark.parametrize("name", ATTACKS)
def test_attack_is_denied_with_its_reason_and_reserves_nothing(farm: Farm, name: str) -> None:
    attack, reason = ATTACKS[name]
    jws = farm.jws()
    answer = present(farm, attack(jws, keys.signer_for("TOKEN")))
    assert (answer["decision"], answer["reason_codes"][0]) == ("DENY", reason)
    assert answer["lease"] is None
    assert not Lease.objects.exists()
    assert not Quota.objects.filter(granted__gt=0).exists()
    assert RenderCheck.objects.get().reasons[0] == reason
    # the same token untouched, signed by the same key, is allowed
    assert present(farm, forge(jws, keys.signer_for("TOKEN")))["lease"] is not None


@pytest.mark.parametrize(
    ("length", "status", "code"), [(13_000, 422, "FIELDS_INVALID"), (60_000, 413, "BODY_TOO_LARGE")]
)
def test_token_longer_than_any_we_sign_is_not_even_read(
    farm: Farm, length: int, status: int, code: str
) -> None:
    jws = farm.jws()
    answer = farm.check(token=forge(jws, keys.signer_for("TOKEN"), act="a" * length), proof="proof")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not RenderCheck.objects.exists()
    assert farm.check(token=jws).json()["lease"] is not None


def test_refused_tokens_stand_in_the_log_of_the_production_they_name(farm: Farm) -> None:
    signer = keys.signer_for("TOKEN")
    jws = farm.jws()
    for name in ("alg none", "year 9999", "kid is SQL"):
        present(farm, ATTACKS[name][0](jws, signer))
    entries = logged(farm.token.production_id, CheckedEntry)
    assert [entry.reasons[0] for entry in entries] == [MALFORMED, MALFORMED, UNTRUSTED]
    assert [entry.kid for entry in entries] == [signer.kid, signer.kid, None]


@pytest.mark.parametrize(
    "change",
    [
        {"use": "enc"},
        {"key_ops": ["sign"]},
        {"key_ops": ["verify", "sign"]},
        {"alg": "HS256"},
        {"kty": "oct"},
    ],
)
def test_proof_by_a_key_that_is_not_for_verifying_is_refused(farm: Farm, change: dict[str, Any]) -> None:
    jws = farm.jws()
    signer = Ed25519Signer(farm.proof_key)

    def proof(jti: str, jwk: dict[str, Any]) -> str:
        header = {"alg": "EdDSA", "typ": "dpop+jwt", "jwk": jwk}
        payload = {
            "jti": jti,
            "htm": "POST",
            "htu": f"{settings.BASE_URL}{CHECKS}",
            "iat": int(clock.now().timestamp()),
            "ath": token_hash(jws),
        }
        return sign_raw(json.dumps(header).encode(), json.dumps(payload).encode(), signer)

    jwk = public_jwk(signer.public_key)
    refused = farm.check(token=jws, proof=proof("proof-one", jwk | change)).json()
    assert refused["reason_codes"][0] == MALFORMED
    good = farm.check(token=jws, proof=proof("proof-two", jwk | {"use": "sig", "key_ops": ["verify"]})).json()
    assert good["lease"] is not None


@sampling(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_one_flipped_bit_is_denied_over_http(farm: Farm, data: st.DataObject) -> None:
    jws = vars(farm).setdefault("kept", farm.jws())
    bit = data.draw(st.integers(0, len(jws) * 8 - 1))
    changed = bytearray(jws.encode())
    changed[bit // 8] ^= 1 << bit % 8
    answer = present(farm, changed.decode("latin-1"))
    assert answer["decision"] == "DENY"
    assert answer["reason_codes"][0] in {MALFORMED, SIGNATURE, UNTRUSTED}
