"""Publish a log: tiles and entry bundles first, the signed checkpoint last.

Publishing is idempotent and may be repeated by anyone at any time: everything is made from committed rows,
and a tile's content follows from its path. One publisher a log at a time, by an advisory lock that the
database drops with its connection; a second finds the work done and returns. If the stored upper tiles do
not lead to the root that the log's row names, every tile is written again from the rows; a checkpoint over
tiles that disagree with it is never published.
"""

import logging
from uuid import UUID

from django.db import connection, transaction
from psycopg import Cursor

from common import clock
from common.errors import Unavailable
from common.keys import signer_for
from receipts.models import LogPublication, ProductionLog
from receipts.selectors.logs import frontier_of, logs_behind
from receipts.services.checkpoints import lock_publication, record_checkpoint, with_cosignatures
from receipts.storage import LogFiles
from trustcore.errors import InvalidEvidence
from trustcore.log.checkpoint import (
    Checkpoint,
    encode_checkpoint,
    encode_vkey,
    parse_checkpoint_text,
    parse_note,
)
from trustcore.log.merkle import Frontier
from trustcore.log.tiles import (
    CHECKPOINT_PATH,
    TILE_WIDTH,
    VKEY_PATH,
    ReadTiles,
    entries_path,
    tile_path,
    tiles_to_write,
)

logger = logging.getLogger(__name__)
_STRETCH = 64 * TILE_WIDTH  # leaves read and written at once, some 8 MB
# order and range follow the primary key: the planner has no better way, whatever it believes of the table's size
_ENTRIES = "select entry from receipts_logentry where log_id = %s and idx >= %s and idx < %s order by idx"


class LogBroken(Unavailable):
    """Rows, frontier and what was published before contradict each other. Fatal: nothing is published."""

    def __init__(self, detail: str) -> None:
        super().__init__("LOG_BROKEN", "The log contradicts itself; an operator must look.", detail)


def publish_log(*, production_id: UUID, at_least: int = 0, patient: bool = True) -> int:
    """Bring the public files up to the log's size; returns the size that the checkpoint now covers.

    Args:
        at_least: return at once if this much is published already.
        patient: wait for another publisher of this log; without, leave the work to it.

    Raises:
        Unavailable: ``LOG_UNPUBLISHED``: the store does not take the files. Rows are safe; try again.
        LogBroken: rows and frontier disagree; ``trustmark log check`` names what differs.
    """
    published = LogPublication.objects.filter(log__production_id=production_id).first()
    if published is not None and 0 < at_least <= published.size:
        return published.size
    try:
        with transaction.atomic():
            return _publish(production_id, at_least, patient=patient)
    except OSError as error:
        logger.exception("log %s: files not written", production_id)
        raise Unavailable(
            "LOG_UNPUBLISHED", "The log could not be published.", "Nothing is lost; try again."
        ) from error


def publish_waiting() -> int:
    """Publish every log that has rows its checkpoint does not cover; heals a crash after a commit."""
    return sum(1 for log in logs_behind() if publish_log(production_id=log.production_id))


def _publish(production_id: UUID, at_least: int, *, patient: bool) -> int:
    log = ProductionLog.objects.filter(production_id=production_id).first()
    if log is None:
        return 0
    if not lock_publication(log.pk, patient=patient):
        return 0
    log.refresh_from_db()
    published, _ = LogPublication.objects.get_or_create(log=log)
    if 0 < at_least <= published.size:
        return published.size  # another publisher was faster, while this one waited
    files = LogFiles(production_id)
    signer = signer_for("LOG")
    vkey = f"{encode_vkey(log.origin, signer.public_key)}\n".encode()
    if published.size == log.size and published.checkpoint and files.read(VKEY_PATH) == vkey:
        return log.size
    frontier = frontier_of(log)
    _write_tiles(log, files, published, frontier)
    _refuse_fork(log, files, published)
    checkpoint = Checkpoint(log.origin, log.size, frontier.root())
    note = encode_checkpoint(checkpoint, signer)
    record_checkpoint(log=log, checkpoint=checkpoint, note=note)
    if files.read(VKEY_PATH) != vkey:
        files.write(VKEY_PATH, vkey)
    files.write(CHECKPOINT_PATH, with_cosignatures(log_id=log.pk, note=note))
    _drop_stale_partials(files, published, log.size)
    published.size, published.checkpoint, published.published_at = log.size, note, clock.now()
    published.save()
    return log.size


def _write_tiles(log: ProductionLog, files: LogFiles, published: LogPublication, frontier: Frontier) -> None:
    for begin in dict.fromkeys((published.size, 0)):  # on from the last publication; all anew if that fails
        try:
            _write_from(log, files, begin)
            if ReadTiles(files.fetch, log.size).root() == frontier.root():
                return
        except (FileNotFoundError, InvalidEvidence) as error:
            logger.warning("log %s: stored tiles are unusable: %s", log.origin, error)
    raise LogBroken(f"the rows of {log.origin} do not lead to its root at {log.size}")


def _refuse_fork(log: ProductionLog, files: LogFiles, published: LogPublication) -> None:
    """Never replace a checkpoint by one that does not extend it (a database restored from an old backup)."""
    tiles = ReadTiles(files.fetch, log.size)
    for note in (files.read(CHECKPOINT_PATH), bytes(published.checkpoint)):
        try:
            shown = parse_checkpoint_text(parse_note(note or b"").text)
        except InvalidEvidence:
            continue  # none yet, or damaged: it is written anew
        if shown.size > log.size or (shown.size and tiles.root(shown.size) != shown.root):
            raise LogBroken(
                f"{log.origin} at {log.size} does not extend the checkpoint published at {shown.size}"
            )


def _write_from(log: ProductionLog, files: LogFiles, begin: int) -> None:
    """Write stretch after stretch; the next one reads back what this one wrote."""
    while begin < log.size:
        first = begin - begin % TILE_WIDTH
        end = min(first + _STRETCH, log.size)
        entries = _entries(log, first, end)
        files.write_all(tiles_to_write(begin, end, entries=entries, fetch=files.fetch))
        begin = end


def _entries(log: ProductionLog, first: int, end: int) -> list[bytes]:
    connection.ensure_connection()
    # Django's own cursors bind on this side, and then cannot read binary
    with connection.wrap_database_errors, Cursor(connection.connection) as cursor:
        cursor.execute(_ENTRIES, [log.pk, first, end], binary=True)
        entries = [entry for (entry,) in cursor]
    if len(entries) != end - first:
        raise LogBroken(f"rows of {log.origin} are missing between {first} and {end}")
    return entries


def _drop_stale_partials(files: LogFiles, published: LogPublication, size: int) -> None:
    """Drop the partial widths of a tile one tile after it is full: late readers find the full one."""
    before, now = published.size // TILE_WIDTH, size // TILE_WIDTH
    if now == before:
        return
    if published.stale_tile is not None:
        files.remove_partials(entries_path(published.stale_tile))
        files.remove_partials(tile_path(0, published.stale_tile))
    published.stale_tile = before
