"""The client's clock: real time, moved by the same test clock as a demonstration server's."""

from __future__ import annotations

import os
import time
from datetime import datetime
from pathlib import Path

from trustcore.older import UTC


def now() -> float:
    """Seconds since the epoch; ``TRUSTMARK_TEST_CLOCK_FILE`` may name a file with an offset in seconds."""
    path = os.environ.get("TRUSTMARK_TEST_CLOCK_FILE")
    if not path:
        return time.time()
    try:
        return time.time() + float(Path(path).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return time.time()


def rfc3339(seconds: float) -> str:
    """``2026-11-22T08:05:00.250Z``: UTC with milliseconds."""
    moment = datetime.fromtimestamp(seconds, tz=UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
