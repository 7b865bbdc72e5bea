"""Work in the background is taken up once nobody is at it: by process, of this house alone, and not beside who works."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings as django_settings
from django.db import connection

from common import clock
from common.locks import objects_worked_on
from tests.notify.conftest import database_url, secret_of_the_house
from tests.training.making import House
from training import tasks
from training.models import MaterialImport, TrainingAsset
from training.services.imports import hand_in_material
from training.upkeep import inspect, repair
from trustmark.databases import storages_from_url

pytestmark = pytest.mark.django_db(transaction=True)

WORKER = """
import sys, django
django.setup()
from training.tasks import read_import
print("begins", flush=True)
read_import(sys.argv[1])
print("ended", flush=True)
"""


@pytest.fixture(autouse=True)
def shared_storage(settings: Any, tmp_path: Path) -> None:
    """A folder that the processes beside the test read too."""
    settings.STORAGES = settings.STORAGES | storages_from_url(f"file://{tmp_path / 'storage'}")


def handed_in(house: House, number: int) -> MaterialImport:
    source = house.licensed_source()
    told = [
        {
            "source_id": str(source.pk), "external_id": f"row-{one}", "kind": "IMAGE", "media_type": "image/png",
            "sha256": f"{one:064x}", "size_bytes": 1000, "canonical_url": f"https://films.example.test/{one}",
            "method": "EXPORT", "collected_at": "2026-10-01T12:00:00Z", "licence_claim": "Archive agreement 12",
            "territory": "US", "capture": {"hosting_domain": "films.example.test",
                                           "embedded_metadata": {"Make": "Arri"}, "page_context": "A still"},
        }
        for one in range(number)
    ]  # fmt: skip
    data = b"".join(json.dumps(one).encode() + b"\n" for one in told)
    job, _new = hand_in_material(principal=house.engineer, read=io.BytesIO(data).read, length=len(data))
    MaterialImport.objects.filter(pk=job.pk).update(moved_at=clock.now() - timedelta(hours=3))
    return job


def worker(job: MaterialImport) -> subprocess.Popen[str]:
    """A process of its own that reads an import as a worker of the queue does."""
    env = os.environ | {
        "DJANGO_SETTINGS_MODULE": "trustmark.settings", "DATABASE_URL": database_url(),
        "PYTHONPATH": os.pathsep.join([str(django_settings.BASE_DIR), os.environ.get("PYTHONPATH", "")]),
        "TRUSTMARK_SECRET": secret_of_the_house(),
        "STORAGE_URL": f"file://{Path(django_settings.STORAGES['blobs']['OPTIONS']['location']).parent}",
    }  # fmt: skip
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, str(job.pk)], env=env, text=True, cwd=django_settings.BASE_DIR,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


@contextmanager
def row_held(job: MaterialImport) -> Iterator[None]:
    """Somebody holds the import's row: whoever reads it waits in the middle of its first chunk."""
    with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": None}) as other:
        other.execute("select from training_materialimport where id = %s for update", [job.pk])
        yield
        other.rollback()


def until(what: Any, *, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.1)


def found(house: House) -> dict[str, tuple[str, ...]]:
    return {one.code: one.examples for one in inspect(house.counsel) if not one.is_well}


@pytest.mark.req("TP-185")
def test_work_of_a_living_process_is_left_to_it_and_taken_up_the_moment_that_it_is_killed(
    house: House, stranger: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, theirs = handed_in(house, 20), handed_in(stranger, 3)
    started: list[str] = []
    for name in ("do_transform", "scan_material", "make_report", "compare_report", "read_import"):
        monkeypatch.setattr(getattr(tasks, name), "delay", started.append)
    lock = house.organisation.pk
    with row_held(mine):
        first = worker(mine)
        try:
            until(lambda: objects_worked_on([lock, mine.pk]) == {lock})
            # it has not moved for hours, and a worker has it: the beat and the repair keep their hands off
            assert found(stranger) == {"WORK_STALLED": (str(theirs.pk),)}
            assert "WORK_STALLED" not in found(house)
            assert (tasks.resume_imports(), started) == (1, [str(theirs.pk)])
        finally:
            first.kill()
            first.communicate(timeout=20)
    until(lambda: objects_worked_on([lock]) == set())
    started.clear()
    assert found(house) == {"WORK_STALLED": (str(mine.pk),)}
    repair(principal=house.engineer, code="WORK_STALLED")
    assert started == [str(mine.pk)], "the other house's work is its own"
    # two workers take it up at once: one reads it, and nothing is registered twice
    both = [worker(mine), worker(mine)]
    said = [one.communicate(timeout=120)[0] for one in both]
    assert all("ended" in one for one in said), said
    mine.refresh_from_db()
    assert (mine.state, mine.rows_admitted) == ("DONE", 20)
    assert TrainingAsset.objects.filter(organisation=house.organisation).count() == 20
    assert found(house) == {}
    theirs.refresh_from_db()
    assert theirs.state == "QUEUED"


@pytest.mark.req("TP-185")
def test_a_worker_that_holds_work_for_hours_without_moving_is_named_and_not_joined_by_another(
    house: House,
) -> None:
    job = handed_in(house, 1)
    MaterialImport.objects.filter(pk=job.pk).update(state="RUNNING")
    with row_held(job):
        stuck = worker(job)
        try:
            until(lambda: objects_worked_on([house.organisation.pk]))
            assert found(house) == {"WORK_HANGS": (str(job.pk),)}
        finally:
            stuck.kill()
            stuck.communicate(timeout=20)
    until(lambda: not objects_worked_on([house.organisation.pk]))
    assert found(house) == {"WORK_STALLED": (str(job.pk),)}


def test_a_file_of_a_house_is_taken_up_at_a_time_and_another_house_does_not_wait_for_it(
    house: House, stranger: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = [handed_in(house, 1), handed_in(house, 2), handed_in(stranger, 1)]
    started: list[str] = []
    monkeypatch.setattr(tasks.read_import, "delay", started.append)
    assert tasks.resume_imports() == 2
    assert started == [str(jobs[0].pk), str(jobs[2].pk)]
