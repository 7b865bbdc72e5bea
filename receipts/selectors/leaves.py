"""Where the receipts of one licence stand in its log: found by the kept counts, read block by block."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db import connection

from receipts.models import FrameOutcome
from receipts.tallies import LEAF_BITS


@dataclass(frozen=True, slots=True)
class Leaves:
    """Leaves of a log, in order."""

    log_id: int
    leaves: list[int]


# Blocks of one log do not overlap, so the first that hold enough hold the first there are.
_BLOCKS: Final = """
select log_id, block, min(first_leaf), max(last_leaf), sum(case when true then
    rendered * (1 = any(%(outcomes)s))::int + again * (4 = any(%(outcomes)s))::int
    + failed * (2 = any(%(outcomes)s))::int + discarded * (3 = any(%(outcomes)s))::int end)
from receipts_frametally
where token_jti = %(token)s and block >= %(block)s and last_leaf > %(after)s and (%(shot)s = '' or shot = %(shot)s)
group by log_id, block order by block limit %(limit)s + 1
"""
_LEAVES: Final = """
(select e.idx, %(log)s from unnest(%(first)s::bigint[], %(last)s::bigint[]) as b(first, last)
cross join lateral (
    select idx, lease from receipts_logentry
    where log_id = %(log)s and idx between greatest(b.first, %(after)s + 1) and b.last and kind = 3
        and outcome = any(%(outcomes)s) and lease > 0 offset 0) e
cross join lateral (select token_jti, shot from receipts_lease where id = e.lease offset 0) l
where l.token_jti = %(token)s and (%(shot)s = '' or l.shot = %(shot)s)
order by e.idx limit %(limit)s)
union all
(select idx, log_id from receipts_unauthorisedframe
where token_jti = %(token)s and idx > %(after)s and (%(shot)s = '' or shot = %(shot)s) and 5 = any(%(outcomes)s)
order by idx limit %(limit)s)
order by 1 limit %(limit)s
"""


def leaves_of(
    jti: UUID, *, after: int, limit: int, outcomes: Iterable[FrameOutcome], shot: str
) -> Leaves | None:
    """The first ``limit`` leaves behind ``after`` that hold receipts of a token, or of one of its shots; 2 queries.

    None: there is none.
    """
    facts: dict[str, Any] = {
        "token": jti,
        "after": after,
        "block": max(after, 0) >> LEAF_BITS,
        "limit": limit,
        "outcomes": [int(one) for one in outcomes],
        "shot": shot,
        "log": 0,
        "first": [],
        "last": [],
    }
    enough = 0
    with connection.cursor() as cursor:
        cursor.execute(_BLOCKS, facts)
        for log_id, block, first, last, number in cursor.fetchall():
            if not number:
                continue
            facts["log"] = log_id
            facts["first"].append(first)
            facts["last"].append(last)
            if block != max(after, 0) >> LEAF_BITS:  # of the block of ``after`` some were seen
                enough += number
            if enough >= limit:
                break
        cursor.execute(_LEAVES, facts)
        rows = cursor.fetchall()
    return Leaves(rows[0][1], [idx for idx, _ in rows]) if rows else None
