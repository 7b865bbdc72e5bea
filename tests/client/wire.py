"""A wire between a farm and its server that a test can cut and mend: a TCP forwarder on 127.0.0.1."""

from __future__ import annotations

import select
import socket
import threading
from contextlib import suppress


class Wire:
    """Forward connections to ``port``; once cut, connections die and new ones are refused.

    Silent instead, as with its cable pulled, it takes everything and passes nothing on; what was sent meanwhile
    arrives when it sounds again, late.
    """

    def __init__(self, port: int) -> None:
        self._target = ("127.0.0.1", port)
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._lock = threading.Lock()
        self._listener: socket.socket | None = None
        self._passes = threading.Event()
        self._passes.set()
        self.port = 0
        self.mend()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def mend(self) -> None:
        """Listen, on the same port as ever."""
        listener = socket.create_server(("127.0.0.1", self.port))
        self.port = listener.getsockname()[1]
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def cut(self) -> None:
        """End everything on the wire, and listen no more."""
        if self._listener is None:
            return
        listener = self._listener
        with self._lock:
            self._listener = None
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
            for pair in self._pairs:
                for end in pair:
                    with suppress(OSError):
                        end.shutdown(socket.SHUT_RDWR)
            self._pairs.clear()

    def silence(self) -> None:
        """Pass nothing on, close nothing."""
        self._passes.clear()

    def sound(self) -> None:
        """Pass on again, beginning with what was held."""
        self._passes.set()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
                far = socket.create_connection(self._target)
            except OSError:
                return
            with self._lock:
                if listener is not self._listener:  # cut while this one was coming in
                    self._close(near, far)
                    return
                self._pairs.append((near, far))
            threading.Thread(target=self._carry, args=(near, far), daemon=True).start()

    def _carry(self, near: socket.socket, far: socket.socket) -> None:
        ends = {near: far, far: near}
        with suppress(OSError, ValueError):
            while True:
                for end in select.select(list(ends), [], [])[0]:
                    data = end.recv(65536)
                    self._passes.wait()
                    if not data:
                        return self._close(near, far)
                    ends[end].sendall(data)
        return self._close(near, far)

    def _close(self, near: socket.socket, far: socket.socket) -> None:
        near.close()
        far.close()
