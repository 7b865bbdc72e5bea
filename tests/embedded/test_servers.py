"""The private servers: rights, recovery, and reach."""

from __future__ import annotations

import os
import secrets
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from trustmark.embedded.children import Child
from trustmark.embedded.postgres import Postgres
from trustmark.embedded.valkey import Valkey


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder below one that no other user can enter, as /root is."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    return closed


@pytest.fixture
def running() -> Iterator[list[Child]]:
    children: list[Child] = []
    yield children
    for child in reversed(children):
        child.stop()


def postgres_in(folder: Path) -> Postgres:
    return Postgres(folder / "pg", log=folder / "pg.log", password=secrets.token_urlsafe(8))


def test_postgres_below_a_closed_folder_runs_unprivileged_and_leaves_the_modes_alone(
    folder: Path, running: list[Child]
) -> None:
    postgres = postgres_in(folder)
    child = postgres.start()
    running.append(child)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert 0 not in psutil.Process(child.pid).uids()
    with psycopg.connect(postgres.url()) as connection:
        row = connection.execute(
            "select current_setting('fsync'), rolsuper from pg_roles where rolname = current_user"
        ).fetchone()
    assert row == ("on", False)


def test_postgres_refuses_a_wrong_password_and_the_superuser(folder: Path, running: list[Child]) -> None:
    postgres = postgres_in(folder)
    running.append(postgres.start())
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(postgres.url().replace(postgres.password, "wrong"))
    with pytest.raises(psycopg.OperationalError, match=r"no pg_hba.conf entry|reject"):
        psycopg.connect(f"postgresql://postgres:x@127.0.0.1:{postgres.port}/postgres")


def test_postgres_recovers_after_sigkill_with_its_rows(folder: Path, running: list[Child]) -> None:
    postgres = postgres_in(folder)
    child = postgres.start()
    with psycopg.connect(postgres.url()) as connection:
        connection.execute("create table kept (n int)")
        connection.execute("insert into kept values (7)")
    os.kill(child.pid, signal.SIGKILL)
    child.process.wait()
    assert (postgres.data / "postmaster.pid").exists()
    running.append(postgres.start())
    with psycopg.connect(postgres.url()) as connection:
        assert connection.execute("select n from kept").fetchone() == (7,)


def test_a_stale_pid_file_naming_a_stranger_neither_stops_the_start_nor_the_stranger(
    folder: Path, running: list[Child]
) -> None:
    postgres = postgres_in(folder)
    postgres.start().stop()
    (postgres.data / "postmaster.pid").write_text(f"{os.getpid()}\n{postgres.data}\n")
    running.append(postgres.start())
    with psycopg.connect(postgres.url()) as connection:
        assert connection.execute("select 1").fetchone() == (1,)


def test_half_made_cluster_is_made_anew(folder: Path, running: list[Child]) -> None:
    postgres = postgres_in(folder)
    postgres.data.mkdir()
    (postgres.data / "PG_VERSION").write_text("18\n")
    running.append(postgres.start())
    with psycopg.connect(postgres.url()) as connection:
        assert connection.execute("select 1").fetchone() == (1,)


def test_valkey_keeps_what_was_queued_over_a_restart_and_asks_for_its_password(
    folder: Path, running: list[Child]
) -> None:
    valkey = Valkey(folder / "vk", log=folder / "vk.log", password=secrets.token_urlsafe(8))
    child = valkey.start()
    redis.Redis.from_url(valkey.url()).rpush("queue", "task")
    child.stop()
    running.append(valkey.start())
    assert redis.Redis.from_url(valkey.url()).lrange("queue", 0, -1) == [b"task"]
    with pytest.raises(redis.AuthenticationError):
        redis.Redis(port=valkey.port).ping()
