"""A process that has loaded what decoders need, and forks one for every file: confined processes without the wait.

Loading torch takes longer than reading a short clip with it. :class:`Warmed` keeps one process that has loaded a module
and reads nothing of anybody: it was started with an environment without a secret (``common.confinement``), it is handed
open files and passes them on. What it forks gives up all that a fresh confined process gives up, works on one file and
ends; it is the leader of a group of its own and is ended with all that it started.

Against a fresh process: all that are forked of one lie at the same addresses. Where that matters, none is kept.

    warmed = Warmed("verification.pipeline.child")
    job = warmed.start("ingest", str(memory), str(seconds), orders=orders, answer=answer)  # None: not ready, start your own
    code = job.wait(seconds)
    job.end()
"""

import json
import logging
import math
import os
import re
import select
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from threading import Lock
from typing import IO, Final

from common.confinement import end_confined, start_confined
from common.warmed_server import LEAVE

_SERVER: Final = "common.warmed_server"
# what forking and one line through a pipe take at most; longer, and the process counts as gone
_FORK_SECONDS, _END_SECONDS = 10.0, 5.0
# the code and the seconds: what else comes through the pipe is of a process that was taken over
_WORD: Final = re.compile(rb"(-?\d{1,3}) (\d{1,9}\.\d{3})")
_WORD_MOST: Final = 32
# one that ends before it is ready is not started anew at once: each start loads all of it for nothing
_REST_SECONDS: Final = 300.0
_log = logging.getLogger(__name__)


# seconds of the processor that ended jobs of this process used
_used: list[float] = [0.0]


def forked_seconds() -> float:
    """Seconds of the processor of all that was forked for this process and has ended: no count of its own has them."""
    return _used[0]


class Job:
    """One forked process, under way."""

    def __init__(self, told: int, group: int) -> None:
        self._told, self._group = told, group
        self._said, self._over, self._lock = b"", False, Lock()

    def wait(self, seconds: float) -> int:
        """Return the code that it ended with, negative where a signal ended it.

        Raises:
            subprocess.TimeoutExpired: it had not ended by then.
        """
        until = time.monotonic() + seconds
        while not self._over:
            left = until - time.monotonic()
            if left <= 0 or not _has_word(self._told, left):
                raise subprocess.TimeoutExpired(_SERVER, seconds)
            piece = os.read(self._told, 64)
            with self._lock:
                self._said, self._over = (self._said + piece)[: _WORD_MOST + 1], not piece
        return self._ended()[0]

    def _ended(self) -> tuple[int, float]:
        """The code and the seconds that it ended with; whoever could not say so, or said something else, was killed."""
        word = _WORD.fullmatch(self._said)
        return (int(word[1]), float(word[2])) if word else (-signal.SIGKILL, 0.0)

    def kill(self) -> None:
        """End it and whatever it started, whatever they do; by any thread, and as often as anybody likes."""
        with self._lock:
            if not self._over:  # its number is its own for as long as it has not ended
                with suppress(ProcessLookupError):
                    os.killpg(self._group, signal.SIGKILL)

    def end(self) -> None:
        """:meth:`kill` it and see it gone; by who waits for it, when nobody else does."""
        self.kill()
        with suppress(subprocess.TimeoutExpired):
            self.wait(_END_SECONDS)
        if self._told >= 0:
            _used[0] += self._ended()[1]
            os.close(self._told)
            self._told = -1


class Warmed:
    """Keeps the process that forks; made for one process that asks, by any of its threads."""

    def __init__(self, module: str) -> None:
        self._module, self._lock = module, Lock()
        self._owner = os.getpid()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._ready = False
        self._rests_until = 0.0

    def start(self, *arguments: str, orders: IO[bytes], answer: IO[bytes]) -> Job | None:
        """Fork a process that reads ``orders`` and writes ``answer``.

        Returns:
            None where there is none to be had now: it is still loading, has just gone, or could not be started. It is
            started anew then, beside whatever the asker does.
        """
        with self._lock:
            if not self._is_there():
                return None
            (told, telling), (waiting, leave) = os.pipe(), os.pipe()
            try:
                assert self._control is not None
                message = json.dumps(arguments).encode()
                theirs = [orders.fileno(), answer.fileno(), telling, waiting]
                socket.send_fds(self._control, [message], theirs)
                os.close(telling)
                telling = -1
                job = Job(told, _group(told))
                # one that was forked too late for this gets no leave, reads no orders and answers nothing: its place,
                # and its answer's file, are another's by then
                with suppress(BrokenPipeError):  # it has ended already, and that is told
                    os.write(leave, LEAVE)
            except (OSError, ValueError):
                os.close(told)
                self._drop()
                return None
            else:
                return job
            finally:
                for one in (telling, waiting, leave):
                    if one >= 0:
                        os.close(one)

    def is_ready(self) -> bool:
        """Whether :meth:`start` would fork now; where there is no process yet, one begins to load."""
        with self._lock:
            return self._is_there()

    def wait_ready(self, seconds: float = 60.0) -> bool:
        """Whether it is loaded, waiting for that; for benches and tests."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self.is_ready():
                return True
            time.sleep(0.05)
        return False

    @property
    def pid(self) -> int | None:
        """Number of the process that forks, where there is one."""
        return self._process.pid if self._process is not None else None

    def end(self) -> None:
        """End it; what it forked ends in its own time, or by its own asker."""
        with self._lock:
            self._drop()

    def _is_there(self) -> bool:
        if (
            self._owner != os.getpid()
        ):  # of the process that this one was forked of: its own is not ours to use
            self._owner, self._process, self._control, self._ready = os.getpid(), None, None, False
        if self._process is not None and self._process.poll() is not None:
            if not self._ready:
                self._rest()
            self._drop()
        if self._process is None:
            if time.monotonic() < self._rests_until:
                return False
            with suppress(OSError):
                self._begin()
            return False
        if not self._ready and self._control is not None and _has_word(self._control.fileno(), 0):
            self._ready = self._control.recv(1) == b"r"
            if not self._ready:
                self._rest()
                self._drop()
        return self._ready

    def _rest(self) -> None:
        self._rests_until = time.monotonic() + _REST_SECONDS
        _log.warning("%s could not be loaded to fork from; tried again in %d s", self._module, _REST_SECONDS)

    def _begin(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            with theirs, tempfile.TemporaryFile() as nowhere:
                self._process = start_confined(_SERVER, self._module, stdin=theirs.fileno(), stdout=nowhere)
        except OSError:
            ours.close()
            raise
        ours.settimeout(_FORK_SECONDS)
        self._control = ours

    def _drop(self) -> None:
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            end_confined(self._process)
        self._process, self._control, self._ready = None, None, False


def _group(told: int) -> int:
    """The first line through the pipe: the group that the forked process leads."""
    said, until = b"", time.monotonic() + _FORK_SECONDS
    while not said.endswith(b"\n"):
        if not _has_word(told, until - time.monotonic()):
            raise OSError("nothing was forked in time")
        piece = os.read(told, 1)
        if not piece:
            raise OSError("what forks has gone")
        said += piece
    return int(said)


def _has_word(file: int, seconds: float) -> bool:
    """Whether there is something to read, or an end; files of any number, which ``select`` does not take."""
    poll = select.poll()
    poll.register(file, select.POLLIN)
    return bool(poll.poll(max(0, math.ceil(seconds * 1000))))
