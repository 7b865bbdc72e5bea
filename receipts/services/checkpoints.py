"""The chain of published checkpoints, and the cosignatures that witnesses give to them.

A cosigned checkpoint is the same note with one more line: whoever knows the log's key alone reads it as before.
Two files show it. ``checkpoint`` carries the cosignatures of the present tree, if there are any yet (a busy log is
ahead of its witnesses); ``checkpoint.cosigned`` is the largest checkpoint that a witness has cosigned.

A cosignature proves itself, so it may be brought by anybody, without a credential. One over a tree that is not ours
means that a key of ours signed another history: it is refused, and an operator must look (``CHECKPOINT_FORKED``).
"""

import logging
from collections.abc import Sequence
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext as _

from common import clock
from common.errors import Conflict, Forbidden, InvalidInput, NotFound
from common.keys import public_keys
from receipts.models import LogCheckpoint, LogCosignature, LogPublication, ProductionLog, Witness
from receipts.storage import LogFiles
from trustcore.errors import InvalidEvidence
from trustcore.log.checkpoint import (
    COSIGNATURE_V1,
    Checkpoint,
    Note,
    NoteVerifier,
    parse_checkpoint_text,
    parse_note,
)
from trustcore.log.cosignature import Cosignature
from trustcore.log.tiles import CHECKPOINT_PATH, COSIGNED_PATH, ReadTiles

logger = logging.getLogger(__name__)

MAX_COSIGNED_BYTES = 64 * 1024
_LOCK_CLASS = 0x7061626C  # first half of the advisory lock's key; the second is the log
_REFRESH_SECONDS = 3600  # a witness that signs the same tree again is noted once an hour


def lock_publication(log_id: int, *, patient: bool = True) -> bool:
    """Be the one who writes the public files of a log, until the transaction ends. MUST be called inside one.

    Args:
        patient: wait for another who does; without, False says that there is one.
    """
    with connection.cursor() as cursor:
        if patient:
            cursor.execute("select pg_advisory_xact_lock(%s, %s)", [_LOCK_CLASS, log_id])
            return True
        cursor.execute("select pg_try_advisory_xact_lock(%s, %s)", [_LOCK_CLASS, log_id])
        return bool(cursor.fetchone()[0])


def record_checkpoint(*, log: ProductionLog, checkpoint: Checkpoint, note: bytes) -> None:
    """Add a checkpoint to the chain, unless its tree is there already. The caller holds the publication."""
    last = LogCheckpoint.objects.filter(log=log).order_by("-size").values_list("size", flat=True).first()
    if last is None or last < checkpoint.size:
        LogCheckpoint.objects.create(
            log=log, size=checkpoint.size, previous=last, root=checkpoint.root, note=note
        )


def with_cosignatures(*, log_id: int, note: bytes) -> bytes:
    """Return ``note`` with the latest line of each accepted witness that cosigned this very tree."""
    plain = parse_note(note)
    checkpoint = parse_checkpoint_text(plain.text)
    rows = LogCosignature.objects.filter(
        log_id=log_id, size=checkpoint.size, root=checkpoint.root, witness__removed_at__isnull=True
    ).order_by("witness_id", "seen_at")
    lines = {row.witness_id: parse_note(bytes(row.note)).signatures[-1] for row in rows}
    own = [one for one in plain.signatures if one not in lines.values()]
    return Note(plain.text, (*own, *lines.values())).encode()


def take_cosignatures(*, production_id: UUID, body: bytes) -> list[Cosignature]:
    """Take a checkpoint of ours that witnesses have cosigned, keep and publish their lines.

    Returns:
        The cosignatures of accepted witnesses found in it; those known before change nothing.

    Raises:
        NotFound: no such log.
        InvalidInput: ``NOTE_MALFORMED``, ``SIGNATURE_INVALID`` or ``CLOCK_SKEW``.
        Forbidden: ``WITNESS_UNKNOWN``: no line by a witness that is accepted here.
        Conflict: ``CHECKPOINT_AHEAD`` (we have not published so much) or ``CHECKPOINT_FORKED``.
    """
    log = ProductionLog.objects.filter(production_id=production_id).first()
    if log is None:
        raise NotFound
    note = _parsed(body)
    checkpoint = parse_checkpoint_text(note.text)
    witnesses = _witnesses_in(note)
    own = _own_signature(log, note)
    found = [(witness, _verified(note, witness)) for witness in witnesses]
    with transaction.atomic():
        lock_publication(log.pk)
        _refuse_other_history(log, checkpoint)
        fresh = [_keep(log, checkpoint, note, own, witness, one) for witness, one in found]
        if any(fresh):
            _show(log)
    return [one for _, one in found]


def _parsed(body: bytes) -> Note:
    try:
        if len(body) > MAX_COSIGNED_BYTES:
            raise InvalidInput("NOTE_MALFORMED", "A cosigned checkpoint is shorter.")
        note = parse_note(body)
        parse_checkpoint_text(note.text)
    except InvalidEvidence as error:
        raise InvalidInput("NOTE_MALFORMED", "This is not a cosigned checkpoint.", error.detail) from error
    return note


def _witnesses_in(note: Note) -> list[Witness]:
    accepted = Witness.objects.filter(removed_at__isnull=True, name__in={one.name for one in note.signatures})
    present = [one for one in accepted if note.signature_of(NoteVerifier.parse(one.vkey)) is not None]
    if not present:
        raise Forbidden("WITNESS_UNKNOWN", "No signature by a witness that is accepted here.")
    return present


