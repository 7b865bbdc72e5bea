"""Count the frames that come after their lease's end against its offline bounds and the quota.

Which frames were *begun* in time is judged row by row (:mod:`receipts.services.judge`); what is counted here
cannot be: only the first ``grace_frames`` frames finished after a lease's end are in bounds, and a lease that
was settled gave its unused units back, so they are debited again if there is room.

MUST be called inside the batch's transaction with its leases locked (shared is enough) and before a log is:
the lock order is lease, reckoning, quota, log.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import TypeAlias
from uuid import UUID

from django.db.models import F

from receipts.models import LogEntry, OfflineReckoning, Quota
from receipts.services.judge import IntakeCode, LeaseBounds, LeaseFacts, is_out_of_step, why_unauthorised
from receipts.services.lease import OPEN, USED
from trustcore.policy.vocabulary import Outcome
from trustcore.policy.vocabulary import Quota as CoreQuota
from trustcore.receipt import FrameRow
from trustcore.receipt.late import EXHAUSTED, LateFrame, share_out

Rows: TypeAlias = Iterable[tuple[int, FrameRow]]
Counter: TypeAlias = tuple[UUID, str]


def reckon_late(
    rows: Rows, leases: Mapping[str, LeaseBounds], *, now: datetime, skew: timedelta
) -> dict[int, IntakeCode]:
    """Return a code for each late row that no grace or quota is left for, by its number; debit the others.

    A batch whose leases all live costs no look at its rows; one without late rows no query.
    """
    late = {} if all(lease.is_live for lease in leases.values()) else _late(rows, leases, now, skew)
    if not late:
        return {}
    reckonings = _lock_reckonings(sorted(late))
    held = {lease.facts.pk: lease.facts for lease in leases.values()}
    settled = {pk: held[pk] for pk in late if held[pk].state not in OPEN}
    quotas = _lock_quotas({(lease.token_jti, lease.counter) for lease in settled.values()})
    codes: dict[int, IntakeCode] = {}
    for pk in sorted(late):
        quota = quotas.get((held[pk].token_jti, held[pk].counter)) if pk in settled else None
        codes |= _reckon(held[pk], late[pk], reckonings[pk], quota, is_settled=pk in settled)
    return codes


def _late(
    rows: Rows, leases: Mapping[str, LeaseBounds], now: datetime, skew: timedelta
) -> dict[int, list[tuple[int, FrameRow]]]:
    """Rows finished after their lease's end, or of a settled lease, that the times alone do not refuse."""
    late: dict[int, list[tuple[int, FrameRow]]] = defaultdict(list)
    for number, row in rows:
        lease = leases.get(row.lease)
        if lease is None or lease.is_live or row.outcome == Outcome.FAILED:
            continue
        facts = lease.facts
        if facts.state in OPEN and datetime.fromisoformat(row.finished_at) <= facts.expires_at:
            continue
        if is_out_of_step(row, lease, now=now, skew=skew):
            continue
        if why_unauthorised(lease, row) is None:
            late[facts.pk].append((number, row))
    return late


def _lock_reckonings(pks: list[int]) -> dict[int, OfflineReckoning]:
    OfflineReckoning.objects.bulk_create([OfflineReckoning(lease_id=pk) for pk in pks], ignore_conflicts=True)
    locked = OfflineReckoning.objects.select_for_update().filter(pk__in=pks).order_by("pk")
    return {row.pk: row for row in locked}


def _lock_quotas(wanted: set[Counter]) -> dict[Counter, Quota]:
    quotas: dict[Counter, Quota] = {}
    for jti, counter in sorted(wanted):
        quota = Quota.objects.select_for_update().filter(token_jti=jti, counter=counter).first()
        if quota is not None:
            quotas[jti, counter] = quota
    return quotas


def _reckon(
    lease: LeaseFacts,
    rows: list[tuple[int, FrameRow]],
    reckoning: OfflineReckoning,
    quota: Quota | None,
    *,
    is_settled: bool,
) -> dict[int, IntakeCode]:
    known = {
        (frame, take): outcome
        for frame, take, outcome in LogEntry.objects.filter(log_id=lease.log_id, lease=lease.pk).values_list(
            "frame", "take", "outcome"
        )
    }
    # one place in the log, one count: a row sent twice shares the fate of its first
    numbers: dict[tuple[int, int], list[int]] = defaultdict(list)
    frames = []
    for number, row in rows:
        key = row.frame, row.take
        if key in known:
            continue
        if key not in numbers:
            finished_at = datetime.fromisoformat(row.finished_at)
            frames.append(LateFrame(number, row.frame, finished_at, finished_at > lease.expires_at))
        numbers[key].append(number)
    room = quota.most - quota.granted if quota else 0
    codes, used, debited = share_out(
        frames,
        grace_left=lease.grace_frames - reckoning.frames,
        room=room if is_settled else None,
        paid=frozenset(
            frame for (frame, _), outcome in known.items() if frame is not None and outcome in USED
        ),
        exhausted=EXHAUSTED[CoreQuota(lease.counter)],
    )
    if used or debited:
        OfflineReckoning.objects.filter(pk=lease.pk).update(
            frames=F("frames") + used, debited=F("debited") + debited
        )
    if quota is not None and debited:
        quota.granted += debited  # several leases of one batch may share the row
        quota.save(update_fields=["granted"])
    return {
        number: IntakeCode(codes[same[0]].value)
        for same in numbers.values()
        if same[0] in codes
        for number in same
    }
