"""The kept counts against the rows they count: what pages and reports say, counted again.

Tallies are no evidence and no append-only fact: one that differs is made anew from the log
(:func:`receipts.services.tally.recount`), after somebody has asked why.
"""

from collections.abc import Iterator

from django.db import connection

from receipts.inspection.findings import SHOWN, Fault
from receipts.models import ProductionLog
from receipts.services.tally import TABLES

# Those of a log alone; what returned to a quota names its licence, and that has one log.
_KEPT = {
    True: "log_id = %(log)s",
    False: "token_jti in (select token_jti from receipts_lease where log_id = %(log)s)",
}
_DIFFERS = """
with kept as (select {columns} from receipts_{table}tally where {mine}),
counted as (select {columns} from receipts_counted_{table}s(%(log)s))
select row_to_json(d)::text from (
    (select 'kept' as side, * from (select * from kept except select * from counted) k)
    union all
    (select 'counted', * from (select * from counted except select * from kept) c)
) d limit %(shown)s
"""


def count_faults(log: ProductionLog) -> Iterator[Fault]:
    """Counts that are not what the rows give; everything in one moment of the database each."""
    for table, columns in TABLES.items():
        text = _DIFFERS.format(table=table, columns=columns, mine=_KEPT["log_id" in columns])
        with connection.cursor() as cursor:
            cursor.execute(text, {"log": log.pk, "shown": 2 * SHOWN})
            for (said,) in cursor.fetchall():
                yield Fault("COUNT_DIFFERS", f"receipts_{table}tally", said)
