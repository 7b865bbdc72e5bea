"""The row a farm sends for each frame, one line of NDJSON.

>>> row = FrameRow(file_sha256="0" * 64, finished_at="2026-11-22T08:12:01Z", frame=1001,
...                lease="00000000-0000-4000-8000-000000000001", outcome="RENDERED", pixel_sha256="1" * 64,
...                started_at="2026-11-22T08:12:00Z", take=1)
>>> parse_row(encode_row(row)) == row
True
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from trustcore.errors import TrustError
from trustcore.policy.vocabulary import Outcome
from trustcore.receipt.forms import (
    MAX_FRAME,
    MAX_TAKE,
    RowCode,
    fault_of_frame,
    is_before,
    is_mark,
    is_utc_time,
    is_uuid,
)

MAX_ROW_BYTES = 2_048

_Sha256 = Annotated[str, Meta(min_length=64, max_length=64)]
_Time = Annotated[str, Meta(min_length=20, max_length=27)]


class RowRefused(TrustError):
    """A row cannot be read as a frame; ``code`` is one of :class:`RowCode`."""

    def __init__(self, code: RowCode, detail: str) -> None:
        """Keep the code, which answers the row."""
        self.reason = code
        super().__init__(code.value, detail)


class FrameRow(
    msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, frozen=True, kw_only=True, gc=False
):
    """One row of an intake batch, as the farm sends it. Fields as in :class:`FrameEntry`."""

    file_sha256: _Sha256
    finished_at: _Time
    frame: Annotated[int, Meta(ge=0, le=MAX_FRAME)]
    lease: Annotated[str, Meta(min_length=36, max_length=36)]
    mark: Annotated[str, Meta(min_length=16, max_length=16)] | None = None
    outcome: str
    pixel_sha256: _Sha256
    started_at: _Time
    take: Annotated[int, Meta(ge=0, le=MAX_TAKE)]


_QUOTES = 28  # of a row without a mark: eight keys, six texts
_QUOTES_OF_MARK = 4
_encoder = msgspec.json.Encoder(order="sorted")
_decoder = msgspec.json.Decoder(FrameRow)
_FARM_OUTCOMES = frozenset(item.value for item in Outcome) - {Outcome.UNAUTHORISED.value}
_CODE_OF_FIELD = {
    "lease": RowCode.LEASE_INVALID,
    "frame": RowCode.FRAME_INVALID,
    "take": RowCode.TAKE_INVALID,
    "file_sha256": RowCode.HASH_INVALID,
    "pixel_sha256": RowCode.HASH_INVALID,
    "outcome": RowCode.OUTCOME_UNKNOWN,
    "started_at": RowCode.TIME_INVALID,
    "finished_at": RowCode.TIME_INVALID,
    "mark": RowCode.MARK_INVALID,
}


def parse_row(data: bytes) -> FrameRow:
    """Read one row of an intake batch, strictly.

    Args:
        data: one line of NDJSON without its line feed.

    Raises:
        RowRefused: with a stable code, see :class:`RowCode`.
    """
    if len(data) > MAX_ROW_BYTES:
        raise RowRefused(RowCode.ROW_TOO_LONG, f"a row is at most {MAX_ROW_BYTES} bytes")
    try:
        row = _decoder.decode(data)
    except msgspec.MsgspecError as error:
        raise RowRefused(_code_of(str(error)), str(error)) from error
    fault = fault_of_frame(row)
    if fault is not None:
        raise RowRefused(fault.code, fault.detail)
    if row.outcome not in _FARM_OUTCOMES:
        raise RowRefused(RowCode.OUTCOME_UNKNOWN, "the outcome is not one a farm reports")
    if data.count(b'"') != _quotes_of(row, data):
        raise RowRefused(RowCode.ROW_MALFORMED, "a key is repeated")
    return row


def parse_rows(lines: Sequence[bytes]) -> list[FrameRow | RowCode]:
    """Read many rows: for each line its row, or the code that :func:`parse_row` would refuse it with.

    Lines that are all in order are read and checked together, at a fraction of the cost; if anything in
    them is not, each is read by itself.

    Args:
        lines: as for :func:`parse_row`, none of them empty.
    """
    rows = _rows_in_order(lines)
    return list(rows) if rows is not None else [_row_or_code(line) for line in lines]


def _row_or_code(line: bytes) -> FrameRow | RowCode:
    try:
        return parse_row(line)
    except RowRefused as refusal:
        return RowCode(refusal.code)


def _rows_in_order(lines: Sequence[bytes]) -> list[FrameRow] | None:
    """Read lines whose rows are all in form, None if any is not."""
    if not lines or max(map(len, lines)) > MAX_ROW_BYTES:
        return None
    data = b"\n".join(lines) + b"\n"
    try:
        rows = _decoder.decode_lines(data)
    except msgspec.MsgspecError:
        return None
    # the reader does not insist on one row a line; a row holds no object, so one that goes on in the next
    # line leaves a line that does not end in a brace
    if not len(rows) == len(lines) == data.count(b"}\n"):
        return None
    marks = [row.mark for row in rows if row.mark is not None]
    if data.count(b'"') != _QUOTES * len(rows) + _QUOTES_OF_MARK * len(marks):
        return None  # a repeated key, or a mark that is null
    return rows if _values_in_order(rows, marks) else None


def _values_in_order(rows: Sequence[FrameRow], marks: Sequence[str]) -> bool:
    hashes = "".join([text for row in rows for text in (row.file_sha256, row.pixel_sha256)])
    try:
        if bytes.fromhex(hashes).hex() != hashes:
            return False
    except ValueError:
        return False
    times = {text for row in rows for text in (row.started_at, row.finished_at)}
    return (
        {row.outcome for row in rows} <= _FARM_OUTCOMES
        and all(map(is_uuid, {row.lease for row in rows}))
        and all(map(is_mark, marks))
        and all(map(is_utc_time, times))
        and not any(is_before(row.finished_at, row.started_at) for row in rows)
    )


def encode_row(row: FrameRow) -> bytes:
    """Return the bytes of ``row`` without a line feed."""
    return _encoder.encode(row)


def _code_of(message: str) -> RowCode:
    """Find the field that msgspec blames: its messages end in ``- at `$.field```."""
    _, _, path = message.rpartition("`$.")
    return _CODE_OF_FIELD.get(path.rstrip("`"), RowCode.ROW_MALFORMED)


def _quotes_of(row: FrameRow, data: bytes) -> int:
    """Count the quotation marks of a row without repeated keys: no valid value holds one."""
    if row.mark is not None:
        return _QUOTES + _QUOTES_OF_MARK
    return _QUOTES + 2 if b"mark" in data else _QUOTES
