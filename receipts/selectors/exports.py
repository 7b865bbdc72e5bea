"""Rows of a log for an export: page after page of leaves, so that memory does not grow with the log.

A page is an aligned block of leaf indexes. A whole log is every block; where only some leaves are wanted
(the checks, or the receipts of a few licences), the blocks that hold any are found first, by one pass over
the index that knows. No transaction stays open between pages: rows of a log never change, and nothing
beyond the checkpoint that the export names is read.

``offset 0`` keeps the planner from joining whole tables, whatever it believes of their size.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from receipts.models import Counter, EntryKind, ProductionLog
from receipts.selectors.logs import published_log
from trustcore.log.checkpoint import parse_checkpoint_text, parse_note
from trustcore.log.merkle import EMPTY_ROOT
from trustcore.receipt import FrameEntry, parse_entry

_BLOCK_BITS = 12
BLOCK = 1 << _BLOCK_BITS
Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class LogSlice:
    """What an export covers: leaves ``first`` to ``end`` (excluded) of a log as its checkpoint shows it.

    Attributes:
        size, root, checkpoint, vkey: of the published log; every row of the export is below ``size``.
        tokens: the licences whose rows are wanted; None: all of the log.
    """

    production_id: UUID
    log_id: int
    origin: str
    size: int
    root: bytes
    checkpoint: bytes
    vkey: bytes
    first: int
    end: int
    tokens: tuple[UUID, ...] | None = None


def slice_of(
    production_id: UUID, *, tokens: Iterable[UUID] | None = None, first: int = 0, last: int | None = None
) -> LogSlice:
    """The published leaves of a production from ``first`` to ``last``, both included; maybe none."""
    log = ProductionLog.objects.filter(production_id=production_id).first()
    published = published_log(production_id) if log else None
    size = published.size if published else 0
    end = size if last is None else min(last + 1, size)
    return LogSlice(
        production_id=production_id,
        log_id=log.pk if log else 0,
        origin=log.origin if log else "",
        size=size,
        root=published.root if published else EMPTY_ROOT,
        checkpoint=published.checkpoint if published else b"",
        vkey=published.vkey if published else b"",
        first=min(first, end),
        end=end,
        tokens=None if tokens is None else tuple(tokens),
    )


def slice_at(production_id: UUID, *, checkpoint: bytes, vkey: bytes) -> LogSlice:
    """The whole log as an earlier checkpoint showed it: what was kept of it stands in for what is published now."""
    said = parse_checkpoint_text(parse_note(checkpoint).text)
    log = ProductionLog.objects.filter(production_id=production_id).first()
    return LogSlice(
        production_id=production_id,
        log_id=log.pk if log else 0,
        origin=said.origin,
        size=said.size,
        root=said.root,
        checkpoint=checkpoint,
        vkey=vkey,
        first=0,
        end=said.size,
    )


def frame_pages(part: LogSlice) -> Iterator[list[Row]]:
    """Receipts in the order of the log, as :data:`receipts.exports.columns.RECEIPTS` names their values."""
    blocks = _every_block(part) if part.tokens is None else _blocks(part, _BLOCKS_OF_FRAMES)
    for page in _pages(part, blocks, _FRAMES):
        yield [_frame(row) for row in page]


def check_pages(part: LogSlice) -> Iterator[list[Row]]:
    """Decisions in the order of the log, as :data:`receipts.exports.columns.CHECKS` names their values."""
    found = _BLOCKS_OF_CHECKS if part.tokens is None else _BLOCKS_OF_CHECKS_OF_TOKENS
    for page in _pages(part, _blocks(part, found), _CHECKS, EntryKind.CHECKED):
        yield [(*facts, bytes(entry)) for *facts, entry in page]


def entry_pages(part: LogSlice) -> Iterator[list[Row]]:
    """Every leaf in order: index, kind, when it was received, its bytes."""
    for page in _pages(part, _every_block(part), _ENTRIES):
        yield [(idx, EntryKind(kind).label, at, bytes(entry)) for idx, kind, at, entry in page]


def _every_block(part: LogSlice) -> Iterable[int]:
    return range(part.first >> _BLOCK_BITS, ((part.end - 1) >> _BLOCK_BITS) + 1)


def _blocks(part: LogSlice, sql: str) -> Iterable[int]:
    """The numbers of the blocks that hold a wanted leaf: at most one for 4,096 leaves of the log."""
    facts: dict[str, Any] = {
        "log": part.log_id,
        "kind": int(EntryKind.CHECKED),
        "tokens": list(part.tokens or ()),
        "bits": _BLOCK_BITS,
    }
    with connection.cursor() as cursor:
        cursor.execute(sql, facts)
        return [number for (number,) in cursor.fetchall()]


def _pages(
    part: LogSlice, blocks: Iterable[int], sql: str, kind: EntryKind = EntryKind.FRAME
) -> Iterator[list[Row]]:
    for block in blocks:
        first, end = max(block << _BLOCK_BITS, part.first), min((block + 1) << _BLOCK_BITS, part.end)
        if first >= end:
            continue
        facts: dict[str, Any] = {
            "log": part.log_id,
            "first": first,
            "end": end,
            "kind": int(kind),
            "whole": part.tokens is None,
            "tokens": list(part.tokens or ()),
        }
        with connection.cursor() as cursor:
            cursor.execute(sql, facts)
            rows = cursor.fetchall()
        if rows:
            yield rows


_BLOCKS_OF_FRAMES = """
select e.idx >> %(bits)s from receipts_lease l cross join lateral (
    select idx from receipts_logentry where log_id = %(log)s and lease = l.id offset 0
) e where l.token_jti = any(%(tokens)s::uuid[])
union
select idx >> %(bits)s from receipts_unauthorisedframe
where log_id = %(log)s and token_jti = any(%(tokens)s::uuid[])
order by 1
"""
_BLOCKS_OF_CHECKS = """
select distinct idx >> %(bits)s from receipts_logentry
where log_id = %(log)s and ref is not null and kind = %(kind)s order by 1
"""
_BLOCKS_OF_CHECKS_OF_TOKENS = """
select distinct e.idx >> %(bits)s from receipts_rendercheck c cross join lateral (
    select idx from receipts_logentry where log_id = %(log)s and ref = c.id offset 0
) e where c.token_jti = any(%(tokens)s::uuid[]) order by 1
"""
# A frame's licence is its lease's; a frame without leave has it from the note taken at the door, if its
# lease was known at all.
_FRAMES = """
select e.idx, e.received_at, e.entry, coalesce(l.uid, u.lease_uid)::text, coalesce(l.shot, u.shot, ''),
    coalesce(l.counter, s.counter), coalesce(l.use_type, s.use_type),
    coalesce(l.token_jti, u.token_jti)::text, coalesce(l.terms_version, s.terms_version),
    coalesce(l.talent, s.talent), l.check_id::text, coalesce(u.code, '')
