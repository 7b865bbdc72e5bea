"""The columns of each kind of export, with their types. Public: a name or type changes with ``VERSION``.

Ids and hashes are text, lower case, as the API, the entries and ``sha256sum`` write them; times are UTC in
microseconds, which is what PostgreSQL and a farm's clock give; ``entry`` is the leaf's bytes.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from receipts.selectors.exports import LogSlice, check_pages, entry_pages, frame_pages

VERSION = "1"
# as :mod:`receipts.exports.parquet` makes Arrow's of them, which is not loaded here
_INT64, _INT32, _INT16, _TEXT, _BYTES, _TIME, _WORDS = (
    "int64",
    "int32",
    "int16",
    "text",
    "bytes",
    "time",
    "words",
)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of export: its name, its columns, which of them repeat few values, where its rows come from.

    A column is its name, its type, and whether a cell may be empty.
    """

    name: str
    columns: tuple[tuple[str, str, bool], ...]
    repeating: tuple[str, ...]
    pages: Callable[[LogSlice], Iterator[list[tuple[Any, ...]]]]

    @property
    def names(self) -> list[str]:
        """The columns' names, in order."""
        return [name for name, _, _ in self.columns]


def _columns(*fields: tuple[str, str]) -> tuple[tuple[str, str, bool], ...]:
    always = {"leaf_index", "entry"}
    return tuple((name, kind, name not in always) for name, kind in fields)


RECEIPTS = Kind(
    "receipts",
    _columns(
        ("leaf_index", _INT64),
        ("received_at", _TIME),
        ("shot", _TEXT),
        ("frame", _INT32),
        ("take", _INT16),
        ("counter", _TEXT),
        ("outcome", _TEXT),
        ("code", _TEXT),
        ("file_sha256", _TEXT),
        ("pixel_sha256", _TEXT),
        ("token", _TEXT),
        ("terms_version", _INT32),
        ("check_id", _TEXT),
        ("lease", _TEXT),
        ("mark", _TEXT),
        ("talent", _TEXT),
        ("use_type", _TEXT),
        ("started_at", _TIME),
        ("finished_at", _TIME),
        ("entry", _BYTES),
    ),
    ("shot", "counter", "outcome", "code", "token", "check_id", "lease", "mark", "talent", "use_type"),
    frame_pages,
)
CHECKS = Kind(
    "checks",
    _columns(
        ("leaf_index", _INT64),
        ("decision_id", _TEXT),
        ("at", _TIME),
        ("decision", _TEXT),
        ("reason_codes", _WORDS),
        ("obligations", _WORDS),
        ("token", _TEXT),
        ("terms_version", _INT32),
        ("use_type", _TEXT),
        ("construct", _TEXT),
        ("shot", _TEXT),
        ("task", _TEXT),
        ("worker", _TEXT),
        ("first", _INT32),
        ("last", _INT32),
        ("counter", _TEXT),
        ("units_asked", _INT32),
        ("units_reserved", _INT32),
        ("valid_until", _TIME),
        ("lease", _TEXT),
        ("policy_version", _TEXT),
        ("policy_hash", _TEXT),
        ("input_sha256", _TEXT),
        ("entry", _BYTES),
    ),
    (
        "decision", "reason_codes.list.element", "obligations.list.element", "token", "use_type", "construct",
        "shot", "task", "worker", "counter", "policy_version", "policy_hash",
    ),
    check_pages,
)  # fmt: skip
ENTRIES = Kind(
    "entries",
    _columns(("leaf_index", _INT64), ("kind", _TEXT), ("received_at", _TIME), ("entry", _BYTES)),
    ("kind",),
    entry_pages,
)
KINDS = {kind.name: kind for kind in (RECEIPTS, CHECKS, ENTRIES)}
