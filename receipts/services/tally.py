"""Keep the counts of :mod:`receipts.tallies`: each in the transaction of what is counted, under the lock that it holds.

Frames and checks are counted by who appends them, with the log locked; units that return, with their quota locked. So
a server that dies leaves either both or neither, and nobody waits for a count who did not wait before.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import connection, transaction

from receipts.models import Lease, ProductionLog
from receipts.tallies import QUARTER_SECONDS


def quarter_of(moment: datetime) -> int:
    """Quarters of an hour since 1970."""
    return int(moment.timestamp()) // QUARTER_SECONDS


def count_checks(*, log: ProductionLog, check_ids: Sequence[UUID]) -> None:
    """Count decisions that have just got their place, and the frames they leased. The caller holds the log."""
    if check_ids:
        with connection.cursor() as cursor:
            cursor.execute(_CHECKS, {"checks": list(check_ids), "log": log.pk})


def count_return(*, lease: Lease, units: int) -> None:
    """Count units that a settled lease gave back. The caller holds their quota."""
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into receipts_returntally as t (token_jti, counter, quarter, units) values (%s, %s, %s, %s)"
            " on conflict (token_jti, counter, quarter) do update set units = t.units + excluded.units",
            [lease.token_jti, lease.counter, quarter_of(lease.granted_at), units],
        )


def recount(*, log_id: int) -> None:
    """Make the counts of one log anew from its rows, with the log locked; leases must be quiet."""
    with transaction.atomic(), connection.cursor() as cursor:
        ProductionLog.objects.select_for_update(no_key=True).get(pk=log_id)
        for table, columns in TABLES.items():
            where = "token_jti in (select distinct token_jti from receipts_lease where log_id = %s)"
            cursor.execute(
                f"delete from receipts_{table}tally where {'log_id = %s' if 'log_id' in columns else where}",  # noqa: S608 - names of this module
                [log_id],
            )
            cursor.execute(
                f"insert into receipts_{table}tally ({columns}) select {columns} from receipts_counted_{table}s(%s)",  # noqa: S608
                [log_id],
            )


TABLES: Final = {
    "frame": "token_jti, block, shot, counter, quarter, log_id, rendered, again, failed, discarded, first_leaf,"
    " last_leaf, first_at, last_at, as_rendered, as_again, as_lost",
    "check": "token_jti, counter, quarter, log_id, allowed, refused, units, last_at",
    "shot": "token_jti, shot, log_id, first, last",
    "return": "token_jti, counter, quarter, units",
    "licence": "token_jti, log_id, rendered, again, failed, discarded, unauthorised, allowed, refused,"
    " first_receipt_at, last_receipt_at, last_check_at",
}
"""The tallies and their columns, as ``receipts_counted_*s`` (migration ``0080_kept_counts``) names them."""

# `offset 0`: one look into an index for each, whatever the planner believes of the tables
_CHECKS = """
with told as materialized (
    select c.*, c.outcome like 'ALLOW%%' as is_allowed, floor(extract(epoch from c.at) / 900)::int as quarter
    from unnest(%(checks)s::uuid[]) as asked(id) cross join lateral (
        select id, token_jti, counter, at, outcome, units_reserved from receipts_rendercheck
        where id = asked.id offset 0) c
    where c.token_jti is not null),
in_all as (
    insert into receipts_licencetally as t (token_jti, log_id, allowed, refused, last_check_at)
    select token_jti, %(log)s, count(*) filter (where is_allowed), count(*) filter (where not is_allowed), max(at)
    from told group by token_jti order by token_jti
    on conflict (token_jti, log_id) do update set allowed = t.allowed + excluded.allowed,
        refused = t.refused + excluded.refused, last_check_at = greatest(t.last_check_at, excluded.last_check_at)),
by_shot as (
    insert into receipts_shottally as t (token_jti, shot, log_id, first, last)
    select l.token_jti, l.shot, %(log)s, min(l.first), max(l.last)
    from told cross join lateral (
        select token_jti, shot, first, last from receipts_lease
        where check_id = told.id and counter = 'frames' offset 0) l
    where told.units_reserved > 0
    group by l.token_jti, l.shot order by l.token_jti, l.shot
    on conflict (token_jti, shot) do update set first = least(t.first, excluded.first),
        last = greatest(t.last, excluded.last))
insert into receipts_checktally as t (token_jti, counter, quarter, log_id, allowed, refused, units, last_at)
select token_jti, counter, quarter, %(log)s, count(*) filter (where is_allowed),
    count(*) filter (where not is_allowed), sum(units_reserved), max(at)
from told group by token_jti, counter, quarter order by token_jti, counter, quarter
on conflict (token_jti, counter, quarter) do update set allowed = t.allowed + excluded.allowed,
    refused = t.refused + excluded.refused, units = t.units + excluded.units,
    last_at = greatest(t.last_at, excluded.last_at)
"""
