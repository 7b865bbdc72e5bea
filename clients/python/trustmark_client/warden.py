"""What is left of a gate that was killed: its command is ended, and no frame without a receipt keeps a frame's name.

The warden is forked before the command starts, in a session of its own, and waits at a pipe whose other end only the
gate holds. A gate that ends in order says so. One that does not has been killed, or failed: then the warden kills the
command's whole group (the kernel has killed the command itself, see :mod:`trustmark_client.bound`), gives up every
frame of the run that has no receipt on disk, and puts a receipt as discarded there for each, for the next flush.

It does not outlive a machine that loses its power, nor a farm that kills a whole control group at once: frames that
were finished in the last moment then keep their names, have no receipt, and are found when the production is reconciled.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from trustcore.older import Self
from trustmark_client.asks import FrameReceipt
from trustmark_client.bounds import DISCARDED
from trustmark_client.names import RENDERED
from trustmark_client.outbox import Outbox, frames_in
from trustmark_client.watch import FrameWatch

DONE = b"done"
LOCK_SECONDS = 5.0


class Warden:
    """Stands behind one gated run; enter it before threads are started and before the outbox is opened."""

    def __init__(self, watch: FrameWatch | None, outbox: Path) -> None:
        """``outbox`` is the file in which the run's receipts wait."""
        self._watch, self._outbox = watch, outbox
        self._warden, self._pipe = 0, -1

    def __enter__(self) -> Self:
        heard, self._pipe = os.pipe()
        self._warden = os.fork()
        if self._warden:
            os.close(heard)
            return self
        try:
            os.close(self._pipe)
            os.setsid()
            self._stand_by(heard)
        except BaseException as error:  # noqa: BLE001 - nothing of the gate's own may run twice
            _say(f"the command's end could not be seen to: {error!r}")
        finally:
            os._exit(0)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            os.write(self._pipe, DONE)
        os.close(self._pipe)
        os.waitpid(self._warden, 0)

    def guard(self, group: int) -> None:
        """The command has started, in this process group."""
        os.write(self._pipe, b"%d\n" % group)

    # -- in the warden's own process -------------------------------------------------------------------------

    def _stand_by(self, heard: int) -> None:
        said = b""
        while part := os.read(heard, 64):
            said += part
        if said.endswith(DONE):
            return
        if group := said.partition(b"\n")[0]:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(int(group), signal.SIGKILL)
        if self._watch is not None:
            given_up = _give_up(self._watch, self._outbox)
            _say(f"the gate was killed; {given_up} frames had no receipt and are given up as discarded")


def _give_up(watch: FrameWatch, path: Path) -> int:
    """Take their names from frames without a receipt, and leave receipts for them; how many there were."""
    outbox = _opened(path)
    watch.seen = frames_in(path)
    receipts = [_discarded(receipt) for receipt in watch.poll(ended=True)]
    for receipt in receipts:  # the names first: a disk without room must not leave them
        watch.give_up(receipt.frame, receipt.outcome)
    outbox.add(receipts)
    outbox.close()
    return len(receipts)


def _discarded(receipt: FrameReceipt) -> FrameReceipt:
    return replace(receipt, outcome=DISCARDED) if receipt.outcome == RENDERED else receipt


def _opened(path: Path) -> Outbox:
    """The run's outbox, as soon as the gate that died has let go of it."""
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            return Outbox(path)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def _say(line: str) -> None:
    print(f"trustmark gate: {line}", file=sys.stderr, flush=True)
