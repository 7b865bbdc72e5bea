"""What an organisation's administrator says of how its people sign in: passkeys, and a service of its own."""

import json
import secrets
from typing import Final
from uuid import UUID

import requests
from django.conf import settings
from django.utils.text import slugify

from accounts.domains import require_administrator
from accounts.models import IdentityProvider, Organisation
from accounts.presence import require_presence
from accounts.principals import Principal
from accounts.sign_in_services import add_identity_provider, end_identity_provider, require_passkeys
from common.errors import Conflict, Forbidden, InvalidInput, NotFound
from common.outward import outward_session

PROVIDERS_MAX: Final = 5
_DOCUMENT: Final = "/.well-known/openid-configuration"
_BYTES_MAX: Final = 256 * 1024
_NAME_MAX: Final = 40


def may_set_passkeys(principal: Principal) -> bool:
    """Whether the caller says if passkeys are asked for: an administrator, of a talent's own the talent alone."""
    is_talent = principal.organisation.kind == Organisation.Kind.TALENT
    return principal.is_role("TALENT" if is_talent else "ADMIN")


def set_passkey_rule(*, principal: Principal, required: bool) -> Organisation:
    """Ask for a passkey's signature on acts that bind the organisation, or are about its talent; or no more.

    Raises:
        Forbidden: ``ADMINISTRATOR_ONLY`` or ``STEP_UP_REQUIRED``.
    """
    if not may_set_passkeys(principal):
        raise Forbidden("ADMINISTRATOR_ONLY", "An administrator of the organisation does that.")
    require_presence(principal)
    return require_passkeys(organisation=principal.organisation, required=required)


def add_own_service(
    *, principal: Principal, name: str, issuer: str, client_id: str, secret: str
) -> IdentityProvider:
    """Let the organisation's members sign in at its own OpenID Connect service, which is asked who it is first.

    Raises:
        Forbidden: ``ADMINISTRATOR_ONLY`` or ``STEP_UP_REQUIRED``. Conflict: ``SERVICES_TOO_MANY``.
        InvalidInput: as :func:`~accounts.sign_in_services.add_identity_provider`, or ``ISSUER_UNREACHABLE`` or
            ``ISSUER_DIFFERS``.
    """
    require_administrator(principal)
    require_presence(principal)
    organisation = principal.organisation
    if IdentityProvider.objects.filter(organisation=organisation, ended_at=None).count() >= PROVIDERS_MAX:
        raise Conflict("SERVICES_TOO_MANY", "End one of your sign-in services first.")
    if not issuer.startswith("https://"):
        raise InvalidInput("ISSUER_INVALID", "Give the issuer's https address.")
    _ask_who_it_is(issuer)
    return add_identity_provider(
        organisation=organisation,
        slug=f"{slugify(organisation.slug)[:_NAME_MAX]}-{secrets.token_hex(4)}",
        name=name,
        issuer=issuer,
        client_id=client_id,
        secret=secret,
        may_be_inside=False,
    )


def end_own_service(*, principal: Principal, provider_id: UUID) -> IdentityProvider:
    """Let nobody in by this service any more.

    Raises:
        NotFound; Forbidden: as :func:`add_own_service`.
    """
    require_administrator(principal)
    require_presence(principal)
    row = IdentityProvider.objects.filter(
        organisation=principal.organisation, pk=provider_id, ended_at=None
    ).first()
    if row is None:
        raise NotFound
    end_identity_provider(provider=row)
    return row


def _ask_who_it_is(issuer: str) -> None:
    """Read the service's discovery document, so that a slip is found now and not when nobody can sign in."""
    try:
        with (
            outward_session() as session,
            session.get(
                issuer.rstrip("/") + _DOCUMENT,
                timeout=settings.SOCIALACCOUNT_REQUESTS_TIMEOUT,
                allow_redirects=False,
                stream=True,
            ) as answer,
        ):
            answer.raise_for_status()
            body = answer.raw.read(_BYTES_MAX + 1, decode_content=True)
            told = json.loads(body) if len(body) <= _BYTES_MAX else None
    except (requests.RequestException, OSError, ValueError) as error:
        raise _unreachable() from error
    if not isinstance(told, dict):
        raise _unreachable()
    if told.get("issuer") != issuer:
        raise InvalidInput(
            "ISSUER_DIFFERS", "The service calls itself by another address.", str(told.get("issuer"))[:200]
        )


def _unreachable() -> InvalidInput:
    return InvalidInput(
        "ISSUER_UNREACHABLE",
        "Nothing that speaks OpenID Connect answers at this address.",
        "It must be reached from the Internet by https. Nothing was changed.",
    )
