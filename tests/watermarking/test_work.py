"""Mark jobs: bounded, fair, read back before release; a job that ends leaves nothing behind."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from django.db import connection
from prometheus_client import REGISTRY

from accounts.models import Organisation
from common.errors import Conflict, NotFound, Unavailable
from common.storage import blobs, local_copy
from tests import factories
from tests.watermarking import media
from tests.watermarking.conftest import SECRET
from tests.watermarking.working import FRAMES, SECONDS, STRETCHES, asked
from watermarking import engine
from watermarking.checks import check_chords_can_count
from watermarking.keys import ENVIRONMENT, mark_key
from watermarking.models import JobState, MarkReport, MediaJob, StretchState
from watermarking.work import admission, estimates, jobs, marking, readback, slots
from watermarking.work.admission import admit_jobs, position_of, wait_code_of
from watermarking.work.jobs import cancel_job, drop_old_results, take_result
from watermarking.work.joining import Joined, join_job
from watermarking.work.marking import Step, mark_next
from watermarking.work.progress import progress_of, stretch_lines
from watermarking.work.slots import media_slot

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def house(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> None:
    monkeypatch.setenv(ENVIRONMENT, SECRET.hex())
    folder = {"location": str(tmp_path / "blobs"), "allow_overwrite": True, "base_url": None}
    settings.STORAGES = {
        **settings.STORAGES,
        "blobs": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": folder},
    }
    settings.MEDIA_DEVICE = "cpu"


@pytest.fixture
def studio() -> Organisation:
    return factories.make_studio()


def files_left() -> list[str]:
    root = Path(blobs().path(""))
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def worked(job: MediaJob) -> MediaJob:
    """Carry a job out in this process, as the lanes and the joining would."""
    while mark_next(job_id=job.pk) is Step.MARKED:
        pass
    assert join_job(job_id=job.pk) is Joined.ENDED
    job.refresh_from_db()
    return job


def test_a_film_is_marked_in_stretches_and_released_only_after_all_was_found_whole_and_read_back(
    studio: Organisation, work_film: Path, django_capture_on_commit_callbacks: Any
) -> None:
    job = asked(studio, work_film)
    assert mark_next(job_id=job.pk) is Step.OVER, "not admitted yet"
    assert join_job(job_id=job.pk) is Joined.NOT_YET
    assert admit_jobs() == [job.pk]
    assert mark_next(job_id=job.pk) is Step.MARKED
    active = REGISTRY.get_sample_value("trustmark_media_active_seconds_total", {"device": "cpu"})
    assert active, "the time of the device that did it is counted"
    half_way = progress_of(MediaJob.objects.get(pk=job.pk))
    assert (half_way.stretches_done, half_way.stretches_total) == (1, STRETCHES)
    assert (half_way.frames_done, half_way.frames_total) == (FRAMES // 4, FRAMES)
    assert half_way.share == 25.0
    assert join_job(job_id=job.pk) is Joined.NOT_YET, "stretches are missing"
    while mark_next(job_id=job.pk) is Step.MARKED:
        pass
    # a kept stretch that is not the one that was kept is marked again, and no other
    hurt = job.stretches.get(number=2)
    Path(blobs().path(hurt.blob)).write_bytes(b"not what was kept")
    assert join_job(job_id=job.pk) is Joined.AGAIN
    with django_capture_on_commit_callbacks(execute=True):
        job = worked(job)
    assert [one.attempts for one in job.stretches.all()] == [1, 1, 2, 1]
    assert job.state == JobState.RELEASED
    payload = job.registration.mark_id
    segments = job.result["segments"]
    assert [one["layer"] for one in segments] == ["pixel"] * STRETCHES + ["audio"]
    assert all(one["verified"] and one["p_value"] <= 1e-9 for one in segments)
    assert [line.state for line in stretch_lines(job)] == ["DONE"] * STRETCHES
    with local_copy(job.result_blob) as path, av.open(str(path)) as film:
        assert sum(1 for _ in film.decode(video=0)) == FRAMES
        found = engine.detect_file(path, key=mark_key(SECRET), search=False)
        assert {name: one and one.payload for name, one in found.layers.items()} == {
            "pixel": payload,
            "audio": payload,
        }
    assert MarkReport.objects.get().results["payload"] == payload
    # of the work itself nothing is left; the file goes to whoever takes it
    assert files_left() == [job.result_blob]
    assert take_result(job.pk) == job.result_blob
    assert drop_old_results(before=job.finished_at.replace(year=2100)) == 0


class Deaf:
    """The engine's detector, but under another key until the mark has reached a strength."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, hears_from: float) -> None:
        self.tried: list[float] = []
        self._hears_from, self._mark, self._read = hears_from, engine.mark_stretch, engine.detect_file
        monkeypatch.setattr(engine, "mark_stretch", self.mark)
        monkeypatch.setattr(engine, "detect_file", self.detect)

    def mark(self, *args: Any, **named: Any) -> Any:
        self.tried.append(named["boost"])
        return self._mark(*args, **named)

    def detect(self, path: Path, **named: Any) -> Any:
        return self._read(path, **named if self.tried[-1] >= self._hears_from else named | {"key": bytes(32)})


