"""A browser, and the demonstration's cast behind a live server."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browsing import browser, served
from tests.permissions.worlds import World
from tests.tour.stage import make_stage

__all__ = ["browser", "served", "stage"]


@pytest.fixture
def stage(served: None, tmp_path: Path) -> World:
    return make_stage(tmp_path)
