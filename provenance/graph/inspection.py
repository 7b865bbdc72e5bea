"""Tell a production's graph again from its events alone, and compare: rows, batches, log.

What a database owner changes behind the triggers shows in one of four places: rows that the events do not tell
(or no longer), events whose digests make another root than the audit trail and the log hold, batches that only one
side knows, sealed texts that are not those that their events committed to. ``trustmark log check`` compares the audit trail with the log's published tiles and cosignatures, so that
a whole restored backup is found short as well.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Model

from audit.models import Event
from common.keys import KeyUnreadable
from provenance.graph.digests import root_of
from provenance.graph.models import ProvenanceEvent, SealedText
from provenance.graph.projection import COMMITMENTS, ROWS, rows_of
from provenance.graph.sealing import open_text
from receipts.models import EntryKind, LogEntry
from trustcore.errors import InvalidEvidence
from trustcore.receipt import RecordedEntry, parse_entry

_CHUNK = 2_000


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is not as it was recorded. ``code`` is stable; ``what`` names the row, event or batch."""

    code: str
    what: str


def inspect_graph(production_id: UUID) -> list[Difference]:
    """Return everything that differs; an empty list, if the graph is what its events and its log say."""
    return [*_batches(production_id), *_rows(production_id), *_texts(production_id)]


@transaction.atomic
def restore_rows(production_id: UUID) -> int:
    """Make the rows that are missing again from the events; returns how many. Present ones are left alone."""
    made = 0
    for event in _events(production_id):
        for row in rows_of(event):
            table = type(row)
            if not table._default_manager.filter(pk=row.pk).exists():
                table._default_manager.bulk_create([row])
                made += 1
    return made


def _rows(production_id: UUID) -> Iterator[Difference]:
    told: dict[type[Model], dict[UUID, Model]] = {table: {} for table in ROWS}
    for event in _events(production_id):
        for row in rows_of(event):
            told[type(row)][row.pk] = row
    for table in ROWS:
        name = table._meta.model_name
        path = "production_id" if "production" in _fields(table) else "generation__production_id"
        stored = {row.pk: row for row in table._default_manager.filter(**{path: production_id})}
        for key in told[table].keys() - stored.keys():
            yield Difference("ROW_MISSING", f"{name} {key}")
        for key in stored.keys() - told[table].keys():
            yield Difference("ROW_NOT_TOLD", f"{name} {key}")
        for key in stored.keys() & told[table].keys():
            if _values(stored[key]) != _values(told[table][key]):
                yield Difference("ROW_CHANGED", f"{name} {key}")


def _batches(production_id: UUID) -> Iterator[Difference]:
    entries = _recorded_in_log(production_id)
    trail = {
        event.object_id: event
        for event in Event.objects.filter(object_type="provenance", production_id=production_id)
    }
    batches: dict[str, list[ProvenanceEvent]] = {}
    for event in _events(production_id):
        batches.setdefault(str(event.batch), []).append(event)
    for batch, events in batches.items():
        root = root_of(events)
        said = trail.get(batch)
        if said is None:
            yield Difference("BATCH_NOT_IN_TRAIL", batch)
        elif _entry(bytes(said.log_entry or b"")) != (root, len(events)):
            yield Difference("BATCH_CHANGED", batch)
        if batch in entries and entries[batch] != (root, len(events)):
            yield Difference("BATCH_NOT_AS_LOGGED", batch)
    for batch in (trail.keys() | entries.keys()) - batches.keys():
        yield Difference("BATCH_MISSING", batch)


def _texts(production_id: UUID) -> Iterator[Difference]:
    """Prompts, notes and papers against what their events committed to; erased ones are judged by their commitment alone."""
    told: dict[str, str] = {}
    for event in _events(production_id):
        told.update(event.facts.get(COMMITMENTS, {}))
    stored = SealedText.objects.filter(production_id=production_id)
    missing = set(told)
    for row in stored.iterator(chunk_size=_CHUNK):
        name = str(row.pk)
        missing.discard(name)
        if told.get(name, row.commitment) != row.commitment or not _opens(row):
            yield Difference("TEXT_CHANGED", name)
    yield from (Difference("TEXT_MISSING", name) for name in sorted(missing))


def _opens(row: SealedText) -> bool:
    try:
        open_text(row)
    except KeyUnreadable:
        return False
    return True


def _recorded_in_log(production_id: UUID) -> dict[str, tuple[str, int]]:
    """What the log holds, by batch; the newest may still wait for their place."""
    rows = LogEntry.objects.filter(log__production_id=production_id, kind=EntryKind.RECORDED)
    read = (parse_entry(bytes(entry)) for entry in rows.values_list("entry", flat=True))
    return {one.batch: (one.root, one.count) for one in read if isinstance(one, RecordedEntry)}


def _entry(data: bytes) -> tuple[str, int] | None:
    try:
        entry = parse_entry(data)
    except InvalidEvidence:
        return None
    return (entry.root, entry.count) if isinstance(entry, RecordedEntry) else None


def _events(production_id: UUID) -> Iterator[ProvenanceEvent]:
    rows = ProvenanceEvent.objects.filter(production_id=production_id).order_by("number")
    return rows.iterator(chunk_size=_CHUNK)


def _fields(table: type[Model]) -> set[str]:
    return {field.name for field in table._meta.concrete_fields}


def _values(row: Model) -> dict[str, Any]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
