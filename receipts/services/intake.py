"""Take a batch of receipts: judge each row, give frames their place in the log, acknowledge once durable.

The order that must hold:

1. Rows are read and checked as they arrive; nothing is locked while a client sends. What is kept of a row
   meanwhile is its values, some 600 bytes, whatever the client wrapped them in.
2. One transaction begins. The batch's key is locked; a batch taken before gets the answer given then.
3. The leases named are locked shared, in order: none can end before this batch is in the log. Frames
   that come after their lease's end are counted against its grace and the quota
   (:mod:`receipts.services.reconcile`).
4. Each row is judged (:mod:`receipts.services.framing`).
5. The logs are locked, in order; checks that wait are drained first, since frames cite them.
6. Frames that a log holds already keep their place (:mod:`receipts.services.repeats`); the others are encoded,
   hashed and appended by ``COPY``, the frontier moves, the answer is kept. Commit: sequenced, acknowledged.
7. The publisher is told. Tiles and checkpoint follow within a second
   (:mod:`receipts.services.publisher`), or before the answer where the caller waits for them.

A body is one transaction, however long: a batch stands in the log whole or not at all, its rows together and in
their order, and its key has one answer. The log is held for step 6 alone, about six microseconds a row.

A frame without leave is recorded as ``UNAUTHORISED``, with the reason, wherever a production can be named:
by its lease, by the batch's ``project``, or because every other row belongs to one production. For that the
sender takes part in the production; to who does not, its leases read as unknown.
"""

import hashlib
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain, islice
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext as _

from accounts.principals import Principal
from common import clock
from common.errors import Conflict, InvalidInput, TooLarge
from licensing.selectors import takes_part
from receipts.models import LogPublication, PendingEntry, ProductionLog, ReceiptBatch, UnauthorisedFrame
from receipts.services.batches import (
    ACCEPTED,
    REFUSED,
    UNAUTHORISED,
    BatchAnswer,
    RowAnswer,
    Run,
    answer_of,
    count_rows,
    fold_runs,
    runs_of,
    unfold_runs,
)
from receipts.services.frame_count import FrameCount
from receipts.services.framing import Framed, Framing, Stray
from receipts.services.judge import LeaseFacts, bounds_of
from receipts.services.publish import publish_log
from receipts.services.publisher import CHANNEL
from receipts.services.reconcile import reckon_late
from receipts.services.repeats import Sifted, answer, has_repeats, known_frames, sift
from receipts.services.sequence import append_frames, drain_locked, lock_log, open_log
from trustcore.receipt import FrameRow, RowCode, parse_rows

_KEY_MAX = 200
_BLOCK_ROWS = 1_000
_NEWEST_EVENTS = (
    200  # grants that checks of this batch cite, and that nobody has drained yet, are among these
)


@dataclass(slots=True)
class _Parsed:
    """A batch as read: blocks of rows, or of codes where a row could not be read; the body's hash."""

    blocks: deque[list[FrameRow | RowCode]] = field(default_factory=deque)
    leases: set[str] = field(default_factory=set)
    body_sha256: bytes = b""
    rows: int = 0


def take_receipts(
    *,
    principal: Principal,
    batch_key: str,
    lines: Iterable[bytes],
    project: UUID | None = None,
    wait: bool = False,
) -> BatchAnswer:
    """Take a batch given line by line; see :func:`take_blocks`."""
    waiting = iter(lines)
    blocks = iter(lambda: list(islice(waiting, _BLOCK_ROWS)), [])
    return take_blocks(principal=principal, batch_key=batch_key, blocks=blocks, project=project, wait=wait)


