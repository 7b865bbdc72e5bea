"""Witnesses: a guild or a studio cosigns the checkpoints it has seen extend one another.

A cosignature says that the witness saw this checkpoint at this time and that it is consistent
with every earlier one the witness cosigned. Nobody can then be shown another history unnoticed.

Source: https://c2sp.org/tlog-cosignature.
"""

from dataclasses import dataclass
from typing import Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from trustcore.errors import InvalidEvidence, InvalidReason
from trustcore.log.checkpoint import COSIGNATURE_V1, Note, NoteSignature, NoteVerifier
from trustcore.signing import Signer

TIMESTAMP_BYTES = 8
SIGNATURE_BYTES = 64


@dataclass(frozen=True, slots=True)
class Cosignature:
    """A verified cosignature: which witness saw the checkpoint, and when (seconds since 1970, UTC)."""

    witness: str
    seen_at: int

    @classmethod
    def verified(cls, note: Note, verifier: NoteVerifier) -> Self:
        """Verify the cosignature of one witness under a checkpoint.

        Raises:
            InvalidEvidence: ``SIGNATURE_INVALID``; missing, malformed or wrong.
        """
        line = note.signature_of(verifier)
        if (
            line is None
            or verifier.algorithm != COSIGNATURE_V1
            or len(line.signature) != TIMESTAMP_BYTES + SIGNATURE_BYTES
        ):
            raise InvalidEvidence(InvalidReason.SIGNATURE_INVALID, f"no cosignature by {verifier.name}")
        seen_at = int.from_bytes(line.signature[:TIMESTAMP_BYTES], "big")
        verifier.verify(_message(note, seen_at), line.signature[TIMESTAMP_BYTES:])
        return cls(verifier.name, seen_at)


def witness_verifier(name: str, public_key: Ed25519PublicKey) -> NoteVerifier:
    """Return the verifier of a witness; its ``vkey`` is what the log's users pin."""
    return NoteVerifier.of(name, public_key, COSIGNATURE_V1)


def cosign(note: Note, *, name: str, signer: Signer, now: int) -> Note:
    """Return ``note`` with a cosignature; the caller has verified it and its consistency.

    Args:
        note: a signed checkpoint.
        name: the witness's key name.
        signer: the witness's key.
        now: seconds since 1970, UTC.
    """
    verifier = witness_verifier(name, signer.public_key)
    signature = now.to_bytes(TIMESTAMP_BYTES, "big") + signer.sign(_message(note, now))
    return Note(note.text, (*note.signatures, NoteSignature(name, verifier.key_id, signature)))


def _message(note: Note, seen_at: int) -> bytes:
    return f"cosignature/v1\ntime {seen_at}\n{note.text}".encode()
