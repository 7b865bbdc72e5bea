"""What was shown of the log: the checkpoint on the store, the chain of those before, and what witnesses signed.

Each of them names a size and a root. The rows must have had that root at that size; a signed size that the rows do not
reach is a database that was put back (``LOG_ROLLED_BACK``), whoever holds the checkpoint.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from common.keys import public_keys
from receipts.inspection.findings import Fault
from receipts.models import LogCheckpoint, LogCosignature, LogPublication, ProductionLog
from receipts.storage import LogFiles
from trustcore.errors import InvalidEvidence
from trustcore.log.checkpoint import (
    Checkpoint,
    NoteVerifier,
    parse_note,
    verify_checkpoint,
)
from trustcore.log.cosignature import Cosignature
from trustcore.log.tiles import CHECKPOINT_PATH, COSIGNED_PATH


@dataclass(frozen=True, slots=True)
class Shown:
    """A state of the log that somebody was shown, and where that is written."""

    where: str
    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True)
class ChainReading:
    """Everything signed that was found, and what was wrong with it in itself."""

    shown: tuple[Shown, ...]
    faults: tuple[Fault, ...]
    current: Checkpoint | None
    checkpoints: int
    cosignatures: int


def read_chain(log: ProductionLog, outside: Sequence[tuple[str, bytes]]) -> ChainReading:
    """Read every checkpoint kept of a log, and those that others hold (``outside``: where from, and the note)."""
    keys = [NoteVerifier.of(log.origin, key) for key in public_keys("LOG").values()]
    faults: list[Fault] = []
    published = LogPublication.objects.filter(log=log).first()  # before the files, which may move on
    files = LogFiles(log.production_id)
    current = _current(files, keys, published, faults)
    shown = [Shown(CHECKPOINT_PATH, current)] if current else []
    cosigned = files.read(COSIGNED_PATH)
    for where, note in ((COSIGNED_PATH, cosigned), *outside):
        if note is not None:
            shown.extend(_opened(where, note, keys, faults))
    chain = list(_chain(log, keys, published, faults))
    cosignatures = list(_cosignatures(log, keys, faults))
    if cosigned is None and cosignatures:
        faults.append(Fault("FILE_MISSING", COSIGNED_PATH, "witnesses have cosigned, and the file is gone"))
    return ChainReading(
        (*shown, *chain, *cosignatures), tuple(faults), current, len(chain), len(cosignatures)
    )


def root_faults(log: ProductionLog, shown: Sequence[Shown], roots: dict[int, bytes]) -> Iterator[Fault]:
    """Compare what was shown with the rows; a size above a gap in the rows cannot be judged."""
    for one in shown:
        size = one.checkpoint.size
        if size > log.size:
            detail = f"the database holds {log.size} leaves, {one.where} shows {size}"
            yield Fault("LOG_ROLLED_BACK", log.origin, detail)
        elif size in roots and roots[size] != one.checkpoint.root:
            yield Fault("CHECKPOINT_DIFFERS", one.where, f"its root at {size} is not that of the rows")


def _current(
    files: LogFiles, keys: Sequence[NoteVerifier], published: LogPublication | None, faults: list[Fault]
) -> Checkpoint | None:
    note = files.read(CHECKPOINT_PATH)
    if note is None:
        if published is not None and published.size:
            faults.append(Fault("FILE_MISSING", CHECKPOINT_PATH, f"published at {published.size}, and gone"))
        return None
    found = next(iter(_opened(CHECKPOINT_PATH, note, keys, faults)), None)
    if found and published is not None and found.checkpoint.size < published.size:
        detail = f"it shows {found.checkpoint.size}, {published.size} were published"
        faults.append(Fault("CHECKPOINT_OLD", CHECKPOINT_PATH, detail))
    return found.checkpoint if found else None


def _opened(where: str, note: bytes, keys: Sequence[NoteVerifier], faults: list[Fault]) -> Iterator[Shown]:
    try:
        yield Shown(where, verify_checkpoint(note, keys))
    except InvalidEvidence as error:
        faults.append(Fault("CHECKPOINT_INVALID", where, error.detail))


def _chain(
    log: ProductionLog, keys: Sequence[NoteVerifier], published: LogPublication | None, faults: list[Fault]
) -> Iterator[Shown]:
    last: int | None = None
    rows = (
        LogCheckpoint.objects.filter(log=log).order_by("size").values_list("size", "previous", "root", "note")
    )
    for size, previous, root, note in rows.iterator():
        where = f"checkpoint {size}"
        if previous != last:
            faults.append(
                Fault("CHAIN_BROKEN", where, f"it follows {previous}, the one before it here is {last}")
            )
        for one in _opened(where, bytes(note), keys, faults):
            if (one.checkpoint.size, one.checkpoint.root) != (size, bytes(root)):
                faults.append(
                    Fault("CHAIN_BROKEN", where, "its columns say something else than what was signed")
                )
            yield one
        last = size
    if last is not None and published is not None and published.size > last:
        detail = f"{published.size} were published, the chain ends at {last}"
        faults.append(Fault("CHAIN_BROKEN", f"checkpoint {published.size}", detail))


def _cosignatures(log: ProductionLog, keys: Sequence[NoteVerifier], faults: list[Fault]) -> Iterator[Shown]:
    rows = LogCosignature.objects.filter(log=log).select_related("witness").order_by("size", "pk")
    for row in rows.iterator():
        where = f"cosignature of {row.witness.name} at {row.size}"
        note = bytes(row.note)
        for one in _opened(where, note, keys, faults):
            try:
                found = Cosignature.verified(parse_note(note), NoteVerifier.parse(row.witness.vkey))
            except InvalidEvidence as error:
                faults.append(Fault("COSIGNATURE_INVALID", where, error.detail))
                continue
            said = (one.checkpoint.size, one.checkpoint.root, found.seen_at)
            if said != (row.size, bytes(row.root), row.seen_at):
                faults.append(
                    Fault("COSIGNATURE_INVALID", where, "its columns say something else than what was signed")
                )
            yield one
