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

import psutil
import psycopg
from django.core.files.storage import FileSystemStorage

from bench import farms
from bench.checks import CONNECTIONS, dealt
from bench.figures import Ratio, Room, Sample, say, served
from bench.house import House, Web, double
from bench.intake import ALL, ROWS, Intake
from bench.load import drive
from bench.packed import Template, copy_statement, template_of
from common.keys import signer_for
from receipts.models import ProductionLog
from receipts.selectors.logs import frontier_of
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
from trustmark.databases import storages_from_url

CHUNK, SMALL_LOG = 100_000, 100_000
BYTES_A_RECEIPT, BYTES_A_TOKEN = 750, 12_000


def scale_room(house: House, *, tokens: int, receipts: int, number: int, batches: int, turns: int) -> Room:
    """Check and intake on two deployments that differ in what is stored, turn by turn."""
    _need_room(house.folder, receipts * BYTES_A_RECEIPT + tokens * BYTES_A_TOKEN)
    receipts = receipts // CHUNK * CHUNK
    farm = farms.new_farm()
    with psycopg.connect(house.database_url) as wire:
        farms.copy_tokens(wire, farm, 999)
    presented = farms.tokens_of(farm, farms.copies_of(farm, 1_000))
    intake = Intake(house, 2)
    while intake.take * 2 * 5_000 < SMALL_LOG:
        intake.send(2, 1)
    log = settled(intake.farm)
    say("a second deployment")
    large, url, store = double(house, "large")
    with psycopg.connect(url) as wire:
        _timed(f"{tokens:,} licences", lambda: farms.copy_tokens(wire, farm, tokens, quotas=True))
        fill_log(wire, store, log, intake.farm, receipts)
    _timed("vacuum, analyze", lambda: _analyze(url))
    _timed("the disk is quiet", _quiet)
    room = Room(
        "Scale",
        (
            f"Two deployments under one PostgreSQL: *small* with 1,000 licences and a log of {SMALL_LOG:,} receipts; *large*, "
            f"its copy, with {tokens:,} licences and {receipts:,} more receipts in that log. Both answer the same "
            "requests, in turn."
        ),
        "requests or receipts",
    )

    def check(web: Web) -> Sample:
        taken = len(room.turns.get("check, large", ()))
        asked = dealt(farms.checks(farm, presented, number, start=taken * number), CONNECTIONS)
        return served(house, web, lambda: drive(web.port, asked, ok=farms.PERMIT))

    def send(web: Web, queues: list[list[bytes]]) -> Sample:
        return served(house, web, lambda: drive(web.port, queues, ok=ALL), each=ROWS)

    for web in (house.web, large):
        warm = dealt(farms.checks(farm, presented, number, start=30_000), CONNECTIONS)
        drive(web.port, warm, ok=farms.PERMIT)
        send(web, intake.queues(2, 1))
    for _ in range(turns):
        queues = intake.queues(2, batches)
        room.play(
            1,
            {
                "check, small": lambda: check(house.web),
                "check, large": lambda: check(large),
                "intake, small": lambda: send(house.web, queues),  # noqa: B023 - called in this turn
                "intake, large": lambda: send(large, queues),  # noqa: B023
            },
        )
    for what in ("check", "intake"):
        room.ratios += [
            Ratio(f"{what}, large to small", f"{what}, large", f"{what}, small", "wall", 0.9),
            Ratio(f"{what}, large to small", f"{what}, large", f"{what}, small", "cpu", None),
        ]
    with psycopg.connect(url) as wire:
        stands = wire.execute(
            "select l.size, p.size from receipts_productionlog l join receipts_logpublication p on p.log_id = l.id"
            " where l.id = %s",
            [log.pk],
        ).fetchone()
        stored = wire.execute("select pg_database_size(current_database())").fetchone()
    assert stands is not None
    assert stored is not None
    room.notes.append(
        f"the large log stands at {stands[0]:,} leaves, {stands[1]:,} of them published; its database has"
        f" {stored[0] / 1e9:,.1f} GB"
    )
    return room


