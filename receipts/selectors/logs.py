"""Where a log stands, its leaves in order, its files, and the proof of one leaf."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import Count, IntegerField, Max, OuterRef, Subquery, Value
from django.db.models.functions import Coalesce

from common import clock
from receipts.models import EntryKind, Lease, LogEntry, LogPublication, PendingEntry, ProductionLog
from receipts.storage import LogFiles
from trustcore.log.checkpoint import parse_checkpoint_text, parse_note
from trustcore.log.merkle import HASH_BYTES, Frontier, inclusion_proof
from trustcore.log.tiles import (
    CHECKPOINT_PATH,
    COSIGNED_PATH,
    TILE_WIDTH,
    VKEY_PATH,
    ReadTiles,
    tiles_to_write,
)
from trustcore.receipt import MAX_FRAME, MAX_TAKE

_CHUNK = 8 * TILE_WIDTH


@dataclass(frozen=True, slots=True)
class LogState:
    """Where a production's log stands.

    Attributes:
        published_size: how many leaves the checkpoint on the store covers.
        pending: decisions that wait for their place (at most a few seconds' worth).
    """

    production_id: UUID
    origin: str
    size: int
    root_hex: str
    published_size: int
    published_at: datetime | None
    pending: int


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """A leaf as stored: its place, kind (``frame``, ``checked`` ...) and canonical bytes."""

    index: int
    kind: str
    received_at: datetime
    ref: UUID | None
    entry: bytes


def frontier_of(log: ProductionLog) -> Frontier:
    """The right edge of the tree, as the row holds it."""
    packed = bytes(log.frontier)
    return Frontier(log.size, tuple(packed[at : at + HASH_BYTES] for at in range(0, len(packed), HASH_BYTES)))


def log_state(production_id: UUID) -> LogState | None:
    """Where the log stands; None before its first entry."""
    waiting = PendingEntry.objects.filter(production_id=OuterRef("production_id")).order_by()
    counted = waiting.values("production_id").annotate(n=Count("pk")).values("n")
    log = (
        ProductionLog.objects.filter(production_id=production_id)
        .select_related("publication")
        .annotate(pending=Coalesce(Subquery(counted, output_field=IntegerField()), Value(0)))
        .first()
    )
    if log is None:
        return None
    published: LogPublication | None = getattr(log, "publication", None)
    return LogState(
        production_id=production_id,
        origin=log.origin,
        size=log.size,
        root_hex=frontier_of(log).root().hex(),
        published_size=published.size if published else 0,
        published_at=published.published_at if published else None,
        pending=log.pending,
    )


def logs_behind() -> list[ProductionLog]:
    """Logs that hold leaves which no published checkpoint covers yet."""
    return list(
        ProductionLog.objects.raw(
            "select l.* from receipts_productionlog l left join receipts_logpublication p on p.log_id = l.id"
            " where l.size > coalesce(p.size, 0)"
        )
    )


@dataclass(frozen=True, slots=True)
class PublicationLag:
    """How far the published checkpoints are behind: logs, leaves, and the age of the oldest such leaf."""

    logs: int
    leaves: int
    seconds: float


def publication_lag() -> PublicationLag:
    """What is acknowledged and not yet under a published checkpoint, over all logs."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*), coalesce(sum(l.size - coalesce(p.size, 0)), 0), min(e.received_at)"
            " from receipts_productionlog l left join receipts_logpublication p on p.log_id = l.id"
            " cross join lateral (select received_at from receipts_logentry"
            "  where log_id = l.id and idx = coalesce(p.size, 0) offset 0) e"
            " where l.size > coalesce(p.size, 0)"
        )
        logs, leaves, oldest = cursor.fetchone()
    age = (clock.now() - oldest).total_seconds() if oldest else 0.0
    return PublicationLag(logs, int(leaves), max(0.0, age))


def last_checkpoint_at() -> datetime | None:
    """When a checkpoint of any log was last published."""
    latest: datetime | None = LogPublication.objects.aggregate(at=Max("published_at"))["at"]
    return latest


def entries_of(
    production_id: UUID,
    kinds: Sequence[EntryKind] | None = None,
    *,
    first: int = 0,
    last: int | None = None,
) -> Iterator[StoredEntry]:
    """Leaves in order, streamed; ``last`` is included, None reads to the end as it stands now."""
    log = ProductionLog.objects.filter(production_id=production_id).first()
    if log is None:
        return
    end = log.size - 1 if last is None else min(last, log.size - 1)
    for begin in range(first, end + 1, _CHUNK):
        rows = LogEntry.objects.filter(log_id=log.pk, idx__range=(begin, min(begin + _CHUNK - 1, end)))
        if kinds is not None:
            rows = rows.filter(kind__in=list(kinds))
        for row in rows.order_by("idx"):
            yield StoredEntry(row.idx, EntryKind(row.kind).label, row.received_at, row.ref, bytes(row.entry))


@dataclass(frozen=True, slots=True)
class PublishedLog:
    """What the store serves of a log now: the signed checkpoint, what it says, and the verifier keys."""

    size: int
    root: bytes
    checkpoint: bytes
    vkey: bytes


