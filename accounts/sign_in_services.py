"""Writes of the server's administrators: domains of organisations, their own sign-in, and who must use a passkey."""

import re
from typing import Final
from urllib.parse import urlsplit

from django.db import IntegrityError, transaction

from accounts.models import IdentityProvider, Organisation, OrganisationDomain
from accounts.organisation_sign_in import bound_to
from common import clock
from common.errors import Conflict, InvalidInput
from common.keys import seal

_DOMAIN: Final = re.compile(r"[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+", re.ASCII)
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_RESERVED: Final = frozenset({"openid_connect", "refused"})


def add_domain(*, organisation: Organisation, domain: str) -> OrganisationDomain:
    """Note that a domain is an organisation's own; whoever calls has made sure of it.

    Raises:
        InvalidInput: ``DOMAIN_INVALID``.
        Conflict: ``DOMAIN_TAKEN``: it is another's.
    """
    domain = clean_domain(domain)
    row, _ = OrganisationDomain.objects.get_or_create(domain=domain, defaults={"organisation": organisation})
    if row.organisation_id != organisation.pk:
        raise Conflict("DOMAIN_TAKEN", "This domain is another organisation's.")
    return row


def clean_domain(domain: str) -> str:
    """A domain as it is kept: small letters of ASCII.

    Raises:
        InvalidInput: ``DOMAIN_INVALID``.
    """
    domain = domain.strip().rstrip(".").lower()
    if len(domain) > 253 or not _DOMAIN.fullmatch(domain):
        raise InvalidInput("DOMAIN_INVALID", "That is no domain.")
    return domain


def add_identity_provider(
    *,
    organisation: Organisation,
    slug: str,
    name: str,
    issuer: str,
    client_id: str,
    secret: str,
    may_be_inside: bool = True,
) -> IdentityProvider:
    """Let an organisation's members sign in at its own OpenID Connect service.

    Args:
        slug: the last part of the address they sign in at; says nothing to anybody who does not know it.
        issuer: as the service's discovery document and its tokens name it; https, but on this machine.
        may_be_inside: whether it may stand in a network of our own; not if somebody says so from outside.

    Raises:
        InvalidInput: ``ISSUER_INVALID``, ``CLIENT_INVALID`` or ``SLUG_INVALID``.
        Conflict: ``SLUG_TAKEN``.
    """
    parts = urlsplit(issuer)
    is_local = may_be_inside and parts.scheme == "http" and parts.hostname in _LOOPBACK
    if not parts.hostname or not (parts.scheme == "https" or is_local) or parts.query or parts.fragment:
        raise InvalidInput("ISSUER_INVALID", "Give the issuer's https address.")
    if not client_id or not secret:
        raise InvalidInput("CLIENT_INVALID", "Give the client's id and secret.")
    if slug in _RESERVED or not re.fullmatch(r"[a-z0-9-]{4,60}", slug, re.ASCII):
        raise InvalidInput("SLUG_INVALID", "Use 4 to 60 small letters, digits and hyphens.")
    try:
        with transaction.atomic():
            return IdentityProvider.objects.create(
                organisation=organisation,
                slug=slug,
                name=name or organisation.name,
                issuer=issuer,
                client_id=client_id,
                secret=seal(secret.encode(), bound_to=bound_to(slug)),
                may_be_inside=may_be_inside,
            )
    except IntegrityError as error:
        raise Conflict("SLUG_TAKEN", "That address is taken.") from error


def end_identity_provider(*, provider: IdentityProvider) -> None:
    """Let nobody in by this service any more; sessions that it began go on until they end."""
    IdentityProvider.objects.filter(pk=provider.pk, ended_at=None).update(ended_at=clock.now())


def require_passkeys(*, organisation: Organisation, required: bool) -> Organisation:
    """Say whether acts that bind the organisation, or are about its talent, need a passkey's signature."""
    row = Organisation.objects.get(pk=organisation.pk)
    row.passkey_required = required
    row.save(update_fields=["passkey_required"])
    return row
