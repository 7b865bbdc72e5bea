"""What every test may use. The servers come from the plugin ``trustmark.embedded.testing``."""

from __future__ import annotations

import gc
import os
import sys
import threading
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings

SHARED_MEDIA = Path(__file__).resolve().parents[2] / "shared" / "media"
hypothesis_settings.register_profile("ours", deadline=None)  # a crowded machine is no counterexample
hypothesis_settings.load_profile("ours")
DEMO_CLIP = Path(__file__).resolve().parents[1] / "trustmark/demo/media/big_buck_bunny_trailer_720p.mp4"


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is read before the first test stays to the end: nobody looks through it for garbage, now or later."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_unconfigure() -> None:
    """Let the interpreter's end find what it may take down: some libraries report the rest as leaks."""
    gc.unfreeze()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(embedded_postgres: str) -> None:
    """Start PostgreSQL before Django makes its test database, named after this process.

    ``TRUSTMARK_TEST_DATABASE`` names one to keep between runs, with ``--reuse-db`` and a server of the day.
    """
    from django.db import connections

    name = os.environ.get("TRUSTMARK_TEST_DATABASE", f"test_trustmark_{os.getpid()}")
    for alias in connections:
        connections[alias].settings_dict["TEST"]["NAME"] = name


_ROW_BY_ROW_MOST = 8 << 20  # bytes of a table; more is truncated


@pytest.fixture(scope="session", autouse=True)
def append_only_tables_can_be_flushed() -> None:
    """Let Django empty the tables after a transactional test: for that moment their owner lifts the triggers.

    Append-only tables refuse TRUNCATE and DELETE from everyone; only tests ever need to empty one. A test fills a few of
    two hundred tables: those few are emptied row by row, which costs a tenth of truncating all. What Django fills in
    after each flush (content types and their permissions) stays.
    """
    from django.db import connection
    from django.db.backends.postgresql.operations import DatabaseOperations

    truncate = DatabaseOperations.sql_flush
    filled_in = {"auth_permission", "django_content_type"}

    def lifted(self: DatabaseOperations, style: object, tables: list[str], **options: bool) -> list[str]:
        IN_FLIGHT.settle()  # whom a client left waiting would lock against the flush, and write into the next test
        with connection.cursor() as cursor:
            cursor.execute(
                "select relname, case relkind when 'r' then pg_relation_size(oid)"
                " else (select sum(pg_relation_size(relid)) from pg_partition_tree(oid)) end"
                " from pg_class where relname = any(%s) and relkind in ('r', 'p') and relnamespace = 'public'::regnamespace",
                [sorted(set(tables) - filled_in)],
            )
            sizes = {name: size for name, size in cursor.fetchall() if size}
            if options.get("reset_sequences") or max(sizes.values(), default=0) > _ROW_BY_ROW_MOST:
                cursor.execute(
                    "select distinct tgrelid::regclass::text from pg_trigger where tgname like '%no_truncate%'"
                )
                named = [name for (name,) in cursor.fetchall()]
                statements = truncate(self, style, tables, **options)
            else:
                some = " union all ".join(
                    f"select '{name}' where exists (select from {name})" for name in sizes
                )
                cursor.execute(some or "select where false")
                named = [name for (name,) in cursor.fetchall()]
                statements = [f"delete from {name}" for name in named]
        off = [f"alter table {name} disable trigger user" for name in named]
        on = [f"alter table {name} enable trigger user" for name in named]
        # constraints are looked at before the triggers come back: a table with open events cannot be altered
        return [*off, *statements, "set constraints all immediate", *on] if statements else statements

    DatabaseOperations.sql_flush = lifted


@pytest.fixture(scope="session", autouse=True)
def passwords_are_hashed_at_little_cost() -> None:
    """Django's own scrypt with few rounds: a sixth of a second of a core for each password would prove nothing here.

    What is stored is of the same form; processes that a test starts hash at full cost.
    """
    from django.contrib.auth.hashers import ScryptPasswordHasher

    ScryptPasswordHasher.work_factor = 2**4
    ScryptPasswordHasher.parallelism = 1


class InFlight:
    """The requests that the live server's threads are answering: their client may have gone, they have not."""

    def __init__(self) -> None:
        self._number = 0
        self._changed = threading.Condition()

    def __enter__(self) -> None:
        with self._changed:
            self._number += 1

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._number -= 1
            self._changed.notify_all()

    def settle(self, seconds: float = 60) -> None:
        """Wait until none is left; a stream that stays open counts until its head is sent."""
        with self._changed:
            self._changed.wait_for(lambda: not self._number, timeout=seconds)


IN_FLIGHT = InFlight()


@pytest.fixture(scope="session", autouse=True)
def live_requests_are_counted() -> Iterator[None]:
    """Let a test's end wait for the requests that it began."""
    from django.core.handlers.wsgi import WSGIHandler

    answer = WSGIHandler.__call__

    def counted(self: WSGIHandler, environ: dict[str, object], start_response: object) -> object:
        with IN_FLIGHT:
            return answer(self, environ, start_response)

    WSGIHandler.__call__ = counted
    yield
    WSGIHandler.__call__ = answer


@pytest.fixture(autouse=True)
def no_encoder_of_this_test_outranks_the_next() -> Iterator[None]:
    """SVT-AV1, run as root, puts whoever opens it before every other process, the servers of the tests too."""
    yield
    if hasattr(os, "sched_getscheduler") and os.sched_getscheduler(0) != os.SCHED_OTHER:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


@pytest.fixture(autouse=True)
def signers_of_this_test_alone() -> Iterator[None]:
    """No test signs with the key of another: its database is gone."""
    yield
    if "common.keys" in sys.modules:
        sys.modules["common.keys"].forget_signers()


@pytest.fixture(autouse=True)
def connections_to_the_broker_of_this_test_alone() -> Iterator[None]:
    """None is left waiting for messages: a child forked later would wait for them, too, and for ever."""
    yield
    if "kombu.pools" in sys.modules and "trustmark.celery" in sys.modules:
        sys.modules["kombu.pools"].reset()
        app = sys.modules["trustmark.celery"].app
        app._pool = None  # as Celery itself begins anew after a fork
        if "amqp" in vars(app):
            app.amqp._producer_pool = None


@pytest.fixture(scope="session")
def demo_clip() -> Path:
    """The film clip of the demonstration: 1280x720, 24 fps, stereo, 55 s."""
    return DEMO_CLIP


@pytest.fixture(scope="session")
def shared_media() -> Path:
    """The folder of further real clips beside the checkout; tests that need it skip without it."""
    if not SHARED_MEDIA.is_dir():
        pytest.skip(f"no clips at {SHARED_MEDIA}")
    return SHARED_MEDIA
