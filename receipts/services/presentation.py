"""Who presents which token, and is it theirs: signature, audience, proof of possession.

A token whose signature held once is remembered by this process: the bytes cannot change. Its key may be revoked,
so whoever acts on the answer compares ``kid`` in the transaction that acts. Audience, times and the proof are
judged at every call.

Source: DESIGN section 5; RFC 9449 (DPoP).
"""

import hashlib
import re
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
    """

    claims: LicenceClaims | None
    proof: Proof | None
    refused: DenyReason | None
    jti: UUID | None
    kid: str | None = None
    named_kid: str | None = None

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
        return Presented(None, None, refusal.reason, _claimed_jti(token), named_kid=known_kid_of(token))
    return Presented(known.claims, proved, None, known.jti, known.kid, known.kid)


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
