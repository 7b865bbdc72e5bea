"""Read a production's log once, from its first entry to the cut-off, and put aside what a bundle needs.

One pass gives the ledger (which refuses a log that does not hold), both receipt files, the list of refused
checks, and what a reader should look at first. Rows go to disk as they come; memory holds the ledger only.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from compliance.scope import WHOLE, Scope
from compliance.tallying import Tally
from receipts.selectors import StoredEntry
from trustcore.bundle.layout import Counts
from trustcore.bundle.ledger import CSV_HEADER, Ledger
from trustcore.encoding import canonical_json
from trustcore.policy.vocabulary import DecisionOutcome

DENIED_CHECKS = "data/checks/denied.ndjson"
_ALLOWING = frozenset({DecisionOutcome.ALLOW.value, DecisionOutcome.ALLOW_WITH_OBLIGATIONS.value})
_SHOWN = 20
_TOLD_EVERY = 2_000


@dataclass
class LogReading:
    """What one pass over a log left behind.

    Attributes:
        ledger: judged every entry; proves histories and marks.
        counts: of the summary.
        ndjson, csv, denied: files in the scratch folder.
        unauthorised, refused: the first rows of each, for the bundle's page.
        refused_by_reason: how often each reason was the primary one.
        tally: what the receipts add up to.
        scope: the part asked for; what is listed and tallied is of it, the ledger and its counts are whole.
        checks: of the part asked for.
        asked_ndjson, asked_csv: the receipts of the part, where it is not the whole.
    """

    ledger: Ledger
    ndjson: Path
    csv: Path
    denied: Path
    counts: Counts = field(default_factory=Counts)
    unauthorised: list[dict[str, Any]] = field(default_factory=list)
    refused: list[dict[str, Any]] = field(default_factory=list)
    refused_by_reason: Counter[str] = field(default_factory=Counter)
    tally: Tally = field(default_factory=Tally)
    scope: Scope = WHOLE
    checks: int = 0

    @property
    def asked_ndjson(self) -> Path:
        return self.ndjson.with_name("asked.ndjson")

    @property
    def asked_csv(self) -> Path:
        return self.csv.with_name("asked.csv")

    def asked(self, outputs: int | None = None) -> Counts:
        """Count the part asked for; :attr:`counts` where it is the whole.

        Args:
            outputs: how many verifications of outputs are of the part.
        """
        if self.scope.is_whole:
            return self.counts
        jtis = self.scope.jtis
        mine = [jti for jti, _ in self.ledger.grants if jtis is None or jti in jtis]
        outcomes = self.tally.outcomes
        ends = [
            step["entry"]
            for jti in set(mine)
            for step in self.ledger.history(jti)
            if step["entry"]["t"] == "revoked"
        ]
        return Counts(
            checks=self.checks,
            denied=sum(self.refused_by_reason.values()),
            discarded=outcomes["DISCARDED"],
            failed=outcomes["FAILED"],
            receipts=sum(outcomes.values()),
            rendered=outcomes["RENDERED"] + outcomes["RERENDER_OF"],
            revoked=sum(self.scope.takes_time(datetime.fromisoformat(one["at"])) for one in ends),
            token_versions=len(mine),
            tokens=len(set(mine)),
            unauthorised=outcomes["UNAUTHORISED"],
            verified=outputs or 0,
        )

    def findings(self, frames_without_receipt: int | None) -> dict[str, Any]:
        """Return what the bundle's page shows first; zero is said as zero, what is not known as null."""
        return {
            "unauthorised": {"count": self.asked().unauthorised, "rows": self.unauthorised},
            "without_receipt": {"count": frames_without_receipt, "rows": []},
            "refused": {
                "count": self.asked().denied,
                "rows": self.refused,
                "by_reason": dict(self.refused_by_reason.most_common()),
            },
        }


def read_log(
    entries: Iterator[StoredEntry],
    folder: Path,
    *,
    scope: Scope = WHOLE,
    tell: Callable[[int], None] = lambda _: None,
) -> LogReading:
    """Read every entry in order.

    Args:
        scope: what is listed and tallied.
        tell: hears now and then how many entries were read.

    Raises:
        InvalidEvidence: the log contradicts itself; no bundle may be made of it.
    """
    reading = LogReading(
        Ledger(),
        folder / "receipts.ndjson",
        folder / "receipts.csv",
        folder / "denied.ndjson",
        tally=Tally(scope=scope),
        scope=scope,
    )
    with (
        reading.ndjson.open("wb") as ndjson,
        reading.csv.open("wb") as csv,
        reading.denied.open("wb") as denied,
        reading.asked_ndjson.open("wb") as asked_ndjson,
        reading.asked_csv.open("wb") as asked_csv,
    ):
        csv.write(CSV_HEADER)
        asked_csv.write(CSV_HEADER)
        for number, stored in enumerate(entries):
            if number % _TOLD_EVERY == 0:
                tell(number)
            lines = reading.ledger.take(stored.entry)
            if lines is not None:
                ndjson.write(lines.ndjson)
                csv.write(lines.csv)
                if not reading.tally.frame(lines.ndjson, stored.received_at):
                    continue
                if not scope.is_whole:
                    asked_ndjson.write(lines.ndjson)
                    asked_csv.write(lines.csv)
                if b'"outcome":"UNAUTHORISED"' in stored.entry:
                    _note_frame(reading, stored)
            elif stored.kind == "checked":
                _note_check(reading, stored, denied)
    reading.counts = reading.ledger.finish()
    reading.ledger.forget_checks()  # the pages are printed in the room that they leave
    return reading


def _note_frame(reading: LogReading, stored: StoredEntry) -> None:
    if len(reading.unauthorised) < _SHOWN:
        entry = msgspec.json.decode(stored.entry)
        told = {name: entry.get(name) for name in ("frame", "reason", "lease", "finished_at")}
        reading.unauthorised.append({"leaf_index": stored.index, **told})


def _note_check(reading: LogReading, stored: StoredEntry, denied: Any) -> None:
    entry = msgspec.json.decode(stored.entry)
    is_mine = reading.scope.takes(entry.get("jti"), stored.received_at)
    reading.checks += is_mine
    if entry["outcome"] in _ALLOWING:
        return
    denied.write(canonical_json({"leaf_index": stored.index, "entry": entry}) + b"\n")
    if not is_mine:
        return
    reasons = entry.get("reasons") or ["UNKNOWN"]
    reading.refused_by_reason[reasons[0]] += 1
    if len(reading.refused) < _SHOWN:
        told = {name: entry.get(name) for name in ("at", "jti", "use_type", "shot", "decision")}
        reading.refused.append({"leaf_index": stored.index, "reasons": reasons, **told})
