"""Re-read a log from its rows and say what does not fit: the answer to ``trustmark log check``.

1. Rows: indexes run from 0 without a gap; every entry is canonical; the columns beside it say what it says;
   checks and events that entries state still say the same, and no check is missing.
2. Frontier: the rows lead to the root that the log's row names, at its size.
3. Files: every tile and entry bundle that the checkpoint covers is what the rows give.
4. Checkpoint: signed by a key of this deployment, for this log, over a root that the rows had at its size,
   and not older than what was published.

A superuser can disable triggers and change a row; nobody can do that and pass all four.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Exists, OuterRef, Subquery

from audit.selectors import log_events_after
from common.keys import public_keys
from receipts.models import (
    EntryKind,
    FrameOutcome,
    LogEntry,
    LogPublication,
    PendingEntry,
    ProductionLog,
    RenderCheck,
)
from receipts.selectors.logs import frontier_of, log_files
from receipts.storage import LogFiles
from trustcore.errors import InvalidEvidence
from trustcore.log.checkpoint import Checkpoint, NoteVerifier, verify_checkpoint
from trustcore.log.merkle import Frontier, leaf_hash
from trustcore.log.tiles import CHECKPOINT_PATH, TILE_WIDTH, parse_tile_path, unpack_entries
from trustcore.receipt import CheckedEntry, Entry, FrameEntry, parse_entry

_STRETCH = 16 * TILE_WIDTH
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that does not fit. ``code`` is stable; ``where`` is a leaf, a file or the log itself."""

    code: str
    where: str
    detail: str


@dataclass(frozen=True, slots=True)
class LogReport:
    """What an inspection found; a log in order has no fault.

    Attributes:
        covered: leaves under the checkpoint; the rest waits for the next publication.
    """

    production_id: UUID
    origin: str
    size: int
    covered: int
    faults: tuple[Fault, ...]


class _GapFound(Exception):
    """The rows end early: nothing after can be judged."""


def inspect_log(*, production_id: UUID) -> LogReport | None:
    """Check one log against everything that is kept of it; None if the production has no log."""
    log = ProductionLog.objects.filter(production_id=production_id).first()
    if log is None:
        return None
    faults: list[Fault] = []
    checkpoint = _signed_checkpoint(log, faults)
    log.refresh_from_db()  # read after the checkpoint: a log that grows meanwhile covers it
    covered = checkpoint.size if checkpoint else 0
    roots = {0: Frontier().root()}
    try:
        frontier = Frontier()
        for rows in _stretches(log, stop_at=covered):
            faults.extend(_row_faults(log, rows))  # 1
            frontier = frontier.append_many([leaf_hash(bytes(row.entry)) for row in rows])
            roots[frontier.size] = frontier.root()
    except _GapFound as gap:
        faults.append(Fault("ROW_MISSING", str(gap), "the rows have a gap"))
        return LogReport(production_id, log.origin, log.size, covered, tuple(faults))
    faults.extend(_unlogged(log))
    faults.extend(_frontier_faults(log, frontier))  # 2
    faults.extend(_file_faults(log, min(covered, log.size)))  # 3
    faults.extend(_checkpoint_faults(log, checkpoint, roots))  # 4
    return LogReport(production_id, log.origin, log.size, covered, tuple(faults))


def _stretches(log: ProductionLog, *, stop_at: int) -> Iterator[list[LogEntry]]:
    """The rows in order, cut so that one stretch ends at the checkpoint's size."""
    begin = 0
    while begin < log.size:
        end = min(begin + _STRETCH, log.size)
        end = stop_at if begin < stop_at < end else end
        rows = list(LogEntry.objects.filter(log_id=log.pk, idx__gte=begin, idx__lt=end).order_by("idx"))
        for index, row in zip(range(begin, end), rows, strict=False):
            if row.idx != index:
                raise _GapFound(f"leaf {index}")
        if len(rows) != end - begin:
            raise _GapFound(f"leaf {begin + len(rows)}")
        yield rows
        begin = end


# 1. Rows
def _row_faults(log: ProductionLog, rows: Sequence[LogEntry]) -> Iterator[Fault]:
    stated: dict[UUID, tuple[LogEntry, Entry]] = {}
    for row in rows:
        where = f"leaf {row.idx}"
        try:
            entry = parse_entry(bytes(row.entry))
        except InvalidEvidence as error:
            yield Fault("ROW_MALFORMED", where, error.detail)
            continue
        if not _columns_fit(row, entry):
            yield Fault("ROW_COLUMNS_DIFFER", where, "the columns beside the entry say something else")
        if row.ref is not None:
            stated[row.ref] = (row, entry)
    yield from _fact_faults(log, stated)


def _columns_fit(row: LogEntry, entry: Entry) -> bool:
    if row.kind not in EntryKind.values or f'"t":"{EntryKind(row.kind).label}"'.encode() not in bytes(
        row.entry
    ):
        return False
    if not isinstance(entry, FrameEntry):
        return row.ref is not None and row.lease is None and row.frame is None
    beside = (row.frame, row.take, row.outcome, bytes(row.file_sha256 or b"").hex())
    return beside == (entry.frame, entry.take, FrameOutcome[entry.outcome.value], entry.file_sha256)


