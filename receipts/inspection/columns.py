"""The columns beside an entry, and whether they say what the entry says.

The database hands over a tile of rows (256) as strips: all entries as lines, and each column as the packed values
of those rows that have one. The same strips are packed from the entries; equal strips mean equal columns, at a
tenth of the price of comparing rows. Where they differ, the rows of that tile are looked at one by one.

A new kind of entry, or a column that moves into another, changes :data:`STRIPS`, :func:`strips_fit` and
:func:`row_fits`, and nothing else.
"""

import struct
from collections.abc import Sequence
from operator import attrgetter
from typing import NamedTuple

from receipts.models import EntryKind, FrameOutcome
from trustcore.receipt import ENTRY_TYPES, Entry, FrameEntry

STRIPS = """
select g.n, t.* from generate_series(%s::bigint, %s::bigint) as g(n) cross join lateral (
    select count(*),
        string_agg(entry, '\\x0a'::bytea),
        coalesce(string_agg(int2send(kind), ''::bytea), ''),
        coalesce(string_agg(int4send(frame), ''::bytea), ''),
        coalesce(string_agg(int2send(take), ''::bytea), ''),
        coalesce(string_agg(int2send(outcome), ''::bytea), ''),
        coalesce(string_agg(int8send(lease), ''::bytea), ''),
        coalesce(string_agg(file_sha256, ''::bytea), ''),
        coalesce(string_agg(uuid_send(ref), ''::bytea), '')
    from (
        select * from receipts_logentry
        where log_id = %s and idx >= g.n * 256 and idx < least(g.n * 256 + 256, %s::bigint) order by idx
    ) as tile
) as t
"""
ROWS = """
select idx, kind, frame, take, outcome, lease, file_sha256, ref, entry from receipts_logentry
where log_id = %s and idx >= %s and idx < %s order by idx
"""


class Strips(NamedTuple):
    """One tile of rows; field by field as :data:`STRIPS` selects them."""

    tile: int
    rows: int
    lines: bytes | None
    kinds: bytes
    frames: bytes
    takes: bytes
    outcomes: bytes
    leases: bytes
    files: bytes
    refs: bytes


class Row(NamedTuple):
    """One row; field by field as :data:`ROWS` selects them."""

    idx: int
    kind: int
    frame: int | None
    take: int | None
    outcome: int | None
    lease: int | None
    file_sha256: bytes | None
    ref: object
    entry: bytes


_NUMBER_OF_KIND = {kind.label: kind.value for kind in EntryKind}
_KIND_OF_TYPE = {
    shape: _NUMBER_OF_KIND[str(shape.__struct_config__.tag)].to_bytes(2, "big") for shape in ENTRY_TYPES
}
_FRAME_KIND = EntryKind.FRAME.value.to_bytes(2, "big")
_OUTCOMES = {outcome.name: outcome.value for outcome in FrameOutcome}
_frame = attrgetter("frame")
_take = attrgetter("take")
_outcome = attrgetter("outcome._value_")  # an enumeration's hash is slow, its value's is not
_file = attrgetter("file_sha256")


def strips_fit(strips: Strips, entries: Sequence[Entry], frames: Sequence[FrameEntry]) -> bool:
    """Tell whether every column of a tile says what its entries say (leases and facts are looked up apart)."""
    count = len(frames)
    try:
        return (
            (
                frames is entries
                or b"".join(map(_KIND_OF_TYPE.__getitem__, map(type, entries))) == strips.kinds
            )
            and struct.pack(f">{count}i", *map(_frame, frames)) == strips.frames
            and struct.pack(f">{count}h", *map(_take, frames)) == strips.takes
            and struct.pack(f">{count}h", *map(_OUTCOMES.__getitem__, map(_outcome, frames)))
            == strips.outcomes
            and "".join(map(_file, frames)) == strips.files.hex()
            and len(strips.leases) == 8 * count
            and len(strips.refs) == 16 * (len(entries) - count)
        )
    except struct.error:
        return False  # an entry's number that no column can hold


def frames_of(strips: Strips, entries: Sequence[Entry]) -> Sequence[FrameEntry]:
    """The frames among the entries of a tile: the entries themselves, where all of it is frames."""
    if strips.kinds == _FRAME_KIND * len(entries) and {*map(type, entries)} == {FrameEntry}:
        return entries  # type: ignore[return-value]
    return [entry for entry in entries if type(entry) is FrameEntry]


def lease_pairs(strips: Strips, frames: Sequence[FrameEntry]) -> set[tuple[int, str]]:
    """Each lease's number (the column) beside what the entry cites: the check that opened it, or the lease itself.

    A frame without leave has a negative number.
    """
    numbers = struct.unpack(f">{len(frames)}q", strips.leases)
    return set(zip(numbers, [cited_by(frame) for frame in frames], strict=True))


def cited_by(frame: FrameEntry) -> str:
    """The id that leads from a frame's entry to its lease."""
    return frame.check or frame.lease or ""


def row_fits(row: Row, entry: Entry) -> bool:
    """Tell whether the columns of one row say what its entry says."""
    if row.kind.to_bytes(2, "big", signed=True) != _KIND_OF_TYPE[type(entry)]:
        return False
    if not isinstance(entry, FrameEntry):
        return row.ref is not None and (row.lease, row.frame, row.take, row.outcome) == (None,) * 4
    beside = (row.frame, row.take, row.outcome, (row.file_sha256 or b"").hex())
    stated = (entry.frame, entry.take, _OUTCOMES[entry.outcome.value], entry.file_sha256)
    return beside == stated and row.lease is not None and row.ref is None
