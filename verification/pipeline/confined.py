"""Run one stage in a process of its own, and tell every way in which that can go wrong apart.

A stage that raises, hangs, dies, runs out of memory or answers nonsense costs itself and nothing else.
"""

import json
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock
from typing import IO, Any

import msgspec

from common.confinement import end_confined, start_confined
from common.warmed import Job, Warmed
from trustcore.verification.words import StageState
from verification.pipeline.cleaning import read_answer
from verification.pipeline.contracts import StageContract

CHILD = "verification.pipeline.child"
_ANSWER_BYTES_MAX = 16 * 1024 * 1024


@dataclass(frozen=True)
class Outcome:
    """What became of a stage.

    Attributes:
        value: its answer, of the contract's type; None unless ``state`` is ``DONE``.
        reason: why not, as a stable word: ``raised``, ``timed_out``, ``out_of_memory``, ``crashed``, ``nonsense``,
            ``not_started`` where the machine would not give it a process.
        error: class of the error, or the signal that ended it.
        code: the error's own code where it has one.
        isolated: what the confinement took away (``network`` where the kernel allows it).
    """

    state: StageState
    milliseconds: float
    value: Any = None
    reason: str = ""
    error: str | None = None
    code: str = ""
    detail: str = ""
    isolated: tuple[str, ...] = ()


class Confined:
    """A stage's process, loading; :meth:`run` gives it its orders, once, and :meth:`end` makes sure that it is gone.

    Args:
        warmed: forks one that has loaded already, where it is ready: that one starts when it is run.
    """

    def __init__(
        self,
        contract: StageContract,
        *,
        child: str = CHILD,
        seconds: float | None = None,
        warmed: Warmed | None = None,
    ) -> None:
        self.contract = contract
        self.seconds = seconds if seconds is not None else contract.seconds
        self._child, self._lock, self._over = child, Lock(), False
        self._process: subprocess.Popen[bytes] | None = None
        self._job: Job | None = None
        self._warmed = warmed if warmed is not None and warmed.is_ready() else None
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 (closed by end)
        if self._warmed is None:
            self._start()

    def run(self, given: dict[str, Any]) -> Outcome:
        """Let the stage work on ``given``; the time that counts begins now."""
        began = time.monotonic()
        orders = json.dumps({"given": given}).encode()
        try:
            code = self._forked(orders)
            if code is None:
                code = self._loaded(orders)
        except subprocess.TimeoutExpired:
            return Outcome(StageState.TIMED_OUT, _since(began), reason="timed_out", error="TimeoutExpired")
        except OSError as error:
            return Outcome(StageState.FAILED, _since(began), reason="crashed", error=type(error).__name__)
        else:
            return _told(self.contract, self._said, code, _since(began))
        finally:
            if self._job is not None:
                self._job.end()
            self.end()

    def end(self) -> None:
        """End the process, whatever it does."""
        with self._lock:
            self._over = True
            if self._job is not None:
                self._job.kill()
        if self._process is not None:
            end_confined(self._process)
            if self._process.stdin is not None:
                with suppress(BrokenPipeError):
                    self._process.stdin.close()
        self._said.close()

    def _words(self) -> tuple[str, str, str]:
        return str(self.contract.stage), str(self.contract.memory), str(max(1, int(self.seconds * 4)))

    def _start(self) -> None:
        try:
            self._process = start_confined(
                self._child, *self._words(), stdin=subprocess.PIPE, stdout=self._said
            )
        except OSError:
            self._said.close()
            raise

    def _forked(self, orders: bytes) -> int | None:
        """The code of a process that was forked; None where this one was started, or has to be."""
        if self._warmed is None:
            return None
        with tempfile.TemporaryFile() as file:
            file.write(orders)
            file.seek(0)
            with self._lock:
                if not self._over:
                    self._job = self._warmed.start(*self._words(), orders=file, answer=self._said)
        return self._job.wait(self.seconds) if self._job is not None else None

    def _loaded(self, orders: bytes) -> int:
        if self._process is None:  # what forks went while this one waited for its turn
            self._start()
        assert self._process is not None
        # one that died while it loaded is told by how it ended
        with suppress(BrokenPipeError):
            self._process.communicate(orders, timeout=self.seconds)
        return self._process.wait(timeout=self.seconds)


def not_started(error: OSError) -> Outcome:
    """What is said of a stage that the machine has no process, no file or no memory for."""
    return Outcome(StageState.FAILED, 0.0, reason="not_started", error=type(error).__name__)


def run_confined(
    contract: StageContract, given: dict[str, Any], *, child: str = CHILD, seconds: float | None = None
) -> Outcome:
    """Run a stage on ``given``.

    Args:
        child: module that is run; tests put faults there.
        seconds: wall clock it may take; the contract's own when None.
    """
    return Confined(contract, child=child, seconds=seconds).run(given)


def _told(contract: StageContract, said: IO[bytes], code: int, took: float) -> Outcome:
    if code:
        name = signal.Signals(-code).name if code < 0 else f"exit {code}"
        reason = "timed_out" if name == "SIGXCPU" else "crashed"
        return Outcome(StageState.FAILED, took, reason=reason, error=name)
    said.seek(0)
    text = said.read(_ANSWER_BYTES_MAX + 1)
    try:
        answer = read_answer(text) if len(text) <= _ANSWER_BYTES_MAX else None
        if isinstance(answer, dict) and "error" in answer:
            error = str(answer["error"])
            reason = "out_of_memory" if error == "MemoryError" else "raised"
            return Outcome(
                StageState.FAILED, took, reason=reason, error=error, code=str(answer.get("code", "")),
                detail=str(answer.get("detail", "")), isolated=tuple(answer.get("isolated", ())),
            )  # fmt: skip
        value = msgspec.convert(answer["ok"], contract.gives)  # type: ignore[index]
        return Outcome(StageState.DONE, took, value, isolated=tuple(answer["isolated"]))  # type: ignore[index]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        return Outcome(StageState.FAILED, took, reason="nonsense", error=type(error).__name__)


def _since(began: float) -> float:
    return round((time.monotonic() - began) * 1000, 1)
