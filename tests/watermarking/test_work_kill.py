"""A worker is killed in mid-stretch, with a real broker: nothing marked is marked again, nothing is missing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import pytest

from common.storage import blobs, local_copy
from tests import factories
from tests.watermarking.conftest import SECRET
from tests.watermarking.working import FRAMES, STRETCHES, MediaWorker, asked, start_media_worker, until
from watermarking import engine, tasks
from watermarking.keys import ENVIRONMENT, mark_key
from watermarking.models import JobState, MediaJob, StretchState

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def workers(
    settings: Any, tmp_path: Path, embedded_valkey: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[MediaWorker]]:
    monkeypatch.setenv(ENVIRONMENT, SECRET.hex())
    folder = {"location": str(tmp_path / "storage" / "blobs"), "allow_overwrite": True, "base_url": None}
    settings.STORAGES = {
        **settings.STORAGES,
        "blobs": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": folder},
    }
    settings.MEDIA_DEVICE, settings.MEDIA_QUIET_SECONDS, settings.MEDIA_LANES = "cpu", 0, 2
    running: list[MediaWorker] = []
    yield running
    for worker in running:
        worker.stop()


@pytest.mark.req("LV-209")
def test_a_killed_worker_costs_the_stretch_in_hand_and_no_other(
    workers: list[MediaWorker], work_film: Path, tmp_path: Path, embedded_valkey: str
) -> None:
    job = asked(factories.make_studio(), work_film)
    workers.append(start_media_worker(tmp_path, embedded_valkey, "first", secret=SECRET.hex()))
    assert tasks.admit_jobs() == 1

    def in_mid_stretch() -> bool:
        done = job.stretches.filter(state=StretchState.DONE).count()
        return done >= 1 and job.stretches.filter(state=StretchState.RUNNING, frames_done__gt=0).exists()

    until(in_mid_stretch, workers[0].said)
    workers[0].kill()
    left = list(job.stretches.order_by("number"))
    kept = {one.number: (one.sha256, one.finished_at) for one in left if one.state == StretchState.DONE}
    assert 0 < len(kept) < STRETCHES
    assert [one.state for one in left].count(StretchState.RUNNING) == 1
    assert MediaJob.objects.get(pk=job.pk).state == JobState.RUNNING

    workers.append(start_media_worker(tmp_path, embedded_valkey, "second", secret=SECRET.hex()))
    assert tasks.resume_jobs() == 1
    until(lambda: MediaJob.objects.get(pk=job.pk).state not in {"RUNNING", "VERIFYING"}, workers[1].said)
    job.refresh_from_db()
    assert job.state == JobState.RELEASED, workers[1].said()

    stretches = list(job.stretches.order_by("number"))
    assert {one.number: (one.sha256, one.finished_at) for one in stretches if one.number in kept} == kept
    killed = [one.number for one in left if one.state == StretchState.RUNNING]
    assert {one.number: one.attempts for one in stretches} == {
        number: 2 if number in killed else 1 for number in range(STRETCHES)
    }
    assert all(one["verified"] for one in job.result["segments"])
    with local_copy(job.result_blob) as path, av.open(str(path)) as film:
        times = [frame.pts for frame in film.decode(video=0)]
        assert len(times) == FRAMES
        assert times == sorted(set(times))
        found = engine.detect_file(path, key=mark_key(SECRET), search=False)
    assert found.payload == job.registration.mark_id
    root = Path(blobs().path(""))
    assert [str(one.relative_to(root)) for one in root.rglob("*") if one.is_file()] == [job.result_blob]
