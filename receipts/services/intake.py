"""Take a batch of receipts: judge each row, give frames their place in the log, acknowledge once durable.

The order that must hold:

1. Rows are parsed as they arrive; nothing is locked while a client sends.
2. One transaction begins. The batch's key is locked; a batch taken before gets the answer given then.
3. The leases named are locked shared, in order: none can end before this batch is in the log. Frames
   that come after their lease's end are counted against its grace and the quota (``reconcile``).
4. The logs are locked, in order; checks and events that wait are drained first, since frames cite them.
5. Each row is judged: repeated, in conflict, out of step with the clock, without leave, or good.
6. Frames are appended by ``COPY``, the frontier moves, the answer is kept. Commit.
7. The log is published; then the answer goes out. If that fails the rows stay and the client asks again.

A frame without leave is recorded as ``UNAUTHORISED``, with the reason, wherever a production can be named:
by its lease, by the batch's ``project``, or because every other row belongs to one production. For that the
sender takes part in the production; to who does not, its leases read as unknown.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from accounts.principals import Principal
from common import clock
from common.errors import Conflict, InvalidInput, TooLarge
from licensing.selectors import takes_part
from receipts.models import Lease, ProductionLog, ReceiptBatch, UnauthorisedFrame
from receipts.services.batches import (
    ACCEPTED,
    REFUSED,
    UNAUTHORISED,
    BatchAnswer,
    RowAnswer,
    answer_of,
    fold_runs,
)
from receipts.services.judge import (
    IntakeCode,
    Judged,
    Key,
    is_out_of_step,
    leaf_of,
    tells_the_same,
    why_unauthorised,
)
from receipts.services.publish import publish_log
from receipts.services.reconcile import reckon_late
from receipts.services.sequence import append_frames, drain_locked, lock_log, open_log
from trustcore.receipt import FrameRow, RowRefused, parse_row

_KEY_MAX = 200


@dataclass(slots=True)
class _Parsed:
    """A batch as read: rows by their number, refusals of rows that could not be read, the body's hash."""

    rows: list[tuple[int, FrameRow]] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)
    body_sha256: bytes = b""


def take_receipts(
    *, principal: Principal, batch_key: str, lines: Iterable[bytes], project: UUID | None = None
) -> BatchAnswer:
    """Take a batch; what is acknowledged is durable, in the log and covered by its checkpoint.

    Args:
        batch_key: names the batch for this caller; empty: its content names it.
        lines: one row each, see :func:`trustcore.receipt.parse_row`.
        project: the production that rows without a known lease belong to.

    Raises:
        Conflict: ``IDEMPOTENCY_CONFLICT``: the key was used for another batch.
        InvalidInput: ``BATCH_EMPTY``, ``IDEMPOTENCY_KEY_INVALID``.
        TooLarge: ``BATCH_TOO_LONG``.
        Unavailable: the log could not be published; the rows are safe, the same batch may be sent again.
    """
    if len(batch_key) > _KEY_MAX or not batch_key.isprintable():
        raise InvalidInput("IDEMPOTENCY_KEY_INVALID", "Idempotency-Key: at most 200 printable characters.")
    parsed = _parse(lines)  # 1
    key = batch_key or f"sha256:{parsed.body_sha256.hex()}"
    caller = (principal.credential or principal.person).pk
    with transaction.atomic():
        _lock_key(caller, key)  # 2
        kept = ReceiptBatch.objects.filter(caller_id=caller, key=key).first()
        if kept is None:
            kept = _take(principal, parsed, caller, key, project)  # 3 to 6
        elif bytes(kept.body_sha256) != parsed.body_sha256:
            raise Conflict("IDEMPOTENCY_CONFLICT", "This Idempotency-Key was used for another batch.")
    for log in ProductionLog.objects.filter(pk__in=kept.sizes):
        publish_log(production_id=log.production_id, at_least=kept.sizes[str(log.pk)])  # 7
    return answer_of(kept)


