"""Counts for people, taken while the log is read: per licence, per day, per reason. Pure.

>>> from datetime import UTC, datetime
>>> tally = Tally()
>>> tally.frame(b'{"outcome":"RENDERED","jti":"j","finished_at":"2026-01-02T00:00:00Z","use_type":"FACE_RENDER"}', datetime(2026, 1, 2, tzinfo=UTC))
True
>>> tally.by_licence["j"]["RENDERED"], dict(tally.by_day)
(1, {'2026-01-02': 1})
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from compliance.scope import WHOLE, Scope

_DAY = len("2026-01-02")


class _Seen(msgspec.Struct):
    """What of a receipt row is counted."""

    outcome: str
    finished_at: str
    jti: str | None = None
    use_type: str | None = None


_decoder = msgspec.json.Decoder(_Seen)


@dataclass
class Tally:
    """What the receipts of a log add up to.

    Attributes:
        by_licence: outcomes of each licence's receipts, by token id.
        by_use: rendered frames by use type.
        by_day: receipts by the day (UTC) on which their frames were finished.
        scope: what is counted; ``every`` counts the rendered frames of each licence, in it or not.
    """

    by_licence: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    by_use: Counter[str] = field(default_factory=Counter)
    by_day: Counter[str] = field(default_factory=Counter)
    scope: Scope = WHOLE
    every: Counter[str] = field(default_factory=Counter)

    def frame(self, row: bytes, at: datetime) -> bool:
        """Count one receipt row (NDJSON) that came in ``at`` then; say whether it is of the part asked for."""
        seen = _decoder.decode(row)
        if seen.outcome in {"RENDERED", "RERENDER_OF"}:
            self.every[seen.jti or ""] += 1
        if not self.scope.takes(seen.jti, at):
            return False
        self.by_licence[seen.jti or ""][seen.outcome] += 1
        self.by_day[seen.finished_at[:_DAY]] += 1
        if seen.use_type is not None and seen.outcome in {"RENDERED", "RERENDER_OF"}:
            self.by_use[seen.use_type] += 1
        return True

    @property
    def outcomes(self) -> Counter[str]:
        """Receipts by outcome."""
        return sum(self.by_licence.values(), Counter())

    def rendered(self, jti: str) -> int:
        """Frames rendered under a licence."""
        found = self.by_licence.get(jti, Counter())
        return found["RENDERED"] + found["RERENDER_OF"]
