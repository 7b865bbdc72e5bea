"""One way to write a row down: as a line of JSON with sorted names, and as a row of a sheet in which no cell runs."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from licensing.services import write_csv

_JSON: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def json_line(row: Mapping[str, Any]) -> bytes:
    r"""``row`` as JSON: names sorted, no space, numbers as they were kept; what captures hold may be a fraction.

    >>> json_line({"b": 1.5, "a": "é"}).decode()
    '{"a":"é","b":1.5}\n'
    """
    return _JSON.encode(row).encode() + b"\n"


def csv_lines(columns: tuple[str, ...], rows: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """The heading, and each row behind it, as CSV (RFC 4180): lists joined by spaces, what is nested as JSON."""
    return write_csv(columns, ([_cell(row[name]) for name in columns] for row in rows))


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list) and all(isinstance(one, str | int) for one in value):
        return " ".join(map(str, value))
    if isinstance(value, list | dict):
        return json_line(value)[:-1].decode()  # type: ignore[arg-type]
    return str(value)
