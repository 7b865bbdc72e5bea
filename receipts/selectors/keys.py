"""What was signed with a key, log by log, before and after it was revoked."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from receipts.models import EntryKind

# An entry is canonical, so a member has one spelling. Frames are left out by the index on `ref`.
_CITED = """
select l.production_id, l.origin, r.idx,
       count(*) filter (where e.kind = %(granted)s and (r.idx is null or e.idx < r.idx)),
       count(*) filter (where e.kind = %(granted)s and e.idx > r.idx),
       count(*) filter (where e.kind = %(checked)s and (r.idx is null or e.idx < r.idx)),
       count(*) filter (where e.kind = %(checked)s and e.idx > r.idx),
       count(*) filter (where e.kind = %(checked)s and e.idx > r.idx
                        and position('"outcome":"ALLOW'::bytea in e.entry) > 0)
  from receipts_productionlog l
  left join lateral (
        select min(k.idx) as idx from receipts_logentry k
         where k.log_id = l.id and k.ref is not null and k.kind = %(key)s
           and position(%(revoked)s in k.entry) > 0 and position(%(cites)s in k.entry) > 0
       ) r on true
  left join receipts_logentry e
         on e.log_id = l.id and e.ref is not null and e.kind in (%(granted)s, %(checked)s)
        and position(%(cites)s in e.entry) > 0
 group by l.id, l.production_id, l.origin, r.idx
 order by l.id
"""


@dataclass(frozen=True, slots=True)
class KeyUse:
    """What one log holds of a key.

    Attributes:
        revoked_at_leaf: index of the entry that revokes it; None: it is not revoked here, all is before.
        allowed_after: checks after the revocation that were allowed all the same: those that had read the
            keys before it committed. Anything else here is an incident.
    """

    production_id: UUID
    origin: str
    revoked_at_leaf: int | None
    grants_before: int
    grants_after: int
    checks_before: int
    checks_after: int
    allowed_after: int


def key_use(kid: str) -> list[KeyUse]:
    """Count in every log the grants that ``kid`` signed and the checks that presented it.

    Reads every entry that is no frame: a command for incidents, not for a page.
    """
    parameters: dict[str, Any] = {
        "granted": EntryKind.AUTHORISED.value,
        "checked": EntryKind.CHECKED.value,
        "key": EntryKind.KEY.value,
        "revoked": b'"event":"revoked"',
        "cites": f'"kid":"{kid}"'.encode(),
    }
    with connection.cursor() as cursor:
        cursor.execute(_CITED, parameters)
        return [KeyUse(*row) for row in cursor.fetchall()]
