"""The forms that the values of a frame must have, in a row at the door and in an entry of the log.

Every check is a few hundred nanoseconds: a farm sends millions of them.

>>> is_utc_time("2026-11-22T08:12:00.250Z"), is_utc_time("2026-11-22T08:12:00+00:00")
(True, False)
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import NamedTuple, Protocol

from trustcore.encoding import is_sha256_hex
from trustcore.older import StrEnum, moment_of

MAX_FRAME = 2**31 - 1
MAX_TAKE = 2**15 - 1

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_MARK = re.compile(r"[0-9a-f]{16}")


class RowCode(StrEnum):
    """Why a row was refused at the door. Public and stable."""

    ROW_MALFORMED = "ROW_MALFORMED"
    ROW_TOO_LONG = "ROW_TOO_LONG"
    LEASE_INVALID = "LEASE_INVALID"
    FRAME_INVALID = "FRAME_INVALID"
    TAKE_INVALID = "TAKE_INVALID"
    HASH_INVALID = "HASH_INVALID"
    OUTCOME_UNKNOWN = "OUTCOME_UNKNOWN"
    TIME_INVALID = "TIME_INVALID"
    MARK_INVALID = "MARK_INVALID"


class Fault(NamedTuple):
    """The first thing wrong with a frame's values."""

    code: RowCode
    detail: str


class FrameValues(Protocol):
    """What a row and a frame entry have in common."""

    @property
    def file_sha256(self) -> str: ...
    @property
    def finished_at(self) -> str: ...
    @property
    def frame(self) -> int: ...
    @property
    def lease(self) -> str | None: ...
    @property
    def mark(self) -> str | None: ...
    @property
    def pixel_sha256(self) -> str: ...
    @property
    def started_at(self) -> str: ...
    @property
    def take(self) -> int: ...


def fault_of_frame(row: FrameValues) -> Fault | None:
    """Return the first value of ``row`` that has not its form, or None."""
    if row.lease is not None and not is_uuid(row.lease):
        return Fault(RowCode.LEASE_INVALID, "lease is not a lower-case UUID")
    if not 0 <= row.frame <= MAX_FRAME:
        return Fault(RowCode.FRAME_INVALID, f"frame is not in 0..{MAX_FRAME}")
    if not 0 <= row.take <= MAX_TAKE:
        return Fault(RowCode.TAKE_INVALID, f"take is not in 0..{MAX_TAKE}")
    if not is_sha256_hex(row.file_sha256):
        return Fault(RowCode.HASH_INVALID, "file_sha256 is not 64 lower-case hex digits")
    if not is_sha256_hex(row.pixel_sha256):
        return Fault(RowCode.HASH_INVALID, "pixel_sha256 is not 64 lower-case hex digits")
    if row.mark is not None and not is_mark(row.mark):
        return Fault(RowCode.MARK_INVALID, "mark is not 16 lower-case hex digits")
    if not is_utc_time(row.started_at) or not is_utc_time(row.finished_at):
        return Fault(RowCode.TIME_INVALID, "times are RFC 3339 in UTC, with Z")
    if is_before(row.finished_at, row.started_at):
        return Fault(RowCode.TIME_INVALID, "finished_at is before started_at")
    return None


def is_uuid(text: str) -> bool:
    """Tell whether ``text`` is a UUID in lower case, with hyphens."""
    return _UUID.fullmatch(text) is not None


def is_mark(text: str) -> bool:
    """Tell whether ``text`` is 16 lower-case hex digits."""
    return _MARK.fullmatch(text) is not None


def is_before(one: str, other: str) -> bool:
    """Tell whether the time ``one`` is before ``other``; both are times as :func:`is_utc_time` takes them.

    As texts without their ``Z`` they sort as moments do, but for zeros at the end of a fraction: what looks
    later or equal is so; what looks earlier is compared exactly.
    """
    return one[:-1] < other[:-1] and moment_of(one) < moment_of(other)


def is_utc_time(text: str) -> bool:
    """Tell whether ``text`` is a valid RFC 3339 time in UTC, written ``YYYY-MM-DDTHH:MM:SS[.f]Z``."""
    return _parse_time(text) is not None


def _parse_time(text: str) -> datetime | None:
    # fromisoformat reads many more forms: the fixed marks leave one
    if (
        len(text) == 21
        or not 20 <= len(text) <= 27
        or text[-1] != "Z"
        or text[10] != "T"
        or text[4] + text[7] != "--"
    ):
        return None
    if text[13] + text[16] != "::" or text[19] not in ".Z":
        return None
    try:
        return moment_of(text)
    except ValueError:
        return None
