"""What several faults need: a log store of each test's own, and the server's clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def own_log_store(settings: Any, tmp_path: Path) -> Path:
    """Each test publishes into a folder of its own."""
    folder = tmp_path / "log"
    stores = {**settings.STORAGES}
    stores["log"] = {**stores["log"], "OPTIONS": {**stores["log"]["OPTIONS"], "location": str(folder)}}
    settings.STORAGES = stores
    return folder


@pytest.fixture
def set_clock(settings: Any, tmp_path: Path) -> Callable[[timedelta], None]:
    """Set the house's clock so far ahead of the machine's; set less, it steps back."""
    settings.TEST_CLOCK_FILE = str(tmp_path / "clock")

    def move(ahead: timedelta) -> None:
        (tmp_path / "clock").write_text(str(ahead.total_seconds()), encoding="ascii")

    return move
