"""Reading a log from its first entry to its last, as the writer and the verifier of a bundle both do.

A :class:`Ledger` takes the entries in order. It answers each frame entry with its two receipt rows,
keeps the counts, and refuses a log whose frames are not what they claim: every frame that is not
``UNAUTHORISED`` cites an earlier check that allowed it, under a granted version of the same token,
inside the reserved range, and stands in the log once.

The builder writes what the ledger says; the verifier compares with it. So there is one definition
of every derived file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import field
from itertools import groupby
from operator import attrgetter
from typing import Any, NoReturn

import msgspec

from trustcore.bundle.layout import HISTORY_SCHEMA, MARKS_SCHEMA, WITHHELD_SCHEMA, Counts
from trustcore.bundle.rows import CSV_HEADER, SAID_BY_CHECK, ReceiptLines, RowMaker, TileRows, receipt_lines
from trustcore.errors import InvalidEvidence, InvalidReason
from trustcore.older import bits_set, dataclass, zipped
from trustcore.policy.vocabulary import DecisionOutcome, Outcome
from trustcore.receipt import (
    LEAN_START,
    AuthorisedEntry,
    CheckedEntry,
    Entry,
    ExportedEntry,
    FrameEntry,
    KeyEntry,
    KeyEvent,
    LeanFrame,
    MarkedEntry,
    RecordedEntry,
    ResumedEntry,
    RevokedEntry,
    SuspendedEntry,
    VerifiedEntry,
    forms_hold,
    parse_entry,
    read_entries,
    read_frames,
)

__all__ = [
    "CSV_HEADER",
    "Ledger",
    "ReceiptLines",
    "history_document",
    "marks_document",
    "receipt_lines",
    "take_all",
    "withheld_document",
]

ALLOWING = frozenset({DecisionOutcome.ALLOW, DecisionOutcome.ALLOW_WITH_OBLIGATIONS})
_encoder = msgspec.json.Encoder(order="sorted")
_FRAMES_PER_MASK = 1024


@dataclass(slots=True)
class Ledger:
    """The state of a log after the entries taken so far.

    Attributes:
        size: entries taken.
        grants: granted versions, by token id and terms version.
        key_ends: which entries tell that keys were revoked, and when that was, by the keys' ids.
        exports: which entries tell of bundles that were made, and when, by the SHA-256 of their files.
        recorded: batches of provenance events, by id: how many each holds, and the root over them.
    """

    size: int = 0
    grants: dict[tuple[str, int], AuthorisedEntry] = field(default_factory=dict)
    recorded: dict[str, tuple[int, str]] = field(default_factory=dict)
    key_ends: dict[str, tuple[int, str]] = field(default_factory=dict)
    exports: dict[str, tuple[int, str]] = field(default_factory=dict)
    _checks: dict[str, CheckedEntry] = field(default_factory=dict)
    _allowed: set[str] = field(default_factory=set)
    _used: dict[tuple[str, int, str], int] = field(default_factory=dict)
    _seen: dict[tuple[str, int, int], int] = field(default_factory=dict)
    _lives: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    _marks: list[dict[str, Any]] = field(default_factory=list)
    _tally: Counter[str] = field(default_factory=Counter)
    _maker: RowMaker | None = None  # of the check that was cited last

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

    def take_tile(self, entries: Sequence[bytes]) -> TileRows:
        """Take many entries, as :meth:`take` would one after another, and several times faster.

        Lean frames are read together and judged a run at a time; a run that does not hold at first sight, and
        every other entry, is taken one by one, which is also what names the entry at fault.

        Returns:
            the receipt rows of the frame entries among them.

        Raises:
            InvalidEvidence: as :meth:`take`.
        """
        rows = TileRows()
        places = [at for at, entry in enumerate(entries) if entry[: len(LEAN_START)] != LEAN_START]
        read = _read_tile(entries, places)
        if read is None:
            self._take_each(rows, entries)
            return rows
        frames, others = read
        at = 0
        for number, place in enumerate((*places, len(entries))):
            for check, cited in groupby(frames[at - number : place - number], _check):
                group = list(cited)
                if not self._take_run(rows, check, group):
                    self._take_each(rows, entries[at : at + len(group)])
                at += len(group)
            if place < len(entries):
                if isinstance(others[number], FrameEntry):
                    self._take_each(rows, entries[place : place + 1])
                else:
                    self.size += 1
                    self._take_other(self.size - 1, others[number])
            at = place + 1
        return rows

    def _take_each(self, rows: TileRows, entries: Sequence[bytes]) -> None:
        for entry in entries:
            lines = self.take(entry)
            if lines is not None:
                rows.add(self.size - 1, lines)

    def _take_run(self, rows: TileRows, decision: str, frames: Sequence[LeanFrame]) -> bool:
        """Take frames under one check if all of them hold; False, and nothing taken, if one may not."""
        maker = self._maker
        if maker is None or maker.check.decision != decision:
            check = self._known(decision)
            if check is None:
                return False
            maker = self._maker = RowMaker.of(check)
        check = maker.check
        numbers = [frame.frame for frame in frames]
        takes = {frame.take for frame in frames}
        if check.first is None or check.last is None or len(takes) != 1:
            return False
        if not check.first <= min(numbers) <= max(numbers) <= check.last:
            return False
        if not self._see(check.lease or check.decision, takes.pop(), numbers):
            return False
        maker.add_rows(rows, self.size, frames)
        self.size += len(frames)
        self._tally["receipts"] += len(frames)
        for outcome, count in Counter([frame.outcome for frame in frames]).items():
            self._tally[_TALLY_OF_OUTCOME[Outcome(outcome)]] += count
        return True

    def _see(self, lease: str, take: int, numbers: Sequence[int]) -> bool:
        """Note frames that were not seen before; False, and nothing noted, if one of them was."""
        first, count = numbers[0], len(numbers)
        block, bit = divmod(first, _FRAMES_PER_MASK)
        if bit + count <= _FRAMES_PER_MASK and numbers == list(range(first, first + count)):
            masks = {(lease, take, block): (1 << count) - 1 << bit}
        else:
            masks = {}
            for number in numbers:
                block, bit = divmod(number, _FRAMES_PER_MASK)
                masks[lease, take, block] = masks.get((lease, take, block), 0) | 1 << bit
            if sum(bits_set(mask) for mask in masks.values()) != count:
                return False
        before = [self._seen.get(key, 0) for key in masks]
        if any(seen & mask for seen, mask in zipped(before, masks.values())):
            return False
        for (key, mask), seen in zipped(masks.items(), before):
            self._seen[key] = seen | mask
        return True

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

    def forget_checks(self) -> None:
        """Let go of what only further entries would be judged by; histories, marks and grants stay.

        It is most of the memory: about a kilobyte for each check. Call it after :meth:`finish`, and take nothing more.
        """
        self._checks, self._allowed, self._used, self._seen = {}, set(), {}, {}
        self._maker = None

    def history(self, jti: str) -> list[dict[str, Any]]:
        """Return a token's life: granted, suspended, resumed, revoked; each entry with its leaf index."""
        return self._lives.get(jti, [])

    def marks(self) -> list[dict[str, Any]]:
        """Return the ``marked`` and ``verified`` entries, each with its leaf index."""
        return self._marks

    def extend(self, part: Ledger) -> None:
        """Take over what ``part`` took of the entries that follow; from here on only the whole can be asked.

        Raises:
            InvalidEvidence: ``ENTRY_MISMATCH`` or ``DUPLICATE_FRAME``; both took the same grant, check or frame.
        """
        if not (
            self._allowed.isdisjoint(part._allowed)
            and self.grants.keys().isdisjoint(part.grants)
            and self.recorded.keys().isdisjoint(part.recorded)
        ):
            raise InvalidEvidence(
                InvalidReason.ENTRY_MISMATCH, "a check, a grant or a batch was logged twice"
            )
        for key, mask in part._seen.items():
            seen = self._seen.get(key, 0)
            if seen & mask:
                raise InvalidEvidence(InvalidReason.DUPLICATE_FRAME, "a frame has a receipt already")
            self._seen[key] = seen | mask
        self.size = part.size
        self.grants |= part.grants
        self.recorded |= part.recorded
        self.key_ends = {**part.key_ends, **self.key_ends}  # the first entry of each
        self.exports = {**part.exports, **self.exports}
        self._allowed |= part._allowed
        self._used = part._used | self._used  # the first use of each stays the one that is named
        for jti, life in part._lives.items():
            self._lives.setdefault(jti, []).extend(life)
        self._marks += part._marks
        self._tally += part._tally

    def _known(self, decision: str) -> CheckedEntry | None:
        """An earlier check that allowed something."""
        return self._checks.get(decision)

    def _take_frame(self, index: int, entry: FrameEntry) -> ReceiptLines:
        check = None if entry.outcome is Outcome.UNAUTHORISED else self._check_of(index, entry)
        self._tally["receipts"] += 1
        self._tally[_TALLY_OF_OUTCOME[entry.outcome]] += 1
        return receipt_lines(index, entry, check)

    def _check_of(self, index: int, entry: FrameEntry) -> CheckedEntry:
        check = self._known(entry.check or "")
        if check is None:
            _refuse(index, InvalidReason.UNAUTHORISED_FRAME, "the frame cites no check that allowed it")
        if any(getattr(entry, name) not in (None, getattr(check, name)) for name in SAID_BY_CHECK):
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
        if isinstance(entry, CheckedEntry):
            self._take_check(index, entry)
        elif isinstance(entry, (MarkedEntry, VerifiedEntry)):
            self._tally["marked" if isinstance(entry, MarkedEntry) else "verified"] += 1
            self._marks.append(_with_index(index, entry))
        elif isinstance(entry, ExportedEntry):
            self._take_export(index, entry)
        elif isinstance(entry, (AuthorisedEntry, RevokedEntry, SuspendedEntry, ResumedEntry)):
            if isinstance(entry, AuthorisedEntry):
                self._take_grant(index, entry)
            if isinstance(entry, RevokedEntry):
                self._tally["revoked"] += 1
            self._lives.setdefault(entry.jti, []).append(_with_index(index, entry))
        elif isinstance(entry, RecordedEntry):
            if entry.batch in self.recorded:
                _refuse(index, InvalidReason.ENTRY_MISMATCH, "this batch was logged before")
            self.recorded[entry.batch] = (entry.count, entry.root)
        elif isinstance(entry, KeyEntry) and entry.event is KeyEvent.REVOKED:
            self.key_ends.setdefault(entry.kid, (index, entry.at))  # it changes no grant and no receipt

    def _take_export(self, index: int, entry: ExportedEntry) -> None:
        self._tally["exported"] += 1
        if entry.bundle_sha256 is not None:
            self.exports.setdefault(entry.bundle_sha256, (index, entry.at))

    def _take_grant(self, index: int, entry: AuthorisedEntry) -> None:
        version = (entry.jti, entry.terms_version)
        if version in self.grants:
            _refuse(index, InvalidReason.ENTRY_MISMATCH, "this version was granted before")
        self.grants[version] = entry

    def _take_check(self, index: int, entry: CheckedEntry) -> None:
        self._tally["checks"] += 1
        if entry.outcome not in ALLOWING:
            self._tally["denied"] += 1
            return
        if entry.decision in self._allowed:
            _refuse(index, InvalidReason.ENTRY_MISMATCH, "this check was logged before")
        if entry.jti is None or entry.terms_version is None:
            _refuse(index, InvalidReason.MALFORMED, "an allowance names no token version")
        self._used.setdefault((entry.jti, entry.terms_version, entry.use_type), index)
        self._allowed.add(entry.decision)
        self._checks[entry.decision] = entry


