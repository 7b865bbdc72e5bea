"""Who cosigns, and what of a log they have cosigned."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from common.clock import rfc3339
from receipts.models import LogCosignature, Witness


@dataclass(frozen=True, slots=True)
class WitnessRow:
    """A witness and the time of its last cosignature, RFC 3339."""

    name: str
    vkey: str
    state: str
    last_at: str | None


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


def _time(seconds: int) -> str:
    return rfc3339(datetime.fromtimestamp(seconds, UTC))
