"""Reads of the kept counts, with the checks that still wait for their place in a log: exact in one statement."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection

from receipts.tallies import QUARTER_SECONDS

# Of what waits there are seconds' worth; `offset 0`: one look into an index for each.
_WAITING: Final = """
with waiting as materialized (
select c.* from receipts_pendingentry p cross join lateral (
    select id, token_jti, production_id, counter, at, outcome like 'ALLOW%%' as is_allowed, units_reserved
    from receipts_rendercheck where id = p.ref offset 0) c
where p.kind = 2)
"""
_LICENCES: Final = """
select token_jti, sum(rendered)::bigint, sum(failed)::bigint, sum(discarded)::bigint, sum(unauthorised)::bigint,
    sum(allowed)::bigint, sum(refused)::bigint, min(first_at), max(last_at), max(check_at)
from (
    select token_jti, rendered + again as rendered, failed, discarded, unauthorised, allowed, refused,
        first_receipt_at as first_at, last_receipt_at as last_at, last_check_at as check_at
    from receipts_licencetally where token_jti = any(%(tokens)s)
    union all
    select token_jti, 0, 0, 0, 0, is_allowed::int, (not is_allowed)::int, null, null, at
    from waiting where token_jti = any(%(tokens)s)
) kept group by token_jti
"""
_NAMES: Final = (
    "rendered", "failed", "discarded", "unauthorised", "allowed_checks", "refused_checks",
    "first_receipt_at", "last_receipt_at", "last_check_at",
)  # fmt: skip
_PRODUCTION: Final = """
select l.size, l.frontier, coalesce(sum(t.rendered + t.again), 0)::bigint,
    (coalesce(sum(t.refused), 0)
        + (select count(*) from waiting where not is_allowed and production_id = l.production_id))::bigint,
    coalesce(sum(t.unauthorised), 0)::bigint
from receipts_productionlog l left join receipts_licencetally t on t.log_id = l.id
where l.production_id = %(production)s group by l.id
"""
_LATELY: Final = """
select token_jti, counter, sum(units)::bigint from (
    select token_jti, counter, units from receipts_checktally
    where token_jti = any(%(tokens)s) and quarter >= %(quarter)s
    union all
    select token_jti, counter, -units from receipts_returntally
    where token_jti = any(%(tokens)s) and quarter >= %(quarter)s
    union all
    select token_jti, counter, units_reserved from waiting where token_jti = any(%(tokens)s)
) kept group by 1, 2
"""


def kept_counts(jtis: Iterable[UUID]) -> dict[UUID, dict[str, Any]]:
    """Receipts and checks under each token, by name; never used: not there. 1 query."""
    rows = _ask(_LICENCES, {"tokens": list(jtis)})
    return {jti: dict(zip(_NAMES, values, strict=True)) for jti, *values in rows}


def production_counts(production_id: UUID) -> tuple[int, bytes, int, int, int] | None:
    """Size and frontier of a production's log, frames rendered, checks refused, frames without a lease; 1 query.

    None: it has no log yet.
    """
    rows = _ask(_PRODUCTION, {"production": production_id})
    if not rows:
        return None
    size, frontier, rendered, refused, strays = rows[0]
    return size, bytes(frontier), rendered, refused, strays


def units_since(jtis: Iterable[UUID], since: datetime) -> Mapping[tuple[UUID, str], int]:
    """Units that leases took and did not give back, by token and counter; 1 query.

    From the beginning of the quarter of an hour of ``since`` on, by when the leases were granted.
    """
    quarter = int(since.timestamp()) // QUARTER_SECONDS
    rows = _ask(_LATELY, {"tokens": list(jtis), "quarter": quarter})
    return {(jti, counter): units for jti, counter, units in rows}


@dataclass(frozen=True, slots=True)
class Quarter:
    """What happened under a token in one quarter of an hour, which begins at ``begins`` seconds since 1970."""

    begins: int
    made: int
    allowed: int
    refused: int
    first_receipt_at: datetime | None
    last_receipt_at: datetime | None
    last_check_at: datetime | None


_QUARTERS: Final = """
select quarter, sum(made)::bigint, sum(allowed)::bigint, sum(refused)::bigint, min(first_at), max(last_at), max(check_at)
from (
    select quarter, rendered + again as made, 0 as allowed, 0 as refused, first_at, last_at, null::timestamptz as check_at
    from receipts_frametally where token_jti = %(token)s
    union all
    select quarter, 0, allowed, refused, null, null, last_at from receipts_checktally where token_jti = %(token)s
    union all
    select floor(extract(epoch from at) / 900)::int, 0, is_allowed::int, (not is_allowed)::int, null, null, at
    from waiting where token_jti = %(token)s
) kept group by quarter order by quarter
"""


def quarters_of(jti: UUID) -> list[Quarter]:
    """What happened under a token, a quarter of an hour at a time, in order; 1 query."""
    return [Quarter(row[0] * QUARTER_SECONDS, *row[1:]) for row in _ask(_QUARTERS, {"token": jti})]


_SHOTS: Final = """
select shot, min(first), max(last) from (
    select shot, first, last from receipts_shottally where token_jti = %(token)s
    union all
    select l.shot, l.first, l.last from waiting w cross join lateral (
        select shot, first, last from receipts_lease where check_id = w.id and counter = 'frames' offset 0) l
    where w.token_jti = %(token)s and w.units_reserved > 0
) kept group by shot
"""


def leased_shots(jti: UUID) -> dict[str, tuple[int, int]]:
    """The first and the last frame that was ever leased of each shot under a token; 1 query."""
    return {shot: (first, last) for shot, first, last in _ask(_SHOTS, {"token": jti})}


@dataclass(frozen=True, slots=True)
class ShotFrames:
    """Which frames of a shot have receipts, as half-open ranges in order; each frame once."""

    made: tuple[tuple[int, int], ...]
    again: tuple[tuple[int, int], ...]
    lost: tuple[tuple[int, int], ...]


_RANGES: Final = """
select shot, range_agg(as_rendered + as_again), range_agg(as_again), range_agg(as_lost) from receipts_frametally
where token_jti = %(token)s and counter = 'frames' and shot = any(%(shots)s) group by shot
"""


def frames_of(jti: UUID, shots: Iterable[str]) -> dict[str, ShotFrames]:
    """Which frames of these shots have receipts under a token; 1 query."""
    rows = _ask(_RANGES, {"token": jti, "shots": list(shots)})
    return {
        shot: ShotFrames(*(tuple((one.lower, one.upper) for one in ranges) for ranges in kinds))
        for shot, *kinds in rows
    }


def _ask(sql: str, facts: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(_WAITING + sql, facts)
        return list(cursor.fetchall())
