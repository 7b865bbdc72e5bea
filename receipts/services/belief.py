"""What this process believes of a licence, so that most checks ask the database once.

A belief decides nothing by itself: a decision made on it is kept only if ``receipts_keep_checks`` finds the
licence's stamp unchanged, in the transaction that keeps it. A wrong belief costs a second try, never a wrong
permit. Time is the one thing that changes a licence without a write, so a belief ends where time changes it.
"""

from datetime import datetime
from uuid import UUID

from common.caching import Bounded
from licensing.selectors import LicenceFacts, licence_state_for
from receipts.services.sequence import open_log

_facts: Bounded[UUID, LicenceFacts] = Bounded(5_000)
_logs: Bounded[UUID, int] = Bounded(20_000)


def believed(jti: UUID, *, now: datetime) -> LicenceFacts | None:
    """The licence as this process last read it; read now if it never did. None: no such licence."""
    facts = _facts.get(jti)
    if facts is None or _is_over(facts, now):
        return read_anew(jti)
    return facts


def read_anew(jti: UUID) -> LicenceFacts | None:
    """The licence as it stands; what was believed of it is forgotten."""
    facts = licence_state_for(jti)
    if facts is None:
        _facts.drop(jti)
    else:
        _facts.put(jti, facts)
    return facts


def log_number(production_id: UUID) -> int:
    """The number of a production's log, which never changes."""
    number = _logs.get(production_id)
    if number is None:
        number = open_log(production_id=production_id).pk
        _logs.put(production_id, number)
    return number


def _is_over(facts: LicenceFacts, now: datetime) -> bool:
    """Whether time has changed the state since, or the clock went back before it could say so."""
    return (facts.next_change_at is not None and now >= facts.next_change_at) or now < facts.read_at