def take_blocks(
    *,
    principal: Principal,
    batch_key: str,
    blocks: Iterable[Sequence[bytes]],
    project: UUID | None = None,
    wait: bool = False,
) -> BatchAnswer:
    """Take a batch; what is acknowledged is durable and has its place in the log.

    Args:
        batch_key: names the batch for this caller; empty: its content names it.
        blocks: lines, some at a time, one row a line, see :func:`trustcore.receipt.parse_rows`.
        project: the production that rows without a known lease belong to.
        wait: answer only once the published checkpoint covers the batch.

    Raises:
        Conflict: ``IDEMPOTENCY_CONFLICT``: the key was used for another batch.
        InvalidInput: ``BATCH_EMPTY``, ``IDEMPOTENCY_KEY_INVALID``.
        TooLarge: ``BATCH_TOO_LONG``.
        Unavailable: who waits: the log could not be published; the rows are safe, send the same batch again.
    """
    if len(batch_key) > _KEY_MAX or not batch_key.isprintable():
        raise InvalidInput("IDEMPOTENCY_KEY_INVALID", "Idempotency-Key: at most 200 printable characters.")
    parsed = _parse(blocks)  # 1
    key = batch_key or f"sha256:{parsed.body_sha256.hex()}"
    caller = (principal.credential or principal.person).pk
    with transaction.atomic():
        _lock_key(caller, key)  # 2
        kept = ReceiptBatch.objects.filter(caller_id=caller, key=key).first()
        is_new = kept is None
        if kept is None:
            kept = _take(principal, parsed, caller, key, project)  # 3 to 6
        elif bytes(kept.body_sha256) != parsed.body_sha256:
            raise Conflict("IDEMPOTENCY_CONFLICT", "This Idempotency-Key was used for another batch.")
    if is_new and not wait:
        _wake_publisher()
    if wait:
        for log in ProductionLog.objects.filter(pk__in=kept.sizes):
            publish_log(production_id=log.production_id, at_least=kept.sizes[str(log.pk)])  # 7
    return answer_of(kept, is_published=wait or (not is_new and _is_published(kept)))


def _parse(blocks: Iterable[Sequence[bytes]]) -> _Parsed:
    parsed, digest = _Parsed(), hashlib.sha256()
    for lines in blocks:
        parsed.rows += len(lines)
        if parsed.rows > settings.BATCH_ROWS_MAX:
            raise TooLarge(
                "BATCH_TOO_LONG",
                _("At most %(batch_rows_max)s rows a batch; cut it in two.")
                % {"batch_rows_max": settings.BATCH_ROWS_MAX},
            )
        digest.update(b"\n".join(lines))
        digest.update(b"\n")
        rows = parse_rows(lines)
        parsed.blocks.append(rows)
        parsed.leases.update({row.lease for row in rows if isinstance(row, FrameRow)})
    if not parsed.rows:
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
    framing = _frame(principal, parsed, project, now)  # 3, 4
    answers = [RowAnswer(number, REFUSED, code, None) for number, code in framing.refused.items()]
    runs: list[Run] = []
    sizes: dict[str, int] = {}
    for log_id, framed in sorted(framing.logs.items()):
        log = lock_log(log_id=log_id)  # 5
        if PendingEntry.objects.filter(production_id=log.production_id).exists():
            drain_locked(log=log, newest_events=_NEWEST_EVENTS)
        known = known_frames(log_id, framed)  # 6
        if has_repeats(framed, known):
            answers += _append_new(log, framed, sift(framed, known), principal, now)
        else:
            count = FrameCount(log, framed, now)
            first = append_frames(log=log, packed=count.behind(framed.packed(log_id, now)))
            count.keep()
            runs += runs_of(framed.numbers, first)
        sizes[str(log_id)] = log.size
    if answers:
        runs = fold_runs(sorted([*answers, *unfold_runs(runs)]))
    return _keep(caller, key, parsed.body_sha256, sizes, sorted(runs))


def _frame(principal: Principal, parsed: _Parsed, project: UUID | None, now: datetime) -> Framing:
    """Judge every row by its lease and put it with those of its log."""
    skew = timedelta(seconds=settings.CLOCK_SKEW_SECONDS)
    leases = _known_to(principal, _lock_leases(parsed.leases))  # 3
    bounds = {
        str(facts.uid): bounds_of(facts, organisation_id=principal.organisation_id, now=now, skew=skew)
        for facts in leases
    }
    late = reckon_late(_numbered(parsed.blocks), bounds, now=now, skew=skew)
    framing = Framing(leases=bounds, home=_home(principal, project, leases), late=late, now=now, skew=skew)
    begin = 0
    while parsed.blocks:
        block = parsed.blocks.popleft()
        framing.take(begin, block)  # 4
        begin += len(block)
    return framing


