"""Everything is killed outright, at random, under a load of 200,000 receipts: what was acknowledged stands once."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest

from tests.faults.deployment import WEB, Deployment, family, until
from tests.faults.render import Farm, Tally
from trustcore.log.checkpoint import NoteVerifier
from trustcore.log.compare import Verdict, compare_checkpoints, open_checkpoint
from trustcore.log.tiles import ReadTiles
from trustcore.receipt import FrameEntry, parse_entry

FARMS, BATCHES, ROWS = 4, 20, 2_500
SMALL_ROWS, SMALL_FAILING = 25, 5
KILLS = {"worker": 8, "web": 8, "publisher": 8, "postgres": 3, "postmaster": 3, "backend": 4}
SEED = 20
COVERED_SECONDS = 15.0
LEAST_CHECKPOINTS = 15


@pytest.fixture
def deployment(tmp_path: Path) -> Iterator[Deployment]:
    deployment = Deployment(tmp_path)
    yield deployment
    deployment.stop()


@pytest.mark.timed  # that so many checkpoints are shown meanwhile is a promise of pace
@pytest.mark.req("ST-030")
def test_thirty_kills_lose_no_acknowledged_receipt_repeat_none_and_fork_nothing(
    deployment: Deployment, tmp_path: Path
) -> None:
    cast = deployment.cast(frames_max=400_000)
    for name in (*WEB, "publisher"):
        deployment.start(name)
    deployment.wait_served()
    load = _Load(deployment.url, cast, tmp_path, sum(KILLS.values()))
    watch = _Watch(deployment, cast["production"])
    load.start()
    watch.start()
    killed = _kill_all(deployment, load)
    load.join()
    # no hand moves from here on but the supervisor's, who starts what is gone
    until(lambda: not deployment.tend() and watch.shown() >= load.top(), deployment.said, COVERED_SECONDS * 4)
    covered = until(lambda: _is_published(deployment, cast, watch), deployment.said, COVERED_SECONDS)
    watch.stop()
    print(f"{killed} in {load.seconds:.0f} s, {load.tally.asked_again} calls asked again, {covered:.1f} s")

    assert sum(killed.values()) >= 30
    assert load.tally.troubles == []
    assert load.tally.answered == load.batches
    assert len(load.tally.acknowledged) >= 200_000
    assert load.disturbed >= 10, "too few kills came while a batch was under way"
    assert load.tally.asked_again > 0, "nobody had to ask again"
    _log_is_what_was_acknowledged(deployment, cast, load.tally)
    _history_is_one(deployment, cast, watch)
    _quota_is_what_was_used(deployment, load.tally)
    checked = deployment.run("-m", "trustcore.cli", "log", "check", check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "in order" in checked.stdout


class _Load:
    """The farms, paced so that the load lasts as long as the killing, and something is always under way."""

    def __init__(self, url: str, cast: dict[str, str], folder: Path, kills: int) -> None:
        self.tally = Tally()
        self.kills, self._kills_wanted = 0, kills
        self.disturbed = 0
        self.batches = 0
        self.seconds = 0.0
        self._begun = time.monotonic()
        self._farms = [Farm(url, cast, folder, self.tally, number) for number in range(FARMS)]
        self._threads = [
            threading.Thread(target=self._run, args=(farm,), daemon=True) for farm in self._farms
        ]

    def start(self) -> None:
        self._begun = time.monotonic()
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join(300)
            assert not thread.is_alive(), "a client did not end by itself"
        self.seconds = time.monotonic() - self._begun

    def is_over(self) -> bool:
        return not any(thread.is_alive() for thread in self._threads)

    def top(self) -> int:
        """The size that the log had at the latest acknowledgement, at least."""
        return max(self.tally.acknowledged.values()) + 1

    def _run(self, farm: Farm) -> None:
        try:
            small = 1_000_000 * (farm.number + 1)
            for batch in range(BATCHES):
                while self.kills < self._kills_wanted * batch // (
                    BATCHES - 1
                ):  # all of them before the last batch
                    self._count()
                    farm.render(small, SMALL_ROWS, failing=SMALL_FAILING)
                    small += SMALL_ROWS
                self._count()
                farm.render((farm.number * BATCHES + batch) * ROWS, ROWS)
        except Exception as trouble:  # noqa: BLE001 - a client that stopped, whatever for, is told below
            with self.tally.lock:
                self.tally.troubles.append(f"{type(trouble).__name__}: {trouble}")

    def _count(self) -> None:
        with self.tally.lock:
            self.batches += 1


def _kill_all(deployment: Deployment, load: _Load) -> Counter[str]:
    """Kill until every kind has had its number, starting again what is gone; what was killed how often."""
    chance = random.Random(SEED)
    plan = [kind for kind, times in KILLS.items() for _ in range(times)]
    chance.shuffle(plan)
    killed: Counter[str] = Counter()
    for kind in plan:
        until(lambda: _is_up(deployment, load), deployment.said)
        time.sleep(chance.uniform(0.0, 0.8))
        until(partial(_strike, deployment, kind, chance), deployment.said)
        load.disturbed += load.tally.in_flight > 0
        killed[kind] += 1
        load.kills += 1
    return killed


def _is_up(deployment: Deployment, load: _Load) -> bool:
    """Whether the database and a web server are back and a farm is in the midst of a batch."""
    deployment.tend()
    assert load.tally.troubles == []
    assert not load.is_over(), "the load ended before it was disturbed often enough"
    return any(deployment.serves(name) for name in WEB) and load.tally.in_flight > 0


def _strike(deployment: Deployment, kind: str, chance: random.Random) -> bool:
    """Kill a process of that kind; False if there is none just now."""
    deployment.tend()
    name = {"worker": chance.choice(WEB), "web": chance.choice(WEB), "publisher": "publisher"}.get(
        kind, "postgres"
    )
    child = deployment.children[name]
    below = family(child)
    if kind in {"worker", "backend"}:
        below = [one for one in below if _is_at_work(one, kind)]
        victims = [chance.choice(below)] if below else []
    elif kind == "postmaster":  # its backends find out for themselves, in the midst of what they do
        victims = [psutil.Process(child.pid)]
    else:
        victims = [psutil.Process(child.pid), *below]
    for victim in victims:
        with suppress(psutil.NoSuchProcess):
            victim.send_signal(signal.SIGKILL)
    if victims and kind not in {"worker", "backend"}:
        child.process.wait(10)
    return bool(victims)


def _is_at_work(process: psutil.Process, kind: str) -> bool:
    """Whether it is one of granian's workers, or a backend that serves a client."""
    with suppress(psutil.Error):
        said = " ".join(process.cmdline())
        return "trustmark 127.0.0.1" in said if kind == "backend" else "resource_tracker" not in said
    return False


