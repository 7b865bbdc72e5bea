"""The confined process with a fault put into one of its stages; ``given["name"]`` says which: ``STAGE=fault``, ``every=fault``."""

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


def answers_unfit(given: dict[str, Any]) -> Any:
    """As its stage does, with a stranger's words in it: control characters, half a character, another direction."""
    unfit = "Studio\x00\x1b[2J\u202eoidutS \ud800"
    provenance = {
        "status": "invalid", "reason": "signer_untrusted", "binding": "match", "asserted_by": unfit,
        "asserted_evidence": [unfit], "manifests": [{"label": unfit, "depth": 0, "signer": unfit, "failures": []}],
    }  # fmt: skip
    return {"provenance": provenance}


def answers_no_number(given: dict[str, Any]) -> Any:
    return {
        "provenance": {
            "status": "valid",
            "reason": "provenance_trusted",
            "binding": "match",
            "binding_score": float("nan"),
        }
    }


def answers_no_codes(given: dict[str, Any]) -> Any:
    sampling = {"frames": 1, "strategy": "none"}
    return {"canonical_sha256": "not a hash", "sampling": sampling, "frame_codes": ["zz"]}


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
    "unfit": answers_unfit,
    "no_number": answers_no_number,
    "no_codes": answers_no_codes,
    "memory": eats_memory,
    "dies": dies,
}


def stage_of(name: str) -> Callable[[dict[str, Any]], Any]:
    def work(given: dict[str, Any]) -> Any:
        stage, _, fault = given["name"].partition("=")
        return FAULTS[fault](given) if stage in {name, "every"} else child._stage(name)(given)

    return work


def load() -> None:
    """For what forks this: nothing is loaded before its turn."""


def main(arguments: list[str]) -> None:
    child.main(arguments, stage_of)


if __name__ == "__main__":
    main(sys.argv[1:])
