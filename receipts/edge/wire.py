"""What goes over the wire: a status line, headers, bytes."""

from http import HTTPStatus
from typing import Any, NamedTuple

import msgspec

_encoder = msgspec.json.Encoder()
_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}
_SAFE = (("X-Content-Type-Options", "nosniff"), ("Cache-Control", "no-store"), ("Vary", "Authorization"))


class Answer(NamedTuple):
    """An HTTP answer as WSGI takes it."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes


def json_answer(status: int, document: dict[str, Any], content_type: str = "application/json") -> Answer:
    """A JSON document that nobody may keep."""
    body = _encoder.encode(document)
    headers = [("Content-Type", content_type), ("Content-Length", str(len(body))), *_SAFE]
    return Answer(_LINES[status], headers, body)


def problem_answer(status: int, document: dict[str, Any]) -> Answer:
    """A problem document (RFC 9457), with the header that its status asks for."""
    answer = json_answer(status, document, "application/problem+json")
    if status == HTTPStatus.UNAUTHORIZED:
        answer.headers.append(("WWW-Authenticate", 'Bearer realm="trustmark"'))
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        answer.headers.append(("Retry-After", "2"))
    return answer
