"""A load balancer as plain as can be: it hands each connection to one of several servers, whichever lives."""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Sequence
from contextlib import suppress
from itertools import count

from trustmark.embedded.ports import LOOPBACK

_CONNECT_SECONDS = 2.0


class Front:
    """Forward connections on ``port`` to the ``targets`` in turn; who refuses is passed over."""

    def __init__(self, targets: Sequence[int]) -> None:
        self._targets = list(targets)
        self._turn = count()
        self._listener = socket.create_server((LOOPBACK, 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    def close(self) -> None:
        """Take no more connections; those there are end with their servers."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        with near:
            far = self._connected()
            if far is not None:
                with far:
                    _carry(near, far)

    def _connected(self) -> socket.socket | None:
        first = next(self._turn)
        for step in range(len(self._targets)):
            with suppress(OSError):
                port = self._targets[(first + step) % len(self._targets)]
                far = socket.create_connection((LOOPBACK, port), _CONNECT_SECONDS)
                far.settimeout(None)
                return far
        return None


def _carry(near: socket.socket, far: socket.socket) -> None:
    """Pass bytes both ways until either end is done or gone."""
    ends = {near: far, far: near}
    with suppress(OSError, ValueError):
        while True:
            for end in select.select(list(ends), [], [])[0]:
                data = end.recv(65536)
                if not data:
                    return
                ends[end].sendall(data)
