"""A browser, and the demonstration's cast behind a live server."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from playwright.sync_api import Browser, sync_playwright

from tests.journeys.test_portal_journey import CHROMIUM
from tests.permissions.worlds import World
from tests.tour.stage import make_stage


@pytest.fixture
def browser() -> Iterator[Browser]:
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def stage(
    browser: Browser,
    transactional_db: None,
    embedded_valkey: str,
    settings: Any,
    tmp_path: Path,
    monkeypatch: Any,
) -> Iterator[World]:
    # Playwright's loop makes this thread look asynchronous: see the portal's journey
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    stores = {**settings.STORAGES}
    for name in ("log", "blobs"):
        stores[name] = {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / name), "allow_overwrite": True, "base_url": None},
        }
    settings.STORAGES = stores
    yield make_stage(tmp_path)
    connections.close_all()
