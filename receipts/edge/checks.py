"""``POST /api/v1/render/checks`` without Django: read the request, ask the service, say the answer."""

from typing import Any

from django.conf import settings

from accounts.callers import caller_of
from accounts.certificates import client_certificate
from receipts.api.answers import answer_document
from receipts.requests import MAX_BODY_BYTES, parse_check
from receipts.services.check import answer_check

PATH = "/api/v1/render/checks"


def is_for_us(environ: dict[str, Any]) -> bool:
    """Whether the request is one that an API key sends, whole and of ordinary size; Django reads the others."""
    length = environ.get("CONTENT_LENGTH") or ""
    content_type: str = environ.get("CONTENT_TYPE") or ""
    return (
        length.isascii()
        and length.isdecimal()
        and len(length) < 9
        and int(length) <= MAX_BODY_BYTES
        and content_type.partition(";")[0].strip().lower() == "application/json"
        and environ.get("HTTP_AUTHORIZATION", "")[:7].lower() == "bearer "
        and not environ.get("HTTP_CONTENT_ENCODING")
    )


def answer(environ: dict[str, Any]) -> dict[str, Any]:
    """Answer one check.

    Raises:
        DomainError: as :func:`receipts.services.check.answer_check`.
    """
    authorization: str = environ["HTTP_AUTHORIZATION"]
    caller = caller_of(authorization, environ)
    asked = parse_check(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
    return answer_document(
        answer_check(
            caller=caller,
            asked=asked,
            proof=environ.get("HTTP_DPOP"),
            certificate=client_certificate(environ),
            method="POST",
            url=f"{settings.BASE_URL}{PATH}",
            idempotency_key=environ.get("HTTP_IDEMPOTENCY_KEY", ""),
            authorization=authorization,
        )
    )
