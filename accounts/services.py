"""Writes: register organisations and people, make and revoke API keys."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts.certificates import certificate_thumbprint, read_certificate
from accounts.forgotten import (
    ask_for_password,
    note_password_mailed,
    password_mail_of,
    renew_password,
)
from accounts.invitations import (
    accept_as_member,
    accept_as_new,
    accept_new_start,
    account_of,
    change_password,
    invite_person,
    living_link,
    mail_of,
    note_mailed,
    revoke_invitation,
    start_over,
)
from accounts.memberships import add_member
from accounts.models import ApiCredential, Organisation, Scope, User
from accounts.sign_in_services import (
    add_domain,
    add_identity_provider,
    end_identity_provider,
    require_passkeys,
)
from common import clock
from common.errors import Conflict, InvalidInput, NotFound
from common.networks import clean_networks
from trustcore.errors import TrustError
from trustcore.signing import jwk_thumbprint, public_key_from_jwk

__all__ = [
    "accept_as_member",
    "accept_as_new",
    "accept_new_start",
    "account_of",
    "add_domain",
    "add_identity_provider",
    "add_member",
    "ask_for_password",
    "change_password",
    "create_api_credential",
    "create_user",
    "end_identity_provider",
    "invite_person",
    "living_link",
    "mail_of",
    "note_mailed",
    "note_password_mailed",
    "password_mail_of",
    "register_organisation",
    "renew_password",
    "require_passkeys",
    "revoke_api_credential",
    "revoke_invitation",
    "start_over",
]

_PREFIX_BYTES, _SECRET_BYTES = 5, 32
_NETWORKS_MOST = 50


def register_organisation(*, name: str, kind: str, slug: str = "", **external_ids: str) -> Organisation:
    """Register a party.

    Raises:
        InvalidInput: ``KIND_UNKNOWN``.
        Conflict: ``ORGANISATION_EXISTS``: the slug is taken.
    """
    if kind not in Organisation.Kind.values:
        raise InvalidInput("KIND_UNKNOWN", _("%(kind)s is not a kind of organisation.") % {"kind": kind})
    slug = slug or slugify(name)
    if Organisation.objects.filter(slug=slug).exists():
        raise Conflict("ORGANISATION_EXISTS", _("The name %(slug)s is taken.") % {"slug": slug})
    return Organisation.objects.create(name=name, kind=kind, slug=slug, external_ids=external_ids)


def create_user(*, email: str, full_name: str, password: str, time_zone: str = "UTC") -> User:
    """Make a person who may sign in.

    Raises:
        Conflict: ``USER_EXISTS``.
    """
    if User.objects.filter(email__iexact=email).exists():
        raise Conflict("USER_EXISTS", "This address has an account.")
    return User.objects.create_user(email, password, full_name=full_name, time_zone=time_zone)


def choose_language(*, person: User, language: str) -> None:
    """Keep the language a person reads; empty leaves it to the browser."""
    User.objects.filter(pk=person.pk).update(language=language)
    person.language = language


def create_api_credential(
    *,
    organisation: Organisation,
    created_by: User,
    name: str,
    scopes: Iterable[str],
    expires_at: datetime,
    proof_jwk: dict[str, Any] | None = None,
    certificate: str = "",
    networks: Iterable[str] = (),
) -> tuple[ApiCredential, str]:
    """Make an API key; the second value is the whole key, shown this once and never stored.

    Args:
        proof_jwk: public Ed25519 JWK (RFC 8037) that tokens fetched with this key are bound to.
        certificate: PEM of the client certificate that they are bound to, instead or as well (RFC 8705).
        networks: from where alone it works, in CIDR form; none: from anywhere.

    Raises:
        InvalidInput: ``SCOPE_UNKNOWN``, ``EXPIRY_PAST``, ``PROOF_KEY_INVALID``, ``CERTIFICATE_INVALID`` or
            ``NETWORK_INVALID``.
    """
    wanted = sorted(set(scopes))
    if not wanted or (unknown := [scope for scope in wanted if scope not in Scope.values]):
        raise InvalidInput(
            "SCOPE_UNKNOWN", "Name at least one scope, each a known one.", ", ".join(wanted and unknown)
        )
    if expires_at <= clock.now():
        raise InvalidInput("EXPIRY_PAST", "The key would have ended already.")
    public = _public_part(proof_jwk) if proof_jwk else None
    prefix, secret = secrets.token_hex(_PREFIX_BYTES), secrets.token_urlsafe(_SECRET_BYTES)
    credential = ApiCredential.objects.create(
        organisation=organisation,
        created_by=created_by,
        name=name,
        prefix=prefix,
        digest=hashlib.sha256(secret.encode()).digest(),
        scopes=wanted,
        expires_at=expires_at,
        proof_jwk=public,
        jkt=jwk_thumbprint(public) if public else "",
        networks=_networks(networks),
        x5t=certificate_thumbprint(read_certificate(certificate)) if certificate else "",
    )
    return credential, f"tm_{prefix}_{secret}"


def revoke_api_credential(*, credential: ApiCredential) -> ApiCredential:
    """End a key at once.

    Raises:
        NotFound: it is gone.
    """
    with transaction.atomic():
        row = ApiCredential.objects.select_for_update().filter(pk=credential.pk).first()
        if row is None:
            raise NotFound("CREDENTIAL_UNKNOWN", "No such API key.")
        if row.revoked_at is None:
            row.revoked_at = clock.now()
            row.save(update_fields=["revoked_at"])
        return row


def _networks(wanted: Iterable[str]) -> list[str]:
    try:
        found = clean_networks(wanted)
    except ValueError as error:
        raise InvalidInput(
            "NETWORK_INVALID", "That is no network.", "Write each as 10.20.0.0/16, or one address."
        ) from error
    if len(found) > _NETWORKS_MOST:
        raise InvalidInput("NETWORK_INVALID", "A key works from at most fifty networks.")
    return found


def _public_part(jwk: dict[str, Any]) -> dict[str, Any]:
    if "d" in jwk:
        raise InvalidInput(
            "PROOF_KEY_INVALID", "That is a private key.", "Send the public part alone; make a new pair."
        )
    try:
        public_key_from_jwk(jwk)
    except (TrustError, ValueError, KeyError, TypeError) as error:
        raise InvalidInput("PROOF_KEY_INVALID", "The proof key is not a public Ed25519 JWK.") from error
    return {"kty": "OKP", "crv": "Ed25519", "x": jwk["x"]}
