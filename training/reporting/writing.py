"""Write a report to a file: rows as they come, in memory that does not grow with them; the same cut, the same bytes."""

import hashlib
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final, cast
from uuid import UUID

from training.reporting.cut import Cut, exact, last_edge, last_event
from training.reporting.lines import heading, table_lines
from training.reporting.material import Rows, derivative_rows, original_rows, source_rows
from training.reporting.members import Members
from training.reporting.standing import cases_at
from training.reporting.tables import QUESTIONS, TABLES
from training.reporting.tally import Tally
from training.reporting.whereabouts import case_rows, event_rows, manifest_rows, run_rows
from trustcore.encoding import canonical_json
from trustcore.rights_report import FORMAT, HEAD, STATEMENT

_KEPT: Final = 500
_THEN: Final = (1980, 1, 1, 0, 0, 0)
_TOLD_BY: Final = ("jobs", "exceptions", "takedowns")
# quick rather than small: a report is written while somebody waits
_LEVEL: Final = 1


@dataclass(frozen=True, slots=True)
class Draft:
    """A report before it is signed: its head, its tables' files lying in ``folder``, and their hashes."""

    folder: Path
    head: dict[str, Any]
    files: dict[str, str]


@dataclass(slots=True)
class _Sheet:
    """One table while it is written, as lines and as a sheet."""

    name: str
    lines: BinaryIO
    cells: BinaryIO
    waiting: list[dict[str, Any]] = field(default_factory=list)
    begun: bool = False
    lines_hash: Any = field(default_factory=hashlib.sha256)
    cells_hash: Any = field(default_factory=hashlib.sha256)

    def add(self, row: dict[str, Any]) -> None:
        """Take one row; rows are written some hundreds at a time."""
        self.waiting.append(row)
        if len(self.waiting) == _KEPT:
            self.flush()

    def flush(self) -> None:
        """Write what waits; the sheet's heading first."""
        columns = TABLES[self.name].columns
        lines, cells = table_lines(columns, self.waiting)
        if not self.begun:
            cells = heading(columns) + cells
        for told, file, digest in (
            (lines, self.lines, self.lines_hash), (cells, self.cells, self.cells_hash),
        ):  # fmt: skip
            file.write(told)
            digest.update(told)
        self.waiting, self.begun = [], True


@contextmanager
def drafted(cut: Cut) -> Iterator[Draft]:
    """Write the tables of a cut and count them; the files go when this ends.

    Raises:
        NotFound: the house had nothing of that name at the cut. InvalidEvidence: a signature below it does not hold.
    """
    with tempfile.TemporaryDirectory(prefix="tm-report-") as name, ExitStack() as stack:
        folder = Path(name)
        sheets = {
            table: _Sheet(
                table,
                stack.enter_context((folder / f"{table}.ndjson").open("wb")),
                stack.enter_context((folder / f"{table}.csv").open("wb")),
            )
            for table in TABLES
        }
        tally, further = Tally(), set[UUID]()
        members = Members(cut)
        for table, row in _rows(cut, members, further):
            sheets[table].add(row)
            tally.add(table, row)
            if table in _TOLD_BY:
                further.add(UUID(row["id"]))
        files = {}
        for sheet in sheets.values():
            sheet.flush()
            files[f"tables/{sheet.name}.ndjson"] = sheet.lines_hash.hexdigest()
            files[f"tables/{sheet.name}.csv"] = sheet.cells_hash.hexdigest()
        stack.close()
        yield Draft(folder, _head(cut, tally, files), files)


def write_archive(draft: Draft, statement: bytes, stream: BinaryIO) -> None:
    """The report as one file: the statement, the head, and every table."""
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as archive:
        archive.writestr(_member(STATEMENT), statement, compresslevel=_LEVEL)
        archive.writestr(_member(HEAD), canonical_json(draft.head), compresslevel=_LEVEL)
        for name in sorted(draft.files):
            path = draft.folder / name.removeprefix("tables/")
            with path.open("rb") as source, archive.open(_member(name), "w", force_zip64=True) as target:
                shutil.copyfileobj(source, cast("BinaryIO", target), 1024 * 1024)


def _rows(cut: Cut, members: Members, further: set[UUID]) -> Rows:
    cases = cases_at(cut.organisation, cut.until)
    yield from source_rows(cut, members)
    yield from original_rows(cut, members, cases)
    yield from derivative_rows(cut, members)
    yield from manifest_rows(cut, members)
    yield from run_rows(cut, members)
    yield from case_rows(cut, members, cases)
    yield from event_rows(cut, members, further)


def _head(cut: Cut, tally: Tally, files: dict[str, str]) -> dict[str, Any]:
    """What is signed. It holds no moment of its making and no name of a person: the same cut says the same."""
    return {
        "format": FORMAT,
        "organisation": str(cut.organisation),
        "scope": {"kind": str(cut.scope), "ref": str(cut.ref) if cut.ref else None},
        "cut": {"until": exact(cut.until), "last_event": last_event(cut), "last_edge": last_edge(cut)},
        "questions": QUESTIONS,
        "answers": tally.answers(),
        "tables": [
            {
                "name": name, "question": table.question, "rows": tally.rows[name],
                "ndjson_sha256": files[f"tables/{name}.ndjson"], "csv_sha256": files[f"tables/{name}.csv"],
            }
            for name, table in TABLES.items()
        ],
    }  # fmt: skip


def _member(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _THEN)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    return info
