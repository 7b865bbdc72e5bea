"""Ask for a signed copy of an incident's file, and make it in the background: one pass, memory flat."""

import tempfile
from pathlib import Path
from uuid import UUID

import msgspec
from django.conf import settings
from django.db import transaction

from accounts.principals import Principal
from audit.services import record
from common import clock
from common.clock import rfc3339
from common.errors import NotFound
from common.ids import new_id
from common.keys import public_keys, signer_for
from common.storage import blobs, local_copy, put_file
from compliance.bag import BagWriter
from compliance.incidents.models import Evidence, Incident, IncidentEntry, IncidentPackage, PackageState
from compliance.incidents.selectors import disclosed, incident_for
from compliance.incidents.services.appending import parties_of
from compliance.incidents.services.reading import note_readings
from compliance.incidents.services.recording import refresh_licences
from compliance.incidents.statement import as_page, as_text, statement_of
from compliance.services.writing import generator
from provenance.services.intake import file_sha256
from trustcore.bundle.incident import (
    ENTRIES,
    INCIDENT,
    STATEMENT_PAGE,
    STATEMENT_TEXT,
    IncidentState,
    IncidentSummary,
    details_path,
)
from trustcore.bundle.layout import JWKS
from trustcore.encoding import canonical_json
from trustcore.signing import Signer, public_jwk


def request_package(*, principal: Principal, incident_id: UUID) -> IncidentPackage:
    """Ask for a package of the file as it stands; what is licensed now is noted first, and is inside.

    Any party may; it is made for that party: details that it may not be told are left out, and said to be.

    Raises:
        NotFound: none, or none for this caller.
    """
    if incident_for(principal, incident_id) is None:
        raise NotFound
    note_readings()
    with transaction.atomic():
        incident = (
            Incident.objects.select_for_update(of=("self",)).select_related("talent").get(pk=incident_id)
        )
        at = clock.now()
        refresh_licences(incident, at=at)
        entries = list(incident.entries.order_by("number"))
        package = IncidentPackage.objects.create(
            incident=incident,
            organisation=principal.organisation,
            requested_by=principal.person,
            entries=entries[-1].number,
            details=sorted(disclosed(principal, entries)),
            touched_at=at,
        )
        record(
            kind="incident.package_requested",
            principal=principal,
            object_type="incident",
            object_id=incident.pk,
            visible_to=parties_of(incident.talent),
            details={"package": str(package.pk), "entry": package.entries},
        )
    return package


def build_package(package_id: UUID) -> IncidentPackage:
    """Make the file of a package that was asked for; repeating it changes nothing."""
    package = IncidentPackage.objects.select_related("incident__talent", "organisation").get(pk=package_id)
    if package.state != PackageState.QUEUED:
        return package
    signer = signer_for("BUNDLE")
    with tempfile.TemporaryDirectory(prefix="tm-incident-") as scratch:
        target = Path(scratch) / "package.zip"
        _write(package, target, signer)
        package.sha256, package.size_bytes = file_sha256(target), target.stat().st_size
        package.blob = put_file(f"incidents/{package.incident_id}/packages/{new_id()}.zip", target)
    package.key_id = signer.kid
    return _finish(package)


def fail_package(package_id: UUID, code: str) -> None:
    """Say that a package could not be made, and why; it may be asked for again."""
    waiting = IncidentPackage.objects.filter(pk=package_id, state=PackageState.QUEUED)
    waiting.update(state=PackageState.FAILED, failure_code=code[:40], touched_at=clock.now())


def _write(package: IncidentPackage, target: Path, signer: Signer) -> None:
    incident = package.incident
    entries = list(incident.entries.filter(number__lte=package.entries).order_by("number"))
    files = Evidence.objects.filter(incident=incident, entry__number__lte=package.entries)
    evidence = list(files.select_related("entry").order_by("entry__number"))
    summary = _summary(package, entries, len(evidence))
    with BagWriter(target, f"incident-{package.pk}") as bag:
        bag.add(INCIDENT, msgspec.json.encode(summary, order="sorted"))
        keys = [public_jwk(key, kid) for kid, key in public_keys("BUNDLE").items()]
        bag.add(JWKS, canonical_json({"keys": sorted(keys, key=lambda jwk: str(jwk["kid"]))}))
        bag.add(ENTRIES, b"".join(bytes(one.line) + b"\n" for one in entries))
        for one in entries:
            if one.details is not None and one.number in package.details:
                bag.add(details_path(one.number), canonical_json(one.details))
        for row in evidence:
            with local_copy(row.blob) as path:
                bag.add_file(row.entry.body["path"], path)
        told = statement_of(summary, entries, frozenset(package.details))
        bag.add(STATEMENT_TEXT, as_text(told).encode())
        bag.add(STATEMENT_PAGE, as_page(told).encode())
        bag.finish(
            identifier=str(package.pk),
            created_at=summary.created_at,
            agent=summary.generator,
            predicate={
                "incident": summary.incident,
                "entries": summary.entries,
                "head": summary.head,
                "created_at": summary.created_at,
            },
            signer=signer,
        )


def _summary(package: IncidentPackage, entries: list[IncidentEntry], files: int) -> IncidentSummary:
    incident = package.incident
    withheld = [
        one.number for one in entries if one.details is not None and one.number not in package.details
    ]
    return IncidentSummary(
        constructs=tuple(incident.constructs),
        created_at=rfc3339(package.created_at),
        description=incident.description,
        entries=len(entries),
        evidence=files,
        generator=generator(),
        head=entries[-1].hash,
        incident=str(incident.pk),
        issuer=settings.BASE_URL,
        made_for=package.organisation.name,
        platform=incident.platform,
        recorded_at=rfc3339(incident.created_at),
        seen_at=rfc3339(incident.seen_at),
        state=_state_at(entries),
        talent=entries[0].body["talent"],
        url=incident.url,
        use_types=tuple(incident.use_types),
        withheld=tuple(withheld),
    )


def _state_at(entries: list[IncidentEntry]) -> IncidentState:
    """How the incident stood after the last entry inside, whatever came since."""
    moves = {"NOTICE": IncidentState.NOTICE_SENT, "ANSWER": IncidentState.ANSWERED}
    for one in reversed(entries):
        if one.kind == "STATE":
            return IncidentState(one.body["after"])
        if one.kind in moves:
            return moves[one.kind]
    return IncidentState.OPEN


def _finish(package: IncidentPackage) -> IncidentPackage:
    with transaction.atomic():
        row = IncidentPackage.objects.select_for_update().get(pk=package.pk)
        if row.state != PackageState.QUEUED:  # another worker was first; its file is the one
            blobs().delete(package.blob)
            return row
        package.state, package.built_at, package.touched_at = PackageState.READY, clock.now(), clock.now()
        package.save()
        record(
            kind="incident.exported",
            principal=None,
            organisation_id=package.organisation_id,
            object_type="incident",
            object_id=package.incident_id,
            visible_to=parties_of(package.incident.talent),
            after={"sha256": package.sha256},
            details={"package": str(package.pk), "sha256": package.sha256, "entry": package.entries},
        )
    return package
