"""Start the confined reader, and tell every way in which it can end apart."""

import signal
import subprocess
from pathlib import Path

import msgspec

from common.confinement import run_confined
from screenplays.copies.lines import ScannedLine, SeenLine
from screenplays.reading.child import Orders
from screenplays.reading.shape import Limits, Refusal, Refused, Script

_CHILD = "screenplays.reading.child"


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
    try:
        code, said = run_confined(_CHILD, msgspec.json.encode(orders), wait_seconds=orders.limits.seconds * 8)
    except subprocess.TimeoutExpired as error:
        raise Refused(Refusal.SCRIPT_BOMB, "it takes more time than is allowed") from error
    return _told(code, said)


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
