"""The confined process that decodes one large original, then ends. ``python -m training.scan_child``.

First it gives up what it does not need: memory and time beyond its limits, core dumps, new files, new privileges, and
the network where this kernel lets a process leave it. Its environment holds no secret and no address of the deployment;
the settings it loads are made of nothing (:data:`NOTHING`). It reads its orders from standard input and writes what it
found to standard output.
"""

import ctypes
import os
import resource
import sys
from pathlib import Path
from typing import Any, Final

import msgspec

NOTHING: Final = {
    "DJANGO_SETTINGS_MODULE": "trustmark.settings",
    "TRUSTMARK_SECRET": "a confined process has no secret, and this is none of anybody",
    "DATABASE_URL": "postgres://nobody@127.0.0.1:9/nothing",
    "BROKER_URL": "memory://",
}
ANSWER_BYTES_MAX: Final = 64 * 1024 * 1024
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_PR_SET_NO_NEW_PRIVS = 38


class Orders(msgspec.Struct):
    """The original at ``path`` of a kind, in at most so many bytes of memory and seconds of the processor."""

    path: str
    kind: str
    memory: int
    seconds: int


def main() -> int:
    """Look into one original."""
    orders = msgspec.json.decode(sys.stdin.buffer.read(), type=Orders)
    # whatever a library prints must not get into the answer
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    _confine(orders)
    import django

    django.setup()
    from training.scanning import look_into

    with Path(orders.path).open("rb") as stream:
        found = look_into(stream, kind=orders.kind)
    answers.write(msgspec.json.encode(found, enc_hook=_plain))
    answers.flush()
    # no library's own ending may hang or change what was said
    os._exit(0)


def _confine(orders: Orders) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (orders.memory, orders.memory))
    resource.setrlimit(resource.RLIMIT_CPU, (orders.seconds, orders.seconds + 5))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (ANSWER_BYTES_MAX, ANSWER_BYTES_MAX))
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)


def _plain(value: Any) -> Any:
    """Numbers of numpy as JSON writes them."""
    return value.item()


if __name__ == "__main__":
    main()
