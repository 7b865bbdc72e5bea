"""``trustmark log check``: re-read every log and name what does not fit. Needs the deployment's environment."""

import argparse
import os
from uuid import UUID

DONE, FAILED, NOT_VERIFIED = 0, 1, 4


def main(argv: list[str]) -> int:
    """Run one command; returns the exit code (0 in order, 1 failed, 2 misuse, 4 something differs)."""
    parser = argparse.ArgumentParser(prog="trustmark log", description="The logs of this deployment.")
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("check", help="re-read rows, files and checkpoints, and compare them")
    check.add_argument("--production", type=UUID, help="one production's log; all by default")
    arguments = parser.parse_args(argv)

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trustmark.settings")
    import django

    django.setup()
    return check_logs(arguments.production)


def check_logs(production_id: UUID | None) -> int:
    """Inspect one log, or all of them, and print what was found."""
    from django.db import DatabaseError

    from receipts.inspection import inspect_log
    from receipts.models import ProductionLog

    try:
        ids = (
            [production_id]
            if production_id
            else ProductionLog.objects.values_list("production_id", flat=True).order_by("pk")
        )
        reports = [inspect_log(production_id=one) for one in ids]
    except (DatabaseError, OSError) as error:
        print(f"the logs could not be read: {error}")
        return FAILED
    if None in reports:
        print(f"{production_id} has no log")
        return FAILED
    faults = 0
    for report in reports:
        assert report is not None
        faults += len(report.faults)
        state = f"{len(report.faults)} faults" if report.faults else "in order"
        print(f"{report.origin}: {report.size} leaves, {report.covered} under the checkpoint: {state}")
        for fault in report.faults:
            print(f"  {fault.code} {fault.where}: {fault.detail}")
    return NOT_VERIFIED if faults else DONE
