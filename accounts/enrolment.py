"""Enrolling a passkey: the browser's options, and the check of what it made.

The challenge waits in the session and is good once. A passkey is always made so that it can sign in by itself
(discoverable, the person verified by the device).
"""

from collections.abc import Mapping, MutableMapping
from typing import Any, Final

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal.auth import get_credentials
from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _
from fido2.server import Fido2Server
from fido2.webauthn import (
    PublicKeyCredentialParameters,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialType,
    PublicKeyCredentialUserEntity,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from accounts.models import User
from accounts.passkeys import ALGORITHMS, NAME_MAX, is_credential_taken, jwk_of, relying_party
from common.errors import InvalidInput
from trustcore.passkey import RelyingParty

_STATE: Final = "passkey_enrolment"  # in the session
PASSKEYS_MAX: Final = 20


def enrolment_options(session: MutableMapping[str, Any], user: User) -> dict[str, Any] | None:
    """What the browser needs to make a passkey for ``user`` (who need not be stored yet).

    Returns:
        None where the server's address is one that no passkey can belong to.
    """
    party = relying_party(settings.BASE_URL)
    if party is None:
        return None
    options, state = _server(party).register_begin(
        user=PublicKeyCredentialUserEntity(**get_adapter().get_public_key_credential_user_entity(user)),
        credentials=get_credentials(user),
        resident_key_requirement=ResidentKeyRequirement.REQUIRED,
        user_verification=UserVerificationRequirement.REQUIRED,
        extensions={"credProps": True},
    )
    session[_STATE] = {**state, "user": str(user.pk)}
    return dict(dict(options)["publicKey"])


def read_enrolment(session: MutableMapping[str, Any], user: User, credential: object) -> dict[str, Any]:
    """Check what the browser made for ``user``; the challenge is used up, whatever comes of it.

    Returns:
        The credential, to be kept by :func:`keep_passkey` or allauth's own flow.

    Raises:
        InvalidInput: ``PASSKEY_MALFORMED``, ``PASSKEY_REFUSED``, ``PASSKEY_TAKEN``, ``PASSKEY_UNSUPPORTED`` or
            ``PASSKEYS_TOO_MANY``.
    """
    party, state = relying_party(settings.BASE_URL), session.pop(_STATE, None)
    if party is None or not state or state.pop("user", None) != str(user.pk):
        raise InvalidInput(
            "PASSKEY_REFUSED", "This page has waited too long.", "Nothing was added. Try again."
        )
    if not isinstance(credential, dict):
        raise InvalidInput("PASSKEY_MALFORMED", "The passkey cannot be read.")
    try:
        data = _server(party).register_complete(state, credential)
        key = data.credential_data
        if key is None:
            raise ValueError("no key")
    except (AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise InvalidInput("PASSKEY_REFUSED", "This passkey was not accepted.", str(error)[:200]) from error
    jwk_of(key.public_key)
    if is_credential_taken(key.credential_id):
        raise InvalidInput("PASSKEY_TAKEN", "This passkey is enrolled already.")
    if (
        Authenticator.objects.filter(user_id=user.pk, type=Authenticator.Type.WEBAUTHN).count()
        >= PASSKEYS_MAX
    ):
        raise InvalidInput(
            "PASSKEYS_TOO_MANY",
            _("You have %(passkeys_max)s passkeys already.") % {"passkeys_max": PASSKEYS_MAX},
            "Remove one first.",
        )
    return credential


def keep_passkey(user: User, name: str, credential: Mapping[str, Any]) -> Authenticator:
    """Store a passkey that was checked; MUST be called inside the transaction that makes its user."""
    if not connection.in_atomic_block:
        raise RuntimeError("a passkey is stored with its person")
    return Authenticator.objects.create(
        user=user,
        type=Authenticator.Type.WEBAUTHN,
        data={"name": clean_name(name), "credential": dict(credential)},
    )


def clean_name(name: str) -> str:
    """A passkey's name: one line, visible."""
    return " ".join("".join(one for one in name if one.isprintable()).split())[:NAME_MAX]


def _server(party: RelyingParty) -> Fido2Server:
    server = Fido2Server(
        PublicKeyCredentialRpEntity(id=party.rp_id, name="Trustmark"),
        verify_origin=lambda origin: origin == party.origin,
    )
    server.allowed_algorithms = [
        PublicKeyCredentialParameters(type=PublicKeyCredentialType.PUBLIC_KEY, alg=one) for one in ALGORITHMS
    ]
    return server
