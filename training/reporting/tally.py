"""What the head of a report counts, row by row as they are written."""

from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any, Final

from training.reporting.tables import ALLOWED, COLLECTED, ENDED_UP, TABLES, TRANSFORMED


def _manifest_state(row: dict[str, Any]) -> str:
    return "WITHDRAWN" if row["withdrawn_at"] else "RELEASED" if row["released_at"] else "FROZEN"


_COUNTED: Final[dict[str, dict[str, Callable[[dict[str, Any]], str]]]] = {
    "sources": {"type": lambda row: row["source_type"]},
    "originals": {
        "kind": lambda row: row["kind"], "method": lambda row: row["method"], "state": lambda row: row["state"],
    },
    "rights": {"licence_class": lambda row: row["licence_class"], "standing": lambda row: row["standing"]},
    "verdicts": {"outcome": lambda row: row["outcome"]},
    "reviews": {"answer": lambda row: row["answer"] or "OPEN"},
    "exceptions": {"signed": lambda row: "SIGNED" if row["signed_at"] else "ASKED"},
    "derivatives": {
        "role": lambda row: row["role"], "state": lambda row: "REMOVED" if row["removed_at"] else "KEPT",
    },
    "manifests": {"state": _manifest_state},
    "runs": {"bound": lambda row: "BOUND" if row["manifest"] else "UNBOUND"},
    "takedowns": {"state": lambda row: "DRILL" if row["is_drill"] else row["state"]},
}  # fmt: skip


class Tally:
    """Counts of a report: how many rows of each table, and what its four answers say at a glance."""

    def __init__(self) -> None:
        self.rows: Counter[str] = Counter(dict.fromkeys(TABLES, 0))
        self._by: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        self._bytes = 0
        self._collected: list[str] = []

    def add(self, table: str, row: dict[str, Any]) -> None:
        """Count one row."""
        self.rows[table] += 1
        for what, value_of in _COUNTED.get(table, {}).items():
            self._by[table, what][value_of(row)] += 1
        if table == "originals":
            self._bytes += row["size_bytes"]
            self._span(row["collected_at"])
        elif table == "verdicts" and row["codes"]:  # to count nothing costs as much as to count
            self._by[table, "code"].update(row["codes"])

    def answers(self) -> dict[str, Any]:
        """The four answers in numbers."""
        return {
            COLLECTED: {
                "sources": self.rows["sources"], "sources_by_type": self._told("sources", "type"),
                "originals": self.rows["originals"], "originals_by_kind": self._told("originals", "kind"),
                "originals_by_method": self._told("originals", "method"), "bytes": self._bytes,
                "first_collected_at": self._collected[0] if self._collected else None,
                "last_collected_at": self._collected[-1] if self._collected else None,
            },
            ALLOWED: {
                "originals_by_state": self._told("originals", "state"),
                "rights_by_licence_class": self._told("rights", "licence_class"),
                "rights_by_standing": self._told("rights", "standing"),
                "verdicts_by_outcome": self._told("verdicts", "outcome"),
                "verdicts_by_code": self._told("verdicts", "code"),
                "reviews_by_answer": self._told("reviews", "answer"),
                "exceptions": self._told("exceptions", "signed"), "policies": self.rows["policies"],
            },
            TRANSFORMED: {
                "jobs": self.rows["jobs"], "derivatives": self.rows["derivatives"],
                "derivatives_by_role": self._told("derivatives", "role"),
                "derivatives_by_state": self._told("derivatives", "state"),
            },
            ENDED_UP: {
                "manifests_by_state": self._told("manifests", "state"), "rows": self.rows["rows"],
                "runs": self._told("runs", "bound"), "models": self.rows["models"],
                "takedowns_by_state": self._told("takedowns", "state"),
            },
        }  # fmt: skip

    def _told(self, table: str, what: str) -> dict[str, int]:
        return dict(sorted(self._by[table, what].items()))

    def _span(self, at: str) -> None:
        """Keep the first and the last moment."""
        if not self._collected:
            self._collected = [at, at]
        self._collected = [min(self._collected[0], at), max(self._collected[-1], at)]
