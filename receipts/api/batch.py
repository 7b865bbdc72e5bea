"""A batch of receipts as HTTP, without a framework: the caller, the headers, a body to read; an answer in bytes.

Who answers HTTP (the view of ``/api/v1/render/receipts``, or whatever stands before Django) authenticates the
caller and calls :func:`take_batch`; everything else about the request is decided here, once.

The answer is JSON: the counts, ``runs`` (consecutive rows with one answer and consecutive leaves, a handful in an
ordinary batch) and ``rows`` (each row by itself). A farm's client asks for the runs alone, ``Prefer:
return=minimal`` (RFC 7240): fifty thousand rows say three megabytes where one run says a line.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec
from django.conf import settings
from django.utils.translation import gettext as _

from accounts.principals import Principal
from common.errors import Forbidden, InvalidInput, WrongMediaType
from common.problems import problem_answer
from receipts import services
from receipts.api.base import uuid_of
from receipts.ndjson import blocks_of_lines, chunks_of, unpacked
from trustcore.receipt import MAX_ROW_BYTES

SCOPE = "render:receipt"
_NDJSON = {"application/x-ndjson", "application/ndjson", "application/jsonl"}
_UNPACKED_FACTOR = 4  # a batch may unpack to this many times the bytes it may be sent in

HttpAnswer = tuple[int, dict[str, str], bytes]
"""Status, headers, body."""


def take_batch(
    principal: Principal,
    headers: Mapping[str, str],
    read: Callable[[int], bytes],
    query: Mapping[str, str],
) -> HttpAnswer:
    """Take a batch of receipts and answer; every refusal is a problem document, nothing is raised.

    Args:
        principal: the authenticated caller.
        headers: by lower-case name; of interest: ``content-type``, ``content-length``, ``content-encoding``,
            ``idempotency-key``, ``prefer``.
        read: up to so many bytes of the body as it comes, empty at its end; OSError if the client went away.
        query: ``project``, the production of rows without a known lease; ``wait``, ``published`` to be answered
            only once the public checkpoint covers the batch.
    """
    try:
        answer = _take(principal, headers, read, query)
    except Exception as error:  # noqa: BLE001 - whatever failed, the caller is told in the one form
        return problem_answer(error)
    is_minimal = "return=minimal" in headers.get("prefer", "").lower().replace(" ", "")
    applied = {"Preference-Applied": "return=minimal"} if is_minimal else {}
    return 200, {"Content-Type": "application/json", **applied}, encode_answer(answer, rows=not is_minimal)


def encode_answer(answer: services.BatchAnswer, *, rows: bool) -> bytes:
    """The JSON of an answer; with or without each row by itself."""
    document: dict[str, Any] = {
        "batch": str(answer.batch),
        "accepted": answer.accepted,
        "unauthorised": answer.unauthorised,
        "refused": answer.refused,
        "runs": [
            {"row": row, "count": rows, "status": status, "code": code, "leaf_index": leaf}
            for row, rows, status, code, leaf in answer.runs
        ],
        "size": answer.size,
        "checkpoint": "published" if answer.is_published else "pending",
    }
    data = msgspec.json.encode(document)
    if not rows:
        return data
    return b"".join((data[:-1], b',"rows":[', ",".join(_rows_of(answer.runs)).encode(), b"]}"))


def _rows_of(runs: tuple[services.Run, ...]) -> Iterator[str]:
    """Each row as JSON; statuses and codes are our own words."""
    for row, count, status, code, leaf in runs:
        told = f'"{code}"' if code else "null"
        said = f'"status":"{status}","code":{told}'
        for step in range(count):
            index = "null" if leaf is None else leaf + step
            yield f'{{"row":{row + step},{said},"leaf_index":{index}}}'


def _take(
    principal: Principal,
    headers: Mapping[str, str],
    read: Callable[[int], bytes],
    query: Mapping[str, str],
) -> services.BatchAnswer:
    if principal.credential is None:
        raise Forbidden("API_KEY_NEEDED", "This operation is for render nodes: use an API key.")
    if not principal.holds(SCOPE):
        raise Forbidden(
            "SCOPE_MISSING",
            "This API key may not do this.",
            _("It needs the scope %(scope)s.") % {"scope": SCOPE},
            {"scope": SCOPE},
        )
    wait = query.get("wait", "")
    if wait not in {"", "published"}:
        raise InvalidInput("WAIT_INVALID", "wait is `published`, or left out.")
    project = query.get("project")
    return services.take_blocks(
        principal=principal,
        batch_key=headers.get("idempotency-key", ""),
        blocks=_blocks(headers, read),
        project=uuid_of(project) if project else None,
        wait=wait == "published",
    )


def _blocks(headers: Mapping[str, str], read: Callable[[int], bytes]) -> Iterator[list[bytes]]:
    """The rows of the body, some at a time, as the client sends them.

    Raises:
        WrongMediaType: ``CONTENT_TYPE_UNSUPPORTED``.
        InvalidInput: ``LENGTH_REQUIRED``: without it a body that was cut could not be told from a whole one.
    """
    if headers.get("content-type", "").partition(";")[0].strip().lower() not in _NDJSON:
        raise WrongMediaType("CONTENT_TYPE_UNSUPPORTED", "Send application/x-ndjson, one receipt a line.")
    length = headers.get("content-length", "")
    if not (length.isdecimal() and length.isascii() and len(length) < 19):
        raise InvalidInput("LENGTH_REQUIRED", "Say how long the body is (Content-Length).")
    chunks = chunks_of(read, length=int(length), most=settings.BATCH_BYTES_MAX)
    plain = unpacked(
        chunks,
        encoding=headers.get("content-encoding", ""),
        most=_UNPACKED_FACTOR * settings.BATCH_BYTES_MAX,
    )
    return blocks_of_lines(plain, max_line=MAX_ROW_BYTES)
