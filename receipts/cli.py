"""``trustmark log check`` and ``trustmark log export``. Both need the deployment's environment.

``check`` re-reads every log and names what does not fit; ``export`` writes a log as Parquet or CSV.
"""

import argparse
import os
from contextlib import suppress
from pathlib import Path
from uuid import UUID

DONE, FAILED, NOT_VERIFIED = 0, 1, 4


def main(argv: list[str]) -> int:
    """Run one command; returns the exit code (0 in order, 1 failed, 2 misuse, 4 something differs)."""
    parser = argparse.ArgumentParser(prog="trustmark log", description="The logs of this deployment.")
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("check", help="re-read rows, files and checkpoints, and compare them")
    check.add_argument("--production", type=UUID, help="one production's log; all by default")
    export = commands.add_parser("export", help="write a log as Parquet or CSV")
    export.add_argument("--production", type=UUID, required=True)
    export.add_argument("--token", type=UUID, help="the rows of one licence alone")
    export.add_argument("--kind", choices=["receipts", "checks", "entries"], default="receipts")
    export.add_argument("--format", choices=["parquet", "csv"], default="parquet")
    export.add_argument("--out", type=Path, required=True, help="the file to write, whole or not at all")
    arguments = parser.parse_args(argv)
    if arguments.command == "export" and arguments.token and arguments.kind == "entries":
        parser.error("entries are those of a whole log: leave --token out")

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trustmark.settings")
    import django

    django.setup()
    if arguments.command == "export":
        return export_log(
            arguments.production,
            arguments.out,
            token=arguments.token,
            kind=arguments.kind,
            file_format=arguments.format,
        )
    return check_logs(arguments.production)


def export_log(production_id: UUID, out: Path, *, token: UUID | None, kind: str, file_format: str) -> int:
    """Write an export to ``out``; a file of that name is replaced once the new one is whole."""
    from django.db import DatabaseError

    from receipts.exports import pieces, slice_of
    from trustcore.errors import InvalidEvidence

    draft = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        part = slice_of(production_id, tokens=[token] if token else None)
        if not part.origin:
            print(f"{production_id} has no log")
            return FAILED
        with draft.open("wb") as stream:
            for piece in pieces(part, kind, file_format):
                stream.write(piece)
        draft.replace(out)
    except (DatabaseError, OSError, InvalidEvidence) as error:
        print(f"nothing was exported: {error}")
        return FAILED
    finally:
        with suppress(OSError):
            draft.unlink()
    print(f"{out}: {kind} of {part.origin} under its checkpoint at {part.size}, root {part.root.hex()}")
    return DONE


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
