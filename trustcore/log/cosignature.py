"""Cosignatures: what a guild or a studio adds to a checkpoint that it has seen extend the earlier ones.

A cosignature says that the witness saw this checkpoint at this time and that it is consistent
with every earlier one the witness cosigned. Nobody can then be shown another history unnoticed.

Source: https://c2sp.org/tlog-cosignature (cosignature/v1, Ed25519).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from trustcore.errors import InvalidEvidence, InvalidKey, InvalidReason
from trustcore.log.checkpoint import COSIGNATURE_V1, Note, NoteSignature, NoteVerifier
from trustcore.older import Self, dataclass
from trustcore.signing import Ed25519Signer, Signer

TIMESTAMP_BYTES = 8
SIGNATURE_BYTES = 64
MAX_TIME = 2**63 - 1

_PRIVATE: Final = ("PRIVATE", "KEY")


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
        if seen_at > MAX_TIME:
            raise InvalidEvidence(InvalidReason.SIGNATURE_INVALID, f"{verifier.name}: not a time")
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


def verify_cosignatures(
    note: Note, witnesses: Iterable[NoteVerifier], *, quorum: int | None = None
) -> tuple[Cosignature, ...]:
    """Verify that ``quorum`` of ``witnesses`` (all, by default) cosigned; lines of other keys are ignored.

    Raises:
        InvalidEvidence: ``SIGNATURE_INVALID``; a known witness's line is wrong, or too few have signed.
        ValueError: the quorum cannot be reached by these witnesses.
    """
    known = {(one.name, one.key_id): one for one in witnesses}
    needed = len(known) if quorum is None else quorum
    if not 0 <= needed <= len(known):
        raise ValueError(f"{len(known)} witnesses cannot make a quorum of {needed}")
    present = [one for one in known.values() if note.signature_of(one) is not None]
    found = tuple(Cosignature.verified(note, one) for one in present)
    if len(found) < needed:
        missing = ", ".join(sorted(one.name for one in known.values() if one not in present))
        raise InvalidEvidence(
            InvalidReason.SIGNATURE_INVALID,
            f"{len(found)} of {needed} cosignatures; missing: {missing}",
        )
    return found


def encode_witness_key(name: str, private_key: Ed25519PrivateKey) -> str:
    """Return the one line a witness keeps secret: ``PRIVATE+KEY+<name>+<key id>+<base64(04 || seed)>``.

    The form is that of Go's ``sumdb/note`` signer keys.
    """
    verifier = witness_verifier(name, private_key.public_key())
    secret = base64.b64encode(bytes([COSIGNATURE_V1]) + private_key.private_bytes_raw()).decode()
    return "+".join((*_PRIVATE, name, verifier.key_id.hex(), secret))


def parse_witness_key(text: str) -> tuple[str, Signer]:
    """Read what :func:`encode_witness_key` wrote; return the witness's name and signer.

    Raises:
        InvalidKey: anything else; the message never shows the key.
    """
    parts = text.strip().split("+", 4)
    try:
        if len(parts) != 5 or tuple(parts[:2]) != _PRIVATE:
            raise InvalidKey("not a witness's private key")
        secret = base64.b64decode(parts[4], validate=True)
        if len(secret) != 33 or secret[0] != COSIGNATURE_V1:
            raise InvalidKey("not an Ed25519 key for cosignatures")
        signer = Ed25519Signer(Ed25519PrivateKey.from_private_bytes(secret[1:]))
        if witness_verifier(parts[2], signer.public_key).key_id.hex() != parts[3]:
            raise InvalidKey("the key's id is not that of its key")
    except (binascii.Error, ValueError):
        raise InvalidKey("not a witness's private key") from None
    return parts[2], signer


def _message(note: Note, seen_at: int) -> bytes:
    return f"cosignature/v1\ntime {seen_at}\n{note.text}".encode()
