"""Make a bundle's file: one state of the log, one snapshot of the database, one pass.

A bundle shows the log at one size: that of the checkpoint published when the work began. Everything else is
read in one database snapshot taken after it, so the parts agree with each other. The order that holds:
drain what waits, publish, read the checkpoint, open the snapshot, write the file, store it, and in one
transaction mark the bundle ready and record the export, which the *next* bundle of the production shows.
"""

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import msgspec
from django.db import connection, transaction

from audit import services as audit
from common import clock, timestamps
from common.errors import Unavailable
from common.ids import new_id
from common.keys import signer_for
from common.storage import blobs, put_file
from compliance.models import Bundle, BundleState
from compliance.selectors import scope_of
from compliance.services.progress import DONE, STORING, progress_of
from compliance.services.writing import write_bundle
from licensing.models import LicenceToken
from licensing.selectors.people import person_pseudonym
from provenance.services.intake import file_sha256
from provenance.services.signing import trust_anchors_pem
from receipts import selectors as receipts
from receipts.services.publish import publish_log
from receipts.services.sequence import drain_log
from trustcore.log.checkpoint import parse_checkpoint_text, parse_note
from trustcore.receipt import ExportedEntry

logger = logging.getLogger(__name__)


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
    stamping = Stamping()
    with tempfile.TemporaryDirectory(prefix="tm-bundle-") as scratch:
        target = Path(scratch) / "bundle.zip"
        with progress_of(bundle) as progress, _snapshot():
            missing = bundle.findings["without_receipt"]["count"]
            written = write_bundle(
                bundle,
                target,
                signer=signer,
                anchors_pem=anchors,
                frames_without_receipt=missing,
                stamp=stamping,
                tell=progress,
            )
            progress(STORING)
            bundle.findings = {**written.findings(missing), "timestamp": stamping.state}
        bundle.sha256, bundle.size_bytes = file_sha256(target), target.stat().st_size
        # a name of its own for each attempt: whoever comes second drops its own file, never the first's
        bundle.blob = put_file(f"bundles/{bundle.pk}/{new_id()}.zip", target)
    bundle.progress = progress.state(DONE, bundle.tree_size or 0)
    bundle.key_id = signer.kid
    bundle.counts = msgspec.structs.asdict(written.reading.counts)
    return _finish(bundle)


class Stamping:
    """Asks the deployment's timestamp authority; one that is not there is a state of the bundle, not its end.

    Attributes:
        state: ``NONE`` (no authority is configured), ``STAMPED``, or ``UNAVAILABLE``.
    """

    state = "NONE"

    def __call__(self, digest: bytes) -> bytes | None:
        """Return the authority's response for a SHA-256 digest; None without one."""
        if not timestamps.is_configured():
            return None
        try:
            token = timestamps.stamp(digest)
        except Unavailable:
            logger.warning("a bundle was made without a timestamp", exc_info=True)
            self.state = "UNAVAILABLE"
            return None
        self.state = "STAMPED"
        return token


def _cut(bundle: Bundle) -> None:
    """Fix the state of the log that the bundle shows: the checkpoint as published now, or the one asked for."""
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
    if bundle.size is not None:
        _cut_back(bundle, bundle.size)
    # counted now and kept: later reports of these frames must not change what the file says
    missing = _frames_without_receipt(bundle)
    bundle.findings = {"without_receipt": {"count": missing, "rows": []}}
    bundle.state = BundleState.BUILDING
    bundle.save()


def _cut_back(bundle: Bundle, size: int) -> None:
    past = receipts.checkpoint_at(bundle.production_id, size)
    if past is None:
        raise Unavailable("LOG_UNPUBLISHED", "The log has no checkpoint of that size.")
    bundle.tree_size, bundle.root_hex = past.size, past.root.hex()
    bundle.checkpoint, bundle.cut_at = past.note, past.published_at


@contextmanager
def _snapshot() -> Iterator[None]:
    """Read one state of the database, whatever is written meanwhile."""
    if connection.in_atomic_block:  # the caller's transaction decides what is seen
        yield
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("set transaction isolation level repeatable read, read only")
        yield


def _frames_without_receipt(bundle: Bundle) -> int | None:
    """Count frames that were reserved, not given back, and never reported: rendered or not, nobody says.

    Leases are counted as they stand, so of a period or of an earlier state of the log it cannot be said: None.
    """
    if bundle.size is not None or bundle.begins is not None or bundle.until is not None:
        return None
    asked = scope_of(bundle).jtis
    jtis = LicenceToken.objects.filter(production_id=bundle.production_id).values_list("jti", flat=True)
    counts = receipts.counts_for_tokens([jti for jti in jtis if asked is None or str(jti) in asked]).values()
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
    _drop_leftovers(bundle)
    return bundle


def _drop_leftovers(bundle: Bundle) -> None:
    """Delete what attempts that were killed had stored; one that goes on beside this one finds it ready, and goes."""
    folder = f"bundles/{bundle.pk}"
    try:
        _, names = blobs().listdir(folder)
        for name in names:
            if f"{folder}/{name}" != bundle.blob:
                blobs().delete(f"{folder}/{name}")
    except Exception:  # the bundle is there, whatever lies beside it
        logger.warning("what killed attempts at a bundle left stays: %s", folder, exc_info=True)
