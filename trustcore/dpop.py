"""Proof of possession (DPoP): a signed note, one for each request, that the caller holds its key.

The proof names the method and address of the request, the time, an id of its own, and the hash of
the token it accompanies. A token copied from a render node is useless without the node's key.

    >>> from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    >>> from trustcore.signing import jwk_thumbprint, public_jwk
    >>> key = Ed25519PrivateKey.generate()
    >>> proof = make_proof(private_key=key, method="POST", url="https://a.example/x?y", now=0, jti="proof-1")
    >>> jkt = jwk_thumbprint(public_jwk(key.public_key()))
    >>> verify_proof(proof, method="POST", url="https://a.example/x", now=5, expected_jkt=jkt).jti
    'proof-1'

Source: RFC 9449; Ed25519 keys only.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from trustcore.compact import (
    ALGORITHM,
    join_compact,
    malformed,
    open_compact,
    strict_object,
    verified_payload,
)
from trustcore.encoding import b64url_encode
from trustcore.errors import InvalidKey, InvalidToken
from trustcore.older import dataclass
from trustcore.policy.reasons import DenyReason
from trustcore.signing import jwk_thumbprint, public_jwk, public_key_from_jwk

DPOP_TYP: Final = "dpop+jwt"
MAX_BYTES: Final = 4 * 1024
_HEADER: Final = frozenset({"alg", "typ", "jwk"})
_REQUIRED: Final = frozenset({"jti", "htm", "htu", "iat"})
_JTI: Final = re.compile(r"[A-Za-z0-9._~-]{6,128}", re.ASCII)
_PORTS: Final = {"http": 80, "https": 443}
_ESCAPE: Final = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED: Final = re.compile(r"[A-Za-z0-9._~-]", re.ASCII)


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof that was verified. The caller refuses a ``jti`` it has seen for this key before.

    Attributes:
        jti: the proof's own id.
        jkt: thumbprint of the key that made it.
        issued_at: seconds since 1970, by the caller's clock.
    """

    jti: str
    jkt: str
    issued_at: int


def make_proof(
    *,
    private_key: Ed25519PrivateKey,
    method: str,
    url: str,
    now: int,
    jti: str,
    access_token: str | None = None,
) -> str:
    """Return the proof for one request.

    Args:
        private_key: the client's key.
        method: HTTP method, as sent.
        url: address of the request; query and fragment are left out of the proof.
        now: seconds since 1970.
        jti: an id never used before with this key, at least six URL-safe characters.
        access_token: the token sent along, if any.
    """
    header = {"alg": ALGORITHM, "typ": DPOP_TYP, "jwk": public_jwk(private_key.public_key())}
    payload = {"jti": jti, "htm": method, "htu": normalise_htu(url), "iat": now}
    if access_token is not None:
        payload["ath"] = token_hash(access_token)
    return join_compact(header, payload, private_key.sign)


def verify_proof(
    proof: str,
    *,
    method: str,
    url: str,
    now: int,
    expected_jkt: str | None,
    access_token: str | None = None,
    max_age_seconds: int = 300,
) -> Proof:
    """Return the proof's id, key and time, if it was made for this request with the expected key.

    1. One compact JWS of type ``dpop+jwt``, its header exactly ``alg``, ``typ`` and a public ``jwk``.
    2. The signature is that key's, and the key's thumbprint is the one expected.
    3. Method and address are those of the request, and the token's hash that of the token.
    4. It was made within ``max_age_seconds`` of now, either way.

    Args:
        proof: the ``DPoP`` header's value.
        method: HTTP method of the request.
        url: full address of the request, as the client sees it.
        now: seconds since 1970.
        expected_jkt: ``cnf.jkt`` of the token; ``None`` accepts any key, for first contact only.
        access_token: the token sent along; its hash is then required.
        max_age_seconds: how far the proof's time may be from now.

    Raises:
        InvalidToken: ``TOKEN_MALFORMED``, ``SIGNATURE_INVALID``, ``SENDER_MISMATCH`` or ``CLOCK_SKEW``.
    """
    compact = open_compact(proof, typ=DPOP_TYP, members=_HEADER, max_bytes=MAX_BYTES)  # 1
    key, jkt = _proof_key(compact.header["jwk"])
    payload = strict_object(verified_payload(compact, key), max_bytes=MAX_BYTES)  # 2
    if expected_jkt is not None and not hmac.compare_digest(jkt.encode(), expected_jkt.encode()):
        raise _mismatch("made with another key", "jwk")
    jti, issued_at = _check_payload(payload, method, url, access_token)  # 3
    if abs(now - issued_at) > max_age_seconds:  # 4
        raise InvalidToken(DenyReason.CLOCK_SKEW, f"made {now - issued_at} seconds ago", "iat")
    return Proof(jti=jti, jkt=jkt, issued_at=issued_at)


