"""Keep a library from taking the whole machine: encoders that put their caller before every other process."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def ordinary_priority() -> Iterator[None]:
    """Give this process's threads back the scheduling that the caller had.

    Run as root, SVT-AV1 opens by making the thread that calls it, and its own, SCHED_FIFO at the highest priority: on a
    small machine the web server and the database then wait for a film.
    """
    before = os.sched_getscheduler(0) if hasattr(os, "sched_getscheduler") else None
    try:
        yield
    finally:
        if before == os.SCHED_OTHER:
            for thread in (int(task.name) for task in Path("/proc/self/task").iterdir()):
                with suppress(OSError):  # it ended meanwhile
                    if os.sched_getscheduler(thread) != before:
                        os.sched_setscheduler(thread, before, os.sched_param(0))
