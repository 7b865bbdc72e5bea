"""What is left of a gate that was killed: its command is ended, and no frame without a receipt keeps a frame's name.

The warden is forked before the command starts, in a session of its own, and waits at a pipe whose other end only the
gate holds. A gate that ends in order says so, before it removes the receipts that were acknowledged. One that does not
has been killed, or failed: then the warden kills the command's whole group, if that has not ended (the kernel has
killed the command itself, see :mod:`trustmark_client.bound`), gives up every frame of the run that has no receipt on
disk, and puts a receipt as discarded there for each, for the next flush. It holds the gate's outbox with it, so that no
flush beside them sends and removes receipts between the gate's death and its look.

It does not outlive a machine that loses its power, nor a farm that kills a whole control group at once: frames that
were finished in the last moment then keep their names, have no receipt, and are found when the production is reconciled.
A disk that is full as well as a gate that is killed costs more: frames whose receipts went out from memory are given up.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from dataclasses import replace
from types import TracebackType

from trustcore.older import Self
from trustmark_client.asks import FrameReceipt
from trustmark_client.bounds import DISCARDED
from trustmark_client.errors import OutboxFull
from trustmark_client.names import RENDERED, UNRECEIPTED
from trustmark_client.outbox import Outbox
from trustmark_client.watch import FrameWatch

DONE, NO_GROUP = b"done", b"0\n"


class Warden:
    """Stands behind one gated run; enter it when its outbox is open and before threads are started."""

    def __init__(self, watch: FrameWatch | None, outbox: Outbox) -> None:
        """``outbox`` is where the run's receipts wait."""
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
            self.settled()
        os.close(self._pipe)
        _, status = os.waitpid(self._warden, 0)
        if kind is not None and os.WIFSIGNALED(status):  # nobody is left to do it
            self._see_to_frames()

    def guard(self, group: int) -> None:
        """The command has started, in this process group.

        Raises:
            BrokenPipeError: the warden is gone; the command may not run without it.
        """
        try:
            os.write(self._pipe, b"%d\n" % group)
        except BrokenPipeError as error:
            raise BrokenPipeError(error.errno, "the gate's warden is gone") from error

    def relieve(self) -> None:
        """The command and its group have ended: their number may be somebody else's by now."""
        with suppress(BrokenPipeError):
            os.write(self._pipe, NO_GROUP)

    def settled(self) -> None:
        """Every frame has its receipt, or has lost its name: whatever comes now, there is nothing to give up."""
        with suppress(BrokenPipeError):
            os.write(self._pipe, DONE)

    # -- in the warden's own process -------------------------------------------------------------------------

    def _stand_by(self, heard: int) -> None:
        said = b""
        while part := os.read(heard, 64):
            said += part
        if DONE in said:
            return
        group = int(said.split(b"\n")[-2]) if b"\n" in said else 0
        if group:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(group, signal.SIGKILL)
        self._see_to_frames()

    def _see_to_frames(self) -> None:
        if self._watch is not None:
            given_up = _give_up(self._watch, self._outbox)
            _say(f"the gate was killed; {given_up} frames had no receipt and are given up as discarded")
            for path, why in self._watch.stuck.items():
                _say(f"{path} keeps its name, though it was given up: {why}")


def _give_up(watch: FrameWatch, outbox: Outbox) -> int:
    """Take their names from frames without a receipt, and leave receipts for them; how many there were."""
    outbox.reread()
    watch.seen = outbox.frames
    remains = [(frame, receipt and _discarded(receipt)) for frame, receipt in watch.remains()]
    for frame, receipt in remains:  # the names first: a disk without room must not leave them
        watch.give_up(frame, receipt.outcome if receipt else UNRECEIPTED)
    with suppress(OutboxFull):  # what it did not take is tried once more as it is closed
        outbox.add([receipt for _, receipt in remains if receipt])
    outbox.close()
    return len(remains)


def _discarded(receipt: FrameReceipt) -> FrameReceipt:
    return replace(receipt, outcome=DISCARDED) if receipt.outcome == RENDERED else receipt


def _say(line: str) -> None:
    print(f"trustmark gate: {line}", file=sys.stderr, flush=True)
