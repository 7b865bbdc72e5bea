"""The row a farm sends for each frame, one line of NDJSON.

>>> row = FrameRow(file_sha256="0" * 64, finished_at="2026-11-22T08:12:01Z", frame=1001,
...                lease="00000000-0000-4000-8000-000000000001", outcome="RENDERED", pixel_sha256="1" * 64,
...                started_at="2026-11-22T08:12:00Z", take=1)
>>> parse_row(encode_row(row)) == row
True
"""

import msgspec

from trustcore.errors import TrustError
from trustcore.policy.vocabulary import Outcome
from trustcore.receipt.forms import RowCode, fault_of_frame

MAX_ROW_BYTES = 2_048


class RowRefused(TrustError):
    """A row cannot be read as a frame; ``code`` is one of :class:`RowCode`."""

    def __init__(self, code: RowCode, detail: str) -> None:
        """Keep the code, which answers the row."""
        self.reason = code
        super().__init__(code.value, detail)


class FrameRow(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, frozen=True, kw_only=True):
    """One row of an intake batch, as the farm sends it. Fields as in :class:`FrameEntry`."""

    file_sha256: str
    finished_at: str
    frame: int
    lease: str
    mark: str | None = None
    outcome: str
    pixel_sha256: str
    started_at: str
    take: int


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
        return 32
    return 30 if b"mark" in data else 28
