"""The database as an event loop uses it: reads run in a few threads of ours, one connection listens."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import psycopg
from django.db import close_old_connections, connection

T = TypeVar("T")
CHANNEL = "trustmark_events"
_THREADS = 4
_pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="events-db")


async def in_thread(work: Callable[..., T], *arguments: Any) -> T:
    """Run ``work`` with a database connection of its thread; a broken one is replaced before and after."""
    return await asyncio.get_running_loop().run_in_executor(_pool, _with_connection, work, arguments)


async def listening() -> psycopg.AsyncConnection[Any]:
    """A connection that hears of every committed event.

    Raises:
        psycopg.Error: the database does not answer.
    """
    listens = await psycopg.AsyncConnection.connect(autocommit=True, **_parameters())
    await listens.execute(f"listen {CHANNEL}")
    return listens


def _with_connection(work: Callable[..., T], arguments: tuple[Any, ...]) -> T:
    close_old_connections()
    try:
        return work(*arguments)
    finally:
        close_old_connections()


def _parameters() -> dict[str, Any]:
    """What Django's own connection uses, as libpq names it; dead peers are noticed within a minute."""
    row = connection.settings_dict
    named = {
        "dbname": row["NAME"], "user": row["USER"], "password": row["PASSWORD"],
        "host": row["HOST"], "port": row["PORT"],
    }  # fmt: skip
    options = {name: value for name, value in row["OPTIONS"].items() if isinstance(value, str)}
    alive = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3, "connect_timeout": 10}
    return {**alive, **options, **{name: value for name, value in named.items() if value}}
