"""An act that binds: the person is there, and signs with their own passkey where that is asked for.

A passkey's signature over the terms is a proof of presence itself, for that act alone. Without one, the person has
proved just now who they are (:mod:`accounts.presence`). Whether a passkey must be used is said by the organisation
acted for and by the talent's own.
"""

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction

from accounts.passkeys import verify_signed_terms
from accounts.presence import NotBound, require_presence
from accounts.principals import Principal
from common.errors import Conflict, Forbidden
from licensing.models import PersonSignature, RequestAction, Talent, TrainingConsent
from trustcore.passkey import PasskeySignature

PasskeyAnswer = Mapping[str, Any]
"""``PublicKeyCredential.toJSON()``: what the browser answers."""


def require_bound(
    principal: Principal, talent: Talent, terms_hash: str, passkey: PasskeyAnswer | None
) -> PasskeySignature | None:
    """Check that the act on these terms binds the person who acts; MUST be called in the act's transaction.

    Returns:
        The signature, if one was given: :func:`keep_signature` stores it with the act.

    Raises:
        Forbidden: ``STEP_UP_REQUIRED``, ``PASSKEY_REQUIRED``, ``PASSKEY_UNKNOWN``, ``PASSKEY_REFUSED``, or ``IN_PERSON``:
            an API key brought a person's signature.
        InvalidInput: ``PASSKEY_MALFORMED``.
    """
    if passkey is not None:
        if principal.credential is not None:
            raise Forbidden("IN_PERSON", "A passkey signs for a person who is signed in.")
        return verify_signed_terms(
            user=principal.person,
            terms_hash=terms_hash,
            credential=passkey,
            admitted_by=principal.presence.admitted_by if principal.presence else "",
        )
    if is_passkey_required(principal, talent):
        raise NotBound(
            "PASSKEY_REQUIRED",
            "This is signed with a passkey.",
            "Nothing was signed. Sign in at the portal and use your passkey.",
        )
    require_presence(principal)
    return None


def is_passkey_required(principal: Principal, talent: Talent) -> bool:
    """Whether an act of ``principal`` about ``talent`` needs a passkey's signature."""
    return principal.organisation.passkey_required or talent.organisation.passkey_required


def keep_signature(
    signed: PasskeySignature | None,
    *,
    principal: Principal,
    terms_hash: str,
    action: RequestAction | None = None,
    consent: TrainingConsent | None = None,
) -> PersonSignature | None:
    """Store a signature with its act.

    Raises:
        Conflict: ``SIGNATURE_USED``: it was given for an act before.
    """
    if signed is None:
        return None
    try:
        with transaction.atomic():
            return PersonSignature.objects.create(
                action=action,
                consent=consent,
                person=principal.person,
                terms_hash=terms_hash,
                credential_id=signed.credential_id,
                thumbprint=signed.thumbprint,
                sign_count=signed.sign_count,
                kept=_kept(signed),
                digest=signed.digest,
            )
    except IntegrityError as error:
        if "digest" not in str(error):
            raise
        raise Conflict(
            "SIGNATURE_USED", "This signature was used before.", "Nothing was signed. Sign again."
        ) from error


def _kept(signed: PasskeySignature) -> dict[str, Any]:
    return {name: getattr(signed, name) for name in signed.__struct_fields__}


__all__ = ["PasskeyAnswer", "is_passkey_required", "keep_signature", "require_bound"]
