"""What the ledger's views share: API keys only where machines speak, and pages by cursor."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from accounts.certificates import client_certificate
from accounts.principals import Principal
from accounts.selectors import principal_of
from common import clock
from common.errors import Forbidden, InvalidInput, NotFound
from licensing.selectors import tokens_visible_to
from receipts.services import hold_to_sender

LIMIT_MAX = 200
DPOP = OpenApiParameter(
    "DPoP",
    location=OpenApiParameter.HEADER,
    description="RFC 9449, without ath; needed from bound API keys with TRUSTMARK_BOUND_REPORTS, else verified if sent.",
)


def machine_of(request: Request) -> Principal:
    """The API key that calls; a person at the portal renders nothing.

    Raises:
        Forbidden: ``API_KEY_NEEDED``.
    """
    principal = principal_of(request)
    if principal.credential is None:
        raise Forbidden("API_KEY_NEEDED", "This operation is for render nodes: use an API key.")
    return principal


def sender_of(request: Request) -> Principal:
    """The API key that calls, held to the key or certificate that it is bound to.

    Raises:
        Forbidden: ``API_KEY_NEEDED``, or the reason why the caller is not whom the API key was made for.
    """
    principal = machine_of(request)
    hold_to_sender(
        principal=principal,
        proof=request.headers.get("DPoP"),
        certificate=client_certificate(request.META),
        method=request.method or "",
        url=f"{settings.BASE_URL}{request.path}",
        now=clock.now(),
    )
    return principal


def visible_token(request: Request, text: str | None) -> UUID:
    """The id of the licence named in the query, if the caller may see it.

    Raises:
        InvalidInput: ``TOKEN_NEEDED``.
        NotFound: no such licence, or none that the caller may know of.
    """
    if not text:
        raise InvalidInput("TOKEN_NEEDED", "Name a licence: ?token=<jti>.")
    token = tokens_visible_to(principal_of(request)).filter(pk=uuid_of(text)).first()
    if token is None:
        raise NotFound
    return token.pk


def uuid_of(text: str) -> UUID:
    """Read an id; one that is none names nothing."""
    try:
        return UUID(text)
    except ValueError as error:
        raise NotFound from error


def limit_of(request: Request) -> int:
    """The page size asked for, 1 to 200, 50 by default."""
    text = request.query_params.get("limit", "50")
    if not text.isdecimal() or len(text) > 9 or not 1 <= int(text) <= LIMIT_MAX:
        raise InvalidInput(
            "LIMIT_INVALID", _("limit is a number from 1 to %(limit_max)s.") % {"limit_max": LIMIT_MAX}
        )
    return int(text)


def page_of(request: Request, rows: list[dict[str, Any]], after: object) -> dict[str, Any]:
    """A page: rows, and the address of the next page or null."""
    if after is None:
        return {"next": None, "results": rows}
    query = request.query_params.copy()
    query["cursor"] = str(after)
    return {"next": request.build_absolute_uri(f"?{query.urlencode()}"), "results": rows}
