"""How each part of the deployment stands, asked of the part itself; what cannot be known is said to be unknown."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_hex
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import Storage
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from agents_portal.words import Badge
from common import clock
from common.broker import BrokerState
from common.language import figure
from common.storage import blobs, log_store
from receipts.selectors import last_checkpoint_at, publication_lag

_LATE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class PartState:
    """One part: how it stands, in a badge and a sentence; ``code`` for whoever looks it up."""

    name: str
    badge: Badge
    text: str
    code: str = ""


def parts(broker: BrokerState) -> list[PartState]:
    """Every part that this process can ask."""
    return [
        _timed(_("Database"), _database),
        _migrations(),
        _broker(broker),
        _workers(broker),
        _timed(_("Private files"), lambda: _storage(blobs())),
        _timed(_("Public log files"), lambda: _storage(log_store())),
        _log(),
        _backups(),
    ]


def last_checkpoint() -> datetime | None:
    """When a checkpoint of any log was last published."""
    return last_checkpoint_at()


def _timed(name: str, ask: Callable[[], str]) -> PartState:
    began = time.monotonic()
    try:
        told = ask()
    except Exception as error:  # noqa: BLE001  (whatever is wrong with a part, its line says so)
        return PartState(name, _bad(), _("It did not answer as it should."), type(error).__name__)
    took = (time.monotonic() - began) * 1000
    return PartState(
        name, _good(), _("%(told)s It answered in %(ms)s ms.") % {"told": told, "ms": f"{took:.0f}"}
    )


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "select current_setting('server_version'), pg_database_size(current_database()),"
            " extract(epoch from now())"
        )
        version, size, now = cursor.fetchone()
    apart = abs(time.time() - float(now))
    if apart > settings.CLOCK_SKEW_SECONDS:
        raise DatabaseError("the clocks differ")
    return _("PostgreSQL %(version)s holds %(size)s.") % {"version": version, "size": _bytes(size)}


def _migrations() -> PartState:
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if not waiting:
        return PartState(_("Tables"), _good(), _("They are those of this version."))
    text = ngettext(
        "%(n)s change of the tables waits: run migrate.",
        "%(n)s changes of the tables wait: run migrate.",
        len(waiting),
    )
    return PartState(_("Tables"), _bad(), text % {"n": len(waiting)}, "MIGRATIONS_WAIT")


def _broker(state: BrokerState) -> PartState:
    if state.trouble:
        return PartState(
            _("Broker"), _bad(), _("It does not answer. Work is kept in the database."), state.trouble
        )
    return PartState(_("Broker"), _good(), _("It answers, by %(how)s.") % {"how": state.transport})


def _workers(state: BrokerState) -> PartState:
    served = [one for one in state.queues if one.workers]
    alone = [one.name for one in state.queues if not one.workers and one.waiting]
    if state.trouble:
        return PartState(_("Workers"), _unknown(), _("Without the broker nobody can ask them."))
    if alone:
        text = _("Work waits and nobody takes it: %(queues)s.") % {"queues": ", ".join(alone)}
        return PartState(_("Workers"), _bad(), text, "QUEUE_WITHOUT_WORKER")
    if not served:
        return PartState(_("Workers"), _bad(), _("No worker answers."), "NO_WORKER")
    many = len({worker for one in served for worker in one.workers})
    text = ngettext("%(n)s worker answers.", "%(n)s workers answer.", many) % {"n": many}
    return PartState(_("Workers"), _good(), text)


def _storage(store: Storage) -> str:
    """Write, read and remove a few bytes."""
    content = token_hex(8).encode()
    name = store.save(f"health/{token_hex(8)}", ContentFile(content))
    try:
        with store.open(name, "rb") as stream:
            if stream.read() != content:
                raise OSError("other bytes came back")
    finally:
        store.delete(name)
    return _("What is written comes back.")


def _log() -> PartState:
    lag = publication_lag()
    if not lag.leaves:
        return PartState(_("Checkpoints"), _good(), _("Every receipt is under a published checkpoint."))
    text = ngettext(
        "%(n)s entry is under no checkpoint yet, for %(s)s seconds.",
        "%(n)s entries are under no checkpoint yet, the oldest for %(s)s seconds.",
        lag.leaves,
    ) % {"n": figure(lag.leaves), "s": figure(round(lag.seconds))}
    late = lag.seconds > _LATE.total_seconds()
    return PartState(_("Checkpoints"), _bad() if late else _good(), text, "LOG_BEHIND" if late else "")


def _backups() -> PartState:
    """What PostgreSQL knows of an archive of its write-ahead log: this server makes no backups of its own."""
    row: tuple[Any, ...]
    with connection.cursor() as cursor:
        cursor.execute(
            "select current_setting('archive_mode'), archived_count, last_archived_time, failed_count,"
            " last_failed_time from pg_stat_archiver"
        )
        row = cursor.fetchone()
    mode, archived, last, failed, last_failed = row
    if mode == "off" or not archived:
        text = _("PostgreSQL archives nothing. This server makes no backups of its own.")
        return PartState(_("Backups"), _unknown(_("None known")), text, "NO_ARCHIVE")
    if failed and last_failed and (last is None or last_failed > last):
        return PartState(_("Backups"), _bad(), _("The last archiving failed."), "ARCHIVE_FAILED")
    text = _("PostgreSQL last archived %(minutes)s minutes ago.") % {
        "minutes": f"{(clock.now() - last).total_seconds() / 60:.0f}"
    }
    return PartState(_("Backups"), _good(), text)


def _good() -> Badge:
    return Badge("circle-check", _("Fine"), "permit")


def _bad() -> Badge:
    return Badge("octagon-x", _("Needs you"), "deny")


def _unknown(text: str = "") -> Badge:
    return Badge("circle-question-mark", text or _("Not known"), "unsure")


def _bytes(number: int) -> str:
    size, unit = float(number), "bytes"
    for larger in ("kB", "MB", "GB", "TB"):
        if size < 1000:
            break
        size, unit = size / 1000, larger
    return f"{size:.0f} {unit}" if size >= 10 or unit == "bytes" else f"{size:.1f} {unit}"
