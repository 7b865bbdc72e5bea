"""The columns beside an entry, and whether they say what the entry says.

The database hands over a tile of rows (256) as strips: its frames as lines, its other entries as lines, and each
column as the packed values of those rows that have one. The same strips are packed from the entries; equal strips mean equal columns, at a
tenth of the price of comparing rows. Where they differ, the rows of that tile are looked at one by one.

A new kind of entry, or a column that moves into another, changes :data:`STRIPS`, :func:`strips_fit` and
:func:`row_fits`, and nothing else.
"""

import re
import struct
from collections.abc import Sequence
from typing import NamedTuple

from receipts.models import EntryKind, FrameOutcome
from trustcore.errors import InvalidEvidence, InvalidReason
from trustcore.receipt import ENTRY_TYPES, Entry, FrameEntry, LeanFrame, read_entries, read_frames

STRIPS = """
select g.n, t.* from generate_series(%s::bigint, %s::bigint) as g(n) cross join lateral (
    select count(*),
        coalesce(string_agg(entry, '\\x0a'::bytea) filter (where kind = 3), ''),
        coalesce(string_agg(entry, '\\x0a'::bytea) filter (where kind <> 3), ''),
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
    frame_lines: bytes
    other_lines: bytes
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
_NO_FRAME = re.compile(b"[^%c]" % EntryKind.FRAME.value, re.DOTALL)
_OUTCOMES = {outcome.name: outcome.value for outcome in FrameOutcome}
_PACKED_OUTCOMES = {name: value.to_bytes(2, "big") for name, value in _OUTCOMES.items()}


class Tile(NamedTuple):
    """The entries of one tile, read.

    Attributes:
        stored: as the rows hold them, in the order of the log.
        frames: its frames; ``cited`` the id that leads from each to its lease.
        facts: place within the tile and entry of those that are no frames.
    """

    stored: list[bytes]
    frames: Sequence[FrameEntry | LeanFrame]
    cited: list[str]
    facts: list[tuple[int, Entry]]


def read_tile(strips: Strips) -> Tile:
    """Read what the strips of a tile hold; the columns are not looked at yet.

    Raises:
        InvalidEvidence: an entry is not canonical, or not of the kind that its column says.
    """
    places = [found.start() for found in _NO_FRAME.finditer(strips.kinds[1::2])]
    stored = _cut(strips.frame_lines, strips.rows - len(places))
    frames, cited = _frames(strips.frame_lines, len(stored))
    others = _cut(strips.other_lines, len(places))
    entries = read_entries(strips.other_lines, len(others)) if others else []
    for at, entry in zip(places, others, strict=True):
        stored.insert(at, entry)
    return Tile(stored, frames, cited, list(zip(places, entries, strict=True)))


def _cut(lines: bytes, count: int) -> list[bytes]:
    found = lines.split(b"\n") if count else []
    if len(found) != count:
        raise InvalidEvidence(InvalidReason.NOT_CANONICAL, "an entry holds a line feed")
    return found


def _frames(lines: bytes, count: int) -> tuple[Sequence[FrameEntry | LeanFrame], list[str]]:
    if not count:
        return [], []
    try:
        lean = read_frames(lines, count)
    except InvalidEvidence:  # an older log's, or frames without leave
        frames = [entry for entry in read_entries(lines, count) if type(entry) is FrameEntry]
        if len(frames) != count:
            raise
        return frames, [cited_by(frame) for frame in frames]
    return lean, [frame.check for frame in lean]


def strips_fit(strips: Strips, tile: Tile) -> bool:
    """Tell whether every column of a tile says what its entries say (leases and facts are looked up apart)."""
    frames, count = tile.frames, len(tile.frames)
    kinds = bytearray(_FRAME_KIND * strips.rows)
    for at, entry in tile.facts:
        kinds[2 * at : 2 * at + 2] = _KIND_OF_TYPE[type(entry)]
    try:
        return (
            kinds == strips.kinds
            and struct.pack(f">{count}i", *[frame.frame for frame in frames]) == strips.frames
            and struct.pack(f">{count}h", *[frame.take for frame in frames]) == strips.takes
            and b"".join([_PACKED_OUTCOMES[frame.outcome] for frame in frames]) == strips.outcomes
            and "".join([frame.file_sha256 for frame in frames]) == strips.files.hex()
            and len(strips.leases) == 8 * count
            and len(strips.refs) == 16 * len(tile.facts)
        )
    except struct.error:
        return False  # an entry's number that no column can hold


def lease_pairs(strips: Strips, tile: Tile) -> set[tuple[int, str]]:
    """Each lease's number (the column) beside what the entry cites: the check that opened it, or the lease itself.

    A frame without leave has a negative number.
    """
    numbers = struct.unpack(f">{len(tile.frames)}q", strips.leases)
    told = dict(zip(numbers, tile.cited, strict=True))  # far fewer than frames, unless one of them lies
    if [told[number] for number in numbers] != tile.cited:
        return set(zip(numbers, tile.cited, strict=True))
    return set(told.items())


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
