"""Reading a log from its first entry to its last, as the writer and the verifier of a bundle both do.

A :class:`Ledger` takes the entries in order. It answers each frame entry with its two receipt rows,
keeps the counts, and refuses a log whose frames are not what they claim: every frame that is not
``UNAUTHORISED`` cites an earlier check that allowed it, under a granted version of the same token,
inside the reserved range, and stands in the log once.

The builder writes what the ledger says; the verifier compares with it. So there is one definition
of every derived file.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, NamedTuple, NoReturn

import msgspec
from msgspec.structs import asdict

from trustcore.bundle.layout import CSV_COLUMNS, HISTORY_SCHEMA, MARKS_SCHEMA, Counts
from trustcore.errors import InvalidEvidence, InvalidReason
from trustcore.policy.vocabulary import DecisionOutcome, Outcome
from trustcore.receipt import (
    AuthorisedEntry,
    CheckedEntry,
    Entry,
    ExportedEntry,
    FrameEntry,
    KeyEntry,
    MarkedEntry,
    ResumedEntry,
    RevokedEntry,
    SuspendedEntry,
    VerifiedEntry,
    parse_entry,
)

CSV_HEADER = (",".join(CSV_COLUMNS) + "\r\n").encode()

_ALLOWING = frozenset({DecisionOutcome.ALLOW, DecisionOutcome.ALLOW_WITH_OBLIGATIONS})
_encoder = msgspec.json.Encoder(order="sorted")
_cells_of = attrgetter(*CSV_COLUMNS)
# what a frame entry leaves to the check it cites; entries of older logs repeat it
_SAID_BY_CHECK = ("jti", "terms_version", "lease", "talent")
# what a joined row holds when a cell needs care: a quote, a line break, or the beginning of a formula
_UNSAFE = ('"', "\r", "\n", ",=", ",+", ",-", ",@", ",\t")
_FRAMES_PER_MASK = 1024


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
class Ledger:
    """The state of a log after the entries taken so far.

    Attributes:
        size: entries taken.
        grants: granted versions, by token id and terms version.
    """

    size: int = 0
    grants: dict[tuple[str, int], AuthorisedEntry] = field(default_factory=dict)
    _checks: dict[str, CheckedEntry] = field(default_factory=dict)
    _used: dict[tuple[str, int, str], int] = field(default_factory=dict)
    _seen: dict[tuple[str, int, int], int] = field(default_factory=dict)
    _lives: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    _marks: list[dict[str, Any]] = field(default_factory=list)
    _tally: Counter[str] = field(default_factory=Counter)

    def take(self, data: bytes) -> ReceiptLines | None:
        """Take the next entry; return its receipt rows if it is a frame entry.

        Raises:
            InvalidEvidence: ``MALFORMED``, ``NOT_CANONICAL``, ``UNAUTHORISED_FRAME``,
                ``DUPLICATE_FRAME``, or ``ENTRY_MISMATCH`` where an entry contradicts an earlier one.
        """
        entry = parse_entry(data)
        index = self.size
        self.size += 1
        if isinstance(entry, FrameEntry):
            return self._take_frame(index, entry)
        self._take_other(index, entry)
        return None

    def finish(self) -> Counts:
        """Check what only the whole log can show; return the counts.

        Raises:
            InvalidEvidence: ``UNAUTHORISED_FRAME``; a check allowed what no logged grant allows.
        """
        for (jti, version, use_type), index in self._used.items():
            grant = self.grants.get((jti, version))
            if grant is None:
                _refuse(
                    index,
                    InvalidReason.UNAUTHORISED_FRAME,
                    f"token {jti} version {version} was never granted",
                )
            if use_type not in grant.use_types:
                _refuse(index, InvalidReason.UNAUTHORISED_FRAME, f"token {jti} does not grant {use_type}")
        tokens = len({jti for jti, _ in self.grants})
        return Counts(tokens=tokens, token_versions=len(self.grants), **self._tally)

    def history(self, jti: str) -> list[dict[str, Any]]:
        """Return a token's life: granted, suspended, resumed, revoked; each entry with its leaf index."""
        return self._lives.get(jti, [])

    def marks(self) -> list[dict[str, Any]]:
        """Return the ``marked`` and ``verified`` entries, each with its leaf index."""
        return self._marks

    def _take_frame(self, index: int, entry: FrameEntry) -> ReceiptLines:
        check = None if entry.outcome is Outcome.UNAUTHORISED else self._check_of(index, entry)
        self._tally["receipts"] += 1
        self._tally[_TALLY_OF_OUTCOME[entry.outcome]] += 1
        return receipt_lines(index, entry, check)

    def _check_of(self, index: int, entry: FrameEntry) -> CheckedEntry:
        check = self._checks.get(entry.check or "")
        if check is None:
            _refuse(index, InvalidReason.UNAUTHORISED_FRAME, "the frame cites no check that allowed it")
        if any(getattr(entry, name) not in (None, getattr(check, name)) for name in _SAID_BY_CHECK):
            _refuse(index, InvalidReason.ENTRY_MISMATCH, "the frame and its check disagree")
        if check.first is None or check.last is None or not check.first <= entry.frame <= check.last:
            _refuse(index, InvalidReason.UNAUTHORISED_FRAME, "the frame is outside what its check reserved")
        block, bit = divmod(entry.frame, _FRAMES_PER_MASK)
        key = (check.lease or check.decision, entry.take, block)
        mask = self._seen.get(key, 0)
        if mask >> bit & 1:
            _refuse(index, InvalidReason.DUPLICATE_FRAME, f"frame {entry.frame} has a receipt already")
        self._seen[key] = mask | 1 << bit
        return check

    def _take_other(self, index: int, entry: Entry) -> None:
        match entry:
            case AuthorisedEntry():
                version = (entry.jti, entry.terms_version)
                if version in self.grants:
                    _refuse(index, InvalidReason.ENTRY_MISMATCH, "this version was granted before")
                self.grants[version] = entry
                self._lives.setdefault(entry.jti, []).append(_with_index(index, entry))
            case CheckedEntry():
                self._take_check(index, entry)
            case RevokedEntry():
                self._tally["revoked"] += 1
                self._lives.setdefault(entry.jti, []).append(_with_index(index, entry))
            case SuspendedEntry() | ResumedEntry():
                self._lives.setdefault(entry.jti, []).append(_with_index(index, entry))
            case MarkedEntry() | VerifiedEntry():
                self._tally["marked" if isinstance(entry, MarkedEntry) else "verified"] += 1
                self._marks.append(_with_index(index, entry))
            case ExportedEntry():
                self._tally["exported"] += 1
            case KeyEntry():
                pass  # tells which grants and checks came before a key's end; it changes none of them
            case FrameEntry():  # pragma: no cover - taken before
                raise AssertionError

    def _take_check(self, index: int, entry: CheckedEntry) -> None:
        self._tally["checks"] += 1
        if entry.outcome not in _ALLOWING:
            self._tally["denied"] += 1
            return
        if entry.decision in self._checks:
            _refuse(index, InvalidReason.ENTRY_MISMATCH, "this check was logged before")
        if entry.jti is None or entry.terms_version is None:
            _refuse(index, InvalidReason.MALFORMED, "an allowance names no token version")
        self._used.setdefault((entry.jti, entry.terms_version, entry.use_type), index)
        self._checks[entry.decision] = entry


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
        values |= {name: getattr(check, name) for name in (*_SAID_BY_CHECK, "shot", "use_type", "construct")}
    row = _Row(leaf_index=leaf_index, **values)
    cells = ["" if cell is None else str(cell) for cell in _cells_of(row)]
    csv = ",".join(cells)
    if csv.count(",") != len(cells) - 1 or any(mark in csv for mark in _UNSAFE):
        csv = ",".join(map(_csv_cell, cells))
    return ReceiptLines(_encoder.encode(row) + b"\n", (csv + "\r\n").encode())


