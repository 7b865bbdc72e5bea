"""Who presents which token, and is it theirs: signature, audience, possession of its key or certificate.

A token is bound to a key (``cnf.jkt``: each call brings a fresh proof), to a client certificate
(``cnf.x5t#S256``: the TLS connection is made with it), or to both, and then both must hold. Nothing is read
from the database but the issuer's keys.

Source: DESIGN section 5; RFC 9449 (DPoP); RFC 8705 section 3 (certificate-bound tokens).
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings
from django.db import connection

from accounts.certificates import certificate_thumbprint
from accounts.principals import Principal
from common import keys
from common.errors import Forbidden
from trustcore.dpop import Proof, verify_proof
from trustcore.encoding import b64url_decode
from trustcore.errors import InvalidToken, TrustError
from trustcore.policy.reasons import DenyReason
from trustcore.tokens import LicenceClaims, verify_token


@dataclass(frozen=True, slots=True)
class Presented:
    """A token as it was presented.

    Attributes:
        claims: what it says, if every check held; else ``refused`` is the reason.
        x5t: thumbprint of the certificate it is bound to and was presented with; None if to none.
        jti: the licence it names, believed or not: a refusal is recorded with the licence it was tried on.
    """

    claims: LicenceClaims | None
    proof: Proof | None
    refused: DenyReason | None
    jti: UUID | None
    x5t: str | None = None

    @property
    def is_bound(self) -> bool:
        """Whether the caller has shown that the token is theirs."""
        return self.refused is None and (self.proof is not None or self.x5t is not None)


def audience_of(principal: Principal) -> str:
    """The audience that a token must name for this caller."""
    if principal.credential is None:
        return f"urn:trustmark:person:{principal.person.pk}"
    return f"urn:trustmark:client:{principal.credential.pk}"


def present_token(
    *,
    principal: Principal,
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
    jti = _claimed_jti(token)
    try:
        claims = verify_token(
            token,
            keys=keys.public_keys("TOKEN"),
            issuer=settings.BASE_URL,
            audience=audience_of(principal),
            now=seconds,
        )
        bound = claims.cnf
        if bound is None:  # no such token is ever verified; never allow
            raise InvalidToken(DenyReason.SENDER_MISMATCH, "the token is bound to nobody")
        x5t = _check_certificate(bound.x5t_s256, certificate) if bound.x5t_s256 else None
        proved = None
        if bound.jkt:
            proved = _check_proof(proof, bound.jkt, token=token, method=method, url=url, seconds=seconds)
    except InvalidToken as refusal:
        return Presented(None, None, refusal.reason, jti)
    return Presented(claims, proved, None, jti, x5t)


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


def spend_proof(*, proof: Proof, now: datetime) -> bool:
    """Use up a proof; False if it was used before. A check MUST call it inside its decision's transaction.

    Two calls with one proof at the same time: the second waits on the unique index, then loses.
    """
    digest = hashlib.sha256(f"{proof.jkt}\n{proof.jti}".encode()).digest()
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into receipts_dpopproofseen (digest, seen_at) values (%s, %s) on conflict do nothing",
            [digest, now],
        )
        return bool(cursor.rowcount == 1)


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
            if not spend_proof(proof=proved, now=now):
                raise InvalidToken(DenyReason.REPLAY, "this proof was used before", "jti")
    except InvalidToken as refusal:
        raise Forbidden(refusal.reason.value, refusal.reason.explanation, refusal.detail) from refusal


def _claimed_jti(token: str) -> UUID | None:
    """The licence id inside a token that is not believed yet."""
    try:
        payload: Any = msgspec.json.decode(b64url_decode(token.split(".")[1]))
        return UUID(payload["jti"])
    except (TrustError, msgspec.MsgspecError, LookupError, TypeError, ValueError, AttributeError):
        return None
