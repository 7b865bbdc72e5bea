"""What a witness decides: may this checkpoint be cosigned after the last one?

A witness remembers, for each log, the largest checkpoint it cosigned. It cosigns another only if the log
signed it and a Merkle proof shows that it extends the remembered one. ``add-checkpoint`` is the request by
which a log (or anybody) asks for that; its refusals have the status codes of the specification.

Nothing here keeps or sends anything: the caller stores the new checkpoint durably *before* it lets the
cosignature go, and does both under one lock.

Source: https://c2sp.org/tlog-witness.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping, Sequence

from trustcore.errors import InvalidEvidence, InvalidReason, TrustError
from trustcore.log.checkpoint import (
    MAX_NOTE_BYTES,
    Checkpoint,
    Note,
    NoteVerifier,
    parse_checkpoint_text,
    parse_note,
)
from trustcore.log.merkle import EMPTY_ROOT, HASH_BYTES, verify_consistency
from trustcore.older import StrEnum, dataclass

MAX_PROOF_LINES = 63
MAX_SUBMISSION_BYTES = MAX_NOTE_BYTES + 4096

_OLD = re.compile(r"old (0|[1-9][0-9]{0,18})")

KnownLogs = Mapping[str, Sequence[NoteVerifier]]
"""The logs a witness follows: the keys trusted for each origin."""


class WitnessCode(StrEnum):
    """Why a witness does not cosign. Public and stable."""

    SUBMISSION_MALFORMED = "SUBMISSION_MALFORMED"
    LOG_UNKNOWN = "LOG_UNKNOWN"
    SIGNATURE_UNTRUSTED = "SIGNATURE_UNTRUSTED"
    OLD_SIZE_TOO_LARGE = "OLD_SIZE_TOO_LARGE"
    OLD_SIZE_STALE = "OLD_SIZE_STALE"
    ROOT_CONFLICT = "ROOT_CONFLICT"
    INCONSISTENT = "INCONSISTENT"


_STATUS = {
    WitnessCode.SUBMISSION_MALFORMED: 400,
    WitnessCode.LOG_UNKNOWN: 404,
    WitnessCode.SIGNATURE_UNTRUSTED: 403,
    WitnessCode.OLD_SIZE_TOO_LARGE: 400,
    WitnessCode.OLD_SIZE_STALE: 409,
    WitnessCode.ROOT_CONFLICT: 409,
    WitnessCode.INCONSISTENT: 422,
}


class WitnessRefused(TrustError):
    """A checkpoint is not cosigned.

    Attributes:
        reason: why, one of :class:`WitnessCode`.
        status: the HTTP status that the specification names for it.
        known_size: for ``OLD_SIZE_STALE``: the size to build the proof from.
        suspect: the checkpoint bears the log's signature and was not shown to extend what it signed before:
            keep both.
    """

    def __init__(self, reason: WitnessCode, detail: str, *, known_size: int | None = None) -> None:
        """Keep the reason, which is also the code."""
        self.reason = reason
        self.status = _STATUS[reason]
        self.known_size = known_size
        self.suspect = reason in (WitnessCode.ROOT_CONFLICT, WitnessCode.INCONSISTENT)
        super().__init__(reason.value, detail)


@dataclass(frozen=True, slots=True)
class Submission:
    """The body of ``add-checkpoint``: a checkpoint and the proof that it extends the tree of ``old_size``."""

    old_size: int
    proof: tuple[bytes, ...]
    note: Note

    def encode(self) -> bytes:
        """Return the body's bytes."""
        lines = (f"old {self.old_size}", *(base64.b64encode(item).decode() for item in self.proof), "", "")
        return "\n".join(lines).encode() + self.note.encode()


def parse_submission(body: bytes) -> Submission:
    """Read the body of ``add-checkpoint``.

    Raises:
        WitnessRefused: ``SUBMISSION_MALFORMED``.
    """
    head, separator, rest = body.partition(b"\n\n")
    try:
        if not separator or len(body) > MAX_SUBMISSION_BYTES:
            raise InvalidEvidence(InvalidReason.MALFORMED, "no checkpoint after the proof")
        old, *lines = head.decode("ascii").split("\n")
        match = _OLD.fullmatch(old)
        if match is None or len(lines) > MAX_PROOF_LINES:
            raise InvalidEvidence(InvalidReason.MALFORMED, "no size of an old tree, or too long a proof")
        note = parse_note(rest)
        parse_checkpoint_text(note.text)
        return Submission(int(match[1]), tuple(map(parse_hash_line, lines)), note)
    except (InvalidEvidence, UnicodeDecodeError) as error:
        detail = error.detail if isinstance(error, InvalidEvidence) else "not text"
        raise WitnessRefused(WitnessCode.SUBMISSION_MALFORMED, detail) from error


def parse_hash_line(line: str) -> bytes:
    """Read one hash of a proof, base64 on a line of its own.

    Raises:
        InvalidEvidence: ``MALFORMED``; not the one spelling of 32 bytes.
    """
    try:
        data = base64.b64decode(line, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidEvidence(InvalidReason.MALFORMED, "a line of the proof is not base64") from error
    if len(data) != HASH_BYTES or base64.b64encode(data).decode() != line:
        raise InvalidEvidence(InvalidReason.MALFORMED, "a line of the proof is not a SHA-256 hash")
    return data


def judge_submission(submission: Submission, *, logs: KnownLogs, seen: Checkpoint | None) -> Checkpoint:
    """Decide whether the submitted checkpoint may be cosigned; return what it says.

    1. The log is one that the witness follows.
    2. One of the keys trusted for it signed the checkpoint.
    3. The old size is not above the checkpoint's.
    4. The old size is that of the last cosigned checkpoint (0 if there is none).
    5. Two checkpoints of one size have one root.
    6. The proof leads from the last cosigned root to the new one.

    Args:
        logs: the logs followed, by origin.
        seen: the last checkpoint cosigned for this origin.

    Raises:
        WitnessRefused: with the first step that fails.
    """
    new = parse_checkpoint_text(submission.note.text)
    verifiers = logs.get(new.origin)
    if not verifiers:  # 1
        raise WitnessRefused(WitnessCode.LOG_UNKNOWN, f"{new.origin} is not followed here")
    if not any(_is_signed(submission.note, verifier) for verifier in verifiers):  # 2
        raise WitnessRefused(WitnessCode.SIGNATURE_UNTRUSTED, "no valid signature by a trusted key")
    if submission.old_size > new.size:  # 3
        raise WitnessRefused(WitnessCode.OLD_SIZE_TOO_LARGE, "the old size is above the checkpoint's")
    known, root = (seen.size, seen.root) if seen else (0, EMPTY_ROOT)
    if submission.old_size != known:  # 4
        raise WitnessRefused(
            WitnessCode.OLD_SIZE_STALE, f"the last checkpoint cosigned has {known}", known_size=known
        )
    if new.size == known and new.root != root:  # 5
        raise WitnessRefused(
            WitnessCode.ROOT_CONFLICT, f"another root was signed for {known}", known_size=known
        )
    try:
        verify_consistency(known, root, new.size, new.root, submission.proof)  # 6
    except InvalidEvidence as error:
        raise WitnessRefused(WitnessCode.INCONSISTENT, error.detail) from error
    return new


def origin_hash(origin: str) -> str:
    """Return the name under which a witness serves a log: SHA-256 of its origin, hex."""
    return hashlib.sha256(origin.encode()).hexdigest()


def _is_signed(note: Note, verifier: NoteVerifier) -> bool:
    try:
        note.verify(verifier)
    except InvalidEvidence:
        return False
    return True
