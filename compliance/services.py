"""Writes of bundles: ask for one, make one.

A bundle shows the log at one size: that of the checkpoint published when the work began. Everything else is
read in one database snapshot taken after it, so the parts agree with each other. The order that holds:
drain what waits, publish, read the checkpoint, open the snapshot, write the file, store it, and in one
transaction mark the bundle ready and record the export, which the *next* bundle of the production shows.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from accounts.principals import Principal
from audit import services as audit
from common import clock
from common.errors import Forbidden, InvalidInput, NotFound, Unavailable
from common.ids import new_id
from common.keys import signer_for
from common.storage import blobs, local_copy, put_file
from compliance.bag import BagWriter
from compliance.contents import event_lines, key_set, licence_files, mark_reports, plain, signed_assets
from compliance.ledgering import DENIED_CHECKS, LogReading, read_log
from compliance.models import Audience, Bundle, BundleState
from compliance.pseudonyms import Cast
from compliance.selectors import exportable_productions
from licensing.models import LicenceToken, Production
from licensing.selectors import production_for
from licensing.selectors.people import person_pseudonym
from provenance.selectors import current_manifest
from provenance.services.intake import file_sha256
from provenance.services.signing import trust_anchors_pem
from receipts import selectors as receipts
from receipts.services.publish import publish_log
from receipts.services.sequence import drain_log
from trustcore.bundle.layout import (
    EVENTS,
    JWKS,
    LOG,
    MANIFESTS,
    MARKS,
    RECEIPTS_CSV,
    RECEIPTS_NDJSON,
    SUMMARY,
    LogRef,
    Purpose,
    Summary,
    encode_summary,
    manifest_store_path,
)
from trustcore.bundle.ledger import marks_document
from trustcore.encoding import canonical_json
from trustcore.log.checkpoint import parse_checkpoint_text, parse_note
from trustcore.log.tiles import CHECKPOINT_PATH, VKEY_PATH
from trustcore.receipt import ExportedEntry
from trustcore.signing import Signer

_ZIP = "bundle.zip"
CREDENTIAL_ANCHORS = "data/keys/content-credentials.pem"


def request_bundle(*, principal: Principal, production_id: UUID, purpose: str) -> Bundle:
    """Ask for a bundle; the work is done later.

    Raises:
        NotFound: the production is not visible to the caller.
        Forbidden: ``BUNDLE_NOT_SHARED`` or ``ROLE_MISSING``: the caller may see it but not export it.
        InvalidInput: ``PURPOSE_UNKNOWN``.
    """
    production = production_for(principal, production_id)
    if production is None:
        raise NotFound
    if purpose not in set(Purpose):
        raise InvalidInput("PURPOSE_UNKNOWN", f"{purpose} is not a purpose.", ", ".join(Purpose))
    _require_exporter(principal, production)
    with transaction.atomic():
        bundle = Bundle.objects.create(
            production=production,
            organisation=principal.organisation,
            requested_by=principal.person,
            credential_id=principal.credential.pk if principal.credential else None,
            purpose=purpose,
            audience=_audience(principal, production, purpose),
            touched_at=clock.now(),
        )
        audit.record(
            kind="bundle.requested",
            principal=principal,
            object_type="bundle",
            object_id=bundle.pk,
            production_id=production.pk,
            visible_to=[production.organisation_id],
            after={"purpose": purpose, "state": bundle.state},
        )
    return bundle


def build_bundle(bundle_id: UUID) -> Bundle:
    """Make the file of a bundle that was asked for; repeating it changes nothing.

    Raises:
        Unavailable: the log could not be published; try again.
        InvalidEvidence: the log contradicts itself; nothing is exported.
    """
    bundle = Bundle.objects.select_related("production").get(pk=bundle_id)
    if bundle.state in {BundleState.READY, BundleState.FAILED}:
        return bundle
    if bundle.cut_at is None:
        _cut(bundle)
    # made at first use, so before the snapshot, in which nothing can be written
    signer, anchors = signer_for("BUNDLE"), trust_anchors_pem()
    with tempfile.TemporaryDirectory(prefix="tm-bundle-") as scratch:
        folder = Path(scratch)
        with _snapshot():
            reading = _write(bundle, signer, anchors, folder)
            bundle.findings = reading.findings(_frames_without_receipt(bundle.production_id))
        target = folder / _ZIP
        bundle.sha256, bundle.size_bytes = file_sha256(target), target.stat().st_size
        # a name of its own for each attempt: whoever comes second drops its own file, never the first's
        bundle.blob = put_file(f"bundles/{bundle.pk}/{new_id()}.zip", target)
    bundle.key_id = signer.kid
    bundle.counts = {name: getattr(reading.counts, name) for name in reading.counts.__struct_fields__}
    return _finish(bundle)


def fail_bundle(bundle_id: UUID, code: str) -> None:
    """Say that a bundle could not be made, and why; it may be asked for again."""
    Bundle.objects.filter(pk=bundle_id).exclude(state=BundleState.READY).update(
        state=BundleState.FAILED, failure_code=code[:40], touched_at=clock.now()
    )


def _require_exporter(principal: Principal, production: Production) -> None:
    if not exportable_productions(principal).filter(pk=production.pk).exists():
        raise Forbidden(
            "BUNDLE_NOT_SHARED",
            "A bundle of this production would show other people's licences.",
            "Its studio and its guild may export it.",
        )
    if principal.credential is None and not principal.is_role(
        "PRODUCER", "ENGINEER", "AUDITOR", "ADMIN", "AGENT", "TALENT"
    ):
        raise Forbidden("ROLE_MISSING", "Your role does not export bundles.")


def _audience(principal: Principal, production: Production, purpose: str) -> Audience:
    shared = purpose == Purpose.UNION_REPORTING or principal.organisation_id == production.guild_id
    return Audience.SHARED if shared else Audience.OWN


def _cut(bundle: Bundle) -> None:
    """Fix the state of the log that the bundle shows: the checkpoint as published now."""
    drain_log(production_id=bundle.production_id)
    publish_log(production_id=bundle.production_id)
    published = receipts.published_log(bundle.production_id)
    if published is None:
        raise Unavailable(
            "LOG_UNPUBLISHED", "The log could not be published.", "Nothing was exported; try again."
        )
    bundle.origin = parse_checkpoint_text(parse_note(published.checkpoint).text).origin
    bundle.tree_size, bundle.root_hex = published.size, published.root.hex()
    bundle.checkpoint, bundle.vkey = published.checkpoint, published.vkey
    bundle.cut_at = bundle.touched_at = clock.now()
    bundle.state = BundleState.BUILDING
    bundle.save()


@contextmanager
def _snapshot() -> Iterator[None]:
    """Read one state of the database, whatever is written meanwhile."""
    if connection.in_atomic_block:  # the caller's transaction decides what is seen
        yield
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("set transaction isolation level repeatable read, read only")
        yield


def _write(bundle: Bundle, signer: Signer, anchors: str, folder: Path) -> LogReading:
    production, cast = bundle.production, Cast(bundle.production_id)
    size, until = bundle.tree_size or 0, bundle.cut_at or bundle.created_at
    reading = read_log(receipts.entries_of(production.pk, last=size - 1), folder)
    summary = Summary(
        bundle=str(bundle.pk),
        counts=reading.counts,
        created_at=clock.rfc3339(until),
        generator=f"trustmark-server/{_version()}",
        issuer=settings.BASE_URL,
        log=LogRef(origin=bundle.origin, root=bundle.root_hex, size=size),
        production=str(production.pk),
        purpose=Purpose(bundle.purpose),
        title=production.title,
    )
    with BagWriter(folder / _ZIP, f"bundle-{bundle.pk}") as bag:
        bag.add(SUMMARY, encode_summary(summary))
        bag.add(JWKS, key_set())
        bag.add(CREDENTIAL_ANCHORS, anchors.encode("ascii"))
        for path, data in licence_files(reading.ledger, cast, bundle.audience, until):
            bag.add(path, data)
        bag.add_file(RECEIPTS_NDJSON, reading.ndjson)
        bag.add_file(RECEIPTS_CSV, reading.csv)
        bag.add_file(DENIED_CHECKS, reading.denied)
        bag.add(LOG + CHECKPOINT_PATH, bytes(bundle.checkpoint))
        bag.add(LOG + VKEY_PATH, bytes(bundle.vkey))
        for path, data in receipts.log_files(production.pk, size):
            bag.add(LOG + path, data)
        bag.add(MARKS, canonical_json(marks_document(reading.ledger, mark_reports(production.pk, until))))
        _add_manifests(bag, reading, production.pk)
        bag.add_chunks(EVENTS, event_lines(production.pk, cast, bundle.audience, until))
        bag.finish(
            identifier=str(bundle.pk),
            created_at=summary.created_at,
            agent=summary.generator,
            predicate={
                "bundle": summary.bundle,
                "production": summary.production,
                "purpose": summary.purpose.value,
                "created_at": summary.created_at,
                "log": {"origin": bundle.origin, "size": size, "root": bundle.root_hex},
            },
            signer=signer,
        )
    return reading


def _add_manifests(bag: BagWriter, reading: LogReading, production_id: UUID) -> None:
    for asset in signed_assets(reading.ledger, production_id):
        manifest = current_manifest(asset)
        if manifest is None:
            continue
        with local_copy(manifest.blob) as path:
            bag.add_file(manifest_store_path(str(asset.pk)), path)
        told = {
            "asset": str(asset.pk),
            "asset_sha256": asset.sha256,
            "manifest_sha256": manifest.sha256,
            "digital_source_type": manifest.digital_source_type,
            "read_back": plain(manifest.report),
        }
        bag.add(f"{MANIFESTS}{asset.pk}.json", canonical_json(told))


def _frames_without_receipt(production_id: UUID) -> int:
    """Count frames that were reserved, not given back, and never reported: rendered or not, nobody says."""
    jtis = LicenceToken.objects.filter(production_id=production_id).values_list("jti", flat=True)
    counts = receipts.counts_for_tokens(list(jtis)).values()
    return sum(max(0, one.frames_used - one.receipts) for one in counts if not one.live_leases)


def _finish(bundle: Bundle) -> Bundle:
    with transaction.atomic():
        row = Bundle.objects.select_for_update().get(pk=bundle.pk)
        if row.state == BundleState.READY:  # another worker was first; its file is the one
            blobs().delete(bundle.blob)
            return row
        bundle.state, bundle.built_at, bundle.touched_at = BundleState.READY, clock.now(), clock.now()
        bundle.save()
        entry = ExportedEntry(
            at=clock.rfc3339(bundle.built_at),
            bundle=str(bundle.pk),
            bundle_sha256=bundle.sha256,
            by=person_pseudonym(bundle.requested_by_id, bundle.production_id),
            purpose=bundle.purpose,
            root=bundle.root_hex,
            size=bundle.tree_size or 0,
        )
        audit.record(
            kind="bundle.exported",
            principal=None,
            organisation_id=bundle.organisation_id,
            object_type="bundle",
            object_id=bundle.pk,
            production_id=bundle.production_id,
            visible_to=[bundle.production.organisation_id],
            before={"state": BundleState.BUILDING.value},
            after={"state": bundle.state, "sha256": bundle.sha256},
            details={"sha256": bundle.sha256, "size": bundle.tree_size, "root": bundle.root_hex},
            log_entry=entry,
        )
    return bundle


def _version() -> str:
    try:
        return version("trustmark-server")
    except PackageNotFoundError:
        return "0"
