"""A log of our own making, on disk and over HTTP: it grows, it forks, it remembers who cosigned it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from trustcore.log.checkpoint import Checkpoint, NoteVerifier, encode_checkpoint
from trustcore.log.merkle import Frontier, leaf_hash
from trustcore.log.tiles import tiles_to_write
from trustcore.signing import Ed25519Signer

ORIGIN = "studio.example/log/0198c2f4-7c1e-7b44-9d4e-2a6d1c5b9f01"
SIGNER = Ed25519Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
VERIFIER = NoteVerifier.of(ORIGIN, SIGNER.public_key)


class GrowingLog:
    """Entries, tiles, checkpoint and key in a folder, as a server publishes them."""

    def __init__(self, folder: Path, history: str = "first") -> None:
        self.folder, self.history = folder, history
        self.entries: list[bytes] = []
        self.put("vkey", f"{VERIFIER.vkey}\n".encode())

    def put(self, path: str, content: bytes) -> None:
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = target.with_name(target.name + ".new")
        fresh.write_bytes(content)
        fresh.replace(target)

    def read(self, path: str) -> bytes:
        return (self.folder / path).read_bytes()

    def grow(self, number: int, *, history: str | None = None) -> bytes:
        """Append ``number`` entries, publish, return the checkpoint."""
        old = len(self.entries)
        words = history or self.history
        self.entries += [f"{words} {index}".encode() for index in range(old, old + number)]
        return self.publish(old)

    def publish(self, old: int = 0) -> bytes:
        begin = old - old % 256
        files = tiles_to_write(old, len(self.entries), entries=self.entries[begin:], fetch=self.read)
        for path, content in files:
            self.put(path, content)
        note = self.note()
        self.put("checkpoint", note)
        return note

    def root(self, size: int | None = None) -> bytes:
        return Frontier().append_many([leaf_hash(entry) for entry in self.entries[:size]]).root()

    def note(self, size: int | None = None) -> bytes:
        """A signed checkpoint at ``size``."""
        size = len(self.entries) if size is None else size
        return encode_checkpoint(Checkpoint(ORIGIN, size, self.root(size)), SIGNER)


class _Handler(SimpleHTTPRequestHandler):
    def __init__(self, *arguments: Any, pushed: list[bytes], **named: Any) -> None:
        self.pushed = pushed
        super().__init__(*arguments, **named)

    def do_POST(self) -> None:
        self.pushed.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, list[bytes]]]:
    """The folder over HTTP: its address, and the notes that were brought to it."""
    pushed: list[bytes] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directory=str(folder), pushed=pushed))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", pushed
    finally:
        server.shutdown()
        server.server_close()
