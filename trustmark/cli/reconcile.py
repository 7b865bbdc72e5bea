"""``trustmark reconcile PLACE``: a delivery's files against the receipts of its production.

    trustmark reconcile /mnt/delivery --bundle bundle.zip --key jwks.json --out rows.ndjson
    trustmark reconcile "s3://bucket/prefix?endpoint_url=..." --production ID --keep

Prints one JSON object with counts; ``--out`` gets one line for each file and each receipt without one. ``--keep``
(with ``--production``) has later bundles show the report. Needs the deployment's environment.

Exit codes: 0 everything agrees, 1 failed, 2 misuse, 4 something does not agree, or the bundle does not hold.
"""

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any
from uuid import UUID

DONE, FAILED, NOT_VERIFIED = 0, 1, 4


def main(argv: list[str]) -> int:
    """Compare a delivery; returns the exit code."""
    given = _parser().parse_args(argv)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trustmark.settings")
    import django

    django.setup()
    from common.errors import DomainError
    from trustcore.errors import InvalidEvidence, TrustError

    try:
        summary = _run(given)
    except InvalidEvidence as error:
        print(f"Not verified. {error.path or given.bundle}: {error.detail} ({error.code})", file=sys.stderr)
        return NOT_VERIFIED
    except (DomainError, TrustError) as error:
        print(f"trustmark reconcile: {error} ({error.code})", file=sys.stderr)
        return FAILED
    except OSError as error:
        print(f"trustmark reconcile: {error}", file=sys.stderr)
        return FAILED
    print(json.dumps(summary))
    return DONE if summary["agrees"] else NOT_VERIFIED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="trustmark reconcile", description="Files against receipts.")
    parser.add_argument("place", help="a folder, or s3://bucket/prefix")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--bundle", type=Path, metavar="FILE", help="the bundle whose receipts are compared; verified first"
    )
    source.add_argument("--production", type=UUID, metavar="ID", help="a production of this deployment")
    parser.add_argument(
        "--key", action="append", default=[], metavar="VKEY|FILE", help="a key you trust, for --bundle"
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="where the rows go (NDJSON)")
    parser.add_argument(
        "--keep", action="store_true", help="keep the report for later bundles (--production)"
    )
    parser.add_argument("--workers", type=int, default=4, metavar="N", help="files read at a time (4)")
    return parser


def _run(given: argparse.Namespace) -> dict[str, Any]:
    from compliance.reconciling import services
    from compliance.reconciling.places import place_of
    from trustcore.cli import read_trust

    place = place_of(given.place)
    source = (
        services.index_of_bundle(given.bundle, read_trust(given.key))
        if given.bundle is not None
        else services.index_of_production(given.production)
    )
    with tempfile.TemporaryDirectory(prefix="tm-reconcile-") as scratch, source as (index, about):
        rows = given.out or Path(scratch) / "rows.ndjson"
        summary = services.write_report(place, index, about, rows, workers=max(1, given.workers))
        if given.keep and given.production is not None:
            kept = services.keep_report(production_id=given.production, summary=summary, rows=rows)
            summary["kept"] = str(kept.pk)
    return summary
