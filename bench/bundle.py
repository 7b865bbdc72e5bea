"""What making a bundle of many receipts takes: memory and time of the process that makes it.

    python bench/bundle.py [--receipts 1000000]

A real licence, checks of 25 frames each, every receipt in the database as a farm would have left it. The bundle is made
by another process, as a worker does it, whose peak memory is what is shown; then it is verified.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "clients" / "python")]

BAR_MIB = 300


def fill(token: Any, receipts: int) -> None:
    """Append receipts, and a check for every 25 of them, to the log of ``token``'s production."""
    from django.db import connection, transaction

    from bench import verify
    from common import clock
    from receipts.models import Lease, ProductionLog, RenderCheck
    from receipts.selectors.logs import frontier_of
    from receipts.services.sequence import drain_log
    from receipts.services.tally import recount
    from trustcore.log.merkle import leaf_hash

    drain_log(production_id=token.production_id)
    log = ProductionLog.objects.get(production_id=token.production_id)
    frontier, now = frontier_of(log), clock.now()
    for begin in range(0, receipts, verify.BLOCK):
        checks, leases, rows = [], [], []
        for first in range(begin, min(begin + verify.BLOCK, receipts), verify.PER_LEASE):
            check = verify._check(token.production_id, now)
            check.token_jti = token.jti
            leases.append(verify._lease(log.pk, check, uuid.uuid4(), first, now))
            leases[-1].state, leases[-1].ended_at = "RELEASED", now
            leases[-1].units_used = verify.PER_LEASE
            checks.append(check)
        with transaction.atomic():
            RenderCheck.objects.bulk_create(checks)
            Lease.objects.bulk_create(leases)
            for check, lease in zip(checks, leases, strict=True):
                told = verify._check_entry(check, lease)
                rows.append((None, now, None, 2, None, None, check.pk, None, told))
                rows += [
                    verify._frame_row(check, lease, lease.first + n, now) for n in range(verify.PER_LEASE)
                ]
            with connection.cursor() as cursor, cursor.copy(verify._COPY) as copy:
                for index, row in enumerate(rows, frontier.size):
                    copy.write_row((index, log.pk, *row))
            frontier = frontier.append_many([leaf_hash(row[-1]) for row in rows])
            ProductionLog.objects.filter(pk=log.pk).update(
                size=frontier.size, frontier=b"".join(frontier.hashes)
            )
    recount(log_id=log.pk)  # what was copied in past the intake is counted by nobody else
    with connection.cursor() as cursor:
        cursor.execute("analyze")


def build(bundle_id: str) -> None:
    """Make the bundle, as a worker does, and print the peak of this process in MiB and the seconds."""
    import django

    django.setup()
    from compliance.services import build_bundle

    begun = time.perf_counter()
    bundle = build_bundle(uuid.UUID(bundle_id))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{peak:.0f} {time.perf_counter() - begun:.0f} {bundle.size_bytes} {bundle.counts['receipts']}")


def main() -> int:
    """Measure, and fail above the bar."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--receipts", type=int, default=1_000_000)
    parser.add_argument("--build", metavar="ID", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.build:
        build(options.build)
        return 0
    from bench import verify

    with verify._database(), tempfile.TemporaryDirectory() as folder:
        from common.storage import local_copy
        from compliance.models import Bundle
        from compliance.services import request_bundle
        from tests import factories
        from trustcore.bundle import verify_bundle

        token = factories.make_live_token(factories.make_production())[0]
        fill(token, options.receipts)
        asked = request_bundle(
            principal=factories.make_producer(token.licensee),
            production_id=token.production_id,
            purpose="REGULATORY",
        )
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, __file__, "--build", str(asked.pk)]
        answer = subprocess.run(
            command, env=environment, capture_output=True, text=True, cwd=folder, check=False
        )
        if answer.returncode:
            print(answer.stderr[-2000:], file=sys.stderr)
            return 1
        peak, seconds, size, receipts = map(int, answer.stdout.split())
        asked = Bundle.objects.get(pk=asked.pk)
        begun = time.perf_counter()
        with local_copy(asked.blob) as path:
            counted = verify_bundle(path).summary.counts.receipts
        checked = time.perf_counter() - begun
    print(
        f"{receipts:,} receipts: {peak} MiB at most (bar {BAR_MIB}), made in {seconds} s, {size:,} bytes; "
        f"verified in {checked:.0f} s: {counted:,} receipts"
    )
    return 0 if peak < BAR_MIB and counted == options.receipts else 1


if __name__ == "__main__":
    raise SystemExit(main())
