"""A slice of a log as Parquet, in pieces: row groups of about 50,000 rows, nothing is ever sought back to.

The file says what it was cut from, in its key-value metadata (``trustmark.*``): the log's origin, the signed
checkpoint with its size and root, the verifier keys. An export of kind ``entries`` over the whole log leads
to that root by itself; see docs/operations/export.md.
"""

import io
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from receipts.exports.columns import VERSION, Kind
from receipts.selectors.exports import LogSlice

ROW_GROUP = 50_000


class _Outbox(io.RawIOBase):
    """A file that only grows: what was written waits here until it is taken."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting: list[bytes] = []
        self._written = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        piece = bytes(data)
        self._waiting.append(piece)
        self._written += len(piece)
        return len(piece)

    def tell(self) -> int:
        return self._written

    def take(self) -> bytes:
        """What was written since the last call."""
        piece = b"".join(self._waiting)
        self._waiting.clear()
        return piece


def parquet_pieces(part: LogSlice, kind: Kind, *, row_group: int = ROW_GROUP) -> Iterator[bytes]:
    """The file's bytes in order; the last piece is the footer, without which no reader opens it.

    Args:
        row_group: rows that wait in memory until they are written together, at least.
    """
    outbox = _Outbox()
    schema = kind.schema.with_metadata(_metadata(part, kind))
    with pq.ParquetWriter(
        outbox, schema, compression="zstd", use_dictionary=list(kind.repeating), write_statistics=True
    ) as writer:
        waiting: list[pa.RecordBatch] = []
        for page in kind.pages(part):
            waiting.append(_batch(page, schema))
            if sum(batch.num_rows for batch in waiting) >= row_group:
                _write(writer, waiting)
                yield outbox.take()
        _write(writer, waiting)
    yield outbox.take()


def _write(writer: pq.ParquetWriter, waiting: list[pa.RecordBatch]) -> None:
    if waiting:
        table = pa.Table.from_batches(waiting)
        writer.write_table(table, row_group_size=table.num_rows)
        waiting.clear()


def _batch(page: list[tuple[Any, ...]], schema: pa.Schema) -> pa.RecordBatch:
    columns = zip(*page, strict=True)
    return pa.RecordBatch.from_arrays(
        [pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)], schema=schema
    )


def _metadata(part: LogSlice, kind: Kind) -> dict[str, str]:
    return {
        "trustmark.version": VERSION,
        "trustmark.kind": kind.name,
        "trustmark.production": str(part.production_id),
        "trustmark.tokens": "*" if part.tokens is None else " ".join(map(str, part.tokens)),
        "trustmark.origin": part.origin,
        "trustmark.first_leaf": str(part.first),
        "trustmark.end_leaf": str(part.end),
        "trustmark.size": str(part.size),
        "trustmark.root": part.root.hex(),
        "trustmark.checkpoint": part.checkpoint.decode(),
        "trustmark.vkey": part.vkey.decode(),
    }
