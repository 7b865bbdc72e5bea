"""What schemathesis loads: of four questions three ask for what is there, and of three with a body one sends a good one.

Without it nearly every answer would be a 404 or a 422, and what lies behind them would stay in the dark. Which ids and
bodies is read from the file that ``TRUSTMARK_FUZZ_FACTS`` names.
"""

from __future__ import annotations

import json
import os
from copy import deepcopy
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import schemathesis

import bench.fuzz.lines  # noqa: F401  # schemathesis learns to write receipts

FACTS = json.loads(Path(os.environ["TRUSTMARK_FUZZ_FACTS"]).read_text())
_turn = count()


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Put the world's own ids and bodies in the place of made-up ones, in turns."""
    del context, kwargs
    turn, place = next(_turn), f"{case.method.upper()} {case.operation.path}"
    things = FACTS["ids"].get(case.operation.path, {})
    if turn % 4 and case.path_parameters:
        for name in case.path_parameters:
            if name in things:
                case.path_parameters[name] = things[name]
    if turn % 3 == 0 and place in FACTS["bodies"]:
        case.body = deepcopy(FACTS["bodies"][place])
    if turn % 8 and case.headers and len(case.headers.get("Idempotency-Key", "")) > 0:
        case.headers["Idempotency-Key"] = str(uuid4())  # else every second answer is that it was used before
