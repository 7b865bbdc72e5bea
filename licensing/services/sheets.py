"""CSV in and out, with the care that spreadsheets need. Pure.

In: UTF-8 (with or without a mark), UTF-16 with its mark, or an encoding that the sender names; cells that a
spreadsheet would run are refused. Out: such cells are written as text.

    >>> as_text("=HYPERLINK(1)")
    "'=HYPERLINK(1)"
"""

import codecs
import csv
import io
import itertools
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from common.errors import InvalidInput

ENCODINGS: Final = ("utf-8", "utf-16", "cp1252", "iso8859-1")
_RUNS: Final = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
ROW_CHARACTERS_MOST: Final = 8192
"""Characters of one row, quotes and line ends included."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a sheet: its number in the file (the heading is row 1), and its cells by column."""

    number: int
    cells: dict[str, str]
    trouble: str = ""


def runs_in_a_spreadsheet(cell: str) -> bool:
    """Whether a spreadsheet might take the cell for a formula."""
    return cell.lstrip(" ").startswith(_RUNS)


def as_text(cell: str) -> str:
    """The cell as a spreadsheet shows it and never runs it."""
    return f"'{cell}" if runs_in_a_spreadsheet(cell) else cell


def write_csv(heading: Iterable[str], rows: Iterable[Iterable[object]]) -> Iterator[bytes]:
    """CSV in UTF-8, line by line, no cell of which a spreadsheet runs."""
    yield codecs.BOM_UTF8
    yield from _lines([as_text(str(cell)) for cell in cells] for cells in itertools.chain([heading], rows))


def plain_csv(heading: Iterable[str], rows: Iterable[Iterable[object]]) -> Iterator[bytes]:
    """CSV in UTF-8 with every cell as it is, for our own reading alone: no spreadsheet shall open it."""
    yield from _lines([str(cell) for cell in cells] for cells in itertools.chain([heading], rows))


def encoding_of(first: bytes, named: str) -> str:
    """The encoding to read with: the one named, or what the first bytes say.

    Raises:
        InvalidInput: ``ENCODING_UNKNOWN``: not one of those read here, or neither named nor UTF-8.
    """
    if named and named not in ENCODINGS:
        raise InvalidInput("ENCODING_UNKNOWN", "This encoding is not read.", ", ".join(ENCODINGS))
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if named in {"", "utf-8"}:
        try:
            codecs.getincrementaldecoder("utf-8")().decode(first, final=False)
        except UnicodeDecodeError as error:
            raise InvalidInput(
                "ENCODING_UNKNOWN", "This is not UTF-8.", "Save it as UTF-8, or say which encoding it has."
            ) from error
        return "utf-8-sig"
    return named


def read_csv(
    stream: BinaryIO, encoding: str, *, wanted: tuple[str, ...], optional: tuple[str, ...]
) -> Iterator[Row]:
    """The rows of a sheet, one by one; memory grows neither with the file nor with what stands in one line.

    A row longer than :data:`ROW_CHARACTERS_MOST` or whose quotes never close is refused alone: what follows its
    first line is read for itself.

    Raises:
        InvalidInput: ``COLUMNS_INVALID``: the heading lacks one or has one that is not known;
            ``ENCODING_UNKNOWN``: bytes that the encoding has no characters for.
    """
    text = io.TextIOWrapper(stream, encoding=encoding, errors="strict", newline="")
    lines = _Lines(text)
    try:
        heading = [cell.strip().lower() for cell in _cells(lines) or []]
        if (
            set(wanted) - set(heading)
            or set(heading) - {*wanted, *optional}
            or len(set(heading)) < len(heading)
        ):
            raise InvalidInput(
                "COLUMNS_INVALID", "The heading names other columns.", ", ".join((*wanted, *optional))
            )
        number = 1
        while (cells := _cells(lines)) is not None:
            number += 1
            if isinstance(cells, str):
                yield Row(number, {}, cells)
            elif not any(cell.strip() for cell in cells):
                continue
            elif len(cells) != len(heading):
                yield Row(number, {}, "ROW_MALFORMED")
            else:
                yield Row(number, dict(zip(heading, cells, strict=True)))
    except UnicodeError as error:
        raise InvalidInput(
            "ENCODING_UNKNOWN", "The file holds bytes that its encoding does not know."
        ) from error
    finally:
        text.detach()


class _TooLong(Exception):
    """A row has more characters than a row may have."""


class _Lines:
    """The lines of a text for one row after another, never holding more than one row may have.

    What a refused row had taken beyond its first line is given back and read again.
    """

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self._again: deque[str] = deque()
        self._taken: list[str] = []
        self._characters = 0

    def begin_row(self) -> None:
        self._taken, self._characters = [], 0

    def give_back(self) -> None:
        """Let all lines but the first of the row be read again."""
        self._again.extendleft(reversed(self._taken[1:]))
        self.begin_row()

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else self._text.readline(ROW_CHARACTERS_MOST + 1)
        if not line:
            raise StopIteration
        self._characters += len(line)
        if len(line) <= ROW_CHARACTERS_MOST:
            self._taken.append(line)
            if self._characters <= ROW_CHARACTERS_MOST:
                return line
        else:
            self._skip_rest()
        raise _TooLong

    def _skip_rest(self) -> None:
        """Pass over the rest of a line that is too long."""
        while piece := self._text.readline(ROW_CHARACTERS_MOST + 1):
            if piece.endswith(("\n", "\r")):
                return


def _cells(lines: _Lines) -> list[str] | str | None:
    """The cells of the next row, or the code why it has none; None at the end."""
    lines.begin_row()
    try:
        return next(csv.reader(lines, strict=True))
    except StopIteration:
        return None
    except csv.Error:
        lines.give_back()
        return "ROW_MALFORMED"
    except _TooLong:
        lines.give_back()
        return "ROW_TOO_LONG"


class _Returned:
    """Where a writer of CSV writes to: it gives back what it is given, and the writer hands that on."""

    def write(self, text: str) -> str:
        return text


def _lines(rows: Iterable[list[str]]) -> Iterator[bytes]:
    writer = csv.writer(_Returned(), lineterminator="\r\n")
    for cells in rows:
        line: str = writer.writerow(cells)
        yield line.encode()
