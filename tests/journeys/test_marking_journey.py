"""A film is marked by a real worker while its producer watches in a real browser, and another one is cancelled."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from playwright.sync_api import Browser, Page, expect

from accounts.principals import Principal
from tests import factories
from tests.browsing import in_browser, may_sign_in, seen, signed_in
from tests.watermarking.conftest import SECRET
from tests.watermarking.working import MediaWorker, asked, start_media_worker, write_tone, write_work_film
from watermarking import tasks
from watermarking.keys import ENVIRONMENT
from watermarking.models import JobState, MediaJob

pytestmark = [
    pytest.mark.journey,
    in_browser,
]


@pytest.fixture
def producer(
    browser: Browser, transactional_db: None, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Principal]:
    # as in the portal's journey: Playwright's loop makes this thread look asynchronous
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    monkeypatch.setenv(ENVIRONMENT, SECRET.hex())
    folder = {"location": str(tmp_path / "storage" / "blobs"), "allow_overwrite": True, "base_url": None}
    settings.STORAGES = {
        **settings.STORAGES,
        "blobs": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": folder},
    }
    settings.MEDIA_DEVICE = "cpu"
    desk = factories.make_producer(factories.make_studio("Lanternfish Pictures"))
    may_sign_in(desk)
    yield desk
    connections.close_all()


@pytest.fixture
def worker(producer: Principal, tmp_path: Path, embedded_valkey: str) -> Iterator[MediaWorker]:
    running = start_media_worker(tmp_path, embedded_valkey, "watched", secret=SECRET.hex())
    yield running
    running.stop()


def shown(page: Page, name: str) -> None:
    """Keep pictures of the step, as a desk and as a phone see it; neither scrolls sideways."""
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 844})
        seen(page, f"marking-{name}-{width}")


def test_a_marking_is_watched_to_its_release_without_touching_the_page(
    browser: Browser,
    live_server: Any,
    producer: Principal,
    worker: MediaWorker,
    demo_clip: Path,
    tmp_path: Path,
) -> None:
    film = asked(producer.organisation, write_work_film(demo_clip, tmp_path / "Glass Meridian reel 1.mp4"))
    tone = asked(producer.organisation, write_tone(tmp_path / "Temp score.wav"))
    with signed_in(browser, live_server.url, producer) as page:
        page.goto(f"{live_server.url}/marking/{film.pk}/")
        expect(page.get_by_text("Waits for its turn")).to_be_visible()
        shown(page, "1-queued")
        # the second job is ended by its owner before its turn
        page.goto(f"{live_server.url}/marking/{tone.pk}/")
        page.get_by_role("button", name="Cancel this marking").click()
        expect(page.get_by_text("Cancelled", exact=True)).to_be_visible()
        shown(page, "2-cancelled")
        page.goto(f"{live_server.url}/marking/{film.pk}/")
        tasks.admit_jobs()
        expect(page.get_by_text("Found", exact=True).first).to_be_visible(timeout=90_000)
        shown(page, "3-running")
        expect(page.get_by_text("Marked and read back", exact=True)).to_be_visible(timeout=120_000)
        expect(page.get_by_role("button", name="Cancel this marking")).to_have_count(0)
        shown(page, "4-released")
        page.goto(f"{live_server.url}/marking/")
        shown(page, "5-list")
    states = {job.pk: job.state for job in MediaJob.objects.all()}
    assert states == {film.pk: JobState.RELEASED, tone.pk: JobState.CANCELLED}
