r"""``trustmark clearance CUT``: per clip, is every likeness licensed for this cut, channel, territory and date?

    trustmark clearance reel1.otio --project 0197... --channel SVOD --territory US --territory CA \
        --date 2027-03-01 --out reel1.cleared.otio

Who is in a clip stands in the cut's metadata or in ``--cast`` (CSV: shot,talent,use_type). Exit statuses: 0 all is
cleared; 3 something is not, or the server cannot be reached; 2 misuse, also a cut that cannot be read.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from trustcore.older import UTC, moment_of
from trustcore.policy.clearance import Showing
from trustcore.policy.territory import expand_territories
from trustcore.policy.vocabulary import Channel
from trustmark_client.clearance import cut as cuts
from trustmark_client.clearance.report import Row, as_json, as_text, clear_cut, read_licence
from trustmark_client.connection import add_connection, client_of
from trustmark_client.errors import ClientError

EXIT_DONE, EXIT_MISUSE, EXIT_DENIED = 0, 2, 3
CUTS = ("FULL_WORK", "TRAILER", "CUTDOWN", "STILL", "LOCALISED_VERSION", "CLIP")


def main(argv: list[str]) -> int:
    """Write the report; the exit status."""
    options = _parser().parse_args(argv)
    try:
        showing = _showing(options)
        client = client_of(options)
        if options.out is not None and not cuts.can_write(options.out):
            raise ValueError(f"{options.out.name}: no adapter is installed that writes this format")
        timeline = cuts.read_cut(options.cut)
        clips = cuts.clips_of(timeline, cuts.read_cast(options.cast) if options.cast else None)
    except (ValueError, OSError, cuts.CutUnreadable) as error:
        return _say(str(error), EXIT_MISUSE)
    try:
        with client, client.transport.hurried(options.patience):
            licences = [read_licence(body) for body in client.licences_of(options.project)]
    except ClientError as error:
        return _say(f"not cleared: {error}", EXIT_DENIED)
    rows = clear_cut(clips, licences, showing)
    if options.out is not None:
        try:
            _write_marked(rows, timeline, options.out)
        except cuts.CutUnreadable as error:
            return _say(str(error), EXIT_MISUSE)
    _print(rows, showing, options)
    return EXIT_DONE if all(row.is_cleared for row in rows) else EXIT_DENIED


def _write_marked(rows: Sequence[Row], timeline: object, out: Path) -> None:
    for row in rows:
        if not row.is_cleared:
            cuts.mark_gap(row.clip.clip, talent=row.talent, reasons=row.gaps, licence=row.licence)
    cuts.write_cut(timeline, out)


def _print(rows: Sequence[Row], showing: Showing, options: argparse.Namespace) -> None:
    if options.json:
        print(json.dumps(as_json(options.cut.name, showing, rows), indent=2))
    else:
        print("\n".join(as_text(rows)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="trustmark clearance", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("cut", type=Path, help="OTIO, or EDL where its adapter is installed")
    parser.add_argument("--project", required=True, help="id of the production")
    parser.add_argument("--channel", required=True, choices=[str(code) for code in Channel], metavar="CODE")
    parser.add_argument(
        "--territory", action="append", required=True, metavar="CODE", help="ISO 3166 code or preset; repeat"
    )
    parser.add_argument("--date", required=True, help="when it shall be shown: 2027-03-01, or RFC 3339")
    parser.add_argument("--as", dest="kind", choices=CUTS, default="FULL_WORK", help="what kind of cut it is")
    parser.add_argument("--cast", type=Path, help="CSV: shot,talent,use_type")
    parser.add_argument("--out", type=Path, help="write a copy of the cut with a red marker per gap")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    add_connection(parser)
    parser.add_argument(
        "--patience", type=float, default=60.0, help="seconds to wait for the server in all (60)"
    )
    return parser


def _showing(options: argparse.Namespace) -> Showing:
    try:
        at = moment_of(options.date)
    except ValueError as error:
        raise ValueError(f"--date {options.date}: write 2027-03-01") from error
    return Showing(
        cut=options.kind,
        channel=options.channel,
        territories=tuple(expand_territories(options.territory)),
        at=at if at.tzinfo else at.replace(tzinfo=UTC),
    )


def _say(sentence: str, status: int) -> int:
    print(f"trustmark clearance: {sentence}", file=sys.stderr)
    return status
