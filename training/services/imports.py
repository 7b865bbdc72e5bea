"""Register material in bulk: a file of captures is kept now and read in the background, chunk by chunk.

A chunk is a transaction: a reading that was cut off goes on behind the last whole one. Read twice, a file registers
nothing twice: what is there already, with the same bytes from the same source, is counted as the same.
"""

import hashlib
import logging
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import Any, BinaryIO, Final, cast
from uuid import UUID

from django.conf import settings
from django.core.files.base import File
from django.db import IntegrityError, OperationalError, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from accounts.authentication import living_credential
from accounts.models import Membership
from accounts.principals import Principal
from audit.services import record
from common import clock
from common.errors import Conflict, InvalidInput, NotFound, TooLarge, Unauthenticated
from common.ids import new_id
from common.storage import blobs
from training.models import MaterialImport
from training.seats import ENGINEERS, require_engineer
from training.services.assets import collector_of
from training.services.import_rows import ROW_BYTES_MAX, read_rows, sort_rows
from training.services.import_writing import write_chunk
from training.services.leftovers import FOLDER

logger = logging.getLogger(__name__)
CHUNK: Final = 5000
_PIECE: Final = 1024 * 1024
_TRIES: Final = 5
STUCK_MOST: Final = 5
"""Readings in a row that the database may refuse at one chunk, each after its own tries, before the import fails."""


def hand_in_material(
    *, principal: Principal, read: Callable[[int], bytes], length: int, repeat_key: str = ""
) -> tuple[MaterialImport, bool]:
    """Keep a file of captures to be read in the background; whether it is new.

    Args:
        read: up to so many bytes of the file, none at its end; one JSON object a line, as
            :class:`~training.services.import_rows.Row` says.
        length: how many bytes there are.
        repeat_key: the caller's own; the same file under the same key is the import that it was before.

    Raises:
        NotFound, Forbidden: as :func:`~training.seats.require_engineer`.
        TooLarge: ``IMPORT_TOO_LARGE``. InvalidInput: ``IMPORT_EMPTY``, ``BODY_INCOMPLETE``, ``IDEMPOTENCY_KEY_INVALID``.
        Conflict: ``IDEMPOTENCY_CONFLICT``: another file had this key.
    """
    require_engineer(principal)
    if length > settings.TRAINING_IMPORT_BYTES_MAX:
        raise TooLarge(
            "IMPORT_TOO_LARGE", _("At most %(most)s bytes.") % {"most": settings.TRAINING_IMPORT_BYTES_MAX}
        )
    if len(repeat_key) > 200 or not repeat_key.isprintable():
        raise InvalidInput(
            "IDEMPOTENCY_KEY_INVALID", "An Idempotency-Key has at most 200 printable characters."
        )
    if length == 0:
        raise InvalidInput("IMPORT_EMPTY", "There are no rows.")
    with tempfile.TemporaryFile() as kept:
        digest, size = hashlib.sha256(), 0
        while size < length and (piece := _read(read, min(_PIECE, length - size))):
            digest.update(piece)
            size += len(piece)
            kept.write(piece)
        if size != length:
            raise InvalidInput(
                "BODY_INCOMPLETE", "The body ended early.", "Nothing was taken; send it again."
            )
        if known := _known(principal, repeat_key, digest.hexdigest()):
            return known, False
        kept.seek(0)
        blob = blobs().save(f"{FOLDER}/{new_id()}.ndjson", File(kept))
    try:
        with transaction.atomic():
            job = MaterialImport.objects.create(
                organisation=principal.organisation, submitted_by=principal.person, credential=principal.credential,
                collector=collector_of(principal), repeat_key=repeat_key, blob=blob, size_bytes=size,
                sha256=digest.hexdigest(), moved_at=clock.now(),
            )  # fmt: skip
            record(
                kind="training.import_handed_in", principal=principal, object_type="training_import",
                object_id=job.pk, details={"sha256": job.sha256, "size_bytes": size},
            )  # fmt: skip
    except IntegrityError:
        blobs().delete(blob)
        known = _known(principal, repeat_key, digest.hexdigest())
        if known is None:
            raise
        return known, False
    return job, True


