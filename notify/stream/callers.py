"""Who listens: an API key with the scope ``event:read``, or a person signed in at the portal.

Run in a thread; asked anew at every heartbeat, so a key that is revoked or expires, a session that ends and a
member who leaves lose their stream.
"""

from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from importlib import import_module
from typing import Final
from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.authentication import principal_of_key
from accounts.models import Scope
from accounts.principals import Principal
from accounts.selectors import principal_of_session
from common.errors import Forbidden, Unauthenticated

PEER: Final = ":peer"
"""Where the address of the connection's other end stands beside the headers: no header can have that name."""


def listener(headers: Mapping[str, str]) -> UUID:
    """The organisation whose events the caller may follow.

    Args:
        headers: of the request, names in lower case.

    Raises:
        Unauthenticated: nobody, or a key or session that is no longer good.
        Forbidden: ``SCOPE_MISSING``.
    """
    principal = _caller(headers)
    if not principal.holds(Scope.EVENT_READ):
        raise Forbidden(
            "SCOPE_MISSING",
            "This API key may not do this.",
            _("It needs the scope %(event_read)s.") % {"event_read": Scope.EVENT_READ},
            {"scope": str(Scope.EVENT_READ)},
        )
    return principal.organisation_id


def _caller(headers: Mapping[str, str]) -> Principal:
    scheme, _, value = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        came_from = {
            "REMOTE_ADDR": headers.get(PEER, ""),
            "HTTP_X_FORWARDED_FOR": headers.get("x-forwarded-for", ""),
        }
        return principal_of_key(value.strip(), came_from)[0]
    person = _person(headers.get("cookie", ""))
    if person is None:
        raise Unauthenticated("UNAUTHENTICATED", "Authentication credentials were not provided.")
    return person


def _person(cookies: str) -> Principal | None:
    try:
        cookie = SimpleCookie(cookies).get(settings.SESSION_COOKIE_NAME)
    except CookieError:
        return None
    if cookie is None:
        return None
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(cookie.value)
    user = get_user(request)
    request.user = user
    return principal_of_session(request) if user.is_authenticated else None
