"""Two checkpoints of one log: does the larger extend the smaller, or were two histories shown?

Whoever holds two signed checkpoints can ask. Three answers: *consistent*, with the proof; *forked*, where the
log's own signatures contradict one another whatever else is true; *unproven*, where nobody shows that one
extends the other. Only the first is good news.

>>> Verdict.FORKED.value
'FORKED'
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from trustcore.errors import InvalidEvidence, InvalidReason
from trustcore.log.checkpoint import (
    Checkpoint,
    Note,
    NoteVerifier,
    parse_checkpoint_text,
    parse_note,
    verify_checkpoint,
)
from trustcore.log.merkle import EMPTY_ROOT, verify_consistency
from trustcore.log.tiles import CHECKPOINT_PATH, Fetch, ReadTiles
from trustcore.older import StrEnum, dataclass

_UNREADABLE = (OSError, ValueError, LookupError)  # what a reader of files or of the network raises


class Verdict(StrEnum):
    """What two checkpoints are to one another."""

    CONSISTENT = "CONSISTENT"
    FORKED = "FORKED"
    UNPROVEN = "UNPROVEN"


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint whose signature by the log was verified, with the note as it came."""

    note: Note
    checkpoint: Checkpoint

    @property
    def size(self) -> int:
        """Number of entries."""
        return self.checkpoint.size

    def lines(self) -> list[str]:
        """Name the checkpoint in full: size, root, and every signature line."""
        said = (f"  size {self.size}", f"  root {self.checkpoint.root.hex()}")
        return [*said, *(f"  {signature.line()}" for signature in self.note.signatures)]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The answer, with both checkpoints and, where they are consistent, the proof of it."""

    verdict: Verdict
    detail: str
    older: SignedCheckpoint
    newer: SignedCheckpoint
    proof: tuple[bytes, ...] = ()

    def report(self) -> str:
        """Say it in full, for a person who has to show it to another."""
        head = f"{self.verdict}: {self.older.checkpoint.origin}: {self.detail}"
        return "\n".join((head, "one:", *self.older.lines(), "other:", *self.newer.lines()))


def open_checkpoint(data: bytes, log_keys: Iterable[NoteVerifier]) -> SignedCheckpoint:
    """Read a checkpoint and verify the log's signature.

    Raises:
        InvalidEvidence: as :func:`~trustcore.log.checkpoint.verify_checkpoint`.
    """
    return SignedCheckpoint(parse_note(data), verify_checkpoint(data, log_keys))


def compare_checkpoints(
    one: SignedCheckpoint,
    other: SignedCheckpoint,
    *,
    fetch: Fetch | None = None,
    log_keys: Iterable[NoteVerifier] = (),
    proof: Sequence[bytes] | None = None,
) -> Comparison:
    """Decide whether two checkpoints of one log belong to one history.

    1. Two checkpoints of one size have one root, or the log is forked.
    2. A given proof decides if it holds.
    3. Else the log's own tiles are read. If they prove that the larger tree, or the one that the log shows
       and signs now, has another root at the smaller size, the log is forked.

    Args:
        fetch: reads the log's files by their path.
        log_keys: keys for the checkpoint that the log shows now.
        proof: RFC 6962 consistency proof from the smaller to the larger.

    Raises:
        InvalidEvidence: ``MALFORMED``; the checkpoints are of two logs.
    """
    older, newer = sorted((one, other), key=lambda item: item.size)
    if older.checkpoint.origin != newer.checkpoint.origin:
        raise InvalidEvidence(InvalidReason.MALFORMED, "the checkpoints are of two different logs")
    if older.size == newer.size:  # 1
        if older.checkpoint.root == newer.checkpoint.root:
            return Comparison(Verdict.CONSISTENT, "both show the same tree", older, newer)
        return Comparison(Verdict.FORKED, f"two roots were signed for {older.size} entries", older, newer)
    if not older.size and older.checkpoint.root == EMPTY_ROOT:
        return Comparison(Verdict.CONSISTENT, "every tree extends the empty one", older, newer)
    if proof is not None and _holds(older, newer, proof):  # 2
        return Comparison(Verdict.CONSISTENT, _extends(older, newer), older, newer, tuple(proof))
    if fetch is not None:  # 3
        return _read(older, newer, fetch, tuple(log_keys))
    given = "there is neither a proof nor a log to read" if proof is None else "the proof given does not hold"
    return Comparison(Verdict.UNPROVEN, f"{given}: nothing shows that one extends the other", older, newer)


def _read(
    older: SignedCheckpoint, newer: SignedCheckpoint, fetch: Fetch, log_keys: Sequence[NoteVerifier]
) -> Comparison:
    missing = f"the log's files do not lead to the root signed for {newer.size} entries"
    try:
        current = parse_note(fetch(CHECKPOINT_PATH))
        tiles = ReadTiles(fetch, max(newer.size, parse_checkpoint_text(current.text).size))
    except (*_UNREADABLE, InvalidEvidence) as error:
        return Comparison(Verdict.UNPROVEN, f"the log cannot be read ({error})", older, newer)
    found = _root_under(newer, older.size, tiles)
    if found is not None:
        if found.root == older.checkpoint.root:
            return Comparison(Verdict.CONSISTENT, _extends(older, newer), older, newer, found.proof)
        detail = f"the tree signed for {newer.size} entries has another root at {older.size}"
        return Comparison(Verdict.FORKED, detail, older, newer, found.proof)
    try:
        shown = open_checkpoint(current.encode(), log_keys)
    except InvalidEvidence:
        return Comparison(Verdict.UNPROVEN, missing, older, newer)
    for one in (newer, older):
        found = _root_under(shown, one.size, tiles)
        if found is not None and found.root != one.checkpoint.root:
            detail = f"the tree that the log shows now has another root at {one.size}"
            return Comparison(Verdict.FORKED, detail, one, shown, found.proof)
    return Comparison(Verdict.UNPROVEN, missing, older, newer)


class _Found(NamedTuple):
    """The root of a smaller tree that a signed one commits to, and the proof of that."""

    root: bytes
    proof: tuple[bytes, ...]


def _root_under(anchor: SignedCheckpoint, size: int, tiles: ReadTiles) -> _Found | None:
    """Read the root at ``size``; believe it only if it is proved to lead to the anchor's signed root.

    A damaged tile proves nothing against the log: then the proof does not hold, and there is no answer.
    """
    if not 0 < size <= anchor.size:
        return None
    try:
        found = _Found(tiles.root(size), tuple(tiles.consistency_proof(size, anchor.size)))
        verify_consistency(size, found.root, anchor.size, anchor.checkpoint.root, found.proof)
    except (*_UNREADABLE, InvalidEvidence):
        return None
    return found


def _holds(older: SignedCheckpoint, newer: SignedCheckpoint, proof: Sequence[bytes]) -> bool:
    try:
        verify_consistency(older.size, older.checkpoint.root, newer.size, newer.checkpoint.root, proof)
    except InvalidEvidence:
        return False
    return True


def _extends(older: SignedCheckpoint, newer: SignedCheckpoint) -> str:
    return f"the tree of {newer.size} extends the tree of {older.size}"
