"""Counts for people, taken while the log is read: per licence, per day, per reason. Pure.

>>> tally = Tally()
>>> tally.frame(b'{"outcome":"RENDERED","jti":"j","finished_at":"2026-01-02T00:00:00Z","use_type":"FACE_RENDER"}')
>>> tally.by_licence["j"]["RENDERED"], dict(tally.by_day)
(1, {'2026-01-02': 1})
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

import msgspec

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
    """

    by_licence: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    by_use: Counter[str] = field(default_factory=Counter)
    by_day: Counter[str] = field(default_factory=Counter)

    def frame(self, row: bytes) -> None:
        """Count one receipt row (NDJSON)."""
        seen = _decoder.decode(row)
        self.by_licence[seen.jti or ""][seen.outcome] += 1
        self.by_day[seen.finished_at[:_DAY]] += 1
        if seen.use_type is not None and seen.outcome in {"RENDERED", "RERENDER_OF"}:
            self.by_use[seen.use_type] += 1

    def rendered(self, jti: str) -> int:
        """Frames rendered under a licence."""
        found = self.by_licence.get(jti, Counter())
        return found["RENDERED"] + found["RERENDER_OF"]
