"""A slice of a log as CSV (RFC 4180), in pieces, safe to open in a spreadsheet.

A spreadsheet runs a cell that begins with ``=``, ``+``, ``-`` or ``@``; names of shots and workers come from
farms. Such a cell gets an apostrophe before it. Who needs the exact text reads the Parquet.

A web server may end a stream that failed as if it were whole. An export that fails ends in a cell that never
closes and says so, which no strict reader accepts and no person overlooks.

>>> harmless("=HYPERLINK(1)"), harmless("0410_0020")
("'=HYPERLINK(1)", '0410_0020')

Source: RFC 4180; OWASP, *CSV Injection*.
"""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from receipts.exports.columns import Kind
from receipts.selectors.exports import LogSlice

# the wide forms are read as the narrow ones by spreadsheets of East Asian languages
_RUNS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
INCOMPLETE = b'"EXPORT INCOMPLETE: it failed on the server; do not use this file\r\n'
_BREAKS = ("\t", "\r", "\n")


def csv_pieces(part: LogSlice, kind: Kind) -> Iterator[bytes]:
    """The header line, then pages of rows; UTF-8, CRLF, a cell without a value is empty."""
    try:
        yield _lines([kind.names])
        for page in kind.pages(part):
            yield _lines([[_cell(value) for value in row] for row in page])
    except Exception:
        yield INCOMPLETE
        raise


def harmless(text: str) -> str:
    """``text``, with an apostrophe before it if a spreadsheet would run it."""
    return f"'{text}" if text.startswith(_BREAKS) or text.lstrip().startswith(_RUNS) else text


def _cell(value: Any) -> str | int:
    match value:
        case None:
            return ""
        case int():
            return value
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        case bytes():
            return value.decode()  # an entry: JSON, begins with a brace
        case list():
            return " ".join(value)
    return harmless(str(value))


def _lines(rows: list[list[Any]]) -> bytes:
    page = io.StringIO()
    csv.writer(page, lineterminator="\r\n").writerows(rows)
    return page.getvalue().encode()