def settled(farm: Farm) -> ProductionLog:
    """The farm's log with nothing waiting, all of it published."""
    production = farm.token.production_id
    drain_log(production_id=production)
    publish_log(production_id=production)
    return ProductionLog.objects.get(production_id=production)


def fill_log(wire: psycopg.Connection, store: Path, log: ProductionLog, farm: Farm, receipts: int) -> None:
    """Bring a log to ``receipts`` more leaves, and its tree and public files with it."""
    template = template_of(wire, log.pk)
    lease_base = _leases(wire, farm, receipts // farms.LEASE, first_index=log.size)
    said = begun = time.monotonic()
    for first, data in _ahead(template, log.pk, log.size, receipts, lease_base):
        with wire.cursor() as cursor, cursor.copy(copy_statement(template.names)) as copy:  # type: ignore[arg-type]
            copy.write(data)
        wire.commit()
        if time.monotonic() - said > 30:
            said, done = time.monotonic(), first + CHUNK - log.size
            say(f"{done:,} receipts loaded, {done / (said - begun):,.0f}/s")
    frontier, note = grown(log, LogFiles(log.production_id, _store(store)), template.entry, receipts)
    wire.execute(
        "update receipts_productionlog set size = %s, frontier = %s where id = %s",
        [frontier.size, b"".join(frontier.hashes), log.pk],
    )
    wire.execute(
        "update receipts_logpublication set size = %s, checkpoint = %s, stale_tile = null where log_id = %s",
        [frontier.size, note, log.pk],
    )
    wire.commit()
    say(f"{receipts:,} receipts loaded in {time.monotonic() - begun:,.0f} s")


def _store(folder: Path) -> FileSystemStorage:
    """The store of the logs below a deployment's store, made as the settings make it."""
    made = storages_from_url(f"file://{folder}")["log"]
    return FileSystemStorage(**made["OPTIONS"])


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
    found = wire.execute(
        "select column_name from information_schema.columns where table_name = 'receipts_lease'"
        " and is_identity = 'NO' order by ordinal_position"
    ).fetchall()
    names = [name for (name,) in found]
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


def grown(log: ProductionLog, files: LogFiles, entry: bytes, receipts: int) -> tuple[Frontier, bytes]:
    """The log's frontier after ``receipts`` more leaves of one entry, and the checkpoint over it, published.

    The tree up to the next multiple of 65,536 leaves is made leaf by leaf. Beyond it, subtrees over equal leaves
    are equal: one hash a level stands for all of them.
    """
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
    _write_edge(files, entry, log.size, frontier.size)
    note = encode_checkpoint(Checkpoint(log.origin, frontier.size, frontier.root()), signer_for("LOG"))
    files.write(CHECKPOINT_PATH, note)
    return frontier, note


def _with_subtree(frontier: Frontier, even: list[bytes], end: int) -> Frontier:
    """Append the largest aligned subtree of equal leaves that fits."""
    size = frontier.size
    level = (size & -size).bit_length() - 1 if size else (end - size).bit_length() - 1
    level = min(level, (end - size).bit_length() - 1)
    hashes, root, at = list(frontier.hashes), even[level], level
    while size >> at & 1:
        root, at = node_hash(hashes.pop(), root), at + 1
    return Frontier(size + (1 << level), (*hashes, root))


def _write_edge(files: LogFiles, entry: bytes, old: int, new: int) -> None:
    """The rightmost tiles of every level, from the old tiles and the equal leaves after them."""
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


def _analyze(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as wire:
        for table in ("receipts_logentry", "receipts_lease", "receipts_quota", "licensing_licencetoken"):
            wire.execute(f"vacuum analyze {table}")  # type: ignore[arg-type]


def _quiet(most_seconds: int = 600, bytes_a_second: float = 5e6) -> None:
    """Wait until what was loaded has reached the disk: checkpoints go on for minutes."""
    ends = time.monotonic() + most_seconds
    while time.monotonic() < ends:
        before = psutil.disk_io_counters()
        time.sleep(5)
        after = psutil.disk_io_counters()
        if before is None or after is None or after.write_bytes - before.write_bytes < 5 * bytes_a_second:
            return
