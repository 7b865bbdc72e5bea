"""Load: bytes made before the clock starts, over kept-alive connections, from one process that does little else.

Every baseline and every room of ours is driven by this generator, so that what a client costs is the same on
both sides of a ratio. A connection sends its next request when the answer to the last one is whole.

    done = drive(port, [[request("GET", "/healthz")] * 100 for _ in range(16)])
    done.rate, done.p99_ms, done.client_us
"""

from __future__ import annotations

import gc
import multiprocessing
import re
import selectors
import socket
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

HOST = "127.0.0.1"
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


@dataclass
class Load:
    """What a drive did. ``total`` is the sum of the numbers that ``ok`` captured in the answers."""

    count: int = 0
    wall: float = 0.0
    cpu: float = 0.0
    total: int = 0
    spans: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    wrong: int = 0
    first_wrong: bytes = b""
    end: float = 0.0  # time.monotonic() when the last answer was whole

    @property
    def rate(self) -> float:
        return self.count / self.wall

    @property
    def client_us(self) -> float:
        return self.cpu / self.count * 1e6

    def percentile_ms(self, share: float) -> float:
        ordered = sorted(self.spans)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000


def request(method: str, path: str, *, headers: dict[str, str] | None = None, body: bytes = b"") -> bytes:
    """The bytes of one HTTP/1.1 request."""
    head = [f"{method} {path} HTTP/1.1", f"Host: {HOST}"]
    head += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body or method == "POST":
        head.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*head, "", ""]).encode() + body


def drive(
    port: int, queues: list[list[bytes]], *, ok: str = "", must: bool = True, seconds: float = 600
) -> Load:
    """Send each queue over a connection of its own, all at once, from a process made for it.

    Args:
        ok: a pattern that every answer's body holds; its first group, if any, is a number to sum.
        must: an answer that is not 200, or lacks ``ok``, is an error here.
    """
    ours, theirs = multiprocessing.get_context("fork").Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(
        target=_work, args=(theirs, port, queues, ok.encode(), seconds)
    )
    process.start()
    theirs.close()
    try:
        done: Any = ours.recv()
    except EOFError:
        raise RuntimeError("the load generator died") from None
    finally:
        process.join()
    if not isinstance(done, Load):
        raise TypeError(done)
    if must and done.wrong:
        raise RuntimeError(f"{done.wrong} of {done.count} answers are wrong: {done.first_wrong[:2000]!r}")
    return done


def _work(pipe: Any, port: int, queues: list[list[bytes]], ok: bytes, seconds: float) -> None:
    try:
        pipe.send(_loop(port, queues, re.compile(ok) if ok else None, seconds))
    except Exception as error:  # noqa: BLE001 - told to the parent
        pipe.send(f"{type(error).__name__}: {error}")


class _Wire:
    """One connection: what it still has to send, what it waits for."""

    def __init__(self, port: int, queue: list[bytes]) -> None:
        self.socket = socket.create_connection((HOST, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.queue = deque(queue)
        self.out = memoryview(b"")
        self.answer = bytearray()
        self.begun = 0.0

    def begin(self) -> None:
        self.out = memoryview(self.queue.popleft())
        self.answer.clear()
        self.begun = time.perf_counter()
        self.push()

    def push(self) -> bool:
        """Send what the socket takes; whether all is sent."""
        while self.out:
            try:
                self.out = self.out[self.socket.send(self.out) :]
            except BlockingIOError:
                return False
        return True

    def whole(self) -> int | None:
        """Where the body begins, once the answer is whole."""
        head = self.answer.find(b"\r\n\r\n")
        if head < 0:
            return None
        found = _LENGTH.search(self.answer, 0, head + 2)
        if found is not None:
            return head + 4 if len(self.answer) >= head + 4 + int(found[1]) else None
        return head + 4 if self.answer.endswith(b"0\r\n\r\n") else None  # chunked


def _loop(port: int, queues: list[list[bytes]], ok: re.Pattern[bytes] | None, seconds: float) -> Load:
    gc.disable()
    wires = [_Wire(port, queue) for queue in queues if queue]
    done, open_wires = Load(), len(wires)
    ready = selectors.DefaultSelector()
    begun, used = time.perf_counter(), time.process_time()
    for wire in wires:
        ready.register(wire.socket, selectors.EVENT_READ, wire)
        wire.begin()
        if wire.out:
            ready.modify(wire.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, wire)
    while open_wires:
        events = ready.select(timeout=30)
        if not events or time.perf_counter() - begun > seconds:
            raise TimeoutError(f"after {done.count} answers")
        for key, mask in events:
            wire = key.data
            if mask & selectors.EVENT_WRITE and wire.push():
                ready.modify(wire.socket, selectors.EVENT_READ, wire)
            if not mask & selectors.EVENT_READ:
                continue
            piece = wire.socket.recv(1 << 18)
            if not piece:
                raise ConnectionError(f"the server closed a connection after {bytes(wire.answer[:500])!r}")
            wire.answer += piece
            body = wire.whole()
            if body is None:
                continue
            _note(done, wire, body, ok)
            if wire.queue:
                wire.begin()
                if wire.out:
                    ready.modify(wire.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, wire)
            else:
                ready.unregister(wire.socket)
                wire.socket.close()
                open_wires -= 1
    done.wall, done.cpu = time.perf_counter() - begun, time.process_time() - used
    done.end = time.monotonic()
    return done


def _note(done: Load, wire: _Wire, body: int, ok: re.Pattern[bytes] | None) -> None:
    done.spans.append(time.perf_counter() - wire.begun)
    done.count += 1
    status = int(wire.answer[9:12])
    done.statuses[status] += 1
    found = ok.search(wire.answer, body) if ok else None
    if found is not None and found.re.groups:
        done.total += int(found[1])
    if status != 200 or (ok is not None and found is None):
        done.wrong += 1
        done.first_wrong = done.first_wrong or bytes(wire.answer)
