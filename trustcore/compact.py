"""Compact JWS, Ed25519 only, in the one form this project accepts.

Tokens, leases, decisions, proofs of possession and status lists are all read here. Libraries accept
more than the specifications mean, so no JOSE library stands in this path: the text is taken apart
strictly, the signature is verified by libsodium over exactly the bytes received (twice as fast as OpenSSL,
and stricter: no small-order keys, no second spelling of a signature), and only then is the payload looked at,
strictly again. What PyJWT would do between (parse the header a second time,
choose an algorithm, look the key up, parse the payload leniently) has no place here; the tests compare
both readers on good tokens. ADR 0009.

Source: RFC 7515 (JWS), RFC 8037 (EdDSA), RFC 8725 (best practices).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from nacl.bindings import crypto_sign_open
from nacl.exceptions import BadSignatureError

from trustcore.encoding import b64url_decode, b64url_encode, canonical_json, parse_json_strict
from trustcore.errors import InvalidToken, TrustError
from trustcore.policy.reasons import DenyReason
from trustcore.signing import Signer

ALGORITHM: Final = "EdDSA"
MAX_HEADER_BYTES: Final = 1_024
MAX_DEPTH: Final = 6
_SIGNATURE_BYTES: Final = 64


class Compact(NamedTuple):
    """A compact JWS taken apart; nothing in it is believed before :func:`verified_payload`.

    Attributes:
        header: the protected header, strict and of the members asked for.
        signed: the bytes that the signature covers, as received.
        payload: the payload's bytes.
        signature: 64 bytes.
    """

    header: Mapping[str, Any]
    signed: bytes
    payload: bytes
    signature: bytes


def malformed(detail: str, path: str | None = None) -> InvalidToken:
    """Return the refusal of a text that is not a token at all."""
    return InvalidToken(DenyReason.TOKEN_MALFORMED, detail, path)


def sign_compact(payload: Mapping[str, Any], *, signer: Signer, typ: str) -> str:
    """Return ``payload`` as a compact JWS of type ``typ``, header and payload in canonical JSON."""
    header = {"alg": ALGORITHM, "kid": signer.kid, "typ": typ}
    return join_compact(header, payload, signer.sign)


def join_compact(
    header: Mapping[str, Any], payload: Mapping[str, Any], sign: Callable[[bytes], bytes]
) -> str:
    """Return header, payload and the signature over both as a compact JWS."""
    signed = f"{b64url_encode(canonical_json(dict(header)))}.{b64url_encode(canonical_json(dict(payload)))}"
    return f"{signed}.{b64url_encode(sign(signed.encode('ascii')))}"


def open_compact(text: str, *, typ: str, members: frozenset[str], max_bytes: int) -> Compact:
    """Take a compact JWS apart; its signature is still to be verified.

    Args:
        text: the compact JWS.
        typ: the one type accepted, compared exactly.
        members: the members the header must have; any other is refused.
        max_bytes: longest text accepted.

    Raises:
        InvalidToken: ``TOKEN_MALFORMED``.
    """
    if len(text) > max_bytes:
        raise malformed(f"longer than {max_bytes} bytes")
    if not text.isascii():
        raise malformed("not ASCII")
    parts = text.split(".")
    if len(parts) != 3:
        raise malformed("a compact JWS has exactly three parts")
    try:
        payload, signature = b64url_decode(parts[1]), b64url_decode(parts[2])
        header = _header(parts[0])
    except InvalidToken:
        raise
    except TrustError as error:
        raise malformed("a part is not canonical base64url") from error
    if len(signature) != _SIGNATURE_BYTES:
        raise malformed("an Ed25519 signature has 64 bytes", "signature")
    if header.keys() != members:
        strange = min(header.keys() ^ members)
        raise malformed(f"the header holds exactly {', '.join(sorted(members))}", f"header.{strange[:40]}")
    if header["typ"] != typ:
        raise malformed(f"the type is not {typ}", "header.typ")
    if header["alg"] != ALGORITHM:
        raise malformed("the algorithm is not EdDSA", "header.alg")
    return Compact(header, text[: text.rindex(".")].encode("ascii"), payload, signature)


def key_of(compact: Compact, keys: Mapping[str, Ed25519PublicKey]) -> Ed25519PublicKey:
    """Return the key that ``kid`` names: an exact look-up, so a path or a query in a ``kid`` is just unknown.

    Raises:
        InvalidToken: ``KEY_UNTRUSTED``.
    """
    kid = compact.header["kid"]
    key = keys.get(kid) if isinstance(kid, str) else None
    if key is None:
        raise InvalidToken(DenyReason.KEY_UNTRUSTED, "no key of this id is trusted", "header.kid")
    return key


def verified_payload(compact: Compact, key: Ed25519PublicKey) -> bytes:
    """Return the payload's bytes after verifying the signature with ``key``.

    Raises:
        InvalidToken: ``SIGNATURE_INVALID``.
    """
    try:
        crypto_sign_open(compact.signature + compact.signed, key.public_bytes_raw())
    except BadSignatureError as error:
        raise InvalidToken(DenyReason.SIGNATURE_INVALID, "the signature does not match") from error
    return compact.payload


def strict_object(payload: bytes, *, max_bytes: int) -> dict[str, Any]:
    """Return ``payload`` as one strict JSON object.

    Raises:
        InvalidToken: ``TOKEN_MALFORMED``.
    """
    return _strict(payload, "payload", max_bytes)


@lru_cache(maxsize=4096)
def _header(part: str) -> Mapping[str, Any]:
    """Read a header once: a server's tokens all begin with the same one, a client's proofs too. Refusals are not kept."""
    return MappingProxyType(_strict(b64url_decode(part), "header", MAX_HEADER_BYTES))


def _strict(data: bytes, name: str, max_bytes: int) -> dict[str, Any]:
    try:
        value = parse_json_strict(data, max_bytes=max_bytes, max_depth=MAX_DEPTH)
    except TrustError as error:
        raise malformed(error.detail, name) from error
    if not isinstance(value, dict):
        raise malformed("not an object", name)
    return value
