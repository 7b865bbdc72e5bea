"""Whom to tell that an output is held: who uploaded it, while a member; else who runs the work there."""

from typing import Any

from accounts.models import Membership, User
from audit.models import Event
from notify.services import Told
from provenance.models import Asset

_RUNS_WORK = (Membership.Role.PRODUCER, Membership.Role.ENGINEER, Membership.Role.ADMIN)


def told_of_output(event: Event) -> list[Told]:
    """Whom to tell of an output's event, and what: the codes of its reasons, and no licence by name."""
    rows = Asset.objects.select_related("production")
    asset = rows.filter(pk=event.object_id).first() if event.object_type == "asset" else None
    if asset is None:
        return []
    facts: dict[str, Any] = {
        "file": asset.file_name,
        "production": asset.production.title,
        "codes": ", ".join(sorted({str(one["code"]) for one in event.details.get("reasons", ())})),
        "path": f"/productions/{asset.production_id}/",
    }
    return [Told(one, asset.organisation_id, facts) for one in _people(asset)]


def _people(asset: Asset) -> list[User]:
    live = Membership.objects.filter(organisation=asset.organisation_id, role__in=_RUNS_WORK, ended_at=None)
    people = {row.user_id: row.user for row in live.select_related("user").order_by("created_at")}
    return [people[asset.uploaded_by_id]] if asset.uploaded_by_id in people else list(people.values())
