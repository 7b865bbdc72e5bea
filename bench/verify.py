"""What it costs to verify a log again, against hashing its entries: the ratio that does not depend on the machine.

    python bench/verify.py [--entries 200000]

The unit is one ``hashlib.sha256`` over each entry, cut out of a buffer, in one process of the same run. The log is
synthetic but whole: rows, checks, leases, tiles, a chain of checkpoints; ``trustmark log check`` reads all of it, by
one process and by two. A bundle's entries are read as its verifier reads them.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "clients" / "python")]

PER_LEASE = 25
BLOCK = 5_000


@dataclass(frozen=True)
class Cost:
    """Seconds for one entry: by the clock, and of CPU in our own processes (the database's are not in it)."""

    wall: float
    cpu: float


@dataclass(frozen=True)
class Verified:
    """The best of several rounds, all of one run; ``hashing`` is the unit."""

    entries: int
    hashing: Cost
    check_alone: Cost
    check_with_two: Cost
    ledger: Cost

    def lines(self) -> list[str]:
        """Rows of a Markdown table."""
        rows = (
            ("SHA-256 of each entry (the unit)", self.hashing),
            ("`trustmark log check`, one process", self.check_alone),
            ("`trustmark log check --jobs 2`", self.check_with_two),
            ("reading a bundle's entries (Ledger)", self.ledger),
        )
        unit = self.hashing
        faster = self.check_alone.wall / self.check_with_two.wall
        busy = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
        return [
            "| what | µs an entry | x SHA-256 | CPU µs | x SHA-256 |",
            "| --- | --- | --- | --- | --- |",
            *(
                f"| {name} | {cost.wall * 1e6:.2f} | {cost.wall / unit.wall:.2f} |"
                f" {cost.cpu * 1e6:.2f} | {cost.cpu / unit.cpu:.2f} |"
                for name, cost in rows
            ),
            f"two processes against one: {faster:.2f} x faster ({self.entries:,} entries, {busy})",
        ]


def measure_verify(entries: int = 200_000, rounds: int = 3) -> Verified:
    """Make a log, verify it several times, keep the best time of each way. Needs Django and a database."""
    from receipts.inspection import inspect_log
    from receipts.selectors import entries_of
    from trustcore.bundle.ledger import Ledger

    production_id = make_log(entries)
    stored = [leaf.entry for leaf in entries_of(production_id)]
    whole = b"".join(len(entry).to_bytes(2, "big") + entry for entry in stored)

    def hash_each() -> None:
        at, end, sha256 = 0, len(whole), hashlib.sha256
        while at < end:
            begin = at + 2
            at = begin + (whole[begin - 2] << 8 | whole[begin - 1])
            sha256(whole[begin:at]).digest()

    def check(jobs: int) -> Callable[[], None]:
        def run() -> None:
            report = inspect_log(production_id=production_id, jobs=jobs)
            assert report is not None
            assert not report.faults, report.faults[:3]
            assert report.covered == len(stored)

        return run

    def read() -> None:
        ledger = Ledger()
        for entry in stored:
            ledger.take(entry)

    ways = (hash_each, check(1), check(2), read)
    best = [Cost(float("inf"), float("inf"))] * len(ways)
    for _ in range(rounds):  # interleaved: a busy moment hits all of them
        for number, way in enumerate(ways):
            cost = _cost(way, len(stored))
            best[number] = Cost(min(best[number].wall, cost.wall), min(best[number].cpu, cost.cpu))
    return Verified(len(stored), *best)


def _cost(way: Callable[[], None], entries: int) -> Cost:
    before, begun = os.times(), time.perf_counter()
    way()
    after, wall = os.times(), time.perf_counter() - begun
    return Cost(wall / entries, (sum(after[:4]) - sum(before[:4])) / entries)


def make_log(frames: int) -> uuid.UUID:
    """Put a log of ``frames`` frames, a check for every 25 of them, into the database, and publish it in blocks."""
    from django.db import connection, transaction

    from common import clock
    from receipts.models import Lease, ProductionLog, RenderCheck
    from receipts.services import open_log, publish_log
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
    with _database():
        print("\n".join(measure_verify(options.entries, options.rounds).lines()))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
