"""Problem details (RFC 9457): every refusal becomes one, with a stable ``code``.

This module alone turns reasons into HTTP statuses.
"""

import json
import logging
import math
from http import HTTPStatus
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.db import DataError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext
from psycopg.errors import UntranslatableCharacter
from rest_framework import exceptions
from rest_framework.response import Response

from common.errors import DomainError
from trustcore.errors import TrustError

logger = logging.getLogger(__name__)
PROBLEM_JSON = "application/problem+json"


def problem(status: int, code: str, title: str, detail: str = "", **extra: Any) -> dict[str, Any]:
    """The members of a problem document; ``code`` is the stable one."""
    document = {
        "type": f"urn:trustmark:problem:{code.lower()}",
        "title": gettext(title),
        "status": status,
        "code": code,
    }
    if detail:
        document["detail"] = gettext(detail)
    return document | extra


def problem_response(status: int, code: str, title: str, detail: str = "", **extra: Any) -> JsonResponse:
    """A problem document as a plain Django response (for views that stand before DRF)."""
    return JsonResponse(
        problem(status, code, title, detail, **extra), status=status, content_type=PROBLEM_JSON
    )


_STATUS_CODES = {
    400: "MALFORMED",
    401: "UNAUTHENTICATED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    406: "NOT_ACCEPTABLE",
    413: "BODY_TOO_LARGE",
    415: "CONTENT_TYPE_UNSUPPORTED",
    429: "RATE_LIMITED",
}


def problem_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler: every refusal becomes a problem document with a stable code."""
    from rest_framework.views import set_rollback  # DRF imports this module while it builds its views

    set_rollback()
    status, document = describe_error(error)
    if status >= 500:
        logger.error("api failure %s", document["code"], exc_info=error)
    headers = {"WWW-Authenticate": 'Bearer realm="trustmark"'} if status == 401 else None
    if status == 503:
        headers = {"Retry-After": "2"}
    if wait := getattr(error, "wait", None):  # of DRF's Throttled, in seconds
        headers = {"Retry-After": str(math.ceil(wait))}
    return Response(document, status=status, headers=headers, content_type=PROBLEM_JSON)


def problem_answer(error: Exception) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of a refusal, for who answers HTTP without a framework."""
    status, document = describe_error(error)
    if status >= 500:
        logger.error("api failure %s", document["code"], exc_info=error)
    headers = {"Content-Type": PROBLEM_JSON}
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="trustmark"'
    elif status == 503:
        headers["Retry-After"] = "2"
    return status, headers, json.dumps(document).encode()


def describe_error(error: Exception) -> tuple[int, dict[str, Any]]:
    """The status and the problem document of whatever a request ran into."""
    match error:
        case DomainError():
            return error.status, problem(error.status, error.code, error.title, error.detail, **error.extra)
        case TrustError():
            return 422, problem(422, error.code, str(error))
        case exceptions.ValidationError():
            return 422, problem(
                422, "FIELDS_INVALID", "Some fields are not valid.", errors=_flat(error.detail)
            )
        case exceptions.APIException():
            status = error.status_code
            code = _STATUS_CODES.get(status, "REFUSED")
            return status, problem(status, code, HTTPStatus(status).phrase, str(error.detail))
        case Http404():
            return 404, problem(404, "NOT_FOUND", "There is nothing here.")
        case RequestDataTooBig():
            return 413, problem(413, "BODY_TOO_LARGE", "The body is larger than this operation reads.")
        case DataError() if isinstance(error.__cause__, UntranslatableCharacter):
            # JSON may hold a NUL that no column of the database takes, deep in a field without a shape of its own
            return 422, problem(422, "TEXT_INVALID", "A text holds a NUL character.")
        case OperationalError() | InterfaceError():
            return 503, problem(
                503, "DATABASE_UNAVAILABLE", "The database does not answer.", "Nothing was acknowledged."
            )
        case _:
            return 500, problem(500, "INTERNAL", "Something failed on our side.", "Nothing was acknowledged.")


def _flat(detail: Any, path: str = "") -> list[dict[str, str]]:
    if isinstance(detail, dict):
        return [row for key, value in detail.items() for row in _flat(value, f"{path}.{key}".strip("."))]
    if isinstance(detail, list):
        rows = []
        for index, value in enumerate(detail):
            deeper = isinstance(value, dict | list)
            rows += _flat(value, f"{path}[{index}]" if deeper else path)
        return rows
    return [{"field": path, "message": str(detail), "code": str(getattr(detail, "code", "invalid"))}]


def _page(request: HttpRequest, status: int, code: str, title: str) -> HttpResponse:
    if request.path.startswith("/api/"):
        return problem_response(status, code, title)
    return render(request, f"{status}.html", status=status)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer a request that Django could not read."""
    if isinstance(exception, RequestDataTooBig):
        return too_large(request)
    del exception
    return _page(request, 400, "MALFORMED", "This request could not be read.")


def too_large(request: HttpRequest) -> HttpResponse:
    """Answer a body that is larger than what is read here."""
    return _page(request, 413, "BODY_TOO_LARGE", "The body is larger than this operation reads.")


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer a person who may see a thing but not do this to it."""
    return _page(request, 403, "FORBIDDEN", "You may not do this.")


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Missing and hidden read the same."""
    return _page(request, 404, "NOT_FOUND", "There is nothing here.")


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer when we failed: nothing was acknowledged."""
    return _page(request, 500, "INTERNAL", "Something failed on our side.")
