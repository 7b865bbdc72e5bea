"""An incident's cast and files, and a media worker that reads what waits."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from accounts.principals import Principal
from common import clock
from compliance.incidents import services
from compliance.incidents.models import Evidence, Incident, IncidentPackage
from licensing.models import GuildMember, Production, Talent
from tests import factories
from watermarking.models import MarkDetection
from watermarking.services import run_detection


@dataclass(frozen=True)
class Cast:
    """A talent, everybody who is a party, and those to whom the talent's incidents do not exist."""

    talent: Talent
    self: Principal
    agent: Principal
    colleague: Principal
    auditor: Principal
    studio: Principal
    production: Production
    other_agent: Principal
    other_guild: Principal
    other_talent: Principal


def make_cast() -> Cast:
    agency, guild, studio = factories.make_agency(), factories.make_guild(), factories.make_studio()
    talent, agent = factories.make_talent("Ilse Varga-Thorne"), factories.make_agent(agency)
    factories.make_mandate(talent, agent)
    GuildMember.objects.create(guild=guild, talent=talent, number_digest="ab" * 32)
    return Cast(
        talent=talent,
        self=factories.desk_of_talent(talent),
        agent=agent,
        colleague=factories.make_agent(agency),
        auditor=factories.make_desk(guild, "AUDITOR"),
        studio=factories.make_producer(studio),
        production=factories.make_production(studio),
        other_agent=factories.make_agent(factories.make_agency()),
        other_guild=factories.make_desk(factories.make_guild(), "AUDITOR"),
        other_talent=factories.desk_of_talent(factories.make_talent()),
    )


def record(desk: Principal, talent: Talent, **changes: Any) -> Incident:
    """An incident that ``desk`` records."""
    fields: dict[str, Any] = {
        "talent": talent.handle,
        "platform": "A video site",
        "url": "https://videos.example/watch?v=1",
        "seen_at": clock.now() - timedelta(hours=2),
        "constructs": ["FACE_3D"],
        "description": "Her face in an advertisement for a casino.",
    }
    return services.record_incident(principal=desk, **{**fields, **changes})


def add(
    desk: Principal, incident: Incident, folder: Path, data: bytes, name: str = "found.png", **more: Any
) -> Evidence:
    """A file of evidence with these bytes."""
    path = folder / "upload"
    path.write_bytes(data)
    return services.add_evidence(principal=desk, incident_id=incident.pk, path=path, file_name=name, **more)


def picture(colour: str = "navy", size: tuple[int, int] = (64, 48)) -> bytes:
    """A plain picture as PNG."""
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "PNG")
    return out.getvalue()


def read_what_waits() -> None:
    """Be the media worker and the beat."""
    for row in MarkDetection.objects.filter(state="QUEUED"):
        run_detection(detection_id=row.pk)
    services.note_readings()


def packed(desk: Principal, incident: Incident, target: Path) -> IncidentPackage:
    """A package as it is downloaded, at ``target``."""
    from common.storage import local_copy

    package = services.build_package(services.request_package(principal=desk, incident_id=incident.pk).pk)
    with local_copy(package.blob) as path:
        target.write_bytes(path.read_bytes())
    return package


class Desk:
    """Somebody who calls the API, signed in for one organisation."""

    def __init__(self, desk: Principal) -> None:
        self.client = Client()
        self.client.force_login(desk.person)
        session = self.client.session
        session["organisation"] = str(desk.organisation_id)
        session.save()

    def get(self, path: str) -> Any:
        return self.client.get(f"/api/v1/{path}")

    def post(self, path: str, body: Any = None) -> Any:
        return self.client.post(f"/api/v1/{path}", json.dumps(body or {}), content_type="application/json")

    def upload(self, incident: UUID | str, data: bytes, name: str = "found.png", **fields: str) -> Any:
        file = SimpleUploadedFile(name, data, "text/html")
        return self.client.post(f"/api/v1/incidents/{incident}/evidence", {"file": file, **fields})
