"""The receipt rows of a bundle: one NDJSON and one CSV row for each frame entry of the log.

One frame at a time (:func:`receipt_lines`), or many lean frames under a check whose words are written once
(:class:`RowMaker`). Both write the same bytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import NamedTuple, Self

import msgspec
from msgspec.structs import asdict

from trustcore.bundle.layout import CSV_COLUMNS
from trustcore.policy.vocabulary import Outcome
from trustcore.receipt import CheckedEntry, FrameEntry, LeanFrame

CSV_HEADER = (",".join(CSV_COLUMNS) + "\r\n").encode()

# what a frame entry leaves to the check it cites; entries of older logs repeat it
SAID_BY_CHECK = ("jti", "terms_version", "lease", "talent")
_encoder = msgspec.json.Encoder(order="sorted")
_cells_of = attrgetter(*CSV_COLUMNS)
# what a joined row holds when a cell needs care: a quote, a line break, or the beginning of a formula
_UNSAFE = ('"', "\r", "\n", ",=", ",+", ",-", ",@", ",\t")
_CHECK_CELLS = CSV_COLUMNS[CSV_COLUMNS.index("shot") : CSV_COLUMNS.index("lease") + 1]


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
        cells = ["" if cell is None else str(cell) for cell in attrgetter(*_CHECK_CELLS)(_Cited(check))]
        return cls(
            check,
            head=f'{{{_member("check", check.decision)}{_member("construct", check.construct)}"file_sha256":"',
            lease=f'",{_member("jti", check.jti)}"leaf_index":',
            tail=f",{_member('lease', check.lease)}",
            shot=f'",{_member("shot", check.shot)}"started_at":"',
            end=f",{_member('talent', check.talent)}{_member('terms_version', check.terms_version)}"
            f"{_member('use_type', check.use_type)}"[:-1]
            + "}\n",
            cells=",".join(map(_csv_cell, cells)),
        )

    def add_rows(self, rows: TileRows, first: int, frames: Sequence[LeanFrame]) -> None:
        """Append the rows of frames whose forms hold, which stand in the log one after another from ``first`` on."""
        _, head, lease, tail, shot, end, cells = self
        leaves = range(first, first + len(frames))
        rows.leaves.extend(leaves)
        rows.ndjson += [
            f'{head}{frame.file_sha256}","finished_at":"{frame.finished_at}","frame":{frame.frame},"id":"{leaf}'
            f"{lease}{leaf}{tail}{_marked(frame.mark) if frame.mark else ''}"
            f'"outcome":"{frame.outcome}","pixel_sha256":"{frame.pixel_sha256}{shot}{frame.started_at}",'
            f'"take":{frame.take}{end}'
            for leaf, frame in zip(leaves, frames, strict=True)
        ]
        rows.csv += [
            f"{leaf},{leaf},{frame.outcome},,{frame.frame},{frame.take},{cells},{frame.started_at},"
            f"{frame.finished_at},{frame.file_sha256},{frame.pixel_sha256},{frame.mark or ''}\r\n"
            for leaf, frame in zip(leaves, frames, strict=True)
        ]


class _Cited:
    """A check as its frames' rows name it."""

    def __init__(self, check: CheckedEntry) -> None:
        self._check = check

    def __getattr__(self, name: str) -> object:
        return self._check.decision if name == "check" else getattr(self._check, name)


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


def _marked(mark: str) -> str:
    return f'"mark":"{mark}",'


def _csv_cell(text: str) -> str:
    """Quote as RFC 4180 says; a leading sign would be a formula in a spreadsheet, so a mark goes before it."""
    if text and text[0] in "=+-@\t\r":
        text = "'" + text
    if any(char in text for char in ',"\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text
