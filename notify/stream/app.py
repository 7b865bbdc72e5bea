"""The ASGI application of the event stream: this route, and two for the operator.

It stands alone, without Django's handler: a stream lives for hours, each of its writes has a time limit, and
what it keeps in memory is a position. ``trustmark.asgi`` serves it.
"""

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

from django.conf import settings
from django.db import Error as DatabaseError

from common.errors import DomainError, InvalidInput, Unavailable
from common.problems import problem
from notify import selectors
from notify.kinds import clean_kinds
from notify.stream import PATH
from notify.stream.callers import PEER, listener
from notify.stream.database import in_thread
from notify.stream.frames import ALIVE, OPENING, ending
from notify.stream.hub import Hub
from notify.stream.reader import frames

logger = logging.getLogger(__name__)
Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
# A client that does not take one write within this time is cut off; it comes back with its Last-Event-ID.
SEND_SECONDS = 10.0


class StreamApp:
    """``application`` for an ASGI server; the hub starts with the server's lifespan."""

    def __init__(self, nudge: Callable[[], None]) -> None:
        self.hub = Hub(nudge)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        reading: asyncio.Task[None] | None = None
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                reading = asyncio.create_task(self.hub.run())
            elif reading is not None:
                reading.cancel()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            match (scope["method"], scope["path"]):
                case ("GET", "/healthz"):
                    await _json(send, 200, {"status": "alive"})
                case ("GET", "/readyz"):
                    status = 200 if self.hub.is_listening else 503
                    await _json(send, status, {"status": "ready" if status == 200 else "unready"})
                case ("GET", path) if path == PATH:
                    await self._stream(scope, receive, send)
                case (_, path) if path in {PATH, "/healthz", "/readyz"}:
                    await _problem(send, 405, problem(405, "METHOD_NOT_ALLOWED", "Method Not Allowed"))
                case _:
                    await _problem(send, 404, problem(404, "NOT_FOUND", "There is nothing here."))
        except DomainError as error:
            document = problem(error.status, error.code, error.title, error.detail, **error.extra)
            await _problem(send, error.status, document)
        except DatabaseError:
            document = problem(503, "DATABASE_UNAVAILABLE", "The database does not answer.")
            await _problem(send, 503, document)

    async def _stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
        }
        headers[PEER] = str((scope.get("client") or ("",))[0])
        organisation_id = await in_thread(listener, headers)
        kinds = _kinds(scope["query_string"].decode("latin-1"))
        resume = await _resume(organisation_id, headers.get("last-event-id", ""))
        self._require_room(organisation_id)
        async with self.hub.channel(organisation_id) as channel:
            position = self.hub.position if resume is None else resume
            await _start(
                send,
                200,
                b"text/event-stream",
                (b"x-accel-buffering", b"no"),
                *_for_portal(headers.get("origin", "")),
            )
            events = frames(
                channel, organisation_id, position, kinds,
                patience_seconds=settings.EVENTS_HEARTBEAT_SECONDS / 2,
            )  # fmt: skip
            going = asyncio.create_task(_send_all(send, events, headers))
            leaving = asyncio.create_task(_left(receive))
            await asyncio.wait({going, leaving}, return_when=asyncio.FIRST_COMPLETED)
            for task in (going, leaving):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, ConnectionError, RuntimeError):
                    await task
            await events.aclose()  # type: ignore[attr-defined]

    def _require_room(self, organisation_id: UUID) -> None:
        if not self.hub.is_listening:
            raise Unavailable("STREAM_NOT_READY", "The event stream is not ready.", "Try again in a moment.")
        if (
            self.hub.streams >= settings.EVENTS_STREAMS_MAX
            or self.hub.streams_of(organisation_id) >= settings.EVENTS_STREAMS_EACH_MAX
        ):
            raise Unavailable("STREAMS_EXHAUSTED", "There are too many streams.", "Close one, or try later.")


async def _send_all(send: Send, events: AsyncIterator[bytes | None], headers: Mapping[str, str]) -> None:
    """Write events and signs of life until the caller may no longer listen or no longer reads."""
    every = settings.EVENTS_HEARTBEAT_SECONDS
    looked_at = time.monotonic()
    try:
        await _write(send, OPENING)
        async for frame in events:
            if frame is not None:
                await _write(send, frame)
            if time.monotonic() - looked_at >= every / 2:
                looked_at = time.monotonic()
                await in_thread(listener, headers)
                if frame is None:
                    await _write(send, ALIVE)
    except TimeoutError:
        return  # it does not read: whatever we wrote now would not reach it
    except DomainError as error:
        await _end(send, error.code)
    except DatabaseError:
        await _end(send, "DATABASE_UNAVAILABLE")


async def _end(send: Send, code: str) -> None:
    with contextlib.suppress(TimeoutError):
        await _write(send, ending(code))
        await asyncio.wait_for(send({"type": "http.response.body", "body": b""}), SEND_SECONDS)


async def _write(send: Send, chunk: bytes) -> None:
    """Raises TimeoutError when the client takes too long to read."""
    message = {"type": "http.response.body", "body": chunk, "more_body": True}
    await asyncio.wait_for(send(message), SEND_SECONDS)


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _kinds(query: str) -> list[str]:
    named = [value for name, value in parse_qsl(query) if name == "kinds"]
    return clean_kinds(word for value in named for word in value.split(",") if word)


async def _resume(organisation_id: UUID, last_event_id: str) -> int | None:
    """The position to go on after; None without a Last-Event-ID.

    Raises:
        InvalidInput: ``LAST_EVENT_UNKNOWN``: no event that this organisation was told of.
    """
    if not last_event_id:
        return None
    try:
        event_id = UUID(last_event_id)
    except ValueError:
        position = None
    else:
        position = await in_thread(selectors.position_of, organisation_id, event_id)
    if position is None:
        raise InvalidInput("LAST_EVENT_UNKNOWN", "Last-Event-ID names no event of this stream.")
    return position


def _for_portal(origin: str) -> list[tuple[bytes, bytes]]:
    """Lets a page of our own portal read the stream with its reader's session, and no other site's page."""
    ours = urlsplit(settings.BASE_URL)
    if origin != f"{ours.scheme}://{ours.netloc}":
        return []
    return [
        (b"access-control-allow-origin", origin.encode("ascii", "replace")),
        (b"access-control-allow-credentials", b"true"),
        (b"vary", b"origin"),
    ]


async def _start(send: Send, status: int, content_type: bytes, *further: tuple[bytes, bytes]) -> None:
    headers = [(b"content-type", content_type), (b"cache-control", b"no-store"), *further]
    headers.append((b"x-content-type-options", b"nosniff"))
    await send({"type": "http.response.start", "status": status, "headers": headers})


async def _json(send: Send, status: int, document: dict[str, Any], kind: bytes = b"application/json") -> None:
    further = {401: [(b"www-authenticate", b'Bearer realm="trustmark"')], 503: [(b"retry-after", b"2")]}
    await _start(send, status, kind, *further.get(status, []))
    await send({"type": "http.response.body", "body": json.dumps(document).encode()})


async def _problem(send: Send, status: int, document: dict[str, Any]) -> None:
    await _json(send, status, document, b"application/problem+json")
