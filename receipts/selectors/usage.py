"""What was made under licences in a period, counted from the log itself."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import connection

from receipts.models import Counter, EntryKind, FrameOutcome, ProductionLog
from receipts.tallies import QUARTER_SECONDS


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
    """Count receipts, refusals and silences of each licence from ``begins`` to before ``ends``; 3 statements.

    Days, which begin at a quarter of an hour everywhere, are read from the kept counts; of other moments, or of the first
    leaves alone, every receipt is counted.

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
            kept = size is None and is_quarter(begins) and is_quarter(ends)
            cursor.execute(_KEPT if kept else _RECEIPTS, facts)
            for jti, counter, outcome, number, unique, first, last, shots in cursor.fetchall():
                _add(found[jti], counter, outcome, number, unique, (first, last), shots)
        cursor.execute(_OTHERS, facts)
        for what, jti, number in cursor.fetchall():
            setattr(found[jti], what, number)
    return found


def is_quarter(moment: datetime) -> bool:
    """Whether a quarter of an hour begins then."""
    return moment.timestamp() % QUARTER_SECONDS == 0


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
_KEPT = """
with by_shot as (
    select token_jti, counter, shot, sum(rendered) as rendered, sum(again) as again, sum(failed) as failed,
        sum(discarded) as discarded, range_agg(as_rendered) as as_rendered, range_agg(as_again) as as_again,
        min(first_at) as first_at, max(last_at) as last_at
    from receipts_frametally
    where log_id = %(log)s and token_jti = any(%(tokens)s)
        and quarter >= extract(epoch from %(begins)s::timestamptz) / 900
        and quarter < extract(epoch from %(ends)s::timestamptz) / 900
    group by 1, 2, 3)
select token_jti, counter, outcome, sum(number)::bigint, sum(different)::bigint, min(first_at), max(last_at),
    array_agg(shot)
from by_shot cross join lateral (values
    (1, rendered, (select coalesce(sum(upper(r) - lower(r)), 0) from unnest(as_rendered) r)),
    (4, again, (select coalesce(sum(upper(r) - lower(r)), 0) from unnest(as_again) r)),
    (2, failed, 0), (3, discarded, 0)) as o(outcome, number, different)
where number > 0 group by 1, 2, 3
"""
# The first: reserved by leases that ran out in silence; whether anything was made of them nobody says.
_OTHERS = """
select 'missing_receipts', token_jti, sum("last" - "first" + 1)::bigint from receipts_lease
where token_jti = any(%(tokens)s) and state = 'EXPIRED' and units_used = 0
  and granted_at >= %(begins)s and granted_at < %(ends)s group by 2
union all
select 'unauthorised', token_jti, count(*) from receipts_unauthorisedframe
where token_jti = any(%(tokens)s) and received_at >= %(begins)s and received_at < %(ends)s group by 2
union all
select 'denied_checks', token_jti, count(*) from receipts_rendercheck
where token_jti = any(%(tokens)s) and at >= %(begins)s and at < %(ends)s
  and outcome in ('HOLD', 'DENY') group by 2
"""
