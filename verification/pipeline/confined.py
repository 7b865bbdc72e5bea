"""Run one stage in a process of its own, and tell every way in which that can go wrong apart.

A stage that raises, hangs, dies, runs out of memory or answers nonsense costs itself and nothing else.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any

import msgspec

from trustcore.verification.words import StageState
from verification.pipeline.cleaning import read_answer
from verification.pipeline.contracts import StageContract

CHILD = "verification.pipeline.child"
_ANSWER_BYTES_MAX = 16 * 1024 * 1024
# what a stage needs of the environment; keys and addresses of the deployment are not among it
_KEPT = (
    "PATH",
    "PYTHONPATH",
    "LANG",
    "LC_ALL",
    "HOME",
    "TMPDIR",
    "SYSTEMROOT",
    "VIRTUAL_ENV",
    "LD_LIBRARY_PATH",
)
_ADDED = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
    # what is freed is kept for the next picture: a process lives for one file, and fresh pages cost more than the sums
    "MALLOC_MMAP_THRESHOLD_": str(1 << 30),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 31),
    # a library's preferences stay its own: nothing is written into a home
    "XDG_CONFIG_HOME": os.devnull,
}


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
    """A stage's process, loading; :meth:`run` gives it its orders, once, and :meth:`end` makes sure that it is gone."""

    def __init__(self, contract: StageContract, *, child: str = CHILD, seconds: float | None = None) -> None:
        self.contract = contract
        self.seconds = seconds if seconds is not None else contract.seconds
        environment = {name: os.environ[name] for name in _KEPT if name in os.environ} | _ADDED
        environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
        limits = (str(contract.memory), str(max(1, int(self.seconds * 4))))
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 (closed by end)
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", child, str(contract.stage), *limits],
                stdin=subprocess.PIPE, stdout=self._said, stderr=subprocess.DEVNULL, env=environment,
                start_new_session=True,
            )  # fmt: skip
        except OSError:
            self._said.close()
            raise

    def run(self, given: dict[str, Any]) -> Outcome:
        """Let the stage work on ``given``; the time that counts begins now."""
        began = time.monotonic()
        try:
            # one that died while it loaded is told by how it ended
            with suppress(BrokenPipeError):
                self._process.communicate(json.dumps({"given": given}).encode(), timeout=self.seconds)
            code = self._process.wait(timeout=self.seconds)
        except subprocess.TimeoutExpired:
            return Outcome(StageState.TIMED_OUT, _since(began), reason="timed_out", error="TimeoutExpired")
        except OSError as error:
            return Outcome(StageState.FAILED, _since(began), reason="crashed", error=type(error).__name__)
        else:
            return _told(self.contract, self._said, code, _since(began))
        finally:
            self.end()

    def end(self) -> None:
        """End the process, whatever it does."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        if self._process.stdin is not None:
            with suppress(BrokenPipeError):
                self._process.stdin.close()
        self._said.close()


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
