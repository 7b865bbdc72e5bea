"""Register marks, embed and find them, and keep what was said.

An id is registered before it is embedded anywhere, so that a file can never carry a mark of ours that leads
nowhere. Reports are only ever added.
"""

import hashlib
import secrets
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.principals import Principal
from audit import services as audit
from common import clock
from common.errors import InvalidInput, NotFound, TooLarge, Unavailable
from common.locks import sole_worker
from common.storage import blobs, local_copy, put_file
from trustcore.errors import TrustError
from watermarking import engine, metrics, selectors
from watermarking.candidates import MOST, as_ids
from watermarking.cards import DEFAULT_AUDIO_CARD, DEFAULT_PIXEL_CARD
from watermarking.errors import ExtractionFailed, MediaReason
from watermarking.features import FeatureStore
from watermarking.keys import current_key_id, mark_key, read_keys, read_secret
from watermarking.models import (
    DetectionState,
    MarkDetection,
    MarkRegistration,
    MarkReport,
    ReportKind,
)
from watermarking.reports import LAYERS, DetectReport, payload_hex
from watermarking.work.estimates import space_free
from watermarking.work.limits import work_limits

DEFAULT_CARD = f"{DEFAULT_PIXEL_CARD}+{DEFAULT_AUDIO_CARD}"
WORKER_LOST = "WORKER_LOST"
_DRAWS = 4


def register_mark(
    *,
    production_id: UUID,
    token_jtis: Iterable[UUID],
    asset_id: UUID | None,
    card: str = DEFAULT_CARD,
    key_id: str | None = None,
    segment: str = "",
    registered_by: UUID | None = None,
    vendor_ids: Iterable[UUID] = (),
    visible_to: Iterable[UUID] = (),
) -> MarkRegistration:
    """Draw a random 64-bit id and write down what it leads to; call it before embedding.

    Args:
        key_id: of the key it will be embedded with; the deployment's current one when None.
        registered_by: the organisation that may have it embedded; None: nobody but the deployment itself.
        vendor_ids: organisations that may have it embedded for that one.
        visible_to: organisations that may be told what the mark leads to.
    """
    facts: dict[str, Any] = {
        "production_id": production_id,
        "token_jtis": sorted({*token_jtis}),
        "asset_id": asset_id,
        "card": card,
        "key_id": key_id or current_key_id(),
        "segment": segment,
        "registered_by_id": registered_by,
        "vendor_ids": sorted({*vendor_ids}),
        "visible_to": sorted({*visible_to}),
    }
    for _draw in range(_DRAWS):
        try:
            with transaction.atomic():
                return MarkRegistration.objects.create(mark_id=payload_hex(secrets.randbits(64)), **facts)
        except IntegrityError:  # an id twice: once in 2**64 per row; draw again
            continue
    raise RuntimeError("no unused mark id was drawn")


def record_report(*, mark_id: str, kind: str, results: dict[str, Any]) -> MarkReport:
    """Keep what an embedding or a detection said of a registered mark.

    Raises:
        NotFound: ``MARK_UNKNOWN``.
        ValueError: ``kind`` is none of ``ReportKind``.
    """
    registration = selectors.lead_of(mark_id)
    if registration is None:
        raise NotFound("MARK_UNKNOWN", "No mark has this id.")
    return MarkReport.objects.create(registration=registration, kind=ReportKind(kind), results=results)


def embed_registered(*, registration_id: UUID, src: Path, dst: Path) -> MarkReport:
    """Write ``dst``: ``src`` with the registered mark in every layer that can carry it, read back.

    Raises:
        MediaError: ``src`` cannot be carried through; ``dst`` is untouched.
    """
    row = MarkRegistration.objects.get(pk=registration_id)
    key = mark_key(read_secret(), row.key_id)
    report = engine.embed_file(src, dst, mark_id=int(row.mark_id, 16), key=key, verify=True)
    return MarkReport.objects.create(registration=row, kind=ReportKind.EMBEDDED, results=report.as_dict())


def detect_in(
    *,
    path: Path,
    candidates: Iterable[int] | None = None,
    layers: Iterable[str] = LAYERS,
    key_ids: Iterable[str] | None = None,
) -> DetectReport:
    """Look for a mark of this deployment in a file.

    Args:
        candidates: ids to compare with; when None, those that are registered under each key.
        key_ids: the keys to read under; when None, the current one and every one that was registered under.

    Raises:
        MediaError: it is no medium.
        CandidatesMalformed: there are more than are compared with (``candidates.MOST``).
        ExtractionFailed: the reader broke.
    """
    wanted = tuple(key_ids or selectors.key_ids_in_use())
    keys = read_keys(key_ids=wanted)
    known = (
        {name: selectors.registered_ids(key_id=name) for name in wanted}
        if candidates is None
        else as_ids(islice(candidates, MOST + 1))
    )
    return engine.detect_file(path, key=keys, candidates=known, layers=layers, features=feature_store())


