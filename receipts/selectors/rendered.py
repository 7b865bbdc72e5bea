"""Which frames of which shot left receipts under licences: one row a licence and shot, counted by the database."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Max, Min

from receipts.models import Counter, EntryKind, Lease, LogEntry
from receipts.selectors.tokens import PRODUCED


@dataclass(frozen=True, slots=True)
class RenderedShot:
    """Frames of a shot that were rendered under a licence.

    Attributes:
        first, last: the lowest and the highest frame with a receipt, both included.
        frames: how many different ones.
        first_leaf, last_leaf: where their receipts begin and end in the production's log.
    """

    token_jti: UUID
    shot: str
    first: int
    last: int
    frames: int
    first_leaf: int
    last_leaf: int


def rendered_shots(jtis: Iterable[UUID], *, most: int) -> list[RenderedShot]:
    """Shots with rendered frames under each licence, at most ``most`` of them; 2 queries."""
    leases = {
        number: (log, jti, shot)
        for number, log, jti, shot in Lease.objects.filter(
            token_jti__in=list(jtis), counter=Counter.FRAMES
        ).values_list("pk", "log_id", "token_jti", "shot")
    }
    rows = (
        LogEntry.objects.filter(
            log_id__in={log for log, _, _ in leases.values()},
            lease__in=list(leases),
            kind=EntryKind.FRAME,
            outcome__in=PRODUCED,
        )
        .values("lease")
        .order_by()
        .annotate(
            first=Min("frame"), last=Max("frame"), n=Count("frame", distinct=True),
            from_leaf=Min("idx"), to_leaf=Max("idx"),
        )
    )  # fmt: skip
    shots: dict[tuple[UUID, str], RenderedShot] = {}
    for row in rows:
        _, jti, shot = leases[row["lease"] or 0]
        one = RenderedShot(jti, shot, row["first"], row["last"], row["n"], row["from_leaf"], row["to_leaf"])
        shots[jti, shot] = _joined(shots[jti, shot], one) if (jti, shot) in shots else one
    return [shots[key] for key in sorted(shots, key=str)][:most]


def _joined(one: RenderedShot, other: RenderedShot) -> RenderedShot:
    return RenderedShot(
        token_jti=one.token_jti,
        shot=one.shot,
        first=min(one.first, other.first),
        last=max(one.last, other.last),
        frames=one.frames + other.frames,
        first_leaf=min(one.first_leaf, other.first_leaf),
        last_leaf=max(one.last_leaf, other.last_leaf),
    )
