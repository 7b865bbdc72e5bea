"""Look for a mark of this deployment in a file of evidence, and write down what came of it."""

import logging
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts.principals import Principal
from common import clock
from common.errors import Conflict, InvalidInput, NotFound
from common.storage import local_copy
from compliance.incidents.facts import reading_facts
from compliance.incidents.models import EntryKind, Evidence, EvidenceReading, Incident
from compliance.incidents.selectors import evidence_for, readings_finished
from compliance.incidents.services.appending import append, lock_incident, require_writer
from watermarking.models import MarkDetection
from watermarking.reports import LAYERS
from watermarking.workflows import detect_upload

logger = logging.getLogger(__name__)
MEDIA = ("image/", "video/", "audio/", "application/ogg")


def ask_reading(*, principal: Principal, incident_id: UUID, evidence_id: UUID) -> EvidenceReading:
    """Have a file read for marks; what is found becomes an entry when it is known.

    Raises:
        NotFound: no such file for this caller. Forbidden: ``NOT_YOURS_TO_WRITE``.
        InvalidInput: ``EVIDENCE_HAS_NO_MARK``: pictures, films and sound alone can carry one.
        Conflict: ``READING_OPEN``: it is being read already; ``INCIDENT_CLOSED``.
    """
    evidence = evidence_for(principal, incident_id, evidence_id)
    if evidence is None:
        raise NotFound
    require_writer(principal, evidence.incident.talent)
    if not evidence.media_type.startswith(MEDIA):
        raise InvalidInput("EVIDENCE_HAS_NO_MARK", "This kind of file carries no mark.")
    try:
        with transaction.atomic(), local_copy(evidence.blob) as path:
            lock_incident(principal, incident_id)
            if evidence.readings.filter(entry=None).exists():
                raise Conflict("READING_OPEN", "This file is being read already.")
            ending = evidence.entry.body["path"].rpartition(".")[2]
            row = detect_upload(principal=principal, path=path, file_name=f"evidence.{ending}", layers=LAYERS)
            return EvidenceReading.objects.create(evidence=evidence, detection_id=row.pk)
    except IntegrityError as error:
        raise Conflict("READING_OPEN", "This file is being read already.") from error


def note_readings() -> int:
    """Write an entry for every reading that has ended; returns how many. Safe to repeat and to run twice at once."""
    noted = 0
    for reading, detection in readings_finished():
        try:
            with transaction.atomic():
                Incident.objects.select_for_update().get(pk=reading.evidence.incident_id)
                noted += _note(reading.pk, detection)
        except Exception:  # one that cannot be told stops no other, and nobody's package
            logger.exception("reading %s of a mark was not noted", reading.pk)
    return noted


def _note(reading_id: UUID, detection: MarkDetection) -> bool:
    row = EvidenceReading.objects.select_for_update().get(pk=reading_id)
    if row.entry_id is not None:
        return False
    evidence = Evidence.objects.select_related("incident__talent").get(pk=row.evidence_id)
    told, details = reading_facts(evidence, detection)
    row.entry = append(
        evidence.incident,
        EntryKind.READING,
        told,
        principal=None,
        at=clock.now(),
        details=details,
        event={"status": told["watermark"]["status"]},
    )
    row.save(update_fields=["entry"])
    return True
