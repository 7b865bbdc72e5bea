"""People who are signed in and speak to the API, and minors, estates and bands to speak for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from accounts.models import Membership
from accounts.principals import Principal
from common import clock
from licensing import services
from licensing.models import Authority, Talent
from tests import factories

LIMITS = {
    "frames_max": 5000,
    "lines_max": 50,
    "days_max": 120,
    "render_territory": ["US", "CA", "GB"],
    "distribution_territory": ["US", "CA", "GB"],
}
RULE_LIMITS = {
    **LIMITS,
    "channels": ["THEATRICAL", "SVOD"],
    "constructs": ["FACE_3D", "VOICE_SPEAKING"],
    "replica_classes": ["EMPLOYMENT_BASED_DIGITAL_REPLICA"],
    "shown_until": "LIFE_OF_WORK",
    "fee_least_minor": 1_000_000,
    "currency": "USD",
}


def call(desk: Principal, path: str, body: Any = None, *, method: str = "post") -> Any:
    """Call the API as a person acting for the first of their organisations."""
    client = factories.signed_in(desk.person)
    session = client.session
    session["organisation"] = str(desk.organisation_id)
    session.save()
    send = getattr(client, method)
    if method == "get":
        return send(f"/api/v1/{path}")
    return send(f"/api/v1/{path}", {} if body is None else body, content_type="application/json")


def make_minor(**further: Any) -> tuple[Talent, Principal, Authority]:
    """A minor, a guardian with authority on file, and the document."""
    talent = factories.make_talent()
    today = clock.now().date()
    Talent.objects.filter(pk=talent.pk).update(majority_on=today + timedelta(days=900))
    talent.refresh_from_db()
    return (talent, *give_authority(talent, "GUARDIAN", **further))


def give_authority(talent: Talent, kind: str, **further: Any) -> tuple[Principal, Authority]:
    """Somebody who speaks for the talent by a document, and the document."""
    today = clock.now().date()
    registrar = factories.make_desk(talent.organisation, Membership.Role.ADMIN)
    person = factories.make_user()
    row = services.register_authority(
        principal=registrar,
        talent=talent,
        user=person,
        kind=kind,
        document_type="Court appointment",
        issuer="Superior Court",
        issued_on=today - timedelta(days=30),
        sha256="c" * 64,
        **further,
    )
    desk = factories.make_desk(talent.organisation, Membership.Role.TALENT, person)
    return desk, row


def in_days(days: float) -> Any:
    """A moment so many days from now."""
    return clock.now() + timedelta(days=days)
