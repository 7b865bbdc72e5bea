"""Where a licence's frames went: every receipt under it, written into a table of the asker's transaction."""

from typing import Final
from uuid import UUID

from django.db import connection

from receipts.models import ProductionLog

# as the log stood at ``size``: who appends holds the log's row, so all below is there, and nothing above is read
_RECEIPTS: Final = """
insert into {table} (line, sha256)
select 'RECEIPT:' || %(origin)s || '#' || e.idx, encode(e.file_sha256, 'hex')
from receipts_lease l join receipts_logentry e on e.log_id = l.log_id and e.lease = l.id
where l.token_jti = %(token)s and l.log_id = %(log)s and e.kind = 3 and e.idx < %(size)s
union all
select 'RECEIPT:' || %(origin)s || '#' || e.idx, encode(e.file_sha256, 'hex')
from receipts_unauthorisedframe u join receipts_logentry e on e.log_id = u.log_id and e.idx = u.idx
where u.token_jti = %(token)s and u.log_id = %(log)s and e.idx < %(size)s
"""


def add_receipts_of(table: str, jti: UUID, production_id: UUID) -> tuple[str, int] | None:
    """Write ``RECEIPT:origin#leaf`` and the file's SHA-256 of each receipt under a licence into ``table (line, sha256)``.

    Those of frames outside of their leave are among them.

    Returns:
        The log's origin and its size as it was read: every receipt below it is there. None: there is no log yet.
    """
    log = ProductionLog.objects.filter(production_id=production_id).first()
    if log is None:
        return None
    with connection.cursor() as cursor:
        cursor.execute(
            _RECEIPTS.format(table=table),
            {"origin": log.origin, "token": jti, "log": log.pk, "size": log.size},
        )
    return log.origin, log.size
