"""Exports as they are streamed: their bytes, in order, made in this process."""

from collections.abc import Iterator

from receipts.exports.columns import KINDS, Kind
from receipts.exports.heads import head_of
from receipts.exports.parquet import ROW_GROUP, Head, pieces_of
from receipts.exports.sheet import csv_pieces
from receipts.selectors.exports import LogSlice

FORMATS = {"parquet": "application/vnd.apache.parquet", "csv": "text/csv; charset=utf-8"}


def parquet_pieces(part: LogSlice, kind: Kind, *, row_group: int = ROW_GROUP) -> Iterator[bytes]:
    """The file's bytes in order; the last piece is the footer, without which no reader opens it."""
    return pieces_of(Head(**head_of(part, kind, row_group=row_group)), kind.pages(part))


_WRITERS = {"parquet": parquet_pieces, "csv": csv_pieces}


def pieces(part: LogSlice, kind: str, file_format: str) -> Iterator[bytes]:
    """The bytes of an export, in order.

    Raises:
        KeyError: ``kind`` is not in :data:`KINDS` or ``file_format`` not in :data:`FORMATS`.
        InvalidEvidence: a stored entry cannot be read; what was sent so far is no whole file.
    """
    return _WRITERS[file_format](part, KINDS[kind])
