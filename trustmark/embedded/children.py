"""Child processes: started bound to us, stopped for certain, recognised again after a crash.

Each child leads a session of its own, so a Ctrl-C at the terminal reaches the supervisor alone, which then
stops the children in its order. The kernel signals them should we die without a word (``launch``), and
what survives even that is found at the next start through the register, by process id *and* start time, for
process ids are used again.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from trustmark.embedded.identity import Identity


class StartFailed(RuntimeError):
    """A child did not come up; the message ends with the last lines of its log."""


def log_tail(log: Path, lines: int = 15) -> str:
    """The end of a log file, for people."""
    text = log.read_text(errors="replace") if log.exists() else ""
    return "\n".join(text.splitlines()[-lines:])


@dataclass(slots=True)
class Child:
    """One running program of ours."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    stop_signals: tuple[tuple[signal.Signals, float], ...]
    created_at: float = field(default=0.0)

    @property
    def pid(self) -> int:
        return self.process.pid

    def returncode(self) -> int | None:
        """The exit status, or None while it runs."""
        return self.process.poll()

    def stop(self) -> None:
        """Send each stop signal in turn, waiting its seconds; at the end kill the whole session."""
        for stop_signal, patience_seconds in self.stop_signals:
            if self.returncode() is not None:
                break
            with suppress(ProcessLookupError):
                self.process.send_signal(stop_signal)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(patience_seconds)
        if self.returncode() is None:
            self.process.kill()
        self.process.wait()
        # what the child left in its session goes too, even when the child itself ended well
        end_session(self.pid, self.created_at)


def start_child(
    name: str,
    command: list[str],
    *,
    log: Path,
    identity: Identity | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    death_signal: signal.Signals = signal.SIGTERM,
    stop_signals: tuple[tuple[signal.Signals, float], ...] = ((signal.SIGTERM, 10.0),),
    inherit_output: bool = False,
) -> Child:
    """Start ``command`` with its output appended to ``log``, or shown where ours is shown.

    Must be called from the main thread: the kernel's parent-death signal watches the *thread* that forked.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    wrapped = (identity or Identity()).command(command, death_signal=death_signal)
    with log.open("ab") as out:
        process = subprocess.Popen(
            wrapped,
            stdin=subprocess.DEVNULL,
            stdout=None if inherit_output else out,
            stderr=None if inherit_output else subprocess.STDOUT,
            env=dict(env) if env is not None else None,
            cwd=cwd,
            start_new_session=True,
        )
    child = Child(name, process, log, stop_signals)
    with suppress(psutil.Error):
        child.created_at = psutil.Process(process.pid).create_time()
    return child


@dataclass(frozen=True, slots=True)
class Register:
    """The file that names our running children, for the next start after a crash."""

    path: Path

    def write(self, children: list[Child]) -> None:
        rows = [{"name": c.name, "pid": c.pid, "created_at": c.created_at} for c in children]
        draft = self.path.with_suffix(".tmp")
        draft.write_text(json.dumps(rows, indent=1))
        draft.replace(self.path)

    def sweep(self) -> list[str]:
        """End what a former supervisor left running; the names of what was ended."""
        ended = []
        for row in self._rows():
            process = same_process(row["pid"], row["created_at"])
            if process is not None:
                ended.append(str(row["name"]))
                end_tree(process)
            end_session(int(row["pid"]), row["created_at"])
        self.path.unlink(missing_ok=True)
        return ended

    def _rows(self) -> list[dict[str, float]]:
        try:
            rows: list[dict[str, float]] = json.loads(self.path.read_text())
        except (FileNotFoundError, ValueError):
            return []
        return rows


def same_process(pid: float, created_at: float) -> psutil.Process | None:
    """The process of that id if it is the very one that started then."""
    try:
        process = psutil.Process(int(pid))
        return process if abs(process.create_time() - created_at) < 1.0 else None
    except psutil.Error:
        return None


def end_session(session_id: int, started_at: float) -> None:
    """Kill what a child left in its session when it was itself killed (a pool's processes, say)."""
    for process in psutil.process_iter():
        with suppress(psutil.Error, ProcessLookupError, PermissionError):
            if os.getsid(process.pid) == session_id and process.create_time() >= started_at - 1.0:
                process.kill()


def end_tree(process: psutil.Process, *, patience_seconds: float = 10.0) -> None:
    """Terminate a process and all below it, politely first."""
    try:
        family = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    for member in family:
        with suppress(psutil.Error):
            member.terminate()
    _, alive = psutil.wait_procs(family, timeout=patience_seconds)
    for member in alive:
        with suppress(psutil.Error):
            member.kill()
    psutil.wait_procs(alive, timeout=5)


def wait_until(
    ready: Callable[[], bool], child: Child, *, timeout_seconds: float, poll_seconds: float = 0.05
) -> None:
    """Poll ``ready()`` until it is true; whatever prevents it, the child is stopped.

    Raises:
        StartFailed: the child ended first, or the time is over.
    """
    deadline = time.monotonic() + timeout_seconds
    try:
        while not ready():
            if child.returncode() is not None:
                raise StartFailed(f"{child.name} ended with status {child.returncode()} while starting")
            if time.monotonic() > deadline:
                raise StartFailed(f"{child.name} was not ready after {timeout_seconds:.0f} s")
            time.sleep(poll_seconds)
    except StartFailed as failure:
        child.stop()
        raise StartFailed(f"{failure}\n{log_tail(child.log)}") from None
    except BaseException:  # Ctrl-C while we wait
        child.stop()
        raise
