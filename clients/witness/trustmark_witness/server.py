"""The witness over HTTP: take checkpoints, and show what was seen.

    POST /add-checkpoint          C2SP tlog-witness: 200 and our line, or the status that says why not
    GET  /<sha256 of origin>/checkpoint   the last checkpoint cosigned, with our line
    GET  /                        every log followed, with the size and root seen last (JSON)

No credential is asked for: the log's signature is on what comes in, ours on what goes out.

Source: https://c2sp.org/tlog-witness.
"""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

from trustcore.errors import InvalidEvidence
from trustcore.log.witness import (
    MAX_SUBMISSION_BYTES,
    WitnessCode,
    WitnessRefused,
    origin_hash,
    parse_submission,
)
from trustmark_witness.follow import Follower
from trustmark_witness.state import StateUnusable

_TEXT = "text/plain; charset=utf-8"
_READ_SECONDS = 30


def serve_witness(follower: Follower, host: str, port: int) -> ThreadingHTTPServer:
    """Bind and return the server; the caller runs ``serve_forever`` and closes it."""
    handler = type("Handler", (_Handler,), {"follower": follower})
    server = ThreadingHTTPServer((host, port), handler)
    server.daemon_threads = True
    return server


class _Handler(BaseHTTPRequestHandler):
    follower: ClassVar[Follower]
    protocol_version = "HTTP/1.1"
    server_version = "trustmark-witness"
    sys_version = ""
    timeout = _READ_SECONDS

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if self.path != "/add-checkpoint":
            self.close_connection = True  # its body is not read
            return self._answer(404, b"", _TEXT)
        if not length.isdecimal() or int(length) > MAX_SUBMISSION_BYTES:
            self.close_connection = True
            return self._answer(413 if length.isdecimal() else 411, b"", _TEXT)
        try:
            note = self.follower.submit(parse_submission(self.rfile.read(int(length))))
        except WitnessRefused as refusal:
            return self._refuse(refusal)
        except (InvalidEvidence, StateUnusable, OSError) as error:
            self.log_error("not cosigned: %s", error)
            return self._answer(500, b"", _TEXT)
        return self._answer(200, f"{note.signatures[-1].line()}\n".encode(), _TEXT)

    def do_GET(self) -> None:
        parts = self.path.strip("/").split("/")
        if self.path == "/":
            return self._answer(200, self._list(), "application/json")
        if len(parts) == 2 and parts[1] == "checkpoint":
            content = self.follower.state.read(parts[0])
            if content is not None:
                return self._answer(200, content, _TEXT)
        return self._answer(404, b"", _TEXT)

    def _list(self) -> bytes:
        logs = [
            {
                "origin": one.checkpoint.origin,
                "path": f"/{origin_hash(one.checkpoint.origin)}/checkpoint",
                "size": one.size,
                "root": one.checkpoint.root.hex(),
            }
            for one in self.follower.state.shown()
        ]
        return json.dumps({"witness": self.follower.name, "logs": logs}).encode()

    def _refuse(self, refusal: WitnessRefused) -> None:
        if refusal.reason is WitnessCode.OLD_SIZE_STALE:
            return self._answer(refusal.status, f"{refusal.known_size}\n".encode(), "text/x.tlog.size")
        return self._answer(refusal.status, f"{refusal}\n".encode(), _TEXT)

    def _answer(self, status: int, content: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-cache")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing of requests in order; errors go through ``log_error``."""

    def log_error(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class's name
        super().log_message(format, *arguments)