@dataclass(frozen=True, slots=True)
class LeafProof:
    """A leaf, its audit path and the checkpoint it leads to."""

    leaf_index: int
    size: int
    entry: bytes
    hashes: tuple[bytes, ...]
    root: bytes
    checkpoint: bytes


def published_log(production_id: UUID) -> PublishedLog | None:
    """The log as the world sees it; None before its first checkpoint."""
    files = LogFiles(production_id)
    note, vkey = files.read(CHECKPOINT_PATH), files.read(VKEY_PATH)
    if note is None or vkey is None:
        return None
    checkpoint = parse_checkpoint_text(parse_note(note).text)
    return PublishedLog(checkpoint.size, checkpoint.root, note, vkey)


def log_files(production_id: UUID, size: int) -> Iterator[tuple[str, bytes]]:
    """Every tile and entry bundle of the log at ``size``, made from the rows; paths as under ``/log/<id>/``.

    A tile is yielded once, in its final width; memory does not grow with the log but for its upper tiles.

    Raises:
        ValueError: the log holds fewer rows than ``size``.
    """
    held: dict[str, tuple[str, bytes]] = {}  # the rightmost tiles, while they may still grow wider

    def fetch(path: str) -> bytes:
        return held[path.partition(".p/")[0]][1]

    for begin in range(0, size, _CHUNK):
        end = min(begin + _CHUNK, size)
        entries = [leaf.entry for leaf in entries_of(production_id, first=begin, last=end - 1)]
        for path, content in tiles_to_write(begin, end, entries=entries, fetch=fetch):
            base, _, width = path.partition(".p/")
            if width:
                held[base] = (path, content)
            else:
                held.pop(base, None)
                yield path, content
    yield from held.values()


@dataclass(frozen=True, slots=True)
class GrowthProof:
    """The proof that the tree of ``second`` leaves extends the tree of ``first``, and the present checkpoint."""

    first: int
    first_root: bytes
    second: int
    second_root: bytes
    hashes: tuple[bytes, ...]
    checkpoint: bytes


def proof_of(production_id: UUID, leaf_index: int, *, cosigned: bool = False) -> LeafProof | None:
    """The proof that a leaf stands in the published log; None when it does not (yet).

    Args:
        cosigned: prove it under the largest checkpoint that a witness has cosigned, if that covers the leaf.
    """
    published = published_log(production_id)
    if published is None or not 0 <= leaf_index < published.size:
        return None
    files = LogFiles(production_id)
    tiles = ReadTiles(files.fetch, published.size)
    shown = _cosigned(files, leaf_index) if cosigned else None
    size, root, note = shown or (published.size, published.root, published.checkpoint)
    return LeafProof(
        leaf_index=leaf_index,
        size=size,
        entry=tiles.entry(leaf_index),
        hashes=tuple(inclusion_proof(leaf_index, size, tiles.node_at)),
        root=root,
        checkpoint=note,
    )


def _cosigned(files: LogFiles, leaf_index: int) -> tuple[int, bytes, bytes] | None:
    note = files.read(COSIGNED_PATH)
    checkpoint = parse_checkpoint_text(parse_note(note).text) if note else None
    if note is None or checkpoint is None or checkpoint.size <= leaf_index:
        return None
    return checkpoint.size, checkpoint.root, note


def consistency_of(production_id: UUID, first: int, second: int | None = None) -> GrowthProof | None:
    """The proof that the log only grew from ``first`` to ``second`` leaves; None where these are no such sizes."""
    published = published_log(production_id)
    second = published.size if published and second is None else second
    if published is None or second is None or not 0 < first <= second <= published.size:
        return None
    tiles = ReadTiles(LogFiles(production_id).fetch, published.size)
    hashes = tuple(tiles.consistency_proof(first, second))
    return GrowthProof(first, tiles.root(first), second, tiles.root(second), hashes, published.checkpoint)


def leaf_of_decision(production_id: UUID, decision: UUID) -> StoredEntry | None:
    """Where a render check stands in a production's log."""
    return _leaf(production_id, ref=decision)


def leaf_of_frame(production_id: UUID, lease: UUID, frame: int, take: int) -> StoredEntry | None:
    """Where the receipt of a frame stands in a production's log; a frame without leave is not found by its claim."""
    number = Lease.objects.filter(uid=lease, production_id=production_id).values_list("pk", flat=True).first()
    if number is None or frame > MAX_FRAME or take > MAX_TAKE:
        return None
    return _leaf(production_id, lease=number, frame=frame, take=take)


def _leaf(production_id: UUID, **columns: object) -> StoredEntry | None:
    log_id = ProductionLog.objects.filter(production_id=production_id).values_list("pk", flat=True).first()
    row = LogEntry.objects.filter(log_id=log_id, **columns).first()  # by number: one partition is looked at
    if row is None:
        return None
    return StoredEntry(row.idx, EntryKind(row.kind).label, row.received_at, row.ref, bytes(row.entry))
