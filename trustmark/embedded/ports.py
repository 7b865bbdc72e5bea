"""Free TCP ports on the loopback address."""

from __future__ import annotations

import random
import socket

LOOPBACK = "127.0.0.1"
# Below Linux's range for outgoing connections (32768 and up): a port found free here is not taken by chance
# a moment later, when some client on the machine connects to somewhere.
_RANGE = range(20_000, 32_000)


def free_port() -> int:
    """A port nobody listens on now. The caller binds it soon and tries again if it lost a race.

    Raises:
        OSError: no free port was found in a hundred tries.
    """
    for _ in range(100):
        port = random.choice(_RANGE)  # noqa: S311 - a port, not a secret
        with socket.socket() as probe:
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            return port
    raise OSError("no free port between 20000 and 32000 on 127.0.0.1")


def is_listening(port: int, *, timeout_seconds: float = 0.5) -> bool:
    """Whether something accepts connections on ``port``."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=timeout_seconds):
            return True
    except OSError:
        return False
