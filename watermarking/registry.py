"""The registered ids as a detection needs them: sorted numbers per key, kept by each process and topped up.

A million rows are read once, in one stream, and never again: registrations are append-only, so what a process
holds stays true and only what came since has to be read. Rows may become visible a little after their time
(their transaction was open); so the newest minutes are read again, and the count is asked as well. Where it does
not agree, everything is read afresh: no registered id is ever left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING

from django.db import connection

from watermarking.candidates import as_ids

if TYPE_CHECKING:
    from watermarking.candidates import Ids

_AGAIN = timedelta(minutes=10)
_START = datetime(2000, 1, 1, tzinfo=UTC)
# some hundred rows of many ids each: a row an id would cost ten times as much to take in
_COPY = (
    "copy (select string_agg(mark_id, '') from watermarking_markregistration"
    " where key_id = %s and created_at >= %s group by left(mark_id, 2)) to stdout"
)
_FACTS = "select count(*), max(created_at) from watermarking_markregistration where key_id = %s"
_KEY_IDS = """
with recursive named as (
  (select key_id from watermarking_markregistration order by key_id limit 1)
  union all
  select (select key_id from watermarking_markregistration where key_id > named.key_id order by key_id limit 1)
  from named where named.key_id is not null
)
select key_id from named where key_id is not null
"""


@dataclass(frozen=True)
class _Held:
    ids: Ids
    newest: datetime


_held: dict[tuple[str, str], _Held] = {}
_lock = Lock()


def ids_under(key_id: str) -> Ids:
    """Return every id registered under a key, sorted, as an array of uint64 that nobody may change."""
    with _lock:
        # tests and tools change databases: what one holds says nothing of another
        name = (str(connection.settings_dict["NAME"]), key_id)
        held = _topped_up(key_id, _held.get(name))
        _held[name] = held
    return held.ids


def key_ids() -> list[str]:
    """Return the key ids that anything was registered under."""
    with connection.cursor() as cursor:
        cursor.execute(_KEY_IDS)
        return [row[0] for row in cursor.fetchall()]


def forget() -> None:
    """Drop what this process holds; the next detection reads the registry again."""
    with _lock:
        _held.clear()


def _topped_up(key_id: str, held: _Held | None) -> _Held:
    count, newest = _facts(key_id)
    if held is not None:
        if count == len(held.ids) and newest == held.newest:
            return held
        merged = as_ids(_joined(held.ids, _read(key_id, since=held.newest - _AGAIN)))
        # rows may have come since they were counted: asked again, there must be as many as are held, or more
        if count <= len(merged) <= _facts(key_id)[0]:
            return _sealed(merged, newest)
    return _sealed(_read(key_id, since=_START), newest)


def _facts(key_id: str) -> tuple[int, datetime]:
    with connection.cursor() as cursor:
        cursor.execute(_FACTS, [key_id])
        count, newest = cursor.fetchone() or (0, None)
    return int(count), newest or _START


def _read(key_id: str, *, since: datetime) -> Ids:
    import numpy as np

    blocks = [np.zeros(0, dtype=np.uint64)]
    connection.ensure_connection()
    # the driver's own cursor: Django's debugging one hands no parameters on to COPY
    with connection.connection.cursor() as cursor, cursor.copy(_COPY, [key_id, since]) as stream:
        for row in stream:
            octets = bytes.fromhex(bytes(row).decode("ascii"))
            blocks.append(np.frombuffer(octets, dtype=">u8").astype(np.uint64))
    return as_ids(np.concatenate(blocks))


def _joined(held: Ids, fresh: Ids) -> Ids:
    import numpy as np

    return np.concatenate([held, fresh])


def _sealed(ids: Ids, newest: datetime) -> _Held:
    ids.setflags(write=False)
    return _Held(ids, newest)
