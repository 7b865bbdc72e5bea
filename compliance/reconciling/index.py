"""The receipts of a log, laid out so that a file finds its own: on disk, so that memory does not grow with them.

A receipt names no file. A file is a receipt's by its SHA-256; by its pixels, where only metadata differ; or, where
neither agrees, by the frame number in its name and the shot in its path: then it was changed since.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import msgspec

_BATCH = 5_000
_RENDERED = ("RENDERED", "RERENDER_OF")


class ReceiptRow(msgspec.Struct):
    """What of a receipt row (NDJSON of a bundle) is looked for."""

    leaf_index: int
    frame: int
    take: int
    outcome: str
    file_sha256: str
    pixel_sha256: str
    shot: str = ""


_decoder = msgspec.json.Decoder(ReceiptRow)


@dataclass(frozen=True, slots=True)
class Match:
    """A receipt that a file belongs to."""

    leaf_index: int
    outcome: str


class ReceiptIndex:
    """Receipts by file hash, by pixel hash, and by shot and frame; and which of them a file was found for."""

    def __init__(self, path: Path) -> None:
        """Begin an empty index in a file of the scratch folder."""
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.executescript(
            "pragma journal_mode = off; pragma synchronous = off; pragma cache_size = -32000;"
            "create table receipt (leaf integer primary key, frame integer, take integer, outcome text, file blob,"
            " pixels blob, shot text, found integer default 0);"
            "create table output (file blob primary key, asset text);"
        )
        self.receipts = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def fill(self, lines: Iterable[bytes], outputs: Iterable[tuple[str, str]] = ()) -> None:
        """Take receipt rows, and the hashes of outputs that were verified before release with their ids."""
        rows: list[tuple[Any, ...]] = []
        self._db.execute("begin")
        for line in lines:
            row = _decoder.decode(line)
            file, pixels = bytes.fromhex(row.file_sha256), bytes.fromhex(row.pixel_sha256)
            rows.append((row.leaf_index, row.frame, row.take, row.outcome, file, pixels, row.shot))
            if len(rows) == _BATCH:
                self._insert(rows)
        self._insert(rows)
        told = [(bytes.fromhex(digest), asset) for digest, asset in outputs]
        self._db.executemany("insert or ignore into output values (?, ?)", told)
        for name, columns in (("file", "file"), ("pixels", "pixels"), ("place", "frame, shot")):
            self._db.execute(f"create index receipt_{name} on receipt ({columns})")
        self._db.execute("commit")

    def knows(self, digest: str) -> bool:
        """Whether a receipt or an output has exactly this file."""
        sql = "select exists (select 1 from receipt where file = :d) or exists (select 1 from output where file = :d)"
        return bool(self._db.execute(sql, {"d": bytes.fromhex(digest)}).fetchone()[0])

    def by_file(self, digest: str) -> Match | None:
        """The receipt of exactly this file; every receipt with its hash is settled."""
        return self._settle("file", bytes.fromhex(digest))

    def by_pixels(self, digest: str) -> Match | None:
        """The receipt of this picture; every receipt with its pixels is settled."""
        return self._settle("pixels", bytes.fromhex(digest))

    def output(self, digest: str) -> str | None:
        """The verified output that this file is."""
        row = self._db.execute("select asset from output where file = ?", (bytes.fromhex(digest),)).fetchone()
        return None if row is None else str(row[0])

    def by_place(self, frame: int, path: str) -> Match | None:
        """The receipt whose frame and shot the file's name tells, and that no file was found for yet."""
        rows = self._db.execute(
            "select leaf, outcome, shot from receipt where frame = ? and found = 0 and outcome in (?, ?) order by take desc, leaf desc",
            (frame, *_RENDERED),
        )
        for leaf, outcome, shot in rows:
            if shot and shot in path:
                self._db.execute("update receipt set found = 1 where frame = ? and shot = ?", (frame, shot))
                return Match(leaf, outcome)
        return None

    def without_file(self) -> Iterator[ReceiptRow]:
        """Receipts of rendered frames for which no file was found, in the order of the log."""
        rows = self._db.execute(
            "select leaf, frame, take, outcome, file, pixels, shot from receipt"
            " where found = 0 and outcome in (?, ?) order by leaf",
            _RENDERED,
        )
        for leaf, frame, take, outcome, file, pixels, shot in rows:
            yield ReceiptRow(leaf, frame, take, outcome, file.hex(), pixels.hex(), shot)

    def _insert(self, rows: list[tuple[Any, ...]]) -> None:
        self._db.executemany(
            "insert into receipt (leaf, frame, take, outcome, file, pixels, shot) values (?, ?, ?, ?, ?, ?, ?)",
            rows,
        )
        self.receipts += len(rows)
        rows.clear()

    def _settle(self, column: str, digest: bytes) -> Match | None:
        row = self._db.execute(
            f"select leaf, outcome from receipt where {column} = ? order by leaf limit 1",  # noqa: S608 - two names of ours
            (digest,),
        ).fetchone()
        if row is None:
            return None
        self._db.execute(f"update receipt set found = 1 where {column} = ?", (digest,))  # noqa: S608
        return Match(*row)
