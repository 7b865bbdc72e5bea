"""Give entries their place in a log: rows and frontier in one transaction, under the log's row lock.

The order that must hold: whoever appends locks the ``ProductionLog`` row, drains what waits (checks and
events, because frame entries cite them), then appends its own entries, moves the frontier and commits.
Files are published after that (:mod:`receipts.services.publish`). A crash before the commit leaves nothing;
a crash after it leaves rows whose files the next publication writes.

Rows travel as binary ``COPY``, packed here: an order of magnitude less work than one insert a row.
"""

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import repeat
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from audit.selectors import log_events_after
from receipts.models import EntryKind, ProductionLog
from receipts.selectors.logs import frontier_of
from receipts.services.tally import count_checks
from trustcore.log.merkle import leaf_hash

_COLUMNS = "idx, lease, received_at, log_id, frame, kind, take, outcome, ref, file_sha256, entry"
_COPY = f"copy receipts_logentry ({_COLUMNS}) from stdin (format binary)"
_COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0)
_COPY_TRAILER = struct.pack(">h", -1)
_HEAD = struct.Struct(">h iq".replace(" ", ""))
FRAME_TAIL = struct.Struct(">iq iq ii ii ih ih ih i i32s i".replace(" ", ""))
"""A frame's row for ``COPY``, without its beginning (which holds the index) and its end (the entry)."""
_FACT = struct.Struct(">h iq i iq ii i ih i i i16s i i".replace(" ", ""))
_POSTGRES_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_KIND_OF_TAG = {f'"t":"{kind.label}"'.encode(): kind for kind in EntryKind}


@dataclass(frozen=True, slots=True)
class FactLeaf:
    """Any other entry before it has its place. ``ref`` is the id of the check or event that it states."""

    entry: bytes
    kind: int
    ref: UUID
    at: datetime


def open_log(*, production_id: UUID) -> ProductionLog:
    """The production's log, made at first use."""
    log = ProductionLog.objects.filter(production_id=production_id).first()
    if log is not None:
        return log
    ProductionLog.objects.bulk_create(
        [ProductionLog(production_id=production_id, origin=f"{settings.LOG_HOST}/log/{production_id}")],
        ignore_conflicts=True,  # another server may open it at this moment: one row, one log
    )
    return ProductionLog.objects.get(production_id=production_id)


def lock_log(*, log_id: int) -> ProductionLog:
    """Lock the log for appending until the transaction ends. MUST be called inside one.

    ``no key``: the foreign key of a new lease must not wait here, or every check would wait for batches.
    """
    return ProductionLog.objects.select_for_update(no_key=True).get(pk=log_id)


def append_frames(*, log: ProductionLog, packed: Iterable[tuple[Sequence[bytes], Sequence[bytes]]]) -> int:
    """Append frames that are packed but for their index; returns the index of the first.

    The caller holds :func:`lock_log`. What makes ``packed`` works while the database does.

    Args:
        packed: some frames at a time, each as :data:`FRAME_TAIL` and its entry, and their leaf hashes.
    """
    first = log.size
    hashes: list[bytes] = []

    def pieces() -> Iterator[bytes]:
        for tails, some in packed:
            yield _piece(tails, first + len(hashes))
            hashes.extend(some)

    return _append(log, pieces(), hashes)


def _piece(tails: Sequence[bytes], first: int) -> bytes:
    """Rows with their indexes from ``first`` on."""
    parts = [b""] * (2 * len(tails))
    parts[::2] = map(_HEAD.pack, repeat(11), repeat(8), range(first, first + len(tails)))
    parts[1::2] = tails
    return b"".join(parts)


def drain_log(*, production_id: UUID) -> int:
    """Give every waiting check and event of a production its place; returns how many there were."""
    log = open_log(production_id=production_id)
    with transaction.atomic():
        return drain_locked(log=lock_log(log_id=log.pk))


def drain_locked(*, log: ProductionLog, newest_events: int | None = None) -> int:
    """Append what waits for ``log``. The caller holds :func:`lock_log`.

    Args:
        newest_events: look no further back than so many events of the production; all by default. Who holds
            up a farm is content with the grants of late; the publisher looks at all.
    """
    leaves = sorted(_waiting(log, newest_events), key=_citation_order)
    if not leaves:
        return 0
    rows = (
        _FACT.pack(
            11, 8, index, -1, 8, postgres_time(leaf.at), 4, log.pk, -1, 2, leaf.kind, -1, -1,
            16, leaf.ref.bytes, -1, len(leaf.entry),
        ) + leaf.entry
        for index, leaf in enumerate(leaves, log.size)
    )  # fmt: skip
    _append(log, rows, [leaf_hash(leaf.entry) for leaf in leaves])
    count_checks(log=log, check_ids=[leaf.ref for leaf in leaves if leaf.kind == EntryKind.CHECKED])
    return len(leaves)


def _waiting(log: ProductionLog, newest_events: int | None) -> Iterable[FactLeaf]:
    events = log_events_after(log.production_id, 0)
    ids = events.order_by("-number").values_list("id", flat=True)[:newest_events]
    for event in events.filter(id__in=_unplaced(log.pk, list(ids))):
        entry = bytes(event.log_entry or b"")
        yield FactLeaf(entry, _kind_of(entry), event.id, event.at)
    with connection.cursor() as cursor:
        cursor.execute(
            "delete from receipts_pendingentry where production_id = %s returning entry, kind, ref, at",
            [log.production_id],
        )
        for entry, kind, ref, at in cursor.fetchall():
            yield FactLeaf(bytes(entry), kind, ref, at)


def _unplaced(log_id: int, refs: list[UUID]) -> list[UUID]:
    """Which of ``refs`` the log holds no entry of.

    ``offset 0`` keeps the planner from joining the whole table, whatever it believes of its size.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "select r.ref from unnest(%s::uuid[]) as r(ref) where not exists ("
            " select 1 from receipts_logentry where log_id = %s and ref = r.ref offset 0)",
            [refs, log_id],
        )
        return [ref for (ref,) in cursor]


def _citation_order(leaf: FactLeaf) -> tuple[bool, datetime, bytes]:
    """Grants first, since checks cite them; then by time."""
    return leaf.kind != EntryKind.AUTHORISED, leaf.at, leaf.ref.bytes


def _kind_of(entry: bytes) -> EntryKind:
    for tag, kind in _KIND_OF_TAG.items():
        if tag in entry:
            return kind
    raise ValueError("an audit event carries an entry of no known kind")


def _append(log: ProductionLog, pieces: Iterable[bytes], hashes: Sequence[bytes]) -> int:
    first = log.size
    with (
        connection.wrap_database_errors,  # Django does not wrap a copy by itself
        connection.cursor() as cursor,
        cursor.copy(_COPY) as copy,
    ):
        copy.write(_COPY_HEADER)
        for piece in pieces:
            copy.write(piece)
        copy.write(_COPY_TRAILER)
        # the backend still works on what it was sent: the tree grows meanwhile
        frontier = frontier_of(log).append_many(hashes)
    log.size, log.frontier = frontier.size, b"".join(frontier.hashes)
    log.save(update_fields=["size", "frontier"])
    return first


def postgres_time(moment: datetime) -> int:
    """A moment as the database packs it: microseconds since 2000."""
    return (moment - _POSTGRES_EPOCH) // _MICROSECOND
