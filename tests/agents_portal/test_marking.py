"""Marks in the making, as their organisation watches them; nobody else learns of one."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from accounts.models import Membership
from common import clock
from tests import factories
from tests.agents_portal.conftest import Cast, Reader, page_of
from watermarking import services
from watermarking.errors import MediaReason
from watermarking.models import JobState, MediaJob, MediaStretch, StretchState

FOUND = {"status": "embedded", "reason": None, "verified": True}
DARK = {"status": "not_markable", "reason": "DARK", "verified": None}


@pytest.fixture(autouse=True)
def own_stores(settings: Any, tmp_path: Path) -> None:
    folder = {"location": str(tmp_path / "blobs"), "allow_overwrite": True, "base_url": None}
    settings.STORAGES = {
        **settings.STORAGES,
        "blobs": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": folder},
    }


def make_job(cast: Cast, state: str, *, done: int = 0, refused: int = 0, **changes: Any) -> MediaJob:
    """A film of four stretches, as far as ``done``."""
    studio = cast.producer.organisation
    mark = services.register_mark(
        production_id=cast.production.pk, token_jtis=[], asset_id=None, visible_to=[studio.pk]
    )
    is_over = state not in {"QUEUED", "RUNNING", "VERIFYING"}
    job = MediaJob.objects.create(
        organisation=studio, registration=mark, state=state, file_name="Glass Meridian reel 1.mov",
        source_sha256="0" * 64, seconds=80.0, width=1920, height=1080, frames_total=1920, touched_at=clock.now(),
        finished_at=clock.now() if is_over else None, **changes,
    )  # fmt: skip
    for number in range(4):
        MediaStretch.objects.create(
            job=job, number=number, frames=480, frames_done=480 if number < done else 0,
            plan={"begins": 20.0 * number, "ends": 20.0 * number + 20.0},
            state=StretchState.DONE if number < done else StretchState.WAITING,
            blob=f"work/{number}" if number < done else "", sha256="1" * 64 if number < done else "",
            result={"boost": 1.25 if number == 1 else 1.0, "layers": {"pixel": DARK if number < refused else FOUND}}
            if number < done else None,
        )  # fmt: skip
    return job


def test_a_job_is_watched_from_its_queue_to_its_release(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    reader = Reader(cast.producer)
    waiting = make_job(cast, "QUEUED")
    page = reader.page(f"/marking/{waiting.pk}/")
    assert "Waits for its turn" in page
    assert "It starts as soon as a worker is free." in page
    job = make_job(cast, "RUNNING", done=2, refused=1, admitted_at=clock.now() - timedelta(seconds=10))
    path = f"/marking/{job.pk}/"
    page = reader.page(path)
    assert "960 of 1,920 frames are done. About 10 seconds are left." in page
    assert "96 frames a second" in page
    assert "Too dark to hide anything" in page
    assert "Marked 1.25 times as strongly" in page
    assert 'hx-trigger="every 2s"' in page.html
    assert "HX-Refresh" not in reader.get(path, htmx=True).headers
    MediaJob.objects.filter(pk=job.pk).update(
        state=JobState.RELEASED, finished_at=clock.now(), result={"layers": {"pixel": FOUND, "audio": DARK}}
    )
    assert reader.get(path, htmx=True).headers["HX-Refresh"] == "true"
    page = reader.page(path)
    assert "Marked and read back" in page
    assert "hx-trigger" not in page.html
    assert "Cancel this marking" not in page
    listed = reader.page("/marking/")
    assert listed.titles == ("One marking is under way.",)
    assert listed.links.count(path) == 1


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("VERIFYING", "Every stretch is done. The whole is being joined and read back"),
        (
            "NOT_MARKABLE",
            "Nothing in it can carry a mark, and none is claimed. A mark is used once: register",
        ),
        ("CANCELLED", "Nothing of it was kept. A mark is used once: register another one to try again."),
    ],
)
def test_every_state_says_what_is_true(cast: Cast, state: str, words: str) -> None:
    assert words in Reader(cast.producer).page(f"/marking/{make_job(cast, state).pk}/")


def test_of_what_cannot_be_marked_no_frame_is_called_marked(cast: Cast) -> None:
    layers = {"pixel": DARK, "audio": {"status": "not_markable", "reason": "SILENT", "verified": None}}
    job = make_job(
        cast, "NOT_MARKABLE", done=4, refused=4, result={"layers": layers}, then={"task": "t", "args": []}
    )
    reader = Reader(cast.producer)
    page = reader.page(f"/marking/{job.pk}/")
    assert "What cannot carry a mark" in page
    assert "Its output is held and does not leave." in page
    assert "Silent throughout" in page
    for either in (page, reader.page("/marking/")):
        assert "1,920" not in either
        assert 'role="meter"' not in either.html


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("WORKER_LOST", "It ended the program that worked on it, several times."),
        ("OF_TOMORROW", "What stopped it is named by this code."),
        *((reason.value, "") for reason in MediaReason),
    ],
)
def test_a_failure_says_what_was_not_done_why_and_its_code(cast: Cast, code: str, words: str) -> None:
    job = make_job(cast, "FAILED", done=1, error_code=code, crf=28)
    page = Reader(cast.producer).page(f"/marking/{job.pk}/")
    assert "Nothing was released." in page
    assert code in page
    assert words in page
    # every code that the engine has is told in words of its own
    assert ("What stopped it is named by this code." in page) == (code == "OF_TOMORROW")
    assert "Not done" in page
    assert "Waits" not in page
    assert "Rate factor 28" in page
    assert 'role="meter"' not in page.html


def test_long_lists_are_paged_and_asked_for_in_few_queries(
    cast: Cast, django_assert_max_num_queries: Any
) -> None:
    jobs = [make_job(cast, "QUEUED" if number % 2 else "CANCELLED") for number in range(53)]
    reader = Reader(cast.producer)
    with django_assert_max_num_queries(12):
        page = reader.page("/marking/")
    assert page.titles[0].endswith("markings are under way.")
    shown = [link for link in page.links if link.startswith("/marking/0")]
    assert len(set(shown)) == 50
    (further,) = [link for link in page.links if link.startswith("?after=")]
    rest = reader.page(f"/marking/{further}")
    assert {f"/marking/{job.pk}/" for job in jobs[:3]} <= set(rest.links)
    assert not set(shown) & set(rest.links)
    assert "Earlier markings" not in rest


def test_only_who_delivers_cancels_and_strangers_see_nothing(cast: Cast) -> None:
    job = make_job(cast, "RUNNING", done=1)
    path = f"/marking/{job.pk}/"
    for stranger in (cast.other_studio, cast.vendor, cast.agent, cast.auditor):
        assert Reader(stranger).get(path).status_code == 404
        assert Reader(stranger).post(f"{path}cancel/").status_code == 404
    colleague = Reader(factories.make_desk(cast.producer.organisation, Membership.Role.AUDITOR))
    assert "Cancel this marking" not in colleague.page(path)
    assert colleague.post(f"{path}cancel/").status_code == 403
    assert MediaJob.objects.get().state == JobState.RUNNING
    reader = Reader(cast.engineer)
    assert "Cancel this marking" in reader.page(path)
    assert reader.post(f"{path}cancel/").status_code == 302
    assert MediaJob.objects.get().state == JobState.CANCELLED
    assert "Nothing of it was kept." in reader.page(path)
    MediaJob.objects.update(state=JobState.RELEASED)
    ended = reader.post(f"{path}cancel/")
    assert (ended.status_code, "ended already" in page_of(ended)) == (409, True)


def test_the_list_is_empty_until_an_output_is_uploaded(cast: Cast) -> None:
    page = Reader(cast.vendor).page("/marking/")
    assert page.titles == ("No markings are under way.",)
    assert "An output appears here as soon as it is uploaded." in page
