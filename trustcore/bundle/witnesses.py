"""What witnesses cosigned of a bundle's log: each is an earlier state of the same log, or nothing is believed.

``data/witnesses/<n>.note`` is a checkpoint with the log's signature and the witness's, ``<n>.vkey`` the witness's key.
The key is the bundle's own word; a witness that the auditor names must be there under the key that the auditor has.

Source: https://c2sp.org/tlog-cosignature.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from trustcore.bundle.archive import Archive
from trustcore.bundle.layout import LOG, WITNESSES
from trustcore.errors import InvalidEvidence, InvalidReason
from trustcore.log.checkpoint import (
    MAX_NOTE_BYTES,
    Checkpoint,
    NoteVerifier,
    parse_note,
    verify_checkpoint,
)
from trustcore.log.cosignature import verify_cosignatures
from trustcore.log.tiles import TILE_WIDTH, ReadTiles
from trustcore.older import UTC

_VKEY_BYTES = 1024


def verify_witnesses(
    archive: Archive, log: NoteVerifier, checkpoint: Checkpoint, known: Sequence[NoteVerifier] = ()
) -> tuple[str, ...]:
    """Check every cosigned checkpoint against the log; return each witness's words in the order of the files.

    Args:
        log: the log's own key.
        checkpoint: the state that the bundle shows; its tiles were verified.
        known: witnesses that the auditor relies on; each must have cosigned.

    Raises:
        InvalidEvidence: ``SIGNATURE_INVALID``, ``ROOT_MISMATCH`` (another history), ``MALFORMED``,
            ``MISSING_FILE``, or ``MISSING_SIGNATURE`` for a known witness that is not there.
    """
    tiles = ReadTiles(lambda path: archive.read(LOG + path, max_bytes=TILE_WIDTH * 32), checkpoint.size)
    found: dict[str, str] = {}
    for path in sorted(one for one in archive.members if one.startswith(WITNESSES) and one.endswith(".note")):
        try:
            vkey, words = _verify_one(archive, path, log, checkpoint, tiles)
        except InvalidEvidence as error:
            raise InvalidEvidence(error.reason, error.detail, error.path or path) from error
        found[vkey] = words
    for witness in known:
        if witness.vkey not in found:
            raise InvalidEvidence(
                InvalidReason.MISSING_SIGNATURE, f"{witness.name} did not cosign this log", WITNESSES
            )
    return tuple(found.values())


def _verify_one(
    archive: Archive, path: str, log: NoteVerifier, checkpoint: Checkpoint, tiles: ReadTiles
) -> tuple[str, str]:
    note = archive.read(path, max_bytes=MAX_NOTE_BYTES)
    beside = archive.read(path.removesuffix(".note") + ".vkey", max_bytes=_VKEY_BYTES)
    witness = NoteVerifier.parse(beside.decode("utf-8", "replace"))
    seen = verify_checkpoint(note, [log])
    (cosignature,) = verify_cosignatures(parse_note(note), [witness])
    if seen.size > checkpoint.size or tiles.root(seen.size) != seen.root:
        raise InvalidEvidence(InvalidReason.ROOT_MISMATCH, f"{witness.name} saw another history of this log")
    at = datetime.fromtimestamp(cosignature.seen_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return witness.vkey, f"{witness.name} up to entry {seen.size:,}, at {at}"
