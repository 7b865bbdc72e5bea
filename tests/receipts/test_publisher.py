"""The publisher as the process it is: started by its command, killed, without disk, two at a time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.test import Client

from receipts import selectors, services
from receipts.inspection import inspect_log
from receipts.models import PendingEntry
from receipts.storage import LogFiles
from tests.receipts.conftest import Farm, make_farm

pytestmark = pytest.mark.django_db(transaction=True)
SOON_SECONDS = 1.0
PATIENCE_SECONDS = 30.0


@pytest.fixture
def publisher(tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Starts ``manage.py publishlogs`` on the test's own database and store; all are ended after."""
    running: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        db = connection.settings_dict
        location = Path(django_settings.STORAGES["log"]["OPTIONS"]["location"])
        url = f"postgresql://{db['USER']}:{db['PASSWORD']}@{db['HOST']}:{db['PORT']}/{db['NAME']}"
        log = tmp_path / f"publisher{len(running)}.log"
        process = subprocess.Popen(
            [sys.executable, "manage.py", "publishlogs"],
            env={
                **os.environ, "DATABASE_URL": url, "STORAGE_URL": f"file://{location.parent}",
                "DJANGO_SETTINGS_MODULE": "trustmark.settings",
                "TRUSTMARK_SECRET": django_settings.TRUSTMARK_SECRET,
            },
            cwd=django_settings.BASE_DIR, stdout=log.open("wb"), stderr=subprocess.STDOUT,
        )  # fmt: skip
        running.append(process)
        until(lambda: b"publishing" in log.read_bytes() or process.poll() is not None)
        assert process.poll() is None, log.read_text()
        return process

    yield start
    for process in running:
        process.terminate()
    for process in running:
        assert process.wait(20) in {0, -signal.SIGKILL}, "it ends when told to"


