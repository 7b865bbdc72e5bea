"""How an API call says who it is: an API key as bearer token, or the portal's session with CSRF."""

import hashlib
import hmac
import re
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpResponse, QueryDict
from django.utils.datastructures import MultiValueDict
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import (
    BaseAuthentication,
    CSRFCheck,
    SessionAuthentication,
    get_authorization_header,
)
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from accounts.models import ApiCredential, Membership, User
from accounts.principals import Principal
from accounts.selectors import principal_of_session
from common import clock
from common.errors import Unauthenticated

_KEY = re.compile(r"tm_([0-9a-f]{1,12})_([A-Za-z0-9_-]{1,128})", re.ASCII)
_NOBODY = hashlib.sha256(b"nobody").digest()
_LAST_USED_EVERY = timedelta(minutes=5)


class ApiKeyAuthentication(BaseAuthentication):
    """``Authorization: Bearer tm_<prefix>_<secret>``; compared in constant time by digest."""

    def authenticate(self, request: Request) -> tuple[User, ApiCredential] | None:
        scheme, _, value = get_authorization_header(request).decode("latin-1").partition(" ")
        if scheme.lower() != "bearer":
            return None
        principal, credential = principal_of_key(value.strip())
        request.principal = request._request.principal = principal  # type: ignore[attr-defined]
        return credential.created_by, credential

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="trustmark"'


class PortalSessionAuthentication(SessionAuthentication):
    """A person signed in at the portal; unsafe methods need the CSRF token."""

    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        user = getattr(request._request, "user", None)
        if user is None or isinstance(user, AnonymousUser):
            return None
        self.enforce_csrf(request)
        request._request.principal = principal_of_session(request._request)  # type: ignore[attr-defined]
        request.principal = request._request.principal  # type: ignore[attr-defined]
        return user, None

    def enforce_csrf(self, request: Request) -> None:
        """The token comes in the header alone: no form is read to disk before it is known who sends it."""
        check, sent = CSRFCheck(lambda _: HttpResponse()), request._request
        check.process_request(sent)
        was_read = hasattr(sent, "_post")
        if not was_read:
            sent._post, sent._files = QueryDict(), MultiValueDict()  # type: ignore[attr-defined]
        try:
            reason = check.process_view(sent, lambda _: HttpResponse(), (), {})
        finally:
            if not was_read:
                del sent._post, sent._files  # type: ignore[attr-defined]
        if reason:
            raise PermissionDenied(f"CSRF Failed: {reason}")


def principal_of_key(value: str) -> tuple[Principal, ApiCredential]:
    """Who calls with the API key ``value``, and the key.

    Raises:
        Unauthenticated: as the API answers it: the key is not known, or no longer good.
    """
    credential = credential_of(value)
    principal = Principal(
        organisation=credential.organisation,
        person=credential.created_by,
        credential=credential,
        scopes=frozenset(credential.scopes),
    )
    return principal, credential


def credential_of(value: str) -> ApiCredential:
    """Find the living credential of a presented key.

    Raises:
        Unauthenticated: ``API_KEY_INVALID`` (malformed, unknown, wrong), ``API_KEY_EXPIRED``,
            ``API_KEY_REVOKED``, ``API_KEY_ORPHANED`` (its maker has left, or only reads there now: nobody answers for it).
    """
    match = _KEY.fullmatch(value)
    prefix, secret = match.groups() if match else ("", "")
    row = _credentials().filter(prefix=prefix).first()
    digest = hashlib.sha256(secret.encode()).digest()
    if not hmac.compare_digest(digest, bytes(row.digest) if row else _NOBODY) or row is None:
        raise Unauthenticated("API_KEY_INVALID", "This API key is not known.")
    _refuse_ended(row)
    now = clock.now()
    if row.last_used_at is None or now - row.last_used_at > _LAST_USED_EVERY:
        ApiCredential.objects.filter(pk=row.pk).update(last_used_at=now)
    return row


def living_credential(credential_id: UUID) -> ApiCredential:
    """The credential of that id, for who has authenticated with it before.

    Raises:
        Unauthenticated: it has ended since, as :func:`credential_of`.
    """
    row = _credentials().filter(pk=credential_id).first()
    if row is None:
        raise Unauthenticated("API_KEY_INVALID", "This API key is not known.")
    _refuse_ended(row)
    return row


def _credentials() -> QuerySet[ApiCredential]:
    maker = Membership.objects.filter(
        user=OuterRef("created_by"), organisation=OuterRef("organisation"), ended_at=None
    ).exclude(role=Membership.Role.LEGAL)  # who only reads answers for no key
    return ApiCredential.objects.select_related("organisation", "created_by").annotate(
        maker_is_here=Exists(maker)
    )


def _refuse_ended(row: Any) -> None:
    if row.revoked_at is not None:
        raise Unauthenticated("API_KEY_REVOKED", "This API key was revoked.")
    if row.expires_at <= clock.now():
        raise Unauthenticated("API_KEY_EXPIRED", "This API key has ended.")
    if not (row.maker_is_here and row.created_by.is_active):
        raise Unauthenticated(
            "API_KEY_ORPHANED", "Nobody answers for this API key any more.", "Make a new one."
        )


class _ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "accounts.authentication.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "tm_<prefix>_<secret>"}


class _PortalSessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "accounts.authentication.PortalSessionAuthentication"
    name = "portalSession"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}
