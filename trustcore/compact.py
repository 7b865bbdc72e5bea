"""Compact JWS, Ed25519 only, in the one form this project accepts.

Tokens, proofs of possession and status lists are all read here. Libraries accept more than the
specifications mean; this module is strict before PyJWT sees the text and after it has verified it.

Source: RFC 7515 (JWS), RFC 8037 (EdDSA), RFC 8725 (best practices).
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from trustcore.encoding import b64url_decode, b64url_encode, canonical_json, parse_json_strict
from trustcore.errors import InvalidToken, TrustError
from trustcore.policy.reasons import DenyReason
from trustcore.signing import Signer

ALGORITHM: Final = "EdDSA"
MAX_HEADER_BYTES: Final = 1_024
MAX_DEPTH: Final = 6
_SIGNATURE_BYTES: Final = 64
_JWS: Final = jwt.PyJWS(algorithms=[ALGORITHM])


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


def read_header(text: str, *, typ: str, members: frozenset[str], max_bytes: int) -> dict[str, Any]:
    """Return the protected header of a compact JWS whose signature nobody has verified yet.

    Args:
        text: the compact JWS.
        typ: the one type accepted, compared exactly.
        members: the members the header must have; any other is refused.
        max_bytes: longest text accepted.

    Raises:
        InvalidToken: ``TOKEN_MALFORMED``.
    """
    parts = _parts(text, max_bytes)
    header = _strict(parts[0], "header", MAX_HEADER_BYTES)
    if header.keys() != members:
        strange = min(header.keys() ^ members)
        raise malformed(f"the header holds exactly {', '.join(sorted(members))}", f"header.{strange[:40]}")
    if header["typ"] != typ:
        raise malformed(f"the type is not {typ}", "header.typ")
    if header["alg"] != ALGORITHM:
        raise malformed("the algorithm is not EdDSA", "header.alg")
    return header


def read_payload(text: str, key: Ed25519PublicKey, *, max_bytes: int) -> dict[str, Any]:
    """Return the payload of a compact JWS after verifying its signature with ``key``.

    Raises:
        InvalidToken: ``SIGNATURE_INVALID``; ``TOKEN_MALFORMED`` for a payload that is not one strict
            JSON object.
    """
    try:
        payload = _JWS.decode(text, key, algorithms=[ALGORITHM])
    except jwt.PyJWTError as error:
        raise InvalidToken(DenyReason.SIGNATURE_INVALID, "the signature does not match") from error
    return _strict(payload, "payload", max_bytes)


def _parts(text: str, max_bytes: int) -> tuple[bytes, bytes, bytes]:
    if len(text) > max_bytes:
        raise malformed(f"longer than {max_bytes} bytes")
    if not text.isascii():
        raise malformed("not ASCII")
    parts = text.split(".")
    if len(parts) != 3:
        raise malformed("a compact JWS has exactly three parts")
    try:
        header, payload, signature = (b64url_decode(part) for part in parts)
    except TrustError as error:
        raise malformed("a part is not canonical base64url") from error
    if len(signature) != _SIGNATURE_BYTES:
        raise malformed("an Ed25519 signature has 64 bytes", "signature")
    return header, payload, signature


def _strict(data: bytes, name: str, max_bytes: int) -> dict[str, Any]:
    try:
        value = parse_json_strict(data, max_bytes=max_bytes, max_depth=MAX_DEPTH)
    except TrustError as error:
        raise malformed(error.detail, name) from error
    if not isinstance(value, dict):
        raise malformed("not an object", name)
    return value