def _own_signature(log: ProductionLog, note: Note) -> Note:
    """The note with the log's own line alone."""
    for key in public_keys("LOG").values():
        verifier = NoteVerifier.of(log.origin, key)
        line = note.signature_of(verifier)
        if line is None or parse_checkpoint_text(note.text).origin != log.origin:
            continue
        try:
            note.verify(verifier)
        except InvalidEvidence:
            continue
        return Note(note.text, (line,))
    raise InvalidInput("SIGNATURE_INVALID", "The checkpoint is not signed by this log.")


def _verified(note: Note, witness: Witness) -> Cosignature:
    try:
        found = Cosignature.verified(note, NoteVerifier.parse(witness.vkey))
    except InvalidEvidence as error:
        raise InvalidInput("SIGNATURE_INVALID", "A cosignature is not valid.", error.detail) from error
    if found.seen_at > clock.now().timestamp() + settings.CLOCK_SKEW_SECONDS:
        raise InvalidInput(
            "CLOCK_SKEW",
            "The witness's clock is ahead.",
            _("%(name)s says %(seen_at)s") % {"name": witness.name, "seen_at": found.seen_at},
        )
    return found


def _refuse_other_history(log: ProductionLog, checkpoint: Checkpoint) -> None:
    published = LogPublication.objects.filter(log=log).first()
    shown = published.size if published else 0
    if checkpoint.size > shown:
        logger.error("log %s: cosigned at %d, published at %d", log.origin, checkpoint.size, shown)
        raise Conflict(
            "CHECKPOINT_AHEAD",
            "This log has not published so many entries.",
            _("It shows %(shown)s.") % {"shown": shown},
        )
    if _published_root(log, checkpoint.size, shown) != checkpoint.root:
        logger.critical("log %s: two histories are signed at %d", log.origin, checkpoint.size)
        raise Conflict(
            "CHECKPOINT_FORKED",
            "Another root was published for this size.",
            "An operator must look: log check.",
        )


def _published_root(log: ProductionLog, size: int, shown: int) -> bytes:
    row = LogCheckpoint.objects.filter(log=log, size=size).values_list("root", flat=True).first()
    if row is not None:
        return bytes(row)
    # a checkpoint can be shown and its row lost with a crash: the tiles remember
    return ReadTiles(LogFiles(log.production_id).fetch, shown).root(size)


def _keep(
    log: ProductionLog, checkpoint: Checkpoint, note: Note, own: Note, witness: Witness, found: Cosignature
) -> bool:
    """Keep one witness's line; False if it tells nothing new."""
    kept = (
        LogCosignature.objects.filter(log=log, size=checkpoint.size, witness=witness)
        .order_by("-seen_at")
        .first()
    )
    if kept is not None and found.seen_at < kept.seen_at + _REFRESH_SECONDS:
        return False
    line = note.signature_of(NoteVerifier.parse(witness.vkey))
    assert line is not None
    LogCosignature.objects.create(
        log=log,
        size=checkpoint.size,
        root=checkpoint.root,
        witness=witness,
        seen_at=found.seen_at,
        note=Note(own.text, (*own.signatures, line)).encode(),
    )
    return True


def _show(log: ProductionLog) -> None:
    """Write ``checkpoint.cosigned``, and ``checkpoint`` if it is the same tree. The publication is locked."""
    files = LogFiles(log.production_id)
    largest = latest_cosigned(log_id=log.pk)
    if largest is not None and files.read(COSIGNED_PATH) != largest:
        files.write(COSIGNED_PATH, largest)
    published = LogPublication.objects.get(log=log)
    cosigned = with_cosignatures(log_id=log.pk, note=bytes(published.checkpoint))
    if files.read(CHECKPOINT_PATH) != cosigned:
        files.write(CHECKPOINT_PATH, cosigned)


def latest_cosigned(*, log_id: int) -> bytes | None:
    """The largest checkpoint that an accepted witness cosigned, with every accepted line; None before one."""
    row = (
        LogCosignature.objects.filter(log_id=log_id, witness__removed_at__isnull=True)
        .order_by("-size", "-pk")
        .first()
    )
    if row is None:
        return None
    note = parse_note(bytes(row.note))
    return with_cosignatures(log_id=log_id, note=Note(note.text, note.signatures[:1]).encode())


def add_witness(*, vkey: str, organisation_id: UUID | None = None, url: str = "") -> Witness:
    """Accept a witness's cosignatures from now on; a witness removed before is accepted again.

    Raises:
        InvalidInput: ``VKEY_INVALID``.
    """
    try:
        verifier = NoteVerifier.parse(vkey)
    except InvalidEvidence as error:
        raise InvalidInput("VKEY_INVALID", "This is not a witness's verifier key.", error.detail) from error
    if verifier.algorithm != COSIGNATURE_V1:
        raise InvalidInput(
            "VKEY_INVALID", "This is a log's key, not a witness's.", "Ask for type 4 (cosignature/v1)."
        )
    row, _ = Witness.objects.update_or_create(
        vkey=verifier.vkey,
        defaults={
            "name": verifier.name, "organisation_id": organisation_id, "url": url, "removed_at": None,
        },
    )  # fmt: skip
    return row


def remove_witness(*, name: str) -> Sequence[Witness]:
    """Publish the cosignatures of ``name`` no more; what it signed is kept.

    Raises:
        NotFound: ``WITNESS_UNKNOWN``.
    """
    rows = list(Witness.objects.filter(name=name, removed_at__isnull=True))
    if not rows:
        raise NotFound("WITNESS_UNKNOWN", "No witness of this name is accepted.")
    Witness.objects.filter(pk__in=[row.pk for row in rows]).update(removed_at=clock.now())
    return rows
