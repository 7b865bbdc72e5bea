"""Who presents which token, and is it theirs: signature, audience, proof of possession.

A token whose signature held once is remembered by this process: the bytes cannot change. Its key may be revoked,
so whoever acts on the answer compares ``kid`` in the transaction that acts. Audience, times and the proof are
judged at every call.

Source: DESIGN section 5; RFC 9449 (DPoP).
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings

from accounts.callers import KeyCaller
from common import keys
from common.caching import Bounded
from trustcore.dpop import Proof, verify_proof
from trustcore.encoding import b64url_decode
from trustcore.errors import InvalidToken, TrustError
from trustcore.policy.reasons import DenyReason
from trustcore.tokens import LicenceClaims, check_times, verify_token


@dataclass(frozen=True, slots=True)
class Presented:
    """A token as it was presented.

    Attributes:
        claims: what it says, if every check held; else ``refused`` is the reason.
        kid: the key that signed it, if it was believed.
        jti: the licence it names, believed or not: a refusal is recorded with the licence it was tried on.
    """

    claims: LicenceClaims | None
    proof: Proof | None
    refused: DenyReason | None
    jti: UUID | None
    kid: str | None = None

    @property
    def proof_digest(self) -> bytes | None:
        """What is remembered of the proof, so that it is good once."""
        if self.proof is None:
            return None
        return hashlib.sha256(f"{self.proof.jkt}\n{self.proof.jti}".encode()).digest()


@dataclass(frozen=True, slots=True)
class _Verified:
    claims: LicenceClaims
    kid: str
    jti: UUID


_verified: Bounded[bytes, _Verified] = Bounded(5_000)


def present_token(
    *, caller: KeyCaller, token: str, proof: str | None, method: str, url: str, now: datetime
) -> Presented:
    """Verify a token and the proof beside it; a refusal is an answer, not an exception."""
    seconds = int(now.timestamp())
    try:
        known = _verify(token, caller.audience, seconds)
        if not proof:
            raise InvalidToken(DenyReason.SENDER_MISMATCH, "no proof of possession was sent")
        proved = verify_proof(
            proof,
            method=method,
            url=url,
            now=seconds,
            expected_jkt=known.claims.cnf.jkt if known.claims.cnf else None,
            access_token=token,
            max_age_seconds=settings.CLOCK_SKEW_SECONDS,
        )
    except InvalidToken as refusal:
        return Presented(None, None, refusal.reason, _claimed_jti(token))
    return Presented(known.claims, proved, None, known.jti, known.kid)


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
    header = msgspec.json.decode(b64url_decode(token.partition(".")[0]))
    known = _Verified(claims, header["kid"], UUID(claims.jti))
    _verified.put(name, known)
    return known


def _name(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def _claimed_jti(token: str) -> UUID | None:
    """The licence id inside a token that is not believed yet."""
    try:
        payload: Any = msgspec.json.decode(b64url_decode(token.split(".")[1]))
        return UUID(payload["jti"])
    except (TrustError, msgspec.MsgspecError, LookupError, TypeError, ValueError, AttributeError):
        return None
