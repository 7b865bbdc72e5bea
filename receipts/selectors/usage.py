"""What was made under licences in a period, counted from the log itself."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import connection

from receipts.models import Counter, EntryKind, FrameOutcome, ProductionLog


@dataclass(slots=True)
class PeriodUse:
    """What was made under one licence in a period; frames and lines are those of receipts, never of checks.

    ``others``: receipts counted in seconds or runs.
    """

    frames: int = 0
    unique_frames: int = 0
    lines: int = 0
    others: int = 0
    reruns: int = 0
    failed: int = 0
    discarded: int = 0
    unauthorised: int = 0
    denied_checks: int = 0
    missing_receipts: int = 0
    first_receipt_at: datetime | None = None
    last_receipt_at: datetime | None = None
    shots: set[str] = field(default_factory=set)

    @property
    def receipts(self) -> int:
        """Receipts of the period that had a lease."""
        return self.frames + self.lines + self.others + self.failed + self.discarded


def use_in_period(
    production_id: UUID, jtis: Iterable[UUID], *, begins: datetime, ends: datetime, size: int | None = None
) -> dict[UUID, PeriodUse]:
    """Count receipts, refusals and silences of each licence from ``begins`` to before ``ends``; 4 statements.

    Args:
        size: of the log, where only its first leaves count.
    """
    wanted = list(jtis)
    found = {jti: PeriodUse() for jti in wanted}
    log = ProductionLog.objects.filter(production_id=production_id).values_list("pk", flat=True).first()
    facts = {
        "log": log,
        "tokens": wanted,
        "begins": begins,
        "ends": ends,
        "frame": int(EntryKind.FRAME),
        "size": size,
    }
    if not wanted:
        return found
    with connection.cursor() as cursor:
        if log is not None:
            cursor.execute(_RECEIPTS, facts)
            for jti, counter, outcome, number, unique, first, last, shots in cursor.fetchall():
                _add(found[jti], counter, outcome, number, unique, (first, last), shots)
        cursor.execute(_GAPS, facts)
        for jti, number in cursor.fetchall():
            found[jti].missing_receipts = number
        cursor.execute(_STRAYS, facts)
        for jti, number in cursor.fetchall():
            found[jti].unauthorised = number
        cursor.execute(_REFUSED, facts)
        for jti, number in cursor.fetchall():
            found[jti].denied_checks = number
    return found


def _add(
    use: PeriodUse,
    counter: str,
    outcome: int,
    number: int,
    unique: int,
    between: tuple[datetime, datetime],
    shots: list[str],
) -> None:
    if outcome in {FrameOutcome.RENDERED, FrameOutcome.RERENDER_OF}:
        if counter == Counter.FRAMES:
            use.frames += number
            use.unique_frames = max(use.unique_frames, unique)
        elif counter == Counter.LINES:
            use.lines += number
        else:
            use.others += number
        use.reruns += number if outcome == FrameOutcome.RERENDER_OF else 0
    elif outcome == FrameOutcome.FAILED:
        use.failed += number
    else:
        use.discarded += number
    use.shots.update(shots)
    use.first_receipt_at = min(use.first_receipt_at or between[0], between[0])
    use.last_receipt_at = max(use.last_receipt_at or between[1], between[1])


_RECEIPTS = """
select l.token_jti, l.counter, e.outcome, count(*), count(distinct (l.shot, e.frame)),
       min(e.received_at), max(e.received_at), array_agg(distinct l.shot)
from receipts_logentry e join receipts_lease l on l.id = e.lease
where e.log_id = %(log)s and e.kind = %(frame)s and l.token_jti = any(%(tokens)s)
  and e.received_at >= %(begins)s and e.received_at < %(ends)s
  and (%(size)s::bigint is null or e.idx < %(size)s::bigint)
group by 1, 2, 3
"""
# Reserved by leases that ran out in silence: whether anything was made of them nobody says.
_GAPS = """
select token_jti, sum("last" - "first" + 1)::bigint from receipts_lease
where token_jti = any(%(tokens)s) and state = 'EXPIRED' and units_used = 0
  and granted_at >= %(begins)s and granted_at < %(ends)s group by 1
"""
_STRAYS = """
select token_jti, count(*) from receipts_unauthorisedframe
where token_jti = any(%(tokens)s) and received_at >= %(begins)s and received_at < %(ends)s group by 1
"""
_REFUSED = """
select token_jti, count(*) from receipts_rendercheck
where token_jti = any(%(tokens)s) and at >= %(begins)s and at < %(ends)s
  and outcome not in ('ALLOW', 'ALLOW_WITH_OBLIGATIONS') group by 1
"""
