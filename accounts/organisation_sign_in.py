"""Sign-in at an organisation's own service (OpenID Connect), and whom it may let in here.

A service vouches for its own organisation's members and for nobody else: the address must be verified there, of a
domain that the organisation owns here, and belong to a living member. Nothing is made on the way: no account, no
membership, no role. In such a session the person acts for that organisation alone.
"""

import time
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.internal.flows.login import record_authentication
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.base import AuthProcess
from django.conf import settings
from django.http import HttpRequest
from django.shortcuts import redirect

from accounts.models import IdentityProvider, Membership, OrganisationDomain, User
from accounts.principals import ADMITTED_BY_KEY
from common.keys import unseal
from common.outward import outward_session

REFUSED_KEY: Final = "organisation_sign_in_refused"  # in the session: why, for the page that says so
PROVIDER: Final = "openid_connect"


def bound_to(slug: str) -> str:
    """What the sealed secret of a sign-in service is bound to."""
    return f"accounts.identity-provider.{slug}"


class OrganisationSignIn(DefaultSocialAccountAdapter):
    """allauth's adapter of other sign-in services: each belongs to an organisation."""

    def list_apps(self, request: HttpRequest, provider: Any = None, client_id: Any = None) -> list[SocialApp]:
        rows = IdentityProvider.objects.filter(ended_at=None)
        if provider not in (None, PROVIDER):
            rows = rows.filter(slug=provider)
        if client_id is not None:
            rows = rows.filter(client_id=client_id)
        return [_app(row) for row in rows]

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return False

    def get_requests_session(self) -> Any:
        """Speak to services on the Internet, and inside to those alone that were set up on the server itself."""
        rows = IdentityProvider.objects.filter(ended_at=None, may_be_inside=True)
        inside = {urlsplit(issuer).hostname or "" for issuer in rows.values_list("issuer", flat=True)}
        session = outward_session(inside=inside)
        session.request = partial(session.request, timeout=settings.SOCIALACCOUNT_REQUESTS_TIMEOUT)  # type: ignore[method-assign]
        return session

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Let a member in, or refuse; what is refused says no more than that.

        Raises:
            ImmediateHttpResponse: refused.
        """
        row = IdentityProvider.objects.filter(slug=sociallogin.account.provider, ended_at=None).first()
        user = member_of(row, sociallogin.account.extra_data) if row else None
        known = sociallogin.user if sociallogin.is_existing else None
        is_again = sociallogin.state.get("process") == AuthProcess.REDIRECT
        if (
            row is None
            or user is None
            or (known is not None and known.pk != user.pk)
            or request.user.is_authenticated != is_again
            or (is_again and (request.user != user or not _is_just_proved(sociallogin.account.extra_data)))
        ):
            request.session[REFUSED_KEY] = row.slug if row else ""
            raise ImmediateHttpResponse(redirect("sign-in-refused"))
        if is_again:  # a fresh proof within a session
            record_authentication(request, sociallogin)
            return
        if known is None:
            sociallogin.connect(request, user)
        request.session[ADMITTED_BY_KEY] = str(row.organisation_id)

    def on_authentication_error(self, request: HttpRequest, provider: Any, **told: Any) -> None:
        """Say it on a page of ours, whatever went wrong on the way.

        Raises:
            ImmediateHttpResponse: always.
        """
        request.session[REFUSED_KEY] = provider.app.provider_id if provider.app else ""
        raise ImmediateHttpResponse(redirect("sign-in-refused"))


def member_of(row: IdentityProvider, told: Any) -> User | None:
    """The living member that an identity service's words are about; None if they admit nobody.

    Args:
        told: the ID token's claims and those of the user info, as allauth keeps them.
    """
    claims = {**_part(told, "id_token"), **_part(told, "userinfo")}
    subjects = {part.get("sub") for part in (_part(told, "id_token"), _part(told, "userinfo"))}
    issuer, email = _part(told, "id_token").get("iss"), claims.get("email")
    if issuer != row.issuer or len(subjects) != 1 or None in subjects:
        return None
    if not isinstance(email, str) or claims.get("email_verified") is not True:
        return None
    name, _, domain = email.lower().rpartition("@")
    owns = OrganisationDomain.objects.filter(organisation=row.organisation_id, domain=domain).exists()
    if not name or not owns:
        return None
    member = Membership.objects.filter(
        organisation=row.organisation_id, user__email__iexact=email, user__is_active=True, ended_at=None
    )
    found = member.select_related("user").first()
    return found.user if found else None


def _is_just_proved(told: Any) -> bool:
    """Whether the person proved themselves there just now, and was not let through by an older session."""
    at = _part(told, "id_token").get("auth_time")
    return isinstance(at, int | float) and abs(time.time() - at) <= settings.STEP_UP_SECONDS


def _part(told: Any, name: str) -> dict[str, Any]:
    part = told.get(name) if isinstance(told, dict) else None
    return part if isinstance(part, dict) else {}


def _app(row: IdentityProvider) -> SocialApp:
    return SocialApp(
        provider=PROVIDER,
        provider_id=row.slug,
        name=row.name,
        client_id=row.client_id,
        secret=unseal(row.secret, bound_to=bound_to(row.slug)).decode(),
        settings={"server_url": row.issuer, "fetch_userinfo": True, "oauth_pkce_enabled": True},
    )