def _numbered(blocks: Iterable[list[FrameRow | RowCode]]) -> Iterator[tuple[int, FrameRow]]:
    """The rows that could be read, with their numbers."""
    for number, row in enumerate(chain.from_iterable(blocks)):
        if isinstance(row, FrameRow):
            yield number, row


def _lock_leases(uids: set[str]) -> list[LeaseFacts]:
    with connection.cursor() as cursor:
        cursor.execute(
            "select id, uid, check_id, log_id, token_jti, production_id, organisation_id, shot, counter, first,"
            " last, state, granted_at, expires_at, grace_seconds, grace_frames, window_ends_at, ended_at, end_reason"
            " from receipts_lease where uid = any(%s::uuid[]) order by id for share",
            [sorted(uids)],
        )
        return [LeaseFacts(*row) for row in cursor]


def _known_to(principal: Principal, leases: list[LeaseFacts]) -> list[LeaseFacts]:
    """The leases of productions that the sender takes part in: nobody else writes into their logs."""
    mine = principal.organisation_id
    others = {lease.production_id for lease in leases if lease.organisation_id != mine}
    closed = {production_id for production_id in others if not takes_part(mine, production_id)}
    return [lease for lease in leases if lease.production_id not in closed]


def _home(principal: Principal, project: UUID | None, leases: Iterable[LeaseFacts]) -> int | None:
    """The log of rows that name no known lease, if it can be told."""
    if project is not None:
        part = takes_part(principal.organisation_id, project)
        return open_log(production_id=project).pk if part else None
    own = {lease.log_id for lease in leases if lease.organisation_id == principal.organisation_id}
    return own.pop() if len(own) == 1 else None


def _append_new(
    log: ProductionLog, framed: Framed, sifted: Sifted, principal: Principal, now: datetime
) -> list[RowAnswer]:
    """Append the rows that the log does not hold yet; say of each row where it stands."""
    fresh = sifted.fresh
    count, first = FrameCount(log, framed, now, fresh), log.size
    if fresh:
        append_frames(log=log, packed=count.behind(framed.packed(log.pk, now, fresh)))
        count.keep()
    places = dict(zip(fresh, range(first, first + len(fresh)), strict=True))
    _note_unauthorised(
        log, [(framed.strays[at], places[at]) for at in fresh if at in framed.strays], principal, now
    )
    placed = [(at, at) for at in fresh] + sifted.again
    return sifted.answers + [
        answer(framed.numbers[at], framed.strays[at].code if at in framed.strays else None, places[where])
        for at, where in placed
    ]


def _note_unauthorised(
    log: ProductionLog, strays: Sequence[tuple[Stray, int]], principal: Principal, now: datetime
) -> None:
    UnauthorisedFrame.objects.bulk_create(
        UnauthorisedFrame(
            log=log,
            idx=index,
            token_jti=lease.facts.token_jti if lease else None,
            lease_uid=UUID(row.lease),
            frame=row.frame,
            shot=lease.facts.shot if lease else "",
            code=code,
            reported_by=principal.organisation_id,
            received_at=now,
        )
        for (row, lease, code), index in strays
    )


def _wake_publisher() -> None:
    """Say that there is work; the publisher would look by itself a fifth of a second later.

    After the commit: transactions that notify commit one after the other, in all logs together.
    """
    with connection.cursor() as cursor:
        cursor.execute("select pg_notify(%s, '')", [CHANNEL])


def _keep(caller: UUID, key: str, body_sha256: bytes, sizes: dict[str, int], runs: list[Run]) -> ReceiptBatch:
    counts = count_rows(runs)
    return ReceiptBatch.objects.create(
        caller_id=caller,
        key=key,
        body_sha256=body_sha256,
        accepted=counts[ACCEPTED],
        unauthorised=counts[UNAUTHORISED],
        refused=counts[REFUSED],
        sizes=sizes,
        runs=runs,
    )


def _is_published(batch: ReceiptBatch) -> bool:
    published = dict(LogPublication.objects.filter(pk__in=batch.sizes).values_list("pk", "size"))
    return all(published.get(int(log), 0) >= size for log, size in batch.sizes.items())