def token_hash(access_token: str) -> str:
    """Return ``ath``: the SHA-256 of the token's ASCII, base64url (RFC 9449, section 4.2)."""
    return b64url_encode(hashlib.sha256(access_token.encode("utf-8")).digest())


@lru_cache(maxsize=4096)
def normalise_htu(url: str) -> str:
    """Return ``url`` as a proof names it: lower-case scheme and host, no default port, no query.

    Source: RFC 9449, section 4.3; RFC 3986, sections 6.2.2 and 6.2.3.

    Raises:
        ValueError: not an absolute http or https address, or one with a user name in it.
    """
    parts = urlsplit(url)
    scheme, host = parts.scheme.lower(), parts.hostname
    if scheme not in _PORTS or not host or "@" in parts.netloc or not url.isascii():
        raise ValueError("not an absolute http or https address")
    host = f"[{host}]" if ":" in host else host
    port = "" if parts.port in (None, _PORTS[scheme]) else f":{parts.port}"
    return f"{scheme}://{host}{port}{_ESCAPE.sub(_escape, parts.path) or '/'}"


def _escape(found: re.Match[str]) -> str:
    character = chr(int(found[1], 16))
    return character if _UNRESERVED.fullmatch(character) else found[0].upper()


def _proof_key(jwk: object) -> tuple[Ed25519PublicKey, str]:
    """Return a proof's key and its thumbprint; a client sends the same key with every proof."""
    if not isinstance(jwk, dict):
        raise malformed("not a key", "header.jwk")
    try:
        try:
            return _key_and_thumbprint(tuple(sorted(jwk.items())))
        except TypeError:  # a member that is a list, such as `key_ops`, is not looked up but read
            key = public_key_from_jwk(jwk)
            return key, jwk_thumbprint(public_jwk(key))
    except InvalidKey as error:
        raise malformed(error.detail, "header.jwk") from error


@lru_cache(maxsize=4096)
def _key_and_thumbprint(members: tuple[tuple[str, Any], ...]) -> tuple[Ed25519PublicKey, str]:
    key = public_key_from_jwk(dict(members))
    return key, jwk_thumbprint(public_jwk(key))


def _check_payload(
    payload: dict[str, Any],
    method: str,
    url: str,
    access_token: str | None,
) -> tuple[str, int]:
    expected = _REQUIRED if access_token is None else _REQUIRED | {"ath"}
    if payload.keys() != expected:
        raise malformed(f"a proof here holds exactly {', '.join(sorted(expected))}", "payload")
    jti, issued_at = payload["jti"], payload["iat"]
    if not isinstance(jti, str) or not _JTI.fullmatch(jti):
        raise malformed("not an id of 6 to 128 URL-safe characters", "jti")
    if type(issued_at) is not int:
        raise malformed("not an integer", "iat")
    if payload["htm"] != method:
        raise _mismatch("made for another method", "htm")
    # the request's own address comes from its Host header, so it is no more to be trusted
    if _normal(payload["htu"]) != _normal(url):
        raise _mismatch("made for another address", "htu")
    if access_token is not None and payload["ath"] != token_hash(access_token):
        raise _mismatch("made for another token", "ath")
    return jti, issued_at


def _normal(htu: object) -> str:
    try:
        return normalise_htu(htu if isinstance(htu, str) else "")
    except ValueError as error:
        raise malformed("not an absolute http or https address", "htu") from error


def _mismatch(detail: str, path: str) -> InvalidToken:
    return InvalidToken(DenyReason.SENDER_MISMATCH, detail, path)
