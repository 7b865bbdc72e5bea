"""Reads of the registry; an organisation is told only of marks that are visible to it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import Q, QuerySet

from accounts.principals import Principal
from watermarking import registry
from watermarking.keys import current_key_id
from watermarking.models import (
    JOBS_UNFINISHED,
    DetectionState,
    MarkDetection,
    MarkRegistration,
    MediaJob,
)

if TYPE_CHECKING:
    from watermarking.candidates import Ids

# How long the answer on a stranger's file stands for the same file, asked about again.
STRANGERS_REMEMBERED = timedelta(hours=1)
_WAITING = (DetectionState.QUEUED, DetectionState.RUNNING)


def registrations_of(production_id: UUID) -> QuerySet[MarkRegistration]:
    """Every mark of a production, with its reports, oldest first."""
    rows = MarkRegistration.objects.filter(production_id=production_id)
    return rows.prefetch_related("reports").order_by("created_at")


def registrations_visible_to(principal: Principal) -> QuerySet[MarkRegistration]:
    """The marks that the caller's organisation may be told of, newest first."""
    rows = MarkRegistration.objects.filter(visible_to__contains=[principal.organisation_id])
    return rows.order_by("-created_at")


def is_any_registered() -> bool:
    """Whether this deployment ever registered a mark: no file carries one before that."""
    return MarkRegistration.objects.exists()


def registration_to_mark(principal: Principal, mark_id: str) -> MarkRegistration | None:
    """A mark that the caller's organisation may have embedded: its own, or one of whom it works for.

    Being told of a mark is not enough: every party to a licence is, and a mark is embedded once.
    """
    mine = principal.organisation_id
    may_embed = Q(registered_by=mine) | Q(vendor_ids__contains=[mine])
    return MarkRegistration.objects.filter(may_embed, mark_id=mark_id).first()


def lead_of(mark_id: str) -> MarkRegistration | None:
    """What a mark leads to, whoever asks; callers decide who may be told."""
    return MarkRegistration.objects.filter(mark_id=mark_id.lower()).first()


def registered_ids(*, key_id: str) -> Ids:
    """Every id registered under a key, as sorted numbers: the candidates of a registry reading."""
    return registry.ids_under(key_id)


def key_ids_in_use() -> tuple[str, ...]:
    """The key ids that a file of this deployment may be marked under: the current one, and every earlier one."""
    return tuple(dict.fromkeys((current_key_id(), *registry.key_ids())))


def detection_for(principal: Principal, detection_id: UUID) -> MarkDetection | None:
    """A detection that the caller's organisation asked for."""
    rows = MarkDetection.objects.filter(organisation_id=principal.organisation_id)
    return rows.filter(pk=detection_id).first()


def detections_left(*, before: datetime) -> QuerySet[MarkDetection]:
    """Detections that were asked for before then and are not finished, oldest first."""
    return detections_waiting().filter(created_at__lt=before).order_by("created_at")


def detections_waiting() -> QuerySet[MarkDetection]:
    """Detections that wait or are being read."""
    return MarkDetection.objects.filter(state__in=_WAITING)


def strangers_waiting() -> int:
    """How many files of strangers wait or are being read."""
    return detections_waiting().filter(organisation=None).count()


def strangers_answers(*, before: datetime) -> QuerySet[MarkDetection]:
    """What strangers were told before then."""
    return MarkDetection.objects.filter(organisation=None, finished_at__lt=before)


def strangers_detection(
    *, sha256: str, file_name: str, layers: Iterable[str], since: datetime
) -> MarkDetection | None:
    """The newest detection of the same bytes, name and layers that a stranger asked for since then.

    The name's ending says how the bytes are to be read: the same bytes under another may be another medium.
    """
    rows = MarkDetection.objects.filter(
        organisation=None, sha256=sha256, file_name=file_name, layers=sorted(layers), created_at__gte=since
    )
    return rows.order_by("-created_at").first()


def jobs_stuck(since: datetime) -> QuerySet[MediaJob]:
    """Mark jobs of anybody that have not ended and that nobody has moved on since then."""
    return MediaJob.objects.filter(state__in=JOBS_UNFINISHED, touched_at__lt=since).order_by("touched_at")
