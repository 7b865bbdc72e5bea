"""What it costs to verify a log again, against hashing its entries: the ratio that does not depend on the machine.

    python bench/verify.py [--entries 200000]

The unit is one ``hashlib.sha256`` over each entry, cut out of entry bundles in memory, in one process of the same run.
The log is synthetic but whole: rows, checks, leases, tiles, a chain of checkpoints; ``trustmark log check`` reads all
of it, by one process and by two. The bundle is made by the core's own writers and deflated, as the server's are.
``make bench`` shows the same room.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "clients" / "python")]

if TYPE_CHECKING:
    from bench.figures import Room, Sample

PER_LEASE = 25
BLOCK = 5_000
BAR, FASTER = 4, 1.7


def audit_room(folder: Path, *, entries: int, turns: int) -> Room:
    """Log check and bundle verification, against SHA-256 of each of their entries. Needs Django and a database."""
    from bench.figures import Ratio, Room, timed
    from receipts.inspection import inspect_log
    from receipts.selectors import entries_of
    from trustcore.bundle import verify_bundle

    production_id = make_log(entries)
    logged = bundles_of([leaf.entry for leaf in entries_of(production_id)])
    bundle, written = make_bundle(folder, max(200, entries // 2))
    bundled = bundles_of(written)
    number, fewer = sum(map(_count, logged)), len(written)

    def check(jobs: int) -> None:
        report = inspect_log(production_id=production_id, jobs=jobs)
        assert report is not None
        assert not report.faults, report.faults[:3]
        assert report.covered == number

    room = Room(
        "Log check",
        (
            f"`trustmark log check` of {number:,} entries of {sum(map(len, logged)) // number} bytes and the verification "
            f"of a bundle of {fewer:,}, {PER_LEASE} frames a check, each against SHA-256 of each of its entries, cut out of "
            "entry bundles in memory. CPU is that of our processes, PostgreSQL's is not in it."
        ),
        "entries",
    )
    calls: dict[str, Callable[[], Sample]] = {
        "SHA-256 of each entry": lambda: timed(number, partial(hash_each, logged)),
        "the same by two processes at once": lambda: timed(
            2 * number, partial(_by_two, partial(hash_each, logged))
        ),
        "log check, one process": lambda: timed(number, partial(check, 1)),
        "log check, two processes": lambda: timed(number, partial(check, 2)),
        "SHA-256 of each entry of the bundle": lambda: timed(fewer, partial(hash_each, bundled)),
        "entries of the bundle, judged": lambda: timed(fewer, partial(judge, bundled)),
        "bundle, one process": lambda: timed(fewer, partial(verify_bundle, bundle)),
        "bundle, two processes": lambda: timed(fewer, partial(verify_bundle, bundle, jobs=2)),
    }
    unit, of_bundle = "SHA-256 of each entry", "SHA-256 of each entry of the bundle"
    room.ratios += [
        Ratio("log check to SHA-256", "log check, one process", unit, "CPU cost", BAR),
        Ratio("entries of the bundle judged, to SHA-256", "entries of the bundle, judged", of_bundle, "CPU cost", None),
        Ratio("whole bundle to SHA-256", "bundle, one process", of_bundle, "CPU cost", BAR),
        Ratio("log check, two processes to one", "log check, two processes", "log check, one process", "wall", FASTER),
        Ratio("bundle, two processes to one", "bundle, two processes", "bundle, one process", "wall", FASTER),
        Ratio("log check, two processes to one", "log check, two processes", "log check, one process", "CPU cost", None),
        Ratio("bundle, two processes to one", "bundle, two processes", "bundle, one process", "CPU cost", None),
        Ratio("hashing by two processes, the most this machine gives", "the same by two processes at once", unit, "wall", None),
    ]  # fmt: skip
    room.notes.append(
        "A bundle holds each frame three times (entry, NDJSON, CSV), deflated: unpacking and hashing its files alone is "
        "more than four times the unit. Judging is what its log costs: hashes, tree, canonical form, forms, checks, both "
        "rows."
    )
    room.play(turns, calls)
    return room


def bundles_of(entries: Sequence[bytes]) -> list[bytes]:
    """The entry bundles of a log."""
    from trustcore.log.tiles import TILE_WIDTH, pack_entries

    return [pack_entries(entries[at : at + TILE_WIDTH]) for at in range(0, len(entries), TILE_WIDTH)]


def hash_each(bundles: Sequence[bytes]) -> None:
    """The least that a reader of entry bundles does: find each entry, and hash it."""
    sha256 = hashlib.sha256
    for data in bundles:
        at, end = 0, len(data)
        while at < end:
            begin = at + 2
            at = begin + int.from_bytes(data[at:begin], "big")
            sha256(data[begin:at]).digest()


def judge(bundles: Sequence[bytes]) -> None:
    """What a bundle's verifier does with its log, without the zip file around it."""
    from trustcore.bundle.ledger import Ledger
    from trustcore.log.merkle import leaf_hashes, perfect_levels
    from trustcore.log.tiles import unpack_entries

    ledger = Ledger()
    for data in bundles:
        entries = unpack_entries(data)
        perfect_levels(leaf_hashes(entries))
        ledger.take_tile(entries)
    ledger.finish()


