"""What was measured, one JSON object a line: a run that was stopped goes on, and several runs may write at once.

A row is known by the code that made it, the room, the material and the row's name. The code is the digest of what in
``watermarking/`` marks and reads: another digest, another measurement. What serves it (addresses, jobs, tables) and the
fragile seal stand apart.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / "var" / "bench" / "marks"
KEPT = Path(__file__).parent / "measured.jsonl"
"""The newest row of every cell, of whichever code: it comes with the repository, a run's own rows do not."""
_NOT_KEPT = {"cpu_seconds", "wall_seconds", "bytes", "p_value", "whole_seconds", "older"}
_APART = {
    "api", "apps", "checks", "cli", "fragile", "models", "reports", "sealing", "selectors", "services", "tasks", "urls",
    "work_api", "workflows",
}  # fmt: skip
_APART_FOLDERS = {"migrations", "work"}
Key = tuple[str, str, str, str]
Row = dict[str, Any]


@cache
def code_version() -> str:
    """Twelve hex digits of the SHA-256 over names and bytes of the code and cards that mark and read."""
    digest = hashlib.sha256()
    home = ROOT / "watermarking"
    files = [path for path in home.rglob("*") if path.suffix in {".py", ".json"} and _marks_or_reads(path)]
    for path in sorted(files):
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def _marks_or_reads(path: Path) -> bool:
    return path.stem not in _APART and path.parent.name not in _APART_FOLDERS


class Results:
    """A file of rows.

    ``version`` is that of the code which is measured. ``kept``: a file of rows that stand for what was not measured yet.
    """

    def __init__(self, path: Path, *, version: str, kept: Path | None = None) -> None:
        self.path, self.version, self.kept = path, version, kept

    def rows(self) -> list[Row]:
        """Every whole line, the last of each key; a line that a killed run left half-written is passed over."""
        kept: dict[Key, Row] = {}
        for row in self._lines():
            kept[_key(row)] = row
        return list(kept.values())

    def current(self) -> list[Row]:
        """The rows of this version of the code."""
        return [row for row in self.rows() if row["code"] == self.version]

    def newest(self) -> list[Row]:
        """This version's row of every cell; where there is none the newest of another, with ``older`` set."""
        found: dict[tuple[str, ...], Row] = {}
        for row in self.rows():
            cell, own = _key(row)[1:], row["code"] == self.version
            other = found.get(cell)
            if other is None or own or (other["code"] != self.version and row["at"] >= other["at"]):
                found[cell] = row
        return [row if row["code"] == self.version else {**row, "older": True} for row in found.values()]

    def keep(self, target: Path) -> None:
        """Write the newest rows to ``target``, in order, without what no page shows."""
        rows = sorted(self.newest(), key=lambda row: (row["room"], row["material"], row["name"]))
        lines = [json.dumps({k: _short(v) for k, v in row.items() if k not in _NOT_KEPT}) for row in rows]
        target.write_text("\n".join(lines) + "\n", "utf-8")

    def has(self, room: str, material: str, name: str) -> bool:
        return (room, material, name) in {_key(row)[1:] for row in self.current()}

    def add(self, room: str, material: str, name: str, **figures: Any) -> Row:
        """Append one row, whole: other processes append to the same file."""
        row = {"code": self.version, "room": room, "material": material, "name": name, **figures}
        row["at"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        self.path.parent.mkdir(parents=True, exist_ok=True)
        line = json.dumps(row, allow_nan=False) + "\n"
        handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            os.write(handle, line.encode())
        finally:
            os.close(handle)
        return row

    def _lines(self) -> Iterable[Row]:
        for path in (self.kept, self.path):
            if path is not None and path.exists():
                yield from _rows_of(path)


def _rows_of(path: Path) -> Iterable[Row]:
    for line in path.read_text("utf-8").splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict) and {"code", "room", "material", "name"} <= row.keys():
            yield row


def _short(value: Any) -> Any:
    return float(f"{value:.6g}") if isinstance(value, float) else value


def _key(row: Row) -> Key:
    return row["code"], row["room"], row["material"], row["name"]
