"""Render receipts: the entries of the log, and the rows of an intake batch."""

from trustcore.receipt.entries import (
    ENTRY_TYPES,
    MAX_ENTRY_BYTES,
    AuthorisedEntry,
    CheckedEntry,
    Entry,
    ExportedEntry,
    FrameEntry,
    LayerResult,
    MarkedEntry,
    Party,
    RevokedEntry,
    VerifiedEntry,
    encode_entry,
    parse_entry,
    read_entries,
)
from trustcore.receipt.forms import MAX_FRAME, MAX_TAKE, RowCode, is_utc_time
from trustcore.receipt.rows import MAX_ROW_BYTES, FrameRow, RowRefused, encode_row, parse_row

__all__ = [
    "ENTRY_TYPES",
    "MAX_ENTRY_BYTES",
    "MAX_FRAME",
    "MAX_ROW_BYTES",
    "MAX_TAKE",
    "AuthorisedEntry",
    "CheckedEntry",
    "Entry",
    "ExportedEntry",
    "FrameEntry",
    "FrameRow",
    "LayerResult",
    "MarkedEntry",
    "Party",
    "RevokedEntry",
    "RowCode",
    "RowRefused",
    "VerifiedEntry",
    "encode_entry",
    "encode_row",
    "is_utc_time",
    "parse_entry",
    "parse_row",
    "read_entries",
]
