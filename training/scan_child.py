"""The confined process that decodes one large original, then ends. ``python -m training.scan_child``.

First it gives up what it does not need: memory and time beyond its limits, core dumps, new files, new privileges, and
the network where this kernel lets a process leave it. Its environment holds no secret and no address of the deployment;
the settings it loads are made of nothing (:data:`NOTHING`). It reads its orders from standard input and writes what it
found to standard output. The orders for a text, and these alone, hold the key that texts are sketched under: sketched
under another, it would be like none that we hold.
"""

import sys
from pathlib import Path
from typing import Any, Final

import msgspec

from common.confinement import confine, keep_answers, say_and_end

NOTHING: Final = {
    "DJANGO_SETTINGS_MODULE": "trustmark.settings",
    "TRUSTMARK_SECRET": "a confined process has no secret, and this is none of anybody",
    "DATABASE_URL": "postgres://nobody@127.0.0.1:9/nothing",
    "BROKER_URL": "memory://",
}


class Orders(msgspec.Struct):
    """The original at ``path`` of a kind, in at most so many bytes of memory and seconds of the processor."""

    path: str
    kind: str
    memory: int
    seconds: int
    sketch_key: bytes = b""


def main() -> None:
    """Look into one original."""
    orders = msgspec.json.decode(sys.stdin.buffer.read(), type=Orders)
    answers = keep_answers()
    confine(memory=orders.memory, seconds=orders.seconds)
    import django

    django.setup()
    from training.scanning import look_into

    with Path(orders.path).open("rb") as stream:
        found = look_into(stream, kind=orders.kind, sketch_key=orders.sketch_key)
    say_and_end(answers, msgspec.json.encode(found, enc_hook=_plain))


def _plain(value: Any) -> Any:
    """Numbers of numpy as JSON writes them."""
    return value.item()


if __name__ == "__main__":
    main()
