"""Rows as Parquet, in pieces: row groups of about 50,000 rows, nothing is ever sought back to.

Knows Arrow and nothing of the house, so that it can be a process of its own: run by its path (``python -P``), it reads
messages from standard input, each a length of four bytes and MessagePack (a :class:`Head`, then pages of rows), and writes
the file to standard output. What Arrow takes of memory goes with that process.
"""

import io
import sys
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

ROW_GROUP = 50_000
_TYPES = {
    "int64": pa.int64(),
    "int32": pa.int32(),
    "int16": pa.int16(),
    "text": pa.string(),
    "bytes": pa.binary(),
    "time": pa.timestamp("us", tz="UTC"),
    "words": pa.list_(pa.string()),
}


class Head(msgspec.Struct):
    """What a file is: its columns (name, type, whether a cell may be empty), and what its metadata say.

    ``row_group``: rows that wait in memory until they are written together, at least.
    """

    columns: tuple[tuple[str, str, bool], ...]
    repeating: tuple[str, ...]
    metadata: dict[str, str]
    row_group: int = ROW_GROUP


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


def pieces_of(head: Head, pages: Iterable[list[Any]]) -> Iterator[bytes]:
    """The file's bytes in order; the last piece is the footer, without which no reader opens it."""
    outbox = _Outbox()
    fields = [pa.field(name, _TYPES[kind], nullable=empty) for name, kind, empty in head.columns]
    schema = pa.schema(fields).with_metadata(head.metadata)
    with pq.ParquetWriter(
        outbox, schema, compression="zstd", use_dictionary=list(head.repeating), write_statistics=True
    ) as writer:
        waiting: list[pa.RecordBatch] = []
        for page in pages:
            waiting.append(_batch(page, schema))
            if sum(batch.num_rows for batch in waiting) >= head.row_group:
                _write(writer, waiting)
                yield outbox.take()
        _write(writer, waiting)
    yield outbox.take()


def _write(writer: pq.ParquetWriter, waiting: list[pa.RecordBatch]) -> None:
    if waiting:
        table = pa.Table.from_batches(waiting)
        writer.write_table(table, row_group_size=table.num_rows)
        waiting.clear()


def _batch(page: list[Any], schema: pa.Schema) -> pa.RecordBatch:
    columns = zip(*page, strict=True)
    return pa.RecordBatch.from_arrays(
        [pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)], schema=schema
    )


def _messages(stream: BinaryIO) -> Iterator[bytes]:
    while length := stream.read(4):
        data = stream.read(int.from_bytes(length, "big"))
        if len(length) < 4 or len(data) < int.from_bytes(length, "big"):
            raise EOFError("a message was cut short")
        if not data:
            return  # the end was said: nothing is missing
        yield data
    raise EOFError("the end was not said")


def main() -> None:
    """Read messages, write the file."""
    messages = _messages(sys.stdin.buffer)
    head = msgspec.msgpack.decode(next(messages), type=Head)
    for piece in pieces_of(head, map(msgspec.msgpack.decode, messages)):
        sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
