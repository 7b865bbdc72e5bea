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

    ``version`` is that of the code which is measured. ``sound_version``: another one that marks and reads sound
    alike (nothing but the pixel mark was changed since); its rows of sound stand where this one has none.
    """

    def __init__(self, path: Path, *, version: str, sound_version: str = "") -> None:
        self.path, self.version, self.sound_version = path, version, sound_version

    def rows(self) -> list[Row]:
        """Every whole line, the last of each key; a line that a killed run left half-written is passed over."""
        kept: dict[Key, Row] = {}
        for row in self._lines():
            kept[_key(row)] = row
        return list(kept.values())

    def current(self) -> list[Row]:
        """The rows of this version of the code, and of sound those of ``sound_version`` besides."""
        rows = [row for row in self.rows() if row["code"] == self.version]
        measured = {_key(row)[1:] for row in rows}
        older = [row for row in self.rows() if row["code"] == self.sound_version and is_of_sound(row)]
        return [*rows, *(row for row in older if _key(row)[1:] not in measured)]

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
        if not self.path.exists():
            return
        for line in self.path.read_text("utf-8").splitlines():
            try:
                row = json.loads(line)
            except ValueError:
                continue
            if isinstance(row, dict) and {"code", "room", "material", "name"} <= row.keys():
                yield row


def is_of_sound(row: Row) -> bool:
    """Whether a row tells of the sound mark alone."""
    return row["room"] == "sounds" or row.get("layer") == "sound"


def _key(row: Row) -> Key:
    return row["code"], row["room"], row["material"], row["name"]
