"""Licence tokens: compact JWS, Ed25519 only, read more strictly than the library reads them.

No JOSE library stands in the path (ADR 0009): ``cryptography`` verifies in the middle; before and after
it this module enforces what libraries leave open.

Before the signature:
 1. at most 16 KiB of ASCII, exactly three parts, each canonical base64url;
 2. the header is an object without repeated names, and holds ``alg``, ``typ`` and ``kid`` alone:
    no ``jwk``, ``jku``, ``x5u``, ``x5c``, ``crit`` or ``b64`` can bring a key or a rule of its own;
 3. ``typ`` is exactly the one asked for, ``alg`` is exactly ``EdDSA``;
 4. ``kid`` names one of the keys given: a plain look-up in a mapping, nothing else.
The signature:
 5. Ed25519, with this key, over exactly the bytes received.
After it:
 6. the payload is one object without repeated names, floats or unknown claims;
 7. ``exp``, ``nbf`` and ``iat`` are integers before the year 10000, in order, and not too far apart;
 8. ``authorization_details`` (RFC 9396) say the same as the claims;
 9. training: ``trn`` is false and no training use type is granted, but in a training token, where
    it is the reverse;
10. a licence or training token is bound to its sender's key or certificate;
11. issuer and audience are exactly those expected;
12. the times hold now.

Source: RFC 7515, RFC 7519, RFC 8725, RFC 9068 (typ), RFC 9396, RFC 9449, RFC 8705; DESIGN section 5.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from trustcore.claims import Confirmation, LicenceClaims, licence_claims
from trustcore.compact import (
    key_of,
    malformed,
    open_compact,
    sign_compact,
    strict_object,
    verified_payload,
)
from trustcore.encoding import prepare_readers
from trustcore.errors import InvalidToken
from trustcore.policy.reasons import DenyReason
from trustcore.policy.vocabulary import TRAINING_USE_TYPES, Construct, UseType
from trustcore.signing import Signer

__all__ = [
    "GRANT_TYP",
    "LICENCE_TYP",
    "TRAINING_TYP",
    "Confirmation",
    "LicenceClaims",
    "check_times",
    "encode_token",
    "licence_claims",
    "read_token",
    "verify_token",
]

LICENCE_TYP: Final = "likeness-license+jwt"
TRAINING_TYP: Final = "training-license+jwt"
GRANT_TYP: Final = "license-grant+jwt"
DETAIL_TYPE: Final = "urn:trustmark:likeness-licence"

MAX_BYTES: Final = 16 * 1024
MAX_SPAN_SECONDS: Final = 7 * 86_400
"""Longest life of a licence or training token; a grant statement lasts as long as its window."""
MAX_LEEWAY_SECONDS: Final = 300
_TYPES: Final = frozenset({LICENCE_TYP, TRAINING_TYP, GRANT_TYP})
_HEADER: Final = frozenset({"alg", "typ", "kid"})


class _Detail(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    actions: tuple[UseType, ...]
    datatypes: tuple[Construct, ...]
    identifier: str
    type: str


class _Signed(LicenceClaims, frozen=True, kw_only=True):
    """A payload as this module writes it: the claims, and the grant once more as RFC 9396 has it."""

    authorization_details: tuple[_Detail, ...]


prepare_readers(_Signed)
_decoder = msgspec.json.Decoder(_Signed)
_encoder = msgspec.json.Encoder(order="sorted")
_CLAIMS: Final = LicenceClaims.__struct_fields__


def encode_token(claims: LicenceClaims, signer: Signer, typ: str) -> str:
    """Return ``claims`` as a signed token of type ``typ``.

    Raises:
        InvalidToken: the claims are not fit for the type; nothing that ``verify_token`` would refuse
            for its content is ever signed.
        ValueError: ``typ`` is none of the three.
    """
    _known_type(typ)
    payload: dict[str, Any] = msgspec.to_builtins(claims)
    payload["authorization_details"] = _details(claims)
    _check_content(_claims(dict(payload)), typ)
    token = sign_compact(payload, signer=signer, typ=typ)
    if len(token) > MAX_BYTES:
        raise malformed(f"longer than {MAX_BYTES} bytes")
    return token


def verify_token(
    token: str,
    *,
    keys: Mapping[str, Ed25519PublicKey],
    issuer: str,
    audience: str | None,
    now: int | None,
    typ: str = LICENCE_TYP,
    leeway: int = 0,
) -> LicenceClaims:
    """Return what ``token`` says, if every step of the module's list holds.

    Args:
        token: the compact JWS.
        keys: the issuer's public keys by ``kid``.
        issuer: the one issuer accepted.
        audience: the one audience accepted; ``None`` leaves the audience to the caller.
        now: seconds since 1970; ``None``, for a grant statement only, leaves out the last step: a
            grant proves what was agreed, also after its window.
        typ: the one type accepted.
        leeway: seconds of tolerance for the times, at most 300.

    Raises:
        InvalidToken: its ``reason`` is the ``DenyReason`` to answer with.
        ValueError: misuse: an unknown ``typ``, no ``now`` for a token that needs one, a strange leeway.
    """
    if now is None and typ != GRANT_TYP:
        raise ValueError("only a grant statement may be read without a clock")
    claims = read_token(token, keys=keys, issuer=issuer, audience=audience, typ=typ)
    if now is not None:
        check_times(claims, now=now, leeway=leeway)  # 12
    return claims


def read_token(
    token: str,
    *,
    keys: Mapping[str, Ed25519PublicKey],
    issuer: str,
    audience: str | None,
    typ: str = LICENCE_TYP,
) -> LicenceClaims:
    """Steps 1 to 11 of :func:`verify_token`; the times are the caller's to judge, at every use.

    For who keeps what was verified (a node under a lease, a cache); arguments and refusals as there.
    """
    _known_type(typ)
    compact = open_compact(token, typ=typ, members=_HEADER, max_bytes=MAX_BYTES)  # 1, 2, 3
    payload = verified_payload(compact, key_of(compact, keys))  # 4, 5
    claims = _own_spelling(payload) or _claims(strict_object(payload, max_bytes=MAX_BYTES))  # 6, 8
    _check_content(claims, typ)  # 7, 9, 10
    _check_parties(claims, issuer, audience)  # 11
    return claims


def check_times(claims: LicenceClaims, *, now: int, leeway: int = 0) -> None:
    """Refuse claims whose time has not come or is over; cheap, for tokens verified before.

    Raises:
        InvalidToken: ``NOT_YET_VALID`` or ``EXPIRED``.
        ValueError: ``leeway`` is outside 0 to 300 seconds.
    """
    if not 0 <= leeway <= MAX_LEEWAY_SECONDS:
        raise ValueError(f"a leeway lies between 0 and {MAX_LEEWAY_SECONDS} seconds")
    if now >= claims.exp + leeway:
        raise InvalidToken(DenyReason.EXPIRED, "the token has ended", "exp")
    if now < max(claims.nbf, claims.iat) - leeway:
        raise InvalidToken(DenyReason.NOT_YET_VALID, "the token is not valid yet", "nbf")


def _known_type(typ: str) -> None:
    if typ not in _TYPES:
        raise ValueError(f"{typ!r} is not a token type")


def _own_spelling(payload: bytes) -> LicenceClaims | None:
    """The claims of a payload in the one spelling that :func:`encode_token` writes; None for any other.

    What reads into the closed shape and is written back byte for byte held no repeated name, no float, no
    unknown claim, no second value: everything else is read again, slowly, by the strict reader.
    """
    try:
        signed = _decoder.decode(payload)
    except msgspec.MsgspecError:
        return None
    if _encoder.encode(signed) != payload:
        return None
    detail = _Detail(signed.ut, signed.cst, signed.terms_hash, DETAIL_TYPE)
    if signed.authorization_details != (detail,):
        return None
    return LicenceClaims(**{name: getattr(signed, name) for name in _CLAIMS})


def _claims(payload: dict[str, Any]) -> LicenceClaims:
    details = payload.pop("authorization_details", None)
    try:
        claims = msgspec.convert(payload, LicenceClaims)
    except msgspec.ValidationError as error:
        detail, _, where = str(error).partition(" - at ")
        raise malformed(detail, where.rpartition("$")[2].strip("`. ") or None) from error
    if details != _details(claims):
        raise malformed("does not say the same as the claims", "authorization_details")
    return claims


def _details(claims: LicenceClaims) -> list[dict[str, Any]]:
    """Return the grant as RFC 9396 has it, for readers who know that and not our claims."""
    return [
        {
            "type": DETAIL_TYPE,
            "identifier": claims.terms_hash,
            "actions": [use_type.value for use_type in claims.ut],
            "datatypes": [construct.value for construct in claims.cst],
        },
    ]


def _check_content(claims: LicenceClaims, typ: str) -> None:
    _check_training(claims, typ)
    if typ != GRANT_TYP and not (claims.cnf and (claims.cnf.jkt or claims.cnf.x5t_s256)):
        raise malformed("the token is bound to no key and to no certificate", "cnf")
    if not max(claims.iat, claims.nbf) < claims.exp <= claims.win.na or claims.win.nb >= claims.win.na:
        raise malformed("the times are not in order", "exp")
    if typ != GRANT_TYP and claims.exp - claims.iat > MAX_SPAN_SECONDS:
        raise malformed(f"lives longer than {MAX_SPAN_SECONDS} seconds", "exp")


def _check_training(claims: LicenceClaims, typ: str) -> None:
    trains = TRAINING_USE_TYPES.intersection(claims.ut)
    if typ != GRANT_TYP and claims.trn is not (typ == TRAINING_TYP):
        raise InvalidToken(DenyReason.TRAINING_NOT_GRANTED, f"trn contradicts the type {typ}", "trn")
    if len(trains) != (len(claims.ut) if claims.trn else 0):
        raise InvalidToken(DenyReason.TRAINING_NOT_GRANTED, "training stands alone or not at all", "ut")


def _check_parties(claims: LicenceClaims, issuer: str, audience: str | None) -> None:
    if claims.iss != issuer:
        raise InvalidToken(DenyReason.KEY_UNTRUSTED, "issued by another server", "iss")
    if audience is not None and claims.aud != audience:
        raise InvalidToken(DenyReason.AUDIENCE_MISMATCH, "issued for another client", "aud")
