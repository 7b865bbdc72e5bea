"""The confined process that reads one script, or the lines of one PDF as they stand on paper, then ends. ``python -m screenplays.reading.child``.

Orders come as JSON on standard input, the answer goes to standard output. Before a byte of the file is read the
process gives up memory and time beyond its limits, new files, new privileges and, where the kernel lets it, the
network. Its environment holds no secret of the deployment.
"""

import ctypes
import os
import resource
import sys
from pathlib import Path

import msgspec

from screenplays.reading.formats import read_bytes
from screenplays.reading.shape import Limits, Refusal, Refused

_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_PR_SET_NO_NEW_PRIVS = 38
ANSWER_BYTES_MAX = 64 * 1024 * 1024


class Orders(msgspec.Struct):
    """What to read, and within which limits."""

    path: str
    limits: Limits
    ending: str = ""
    declared: str = ""
    # the lines of a PDF as they stand on paper, not what they say
    as_seen: bool = False
    # the lines of pictures of pages
    as_scanned: bool = False


def main() -> None:
    """Read the script and say what it is, or the code of why not."""
    answers = os.dup(1)
    os.dup2(2, 1)  # whatever a library prints must not get into the answer
    orders = msgspec.json.decode(sys.stdin.buffer.read(), type=Orders)
    _confine(orders.limits)
    try:
        data = Path(orders.path).read_bytes()
        if orders.as_seen:
            from screenplays.copies.seeing import see_pdf

            said = msgspec.json.encode({"lines": see_pdf(data, orders.limits)})
        elif orders.as_scanned:
            from screenplays.copies.scanning import scan

            said = msgspec.json.encode({"scanned": scan(data, orders.limits)})
        else:
            script = read_bytes(data, orders.limits, ending=orders.ending, declared=orders.declared)
            said = msgspec.json.encode({"script": script})
    except Refused as refused:
        said = msgspec.json.encode({"refused": refused.code, "detail": refused.detail})
    except MemoryError:
        said = msgspec.json.encode(
            {"refused": Refusal.SCRIPT_BOMB, "detail": "it takes more memory than is allowed"}
        )
    with os.fdopen(answers, "wb") as out:
        out.write(said)
    os._exit(0)  # no library's own ending may hang or change what was said


def _confine(limits: Limits) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory, limits.memory))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.seconds, limits.seconds + 2))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (ANSWER_BYTES_MAX, ANSWER_BYTES_MAX))
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)


if __name__ == "__main__":
    main()
