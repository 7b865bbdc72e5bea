"""Periodic work over many houses: what fails for one is told to the log, and the others get theirs."""

import logging
from collections.abc import Callable, Iterable
from typing import TypeVar

logger = logging.getLogger(__name__)
Row = TypeVar("Row")
Done = TypeVar("Done")


def for_each(rows: Iterable[Row], act: Callable[[Row], Done | None]) -> list[Done]:
    """What ``act`` gave for each row, without None; a row for which it raised is logged and tried at the next beat."""
    done = []
    for row in rows:
        try:
            result = act(row)
        except Exception:
            logger.exception("%s failed for %s", getattr(act, "__qualname__", act), row)
            continue
        if result is not None:
            done.append(result)
    return done
