"""Passkeys: whose they are, and a person's signature with one over the hash of terms.

allauth keeps the keys (``mfa.Authenticator``) and the sign-in; here is what it has no notion of: the thumbprint that
a key is known by elsewhere, its counter, and the signature whose challenge is a hash of terms.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal.auth import get_server, set_state
from django.conf import settings
from django.db import connection
from fido2.cose import ES256, RS256, CoseKey, EdDSA
from fido2.server import Fido2Server
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    AuthenticatorData,
    PublicKeyCredentialRpEntity,
    RegistrationResponse,
    UserVerificationRequirement,
)

from accounts.models import User
from accounts.presence import NotBound, is_theirs
from accounts.principals import ADMITTED_BY_KEY
from common import clock
from common.errors import Conflict, InvalidInput
from trustcore.encoding import b64url_encode
from trustcore.errors import InvalidEvidence
from trustcore.passkey import (
    PasskeySignature,
    RelyingParty,
    challenge_of,
    passkey_thumbprint,
    verify_counters,
    verify_passkey_signature,
)

ALGORITHMS: Final = (ES256.ALGORITHM, EdDSA.ALGORITHM, RS256.ALGORITHM)
NAME_MAX: Final = 60
_SIGN_COUNT: Final = "sign_count"  # in an authenticator's data
_TIMEOUT_MS: Final = 120_000


@dataclass(frozen=True, slots=True)
class Passkey:
    """One passkey as its holder sees it."""

    id: int
    name: str
    created_at: datetime
    last_used_at: datetime | None
    thumbprint: str
    is_synced: bool
    # id of the organisation whose sign-in lent it, and for which alone it serves; empty: the holder's own
    lent_by: str


@lru_cache(maxsize=8)
def relying_party(base_url: str = "") -> RelyingParty | None:
    """Whom passkeys belong to here; None where the server's address is one that no passkey can belong to."""
    try:
        return RelyingParty.of(base_url or settings.BASE_URL)
    except InvalidEvidence:
        return None


def passkeys_of(user: User) -> list[Passkey]:
    """The passkeys of ``user``, oldest first."""
    return [_passkey(row) for row in _rows(user).order_by("created_at", "pk")]


def passkey_holders(people: Iterable[UUID]) -> int:
    """How many of ``people`` have a passkey that is their own, and not lent by an organisation's sign-in."""
    rows = Authenticator.objects.filter(user__in=list(people), type=Authenticator.Type.WEBAUTHN)
    own = rows.exclude(data__has_key=ADMITTED_BY_KEY)
    return int(own.values("user").distinct().count())


def signing_options(enrolled: Iterable[Authenticator], terms_hash: str) -> dict[str, Any] | None:
    """What the browser needs to sign terms of that hash (``PublicKeyCredentialRequestOptions`` as JSON).

    Args:
        enrolled: the person's authenticators, of whatever type.

    Returns:
        None if there is no passkey among them, or none can belong to this server.
    """
    party, rows = relying_party(settings.BASE_URL), passkeys_among(enrolled)
    if party is None or not rows:
        return None
    return {
        "challenge": b64url_encode(challenge_of(terms_hash)),
        "rpId": party.rp_id,
        "userVerification": "required",
        "timeout": _TIMEOUT_MS,
        "allowCredentials": [
            {"type": "public-key", "id": b64url_encode(credential_of(row).credential_id)} for row in rows
        ],
    }


def presence_options(enrolled: Iterable[Authenticator]) -> dict[str, Any] | None:
    """What the browser needs to prove who is there, to a random challenge that waits in the session.

    Returns:
        None if there is no passkey among them, or none can belong to this server.
    """
    rows = passkeys_among(enrolled)
    if relying_party(settings.BASE_URL) is None or not rows:
        return None
    options, state = get_server().authenticate_begin(
        [credential_of(row) for row in rows], user_verification=UserVerificationRequirement.REQUIRED
    )
    set_state(state)
    return dict(dict(options)["publicKey"])


def passkeys_among(enrolled: Iterable[Authenticator]) -> list[Authenticator]:
    """The passkeys of somebody's authenticators."""
    return [row for row in enrolled if row.type == Authenticator.Type.WEBAUTHN]


def verify_signed_terms(
    *, user: User, terms_hash: str, credential: Mapping[str, Any], admitted_by: str = ""
) -> PasskeySignature:
    """Check that ``user`` signed terms of that hash with a passkey of theirs; MUST be called inside a transaction.

    The key's row stays locked until the commit, so two answers with one counter cannot both pass.

    Args:
        credential: ``PublicKeyCredential.toJSON()`` of the browser's answer.
        admitted_by: whose sign-in vouches for the session, and whose lent passkeys serve in it.

    Raises:
        InvalidInput: ``PASSKEY_MALFORMED``.
        NotBound: ``PASSKEY_UNKNOWN``: not a passkey of this person, or one lent to them for another organisation; ``PASSKEY_REFUSED``, with ``reason``.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("a signature is checked in the transaction of the act")
    party = relying_party(settings.BASE_URL)
    if party is None:
        raise NotBound("PASSKEY_REFUSED", "No passkey can belong to this server's address.")
    answer = read_answer(credential)
    row, key = _row_of(user, answer.raw_id, admitted_by)
    kept = _kept(answer, key, party)
    try:
        verify_passkey_signature(kept, terms_hash=terms_hash, party=party)
        verify_counters([row.data.get(_SIGN_COUNT, 0), kept.sign_count])
    except InvalidEvidence as error:
        raise _refused(error.code, error.detail) from error
    _verify_with_library(credential, key, terms_hash, party)
    note_use(row, kept.sign_count)
    return kept


def note_use(row: Authenticator, sign_count: int) -> None:
    """Keep a passkey's counter and the time of its use."""
    row.data = {**row.data, _SIGN_COUNT: sign_count}
    row.last_used_at = clock.now()
    row.save(update_fields=["data", "last_used_at"])


