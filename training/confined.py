"""Look into a large original in a process that can harm nothing but itself, and tell how it ended.

A decoder that is attacked by the bytes it reads, hangs, or eats the machine's memory costs its own process. What cannot be
read there cannot be read: the gate then says so.
"""

import signal
import subprocess
from pathlib import Path
from typing import Final

import msgspec
from django.conf import settings

from common.confinement import run_confined
from screenplays.fingerprint import sketch_key
from training.scan_child import NOTHING, Orders
from training.scanning import Findings
from training.vocabulary import MediaKind

_CHILD: Final = "training.scan_child"


def look_confined(path: Path, *, kind: str) -> Findings:
    """What decoding the original at ``path`` says of it; ``unreadable`` where it ended its process or gave no answer."""
    key = sketch_key() if kind == MediaKind.TEXT else b""
    orders = Orders(str(path), kind, settings.TRAINING_SCAN_MEMORY, settings.TRAINING_SCAN_SECONDS, key)
    try:
        code, said = run_confined(
            _CHILD,
            msgspec.json.encode(orders),
            wait_seconds=settings.TRAINING_SCAN_SECONDS * 4,
            added=NOTHING,
        )
    except subprocess.TimeoutExpired:
        return unreadable("it took more time than is allowed")
    if code:
        told = signal.Signals(-code).name if code < 0 else f"exit {code}"
        return unreadable(f"decoding it ended its process ({told})")
    try:
        return msgspec.json.decode(said, type=Findings)
    except msgspec.MsgspecError:
        return unreadable("decoding it gave no answer")


def unreadable(why: str) -> Findings:
    """The findings of what cannot be decoded."""
    return Findings(facts={"unreadable": True, "credentials_refuse": False}, report={"unreadable": why})
