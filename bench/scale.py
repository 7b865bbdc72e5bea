"""The same rates with 1,000,000 licences and 50,000,000 receipts stored.

Synthetic: copies of one licence, each with its own request, terms and grant; leases of 25 frames; receipts that
are one real receipt again and again under their own index, lease and frame, copied straight into the log's
partition, every index and trigger included. Because their entries are equal, the log's frontier and the right
edge of its tiles follow in a moment, so that intake and publication go on from there as after real ones. (Such
a log would not pass `trustmark log check`: the entry does not say the row's frame. Its size does not care.)
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
from django.db import connection

from bench import farms
from bench.checks import CONNECTIONS, dealt
from bench.figures import Ratio, Room, Sample, say, served
from bench.house import House
from bench.intake import Intake
from bench.load import drive
from bench.packed import Template, copy_statement, template_of
from common.keys import signer_for
from receipts.models import LogPublication, ProductionLog
from receipts.services import drain_log
from receipts.services.publish import publish_log
from receipts.storage import LogFiles
from tests.receipts.conftest import Farm
from trustcore.log.checkpoint import Checkpoint, encode_checkpoint
from trustcore.log.merkle import Frontier, leaf_hash, node_hash
from trustcore.log.tiles import (
    CHECKPOINT_PATH,
    TILE_HEIGHT,
    TILE_WIDTH,
    entries_path,
    pack_entries,
    tile_path,
)

CHUNK = 100_000
BYTES_A_RECEIPT, BYTES_A_TOKEN = 750, 12_000


def scale_room(house: House, *, tokens: int, receipts: int, number: int, batches: int, turns: int) -> Room:
    """Check and intake before and after the rows are loaded, in one run on one machine."""
    _need_room(house.folder, receipts * BYTES_A_RECEIPT + tokens * BYTES_A_TOKEN)
    small_log = 100_000
    receipts = receipts // (CHUNK) * CHUNK
    farm = farms.new_farm()
    farms.copy_tokens(farm, 999)
    presented = farms.tokens_of(farm, farms.copies_of(farm, 1_000))
    intake = Intake(house, 2)
    room = Room(
        "Scale",
        (
            f"Checks over 1,000 licences with nothing stored, then over 1,000 of {tokens:,}; receipts at {small_log:,} in the "
            f"log, then at {receipts:,}. The large half runs after the small one, so it cannot be interleaved: what "
            "else the machine did meanwhile falls on one of them."
        ),
        "requests, then receipts",
    )

    def check(jws: list[str]) -> Sample:
        done = sum(map(len, room.turns.values()))
        asked = dealt(farms.checks(farm, jws, number, start=done * number), CONNECTIONS)
        return served(house, house.web, lambda: drive(house.web.port, asked, ok=farms.PERMIT))

    drive(
        house.web.port,
        dealt(farms.checks(farm, presented, max(64, number // 4)), CONNECTIONS),
        ok=farms.PERMIT,
    )
    while intake.take * 2 * 5_000 < small_log:
        intake.send(2, 1)
    room.play(
        turns,
        {
            "check, small": lambda: check(presented),
            "intake, small": lambda: intake.sample(intake.queues(2, batches)),
        },
    )

    _timed(f"{tokens:,} licences", lambda: farms.copy_tokens(farm, tokens, quotas=True))
    fill_log(house, intake.farm, receipts)
    _timed("analyze", lambda: _analyze(house))
    presented = farms.tokens_of(farm, farms.copies_of(farm, 1_000))
    intake = Intake(house, 2, intake.farm)
    intake.send(2, 1)
    drive(
        house.web.port,
        dealt(farms.checks(farm, presented, max(64, number // 4)), CONNECTIONS),
        ok=farms.PERMIT,
    )
    room.play(
        turns,
        {
            "check, large": lambda: check(presented),
            "intake, large": lambda: intake.sample(intake.queues(2, batches)),
        },
    )
    for what in ("check", "intake"):
        room.ratios += [
            Ratio(f"{what}, large to small", f"{what}, large", f"{what}, small", "wall", 0.9),
            Ratio(f"{what}, large to small", f"{what}, large", f"{what}, small", "cpu", None),
        ]
    log = ProductionLog.objects.get(production_id=intake.farm.token.production_id)
    published = LogPublication.objects.get(log=log).size
    room.notes.append(f"the log stands at {log.size:,} leaves, {published:,} of them published")
    return room


def fill_log(house: House, farm: Farm, receipts: int) -> None:
    """Bring the farm's log to about ``receipts`` more leaves, and its tree and public files with it."""
    production = farm.token.production_id
    drain_log(production_id=production)
    publish_log(production_id=production)
    log = ProductionLog.objects.get(production_id=production)
    with psycopg.connect(house.database_url) as wire:
        template = template_of(wire, log.pk)
        lease_base = _leases(wire, farm, receipts // farms.LEASE, first_index=log.size)
        said, begun = time.monotonic(), time.monotonic()
        for first, data in _ahead(template, log.pk, log.size, receipts, lease_base):
            with wire.cursor() as cursor, cursor.copy(copy_statement(template.names)) as copy:  # type: ignore[arg-type]
                copy.write(data)
            wire.commit()
            if time.monotonic() - said > 30:
                said, done = time.monotonic(), first + CHUNK - log.size
                say(f"{done:,} receipts loaded, {done / (said - begun):,.0f}/s")
        wire.commit()
        frontier = grown(log, template.entry, receipts)
        wire.execute(
            "update receipts_productionlog set size = %s, frontier = %s where id = %s",
            [frontier.size, b"".join(frontier.hashes), log.pk],
        )
    say(f"{receipts:,} receipts loaded in {time.monotonic() - begun:,.0f} s")


def _ahead(
    template: Template, log_id: int, size: int, receipts: int, lease_base: int
) -> Iterator[tuple[int, bytes]]:
    """Chunks, each packed while the one before it is written."""
    packed: dict[int, bytes] = {}

    def pack(first: int) -> None:
        packed[first] = template.rows(log_id, first, CHUNK, frames=farms.LEASE, lease_base=lease_base)

    starts = range(size, size + receipts, CHUNK)
    pack(starts[0])
    for first, following in zip(starts, [*starts[1:], None], strict=True):
        worker = threading.Thread(target=pack, args=(following,)) if following is not None else None
        if worker:
            worker.start()
        yield first, packed.pop(first)
        if worker:
            worker.join()


def _leases(wire: psycopg.Connection, farm: Farm, number: int, *, first_index: int) -> int:
    """``number`` ended leases of the farm's licence; what a row's index // 25 is added to, to name its lease."""
    begun = time.monotonic()
    with connection.cursor() as cursor:
        cursor.execute(
            "select column_name from information_schema.columns where table_name = 'receipts_lease'"
            " and is_identity = 'NO' order by ordinal_position"
        )
        names = [name for (name,) in cursor.fetchall()]
    instead = {
        "uid": "uuidv7()", "check_id": "uuidv7()", "state": "'ENDED'", "ended_at": "now()", "units_used": "25",
    }  # fmt: skip
    values = ", ".join(f"{instead[name]} as {name}" if name in instead else name for name in names)
    wire.execute(
        f"insert into receipts_lease ({', '.join(names)}) select {values} from (select * from receipts_lease"  # type: ignore[arg-type]
        " where token_jti = %s limit 1) one cross join generate_series(0, %s)",
        [farm.token.pk, number],
    )
    row = wire.execute("select max(id) from receipts_lease").fetchone()
    wire.commit()
    assert row is not None
    say(f"{number:,} leases in {time.monotonic() - begun:,.0f} s")
    return int(row[0]) - number - first_index // farms.LEASE


def grown(log: ProductionLog, entry: bytes, receipts: int) -> Frontier:
    """The log's frontier after ``receipts`` more leaves of one entry; publishes the right edge of its tiles.

    The tree up to the next multiple of 65,536 leaves is made leaf by leaf. Beyond it, subtrees over equal leaves
    are equal: one hash a level stands for all of them.
    """
    from receipts.selectors.logs import frontier_of

    size, end = log.size, log.size + receipts
    span = 1 << (2 * TILE_HEIGHT)
    aligned = min(end, -(-size // span) * span)
    leaf = leaf_hash(entry)
    frontier = frontier_of(log).append_many([leaf] * (aligned - size))
    even = [leaf]  # even[n]: the root over 2**n equal leaves
    while len(even) < 64:
        even.append(node_hash(even[-1], even[-1]))
    while frontier.size < end:
        frontier = _with_subtree(frontier, even, end)
    _write_edge(log, entry, frontier)
    note = encode_checkpoint(Checkpoint(log.origin, frontier.size, frontier.root()), signer_for("LOG"))
    LogFiles(log.production_id).write(CHECKPOINT_PATH, note)
    LogPublication.objects.filter(log=log).update(size=frontier.size, checkpoint=note, stale_tile=None)
    return frontier


def _with_subtree(frontier: Frontier, even: list[bytes], end: int) -> Frontier:
    """Append the largest aligned subtree of equal leaves that fits."""
    size = frontier.size
    level = (size & -size).bit_length() - 1 if size else (end - size).bit_length() - 1
    level = min(level, (end - size).bit_length() - 1)
    hashes, root, at = list(frontier.hashes), even[level], level
    while size >> at & 1:
        root, at = node_hash(hashes.pop(), root), at + 1
    return Frontier(size + (1 << level), (*hashes, root))


def _write_edge(log: ProductionLog, entry: bytes, frontier: Frontier) -> None:
    """The rightmost tiles of every level, from the old tiles and the equal leaves after them."""
    files = LogFiles(log.production_id)
    old, new = log.size, frontier.size
    kept: dict[tuple[int, int], bytes] = {}

    def stored(level: int, index: int) -> bytes:
        """A hash of the old tree, from its tiles."""
        tile, place = index >> TILE_HEIGHT, index & (TILE_WIDTH - 1)
        width = min(TILE_WIDTH, (old >> TILE_HEIGHT * level) - (tile << TILE_HEIGHT))
        data = files.fetch(tile_path(level, tile, width))
        return data[place * 32 : place * 32 + 32]

    def hash_at(level: int, index: int) -> bytes:
        """The root of the subtree of ``256**level`` leaves at ``index``."""
        first, width = index << TILE_HEIGHT * level, 1 << TILE_HEIGHT * level
        if first + width <= old:
            return stored(level, index)
        if first >= old:
            if (level, -1) not in kept:
                one = leaf_hash(entry)
                for _ in range(TILE_HEIGHT * level):
                    one = node_hash(one, one)
                kept[level, -1] = one
            return kept[level, -1]
        if (level, index) not in kept:
            row = [hash_at(level - 1, (index << TILE_HEIGHT) + n) for n in range(TILE_WIDTH)]
            while len(row) > 1:
                row = [node_hash(row[n], row[n + 1]) for n in range(0, len(row), 2)]
            kept[level, index] = row[0]
        return kept[level, index]

    level = 0
    while new >> TILE_HEIGHT * level:
        count = new >> TILE_HEIGHT * level
        for tile in {(count - 1) >> TILE_HEIGHT, max(0, ((count - 1) >> TILE_HEIGHT) - 1)}:
            begin = tile << TILE_HEIGHT
            width = min(TILE_WIDTH, count - begin)
            files.write(
                tile_path(level, tile, width), b"".join(hash_at(level, begin + n) for n in range(width))
            )
        level += 1
    last = (new - 1) >> TILE_HEIGHT
    for bundle in {last, max(0, last - 1)}:
        width = min(TILE_WIDTH, new - (bundle << TILE_HEIGHT))
        if bundle << TILE_HEIGHT >= old:
            files.write(entries_path(bundle, width), pack_entries([entry] * width))


def _need_room(folder: Path, wanted: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < wanted * 1.3:
        raise RuntimeError(f"{wanted / 1e9:.0f} GB are needed under {folder}, {free / 1e9:.0f} GB are free")


def _timed(what: str, work: Callable[[], None]) -> None:
    begun = time.monotonic()
    work()
    say(f"{what} in {time.monotonic() - begun:,.0f} s")


def _analyze(house: House) -> None:
    with psycopg.connect(house.database_url, autocommit=True) as wire:
        for table in ("receipts_logentry", "receipts_lease", "receipts_quota", "licensing_licencetoken"):
            wire.execute(f"vacuum analyze {table}")  # type: ignore[arg-type]