def read_material(import_id: UUID) -> MaterialImport:
    """Read what is left of a file, chunk by chunk; one reader at a time is the caller's to see to.

    What the database refuses each time, at the same chunk, ends as ``FAILED`` with ``IMPORT_STUCK``; of that chunk
    nothing is kept, and what stands before it stays.
    """
    job = MaterialImport.objects.select_related("submitted_by").get(pk=import_id)
    if job.finished_at is not None:
        return job
    try:
        with blobs().open(job.blob, "rb") as stream:
            stream.seek(job.bytes_read)
            lines = _lines(cast(BinaryIO, stream))
            while chunk := list(islice(lines, CHUNK)):
                if ended := _why_not(job):
                    return _finish(job, MaterialImport.State.FAILED, ended)
                if not _take_over(job, chunk):
                    return MaterialImport.objects.get(pk=job.pk)  # it was called off meanwhile
    except FileNotFoundError:
        return _finish(job, MaterialImport.State.FAILED, "FILE_GONE")
    except (OperationalError, IntegrityError) as error:
        if _is_lasting(error) and _stuck_for_good(job):
            logger.exception("import %s is refused at the same chunk each time", job.pk)
            return _finish(job, MaterialImport.State.FAILED, "IMPORT_STUCK")
        raise  # may pass: the beat goes on with it
    except (OSError, InvalidInput):
        raise  # passes, or another reader is at it: the beat goes on with it
    except Exception:
        logger.exception("import %s cannot be read on", job.pk)
        return _finish(job, MaterialImport.State.FAILED, "INTERNAL")
    return _finish(job, MaterialImport.State.DONE)


def cancel_import(*, principal: Principal, import_id: UUID) -> MaterialImport:
    """Call a reading off: nothing after the chunk in hand is read, what was registered before stays.

    Raises:
        NotFound, Forbidden: as :func:`~training.seats.require_engineer`. Conflict: ``IMPORT_ENDED``.
    """
    require_engineer(principal)
    with transaction.atomic():
        row = (
            MaterialImport.objects.select_for_update(of=("self",))
            .filter(pk=import_id, organisation=principal.organisation)
            .first()
        )
        if row is None:
            raise NotFound
        if row.finished_at is not None:
            raise Conflict("IMPORT_ENDED", "This import has ended already.")
        _end(row, MaterialImport.State.CANCELLED, "", principal)
        return row


def _why_not(job: MaterialImport) -> str:
    """Why whoever handed it in may not go on with it, as a code; empty: they may."""
    seats = Membership.objects.filter(
        user=job.submitted_by_id, organisation=job.organisation_id, ended_at=None, role__in=ENGINEERS
    )
    if not (job.submitted_by.is_active and seats.exists()):
        return "SEAT_ENDED"
    if job.credential_id is not None:
        try:
            living_credential(job.credential_id)
        except Unauthenticated as error:
            return error.code
    return ""


def _is_lasting(error: IntegrityError | OperationalError) -> bool:
    """Whether the database refuses what is written (a constraint, a limit of its own), rather than being away."""
    told = getattr(error.__cause__, "sqlstate", None) or ""
    return isinstance(error, IntegrityError) or told.startswith("54")


def _stuck_for_good(job: MaterialImport) -> bool:
    """Count a reading that was refused at the chunk in hand; whether it is one too many."""
    mine = MaterialImport.objects.filter(pk=job.pk, rows_read=job.rows_read, finished_at=None)
    mine.update(stuck=F("stuck") + 1, moved_at=clock.now())
    return mine.filter(stuck__gte=STUCK_MOST).exists()


def _read(read: Callable[[int], bytes], most: int) -> bytes:
    try:
        return read(most)
    except OSError:  # the client went away
        return b""


def _known(principal: Principal, repeat_key: str, sha256: str) -> MaterialImport | None:
    if not repeat_key:
        return None
    found = MaterialImport.objects.filter(organisation=principal.organisation, repeat_key=repeat_key).first()
    if found is not None and found.sha256 != sha256:
        raise Conflict("IDEMPOTENCY_CONFLICT", "This Idempotency-Key was used for another request.")
    return found


