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


def test_a_job_is_watched_from_its_queue_to_its_release(cast: Cast) -> None:
    reader = Reader(cast.producer)
    waiting = make_job(cast, "QUEUED")
    page = reader.page(f"/marking/{waiting.pk}/")
    assert "Waits for its turn" in page
    assert "It starts as soon as a worker is free." in page
    job = make_job(cast, "RUNNING", done=2, refused=1, admitted_at=clock.now() - timedelta(seconds=10))
    path = f"/marking/{job.pk}/"
    page = reader.page(path)
    assert "960 of 1,920 frames are marked. About 10 seconds are left." in page
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
        ("VERIFYING", "Every frame is marked. The whole is being joined and read back"),
        ("NOT_MARKABLE", "Nothing in it can carry a mark, and none is claimed."),
        ("CANCELLED", "Nothing of it was kept."),
    ],
)
def test_every_state_says_what_is_true(cast: Cast, state: str, words: str) -> None:
    assert words in Reader(cast.producer).page(f"/marking/{make_job(cast, state).pk}/")


def test_a_failure_says_what_was_not_done_and_its_code(cast: Cast) -> None:
    page = Reader(cast.producer).page(f"/marking/{make_job(cast, 'FAILED', error_code='WORKER_LOST').pk}/")
    assert "Nothing was released." in page
    assert "several times" in page
    assert "WORKER_LOST" in page


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
