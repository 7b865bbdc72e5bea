"""One way to write a row down: as a line of JSON with sorted names, and as a row of a sheet in which no cell runs."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from licensing.services import as_text

_JSON: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
_LINE: Final = msgspec.json.Encoder(order="sorted")
# nested JSON begins so, and no spreadsheet runs that
_NEVER_RUN: Final = frozenset('{["')
_SCALARS: Final = frozenset({str, int, bool, type(None)})


def json_line(row: Mapping[str, Any]) -> bytes:
    r"""``row`` as JSON: names sorted, no space, numbers as they were kept; what captures hold may be a fraction.

    >>> json_line({"b": 1.5, "a": "é"}).decode()
    '{"a":"é","b":1.5}\n'
    """
    return _JSON.encode(row).encode() + b"\n"


def table_lines(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> tuple[bytes, bytes]:
    r"""Rows as lines of JSON, as :func:`json_line` writes each, and as lines of a sheet (RFC 4180).

    In the sheet lists are joined by spaces, and what is nested is JSON: written once for both.

    >>> table_lines(("a", "b"), [{"b": {"y": 1.0, "x": None}, "a": ["=1", "2"]}])
    (b'{"a":["=1","2"],"b":{"x":null,"y":1.0}}\n', b'\'=1 2,"{""x"":null,""y"":1.0}"\r\n')
    """
    lines, cells = [], io.StringIO()
    written: dict[int, msgspec.Raw] = {}
    sheet = csv.writer(cells, lineterminator="\r\n")
    for row in rows:
        told = dict(row)
        for name, value in row.items():
            if type(value) not in _SCALARS and not _is_plain(value):
                # rows share objects: the one verdict's facts are many's
                if (raw := written.get(id(value))) is None:
                    raw = written[id(value)] = msgspec.Raw(_nested(value))
                told[name] = raw
        lines.append(_LINE.encode(told))
        sheet.writerow([_cell(told[name]) for name in columns])
    lines.append(b"")
    return b"\n".join(lines), cells.getvalue().encode()


def heading(columns: Sequence[str]) -> bytes:
    """The first line of a sheet, behind its byte order mark."""
    return "\ufeff".encode() + (",".join(columns) + "\r\n").encode()


def _nested(value: Any) -> bytes:
    # the fast writer spells fractions in another way than the one that older reports were written by
    return _LINE.encode(value) if _has_no_fraction(value) else _JSON.encode(value).encode()


def _has_no_fraction(value: Any) -> bool:
    kind = type(value)
    if kind in _SCALARS:
        return True
    if kind is dict:
        return all(type(one) in _SCALARS or _has_no_fraction(one) for one in value.values())
    return kind is list and all(map(_has_no_fraction, value))


def _is_plain(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str | int) for one in value)


def _cell(value: Any) -> str:
    if type(value) is str:
        # nearly all: nothing that a spreadsheet runs begins so
        return value if value[:1].isalnum() else as_text(value)
    if value is None:
        return ""
    kind = type(value)
    if kind is int:
        return str(value) if value >= 0 else as_text(str(value))
    if kind is bool:
        return "true" if value else "false"
    if kind is list:
        return as_text(" ".join(map(str, value))) if value else ""
    if kind is msgspec.Raw:
        told = bytes(value).decode()
        return told if told[:1] in _NEVER_RUN else as_text(told)
    return as_text(str(value))