def _lines(stream: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Each line without its end, and how many bytes it took; one that is too long comes cut, to be refused."""
    while line := stream.readline(ROW_BYTES_MAX + 2):
        size = len(line)
        while not line.endswith(b"\n") and len(line) > ROW_BYTES_MAX and (rest := stream.readline(_PIECE)):
            size += len(rest)
            if rest.endswith(b"\n"):
                break
        yield line.rstrip(b"\r\n"), size


def _take_over(job: MaterialImport, chunk: list[tuple[bytes, int]]) -> bool:
    """One chunk, whole or not at all; a registration that came between is seen by trying again. False: it was ended."""
    for turn in range(_TRIES):
        try:
            with transaction.atomic():
                is_taken = _take_over_once(job, chunk)
        except (IntegrityError, OperationalError):
            if turn == _TRIES - 1:
                raise
            job.refresh_from_db(fields=["rows_read"])
        else:
            job.rows_read += len(chunk) if is_taken else 0
            return is_taken
    raise AssertionError("the last turn returns or raises")


def _take_over_once(job: MaterialImport, chunk: list[tuple[bytes, int]]) -> bool:
    now = MaterialImport.objects.select_for_update(of=("self",)).get(pk=job.pk)
    if now.finished_at is not None:
        return False
    if now.rows_read != job.rows_read:
        raise InvalidInput("IMPORT_MOVED", "Another reader is at this file.")
    first = job.rows_read + 1
    numbered = [(first + at, line) for at, (line, _size) in enumerate(chunk) if line.strip()]
    told, unread = read_rows(numbered, collector=job.collector)
    sorted_, grounds = sort_rows(job.organisation_id, told)
    sorted_.refused = sorted([*unread, *sorted_.refused], key=lambda one: one.row)
    digest = hashlib.sha256(b"\n".join(line for line, _size in chunk)).hexdigest()
    write_chunk(job, sorted_, grounds, lines_sha256=digest, first_row=first)
    isolated = sum(one.judged.verdict.outcome == "ISOLATE" for one in sorted_.entries)
    MaterialImport.objects.filter(pk=job.pk).update(
        state=MaterialImport.State.RUNNING,
        rows_read=F("rows_read") + len(chunk),
        bytes_read=F("bytes_read") + sum(size for _line, size in chunk),
        rows_admitted=F("rows_admitted") + len(sorted_.entries) - isolated,
        rows_isolated=F("rows_isolated") + isolated,
        rows_same=F("rows_same") + sorted_.same,
        rows_refused=F("rows_refused") + len(sorted_.refused),
        stuck=0,
        moved_at=clock.now(),
    )
    return True


def _finish(job: MaterialImport, state: str, failure: str = "") -> MaterialImport:
    with transaction.atomic():
        row = MaterialImport.objects.select_for_update(of=("self",)).get(pk=job.pk)
        if row.finished_at is None:
            _end(row, state, failure, None)
        return row


def _end(row: MaterialImport, state: str, failure: str, principal: Principal | None) -> None:
    """Write down how a reading ended; MUST be called inside the transaction that holds its row."""
    row.state, row.failure, row.finished_at, row.moved_at = state, failure, clock.now(), clock.now()
    row.cancelled_by = principal.person if principal else None
    row.save(update_fields=["state", "failure", "finished_at", "moved_at", "cancelled_by"])
    record(
        kind=_ENDED[MaterialImport.State(state)], principal=principal, organisation_id=row.organisation_id,
        object_type="training_import", object_id=row.pk, details=_figures(row),
    )  # fmt: skip
    # what the gate refused is not kept beside it; the file's hash stays
    transaction.on_commit(partial(blobs().delete, row.blob), robust=True)


_ENDED: Final = {
    MaterialImport.State.DONE: "training.import_read",
    MaterialImport.State.FAILED: "training.import_failed",
    MaterialImport.State.CANCELLED: "training.import_cancelled",
}


def _figures(row: MaterialImport) -> dict[str, Any]:
    return {
        "read": row.rows_read, "admitted": row.rows_admitted, "isolated": row.rows_isolated,
        "same": row.rows_same, "refused": row.rows_refused, "failure": row.failure,
    }  # fmt: skip


__all__ = ["CHUNK", "STUCK_MOST", "cancel_import", "hand_in_material", "read_material"]
