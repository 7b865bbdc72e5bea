"""Signed leases and signed decisions: what a render node may rely on, and what a refused one may show.

A permit is answered with a *lease* (``render-lease+jwt``): which units, until when, and for how long and how
many frames work may go on without the server. It is the decision's signature: it names the decision, the
token, the policy and the obligations. A refusal is answered with a *decision* (``render-decision+jwt``) that
says what was asked (by hash) and why not. Both are signed with keys of the purpose ``DECISION``, published
apart from the token keys (``/.well-known/decision-jwks.json``), so that neither kind of key can sign what is
the other's.

Reading is as strict as for tokens, and stricter in one way: only the canonical spelling (RFC 8785) is a
lease. A lease's times are not judged here: :mod:`trustcore.offline` does, frame by frame.

    >>> from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    >>> from trustcore.signing import Ed25519Signer
    >>> signer = Ed25519Signer(Ed25519PrivateKey.generate())
    >>> refusal = DecisionClaims(at="2026-11-22T08:00:00Z", aud="urn:c:1", dec="d1", inp="0" * 64, iss="https://a.example",
    ...                          out=DecisionOutcome.DENY, policy_hash="sha256:" + "0" * 64, rsn=("REVOKED",))
    >>> verify_decision(encode_decision(refusal, signer), keys={signer.kid: signer.public_key}, issuer="https://a.example").rsn
    ('REVOKED',)

Source: DESIGN section 5; TAXONOMY 13 and 14; RFC 7515, RFC 8037, RFC 8725; ADR 0009.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Any, Final, TypeVar

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import Meta

from trustcore.claims import Confirmation, Epoch, Hash, OfflineClaim, Text
from trustcore.compact import ALGORITHM, key_of, malformed, open_compact, verified_payload
from trustcore.encoding import b64url_encode, canonical_json, prepare_readers
from trustcore.errors import InvalidToken
from trustcore.policy.reasons import DenyReason
from trustcore.policy.shape import Ident
from trustcore.policy.vocabulary import Construct, DecisionOutcome, Quota, UseType
from trustcore.receipt.forms import MAX_FRAME
from trustcore.signing import Signer

__all__ = [
    "DECISION_TYP",
    "LEASE_TYP",
    "DecisionClaims",
    "LeaseClaims",
    "encode_decision",
    "encode_lease",
    "verify_decision",
    "verify_lease",
]

LEASE_TYP: Final = "render-lease+jwt"
DECISION_TYP: Final = "render-decision+jwt"
MAX_BYTES: Final = 8 * 1024
MAX_LIFE_SECONDS: Final = 7 * 86_400
_HEADER: Final = frozenset({"alg", "typ", "kid"})

Unit = Annotated[int, Meta(ge=0, le=MAX_FRAME)]
Code = Annotated[str, Meta(min_length=1, max_length=40)]
Shot = Annotated[str, Meta(max_length=120)]
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]

# Fields stand in the order of their encoded names: a plain encoder then writes RFC 8785 (tests compare).


class LeaseClaims(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """What a signed lease says.

    Attributes:
        aud: the one client it is for.
        cnf: the sender's key or certificate, as in the token.
        cst: construct; ``ut`` use type; ``prj`` production; ``shot`` shot, where one was named.
        ctr: the counter its units are taken from.
        dec: id of the decision; ``policy_hash`` the rules that decided.
        exp: end of the lease, seconds since 1970; ``iat`` when this text was signed.
        first: first unit reserved; ``last`` the last one, inclusive.
        jti: id of the lease.
        obl: obligations, e.g. ``WATERMARK_PIXEL``.
        off: seconds after ``exp``, and frames finished after it, that are still in bounds.
        tok: id (``jti``) of the licence token; ``ver`` version of its terms.
    """

    aud: Text
    cnf: Confirmation
    cst: Construct
    ctr: Quota
    dec: Ident
    exp: Epoch
    first: Unit
    iat: Epoch
    iss: Text
    jti: Ident
    last: Unit
    obl: tuple[Code, ...] = ()
    off: OfflineClaim = OfflineClaim()
    policy_hash: Hash
    prj: Ident
    shot: Shot = ""
    tok: Ident
    ut: UseType
    ver: Annotated[int, Meta(ge=1, le=1_000_000)]


class DecisionClaims(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True
):
    """What a signed decision says: a refusal that can be shown to others.

    Attributes:
        at: when it was decided, RFC 3339 UTC.
        aud: the client that asked.
        dec: id of the decision, under which the log has it.
        inp: SHA-256, hex, of the canonical question.
        out: outcome; ``rsn`` every reason, the primary one first.
    """

    at: Annotated[str, Meta(min_length=20, max_length=40)]
    aud: Text
    dec: Ident
    inp: Sha256
    iss: Text
    out: DecisionOutcome
    policy_hash: Hash
    rsn: tuple[Code, ...] = ()


prepare_readers(LeaseClaims, DecisionClaims)
_encoder = msgspec.json.Encoder()
_lease_decoder = msgspec.json.Decoder(LeaseClaims)
_decision_decoder = msgspec.json.Decoder(DecisionClaims)
_Claims = TypeVar("_Claims", LeaseClaims, DecisionClaims)


def encode_lease(claims: LeaseClaims, signer: Signer) -> str:
    """Return ``claims`` as a signed lease: one encoding, one signature.

    Raises:
        InvalidToken: the claims contradict themselves; nothing that ``verify_lease`` would refuse is signed.
    """
    _check_lease(claims)
    return _encode(claims, signer, LEASE_TYP)


def verify_lease(
    text: str, *, keys: Mapping[str, Ed25519PublicKey], issuer: str, audience: str | None = None
) -> LeaseClaims:
    """Return what a signed lease says. Its times are the caller's to judge, see :mod:`trustcore.offline`.

    1. One compact JWS of type ``render-lease+jwt``, its header exactly ``alg``, ``kid`` and ``typ``.
    2. The signature is that of the decision key that ``kid`` names.
    3. The payload is the one canonical spelling of the closed shape: no repeated name, no float, no more.
    4. Ranges and times are in order, and it is bound to a key or a certificate.
    5. Issuer and, where one is given, audience are those expected.

    Args:
        text: the compact JWS.
        keys: the issuer's *decision* keys by ``kid``; a token key is none.
        issuer: the one issuer accepted.
        audience: the one audience accepted; ``None`` leaves it to the caller.

    Raises:
        InvalidToken: ``TOKEN_MALFORMED``, ``KEY_UNTRUSTED``, ``SIGNATURE_INVALID`` or ``AUDIENCE_MISMATCH``.
    """
    claims = _decode(text, keys, LEASE_TYP, _lease_decoder)  # 1, 2, 3
    _check_lease(claims)  # 4
    _check_parties(claims, issuer, audience)  # 5
    return claims


def encode_decision(claims: DecisionClaims, signer: Signer) -> str:
    """Return ``claims`` as a signed decision."""
    return _encode(claims, signer, DECISION_TYP)


def verify_decision(
    text: str, *, keys: Mapping[str, Ed25519PublicKey], issuer: str, audience: str | None = None
) -> DecisionClaims:
    """Return what a signed decision says; arguments and refusals as for :func:`verify_lease`."""
    claims = _decode(text, keys, DECISION_TYP, _decision_decoder)
    _check_parties(claims, issuer, audience)
    return claims


def _encode(claims: LeaseClaims | DecisionClaims, signer: Signer, typ: str) -> str:
    signed = f"{_header(signer.kid, typ)}.{b64url_encode(_encoder.encode(claims))}"
    return f"{signed}.{b64url_encode(signer.sign(signed.encode('ascii')))}"


@lru_cache(maxsize=64)
def _header(kid: str, typ: str) -> str:
    return b64url_encode(canonical_json({"alg": ALGORITHM, "kid": kid, "typ": typ}))


def _decode(
    text: str, keys: Mapping[str, Ed25519PublicKey], typ: str, decoder: msgspec.json.Decoder[_Claims]
) -> _Claims:
    compact = open_compact(text, typ=typ, members=_HEADER, max_bytes=MAX_BYTES)
    payload = verified_payload(compact, key_of(compact, keys))
    try:
        claims = decoder.decode(payload)
    except msgspec.MsgspecError as error:
        detail, _, where = str(error).partition(" - at ")
        raise malformed(detail, where.rpartition("$")[2].strip("`. ") or None) from error
    if _encoder.encode(claims) != payload:
        raise malformed("not in canonical form", "payload")
    return claims


def _check_lease(claims: LeaseClaims) -> None:
    if claims.cnf.jkt is None and claims.cnf.x5t_s256 is None:
        raise malformed("the lease is bound to no key and to no certificate", "cnf")
    if claims.first > claims.last:
        raise malformed("the range is not in order", "last")
    if not claims.iat < claims.exp <= claims.iat + MAX_LIFE_SECONDS:
        raise malformed("the times are not in order, or too far apart", "exp")


def _check_parties(claims: Any, issuer: str, audience: str | None) -> None:
    if claims.iss != issuer:
        raise InvalidToken(DenyReason.KEY_UNTRUSTED, "signed for another server", "iss")
    if audience is not None and claims.aud != audience:
        raise InvalidToken(DenyReason.AUDIENCE_MISMATCH, "given to another client", "aud")
