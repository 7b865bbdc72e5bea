"""The receipt rows of a bundle: one NDJSON and one CSV row for each frame entry of the log.

One frame at a time (:func:`receipt_lines`), or many lean frames under a check whose words are written once
(:class:`RowMaker`). Both write the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import field
from functools import lru_cache
from operator import attrgetter
from typing import NamedTuple

import msgspec
from msgspec.structs import asdict

from trustcore.bundle.layout import CSV_COLUMNS
from trustcore.older import Self, dataclass, zipped
from trustcore.policy.vocabulary import Outcome
from trustcore.receipt import CheckedEntry, FrameEntry, LeanFrame

CSV_HEADER = (",".join(CSV_COLUMNS) + "\r\n").encode()

# what a frame entry leaves to the check it cites; entries of older logs repeat it
SAID_BY_CHECK = ("jti", "terms_version", "lease", "talent")
_encoder = msgspec.json.Encoder(order="sorted")
_cells_of = attrgetter(*CSV_COLUMNS)
# what a joined row holds when a cell needs care: a quote, a line break, or the beginning of a formula
_UNSAFE = ('"', "\r", "\n", ",=", ",+", ",-", ",@", ",\t")
_NEEDS_QUOTES = re.compile('[,"\\r\\n]')


class ReceiptLines(NamedTuple):
    """The rows of one frame entry, each with its line end."""

    ndjson: bytes
    csv: bytes


class _Row(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One receipt: the frame entry, its place in the log, and what its check says of it.

    ``id`` is the leaf index, as a text, where the entry holds no id of its own.
    """

    check: str | None = None
    construct: str | None = None
    file_sha256: str
    finished_at: str
    frame: int
    id: str
    jti: str | None = None
    leaf_index: int
    lease: str | None = None
    mark: str | None = None
    outcome: Outcome
    pixel_sha256: str
    reason: str | None = None
    shot: str | None = None
    started_at: str
    take: int
    talent: str | None = None
    terms_version: int | None = None
    use_type: str | None = None


@dataclass(slots=True)
class TileRows:
    """The receipt rows of a tile of entries, in their order.

    Attributes:
        leaves: the leaf index of each row.
    """

    leaves: list[int] = field(default_factory=list)
    ndjson: list[str] = field(default_factory=list)
    csv: list[str] = field(default_factory=list)

    def add(self, leaf_index: int, lines: ReceiptLines) -> None:
        """Append the rows of one frame entry."""
        self.leaves.append(leaf_index)
        self.ndjson.append(lines.ndjson.decode())
        self.csv.append(lines.csv.decode())


class RowMaker(NamedTuple):
    """What one check says in each row under it: the pieces of a row between a frame's own values."""

    check: CheckedEntry
    head: str
    lease: str
    tail: str
    shot: str
    end: str
    cells: str

    @classmethod
    def of(cls, check: CheckedEntry) -> Self:
        """Write the words of ``check`` once."""
        said = check.construct, check.jti, check.shot, check.talent, check.terms_version, check.use_type
        construct, jti, shot, end, cells = _words(*said)
        return cls(
            check,
            head=f'{{{_member("check", check.decision)}{construct}"file_sha256":"',
            lease=f'",{jti}"leaf_index":',
            tail=f",{_member('lease', check.lease)}",
            shot=f'",{shot}"started_at":"',
            end=end,
            cells=f"{cells},{_csv_cell(check.decision)},{_csv_cell(check.lease or '')}",
        )

    def add_rows(self, rows: TileRows, first: int, frames: Sequence[LeanFrame]) -> None:
        """Append the rows of frames whose forms hold, which stand in the log one after another from ``first`` on."""
        _, head, lease, tail, shot, end, cells = self
        leaves = range(first, first + len(frames))
        rows.leaves.extend(leaves)
        add_ndjson, add_csv = rows.ndjson.append, rows.csv.append
        for leaf, frame in zipped(leaves, frames):
            file, pixels, number, take = frame.file_sha256, frame.pixel_sha256, frame.frame, frame.take
            started, finished, outcome, mark = frame.started_at, frame.finished_at, frame.outcome, frame.mark
            member = f'"mark":"{mark}",' if mark else ""
            add_ndjson(
                f'{head}{file}","finished_at":"{finished}","frame":{number},"id":"{leaf}{lease}{leaf}{tail}{member}'
                f'"outcome":"{outcome}","pixel_sha256":"{pixels}{shot}{started}","take":{take}{end}'
            )
            add_csv(
                f"{leaf},{leaf},{outcome},,{number},{take},{cells},{started},{finished},{file},{pixels},{mark or ''}\r\n"
            )


@lru_cache(maxsize=1024)
def _words(
    construct: str | None,
    jti: str | None,
    shot: str | None,
    talent: str | None,
    terms_version: int | None,
    use_type: str,
) -> tuple[str, str, str, str, str]:
    """What many checks say alike: three members, the end of an NDJSON row, and the CSV cells before the check's id."""
    members = (
        _member("talent", talent),
        _member("terms_version", terms_version),
        _member("use_type", use_type),
    )
    cells = (shot, use_type, construct, talent, jti, terms_version)
    return (
        _member("construct", construct),
        _member("jti", jti),
        _member("shot", shot),
        f",{''.join(members)}"[:-1] + "}\n",
        ",".join("" if cell is None else _csv_cell(str(cell)) for cell in cells),
    )


def receipt_lines(leaf_index: int, entry: FrameEntry, check: CheckedEntry | None) -> ReceiptLines:
    """Return the NDJSON and the CSV row of one frame entry.

    Args:
        leaf_index: the entry's place in the log.
        entry: the frame entry.
        check: the check it cites; None when ``UNAUTHORISED``.
    """
    values = asdict(entry)
    values["id"] = entry.id or str(leaf_index)
    if check is not None:
        values |= {name: getattr(check, name) for name in (*SAID_BY_CHECK, "shot", "use_type", "construct")}
    row = _Row(leaf_index=leaf_index, **values)
    cells = ["" if cell is None else str(cell) for cell in _cells_of(row)]
    csv = ",".join(cells)
    if csv.count(",") != len(cells) - 1 or any(mark in csv for mark in _UNSAFE):
        csv = ",".join(map(_csv_cell, cells))
    return ReceiptLines(_encoder.encode(row) + b"\n", (csv + "\r\n").encode())


def _member(name: str, value: str | int | None) -> str:
    """A member of a JSON object with the comma behind it; nothing for None."""
    return "" if value is None else f'"{name}":{_encoder.encode(value).decode()},'


def _csv_cell(text: str) -> str:
    """Quote as RFC 4180 says; a leading sign would be a formula in a spreadsheet, so a mark goes before it."""
    if text and text[0] in "=+-@\t\r":
        text = "'" + text
    if _NEEDS_QUOTES.search(text):
        return '"' + text.replace('"', '""') + '"'
    return text