def _parse(lines: Iterable[bytes]) -> _Parsed:
    parsed, digest = _Parsed(), hashlib.sha256()
    for number, line in enumerate(lines):
        if number >= settings.BATCH_ROWS_MAX:
            raise TooLarge(
                "BATCH_TOO_LONG", f"At most {settings.BATCH_ROWS_MAX} rows a batch; cut it in two."
            )
        digest.update(line)
        digest.update(b"\n")
        try:
            parsed.rows.append((number, parse_row(line)))
        except RowRefused as refusal:
            parsed.refused[number] = refusal.code
    if not parsed.rows and not parsed.refused:
        raise InvalidInput("BATCH_EMPTY", "The batch holds no row.")
    parsed.body_sha256 = digest.digest()
    return parsed


def _lock_key(caller: UUID, key: str) -> None:
    """One batch of a key at a time, in every server, until the transaction ends."""
    name = hashlib.sha256(f"batch\n{caller}\n{key}".encode()).digest()
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s)", [int.from_bytes(name[:8], "big", signed=True)])


def _take(
    principal: Principal, parsed: _Parsed, caller: UUID, key: str, project: UUID | None
) -> ReceiptBatch:
    now = clock.now()
    answers = {number: RowAnswer(number, REFUSED, code, None) for number, code in parsed.refused.items()}
    sizes: dict[str, int] = {}
    for log_id, judged in sorted(_judge(principal, parsed, project, answers, now).items()):
        log = lock_log(log_id=log_id)  # 4
        drain_locked(log=log)
        answers |= _append(log, judged, principal, now)  # 5, 6
        sizes[str(log_id)] = log.size
    statuses = [answer.status for answer in answers.values()]
    return ReceiptBatch.objects.create(
        caller_id=caller,
        key=key,
        body_sha256=parsed.body_sha256,
        accepted=statuses.count(ACCEPTED),
        unauthorised=statuses.count(UNAUTHORISED),
        refused=statuses.count(REFUSED),
        sizes=sizes,
        runs=fold_runs(answers[number] for number in sorted(answers)),
    )


def _judge(
    principal: Principal,
    parsed: _Parsed,
    project: UUID | None,
    answers: dict[int, RowAnswer],
    now: datetime,
) -> dict[int, list[Judged]]:
    """Judge every row by its lease, log by log; rows refused here go straight into ``answers``."""
    leases = _known_to(principal, _lock_leases({row.lease for _, row in parsed.rows}))  # 3
    home = _home(principal, project, leases.values())
    skew = timedelta(seconds=settings.CLOCK_SKEW_SECONDS)
    late = reckon_late(parsed.rows, leases, organisation_id=principal.organisation_id, now=now)
    judged: dict[int, list[Judged]] = {}
    for number, row in parsed.rows:
        lease = leases.get(row.lease)
        log_id = lease.log_id if lease else home
        if log_id is None:
            answers[number] = RowAnswer(number, REFUSED, IntakeCode.LEASE_UNKNOWN, None)
        elif is_out_of_step(row, lease, now=now, skew=skew):
            answers[number] = RowAnswer(number, REFUSED, IntakeCode.CLOCK_SKEW, None)
        else:
            code = late.get(number) or why_unauthorised(
                row, lease, organisation_id=principal.organisation_id, now=now
            )
            one = Judged(number, row, lease, code, leaf_of(row, lease, code))
            judged.setdefault(log_id, []).append(one)
    return judged


def _lock_leases(uids: set[str]) -> dict[str, Lease]:
    rows = Lease.objects.raw(
        "select * from receipts_lease where uid = any(%s::uuid[]) order by id for share", [sorted(uids)]
    )
    return {str(lease.uid): lease for lease in rows}


def _known_to(principal: Principal, leases: dict[str, Lease]) -> dict[str, Lease]:
    """The leases of productions that the sender takes part in: nobody else writes into their logs."""
    mine = principal.organisation_id
    others = {lease.production_id for lease in leases.values() if lease.organisation_id != mine}
    closed = {production_id for production_id in others if not takes_part(mine, production_id)}
    return {uid: lease for uid, lease in leases.items() if lease.production_id not in closed}


def _home(principal: Principal, project: UUID | None, leases: Iterable[Lease]) -> int | None:
    """The log of rows that name no known lease, if it can be told."""
    if project is not None:
        part = takes_part(principal.organisation_id, project)
        return open_log(production_id=project).pk if part else None
    own = {lease.log_id for lease in leases if lease.organisation_id == principal.organisation_id}
    return own.pop() if len(own) == 1 else None