from receipts_logentry e
left join lateral (select * from receipts_lease where id = e.lease offset 0) l on e.lease > 0
left join lateral (
    select * from receipts_unauthorisedframe where log_id = e.log_id and idx = e.idx offset 0
) u on e.lease < 0
left join lateral (
    select * from receipts_lease where uid = u.lease_uid and token_jti = u.token_jti offset 0
) s on e.lease < 0
where e.log_id = %(log)s and e.idx >= %(first)s and e.idx < %(end)s and e.kind = %(kind)s
    and (%(whole)s or coalesce(l.token_jti, u.token_jti) = any(%(tokens)s::uuid[]))
order by e.idx
"""
_CHECKS = """
select e.idx, e.ref::text, c.at, c.outcome, c.reasons, c.obligations, c.token_jti::text, c.terms_version,
    c.use_type, c.construct, c.shot, c.task, c.worker, c.first, c.last, c.counter, c.units_asked,
    c.units_reserved, c.valid_until, c.lease_uid::text, c.policy_version, c.policy_hash,
    encode(c.input_sha256, 'hex'), e.entry
from receipts_logentry e
left join lateral (select * from receipts_rendercheck where id = e.ref offset 0) c on true
where e.log_id = %(log)s and e.idx >= %(first)s and e.idx < %(end)s and e.kind = %(kind)s
    and (%(whole)s or c.token_jti = any(%(tokens)s::uuid[]))
order by e.idx
"""
_ENTRIES = """
select idx, kind, received_at, entry from receipts_logentry
where log_id = %(log)s and idx >= %(first)s and idx < %(end)s order by idx
"""


def _frame(row: Row) -> Row:
    """One receipt: the licence's facts come from the lease, the frame's own from the entry."""
    idx, received_at, raw, lease, shot, counter, use_type, token, terms, talent, check, code = row
    raw = bytes(raw)
    entry = parse_entry(raw)
    if not isinstance(entry, FrameEntry):
        raise TypeError(f"leaf {idx} is no frame")
    return (
        idx,
        received_at,
        shot,
        entry.frame,
        entry.take,
        counter or Counter.FRAMES.value,
        entry.outcome.value,
        code,
        entry.file_sha256,
        entry.pixel_sha256,
        token,
        terms,
        check,
        lease,
        entry.mark,
        talent,
        use_type,
        datetime.fromisoformat(entry.started_at),
        datetime.fromisoformat(entry.finished_at),
        raw,
    )