def require_risen(row: Authenticator, sign_count: int) -> None:
    """Refuse a counter that did not rise: there may be a copy of the passkey.

    Raises:
        Conflict: ``PASSKEY_COPIED``.
    """
    try:
        verify_counters([row.data.get(_SIGN_COUNT, 0), sign_count])
    except InvalidEvidence as error:
        raise Conflict("PASSKEY_COPIED", "This passkey may have been copied.", error.detail) from error


def credential_of(row: Authenticator) -> AttestedCredentialData:
    """The credential of a passkey's row: its id and its public key."""
    data = RegistrationResponse.from_dict(row.data["credential"]).response.attestation_object.auth_data
    if data.credential_data is None:
        raise LookupError(f"passkey {row.pk} has no key")
    credential: AttestedCredentialData = data.credential_data
    return credential


def is_credential_taken(credential_id: bytes) -> bool:
    """Whether a passkey of that id is enrolled, by anybody."""
    rows = Authenticator.objects.filter(
        type=Authenticator.Type.WEBAUTHN, data__credential__id=b64url_encode(credential_id)
    )
    return bool(rows.exists())


def jwk_of(key: CoseKey) -> dict[str, str]:
    """A passkey's public key as JWK.

    Raises:
        InvalidInput: ``PASSKEY_UNSUPPORTED``: of another algorithm than those asked for.
    """
    match key.get(3):
        case ES256.ALGORITHM if key.get(-1) == 1:
            return {"kty": "EC", "crv": "P-256", "x": b64url_encode(key[-2]), "y": b64url_encode(key[-3])}
        case EdDSA.ALGORITHM if key.get(-1) == 6:
            return {"kty": "OKP", "crv": "Ed25519", "x": b64url_encode(key[-2])}
        case RS256.ALGORITHM:
            return {"kty": "RSA", "n": b64url_encode(key[-1]), "e": b64url_encode(key[-2])}
    raise InvalidInput("PASSKEY_UNSUPPORTED", "This kind of passkey is not supported.")


def _rows(user: User) -> Any:
    return Authenticator.objects.filter(user_id=user.pk, type=Authenticator.Type.WEBAUTHN)


def _passkey(row: Authenticator) -> Passkey:
    flags = RegistrationResponse.from_dict(row.data["credential"]).response.attestation_object.auth_data
    return Passkey(
        id=row.pk,
        name=row.data["name"],
        created_at=row.created_at,
        last_used_at=row.last_used_at,
        thumbprint=passkey_thumbprint(jwk_of(credential_of(row).public_key)),
        is_synced=bool(flags.flags & AuthenticatorData.FLAG.BS),
        lent_by=str(row.data.get(ADMITTED_BY_KEY) or ""),
    )


def read_answer(credential: object) -> AuthenticationResponse:
    """Read a browser's answer.

    Raises:
        InvalidInput: ``PASSKEY_MALFORMED``.
    """
    try:
        if not isinstance(credential, dict):
            raise TypeError("no object")
        answer = AuthenticationResponse.from_dict(credential)
        if not answer.raw_id or answer.response.signature is None:
            raise ValueError("empty")
    except (AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise InvalidInput("PASSKEY_MALFORMED", "The passkey's answer cannot be read.") from error
    return answer


def _row_of(
    user: User, credential_id: bytes, admitted_by: str
) -> tuple[Authenticator, AttestedCredentialData]:
    for row in _rows(user).select_for_update(of=("self",)):
        found = credential_of(row)
        if found.credential_id == credential_id and is_theirs(row, admitted_by):
            return row, found
    raise NotBound("PASSKEY_UNKNOWN", "That is no passkey of yours.", "Nothing was signed.")


def _kept(
    answer: AuthenticationResponse, key: AttestedCredentialData, party: RelyingParty
) -> PasskeySignature:
    response = answer.response
    return PasskeySignature(
        authenticator_data=b64url_encode(bytes(response.authenticator_data)),
        client_data=b64url_encode(bytes(response.client_data)),
        credential_id=b64url_encode(key.credential_id),
        origin=party.origin,
        public_key=jwk_of(key.public_key),
        rp_id=party.rp_id,
        sign_count=response.authenticator_data.counter,
        signature=b64url_encode(response.signature),
    )


def _verify_with_library(
    credential: Mapping[str, Any], key: AttestedCredentialData, terms_hash: str, party: RelyingParty
) -> None:
    """Ask the library as well: what is stored has passed two readers."""
    server = Fido2Server(
        PublicKeyCredentialRpEntity(id=party.rp_id, name="Trustmark"),
        verify_origin=lambda origin: origin == party.origin,
    )
    state = {"challenge": b64url_encode(challenge_of(terms_hash)), "user_verification": "required"}
    try:
        server.authenticate_complete(state, [key], dict(credential))
    except ValueError as error:
        raise _refused("SIGNATURE_INVALID", str(error)) from error


def _refused(reason: str, detail: str) -> NotBound:
    return NotBound(
        "PASSKEY_REFUSED",
        "The passkey’s signature does not hold.",
        f"Nothing was signed: {detail}.",
        {"reason": reason},
    )


__all__ = [
    "ALGORITHMS",
    "Passkey",
    "credential_of",
    "is_credential_taken",
    "jwk_of",
    "note_use",
    "passkeys_among",
    "passkeys_of",
    "presence_options",
    "read_answer",
    "relying_party",
    "require_risen",
    "signing_options",
    "verify_signed_terms",
]