def _count(bundle: bytes) -> int:
    from trustcore.log.tiles import unpack_entries

    return len(unpack_entries(bundle))


def _by_two(work: Callable[[], None]) -> None:
    children = []
    for _ in range(2):
        child = os.fork()
        if not child:
            work()
            os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)


def make_bundle(folder: Path, frames: int) -> tuple[Path, list[bytes]]:
    """A bundle over about ``frames`` frames, a check for every 25 of them, and its entries."""
    from tests.trustcore import bundling
    from trustcore.receipt import encode_entry

    begun, last = datetime(2026, 9, 1, 12, tzinfo=UTC), bundling.some_entries(0)[-4:]
    entries = [bundling.authorised(1)]
    for first in range(0, frames, PER_LEASE):
        check = bundling.checked(10 + first // PER_LEASE, first, first + PER_LEASE - 1)
        entries.append(check)
        for number in range(first, first + PER_LEASE):
            at = begun + timedelta(seconds=number)
            times = {"started_at": f"{at:%FT%TZ}", "finished_at": f"{at + timedelta(minutes=7):%FT%TZ}"}
            entries.append(bundling.frame(check, number, **times))
    made = bundling.Forge(entries=[*entries, *last])
    path = folder / "bundle.zip"
    path.write_bytes(bundling.zip_bytes(bundling.bag_files(made)))
    return path, [encode_entry(entry) for entry in made.entries]


def make_log(frames: int) -> uuid.UUID:
    """Put a log of ``frames`` frames, a check for every 25 of them, into the database, and publish it in blocks."""
    from django.db import connection, transaction

    from common import clock
    from receipts.models import Lease, ProductionLog, RenderCheck
    from receipts.services import open_log, publish_log
    from receipts.services.tally import recount
    from trustcore.log.merkle import Frontier, leaf_hash

    production_id = uuid.uuid4()
    log = open_log(production_id=production_id)
    frontier, now = Frontier(), clock.now()
    for begin in range(0, frames, BLOCK):
        checks, leases, rows = [], [], []
        for first in range(begin, min(begin + BLOCK, frames), PER_LEASE):
            check, lease = _check(production_id, now), uuid.uuid4()
            checks.append(check)
            leases.append(_lease(log.pk, check, lease, first, now))
        with transaction.atomic():
            RenderCheck.objects.bulk_create(checks)
            Lease.objects.bulk_create(leases)
            for check, lease in zip(checks, leases, strict=True):
                rows.append((None, now, None, 2, None, None, check.pk, None, _check_entry(check, lease)))
                rows += [_frame_row(check, lease, lease.first + n, now) for n in range(PER_LEASE)]
            with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
                for index, row in enumerate(rows, frontier.size):
                    copy.write_row((index, log.pk, *row))
            frontier = frontier.append_many([leaf_hash(row[-1]) for row in rows])
            ProductionLog.objects.filter(pk=log.pk).update(
                size=frontier.size, frontier=b"".join(frontier.hashes)
            )
        publish_log(production_id=production_id)
    recount(log_id=log.pk)  # what was copied in past the intake is counted by nobody else
    with connection.cursor() as cursor:
        cursor.execute("analyze")
    return production_id


_COPY = (
    "copy receipts_logentry (idx, log_id, lease, received_at, frame, kind, take, outcome, ref, file_sha256, entry)"
    " from stdin"
)


def _check(production_id: uuid.UUID, now: Any) -> Any:
    from common.ids import new_id
    from receipts.models import RenderCheck

    return RenderCheck(
        id=new_id(), at=now, outcome="ALLOW", production_id=production_id, organisation_id=uuid.uuid4(),
        token_jti=uuid.uuid4(), terms_version=1, use_type="FACE_RENDER", construct="FACE_3D", shot="0410",
        task="comp", worker="node", input_sha256=os.urandom(32), policy_version="1", policy_hash="sha256:0",
    )  # fmt: skip


def _lease(log_id: int, check: Any, uid: uuid.UUID, first: int, now: Any) -> Any:
    from receipts.models import Lease

    return Lease(
        uid=uid, check_id=check.pk, log_id=log_id, token_jti=check.token_jti, production_id=check.production_id,
        organisation_id=check.organisation_id, terms_version=1, talent="tal_0000000000000000", counter="frames",
        use_type="FACE_RENDER", shot="0410", first=first, last=first + PER_LEASE - 1, granted_at=now,
        expires_at=now + timedelta(hours=1), heartbeat_seconds=30, grace_seconds=600,
        window_ends_at=now + timedelta(days=30),
    )  # fmt: skip


def _check_entry(check: Any, lease: Any) -> bytes:
    from common.clock import rfc3339
    from trustcore.policy.vocabulary import DecisionOutcome
    from trustcore.receipt import CheckedEntry, encode_entry

    return encode_entry(
        CheckedEntry(
            at=rfc3339(check.at), decision=str(check.pk), first=lease.first, last=lease.last,
            input_hash=check.input_sha256.hex(), jti=str(check.token_jti), lease=str(lease.uid),
            outcome=DecisionOutcome.ALLOW, policy_version="1", shot="0410", talent=lease.talent, terms_version=1,
            use_type="FACE_RENDER", construct="FACE_3D",
        )
    )  # fmt: skip


def _frame_row(check: Any, lease: Any, frame: int, now: Any) -> tuple[Any, ...]:
    from common.clock import rfc3339
    from trustcore.policy.vocabulary import Outcome
    from trustcore.receipt import FrameEntry, encode_entry

    digest, done = os.urandom(32), now + timedelta(milliseconds=frame)
    entry = FrameEntry(
        check=str(check.pk), file_sha256=digest.hex(), finished_at=rfc3339(done), frame=frame,
        outcome=Outcome.RENDERED, pixel_sha256=os.urandom(32).hex(), started_at=rfc3339(done - timedelta(minutes=7)),
        take=1,
    )  # fmt: skip
    return (lease.pk, now, frame, 3, 1, 1, None, digest, encode_entry(entry))


@contextmanager
def _database() -> Iterator[None]:
    """A PostgreSQL and a store of our own, migrated; gone at the end."""
    from trustmark.embedded.testing import TestServers

    for name in ("DATABASE_URL", "BROKER_URL"):
        os.environ.pop(name, None)
    servers = TestServers()
    servers.announce()
    os.environ["DJANGO_SETTINGS_MODULE"] = "trustmark.settings"
    os.environ["STORAGE_URL"] = f"file://{tempfile.mkdtemp(dir=servers.folder)}"
    os.environ["TRUSTMARK_MARK_KEY"] = os.urandom(32).hex()
    try:
        servers.need(servers.postgres)
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        yield
        from django.db import connections

        connections.close_all()
    finally:
        servers.stop()


def main() -> int:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--entries", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with _database(), tempfile.TemporaryDirectory() as folder:
        from bench.figures import table

        print("\n".join(table(audit_room(Path(folder), entries=options.entries, turns=options.rounds))))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
