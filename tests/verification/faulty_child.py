"""The confined process with a fault put into one of its stages; ``given["name"]`` says which: ``STAGE=fault``."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

from verification.pipeline import child


def raises(given: dict[str, Any]) -> Any:
    raise ZeroDivisionError("a fault of the tests")


def hangs(given: dict[str, Any]) -> Any:
    time.sleep(600)


def answers_nonsense(given: dict[str, Any]) -> Any:
    return {"verdict": "certainly", "score": 7}


def eats_memory(given: dict[str, Any]) -> Any:
    kept = []
    while True:
        kept.append(bytes(1 << 30))  # asked for, never touched: the machine's memory stays the others'


def dies(given: dict[str, Any]) -> Any:
    os.kill(os.getpid(), signal.SIGSEGV)


def looks_around(given: dict[str, Any]) -> Any:
    held = {"TRUSTMARK_SECRET", "DATABASE_URL", "BROKER_URL", "TRUSTMARK_MARK_KEY"} & set(os.environ)
    raise SystemError(str(held)) if held else RuntimeError("nothing is held")


FAULTS = {
    "environment": looks_around,
    "raises": raises,
    "hangs": hangs,
    "nonsense": answers_nonsense,
    "memory": eats_memory,
    "dies": dies,
}


def stage_of(name: str) -> Callable[[dict[str, Any]], Any]:
    def work(given: dict[str, Any]) -> Any:
        stage, _, fault = given["name"].partition("=")
        return FAULTS[fault](given) if stage == name else child._stage(name)(given)

    return work


if __name__ == "__main__":
    child.main(sys.argv[1:], stage_of)