@pytest.mark.parametrize(("hears_from", "status"), [(1.25, "embedded"), (9.0, "not_markable")])
def test_what_does_not_read_back_is_marked_more_strongly_and_never_claimed(
    hears_from: float, status: str, work_film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deaf = Deaf(monkeypatch, hears_from)
    span = engine.plan_file(work_film, stretch_seconds=SECONDS).stretches[0]
    wanted = readback.Wanted(7, mark_key(SECRET), None, lossless=False)
    told = readback.mark_film_stretch(work_film, tmp_path / "a.piece", span, wanted, lambda frames: None)
    layer = told.layers["pixel"]
    assert told.tally is not None
    if status == "embedded":
        assert (deaf.tried, layer.status, layer.verified, told.boost) == ([1.0, 1.25], status, True, 1.25)
        plain = engine.mark_stretch(
            work_film, tmp_path / "b.piece", span, mark_id=7, key=mark_key(SECRET), boost=1.0
        )
        # 1.25 times as strong is 1.9 dB nearer, and not more
        assert (plain.layer.level_db or 0) - (layer.level_db or 0) == pytest.approx(1.9, abs=0.25)
    else:
        assert deaf.tried == list(readback.BOOSTS)
        assert (layer.status, layer.reason, layer.verified) == (status, "NOT_CONFIRMED", None)


def test_black_and_silence_end_as_not_markable_with_their_reasons(
    studio: Organisation, tmp_path: Path
) -> None:
    black = np.zeros((405, 480), np.uint8)
    black[:270], black[270:] = 16, 128
    frames = (av.VideoFrame.from_ndarray(black, format="yuv420p") for _ in range(48))
    media.write_film(tmp_path / "black.mp4", frames, np.zeros((2, 96_000), np.float32), 48_000)
    job = asked(studio, tmp_path / "black.mp4")
    admit_jobs()
    job = worked(job)
    assert job.state == JobState.NOT_MARKABLE
    assert {name: one["reason"] for name, one in job.result["layers"].items()} == {
        "pixel": "DARK",
        "audio": "SILENT",
    }


def test_a_medium_of_one_part_is_marked_whole(studio: Organisation, tone: Path) -> None:
    job = asked(studio, tone)
    admit_jobs()
    assert worked(job).state == JobState.RELEASED
    assert job.result["layers"]["audio"]["verified"] is True
    assert job.result["layers"]["pixel"]["status"] == "missing"


def test_a_medium_that_breaks_midway_fails_with_its_code(
    studio: Organisation, work_film: Path, tmp_path: Path
) -> None:
    job = asked(studio, work_film)
    data = work_film.read_bytes()
    Path(blobs().path(job.source_blob)).write_bytes(data[: len(data) // 3])
    admit_jobs()
    assert mark_next(job_id=job.pk) is Step.OVER
    job.refresh_from_db()
    assert (job.state, job.error_code) == (JobState.FAILED, "MEDIA_UNREADABLE")


@pytest.mark.req("LV-209")
def test_no_organisation_starves_another_and_each_is_bounded(
    studio: Organisation, tone: Path, settings: Any
) -> None:
    settings.MEDIA_JOBS_MAX, settings.MEDIA_JOBS_EACH_MAX = 3, 2
    other = factories.make_studio()
    mine = [asked(studio, tone) for _ in range(4)]
    theirs = asked(other, tone)
    # the greedy one has two places, then the other's first job comes before its third
    assert admit_jobs() == [mine[0].pk, theirs.pk, mine[1].pk]
    assert admit_jobs() == []
    assert [
        position_of(job)
        for job in MediaJob.objects.filter(pk__in=[mine[2].pk, mine[3].pk]).order_by("created_at")
    ] == [1, 2]
    assert wait_code_of(MediaJob.objects.get(pk=mine[2].pk)) == "WAITS_FOR_OWN_JOBS"
    late = asked(other, tone)
    assert position_of(late) == 1, "another's jobs are not counted: their number tells that they exist"
    MediaJob.objects.filter(pk=theirs.pk).update(state=JobState.CANCELLED, finished_at=theirs.created_at)
    assert admit_jobs() == [late.pk]


@pytest.mark.req("LV-209")
def test_beyond_the_bounds_jobs_are_refused_with_a_code(
    studio: Organisation, tone: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MEDIA_QUEUE_EACH_MAX = 1
    asked(studio, tone)
    with pytest.raises(Unavailable) as full:
        asked(studio, tone)
    assert (full.value.code, full.value.status) == ("MEDIA_QUEUE_FULL", 503)
    asked(factories.make_studio(), tone)
    settings.MEDIA_QUEUE_EACH_MAX, settings.MEDIA_QUEUE_MAX = 100, 2
    with pytest.raises(Unavailable):
        asked(factories.make_studio(), tone)
    settings.MEDIA_QUEUE_MAX = 100
    before = files_left()
    settings.MEDIA_FREE_BYTES_MIN = estimates.space_free()
    with pytest.raises(Unavailable) as short:
        asked(studio, tone)
    assert short.value.code == "MEDIA_SPACE_SHORT"
    settings.MEDIA_FREE_BYTES_MIN, settings.MEDIA_FREE_MEMORY_MIN = 0, estimates.memory_total()
    with pytest.raises(Unavailable) as large:
        asked(studio, tone)
    assert large.value.code == "MEDIA_TOO_LARGE"
    assert files_left() == before, "what is refused leaves nothing"


def test_a_job_waits_for_space_while_smaller_ones_go_first(studio: Organisation, tone: Path) -> None:
    large, small = asked(studio, tone), asked(factories.make_studio(), tone)
    MediaJob.objects.filter(pk=large.pk).update(bytes_needed=estimates.space_free() * 2)
    assert admit_jobs() == [small.pk]
    assert wait_code_of(MediaJob.objects.get(pk=large.pk)) == "WAITS_FOR_SPACE"


@pytest.mark.parametrize(
    ("source_bits", "asked_for", "measured"),
    [
        # bits a pixel of a clean, a grainy and a very grainy film, marked, by x264 veryfast
        (0.07, {"crf": None}, 0.81),
        (0.66, {"crf": None}, 2.32),
        (0.81, {"crf": None}, 3.64),
        (4.49, {"crf": None}, 6.29),
        (0.15, {"crf": 12}, 0.46),
        (2.18, {"crf": 12}, 3.16),
        (4.49, {"crf": 12}, 4.36),
        (0.66, {"crf": 16}, 0.80),
        (2.18, {"crf": 16}, 2.63),
        (4.49, {"crf": 16}, 3.35),
        (0.03, {"crf": None, "lossless": True}, 1.28),
        (0.66, {"crf": None, "lossless": True}, 4.84),
        (4.49, {"crf": 28, "lossless": True}, 8.66),
    ],
)
def test_space_is_estimated_from_above_and_not_without_measure(
    source_bits: float, asked_for: dict[str, Any], measured: float
) -> None:
    estimate = estimates.bits_per_pixel(source_bits, **{"lossless": False, **asked_for})
    assert measured <= estimate <= 4 * measured


def test_finer_encodings_ask_for_more_space_before_they_begin(
    studio: Organisation, work_film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = engine.plan_file(work_film, stretch_seconds=SECONDS)
    size = work_film.stat().st_size
    needed = [
        estimates.space_needed(plan, source_bytes=size, **how)
        for how in (
            {"lossless": False, "crf": 28},
            {"lossless": False, "crf": 11},
            {"lossless": False},
            {"lossless": False, "crf": 0},
            {"lossless": True},
        )
    ]
    assert needed == sorted(set(needed)), "the encoder's own factor is 6"
    # room for the coarse one and not for the lossless one
    room = marking.work_limits().free_bytes + (needed[0] + needed[-1]) // 2 + size
    for room_of in (jobs, admission, marking):
        monkeypatch.setattr(room_of, "space_free", lambda: room)
    with pytest.raises(Unavailable) as short:
        asked(studio, work_film, lossless=True)
    assert short.value.code == "MEDIA_SPACE_SHORT"
    assert files_left() == []
    job = asked(studio, work_film, crf=28)
    assert admit_jobs() == [job.pk]
    # what was there when it was let in is taken meanwhile: no stretch begins
    monkeypatch.setattr(marking, "space_free", lambda: marking.work_limits().free_bytes)
    assert mark_next(job_id=job.pk) is Step.BUSY
    assert not job.stretches.exclude(state=StretchState.WAITING).exists()
    monkeypatch.setattr(marking, "space_free", lambda: room)
    assert mark_next(job_id=job.pk) is Step.MARKED


@pytest.mark.req("LV-209")
def test_nothing_is_decoded_without_a_slot_of_the_machine(
    studio: Organisation, tone: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = asked(studio, tone)
    admit_jobs()
    settings.MEDIA_CPU_SLOTS = 1
    with closing(connection.copy()) as other_worker, other_worker.cursor() as cursor:
        slot = slots._lock(f"{slots.host_name()} cpu 0").bytes[8:]
        number = int.from_bytes(slot, "big", signed=True)
        cursor.execute("select pg_advisory_lock(%s)", [number])
        assert mark_next(job_id=job.pk) is Step.BUSY
        settings.MEDIA_CPU_SLOTS = 2
        with media_slot("cpu") as has_room:
            assert has_room
        settings.MEDIA_CPU_SLOTS = 1
    # the other worker is gone, and with it its slot
    monkeypatch.setattr(marking, "memory_free", lambda: 0)
    assert mark_next(job_id=job.pk) is Step.BUSY
    assert job.stretches.get().state == StretchState.WAITING
    monkeypatch.undo()
    monkeypatch.setenv(ENVIRONMENT, SECRET.hex())
    assert mark_next(job_id=job.pk) is Step.READY


def test_a_cancelled_job_stops_in_midst_and_leaves_nothing(
    work_film: Path, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    desk = factories.make_producer(factories.make_studio())
    job = asked(desk.organisation, work_film)
    admit_jobs()
    with pytest.raises(NotFound):
        cancel_job(principal=factories.make_producer(factories.make_studio()), job_id=job.pk)
    mark_next(job_id=job.pk)
    monkeypatch.setattr(marking, "_TICK_SECONDS", 0.0)
    tick = marking._Ticks.__call__

    def cancelling(self: Any, frames: int) -> None:
        if frames == 5:
            with django_capture_on_commit_callbacks(execute=True):
                cancel_job(principal=desk, job_id=job.pk)
        assert frames <= 5, "it went on after it was cancelled"
        tick(self, frames)

    monkeypatch.setattr(marking._Ticks, "__call__", cancelling)
    assert mark_next(job_id=job.pk) is Step.OVER
    job.refresh_from_db()
    assert (job.state, job.source_blob, files_left()) == (JobState.CANCELLED, "", [])
    assert cancel_job(principal=desk, job_id=job.pk).state == JobState.CANCELLED
    MediaJob.objects.filter(pk=job.pk).update(state=JobState.NOT_MARKABLE)
    with pytest.raises(Conflict):
        cancel_job(principal=desk, job_id=job.pk)


def test_a_film_that_kills_its_workers_is_given_up(studio: Organisation, tone: Path, settings: Any) -> None:
    settings.MEDIA_ATTEMPTS_MAX = 2
    job = asked(studio, tone)
    admit_jobs()
    job.stretches.update(state=StretchState.RUNNING, attempts=2)
    assert mark_next(job_id=job.pk) is Step.OVER
    job.refresh_from_db()
    assert (job.state, job.error_code) == (JobState.FAILED, "WORKER_LOST")


def test_a_deployment_without_a_place_to_count_is_told_so(settings: Any) -> None:
    assert check_chords_can_count(None) == []
    settings.CELERY_RESULT_BACKEND = None
    assert [one.id for one in check_chords_can_count(None)] == ["watermarking.E002"]
