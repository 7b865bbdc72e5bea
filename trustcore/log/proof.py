r"""A receipt with its proof in one small text file, to be verified without the server.

The file holds the leaf's index, its RFC 6962 audit path and the signed checkpoint to which the path leads,
cosignatures included. We put the entry itself into the ``extra`` line: it becomes trustworthy only by being
the leaf that the path begins with, which :func:`verify_log_proof` checks.

>>> LogProof(0, (), b"log.example\n", None).encode()
b'c2sp.org/tlog-proof@v1\nindex 0\n\nlog.example\n'

Source: https://c2sp.org/tlog-proof.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable

from trustcore.errors import InvalidEvidence, InvalidReason
from trustcore.log.checkpoint import (
    MAX_NOTE_BYTES,
    Checkpoint,
    NoteVerifier,
    parse_note,
    verify_checkpoint,
)
from trustcore.log.cosignature import Cosignature, verify_cosignatures
from trustcore.log.merkle import leaf_hash, verify_inclusion
from trustcore.log.tiles import MAX_ENTRY_BYTES
from trustcore.log.witness import MAX_PROOF_LINES, parse_hash_line
from trustcore.older import dataclass

PROOF_HEADER = "c2sp.org/tlog-proof@v1"
PROOF_SUFFIX = ".tlog-proof"
MAX_PROOF_BYTES = MAX_NOTE_BYTES + 2 * MAX_ENTRY_BYTES + 8192

_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})")
_EXTRA = "extra "


@dataclass(frozen=True, slots=True)
class LogProof:
    """A proof, read but not yet believed.

    Attributes:
        index: the leaf's index.
        hashes: audit path, nearest sibling first.
        checkpoint: the signed checkpoint, byte for byte.
        extra: opaque to the format; the entry, in files that we write.
    """

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None = None

    def encode(self) -> bytes:
        """Return the file's bytes."""
        extra = () if self.extra is None else (_EXTRA + base64.b64encode(self.extra).decode(),)
        path = (base64.b64encode(item).decode() for item in self.hashes)
        return (
            "\n".join((PROOF_HEADER, *extra, f"index {self.index}", *path, "", "")).encode() + self.checkpoint
        )


@dataclass(frozen=True, slots=True)
class ProvenEntry:
    """What a verified proof shows: this entry stands at ``index`` of the log in the state of ``checkpoint``."""

    index: int
    entry: bytes
    checkpoint: Checkpoint
    cosignatures: tuple[Cosignature, ...]


def parse_log_proof(data: bytes) -> LogProof:
    """Read a ``.tlog-proof`` file without believing it.

    Raises:
        InvalidEvidence: ``MALFORMED``, or ``TOO_LARGE``.
    """
    if len(data) > MAX_PROOF_BYTES:
        raise InvalidEvidence(InvalidReason.TOO_LARGE, "the proof is too long")
    head, separator, checkpoint = data.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise InvalidEvidence(InvalidReason.MALFORMED, "not a proof") from error
    if not separator or lines.pop(0) != PROOF_HEADER or not lines:
        raise InvalidEvidence(InvalidReason.MALFORMED, f"not a proof: the first line is not {PROOF_HEADER}")
    extra = _parse_extra(lines.pop(0)) if lines[0].startswith(_EXTRA) else None
    match = _INDEX.fullmatch(lines.pop(0)) if lines else None
    if match is None or len(lines) > MAX_PROOF_LINES + 1:
        raise InvalidEvidence(InvalidReason.MALFORMED, "the proof has no index, or too many hashes")
    return LogProof(int(match[1]), tuple(map(parse_hash_line, lines)), checkpoint, extra)


def verify_log_proof(
    proof: LogProof,
    *,
    log_keys: Iterable[NoteVerifier],
    witnesses: Iterable[NoteVerifier] = (),
    quorum: int | None = None,
    entry: bytes | None = None,
) -> ProvenEntry:
    """Verify that an entry stands in a log.

    1. The checkpoint is signed by one of the log's keys, under its own origin.
    2. As many of the trusted witnesses cosigned it as are asked for.
    3. The audit path leads from the entry to the checkpoint's root.

    Args:
        log_keys: the keys trusted for the log.
        witnesses: the witnesses trusted; ``quorum`` of them must have cosigned, all by default.
        entry: the entry, where the file does not carry it (or carries another).

    Raises:
        InvalidEvidence: ``MALFORMED``, ``SIGNATURE_INVALID``, ``KEY_UNTRUSTED``, ``INCLUSION_INVALID``, or
            ``MISSING_FILE`` where neither the file nor the caller has the entry.
    """
    checkpoint = verify_checkpoint(proof.checkpoint, log_keys)  # 1
    cosignatures = verify_cosignatures(parse_note(proof.checkpoint), witnesses, quorum=quorum)  # 2
    leaf = proof.extra if entry is None else entry
    if leaf is None:
        raise InvalidEvidence(InvalidReason.MISSING_FILE, "the proof does not carry its entry; give it")
    verify_inclusion(leaf_hash(leaf), proof.index, checkpoint.size, proof.hashes, checkpoint.root)  # 3
    return ProvenEntry(proof.index, leaf, checkpoint, cosignatures)


def _parse_extra(line: str) -> bytes:
    text = line.removeprefix(_EXTRA)
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidEvidence(InvalidReason.MALFORMED, "the extra line is not base64") from error
    if base64.b64encode(data).decode() != text:
        raise InvalidEvidence(InvalidReason.MALFORMED, "the extra line is not canonical base64")
    return data
