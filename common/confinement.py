"""Processes that can harm nothing but themselves: how one is started, what it gives up, and how it is ended.

Bytes from strangers are decoded in a process of its own. It is started with an environment that holds no key and no
address of the deployment (:func:`start_confined`), gives up memory, time, files, privileges and the network before it
reads a byte (:func:`confine`), writes one answer (:func:`keep_answers`) and is ended with all that it started
(:func:`end_confined`). What is read, and what the ways of ending mean, each caller says itself.

Nothing here knows the web: a confined process loads what it decodes with, and no more.
"""

import ctypes
import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

FILE_BYTES_MAX: Final = 64 * 1024 * 1024
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_PR_SET_NO_NEW_PRIVS = 38
_STATM: Final = Path("/proc/self/statm")
# what a decoder needs of the environment; keys and addresses of the deployment are not among it
_KEPT: Final = (
    "PATH", "LANG", "LC_ALL", "HOME", "TMPDIR", "SYSTEMROOT", "VIRTUAL_ENV", "LD_LIBRARY_PATH",
)  # fmt: skip
_ADDED: Final = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
    # what is freed is kept for the next picture: a process lives for one file, and fresh pages cost more than the sums
    "MALLOC_MMAP_THRESHOLD_": str(1 << 30),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 31),
    # a library's preferences stay its own: nothing is written into a home
    "XDG_CONFIG_HOME": os.devnull,
}


def confine(
    *, memory: int, seconds: int, grace_seconds: int = 5, file_bytes: int = FILE_BYTES_MAX
) -> list[str]:
    """Give up what this process does not need; called in the confined process, before it reads a byte of its file.

    Args:
        memory: bytes of address space that it may take, beside what it holds already: whoever was forked with torch loaded
            holds up to some GiB of it, by the build, before it has read a byte.
        seconds: of the processor, after which it is told to end (``SIGXCPU``).
        grace_seconds: of the processor that it has from then on, until it is ended.
        file_bytes: that it may write into any one file, its answer among them.

    Returns:
        What this kernel granted: ``memory``, ``cpu``, ``files``, and ``privileges`` and ``network`` where it could.
    """
    granted = ["memory", "cpu", "files"]
    most = memory + _held()
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + grace_seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0:
            granted.append("privileges")
        if libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0:
            granted.append("network")
    return granted


def _held() -> int:
    """Bytes of address space that this process holds; 0 where the kernel does not say."""
    try:
        return int(_STATM.read_text().split()[0]) * resource.getpagesize()
    except OSError:
        return 0


def keep_answers() -> IO[bytes]:
    """Where the confined process writes its answer: whatever a library prints goes to standard error from now on."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return answers


def say_and_end(answers: IO[bytes], said: bytes) -> None:
    """Write the answer and end at once: no library's own ending may hang or change what was said."""
    answers.write(said)
    answers.flush()
    os._exit(0)


def start_confined(
    module: str,
    *arguments: str,
    stdin: IO[bytes] | int,
    stdout: IO[bytes],
    added: Mapping[str, str] | None = None,
) -> "subprocess.Popen[bytes]":
    """Start ``python -m module``, the leader of a group of its own, with an environment that holds no secret.

    Args:
        stdin: its orders, or ``subprocess.PIPE`` where they come later.
        stdout: the file it writes its answer into.
        added: names of the environment beside the ones that each has.

    Raises:
        OSError: the machine has no process, no file or no memory for it.
    """
    environment = (
        {name: os.environ[name] for name in _KEPT if name in os.environ} | _ADDED | dict(added or {})
    )
    environment["PYTHONPATH"] = os.pathsep.join(one for one in sys.path if one)
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        stdin=stdin, stdout=stdout, stderr=subprocess.DEVNULL, env=environment, start_new_session=True,
    )  # fmt: skip


def end_confined(process: "subprocess.Popen[bytes]") -> None:
    """End the process and whatever it started, whatever they do."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def run_confined(
    module: str,
    orders: bytes,
    *,
    wait_seconds: float,
    answer_bytes: int = FILE_BYTES_MAX,
    added: Mapping[str, str] | None = None,
) -> tuple[int, bytes]:
    """Start a confined process on its orders and wait for it.

    Args:
        wait_seconds: of the clock. The processor's seconds are the bound; the clock's only end what sleeps.
        answer_bytes: of its answer that are read; one more than these says that there are more.

    Returns:
        The code it ended with, negative where a signal ended it, and its answer.

    Raises:
        subprocess.TimeoutExpired: it had not ended by then.
    """
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as order:
        order.write(orders)
        order.seek(0)
        process = start_confined(module, stdin=order, stdout=said, added=added)
        try:
            code = process.wait(timeout=wait_seconds)
        finally:
            end_confined(process)
        said.seek(0)
        return code, said.read(answer_bytes + 1)
