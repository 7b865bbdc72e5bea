"""Who presents which token, and is it theirs: signature, audience, proof of possession.

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
from django.db import connection

from accounts.principals import Principal
from common import keys
from trustcore.dpop import Proof, verify_proof
from trustcore.encoding import b64url_decode
from trustcore.errors import InvalidToken, TrustError
from trustcore.policy.reasons import DenyReason
from trustcore.tokens import LicenceClaims, verify_token

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
        kid: the issuer's key that it names, believed or not, if this deployment ever had it: the log shows
            what was presented under a key that leaked, and nobody's words.
    """

    claims: LicenceClaims | None
    proof: Proof | None
    refused: DenyReason | None
    jti: UUID | None
    kid: str | None = None


def audience_of(principal: Principal) -> str:
    """The audience that a token must name for this caller."""
    if principal.credential is None:
        return f"urn:trustmark:person:{principal.person.pk}"
    return f"urn:trustmark:client:{principal.credential.pk}"


def present_token(
    *, principal: Principal, token: str, proof: str | None, method: str, url: str, now: datetime
) -> Presented:
    """Verify a token and the proof beside it; a refusal is an answer, not an exception."""
    seconds = int(now.timestamp())
    jti = _claimed_jti(token)
    try:
        claims = verify_token(
            token,
            keys=keys.public_keys("TOKEN"),
            issuer=settings.BASE_URL,
            audience=audience_of(principal),
            now=seconds,
        )
        if not proof:
            raise InvalidToken(DenyReason.SENDER_MISMATCH, "no proof of possession was sent")
        proved = verify_proof(
            proof,
            method=method,
            url=url,
            now=seconds,
            expected_jkt=claims.cnf.jkt if claims.cnf else None,
            access_token=token,
            max_age_seconds=settings.CLOCK_SKEW_SECONDS,
        )
    except InvalidToken as refusal:
        return Presented(None, None, refusal.reason, jti, known_kid_of(token))
    return Presented(claims, proved, None, jti, claimed_kid(token))


def spend_proof(*, proof: Proof, now: datetime) -> bool:
    """Use up a proof; False if it was used before. MUST be called inside the decision's transaction.

    Two calls with one proof at the same time: the second waits on the unique index, then loses.
    """
    digest = hashlib.sha256(f"{proof.jkt}\n{proof.jti}".encode()).digest()
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into receipts_dpopproofseen (digest, seen_at) values (%s, %s) on conflict do nothing",
            [digest, now],
        )
        return bool(cursor.rowcount == 1)


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