def until(holds: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> float:
    """Wait until something holds; returns how many seconds that took."""
    begun = time.monotonic()
    while not holds():
        assert time.monotonic() - begun < seconds, "it does not come to hold"
        time.sleep(0.02)
    return time.monotonic() - begun


def published(farm: Farm) -> int:
    shown = selectors.published_log(farm.token.production_id)
    return shown.size if shown else 0


def size(farm: Farm) -> int:
    state = selectors.log_state(farm.token.production_id)
    return state.size if state else 0


def send(farm: Farm, first: int, number: int = 10) -> Any:
    """Post frames and do not wait for the checkpoint."""
    lease = farm.lease(first, first + number - 1)["id"]
    answer = farm.send([farm.row(lease, first + n) for n in range(number)], query="")
    assert (answer.status_code, answer.json()["accepted"]) == (200, number), answer.content
    return answer.json()


def in_order(farm: Farm) -> bool:
    report = inspect_log(production_id=farm.token.production_id)
    assert report is not None
    assert report.faults == ()
    return report.covered == report.size


def test_acknowledged_receipts_are_published_within_a_second_though_nobody_waits_for_it(
    publisher: Callable[[], Any],
) -> None:
    farm = make_farm()
    publisher()
    for first in range(0, 1000, 100):
        answer = send(farm, first, 100)
        assert answer["checkpoint"] == "pending"
        took = until(lambda answer=answer: published(farm) >= answer["size"])
        assert took < SOON_SECONDS, f"the checkpoint came {took:.2f} s after the acknowledgement"
    assert in_order(farm)


def test_checks_and_events_come_into_the_log_without_a_batch(publisher: Callable[[], Any]) -> None:
    farm = make_farm()
    publisher()
    farm.check()
    until(lambda: published(farm) == 2)  # the grant and the check
    assert not PendingEntry.objects.exists()
    assert in_order(farm)


def test_without_a_publisher_intake_goes_on_the_lag_is_told_and_the_next_one_heals_it(
    publisher: Callable[[], Any],
) -> None:
    farm = make_farm()
    assert selectors.publication_lag() == selectors.PublicationLag(0, 0, 0.0)
    answer = send(farm, 0, 20)
    assert published(farm) == 0
    lag = selectors.publication_lag()
    assert (lag.logs, lag.leaves) == (1, answer["size"])
    assert lag.seconds > 0
    said = Client().get("/metrics").content.decode()
    assert f"trustmark_log_unpublished_leaves {float(answer['size'])}" in said
    assert "trustmark_logs_behind 1.0" in said
    publisher()
    until(lambda: published(farm) == answer["size"])
    until(lambda: selectors.publication_lag().leaves == 0)
    assert "trustmark_log_unpublished_leaves 0.0" in Client().get("/metrics").content.decode()


def test_publisher_killed_again_and_again_forks_nothing_and_loses_nothing(
    publisher: Callable[[], subprocess.Popen[bytes]],
) -> None:
    farm = make_farm(frames_max=100_000)
    shown: list[int] = []
    for turn in range(4):
        process = publisher()
        for part in range(3):
            send(farm, turn * 3000 + part * 1000, 600)
        time.sleep(0.05 * turn)
        process.kill()
        process.wait(10)
        shown.append(published(farm))
    assert shown == sorted(shown), "a checkpoint never goes back"
    publisher()
    until(lambda: published(farm) == size(farm))
    assert selectors.counts_for_token(farm.token.pk).rendered == 7200
    assert in_order(farm)


def test_two_publishers_on_one_log_write_one_history(publisher: Callable[[], Any]) -> None:
    farm = make_farm(frames_max=100_000)
    publisher()
    publisher()
    for first in range(0, 6000, 500):
        send(farm, first, 500)
    until(lambda: published(farm) == size(farm))
    assert in_order(farm)


def test_publisher_outlives_its_database_connection(publisher: Callable[[], Any]) -> None:
    farm = make_farm()
    process = publisher()
    before = send(farm, 0)
    until(lambda: published(farm) == before["size"])
    with connection.cursor() as cursor:
        cursor.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
        assert cursor.rowcount >= 1, "it was connected"
    after = send(farm, 100)
    until(lambda: published(farm) == after["size"])
    assert process.poll() is None


@pytest.fixture
def small_disk(settings: Any, tmp_path: Path) -> Iterator[Path]:
    """A log store on a file system of its own of 256 KiB."""
    folder = tmp_path / "small" / "log"
    folder.mkdir(parents=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip(f"mounting needs root and the right to: {mounted.stderr.decode().strip()}")
    stores = {**settings.STORAGES}
    stores["log"] = {**stores["log"], "OPTIONS": {**stores["log"]["OPTIONS"], "location": str(folder)}}
    settings.STORAGES = stores
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_full_disk_stops_no_acknowledgement_and_the_publisher_heals_when_there_is_room(
    publisher: Callable[[], Any], small_disk: Path
) -> None:
    farm = make_farm()
    publisher()
    answer = send(farm, 0, 100)
    until(lambda: published(farm) == answer["size"])
    (small_disk / "ballast").write_bytes(b"\0" * (small_disk_room(small_disk) - 8192))
    full = send(farm, 1000, 500)
    again = send(farm, 2000, 500)
    time.sleep(1.5)
    assert published(farm) == answer["size"], "there is no room for the tiles"
    assert selectors.publication_lag().leaves == again["size"] - answer["size"]
    note = LogFiles(farm.token.production_id).fetch("checkpoint")
    assert full["size"] < again["size"]
    waiting = farm.send([farm.row(farm.lease(5000, 5000)["id"], 5000)])
    assert (waiting.status_code, waiting.json()["code"]) == (503, "LOG_UNPUBLISHED")
    assert LogFiles(farm.token.production_id).fetch("checkpoint") == note, "the old one stands, whole"
    assert not [path for path in small_disk.rglob(".*") if path.is_file()], "no half-written file is left"
    subprocess.run(["mount", "-o", "remount,size=16m", str(small_disk)], check=True)
    (small_disk / "ballast").unlink()
    until(lambda: published(farm) == size(farm))
    assert selectors.counts_for_token(farm.token.pk).rendered == 1101
    assert in_order(farm)


def small_disk_room(folder: Path) -> int:
    room = os.statvfs(folder)
    return room.f_bavail * room.f_frsize


def test_checkpoint_stays_a_second_behind_at_most_while_receipts_pour_in(
    publisher: Callable[[], Any],
) -> None:
    """Each acknowledgement's size is looked for on the store: how long after the answer did it appear?"""
    farm = make_farm(frames_max=1_000_000)
    publisher()
    leases = [farm.lease(n * 2000, n * 2000 + 1999)["id"] for n in range(10)]
    services.drain_log(production_id=farm.token.production_id)
    behind: list[tuple[float, int]] = []
    seen: list[tuple[float, int]] = []
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            seen.append((published(farm), time.monotonic()))
            time.sleep(0.02)

    watcher = threading.Thread(target=watch)
    watcher.start()
    for n, lease in enumerate(leases):
        answer = farm.send([farm.row(lease, n * 2000 + k) for k in range(2000)], query="").json()
        behind.append((time.monotonic(), answer["size"]))
    until(lambda: published(farm) == behind[-1][1])
    time.sleep(0.1)
    done.set()
    watcher.join()
    waits = [next(at for shown, at in seen if shown >= least) - told for told, least in behind]
    assert max(waits) < SOON_SECONDS, waits
