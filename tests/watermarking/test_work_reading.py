"""Detections on workers: bounded on the way in, a slot while read, and an end whatever the file does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from celery.exceptions import Retry
from django.db import connection

from accounts.principals import Principal
from common.errors import TooLarge, Unavailable
from common.storage import blobs
from tests import factories
from tests.watermarking.conftest import SECRET
from watermarking import engine, services, tasks
from watermarking.candidates import CandidatesMalformed
from watermarking.keys import ENVIRONMENT
from watermarking.models import DetectionState, MarkDetection, MarkRegistration
from watermarking.work import estimates, reading, slots

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def house(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> None:
    monkeypatch.setenv(ENVIRONMENT, SECRET.hex())
    folder = {"location": str(tmp_path / "blobs"), "allow_overwrite": True, "base_url": None}
    settings.STORAGES = {
        **settings.STORAGES,
        "blobs": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": folder},
    }
    settings.VAR_DIR = tmp_path / "var"


@pytest.fixture
def desk() -> Principal:
    return factories.make_producer(factories.make_studio())


def asked(desk: Principal, path: Path) -> MarkDetection:
    return services.ask_detection(principal=desk, path=path, file_name=path.name)


class Killed(BaseException):
    """What a worker that is killed in the midst of it looks like from within: nothing after it is done."""


def test_a_file_that_kills_its_workers_is_given_up_and_takes_others_with_it_once(
    desk: Principal, tone: Path, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MEDIA_ATTEMPTS_MAX = 2
    poison, innocent = asked(desk, tone), asked(desk, tone)
    batches: list[int] = []

    def killing_together(paths: list[Path], **named: Any) -> None:
        batches.append(len(paths))
        raise Killed

    def killing(path: Path, **named: Any) -> Any:
        raise Killed

    monkeypatch.setattr(engine, "prepare_features", killing_together)
    with pytest.raises(Killed):
        tasks.detect(str(poison.pk))
    assert batches == [2]
    with monkeypatch.context() as deadly:
        deadly.setattr(engine, "detect_file", killing)
        for _ in range(2):
            with pytest.raises(Killed):
                tasks.detect(str(poison.pk))
        poison.refresh_from_db()
        assert (poison.state, poison.attempts) == (DetectionState.RUNNING, 2)
        tasks.detect(str(poison.pk))
    poison.refresh_from_db()
    assert (poison.state, poison.error_code, poison.result) == (DetectionState.FAILED, "WORKER_LOST", None)
    assert poison.finished_at is not None
    assert not Path(blobs().path(f"detections/{poison.pk}.wav")).exists()
    # the other one was in its batch, and is read alone
    tasks.detect(str(innocent.pk))
    innocent.refresh_from_db()
    assert (innocent.state, innocent.attempts, batches) == (DetectionState.DONE, 1, [2])


@contextmanager
def another_worker_in_the_only_slot(settings: Any) -> Iterator[None]:
    settings.MEDIA_CPU_SLOTS = 1
    with closing(connection.copy()) as other, other.cursor() as cursor:
        number = int.from_bytes(slots._lock(f"{slots.host_name()} cpu 0").bytes[8:], "big", signed=True)
        cursor.execute("select pg_advisory_lock(%s)", [number])
        yield
        cursor.execute(
            "select pg_advisory_unlock(%s)", [number]
        )  # a closed session gives it back a little later


@pytest.mark.req("LV-209")
def test_nothing_is_read_without_a_slot_or_memory_of_the_machine(
    desk: Principal, tone: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = asked(desk, tone)
    with another_worker_in_the_only_slot(settings):
        with pytest.raises(Retry):
            tasks.detect(str(row.pk))
        row.refresh_from_db()
        assert (row.state, row.attempts) == (DetectionState.QUEUED, 0), "waiting is no attempt"
    with monkeypatch.context() as full:
        full.setattr(reading, "memory_free", lambda: 0)
        with pytest.raises(Retry):
            tasks.detect(str(row.pk))
        full.setattr(reading, "memory_free", lambda: 1 << 40)
        tasks.detect(str(row.pk))
    row.refresh_from_db()
    assert row.state == DetectionState.DONE


@pytest.mark.req("LV-209")
def test_what_is_too_large_or_too_much_is_not_taken_in(desk: Principal, tone: Path, settings: Any) -> None:
    def refused(kind: type[TooLarge | Unavailable], who: Principal | None = desk) -> str:
        with pytest.raises(kind) as refusal:
            services.ask_detection(principal=who, path=tone, file_name="a.wav")
        return refusal.value.code

    asked(desk, tone)
    settings.MEDIA_QUEUE_EACH_MAX = 1
    assert refused(Unavailable) == "MEDIA_QUEUE_FULL"
    asked(factories.make_producer(factories.make_studio()), tone)
    settings.MEDIA_QUEUE_EACH_MAX, settings.MEDIA_QUEUE_MAX = 100, 2
    assert refused(Unavailable) == "MEDIA_QUEUE_FULL"
    assert refused(Unavailable, None) == "MEDIA_QUEUE_FULL"
    settings.MEDIA_QUEUE_MAX = 100
    settings.MEDIA_FREE_BYTES_MIN = estimates.space_free()
    assert refused(Unavailable) == "MEDIA_SPACE_SHORT"
    settings.MEDIA_FREE_BYTES_MIN = 0
    settings.UPLOAD_BYTES_MAX = tone.stat().st_size - 1
    assert refused(TooLarge) == "UPLOAD_TOO_LARGE"
    assert MarkDetection.objects.count() == 2
    assert len(list(Path(blobs().path("detections")).iterdir())) == 2
    settings.UPLOAD_BYTES_MAX += 1
    asked(desk, tone)


def test_candidates_without_end_are_refused_and_a_refusal_ends_the_detection(
    desk: Principal, tone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "MOST", 10)
    monkeypatch.setattr("watermarking.candidates.MOST", 10)
    with pytest.raises(CandidatesMalformed):
        services.detect_in(path=tone, candidates=count())
    row = asked(desk, tone)
    MarkRegistration.objects.bulk_create(
        MarkRegistration(mark_id=f"{n:016x}", production_id=desk.organisation_id, card="c", key_id="1")
        for n in range(11)
    )
    tasks.detect(str(row.pk))
    row.refresh_from_db()
    assert (row.state, row.error_code) == (DetectionState.FAILED, "CANDIDATES_MALFORMED")


def test_a_detection_whose_file_is_gone_ends(desk: Principal, tone: Path) -> None:
    row = asked(desk, tone)
    Path(blobs().path(row.blob)).unlink()
    tasks.detect(str(row.pk))
    row.refresh_from_db()
    assert (row.state, row.error_code) == (DetectionState.FAILED, "MEDIA_MISSING")
