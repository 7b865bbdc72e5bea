"""A real browser before a live server: what journeys and the tour of the pages share.

Headless Chromium with the real database; tests that take it are skipped where no Chromium is found.
``TRUSTMARK_SCREENSHOTS=folder`` keeps a picture of each step.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from accounts.principals import Principal

PASSWORD = "a-long-enough-passphrase"
CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)


in_browser = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium on this machine: install Debian's `chromium`"
)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Headless Chromium, closed at the end."""
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


def told_of(page: Page, bundle: Path) -> tuple[str | None, str]:
    """What an opened ``verify.html`` says of a bundle: the kind of its verdict, and the words."""
    page.set_input_files("#file", str(bundle))
    page.click("#start")
    page.wait_for_selector("#verdict:not([hidden])")
    return page.get_attribute("#verdict", "class"), page.inner_text("#verdict")


@pytest.fixture
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def served(
    browser: Browser,
    transactional_db: None,
    embedded_valkey: str,
    settings: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[None]:
    """A database and folders of one's own behind the live server."""
    # While Playwright's loop runs, asgiref takes this thread for asynchronous: it allows no ORM call unless
    # told to, and keeps a database connection of its own, which must be closed before the loop ends.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    stores = {**settings.STORAGES}
    for name in ("log", "blobs"):
        stores[name] = {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / name), "allow_overwrite": True, "base_url": None},
        }
    settings.STORAGES = stores
    yield
    connections.close_all()


def may_sign_in(*desks: Principal) -> None:
    """Give each person the password that :func:`signed_in` types."""
    for desk in desks:
        desk.person.set_password(PASSWORD)
        desk.person.save()


@contextmanager
def signed_in(browser: Browser, base: str, desk: Principal, **options: Any) -> Iterator[Page]:
    """A person's own browser session; any refused script, style or failed load fails the journey."""
    context: BrowserContext = browser.new_context(accept_downloads=True, **options)
    page, complaints = context.new_page(), []
    page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{base}/")
    page.get_by_label("E-mail").fill(desk.person.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(re.compile(r"^(?!.*sign-in)"), wait_until="load")
    yield page
    context.close()
    # a form that is sent back with its errors is an answer, not a fault
    assert [line for line in complaints if "422 (Unprocessable Entity)" not in line] == []


def fits(page: Page, name: str) -> None:
    """No step scrolls sideways.

    Asked until it holds: a click returns when the next page is committed, and for a moment that page has no element
    yet, or no style sheet.
    """
    root, tries = page.locator("html"), 100
    while not root.evaluate("root => document.readyState === 'complete' && root.scrollWidth <= innerWidth"):
        tries -= 1
        assert tries, f"{name}: the page scrolls sideways, or never loaded"
        page.wait_for_timeout(50)


def seen(page: Page, name: str) -> None:
    """Keep a picture of the step where someone asked for it; no step scrolls sideways."""
    fits(page, name)
    if folder := os.environ.get("TRUSTMARK_SCREENSHOTS"):
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)
