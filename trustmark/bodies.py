"""Large bodies are read where uploads are meant to arrive, and nowhere else.

Django writes the files of a form to disk while it looks for the form's token, before any view says who may
send what: without this, anyone could fill the disk through the sign-in page.
"""

import re
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from common.problems import too_large

# Operations that check the caller first and bound their bodies themselves.
_UPLOADS = frozenset(
    {
        "/api/v1/assets",
        "/api/v1/guild-rolls",
        "/members/roll/",
        "/api/v1/watermarks/detect",
        "/api/v1/watermarks/jobs",
        "/api/v1/verifications",
        "/verify/",
        "/check/",
        "/api/v1/render/receipts",
        "/api/v1/training-imports",
        "/softbinding/v1/matches/byContent",
        "/api/v1/softbinding/matches/byContent",
    }
)
# The same, of one object: evidence of an incident, by the API and at the portal, a document that is brought into the
# graph of a production, and an original for training.
_UPLOADS_OF_ONE = re.compile(
    r"(?:/api/v1)?/incidents/[0-9a-f-]{36}/evidence/?|/api/v1/productions/[0-9a-f-]{36}/omc"
    r"|/api/v1/training-assets/[0-9a-f-]{36}/content"
)


class BoundedBodies:
    """Middleware: 413 for a declared length beyond ``API_BODY_BYTES_MAX``, before a byte of it is read."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        declared = request.META.get("CONTENT_LENGTH") or "0"
        is_small = (
            declared.isdecimal() and len(declared) < 19 and int(declared) <= settings.API_BODY_BYTES_MAX
        )
        if is_small or request.path in _UPLOADS or _UPLOADS_OF_ONE.fullmatch(request.path):
            return self._get_response(request)
        return too_large(request)
