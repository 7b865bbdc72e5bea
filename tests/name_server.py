"""A real name server on this machine: answers TXT questions from a table, over UDP, in a thread."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rrset


@dataclass
class NameServer:
    """``texts`` by name; what is not there is no such name. ``asked`` are the questions that came."""

    port: int = 0
    texts: dict[str, list[str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def answer(self, wire: bytes) -> bytes:
        question = dns.message.from_wire(wire)
        name = question.question[0].name.to_text().rstrip(".").lower()
        self.asked.append(name)
        reply = dns.message.make_response(question)
        reply.flags |= dns.flags.RA
        rows = self.texts.get(name)
        if rows is None:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        else:
            quoted = [f'"{row}"' for row in rows]
            reply.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", "TXT", *quoted))
        return reply.to_wire()


@contextmanager
def name_server() -> Iterator[NameServer]:
    """One that answers until the end of the block."""
    held = NameServer()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            wire, socket = self.request
            socket.sendto(held.answer(wire), self.client_address)

    class Server(socketserver.ThreadingUDPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            """Say nothing of what is no question."""

    with Server(("127.0.0.1", 0), Handler) as server:
        held.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield held
        server.shutdown()
