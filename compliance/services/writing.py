"""Write the zip of a bundle: every file in its fixed place and order, the signature last."""

from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from uuid import UUID

from django.conf import settings

from common import clock
from common.storage import local_copy
from compliance.bag import BagWriter
from compliance.contents import event_lines, key_set, licence_files, mark_reports, plain, signed_assets
from compliance.ledgering import DENIED_CHECKS, LogReading, read_log
from compliance.models import Bundle
from compliance.pseudonyms import Cast
from provenance.selectors import current_manifest
from receipts import selectors as receipts
from trustcore.bundle.layout import (
    EVENTS,
    JWKS,
    LOG,
    MANIFESTS,
    MARKS,
    RECEIPTS_CSV,
    RECEIPTS_NDJSON,
    SUMMARY,
    VERIFY_PAGE,
    LogRef,
    Purpose,
    Summary,
    encode_summary,
    manifest_store_path,
)
from trustcore.bundle.ledger import marks_document
from trustcore.bundle.offline import verify_page
from trustcore.encoding import canonical_json
from trustcore.log.tiles import CHECKPOINT_PATH, VKEY_PATH
from trustcore.signing import Signer

CREDENTIAL_ANCHORS = "data/keys/content-credentials.pem"


def write_bundle(bundle: Bundle, target: Path, *, signer: Signer, anchors_pem: str) -> LogReading:
    """Write the file of a bundle that was cut; the folder of ``target`` is used as scratch.

    Args:
        anchors_pem: the authorities of the Content Credentials inside, for who wants to judge those.

    Raises:
        InvalidEvidence: the log contradicts itself; ``target`` is not to be used.
    """
    size = bundle.tree_size or 0
    reading = read_log(receipts.entries_of(bundle.production_id, last=size - 1), target.parent)
    summary = _summary(bundle, reading)
    with BagWriter(target, f"bundle-{bundle.pk}") as bag:
        bag.add(SUMMARY, encode_summary(summary))
        bag.add(JWKS, key_set())
        bag.add(CREDENTIAL_ANCHORS, anchors_pem.encode("ascii"))
        bag.add(VERIFY_PAGE, verify_page())
        _add_payload(bag, bundle, reading)
        bag.finish(
            identifier=summary.bundle,
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


def _summary(bundle: Bundle, reading: LogReading) -> Summary:
    return Summary(
        bundle=str(bundle.pk),
        counts=reading.counts,
        created_at=clock.rfc3339(_until(bundle)),
        generator=generator(),
        issuer=settings.BASE_URL,
        log=LogRef(origin=bundle.origin, root=bundle.root_hex, size=bundle.tree_size or 0),
        production=str(bundle.production_id),
        purpose=Purpose(bundle.purpose),
        title=bundle.production.title,
    )


def _add_payload(bag: BagWriter, bundle: Bundle, reading: LogReading) -> None:
    production_id, until = bundle.production_id, _until(bundle)
    cast = Cast(production_id)
    for path, data in licence_files(reading.ledger, cast, bundle.audience, until):
        bag.add(path, data)
    bag.add_file(RECEIPTS_NDJSON, reading.ndjson)
    bag.add_file(RECEIPTS_CSV, reading.csv)
    bag.add_file(DENIED_CHECKS, reading.denied)
    bag.add(LOG + CHECKPOINT_PATH, bytes(bundle.checkpoint))
    bag.add(LOG + VKEY_PATH, bytes(bundle.vkey))
    for path, data in receipts.log_files(production_id, bundle.tree_size or 0):
        bag.add(LOG + path, data)
    marks = marks_document(reading.ledger, mark_reports(production_id, until))
    bag.add(MARKS, canonical_json(marks))
    _add_manifests(bag, reading, production_id)
    owners = {bundle.production.organisation_id, bundle.production.guild_id}
    reader = None if bundle.organisation_id in owners else bundle.organisation_id
    bag.add_chunks(EVENTS, event_lines(production_id, cast, bundle.audience, until, reader=reader))


def _until(bundle: Bundle) -> datetime:
    return bundle.cut_at or bundle.created_at


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


def generator() -> str:
    """Name and version of the program, as packages of every kind state them."""
    try:
        return f"trustmark-server/{version('trustmark-server')}"
    except PackageNotFoundError:
        return "trustmark-server/0"
