"""Reconcile a delivery with a bundle or with this deployment's own log, and keep the result for later bundles."""

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import transaction

from audit import services as audit
from common import clock
from common.errors import NotFound
from common.ids import new_id
from common.storage import put_file
from compliance.models import ReconciliationReport
from compliance.reconciling.compare import Reconciliation, State, reconcile
from compliance.reconciling.index import ReceiptIndex
from compliance.reconciling.places import Place
from licensing.models import Production
from receipts import selectors as receipts
from receipts.services.publish import publish_log
from receipts.services.sequence import drain_log
from trustcore.bundle import Trust, verify_bundle
from trustcore.bundle.archive import Archive
from trustcore.bundle.layout import MARKS, RECEIPTS_NDJSON
from trustcore.bundle.ledger import Ledger
from trustcore.encoding import canonical_json, parse_json_strict
from trustcore.log.checkpoint import parse_checkpoint_text, parse_note

SCHEMA = "trustmark.reconciliation/1"
_MARKS_BYTES = 64 * 1024 * 1024


@contextmanager
def index_of_bundle(path: Path, trust: Trust) -> Iterator[tuple[ReceiptIndex, dict[str, Any]]]:
    """The receipts of a bundle that holds, and the log it shows.

    Raises:
        InvalidEvidence: the bundle does not hold; nothing is compared with it.
    """
    summary = verify_bundle(path, trust).summary
    with (
        tempfile.TemporaryDirectory(prefix="tm-reconcile-") as folder,
        ReceiptIndex(Path(folder) / "receipts.sqlite") as index,
        Archive.open(path) as archive,
    ):
        marks = parse_json_strict(archive.read(MARKS, max_bytes=_MARKS_BYTES), max_bytes=_MARKS_BYTES)
        index.fill(_lines(archive), _outputs(marks["log"]))
        log = {"origin": summary.log.origin, "size": summary.log.size, "root": summary.log.root}
        yield index, {"production": summary.production, "log": log}


@contextmanager
def index_of_production(production_id: UUID) -> Iterator[tuple[ReceiptIndex, dict[str, Any]]]:
    """The receipts of a production of this deployment, as its log is published now.

    Raises:
        NotFound: there is no such production, or its log has no entry.
    """
    if not Production.objects.filter(pk=production_id).exists():
        raise NotFound
    drain_log(production_id=production_id)
    publish_log(production_id=production_id)
    published = receipts.published_log(production_id)
    if published is None:
        raise NotFound
    ledger = Ledger()

    def lines() -> Iterator[bytes]:
        for stored in receipts.entries_of(production_id, last=published.size - 1):
            row = ledger.take(stored.entry)
            if row is not None:
                yield row.ndjson

    with (
        tempfile.TemporaryDirectory(prefix="tm-reconcile-") as folder,
        ReceiptIndex(Path(folder) / "receipts.sqlite") as index,
    ):
        rows = lines()
        index.fill(rows, _late_outputs(ledger))
        origin = parse_checkpoint_text(parse_note(published.checkpoint).text).origin
        log = {"origin": origin, "size": published.size, "root": published.root.hex()}
        yield index, {"production": str(production_id), "log": log}


def write_report(
    place: Place, index: ReceiptIndex, about: dict[str, Any], target: Path, *, workers: int = 4
) -> dict[str, Any]:
    """Compare, write a row for each file and receipt (NDJSON) to ``target``, and return the summary."""
    result, digest = Reconciliation(), hashlib.sha256()
    with target.open("wb") as stream:
        for row in reconcile(place, index, result, workers=workers):
            line = canonical_json(row) + b"\n"
            digest.update(line)
            stream.write(line)
    counts = {state.value: result.counts[state] for state in State}
    return {
        "schema": SCHEMA,
        "agrees": result.agrees,
        "at": clock.rfc3339(clock.now()),
        "counts": counts,
        "receipts": index.receipts,
        "rows_sha256": digest.hexdigest(),
        **about,
    }


def keep_report(*, production_id: UUID, summary: dict[str, Any], rows: Path) -> ReconciliationReport:
    """Keep a report, so that later bundles of the production show it."""
    report_id = new_id()
    blob = put_file(f"reconciliations/{report_id}.ndjson", rows)
    with transaction.atomic():
        report = ReconciliationReport.objects.create(
            pk=report_id, production_id=production_id, summary=summary, blob=blob
        )
        audit.record(
            kind="delivery.reconciled",
            principal=None,
            object_type="reconciliation",
            object_id=report.pk,
            production_id=production_id,
            visible_to=[report.production.organisation_id],
            details={"counts": summary["counts"], "rows_sha256": summary["rows_sha256"]},
        )
    return report


def _lines(archive: Archive) -> Iterator[bytes]:
    rest = b""
    for chunk in archive.chunks(RECEIPTS_NDJSON):
        *lines, rest = (rest + chunk).split(b"\n")
        yield from lines


def _outputs(marks: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    for item in marks:
        if item["entry"]["t"] == "verified":
            yield item["entry"]["asset_sha256"], item["entry"]["asset"]


def _late_outputs(ledger: Ledger) -> Iterator[tuple[str, str]]:
    """The outputs of a ledger that is whole only once this is read: after the receipts."""
    yield from _outputs(ledger.marks())