def _append(
    log: ProductionLog, judged: Sequence[Judged], principal: Principal, now: datetime
) -> dict[int, RowAnswer]:
    """Append the rows that the log does not hold yet; say of each row where it stands."""
    known = _known(log, judged)
    fresh: dict[Key, Judged] = {}
    again: list[tuple[Judged, Key]] = []
    answers: dict[int, RowAnswer] = {}
    for one in judged:
        earlier = _earlier(one, known, fresh)
        if earlier is None:
            fresh[one.key] = one
        elif isinstance(earlier, RowAnswer):
            answers[one.number] = earlier
        else:
            again.append((one, earlier))
    first = append_frames(log=log, leaves=[one.leaf for one in fresh.values()], received_at=now)
    places = dict(zip(fresh, range(first, first + len(fresh)), strict=True))
    for one in fresh.values():
        answers[one.number] = _placed(one, places[one.key])
    for one, key in again:
        answers[one.number] = _placed(one, places[key])
    _note_unauthorised(log, [(one, places[key]) for key, one in fresh.items() if one.code], principal, now)
    return answers


def _earlier(
    one: Judged, known: dict[Key, tuple[int, bytes]], fresh: dict[Key, Judged]
) -> RowAnswer | Key | None:
    """What came before of the same frame: its answer, the key of a row of this batch, or nothing."""
    with_leave = (one.lease.pk, one.row.frame, one.row.take) if one.lease else one.key
    for key in dict.fromkeys((with_leave, one.key)):
        if key in known:
            index, entry = known[key]
            if tells_the_same(entry, one.row):
                code = one.code if key == one.key else None  # told while it had leave: it keeps it
                return RowAnswer(one.number, UNAUTHORISED if code else ACCEPTED, code, index)
        elif key in fresh:
            if tells_the_same(fresh[key].leaf.entry, one.row):
                return key
        else:
            continue
        if one.code is None:
            return RowAnswer(one.number, REFUSED, IntakeCode.FRAME_CONFLICT, None)
    return None


def _placed(one: Judged, index: int) -> RowAnswer:
    return RowAnswer(one.number, UNAUTHORISED if one.code else ACCEPTED, one.code, index)


def _known(log: ProductionLog, judged: Sequence[Judged]) -> dict[Key, tuple[int, bytes]]:
    """Frames of this batch that the log holds already: one short index range a lease.

    ``offset 0`` keeps the planner from joining the whole table, whatever it believes of its size.
    """
    ranges: dict[int, list[int]] = {}
    for one in judged:
        frame, take = one.row.frame, one.row.take
        for lease in {one.leaf.lease, one.lease.pk if one.lease else one.leaf.lease}:
            low, high, first, last = ranges.get(lease, (frame, frame, take, take))
            ranges[lease] = [min(low, frame), max(high, frame), min(first, take), max(last, take)]
    with connection.cursor() as cursor:
        cursor.execute(
            "select e.lease, e.frame, e.take, e.idx, e.entry"
            " from unnest(%s::bigint[], %s::int[], %s::int[], %s::int[], %s::int[])"
            " as l(id, low, high, first, last) cross join lateral ("
            "  select lease, frame, take, idx, entry from receipts_logentry"
            "  where log_id = %s and lease = l.id and frame between l.low and l.high"
            "  and take between l.first and l.last offset 0) e",
            [list(ranges), *map(list, zip(*ranges.values(), strict=True)), log.pk],
        )
        return {(lease, frame, take): (idx, bytes(entry)) for lease, frame, take, idx, entry in cursor}


def _note_unauthorised(
    log: ProductionLog, strays: Sequence[tuple[Judged, int]], principal: Principal, now: datetime
) -> None:
    UnauthorisedFrame.objects.bulk_create(
        UnauthorisedFrame(
            log=log,
            idx=index,
            token_jti=one.lease.token_jti if one.lease else None,
            lease_uid=UUID(one.row.lease),
            frame=one.row.frame,
            shot=one.lease.shot if one.lease else "",
            code=one.code or "",
            reported_by=principal.organisation_id,
            received_at=now,
        )
        for one, index in strays
    )
