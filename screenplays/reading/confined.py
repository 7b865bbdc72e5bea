"""Start the confined reader, and tell every way in which it can end apart."""

import os
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from screenplays.copies.lines import ScannedLine, SeenLine
from screenplays.reading.child import ANSWER_BYTES_MAX, Orders
from screenplays.reading.shape import Limits, Refusal, Refused, Script

_KEPT: Final = ("PATH", "LANG", "LC_ALL", "HOME", "TMPDIR", "VIRTUAL_ENV", "LD_LIBRARY_PATH")


class _Answer(msgspec.Struct):
    script: Script | None = None
    lines: list[SeenLine] | None = None
    scanned: list[ScannedLine] | None = None
    refused: Refusal | None = None
    detail: str = ""


def read_script(path: Path, limits: Limits, *, ending: str = "", declared: str = "") -> Script:
    """Read the script at ``path`` in a process that can harm nothing but itself.

    Raises:
        Refused: with the reason; ``SCRIPT_BOMB`` where it took more time than is allowed, ``SCRIPT_UNREADABLE``
            where reading it ended the process.
    """
    answer = _run(Orders(str(path), limits, ending, declared))
    if answer.script is None:
        raise Refused(Refusal.SCRIPT_UNREADABLE, "reading it gave no answer")
    return answer.script


def see_lines(path: Path, limits: Limits) -> list[SeenLine]:
    """The lines of the PDF at ``path`` as they stand on paper. Raises as :func:`read_script`."""
    answer = _run(Orders(str(path), limits, as_seen=True))
    if answer.lines is None:
        raise Refused(Refusal.SCRIPT_UNREADABLE, "reading it gave no answer")
    return answer.lines


def scan_lines(path: Path, limits: Limits) -> list[ScannedLine]:
    """The lines of the pictures of pages at ``path``. Raises as :func:`read_script`."""
    answer = _run(Orders(str(path), limits, as_scanned=True))
    if answer.scanned is None:
        raise Refused(Refusal.SCRIPT_UNREADABLE, "reading it gave no answer")
    return answer.scanned


def _run(orders: Orders) -> "_Answer":
    limits = orders.limits
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    environment |= {"PYTHONPATH": os.pathsep.join(one for one in sys.path if one), "OMP_NUM_THREADS": "1"}
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as order:
        order.write(msgspec.json.encode(orders))
        order.seek(0)
        process = subprocess.Popen(
            [sys.executable, "-m", "screenplays.reading.child"],
            stdin=order, stdout=said, stderr=subprocess.DEVNULL, env=environment, start_new_session=True,
        )  # fmt: skip
        try:
            # the processor's seconds are the bound; the clock's only end what sleeps
            code = process.wait(timeout=limits.seconds * 8)
        except subprocess.TimeoutExpired as error:
            raise Refused(Refusal.SCRIPT_BOMB, "it takes more time than is allowed") from error
        finally:
            _end(process)
        said.seek(0)
        return _told(code, said.read(ANSWER_BYTES_MAX + 1))


def _told(code: int, said: bytes) -> _Answer:
    if code in {-signal.SIGXCPU, -signal.SIGKILL}:
        raise Refused(Refusal.SCRIPT_BOMB, "it takes more time than is allowed")
    if code:
        raise Refused(Refusal.SCRIPT_UNREADABLE, f"reading it ended with {code}")
    try:
        answer = msgspec.json.decode(said, type=_Answer)
    except msgspec.MsgspecError as error:
        raise Refused(Refusal.SCRIPT_UNREADABLE, "reading it gave no answer") from error
    if answer.refused is not None:
        raise Refused(answer.refused, answer.detail)
    return answer


def _end(process: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