def history_document(jti: str, ledger: Ledger, actions: list[dict[str, Any]]) -> dict[str, Any]:
    """Return ``history.json``: what the log says of a token, and what the deployment adds.

    Args:
        actions: the request's steps (submitted, countered, approved...), shown but proved by no log.
    """
    return {"schema": HISTORY_SCHEMA, "jti": jti, "log": ledger.history(jti), "actions": actions}


def withheld_document(jti: str, ledger: Ledger, why: str) -> dict[str, Any]:
    """Return ``withheld.json``: what the log says of a token, whose terms, grant and acts are for others' eyes.

    The log's entries hold the hash of each version's terms: whoever has the terms can show that they are these.

    Args:
        why: a code, e.g. ``NOT_A_MEMBER``.
    """
    return {"schema": WITHHELD_SCHEMA, "jti": jti, "log": ledger.history(jti), "why": why}


def marks_document(ledger: Ledger, reports: list[dict[str, Any]]) -> dict[str, Any]:
    """Return ``marks/report.json``: what the log says of the marks, and the detectors' full reports."""
    return {"schema": MARKS_SCHEMA, "log": ledger.marks(), "reports": reports}


def withheld_outputs(marks: Iterable[dict[str, Any]], withheld: Collection[str]) -> set[str]:
    """Return the outputs that cite licences, and none that the reader may see; what no mark tells of is shown.

    Args:
        marks: of the log, as :meth:`Ledger.marks` gives them.
        withheld: ids of the tokens that are withheld.
    """
    cited: dict[str, set[str]] = {}
    for item in marks:
        if item["entry"]["t"] == "marked":
            cited.setdefault(item["entry"]["asset"], set()).update(item["entry"]["jtis"])
    return {asset for asset, jtis in cited.items() if jtis and jtis <= set(withheld)}


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


_check = attrgetter("check")


def _read_tile(entries: Sequence[bytes], places: Sequence[int]) -> tuple[list[LeanFrame], list[Entry]] | None:
    """Read the lean frames together, and the entries at ``places``; None, if one is better read alone."""
    others = [entries[at] for at in places]
    lean = list(entries)
    for at in reversed(places):
        del lean[at]
    try:
        frames = read_frames(b"\n".join(lean), len(lean)) if lean else []
        read = read_entries(b"\n".join(others), len(others)) if others else []
    except InvalidEvidence:
        return None
    return (frames, read) if not frames or forms_hold(frames) else None


def _with_index(index: int, entry: Entry) -> dict[str, Any]:
    return {"leaf_index": index, "entry": msgspec.json.decode(_encoder.encode(entry))}


def _refuse(index: int, reason: InvalidReason, detail: str) -> NoReturn:
    raise InvalidEvidence(reason, f"entry {index}: {detail}")
