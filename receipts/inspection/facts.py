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
from receipts.inspection.wire import fetch
from receipts.models import EntryKind, LogEntry, PendingEntry, ProductionLog, RenderCheck
from trustcore.receipt import CheckedEntry, Entry

_CHECKS = """
select e.idx, c.outcome::text, c.reasons::text[], encode(c.input_sha256, 'hex'), c.use_type::text
from receipts_logentry e join receipts_rendercheck c on c.id = e.ref
where e.log_id = %s and e.idx >= %s and e.idx < %s and e.kind = %s
"""
_LEASES = "select id, check_id::text, uid::text from receipts_lease where id = any(%s)"


class Stated(NamedTuple):
    """An entry that states a fact: its leaf, the fact's id (16 bytes), the entry read and as stored."""

    leaf: int
    ref: bytes
    entry: Entry
    stored: bytes


def fact_faults(
    log_id: int, production_id: UUID, stated: Sequence[Stated], begin: int, end: int
) -> Iterator[Fault]:
    """Facts stated by the leaves ``[begin, end)`` that are gone, or say something else than their entry."""
    if not stated:
        return
    checks = {idx: told for idx, *told in fetch(_CHECKS, (log_id, begin, end, EntryKind.CHECKED.value))}
    others = [one for one in stated if not isinstance(one.entry, CheckedEntry)]
    events = _events(production_id, [UUID(bytes=one.ref) for one in others])
    for one in stated:
        if isinstance(one.entry, CheckedEntry):
            fits = (
                checks.get(one.leaf) == _told_by(one.entry)
                and one.entry.decision.replace("-", "") == one.ref.hex()
            )
        else:
            fits = events.get(UUID(bytes=one.ref)) == one.stored
        if not fits:
            ref = UUID(bytes=one.ref)
            yield Fault(
                "FACT_DIFFERS", f"leaf {one.leaf}", f"the record {ref} is gone or says something else"
            )


def _told_by(entry: CheckedEntry) -> list[object]:
    return [entry.outcome.value, list(entry.reasons), entry.input_hash, entry.use_type]


def _events(production_id: UUID, ids: list[UUID]) -> dict[UUID, bytes]:
    rows = log_events_after(production_id, 0).filter(id__in=ids).values_list("id", "log_entry")
    return {pk: bytes(entry or b"") for pk, entry in rows}


def lease_faults(log_id: int, pairs: set[tuple[int, str]]) -> Iterator[Fault]:
    """Rows whose column names another lease than their entry does."""
    granted = sorted((number, uid) for number, uid in pairs if number >= 0)
    known = {number: ids for number, *ids in fetch(_LEASES, ([number for number, _ in granted],))}
    for number, uid in granted:
        if uid not in known.get(number, ()):
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
