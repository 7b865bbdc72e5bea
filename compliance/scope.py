"""What of a production a bundle was asked for: one talent, a period, an earlier state of its log. Pure.

The log stays whole, since it proves nothing in parts; what is counted and listed beside it is the part asked for.

>>> from datetime import UTC, datetime
>>> first, second = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
>>> part = Scope(jtis=frozenset({"j"}), begins=second)
>>> part.takes("j", second), part.takes("j", first), part.takes("k", second)
(True, False, False)
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

SCOPE_FILE = "data/scope.json"
SCOPE_SCHEMA = "trustmark.scope/1"
ASKED_NDJSON = "data/receipts/asked.ndjson"
ASKED_CSV = "data/receipts/asked.csv"


@dataclass(frozen=True, slots=True)
class Part:
    """The part of a production that somebody asks for; everything up to now, unless said otherwise.

    Attributes:
        talent_id: whose licences, receipts and outputs alone.
        size: of the log, at one of its published checkpoints: the cut.
        begins, until: of the period in which a receipt or a check came in; ``until`` is excluded.
    """

    talent_id: UUID | None = None
    size: int | None = None
    begins: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """Which entries of a log are of the part asked for.

    Attributes:
        jtis: the licences; ``None`` for every one.
        begins, until: the period; ``until`` is excluded.
    """

    jtis: frozenset[str] | None = None
    begins: datetime | None = None
    until: datetime | None = None

    @property
    def is_whole(self) -> bool:
        """Whether nothing is filtered."""
        return self.jtis is None and self.begins is None and self.until is None

    def takes(self, jti: str | None, at: datetime) -> bool:
        """Whether an entry under a licence, that came in then, is of the part."""
        return (self.jtis is None or jti in self.jtis) and self.takes_time(at)

    def takes_time(self, at: datetime) -> bool:
        """Whether a moment lies in the period."""
        return (self.begins is None or self.begins <= at) and (self.until is None or at < self.until)


WHOLE = Scope()