@transaction.atomic
def ask_detection(
    *, principal: Principal | None, path: Path, file_name: str, layers: Iterable[str] = LAYERS
) -> MarkDetection:
    """Take a file in to be looked at, for an organisation or (None) for a stranger.

    Raises:
        InvalidInput: ``LAYER_UNKNOWN``.
        TooLarge: ``UPLOAD_TOO_LARGE``.
        Unavailable: ``MEDIA_QUEUE_FULL`` or ``MEDIA_SPACE_SHORT``; nothing was taken in.
    """
    wanted = sorted({layer.lower() for layer in islice(layers, 2 * len(LAYERS))})
    if not wanted or set(wanted) - set(LAYERS):
        raise InvalidInput("LAYER_UNKNOWN", _("Layers are %(values)s.") % {"values": " and ".join(LAYERS)})
    _refuse_what_cannot_be(principal, path.stat().st_size)
    row = MarkDetection(
        organisation=principal.organisation if principal is not None else None,
        file_name=file_name[:200],
        layers=wanted,
        sha256=_sha256(path),
    )
    row.blob = put_file(f"detections/{row.pk}{Path(file_name).suffix[:8].lower()}", path)
    row.save()
    if principal is not None:
        audit.record(
            kind="mark.detection_asked",
            principal=principal,
            object_type="mark_detection",
            object_id=row.pk,
            details={"layers": wanted},
        )
    return row


def _refuse_what_cannot_be(principal: Principal | None, size: int) -> None:
    if size > settings.UPLOAD_BYTES_MAX:
        raise TooLarge(
            "UPLOAD_TOO_LARGE",
            _("An upload may have %(upload_bytes_max)s bytes.")
            % {"upload_bytes_max": settings.UPLOAD_BYTES_MAX},
        )
    limits, waiting = work_limits(), selectors.detections_waiting()
    is_full = waiting.count() >= limits.queue
    if principal is not None:
        is_full |= waiting.filter(organisation=principal.organisation).count() >= limits.queue_each
    if is_full:
        raise Unavailable("MEDIA_QUEUE_FULL", "Too much is waiting to be read. Try again later.")
    if size + limits.free_bytes > space_free():
        raise Unavailable("MEDIA_SPACE_SHORT", "There is not enough working space for this medium.")


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def feature_store() -> FeatureStore | None:
    """Where this machine keeps what detections computed; None where nothing is kept."""
    if not settings.MEDIA_FEATURE_BYTES_MAX:
        return None
    return FeatureStore(Path(settings.VAR_DIR) / "features", settings.MEDIA_FEATURE_BYTES_MAX)


def prepare_detections(*, detection_id: UUID) -> int:
    """Read the pictures of this detection and of others that wait, in common batches; returns of how many.

    Each is then read on its own, as if nothing had been prepared.
    """
    store = feature_store()
    if store is None or settings.MEDIA_DETECT_BATCH < 2:
        return 0
    waiting = MarkDetection.objects.filter(
        state=DetectionState.QUEUED, layers__contains=["pixel"], is_batched=False
    )
    first = list(waiting.filter(pk=detection_id))
    if not first:
        return 0
    others = waiting.exclude(pk=detection_id).order_by("created_at")[: settings.MEDIA_DETECT_BATCH - 1]
    rows = [*first, *others]
    # before they are opened: one of them may end this worker, and then each is read alone
    MarkDetection.objects.filter(pk__in=[row.pk for row in rows]).update(is_batched=True)
    with ExitStack() as stack:
        paths = []
        for row in rows:
            with suppress(FileNotFoundError):  # read, and dropped, by another worker meanwhile
                paths.append(stack.enter_context(local_copy(row.blob)))
        there = [path for path in paths if path.is_file()]
        metrics.BATCH.observe(len(there))
        if len(there) > 1:
            # one bad film must not stop the others: whatever the batch broke on, each is still read alone
            with suppress(Exception):
                engine.prepare_features(there, store=store)
    return len(there)


def run_detection(*, detection_id: UUID) -> MarkDetection:
    """Read a file that was taken in, keep the answer, drop the file. Safe to repeat.

    A file that has ended its worker as often as is borne is not opened again: it fails, ``WORKER_LOST``.
    """
    with sole_worker(detection_id) as is_mine:
        row = MarkDetection.objects.get(pk=detection_id)
        if not is_mine or row.state in {DetectionState.DONE, DetectionState.FAILED}:
            return row
        report, code = None, WORKER_LOST
        if row.attempts < work_limits().attempts:
            row.state, row.attempts = DetectionState.RUNNING, row.attempts + 1
            row.save(update_fields=["state", "attempts"])
            report, code = _read(row)
        blob = row.blob
        with transaction.atomic():
            _finish(row, report, code)
        blobs().delete(blob)
    return row


def drop_strangers_answers(*, before: datetime) -> int:
    """Forget what strangers were told before then; returns how many answers."""
    dropped, _ = selectors.strangers_answers(before=before).delete()
    return dropped


def _read(row: MarkDetection) -> tuple[DetectReport | None, str]:
    try:
        with local_copy(row.blob) as path:
            return detect_in(path=path, layers=row.layers), ""
    except FileNotFoundError:
        return None, MediaReason.MEDIA_MISSING
    except TrustError as error:
        return None, error.code
    except (
        RuntimeError,
        MemoryError,
    ):  # asking again would break again: the row ends instead of waiting for ever
        return None, ExtractionFailed.CODE


def _finish(row: MarkDetection, report: DetectReport | None, code: str) -> None:
    row.state = DetectionState.DONE if report is not None else DetectionState.FAILED
    row.result = report.as_dict() if report is not None else None
    row.error_code, row.blob, row.finished_at = code, "", clock.now()
    row.save(update_fields=["state", "result", "error_code", "blob", "finished_at"])
    lead = selectors.lead_of(report.payload) if report is not None and report.payload else None
    if lead is not None and report is not None:
        MarkReport.objects.create(registration=lead, kind=ReportKind.DETECTED, results=report.as_dict())
