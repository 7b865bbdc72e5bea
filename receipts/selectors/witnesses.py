"""Who cosigns, and what of a log they have cosigned."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from common.clock import rfc3339
from receipts.models import LogCheckpoint, LogCosignature, ProductionLog, Witness


@dataclass(frozen=True, slots=True)
class WitnessRow:
    """A witness and the time of its last cosignature, RFC 3339."""

    name: str
    vkey: str
    state: str
    last_at: str | None


@dataclass(frozen=True, slots=True)
class LogWatch:
    """One log as one witness saw it last, beside the log as it stands.

    Attributes:
        seen_size: the largest tree it cosigned; None: none yet. ``behind`` leaves came after it.
        is_forked: a tree that it cosigned is not the one that we published at that size.
    """

    production_id: UUID
    origin: str
    size: int
    published_at: datetime | None
    witness_id: int
    seen_size: int | None
    seen_at: datetime | None
    is_forked: bool

    @property
    def behind(self) -> int:
        """Leaves that the witness has not seen yet."""
        return max(0, self.size - (self.seen_size or 0))


@dataclass(frozen=True, slots=True)
class CosignedState:
    """The largest tree of a log that one witness has cosigned."""

    witness: str
    vkey: str
    size: int
    root_hex: str
    seen_at: str


def witnesses_with_last() -> Iterator[WitnessRow]:
    """Every witness ever accepted, in the order of acceptance."""
    for row in Witness.objects.order_by("pk"):
        last = (
            LogCosignature.objects.filter(witness=row).order_by("-seen_at").values_list("seen_at", flat=True)
        )
        state = "removed" if row.removed_at else "accepted"
        yield WitnessRow(row.name, row.vkey, state, _time(last[0]) if last else None)


def witnesses_of(organisation_id: UUID) -> list[Witness]:
    """The witnesses that an organisation runs, removed ones too, in the order of acceptance."""
    return list(Witness.objects.filter(organisation_id=organisation_id).order_by("pk"))


@dataclass(frozen=True, slots=True)
class PastCheckpoint:
    """A checkpoint as it was published: the signed note, and since when the log had that size."""

    size: int
    root: bytes
    note: bytes
    published_at: datetime


def checkpoint_at(production_id: UUID, size: int) -> PastCheckpoint | None:
    """The checkpoint of the log at exactly ``size`` entries; None where none was published at that size."""
    row = LogCheckpoint.objects.filter(log__production_id=production_id, size=size).first()
    if row is None:
        return None
    return PastCheckpoint(row.size, bytes(row.root), bytes(row.note), row.published_at)


def checkpoint_sizes(production_id: UUID) -> QuerySet[LogCheckpoint, int]:
    """The sizes at which checkpoints of the log were published, largest first."""
    rows = LogCheckpoint.objects.filter(log__production_id=production_id).order_by("-size")
    return rows.values_list("size", flat=True)


def watches_of(witness_ids: Iterable[int], production_ids: Iterable[UUID]) -> list[LogWatch]:
    """Every one of these logs as each of these witnesses saw it last; 3 queries."""
    wanted = list(witness_ids)
    logs = list(
        ProductionLog.objects.filter(production_id__in=list(production_ids)).select_related("publication")
    )
    rows = LogCosignature.objects.filter(log__in=logs, witness__in=wanted)
    last = {
        (row.log_id, row.witness_id): row
        for row in rows.order_by("log_id", "witness_id", "-size", "-seen_at").distinct("log_id", "witness_id")
    }
    ours = LogCheckpoint.objects.filter(log=OuterRef("log"), size=OuterRef("size"))
    other = rows.filter(Exists(ours), ~Exists(ours.filter(root=OuterRef("root"))))
    forked = set(other.values_list("log_id", "witness_id"))
    return [
        _watch(log, one, last.get((log.pk, one)), (log.pk, one) in forked) for log in logs for one in wanted
    ]


def _watch(log: ProductionLog, witness_id: int, seen: LogCosignature | None, is_forked: bool) -> LogWatch:
    published = getattr(log, "publication", None)
    return LogWatch(
        production_id=log.production_id,
        origin=log.origin,
        size=published.size if published else 0,
        published_at=published.published_at if published else None,
        witness_id=witness_id,
        seen_size=seen.size if seen else None,
        seen_at=datetime.fromtimestamp(seen.seen_at, UTC) if seen else None,
        is_forked=is_forked,
    )


def cosigned_states(production_id: UUID) -> list[CosignedState]:
    """What each accepted witness saw last of a production's log."""
    rows = (
        LogCosignature.objects.filter(log__production_id=production_id, witness__removed_at__isnull=True)
        .select_related("witness")
        .order_by("witness_id", "-size", "-seen_at")
        .distinct("witness_id")
    )
    return [
        CosignedState(row.witness.name, row.witness.vkey, row.size, bytes(row.root).hex(), _time(row.seen_at))
        for row in rows
    ]


def cosigned_notes(production_id: UUID, size: int) -> list[tuple[str, bytes]]:
    """The verifier key of each accepted witness, and the largest checkpoint of at most ``size`` leaves it cosigned."""
    rows = (
        LogCosignature.objects.filter(
            log__production_id=production_id, witness__removed_at__isnull=True, size__lte=size
        )
        .select_related("witness")
        .order_by("witness_id", "-size", "seen_at")
        .distinct("witness_id")
    )
    return [(row.witness.vkey, bytes(row.note)) for row in rows]


def _time(seconds: int) -> str:
    return rfc3339(datetime.fromtimestamp(seconds, UTC))
