"""The confined process: one stage, then it ends. ``python -m verification.pipeline.child STAGE MEMORY SECONDS``.

First it gives up what it does not need: memory and time beyond its limits, core dumps, new privileges, and the network
where this kernel lets a process leave it. Then it loads its stage, and only then reads its orders from standard input:
it may be started before they are there. It writes one JSON object to standard output. Its environment holds no secret
of the deployment.
"""

import ctypes
import json
import os
import resource
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

_MODULES = {
    "ingest": "verification.pipeline.stages.ingest",
    "canonicalise": "verification.pipeline.stages.canonicalise",
    "provenance": "verification.pipeline.stages.credentials",
    "watermark": "verification.pipeline.stages.marks",
    "detection": "verification.pipeline.stages.detection",
}
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_PR_SET_NO_NEW_PRIVS = 38
_FILE_BYTES_MAX = 64 * 1024 * 1024


def main(
    arguments: list[str], stage_of: Callable[[str], Callable[[dict[str, Any]], Any]] | None = None
) -> int:
    """Run one stage; the answer is ``{"ok": ...}`` or ``{"error": class, "code": ..., "detail": ...}``."""
    # whatever a library prints must not get into the answer
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    name, memory, seconds = arguments
    isolated = confine(memory=int(memory), seconds=int(seconds))
    try:
        work = (stage_of or _stage)(name)
        orders = json.loads(sys.stdin.buffer.read())
        answer: dict[str, Any] = {"ok": work(orders["given"])}
    except BaseException as error:  # noqa: BLE001 (each of them is an answer: nothing may be silent)
        answer = {
            "error": type(error).__name__,
            "code": str(getattr(error, "code", "") or ""),
            "detail": str(getattr(error, "detail", "") or "")[:300],
        }
    answers.write(json.dumps(answer | {"isolated": isolated}))
    answers.flush()
    # no library's own ending may hang or change what was said
    os._exit(0)


def confine(*, memory: int, seconds: int) -> list[str]:
    """Give up what is not needed; returns what this kernel granted."""
    granted = ["memory", "cpu", "files"]
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_FILE_BYTES_MAX, _FILE_BYTES_MAX))
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0:
            granted.append("privileges")
        if libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0:
            granted.append("network")
    return granted


def _stage(name: str) -> Callable[[dict[str, Any]], Any]:
    module = import_module(_MODULES[name])
    if hasattr(module, "load"):
        module.load()
    run: Callable[[dict[str, Any]], Any] = module.run
    return run


if __name__ == "__main__":
    main(sys.argv[1:])
