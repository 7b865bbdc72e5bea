"""Take evidence in and have its marks read; ask for a package and have it made."""

from datetime import datetime
from pathlib import Path
from uuid import UUID

from django.db import transaction

from accounts.principals import Principal
from compliance.incidents import services
from compliance.incidents.models import Evidence, EvidenceKind, IncidentPackage
from compliance.incidents.services.reading import MEDIA
from compliance.incidents.tasks import build_package


def hand_in_evidence(
    *,
    principal: Principal,
    incident_id: UUID,
    path: Path,
    file_name: str,
    kind: str = EvidenceKind.FOUND,
    captured_at: datetime | None = None,
    source_url: str = "",
) -> Evidence:
    """Add a file; what was found, and can carry a mark, is read for one at once.

    Raises:
        DomainError: as ``services.add_evidence`` says.
    """
    with transaction.atomic():
        evidence = services.add_evidence(
            principal=principal,
            incident_id=incident_id,
            path=path,
            file_name=file_name,
            kind=kind,
            captured_at=captured_at,
            source_url=source_url,
        )
        if evidence.kind == EvidenceKind.FOUND and evidence.media_type.startswith(MEDIA):
            services.ask_reading(principal=principal, incident_id=incident_id, evidence_id=evidence.pk)
    return evidence


def export_incident(*, principal: Principal, incident_id: UUID) -> IncidentPackage:
    """Ask for a package and start the work when the asking is committed.

    Raises:
        NotFound: none, or none for this caller.
    """
    with transaction.atomic():
        package = services.request_package(principal=principal, incident_id=incident_id)
        # should the broker not answer, the sweeper starts the work
        transaction.on_commit(lambda: build_package.delay(str(package.pk)), robust=True)
    return package