class _Watch:
    """Fetches the checkpoint all the time, as anybody may, and keeps every one that was ever shown."""

    def __init__(self, deployment: Deployment, production: str) -> None:
        self._url = f"{deployment.url}/log/{production}/checkpoint"
        self._path = deployment.logs / production / "checkpoint"
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=run, daemon=True) for run in (self._read, self._fetch)]
        self.seen: dict[bytes, None] = {}
        self.fetched: dict[bytes, None] = {}

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join(10)

    def _read(self) -> None:
        while not self._ended.wait(0.01):
            with suppress(FileNotFoundError):
                self.seen[self._path.read_bytes()] = None

    def _fetch(self) -> None:
        with httpx.Client(timeout=5) as http:
            while not self._ended.wait(0.02):
                with suppress(httpx.HTTPError):
                    answer = http.get(self._url)
                    if answer.status_code == 200:
                        self.fetched[answer.content] = None

    def shown(self) -> int:
        """The size of the checkpoint that is shown now."""
        with suppress(FileNotFoundError):
            return int(self._path.read_text().split("\n")[1])
        return 0


def _is_published(deployment: Deployment, cast: dict[str, str], watch: _Watch) -> bool:
    with psycopg.connect(deployment.postgres.url()) as database:
        row = database.execute(
            "select size from receipts_productionlog where production_id = %s", [cast["production"]]
        ).fetchone()
    return row is not None and row[0] == watch.shown()


def _log_is_what_was_acknowledged(deployment: Deployment, cast: dict[str, str], tally: Tally) -> None:
    """Every row acknowledged is at the index told, nothing else is a frame, and no index is left out."""
    folder = deployment.logs / cast["production"]
    note = (folder / "checkpoint").read_text()
    size = int(note.split("\n")[1])
    read = ReadTiles(lambda path: (folder / path).read_bytes(), size)
    entries = [parse_entry(raw) for raw in read.entries()]
    assert len(entries) == size, "indexes run from 0 to the size without a gap"
    held = {
        (entry.check, entry.frame): (index, bytes.fromhex(entry.file_sha256))
        for index, entry in enumerate(entries)
        if isinstance(entry, FrameEntry)
    }
    frames = sum(isinstance(entry, FrameEntry) for entry in entries)
    assert frames == len(held), "no frame of a permit stands twice"
    told = {key: (index, tally.hashes[key]) for key, index in tally.acknowledged.items()}
    assert held.keys() == told.keys()
    assert [key for key in told if held[key] != told[key]] == [], "each where it was said to be"


def _history_is_one(deployment: Deployment, cast: dict[str, str], watch: _Watch) -> None:
    """Every checkpoint ever shown is signed and leads to the last one."""
    folder = deployment.logs / cast["production"]
    key = NoteVerifier.parse((folder / "vkey").read_text().strip())
    shown = [open_checkpoint(note, [key]) for note in watch.seen]
    assert len(shown) >= LEAST_CHECKPOINTS
    assert [one.size for one in shown] == sorted({one.size for one in shown}), "it never goes back or changes"
    assert watch.fetched
    shown += [open_checkpoint(note, [key]) for note in watch.fetched.keys() - watch.seen.keys()]
    last = max(shown, key=lambda one: one.size)
    for one in shown:
        compared = compare_checkpoints(
            one, last, fetch=lambda path: (folder / path).read_bytes(), log_keys=[key]
        )
        assert compared.verdict is Verdict.CONSISTENT, compared.report()


def _quota_is_what_was_used(deployment: Deployment, tally: Tally) -> None:
    with psycopg.connect(deployment.postgres.url()) as database:
        granted = database.execute("select sum(granted) from receipts_quota").fetchone()
        used = database.execute("select sum(units_used) from receipts_lease").fetchone()
        live = database.execute("select count(*) from receipts_lease where state = 'ACTIVE'").fetchone()
        indexes = database.execute(
            "select count(*), count(distinct idx), min(idx), max(idx) + 1 from receipts_logentry"
        ).fetchone()
        size = database.execute("select size from receipts_productionlog").fetchone()
    frames = len(tally.acknowledged) - tally.failed
    assert (granted, used, live) == ((frames,), (frames,), (0,))
    assert size is not None
    assert indexes == (size[0], size[0], 0, size[0]), "no index is skipped or used twice"
