"""Entries that state a fact kept elsewhere: is the fact still there, and does it still say the same?

Checks and audit events have rows of their own, leases have ids. An entry that states one cites it by ``ref``; the
fact's row must tell what the entry tells. The other way round: no decision may be missing from the log unless it waits.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple
from uuid import UUID

from django.db.models import Exists, OuterRef

from audit.selectors import log_events_after
from receipts.inspection.findings import SHOWN, Fault
from receipts.models import Lease, LogEntry, PendingEntry, ProductionLog, RenderCheck
from trustcore.receipt import CheckedEntry, Entry

_AT_ONCE = 5_000


class Stated(NamedTuple):
    """An entry that states a fact: its leaf, the fact's id, the entry read and as stored."""

    leaf: int
    ref: UUID
    entry: Entry
    stored: bytes


def fact_faults(production_id: UUID, stated: Sequence[Stated]) -> Iterator[Fault]:
    """Facts that are gone, or say something else than their entry."""
    for begin in range(0, len(stated), _AT_ONCE):
        some = stated[begin : begin + _AT_ONCE]
        checks = _checks([one.ref for one in some if isinstance(one.entry, CheckedEntry)])
        events = _events(production_id, [one.ref for one in some if not isinstance(one.entry, CheckedEntry)])
        for one in some:
            if isinstance(one.entry, CheckedEntry):
                fits = checks.get(one.ref) == _told_by(one.entry)
            else:
                fits = events.get(one.ref) == one.stored
            if not fits:
                yield Fault(
                    "FACT_DIFFERS", f"leaf {one.leaf}", f"the record {one.ref} is gone or says something else"
                )


def _checks(ids: list[UUID]) -> dict[UUID, tuple[object, ...]]:
    rows = RenderCheck.objects.filter(pk__in=ids).values_list(
        "pk", "outcome", "reasons", "input_sha256", "use_type"
    )
    return {
        pk: (str(pk), outcome, tuple(reasons), bytes(digest).hex(), use_type)
        for pk, outcome, reasons, digest, use_type in rows
    }


def _told_by(entry: CheckedEntry) -> tuple[object, ...]:
    return (entry.decision, entry.outcome.value, entry.reasons, entry.input_hash, entry.use_type)


def _events(production_id: UUID, ids: list[UUID]) -> dict[UUID, bytes]:
    rows = log_events_after(production_id, 0).filter(id__in=ids).values_list("id", "log_entry")
    return {pk: bytes(entry) for pk, entry in rows}


def lease_faults(log_id: int, pairs: set[tuple[int, str]]) -> Iterator[Fault]:
    """Rows whose column names another lease than their entry does."""
    granted = sorted((number, uid) for number, uid in pairs if number >= 0)
    for begin in range(0, len(granted), _AT_ONCE):
        some = granted[begin : begin + _AT_ONCE]
        known = dict(Lease.objects.filter(pk__in=[number for number, _ in some]).values_list("pk", "uid"))
        for number, uid in some:
            if str(known.get(number)) != uid:
                leaf = LogEntry.objects.filter(log_id=log_id, lease=number).order_by("idx").first()
                where = f"leaf {leaf.idx}" if leaf else f"lease {number}"
                detail = f"the row is filed under another lease than its entry names ({uid})"
                yield Fault("ROW_COLUMNS_DIFFER", where, detail)


def unlogged(log: ProductionLog) -> Iterator[Fault]:
    """Decisions that neither stand in the log nor wait for it."""
    placed = LogEntry.objects.filter(log_id=log.pk, ref=OuterRef("pk"))
    waiting = PendingEntry.objects.filter(production_id=log.production_id, ref=OuterRef("pk"))
    lost = RenderCheck.objects.filter(~Exists(placed), ~Exists(waiting), production_id=log.production_id)
    for pk in lost.order_by("pk").values_list("pk", flat=True)[:SHOWN]:
        yield Fault("FACT_UNLOGGED", f"check {pk}", "the decision is not in the log and does not wait")
