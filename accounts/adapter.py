"""django-allauth's adapters: accounts are made by invitation, and second factors are kept sealed."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext

from accounts.passkeys import relying_party
from accounts.presence import is_theirs
from accounts.principals import ADMITTED_BY_KEY
from common.keys import seal, unseal
from common.networks import network_of
from trustcore.encoding import b64url_decode, b64url_encode

_BOUND_TO = "accounts.second-factor"


class ClosedSignUpAdapter(DefaultAccountAdapter):
    """Refuses open sign-up; names people by their full name."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """Whose attempts are counted together: behind a proxy not everybody's, of IPv6 a whole network's."""
        return network_of(request.META)

    def populate_username(self, request: HttpRequest, user: Any) -> None:
        """People have no user names here."""


class SecondFactorAdapter(DefaultMFAAdapter):
    """Passkeys belong to the server's name; secrets of second factors are sealed under the deployment's secret."""

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        party = relying_party(settings.BASE_URL)
        return {"id": party.rp_id if party else "", "name": "Trustmark"}

    def is_mfa_enabled(self, user: Any, types: Any = None) -> bool:
        """Whether ``user`` has one of these that serves in this session: a lent passkey elsewhere is none."""
        rows = Authenticator.objects.filter(user_id=user.pk)
        if types is not None:
            rows = rows.filter(type__in=types)
        admitted_by = context.request.session.get(ADMITTED_BY_KEY) or ""
        return any(is_theirs(row, admitted_by) for row in rows)

    def get_totp_issuer(self) -> str:
        party = relying_party(settings.BASE_URL)
        return f"Trustmark ({party.rp_id})" if party else "Trustmark"

    def generate_authenticator_name(self, user: Any, type: Any) -> str:  # noqa: A002
        number = Authenticator.objects.filter(user_id=user.pk, type=type).count() + 1
        return gettext("Passkey {number}").format(number=number)

    def encrypt(self, text: str) -> str:
        return b64url_encode(seal(text.encode(), bound_to=_BOUND_TO))

    def decrypt(self, encrypted_text: str) -> str:
        return unseal(b64url_decode(encrypted_text), bound_to=_BOUND_TO).decode()
