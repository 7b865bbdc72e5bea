"""Look into a large original in a process that can harm nothing but itself, and tell how it ended.

A decoder that is attacked by the bytes it reads, hangs, or eats the machine's memory costs its own process. What cannot be
read there cannot be read: the gate then says so.
"""

import os
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec
from django.conf import settings

from training.scan_child import ANSWER_BYTES_MAX, NOTHING, Orders
from training.scanning import Findings

_CHILD: Final = "training.scan_child"
# what a decoder needs of the environment; keys and addresses of the deployment are not among it
_KEPT: Final = ("PATH", "LANG", "LC_ALL", "HOME", "TMPDIR", "VIRTUAL_ENV", "LD_LIBRARY_PATH")


def look_confined(path: Path, *, kind: str) -> Findings:
    """What decoding the original at ``path`` says of it; ``unreadable`` where it ended its process or gave no answer."""
    orders = Orders(str(path), kind, settings.TRAINING_SCAN_MEMORY, settings.TRAINING_SCAN_SECONDS)
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ} | NOTHING
    environment |= {
        "PYTHONPATH": os.pathsep.join(one for one in sys.path if one), "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2",
    }  # fmt: skip
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as order:
        order.write(msgspec.json.encode(orders))
        order.seek(0)
        process = subprocess.Popen(
            [sys.executable, "-m", _CHILD],
            stdin=order, stdout=said, stderr=subprocess.DEVNULL, env=environment, start_new_session=True,
        )  # fmt: skip
        try:
            # the processor's seconds are the bound; the clock's only end what sleeps
            code = process.wait(timeout=settings.TRAINING_SCAN_SECONDS * 4)
        except subprocess.TimeoutExpired:
            return unreadable("it took more time than is allowed")
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if code:
            told = signal.Signals(-code).name if code < 0 else f"exit {code}"
            return unreadable(f"decoding it ended its process ({told})")
        said.seek(0)
        try:
            return msgspec.json.decode(said.read(ANSWER_BYTES_MAX + 1), type=Findings)
        except msgspec.MsgspecError:
            return unreadable("decoding it gave no answer")


def unreadable(why: str) -> Findings:
    """The findings of what cannot be decoded."""
    return Findings(facts={"unreadable": True, "credentials_refuse": False}, report={"unreadable": why})
