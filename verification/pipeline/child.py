"""The confined process: one stage, then it ends. ``python -m verification.pipeline.child STAGE MEMORY SECONDS``.

It is a fresh process, or forked of one that has loaded the stages and has read nothing (``common.warmed``).

First it gives up what it does not need: memory and time beyond its limits, core dumps, new privileges, and the network
where this kernel lets a process leave it. Then it loads its stage, and only then reads its orders from standard input:
it may be started before they are there. It writes one JSON object to standard output. Its environment holds no secret
of the deployment.
"""

import json
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

from common.confinement import confine, keep_answers, say_and_end

_MODULES = {
    "ingest": "verification.pipeline.stages.ingest",
    "canonicalise": "verification.pipeline.stages.canonicalise",
    "provenance": "verification.pipeline.stages.credentials",
    "watermark": "verification.pipeline.stages.marks",
    "detection": "verification.pipeline.stages.detection",
}


def main(
    arguments: list[str], stage_of: Callable[[str], Callable[[dict[str, Any]], Any]] | None = None
) -> None:
    """Run one stage; the answer is ``{"ok": ...}`` or ``{"error": class, "code": ..., "detail": ...}``."""
    answers = keep_answers()
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
    say_and_end(answers, json.dumps(answer | {"isolated": isolated}).encode())


def load() -> None:
    """Load every stage, but for what would start threads: the process that all are forked of has one."""
    for name in _MODULES.values():
        module = import_module(name)
        getattr(module, "load_shared", getattr(module, "load", _nothing))()


def _nothing() -> None:
    """What a stage loads that has nothing to load."""


def _stage(name: str) -> Callable[[dict[str, Any]], Any]:
    module = import_module(_MODULES[name])
    if hasattr(module, "load"):
        module.load()
    run: Callable[[dict[str, Any]], Any] = module.run
    return run


if __name__ == "__main__":
    main(sys.argv[1:])