def _fact_faults(log: ProductionLog, stated: dict[UUID, tuple[LogEntry, Entry]]) -> Iterator[Fault]:
    checks = RenderCheck.objects.in_bulk(
        [ref for ref, (_, e) in stated.items() if isinstance(e, CheckedEntry)]
    )
    others = [ref for ref, (_, e) in stated.items() if not isinstance(e, CheckedEntry)]
    events = {event.id: event for event in log_events_after(log.production_id, 0).filter(id__in=others)}
    for ref, (row, entry) in stated.items():
        if isinstance(entry, CheckedEntry):
            fits = ref in checks and _tells(checks[ref], entry)
        else:
            fits = ref in events and bytes(events[ref].log_entry or b"") == bytes(row.entry)
        if not fits:
            yield Fault("FACT_DIFFERS", f"leaf {row.idx}", f"the record {ref} is gone or says something else")


def _tells(check: RenderCheck, entry: CheckedEntry) -> bool:
    kept = (
        str(check.pk),
        check.outcome,
        tuple(check.reasons),
        bytes(check.input_sha256).hex(),
        check.use_type,
    )
    return kept == (entry.decision, entry.outcome.value, entry.reasons, entry.input_hash, entry.use_type)


def _unlogged(log: ProductionLog) -> Iterator[Fault]:
    """Decisions that neither stand in the log nor wait for it."""
    placed = LogEntry.objects.filter(log_id=log.pk, ref=OuterRef("pk"))
    waiting = PendingEntry.objects.filter(production_id=log.production_id, ref=OuterRef("pk"))
    lost = RenderCheck.objects.filter(~Exists(placed), ~Exists(waiting), production_id=log.production_id)
    for check in lost.order_by("pk")[:_SHOWN]:
        yield Fault("FACT_UNLOGGED", f"check {check.pk}", "the decision is not in the log and does not wait")


# 2. Frontier
def _frontier_faults(log: ProductionLog, frontier: Frontier) -> Iterator[Fault]:
    if frontier.root() != frontier_of(log).root():
        yield Fault("FRONTIER_DIFFERS", log.origin, f"the rows do not lead to the root kept at {log.size}")
    now = ProductionLog.objects.filter(pk=log.pk).values("size")
    beyond = LogEntry.objects.filter(log_id=log.pk, idx__gte=Subquery(now)).order_by("idx").first()
    if beyond is not None:
        yield Fault("ROW_BEYOND", f"leaf {beyond.idx}", "a row stands beyond the log's size")


# 3. Files
def _file_faults(log: ProductionLog, covered: int) -> Iterator[Fault]:
    files = LogFiles(log.production_id)
    for path, expected in log_files(log.production_id, covered):
        stored = files.read(path)
        if stored is None:
            yield Fault("FILE_MISSING", path, "the checkpoint covers it, the store does not hold it")
        elif stored != expected:
            yield Fault("FILE_DIFFERS", path, _first_difference(path, stored, expected))


def _first_difference(path: str, stored: bytes, expected: bytes) -> str:
    tile = parse_tile_path(path)
    if tile.level is not None:
        at = next((n for n, (a, b) in enumerate(zip(stored, expected, strict=False)) if a != b), len(stored))
        return f"hash {tile.index * TILE_WIDTH + at // 32} of level {tile.level} is not that of the rows"
    try:
        pairs: Iterable[tuple[bytes, bytes]] = zip(
            unpack_entries(stored), unpack_entries(expected), strict=False
        )
    except InvalidEvidence:
        return "the entry bundle is damaged"
    at = next((n for n, (a, b) in enumerate(pairs) if a != b), 0)
    return f"leaf {tile.index * TILE_WIDTH + at} is not that of the rows"


# 4. Checkpoint
def _signed_checkpoint(log: ProductionLog, faults: list[Fault]) -> Checkpoint | None:
    published = LogPublication.objects.filter(log=log).first()  # before the file, which may move on
    note = LogFiles(log.production_id).read(CHECKPOINT_PATH)
    if note is None:
        if published is not None and published.size:
            faults.append(Fault("FILE_MISSING", CHECKPOINT_PATH, f"published at {published.size}, and gone"))
        return None
    try:
        checkpoint = verify_checkpoint(
            note, [NoteVerifier.of(log.origin, key) for key in public_keys("LOG").values()]
        )
    except InvalidEvidence as error:
        faults.append(Fault("CHECKPOINT_INVALID", CHECKPOINT_PATH, error.detail))
        return None
    if published is not None and checkpoint.size < published.size:
        faults.append(
            Fault(
                "CHECKPOINT_OLD",
                CHECKPOINT_PATH,
                f"it shows {checkpoint.size}, {published.size} were published",
            )
        )
    return checkpoint


def _checkpoint_faults(
    log: ProductionLog, checkpoint: Checkpoint | None, roots: dict[int, bytes]
) -> Iterator[Fault]:
    if checkpoint is None:
        return
    if checkpoint.size > log.size:
        yield Fault(
            "LOG_ROLLED_BACK",
            log.origin,
            f"the database holds {log.size} leaves, the checkpoint shows {checkpoint.size}",
        )
    elif roots.get(checkpoint.size) != checkpoint.root:
        yield Fault(
            "CHECKPOINT_DIFFERS", CHECKPOINT_PATH, f"its root at {checkpoint.size} is not that of the rows"
        )
