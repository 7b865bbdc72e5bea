"""The supervisor with real parts and real processes: it stops everything, whatever ends it, and comes back."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from trustmark.embedded.children import Register, same_process
from trustmark.embedded.programs import ROOT

READY_SECONDS = 240
GONE_SECONDS = 60
OURS = ("DATABASE_URL", "BROKER_URL", "STORAGE_URL", "TRUSTMARK_VAR", "TRUSTMARK_SECRET")


class Deployment:
    """One ``serve`` run on a scratch folder, seen from outside as an operator sees it."""

    def __init__(self, var: Path) -> None:
        self.var = var
        self.output = var.parent / "output.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.family: dict[int, float] = {}

    def start(self, **env: str) -> None:
        clean = {name: value for name, value in os.environ.items() if name not in OURS}
        with self.output.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "trustmark.embedded.supervisor", "serve", "--var", str(self.var)],
                cwd=ROOT,
                env=clean | env,
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    def wait_ready(self) -> None:
        assert self.process is not None
        deadline = time.monotonic() + READY_SECONDS
        while "serving;" not in self.said():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.1)
        supervisor = psutil.Process(self.process.pid)
        self.family = {p.pid: p.create_time() for p in supervisor.children(recursive=True)}

    def try_second(self) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "trustmark.embedded.supervisor", "serve", "--var", str(self.var)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def said(self) -> str:
        return self.output.read_text()

    def pid_of(self, name: str) -> int:
        rows = json.loads((self.var / "run" / "children.json").read_text())
        return next(int(row["pid"]) for row in rows if row["name"] == name)

    def wait_ended(self) -> int:
        assert self.process is not None
        return self.process.wait(GONE_SECONDS)

    def survivors(self) -> list[str]:
        """What is left of all processes it had started, after a moment for the dying to die."""
        deadline = time.monotonic() + GONE_SECONDS
        while time.monotonic() < deadline:
            alive = [p for pid, at in self.family.items() if (p := same_process(pid, at)) is not None]
            alive = [p for p in alive if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]
            if not alive:
                return []
            time.sleep(0.2)
        return [" ".join(p.cmdline()) for p in alive]


def stopped_at_last(var: Path) -> Iterator[Deployment]:
    deployment = Deployment(var)
    yield deployment
    if deployment.process is not None and deployment.process.poll() is None:
        deployment.process.send_signal(signal.SIGTERM)
        deployment.process.wait(GONE_SECONDS)


@pytest.fixture
def deployment(tmp_path: Path) -> Iterator[Deployment]:
    """One that starts from nothing."""
    yield from stopped_at_last(tmp_path / "var")


@pytest.fixture(scope="module")
def lived_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lived-in") / "var"


@pytest.fixture
def settled(lived_in: Path) -> Iterator[Deployment]:
    """One whose folder earlier tests may have served from: only the first makes its database."""
    yield from stopped_at_last(lived_in)


def test_only_one_runs_on_a_folder_and_ctrl_c_stops_every_part(settled: Deployment) -> None:
    settled.start()
    settled.wait_ready()
    assert len(settled.family) > 8
    second = settled.try_second()
    assert second.returncode == 1
    assert "another supervisor runs on" in second.stderr
    assert settled.process is not None
    assert settled.process.poll() is None
    settled.process.send_signal(signal.SIGINT)
    assert settled.wait_ended() == 0
    assert settled.survivors() == []
    assert "everything stopped" in settled.said()


def test_a_part_that_dies_stops_all_the_others(settled: Deployment) -> None:
    settled.start()
    settled.wait_ready()
    os.kill(settled.pid_of("web"), signal.SIGKILL)
    assert settled.wait_ended() == 1
    assert settled.survivors() == []
    assert "web ended with status -9" in settled.said()


def test_after_sigkill_of_the_supervisor_its_children_end_and_the_next_start_recovers(
    settled: Deployment,
) -> None:
    settled.start()
    settled.wait_ready()
    url = re.search(r"http://\S+", settled.said())
    assert settled.process is not None
    settled.process.kill()
    settled.process.wait()
    assert settled.survivors() == []
    assert (settled.var / "run" / "children.json").exists()
    settled.start()
    settled.wait_ready()
    again = re.search(r"http://\S+", settled.said())
    assert url is not None
    assert again is not None
    assert again[0] == url[0]


def test_what_survived_a_crash_is_swept_and_a_stranger_with_its_number_is_not(tmp_path: Path) -> None:
    left = subprocess.Popen(["sleep", "600"], start_new_session=True)
    stranger = subprocess.Popen(["sleep", "600"], start_new_session=True)
    created_at = psutil.Process(left.pid).create_time()
    rows = [
        {"name": "left", "pid": left.pid, "created_at": created_at},
        {"name": "former", "pid": stranger.pid, "created_at": created_at + 3600},
    ]
    register = Register(tmp_path / "children.json")
    register.path.write_text(json.dumps(rows))
    try:
        assert register.sweep() == ["left"]
        assert same_process(left.pid, created_at) is None
        assert stranger.poll() is None
        assert not register.path.exists()
    finally:
        stranger.kill()
        stranger.wait()


def test_a_step_that_fails_stops_what_was_started(deployment: Deployment) -> None:
    deployment.start(STORAGE_URL="ftp://nowhere")
    assert deployment.wait_ended() == 1
    assert "migrate failed with status 1" in deployment.said()
    assert "STORAGE_URL" in deployment.said()
    assert not (deployment.var / "run" / "children.json").exists()
    assert not (deployment.var / "postgres" / "postmaster.pid").exists()


def test_urls_of_the_environment_replace_the_embedded_parts(
    deployment: Deployment, embedded_postgres: str, embedded_valkey: str
) -> None:
    name = f"trustmark_{os.getpid()}_outside"
    with psycopg.connect(embedded_postgres, autocommit=True) as connection:
        connection.execute(f"create database {name}")
    outside = embedded_postgres.rsplit("/", 1)[0] + f"/{name}"
    deployment.start(DATABASE_URL=outside, BROKER_URL=embedded_valkey)
    deployment.wait_ready()
    assert not (deployment.var / "postgres").exists()
    assert not (deployment.var / "valkey").exists()
    with psycopg.connect(outside) as connection:
        assert connection.execute("select count(*) > 20 from django_migrations").fetchone() == (True,)
