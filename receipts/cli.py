"""``trustmark log check``, ``export`` and ``witness``: the logs of this deployment. Needs its environment.

``trustmark log proof`` and ``trustmark log compare`` need none and are answered by :mod:`trustcore.cli_log`.
"""

import argparse
import os
from contextlib import suppress
from pathlib import Path
from uuid import UUID

DONE, FAILED, NOT_VERIFIED = 0, 1, 4


def main(argv: list[str]) -> int:
    """Run one command; returns the exit code (0 in order, 1 failed, 2 misuse, 4 something differs)."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    if arguments.command == "export" and arguments.token and arguments.kind == "entries":
        parser.error("entries are those of a whole log: leave --token out")

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trustmark.settings")
    import django

    django.setup()
    if arguments.command == "witness":
        return keep_witnesses(arguments)
    if arguments.command == "export":
        return export_log(
            arguments.production,
            arguments.out,
            token=arguments.token,
            kind=arguments.kind,
            file_format=arguments.format,
        )
    return check_logs(
        arguments.production,
        jobs=arguments.jobs,
        against=arguments.against,
        ask_witnesses=arguments.ask_witnesses,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="trustmark log", description="The logs of this deployment. (Without it: proof, compare.)"
    )
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("check", help="re-read rows, files and checkpoints, and compare them")
    check.add_argument("--production", type=UUID, help="one production's log; all by default")
    check.add_argument("--jobs", type=_count, default=1, metavar="N", help="processes that read (1)")
    check.add_argument(
        "--against", action="append", default=[], metavar="FILE", help="a checkpoint that somebody else holds"
    )
    check.add_argument(
        "--ask-witnesses", action="store_true", help="ask every witness with an address what it has seen"
    )
    export = commands.add_parser("export", help="write a log as Parquet or CSV")
    export.add_argument("--production", type=UUID, required=True)
    export.add_argument("--token", type=UUID, help="the rows of one licence alone")
    export.add_argument("--kind", choices=["receipts", "checks", "entries"], default="receipts")
    export.add_argument("--format", choices=["parquet", "csv"], default="parquet")
    export.add_argument("--out", type=Path, required=True, help="the file to write, whole or not at all")
    witness = commands.add_parser("witness", help="whose cosignatures are published")
    actions = witness.add_subparsers(dest="action", required=True)
    add = actions.add_parser("add", help="accept a witness")
    add.add_argument("vkey", help="what `trustmark witness keygen` printed")
    add.add_argument("--organisation", type=UUID, help="id of the guild or studio that runs it")
    add.add_argument("--url", default="", help="where it shows what it saw, for log check --ask-witnesses")
    actions.add_parser("list", help="name, since when, its last cosignature")
    remove = actions.add_parser("remove", help="publish its cosignatures no more; they are kept")
    remove.add_argument("name")
    return parser


def _count(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 64:
        raise ValueError(text)
    return number


def export_log(production_id: UUID, out: Path, *, token: UUID | None, kind: str, file_format: str) -> int:
    """Write an export to ``out``; a file of that name is replaced once the new one is whole."""
    from django.db import DatabaseError

    from receipts.exports import slice_of
    from receipts.exports.streams import pieces
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


def check_logs(
    production_id: UUID | None,
    *,
    jobs: int = 1,
    against: list[str] | None = None,
    ask_witnesses: bool = False,
) -> int:
    """Inspect one log, or all of them, and print what was found."""
    from django.db import DatabaseError

    from receipts.asking import held_by_witnesses
    from receipts.inspection import inspect_log
    from receipts.models import ProductionLog
    from trustcore.errors import InvalidEvidence
    from trustcore.log.checkpoint import parse_checkpoint_text, parse_note

    try:
        held = []
        for path in against or []:
            note = Path(path).read_bytes()
            held.append((parse_checkpoint_text(parse_note(note).text).origin, path, note))
        logs = dict(ProductionLog.objects.order_by("pk").values_list("production_id", "origin"))
        wanted = list(logs) if production_id is None else [production_id]
        reports = []
        for one in wanted:
            outside = [(path, note) for origin, path, note in held if origin == logs.get(one)]
            if ask_witnesses and one in logs:
                outside += held_by_witnesses(logs[one])
            reports.append(inspect_log(production_id=one, jobs=jobs, outside=outside))
    except InvalidEvidence as error:
        print(f"--against: not a checkpoint: {error.detail}")
        return FAILED
    except (DatabaseError, OSError) as error:
        print(f"the logs could not be read: {error}")
        return FAILED
    if None in reports:
        print(f"{production_id} has no log")
        return FAILED
    unknown = {origin for origin, _, _ in held} - set(logs.values())
    for origin in sorted(unknown):
        print(f"{origin}: no log of this deployment\n  LOG_ROLLED_BACK {origin}: a checkpoint shows it")
    faults = len(unknown)
    for report in reports:
        assert report is not None
        faults += len(report.faults)
        state = f"{len(report.faults)} faults" if report.faults else "in order"
        print(
            f"{report.origin}: {report.size} leaves, {report.covered} under the checkpoint, "
            f"{report.checkpoints} checkpoints, {report.cosignatures} cosignatures: {state}"
        )
        for fault in report.faults:
            print(f"  {fault.code} {fault.where}: {fault.detail}")
    return NOT_VERIFIED if faults else DONE


def keep_witnesses(arguments: argparse.Namespace) -> int:
    """Add, list or remove witnesses; each change is an event of the audit trail."""
    from audit.services import record
    from common.errors import DomainError
    from receipts import services
    from receipts.selectors.witnesses import witnesses_with_last

    try:
        if arguments.action == "add":
            row = services.add_witness(
                vkey=arguments.vkey, organisation_id=arguments.organisation, url=arguments.url
            )
            record(kind="witness.added", principal=None, object_type="witness", object_id=str(row.pk))
            print(f"{row.name} is accepted")
        elif arguments.action == "remove":
            for row in services.remove_witness(name=arguments.name):
                record(kind="witness.removed", principal=None, object_type="witness", object_id=str(row.pk))
                print(f"{row.name} is accepted no more")
        else:
            for one in witnesses_with_last():
                last = f"last cosigned {one.last_at}" if one.last_at else "has cosigned nothing yet"
                print(f"{one.name}  {one.vkey}  {one.state}  {last}")
    except DomainError as error:
        print(f"{error.code}: {error.title} {error.detail}".rstrip())
        return FAILED
    return DONE
