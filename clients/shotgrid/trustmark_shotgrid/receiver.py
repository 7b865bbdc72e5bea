"""The webhook's address, as a WSGI application: any server of the house can run it behind its TLS.

Answers: 200 with what became of each delivery; a problem (RFC 9457) with a stable ``code`` otherwise. 503 is said
where the licence server did not answer: the tracker lists the delivery as failed, and the task is on hold already.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable
from typing import Any

from trustmark_shotgrid.deliveries import Deliveries, Delivery, DeliveryRefused
from trustmark_shotgrid.desk import Desk, Heard

BODY_MOST = 2_000_000
STATUS = {
    200: "200 OK", 400: "400 Bad Request", 401: "401 Unauthorized", 405: "405 Method Not Allowed",
    411: "411 Length Required", 413: "413 Content Too Large", 502: "502 Bad Gateway", 503: "503 Service Unavailable",
}  # fmt: skip
log = logging.getLogger("trustmark.shotgrid")

StartResponse = Callable[[str, list[tuple[str, str]]], Any]
Application = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]


def receiver(deliveries: Deliveries, desk: Desk) -> Application:
    """The application."""

    def application(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        try:
            body = _body(environ)
            heard = [
                _hear(deliveries, desk, delivery)
                for delivery in deliveries.read(body, environ.get("HTTP_X_SG_SIGNATURE", ""))
            ]
        except DeliveryRefused as refusal:
            return _problem(start_response, refusal)
        if again := next((one for one in heard if one.again), None):
            return _problem(
                start_response, DeliveryRefused(503, again.code, "the licence server did not answer")
            )
        results = [{"code": one.code} for one in heard]
        return _say(start_response, 200, "application/json", {"results": results})

    return application


def _body(environ: dict[str, Any]) -> bytes:
    if environ.get("REQUEST_METHOD") != "POST":
        raise DeliveryRefused(405, "METHOD_NOT_ALLOWED", "deliveries are POSTed")
    try:
        length = int(environ.get("CONTENT_LENGTH") or "")
    except ValueError:
        raise DeliveryRefused(411, "LENGTH_REQUIRED", "say how long the body is") from None
    if not 0 <= length <= BODY_MOST:
        raise DeliveryRefused(413, "BODY_TOO_LARGE", f"{BODY_MOST} bytes at most")
    body: bytes = environ["wsgi.input"].read(length)
    return body


def _hear(deliveries: Deliveries, desk: Desk, delivery: Delivery) -> Heard:
    if deliveries.was_heard(delivery):
        return Heard("DELIVERY_DUPLICATE")
    if (delivery.event_type, delivery.attribute) != ("Shotgun_Task_Change", "sg_status_list"):
        return Heard("EVENT_IGNORED")
    try:
        heard = desk.begin_task(delivery.entity_id)
    except Exception as error:  # the tracker's own client raises many kinds; whichever, it may send again
        log.exception("delivery %s", delivery.id)
        raise DeliveryRefused(502, "TRACKER_FAILED", type(error).__name__) from error
    log.info("delivery %s: task %s: %s %s", delivery.id, delivery.entity_id, heard.code, heard.detail)
    if not heard.again:
        deliveries.done(delivery)
    return heard


def _problem(start_response: StartResponse, refusal: DeliveryRefused) -> Iterable[bytes]:
    """What the tracker keeps of an answer is a hundred characters: the code comes first."""
    problem = {"code": refusal.code, "status": refusal.status, "title": refusal.detail}
    return _say(start_response, refusal.status, "application/problem+json", problem)


def _say(start_response: StartResponse, status: int, kind: str, content: dict[str, Any]) -> Iterable[bytes]:
    body = json.dumps(content).encode()
    start_response(STATUS[status], [("Content-Type", kind), ("Content-Length", str(len(body)))])
    return [body]
