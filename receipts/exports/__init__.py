"""Exports of a production's log: receipts, checks or every entry, as Parquet or CSV, in constant memory.

>>> part = slice_of(production_id)                             # doctest: +SKIP
>>> for piece in pieces(part, "receipts", "parquet"): ...      # doctest: +SKIP
"""

from collections.abc import Iterator

from receipts.exports.columns import KINDS
from receipts.exports.parquet import parquet_pieces
from receipts.exports.sheet import csv_pieces
from receipts.selectors.exports import LogSlice, slice_at, slice_of

__all__ = ["FORMATS", "KINDS", "LogSlice", "pieces", "slice_at", "slice_of"]

FORMATS = {"parquet": "application/vnd.apache.parquet", "csv": "text/csv; charset=utf-8"}
_WRITERS = {"parquet": parquet_pieces, "csv": csv_pieces}


def pieces(part: LogSlice, kind: str, file_format: str) -> Iterator[bytes]:
    """The bytes of an export, in order.

    Raises:
        KeyError: ``kind`` is not in :data:`KINDS` or ``file_format`` not in :data:`FORMATS`.
        InvalidEvidence: a stored entry cannot be read; what was sent so far is no whole file.
    """
    return _WRITERS[file_format](part, KINDS[kind])