def history_document(jti: str, ledger: Ledger, actions: list[dict[str, Any]]) -> dict[str, Any]:
    """Return ``history.json``: what the log says of a token, and what the deployment adds.

    Args:
        actions: the request's steps (submitted, countered, approved...), shown but proved by no log.
    """
    return {"schema": HISTORY_SCHEMA, "jti": jti, "log": ledger.history(jti), "actions": actions}


def marks_document(ledger: Ledger, reports: list[dict[str, Any]]) -> dict[str, Any]:
    """Return ``marks/report.json``: what the log says of the marks, and the detectors' full reports."""
    return {"schema": MARKS_SCHEMA, "log": ledger.marks(), "reports": reports}


def take_all(entries: Iterator[bytes], ledger: Ledger) -> Iterator[ReceiptLines]:
    """Take every entry; yield the receipt rows in the order of the log."""
    for data in entries:
        lines = ledger.take(data)
        if lines is not None:
            yield lines


_TALLY_OF_OUTCOME = {
    Outcome.RENDERED: "rendered",
    Outcome.RERENDER_OF: "rendered",
    Outcome.FAILED: "failed",
    Outcome.DISCARDED: "discarded",
    Outcome.UNAUTHORISED: "unauthorised",
}


def _with_index(index: int, entry: Entry) -> dict[str, Any]:
    return {"leaf_index": index, "entry": msgspec.json.decode(_encoder.encode(entry))}


def _csv_cell(text: str) -> str:
    """Quote as RFC 4180 says; a leading sign would be a formula in a spreadsheet, so a mark goes before it."""
    if text and text[0] in "=+-@\t\r":
        text = "'" + text
    if any(char in text for char in ',"\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text


def _refuse(index: int, reason: InvalidReason, detail: str) -> NoReturn:
    raise InvalidEvidence(reason, f"entry {index}: {detail}")
