"""Who presents which token, and is it theirs: signature, audience, possession of its key or certificate.

A token is bound to a key (``cnf.jkt``: each call brings a fresh proof), to a client certificate
(``cnf.x5t#S256``: the TLS connection is made with it), or to both, and then both must hold.

A token whose signature held once is remembered by this process: the bytes cannot change. Its key may be revoked,
so whoever acts on the answer compares ``kid`` in the transaction that acts. Audience, times, proof and
certificate are judged at every call.

Source: DESIGN section 5; RFC 9449 (DPoP); RFC 8705 section 3 (certificate-bound tokens).
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings
from django.db import connection

from accounts.callers import KeyCaller
from accounts.certificates import certificate_thumbprint
from accounts.principals import Principal
from common import keys
from common.caching import Bounded
from common.errors import Forbidden
from trustcore.dpop import Proof, verify_proof
from trustcore.encoding import b64url_decode
from trustcore.errors import InvalidToken, TrustError
from trustcore.policy.reasons import DenyReason
from trustcore.tokens import LicenceClaims, check_times, verify_token

# ours are thumbprints; whatever else stands there is asked of no database
_OUR_KID = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
# what reading a token that nobody has verified may end in; nested deep enough it ends the recursion
_NOT_READABLE = (
    TrustError, msgspec.MsgspecError, LookupError, TypeError, ValueError, AttributeError, RecursionError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Presented:
    """A token as it was presented.

    Attributes:
        claims: what it says, if every check held; else ``refused`` is the reason.
        jti: the licence it names, believed or not: a refusal is recorded with the licence it was tried on.
        kid: the key that signed it, if it was believed.
        named_kid: the issuer's key that it names, believed or not, if this deployment ever had it: the log
            shows what was presented under a key that leaked, and nobody's words.
        x5t: thumbprint of the certificate it is bound to and was presented with; None if to none.
    """

    claims: LicenceClaims | None
    proof: Proof | None
    refused: DenyReason | None
    jti: UUID | None
    kid: str | None = None
    named_kid: str | None = None
    x5t: str | None = None

    @property
    def proof_digest(self) -> bytes | None:
        """What is remembered of the proof, so that it is good once."""
        if self.proof is None:
            return None
        return _digest_of(self.proof)

    @property
    def is_bound(self) -> bool:
        """Whether the caller has shown that the token is theirs."""
        return self.refused is None and (self.proof is not None or self.x5t is not None)


@dataclass(frozen=True, slots=True)
class _Verified:
    claims: LicenceClaims
    kid: str
    jti: UUID


_verified: Bounded[bytes, _Verified] = Bounded(5_000)


def present_token(
    *,
    caller: KeyCaller,
    token: str,
    proof: str | None,
    method: str,
    url: str,
    now: datetime,
    certificate: bytes | None = None,
) -> Presented:
    """Verify a token and that it is the caller's; a refusal is an answer, not an exception.

    Args:
        proof: the ``DPoP`` header; ``method`` and ``url`` are what it must name.
        certificate: the client's certificate (DER), as a trusted proxy handed it on; never the client's word.
    """
    seconds = int(now.timestamp())
    try:
        known = _verify(token, caller.audience, seconds)
        bound = known.claims.cnf
        if bound is None:  # no such token is ever verified; never allow
            raise InvalidToken(DenyReason.SENDER_MISMATCH, "the token is bound to nobody")
        x5t = _check_certificate(bound.x5t_s256, certificate) if bound.x5t_s256 else None
        proved = None
        if bound.jkt:
            proved = _check_proof(proof, bound.jkt, token=token, method=method, url=url, seconds=seconds)
    except InvalidToken as refusal:
        return Presented(None, None, refusal.reason, _claimed_jti(token), named_kid=known_kid_of(token))
    return Presented(known.claims, proved, None, known.jti, known.kid, known.kid, x5t)


def hold_to_sender(
    *,
    principal: Principal,
    proof: str | None,
    certificate: bytes | None,
    method: str,
    url: str,
    now: datetime,
) -> None:
    """Hold a call without a token (a lease's heartbeat, a batch of receipts) to the API key's own binding.

    With ``TRUSTMARK_BOUND_REPORTS`` the key or certificate must be shown; without, it is verified where it is
    shown. A proof here names no token (no ``ath``), and is good once.

    Raises:
        Forbidden: ``SENDER_MISMATCH``, ``REPLAY``, ``CLOCK_SKEW``, ``TOKEN_MALFORMED`` or ``SIGNATURE_INVALID``.
    """
    credential = principal.credential
    if credential is None:
        return
    try:
        if credential.x5t and (certificate is not None or settings.BOUND_REPORTS):
            _check_certificate(credential.x5t, certificate)
        if credential.jkt and (proof or settings.BOUND_REPORTS):
            seconds = int(now.timestamp())
            proved = _check_proof(proof, credential.jkt, token=None, method=method, url=url, seconds=seconds)
            if not _spend(_digest_of(proved), now):
                raise InvalidToken(DenyReason.REPLAY, "this proof was used before", "jti")
    except InvalidToken as refusal:
        raise Forbidden(refusal.reason.value, refusal.reason.explanation, refusal.detail) from refusal


def _check_proof(
    proof: str | None, jkt: str, *, token: str | None, method: str, url: str, seconds: int
) -> Proof:
    if not proof:
        raise InvalidToken(DenyReason.SENDER_MISMATCH, "no proof of possession was sent")
    return verify_proof(
        proof,
        method=method,
        url=url,
        now=seconds,
        expected_jkt=jkt,
        access_token=token,
        max_age_seconds=settings.CLOCK_SKEW_SECONDS,
    )


def _check_certificate(bound: str, certificate: bytes | None) -> str:
    if certificate is None:
        raise InvalidToken(DenyReason.SENDER_MISMATCH, "no client certificate was presented")
    if not hmac.compare_digest(certificate_thumbprint(certificate), bound):
        raise InvalidToken(DenyReason.SENDER_MISMATCH, "another client certificate was presented")
    return bound


def _digest_of(proof: Proof) -> bytes:
    return hashlib.sha256(f"{proof.jkt}\n{proof.jti}".encode()).digest()


def _spend(digest: bytes, now: datetime) -> bool:
    """Use up a proof; False if it was used before. Two at the same time: the second waits on the index, then loses."""
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into receipts_dpopproofseen (digest, seen_at) values (%s, %s) on conflict do nothing",
            [digest, now],
        )
        return bool(cursor.rowcount == 1)


def forget_token(token: str) -> None:
    """Verify the token anew when it comes again."""
    _verified.drop(_name(token))


def _verify(token: str, audience: str, now: int) -> _Verified:
    name = _name(token)
    known = _verified.get(name)
    if known is not None:
        if known.claims.aud != audience:
            raise InvalidToken(DenyReason.AUDIENCE_MISMATCH, "issued for another client", "aud")
        check_times(known.claims, now=now)
        return known
    claims = verify_token(
        token, keys=keys.public_keys("TOKEN"), issuer=settings.BASE_URL, audience=audience, now=now
    )
    known = _Verified(claims, claimed_kid(token) or "", UUID(claims.jti))
    _verified.put(name, known)
    return known


def _name(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def claimed_kid(token: str) -> str | None:
    """The key id in the header of a token; believed only where the token was verified."""
    try:
        kid: Any = msgspec.json.decode(b64url_decode(token.split(".", 1)[0]))["kid"]
    except _NOT_READABLE:
        return None
    return kid if isinstance(kid, str) else None


def known_kid_of(token: str) -> str | None:
    """The key id that a refused token names, if it is or was one of ours."""
    kid = claimed_kid(token)
    return kid if kid is not None and _OUR_KID.fullmatch(kid) and keys.known_kid(kid) else None


def _claimed_jti(token: str) -> UUID | None:
    """The licence id inside a token that is not believed yet."""
    try:
        payload: Any = msgspec.json.decode(b64url_decode(token.split(".")[1]))
        return UUID(payload["jti"])
    except _NOT_READABLE:
        return None
