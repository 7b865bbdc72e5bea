"""Read a production's log once, from its first entry to the cut-off, and put aside what a bundle needs.

One pass gives the ledger (which refuses a log that does not hold), both receipt files, the list of refused
checks, and what a reader should look at first. Rows go to disk as they come; memory holds the ledger only.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from compliance.tallying import Tally
from receipts.selectors import StoredEntry
from trustcore.bundle.layout import Counts
from trustcore.bundle.ledger import CSV_HEADER, Ledger
from trustcore.encoding import canonical_json
from trustcore.policy.vocabulary import DecisionOutcome

DENIED_CHECKS = "data/checks/denied.ndjson"
_ALLOWING = frozenset({DecisionOutcome.ALLOW.value, DecisionOutcome.ALLOW_WITH_OBLIGATIONS.value})
_SHOWN = 20


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

    def findings(self, frames_without_receipt: int) -> dict[str, Any]:
        """Return what the bundle's page shows first; zero is said as zero."""
        return {
            "unauthorised": {"count": self.counts.unauthorised, "rows": self.unauthorised},
            "without_receipt": {"count": frames_without_receipt, "rows": []},
            "refused": {
                "count": self.counts.denied,
                "rows": self.refused,
                "by_reason": dict(self.refused_by_reason.most_common()),
            },
        }


def read_log(entries: Iterator[StoredEntry], folder: Path) -> LogReading:
    """Read every entry in order.

    Raises:
        InvalidEvidence: the log contradicts itself; no bundle may be made of it.
    """
    reading = LogReading(
        Ledger(), folder / "receipts.ndjson", folder / "receipts.csv", folder / "denied.ndjson"
    )
    with (
        reading.ndjson.open("wb") as ndjson,
        reading.csv.open("wb") as csv,
        reading.denied.open("wb") as denied,
    ):
        csv.write(CSV_HEADER)
        for stored in entries:
            lines = reading.ledger.take(stored.entry)
            if lines is not None:
                ndjson.write(lines.ndjson)
                csv.write(lines.csv)
                reading.tally.frame(lines.ndjson)
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
    if entry["outcome"] in _ALLOWING:
        return
    denied.write(canonical_json({"leaf_index": stored.index, "entry": entry}) + b"\n")
    reasons = entry.get("reasons") or ["UNKNOWN"]
    reading.refused_by_reason[reasons[0]] += 1
    if len(reading.refused) < _SHOWN:
        told = {name: entry.get(name) for name in ("at", "jti", "use_type", "shot", "decision")}
        reading.refused.append({"leaf_index": stored.index, "reasons": reasons, **told})
