"""The columns of each kind of export, with their Arrow types. Public: a name or type changes with ``VERSION``.

Ids and hashes are text, lower case, as the API, the entries and ``sha256sum`` write them; times are UTC in
microseconds, which is what PostgreSQL and a farm's clock give; ``entry`` is the leaf's bytes.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from receipts.selectors.exports import LogSlice, check_pages, entry_pages, frame_pages

VERSION = "1"
_TIME = pa.timestamp("us", tz="UTC")
_WORDS = pa.list_(pa.string())


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of export: its name, its columns, which of them repeat few values, where its rows come from."""

    name: str
    schema: pa.Schema
    repeating: tuple[str, ...]
    pages: Callable[[LogSlice], Iterator[list[tuple[Any, ...]]]]


def _schema(*fields: tuple[str, Any]) -> pa.Schema:
    always = {"leaf_index", "entry"}
    return pa.schema([pa.field(name, kind, nullable=name not in always) for name, kind in fields])


RECEIPTS = Kind(
    "receipts",
    _schema(
        ("leaf_index", pa.int64()),
        ("received_at", _TIME),
        ("shot", pa.string()),
        ("frame", pa.int32()),
        ("take", pa.int16()),
        ("counter", pa.string()),
        ("outcome", pa.string()),
        ("code", pa.string()),
        ("file_sha256", pa.string()),
        ("pixel_sha256", pa.string()),
        ("token", pa.string()),
        ("terms_version", pa.int32()),
        ("check_id", pa.string()),
        ("lease", pa.string()),
        ("mark", pa.string()),
        ("talent", pa.string()),
        ("use_type", pa.string()),
        ("started_at", _TIME),
        ("finished_at", _TIME),
        ("entry", pa.binary()),
    ),
    ("shot", "counter", "outcome", "code", "token", "check_id", "lease", "mark", "talent", "use_type"),
    frame_pages,
)
CHECKS = Kind(
    "checks",
    _schema(
        ("leaf_index", pa.int64()),
        ("decision_id", pa.string()),
        ("at", _TIME),
        ("decision", pa.string()),
        ("reason_codes", _WORDS),
        ("obligations", _WORDS),
        ("token", pa.string()),
        ("terms_version", pa.int32()),
        ("use_type", pa.string()),
        ("construct", pa.string()),
        ("shot", pa.string()),
        ("task", pa.string()),
        ("worker", pa.string()),
        ("first", pa.int32()),
        ("last", pa.int32()),
        ("counter", pa.string()),
        ("units_asked", pa.int32()),
        ("units_reserved", pa.int32()),
        ("valid_until", _TIME),
        ("lease", pa.string()),
        ("policy_version", pa.string()),
        ("policy_hash", pa.string()),
        ("input_sha256", pa.string()),
        ("entry", pa.binary()),
    ),
    (
        "decision", "reason_codes.list.element", "obligations.list.element", "token", "use_type", "construct",
        "shot", "task", "worker", "counter", "policy_version", "policy_hash",
    ),
    check_pages,
)  # fmt: skip
ENTRIES = Kind(
    "entries",
    _schema(
        ("leaf_index", pa.int64()), ("kind", pa.string()), ("received_at", _TIME), ("entry", pa.binary())
    ),
    ("kind",),
    entry_pages,
)
KINDS = {kind.name: kind for kind in (RECEIPTS, CHECKS, ENTRIES)}
