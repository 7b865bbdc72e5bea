"""Liveness, readiness and metrics for operators; none of them tells anything of a tenant."""

import threading
import time
from ipaddress import ip_address
from typing import Any

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_GET
from kombu import Connection
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from compliance.erasure.tombstones import TombstoneUnreadable, pending

_asking = threading.Lock()
_known: list[Any] = [0.0, None]  # when the parts were asked last, and what they said
_FORWARDED = frozenset({"HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR"})


@require_GET
def alive(request: HttpRequest) -> JsonResponse:
    """The process answers; says nothing of the parts behind it."""
    return JsonResponse({"status": "alive"})


@require_GET
def ready(request: HttpRequest) -> JsonResponse:
    """200 when the database and the broker answer, else 503 naming the part that does not.

    However often it is asked, a process asks the parts once in ``READY_SECONDS``: strangers may ask, and a probe is never turned away.
    """
    parts = _parts_now()
    everything = all(parts.values())
    return JsonResponse(
        {"status": "ready" if everything else "unready", "parts": parts},
        status=200 if everything else 503,
    )


@require_GET
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus exposition of this process: to this machine, or to who holds the token; 404 to others."""
    if not (_is_of_this_machine(request) or _holds_metrics_token(request)):
        raise Http404
    return HttpResponse(generate_latest(), content_type=CONTENT_TYPE_LATEST)


def _is_of_this_machine(request: HttpRequest) -> bool:
    """Whether the call was made here; one that a proxy passed on was not, wherever the proxy runs."""
    is_passed_on = settings.TLS_PROXY or not _FORWARDED.isdisjoint(request.META)
    try:
        return not is_passed_on and ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def _holds_metrics_token(request: HttpRequest) -> bool:
    expected = f"Bearer {settings.METRICS_TOKEN}".encode()
    presented = request.headers.get("Authorization", "").encode()
    return bool(settings.METRICS_TOKEN) and constant_time_compare(presented, expected)


def _parts_now() -> dict[str, bool]:
    with _asking:  # whoever waits here gets the answer that is being fetched
        at, known = _known
        now = time.monotonic()
        if known is None or now - at >= settings.READY_SECONDS:
            known = {"database": _database_answers(), "broker": _broker_answers()}
            if known["database"] and not _nobody_came_back():
                # a restored backup has brought somebody back (docs/operations/erasure.md)
                known["erasures"] = False
            _known[:] = [time.monotonic(), known]
        return dict(known)


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("select 1")
    except DatabaseError:
        return False
    return True


def _nobody_came_back() -> bool:
    """Whether everybody who was erased is erased in this database, too; a restored backup must not serve before."""
    try:
        return not pending()
    except (TombstoneUnreadable, DatabaseError, OSError):
        return False


def _broker_answers() -> bool:
    try:
        with Connection(settings.BROKER_URL, connect_timeout=2) as broker:
            broker.ensure_connection(max_retries=1, timeout=2)
    except Exception:  # noqa: BLE001  (every transport has errors of its own; each means: no answer)
        return False
    return True
