"""A signature by passkey: what holds, and a refusal with its own reason for each part that was tampered with."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from trustcore.encoding import b64url_decode, b64url_encode
from trustcore.errors import InvalidEvidence, InvalidReason
from trustcore.passkey import (
    PasskeySignature,
    RelyingParty,
    challenge_of,
    passkey_thumbprint,
    read_passkey_signature,
    verify_counters,
    verify_passkey_signature,
)

TERMS_HASH = f"sha256:{hashlib.sha256(b'terms').hexdigest()}"
OTHER_HASH = f"sha256:{hashlib.sha256(b'other terms').hexdigest()}"
PARTY = RelyingParty.of("https://licences.example")
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
PRESENT, VERIFIED = 0x01, 0x04


def number(value: int, size: int | None = None) -> str:
    return b64url_encode(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


@dataclass
class Device:
    """A passkey of any of the three kinds."""

    key: Any

    @property
    def jwk(self) -> dict[str, str]:
        public = self.key.public_key()
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            point = public.public_numbers()
            return {"kty": "EC", "crv": "P-256", "x": number(point.x, 32), "y": number(point.y, 32)}
        if isinstance(self.key, rsa.RSAPrivateKey):
            numbers = public.public_numbers()
            return {"kty": "RSA", "n": number(numbers.n), "e": number(numbers.e)}
        return {"kty": "OKP", "crv": "Ed25519", "x": b64url_encode(public.public_bytes_raw())}

    def sign(
        self,
        terms_hash: str = TERMS_HASH,
        *,
        flags: int = PRESENT | VERIFIED,
        rp_id: str = PARTY.rp_id,
        count: int = 7,
        more: bytes = b"",
        **said: Any,
    ) -> PasskeySignature:
        challenge = b64url_encode(challenge_of(terms_hash))
        client = json.dumps(
            {"type": "webauthn.get", "challenge": challenge, "origin": PARTY.origin, "crossOrigin": False}
            | said
        ).encode()
        data = hashlib.sha256(rp_id.encode()).digest() + bytes([flags]) + count.to_bytes(4, "big") + more
        message = data + hashlib.sha256(client).digest()
        match self.key:
            case ec.EllipticCurvePrivateKey():
                signature = self.key.sign(message, ec.ECDSA(hashes.SHA256()))
            case rsa.RSAPrivateKey():
                signature = self.key.sign(message, padding.PKCS1v15(), hashes.SHA256())
            case _:
                signature = self.key.sign(message)
        return PasskeySignature(
            authenticator_data=b64url_encode(data),
            client_data=b64url_encode(client),
            credential_id=b64url_encode(b"credential"),
            origin=PARTY.origin,
            public_key=self.jwk,
            rp_id=PARTY.rp_id,
            sign_count=count,
            signature=b64url_encode(signature),
        )


DEVICE = Device(ec.generate_private_key(ec.SECP256R1()))
KINDS = {
    "P-256": DEVICE,
    "Ed25519": Device(ed25519.Ed25519PrivateKey.generate()),
    "RSA": Device(rsa.generate_private_key(65537, 2048)),
}


def reason(
    kept: PasskeySignature, terms_hash: str = TERMS_HASH, party: RelyingParty = PARTY
) -> InvalidReason:
    with pytest.raises(InvalidEvidence) as caught:
        verify_passkey_signature(kept, terms_hash=terms_hash, party=party)
    return caught.value.reason


@pytest.mark.req("BX-005")
@pytest.mark.parametrize("kind", KINDS)
def test_a_signature_holds_over_its_own_terms_and_no_others(kind: str) -> None:
    kept = KINDS[kind].sign()
    verify_passkey_signature(kept, terms_hash=TERMS_HASH, party=PARTY)
    assert reason(kept, OTHER_HASH) is InvalidReason.CHALLENGE_MISMATCH


R = InvalidReason
TAMPERED = {
    "signed elsewhere": (DEVICE.sign(origin="https://licences.example.evil.test"), R.ORIGIN_MISMATCH),
    "another port": (DEVICE.sign(origin="https://licences.example:8443"), R.ORIGIN_MISMATCH),
    "in a frame": (DEVICE.sign(crossOrigin=True), R.ORIGIN_MISMATCH),
    "under another site": (DEVICE.sign(topOrigin="https://evil.test"), R.ORIGIN_MISMATCH),
    "another relying party": (DEVICE.sign(rp_id="evil.test"), R.RELYING_PARTY_MISMATCH),
    "person not verified": (DEVICE.sign(flags=PRESENT), R.USER_NOT_VERIFIED),
    "person not there": (DEVICE.sign(flags=VERIFIED), R.USER_NOT_VERIFIED),
    "an enrolment": (DEVICE.sign(type="webauthn.create"), R.MALFORMED),
    "bytes behind": (DEVICE.sign(more=b"\x00"), R.MALFORMED),
    "flags of more": (DEVICE.sign(flags=PRESENT | VERIFIED | 0x80), R.MALFORMED),
    "padded challenge": (
        DEVICE.sign(challenge=b64url_encode(challenge_of(TERMS_HASH)) + "="),
        R.CHALLENGE_MISMATCH,
    ),
}


@pytest.mark.req("BX-005")
@pytest.mark.parametrize("what", TAMPERED)
def test_what_was_signed_otherwise_is_refused_with_its_reason(what: str) -> None:
    kept, expected = TAMPERED[what]
    assert reason(kept) is expected


@pytest.mark.parametrize(
    ("member", "value", "expected"),
    [
        ("origin", "https://evil.test", R.ORIGIN_MISMATCH),
        ("rp_id", "evil.test", R.RELYING_PARTY_MISMATCH),
        ("sign_count", 8, R.COUNTER_MISMATCH),
        ("public_key", Device(ec.generate_private_key(ec.SECP256R1())).jwk, R.SIGNATURE_INVALID),
        ("public_key", {"kty": "oct", "k": "AA"}, R.UNSUPPORTED),
        ("public_key", {**DEVICE.jwk, "x": "AA"}, R.MALFORMED),
        ("signature", b64url_encode(b"\x30\x00"), R.SIGNATURE_INVALID),
        ("authenticator_data", b64url_encode(b"short"), R.MALFORMED),
        ("client_data", b64url_encode(b'{"type":"webauthn.get","type":"x"}'), R.MALFORMED),
        ("client_data", b64url_encode(b"\xff"), R.MALFORMED),
        ("client_data", "not base64!", R.BASE64_INVALID),
    ],
)
@pytest.mark.req("BX-005")
def test_each_changed_part_is_refused_with_its_reason(member: str, value: Any, expected: R) -> None:
    assert reason(msgspec.structs.replace(DEVICE.sign(), **{member: value})) is expected


def test_one_flipped_bit_of_what_was_signed_breaks_the_signature() -> None:
    kept = DEVICE.sign(count=0x0100)
    data = bytearray(b64url_decode(kept.authenticator_data))
    data[35] ^= 1  # the counter: 0
    bent = msgspec.structs.replace(kept, authenticator_data=b64url_encode(bytes(data)), sign_count=0)
    assert reason(bent) is R.SIGNATURE_INVALID


def test_the_other_spelling_of_a_signature_is_the_same_use_of_the_key() -> None:
    kept, again = DEVICE.sign(), DEVICE.sign()
    r, s = decode_dss_signature(b64url_decode(kept.signature))
    twin = msgspec.structs.replace(kept, signature=b64url_encode(encode_dss_signature(r, _P256_ORDER - s)))
    verify_passkey_signature(twin, terms_hash=TERMS_HASH, party=PARTY)  # it is as good
    assert twin.signature != kept.signature
    assert twin.digest == kept.digest
    assert again.digest != kept.digest


@pytest.mark.parametrize(
    ("counts", "holds"),
    [
        ([0, 0, 0], True),
        ([1, 2, 9], True),
        ([0, 0, 4], True),
        ([2, 2], False),
        ([5, 4], False),
        ([3, 0], False),
    ],
)
def test_the_counter_of_a_passkey_rises(counts: list[int], holds: bool) -> None:
    if holds:
        verify_counters(counts)
        return
    with pytest.raises(InvalidEvidence) as caught:
        verify_counters(counts)
    assert caught.value.reason is R.COUNTER_MISMATCH


@pytest.mark.parametrize(
    ("address", "party"),
    [
        ("https://licences.example", RelyingParty("licences.example", "https://licences.example")),
        ("https://licences.example:8443", RelyingParty("licences.example", "https://licences.example:8443")),
        ("http://localhost:8000", RelyingParty("localhost", "http://localhost:8000")),
        ("http://127.0.0.1:8000", RelyingParty("localhost", "http://localhost:8000")),
    ],
)
def test_passkeys_belong_to_the_servers_name(address: str, party: RelyingParty) -> None:
    assert RelyingParty.of(address) == party


@pytest.mark.parametrize(
    "address", ["http://licences.example", "https://192.0.2.7", "https://", "http://10.0.0.1"]
)
def test_no_passkey_belongs_to_a_number_or_an_open_line(address: str) -> None:
    with pytest.raises(InvalidEvidence) as caught:
        RelyingParty.of(address)
    assert caught.value.reason is R.ORIGIN_MISMATCH


def test_thumbprints_are_those_of_rfc_7638() -> None:
    # RFC 7638, section 3.1
    n = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n"
        "3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgd"
        "AZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur"
        "-kEgU8awapJzKnqDKgw"
    )
    jwk = {"kty": "RSA", "n": n, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"}
    assert passkey_thumbprint(jwk) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


@pytest.mark.parametrize("document", [None, [], {}, {"signature": 1}, "text"])
def test_what_is_no_signature_is_told_from_one(document: object) -> None:
    with pytest.raises(InvalidEvidence) as caught:
        read_passkey_signature(document)
    assert caught.value.reason is R.MALFORMED
    kept = DEVICE.sign()
    assert read_passkey_signature(msgspec.to_builtins(kept)) == kept
