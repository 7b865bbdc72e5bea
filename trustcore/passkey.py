"""A person's own signature under terms: a WebAuthn assertion whose challenge is the hash of the terms.

It is checked here from what it carries, with no server and no browser: by the server before it is stored, and
by whoever opens a bundle years later. What is checked, in this order:

 1. the client's data: an answer to a sign-in request, not made inside a frame of another site;
 2. its challenge is the hash of the terms;
 3. its origin is the server's;
 4. the authenticator speaks for the server's name (the relying party);
 5. the person was there, and was verified by the device (finger, face, PIN);
 6. the counter is the one that was recorded;
 7. the signature over all of it is the key's.

Source: W3C Web Authentication Level 3, sections 6.1 and 7.2; RFC 8812 (algorithms); RFC 7638 (thumbprints).
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
from collections.abc import Mapping
from typing import Any, Final, NoReturn
from urllib.parse import urlsplit

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from trustcore.encoding import (
    b64url_decode,
    b64url_encode,
    canonical_json,
    parse_json_strict,
    prepare_readers,
)
from trustcore.errors import InvalidEvidence, InvalidReason, TrustError
from trustcore.older import Self, dataclass
from trustcore.signing import is_signature, public_key_from_jwk

_TERMS_HASH = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)
_PRESENT, _VERIFIED, _ATTESTED, _EXTENDED = 0x01, 0x04, 0x40, 0x80
_HEAD_BYTES: Final = 37  # SHA-256 of the relying party's id, flags, counter
_MAX_BYTES: Final = 16 * 1024
_P256: Final = ec.SECP256R1()
_P256_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_RSA_BITS: Final = range(2048, 4097)
_MEMBERS: Final = {"EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x"), "RSA": ("e", "kty", "n")}


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """Whom passkeys are made for.

    Attributes:
        rp_id: the host name that a passkey belongs to.
        origin: the one origin whose pages may use it.
    """

    rp_id: str
    origin: str

    @classmethod
    def of(cls, address: str) -> Self:
        """The relying party of a server at ``address``, as its grants name their issuer.

        A browser makes no passkey for an IP address; a server on this machine alone is ``localhost``.

        Raises:
            InvalidEvidence: ``ORIGIN_MISMATCH``: an address that no passkey can belong to.
        """
        parts = urlsplit(address)
        host, port = parts.hostname or "", f":{parts.port}" if parts.port else ""
        try:
            if not ipaddress.ip_address(host).is_loopback:
                _refuse(InvalidReason.ORIGIN_MISMATCH, f"no passkey belongs to an address like {host}")
            host = "localhost"
        except ValueError:
            pass
        if not host or (parts.scheme != "https" and host != "localhost"):
            _refuse(InvalidReason.ORIGIN_MISMATCH, "no passkey belongs to a server without a name and TLS")
        return cls(host, f"{parts.scheme}://{host}{port}")


class PasskeySignature(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is kept of one signature; binary values as base64url without padding.

    Attributes:
        authenticator_data: what the device says: for whom, who was there, its counter.
        client_data: the browser's JSON, byte for byte: challenge and origin.
        public_key: JWK of the passkey (P-256, Ed25519 or RSA).
        sign_count: the counter in ``authenticator_data``; 0 where the passkey keeps none.
    """

    authenticator_data: str
    client_data: str
    credential_id: str
    origin: str
    public_key: dict[str, str]
    rp_id: str
    sign_count: int
    signature: str

    @property
    def thumbprint(self) -> str:
        """The key's name: the RFC 7638 thumbprint of its JWK."""
        return passkey_thumbprint(self.public_key)

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of this one use of the key; another spelling of the same signature has the same.

        Anybody can turn the ECDSA signature ``(r, s)`` into ``(r, n - s)``, which is as good: the lower is hashed.
        """
        parts = {
            "authenticator_data": self.authenticator_data,
            "client_data": self.client_data,
            "credential_id": self.credential_id,
            "signature": b64url_encode(_one_spelling(self.public_key, b64url_decode(self.signature))),
        }
        return hashlib.sha256(b"trustmark passkey use\0" + canonical_json(parts)).hexdigest()


prepare_readers(PasskeySignature)


def challenge_of(terms_hash: str) -> bytes:
    """The 32 bytes that a passkey signs for terms of that hash.

    Raises:
        ValueError: not ``sha256:`` and 64 hex digits.
    """
    if not _TERMS_HASH.fullmatch(terms_hash):
        raise ValueError("not a hash of terms")
    return bytes.fromhex(terms_hash.removeprefix("sha256:"))


def passkey_thumbprint(jwk: Mapping[str, Any]) -> str:
    """The RFC 7638 thumbprint of a passkey's public JWK, base64url without padding.

    Raises:
        InvalidEvidence: ``UNSUPPORTED``: another kind of key.
    """
    members = _MEMBERS.get(str(jwk.get("kty")), ())
    if not members or any(not isinstance(jwk.get(name), str) for name in members):
        _refuse(InvalidReason.UNSUPPORTED, "not a key of a passkey")
    required = {name: jwk[name] for name in members}
    return b64url_encode(hashlib.sha256(canonical_json(required)).digest())


def read_passkey_signature(document: object) -> PasskeySignature:
    """Read a signature as a bundle or a database keeps it.

    Raises:
        InvalidEvidence: ``MALFORMED`` or ``TOO_LARGE``.
    """
    try:
        kept = msgspec.convert(document, PasskeySignature)
    except msgspec.ValidationError as error:
        raise InvalidEvidence(InvalidReason.MALFORMED, f"a signature by passkey: {error}") from error
    if len(kept.authenticator_data) + len(kept.client_data) + len(kept.signature) > _MAX_BYTES:
        _refuse(InvalidReason.TOO_LARGE, "a signature by passkey is too long")
    return kept


def verify_passkey_signature(kept: PasskeySignature, *, terms_hash: str, party: RelyingParty) -> None:
    """Check that the passkey's holder signed exactly these terms, at this server; see the module's list.

    Args:
        terms_hash: ``sha256:…`` of the canonical terms.
        party: the server's name and origin, from a source the caller trusts, never from ``kept`` itself.

    Raises:
        InvalidEvidence: ``MALFORMED``, ``CHALLENGE_MISMATCH``, ``ORIGIN_MISMATCH``, ``RELYING_PARTY_MISMATCH``,
            ``USER_NOT_VERIFIED``, ``COUNTER_MISMATCH``, ``UNSUPPORTED`` or ``SIGNATURE_INVALID``.
    """
    client_data = b64url_decode(kept.client_data)
    _verify_client_data(client_data, challenge_of(terms_hash), party, kept.origin)
    authenticator_data = b64url_decode(kept.authenticator_data)
    _verify_authenticator_data(authenticator_data, party, kept)
    message = authenticator_data + hashlib.sha256(client_data).digest()
    if not _is_signed(kept.public_key, b64url_decode(kept.signature), message):
        _refuse(InvalidReason.SIGNATURE_INVALID, "not the signature of this passkey")


def verify_counters(counts: list[int]) -> None:
    """Check the counters of one passkey, in the order of its uses: a copy of it would repeat or go back.

    A passkey that keeps no counter says 0 each time.

    Raises:
        InvalidEvidence: ``COUNTER_MISMATCH``.
    """
    highest = 0
    for count in counts:
        if (count or highest) and count <= highest:
            _refuse(InvalidReason.COUNTER_MISMATCH, "the passkey's counter did not rise: there may be a copy")
        highest = count


def _verify_client_data(data: bytes, challenge: bytes, party: RelyingParty, told_origin: str) -> None:
    try:
        said = parse_json_strict(data, max_bytes=_MAX_BYTES)
    except InvalidEvidence as error:
        raise InvalidEvidence(InvalidReason.MALFORMED, f"the client's data: {error.detail}") from error
    if not isinstance(said, dict) or said.get("type") != "webauthn.get":  # 1
        _refuse(InvalidReason.MALFORMED, "the client's data is not of a signature")
    if said.get("crossOrigin", False) is not False or "topOrigin" in said:
        _refuse(InvalidReason.ORIGIN_MISMATCH, "signed inside a frame of another site")
    if said.get("challenge") != b64url_encode(challenge):  # 2
        _refuse(InvalidReason.CHALLENGE_MISMATCH, "signed for other terms")
    if said.get("origin") != party.origin or told_origin != party.origin:  # 3
        _refuse(
            InvalidReason.ORIGIN_MISMATCH, f"signed at {str(said.get('origin'))[:100]}, not at {party.origin}"
        )


def _verify_authenticator_data(data: bytes, party: RelyingParty, kept: PasskeySignature) -> None:
    if len(data) < _HEAD_BYTES:
        _refuse(InvalidReason.MALFORMED, "the authenticator's data is cut short")
    flags, count = data[32], int.from_bytes(data[33:_HEAD_BYTES], "big")
    if (len(data) > _HEAD_BYTES) != bool(flags & (_EXTENDED | _ATTESTED)):
        _refuse(InvalidReason.MALFORMED, "the authenticator's data has another length than its flags say")
    if data[:32] != hashlib.sha256(party.rp_id.encode()).digest() or kept.rp_id != party.rp_id:  # 4
        _refuse(InvalidReason.RELYING_PARTY_MISMATCH, f"not a passkey for {party.rp_id}")
    if not flags & _PRESENT or not flags & _VERIFIED:  # 5
        _refuse(InvalidReason.USER_NOT_VERIFIED, "the device did not verify who was there")
    if count != kept.sign_count:  # 6
        _refuse(InvalidReason.COUNTER_MISMATCH, "another counter than the one recorded")


def _is_signed(jwk: Mapping[str, Any], signature: bytes, message: bytes) -> bool:  # 7
    kind = jwk.get("kty"), jwk.get("crv")
    try:
        if kind == ("EC", "P-256"):
            x, y = (_number(jwk[name], 32) for name in ("x", "y"))
            ec.EllipticCurvePublicNumbers(x, y, _P256).public_key().verify(
                signature, message, ec.ECDSA(hashes.SHA256())
            )
        elif kind == ("OKP", "Ed25519"):
            return is_signature(public_key_from_jwk(jwk), signature, message)
        elif kind == ("RSA", None):
            _rsa_key(jwk).verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
        else:
            _refuse(InvalidReason.UNSUPPORTED, "not a key of a passkey")
    except InvalidSignature:
        return False
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidEvidence(InvalidReason.MALFORMED, "the passkey's key cannot be read") from error
    except InvalidEvidence:
        raise
    except TrustError as error:
        raise InvalidEvidence(InvalidReason.MALFORMED, error.detail) from error
    return True


def _rsa_key(jwk: Mapping[str, Any]) -> rsa.RSAPublicKey:
    key = rsa.RSAPublicNumbers(_number(jwk["e"]), _number(jwk["n"])).public_key()
    if key.key_size not in _RSA_BITS:
        raise ValueError("an RSA key of another size")
    return key


def _number(text: str, size: int | None = None) -> int:
    data = b64url_decode(text)
    if size is not None and len(data) != size:
        raise ValueError("a coordinate of another length")
    return int.from_bytes(data, "big")


def _one_spelling(jwk: Mapping[str, Any], signature: bytes) -> bytes:
    if jwk.get("kty") != "EC":
        return signature
    try:
        r, s = decode_dss_signature(signature)
    except ValueError as error:
        raise InvalidEvidence(InvalidReason.MALFORMED, "not an ECDSA signature") from error
    return r.to_bytes(66, "big") + min(s, _P256_ORDER - s).to_bytes(66, "big", signed=True)


def _refuse(reason: InvalidReason, detail: str) -> NoReturn:
    raise InvalidEvidence(reason, detail)
