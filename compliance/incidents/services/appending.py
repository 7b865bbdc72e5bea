"""The one place where a file grows: lock it, number the entry, hash it with the one before, leave the event."""

import hashlib
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.principals import Principal
from audit.services import record
from common import clock
from common.clock import rfc3339
from common.errors import Conflict, Forbidden, InvalidInput, NotFound
from compliance.incidents.models import EntryKind, Incident, IncidentEntry
from compliance.incidents.selectors import CLOSED, incident_for, may_write
from licensing.models import GuildMember, Talent
from licensing.selectors import mandate_in_force
from licensing.services.productions import clean_text
from trustcore.bundle.incident import FIRST_HASH, entry_hash
from trustcore.encoding import canonical_json

ENTRIES_MOST: Final = 2_000
_SKEW: Final = timedelta(minutes=5)
EVENTS: Final = {
    EntryKind.RECORDED: "incident.recorded",
    EntryKind.EVIDENCE: "incident.evidence_added",
    EntryKind.NOTE: "incident.note_added",
    EntryKind.NOTICE: "incident.notice_sent",
    EntryKind.ANSWER: "incident.answered",
    EntryKind.STATE: "incident.state_changed",
    EntryKind.LICENCES: "incident.licences_noted",
    EntryKind.READING: "incident.mark_read",
}


def lock_incident(principal: Principal, incident_id: UUID, *, is_open: bool = True) -> Incident:
    """Lock an incident that the caller may add to; MUST be called inside a transaction.

    Raises:
        NotFound: none, or none for this caller.
        Forbidden: ``NOT_YOURS_TO_WRITE``: a party that may read it.
        Conflict: ``INCIDENT_CLOSED``: it was resolved or dismissed, and not opened again (``is_open``).
    """
    if incident_for(principal, incident_id) is None:
        raise NotFound
    Incident.objects.select_for_update().get(pk=incident_id)
    incident = Incident.objects.select_related("talent", "organisation").get(pk=incident_id)
    require_writer(principal, incident.talent)
    if is_open and incident.state in CLOSED:
        raise Conflict(
            "INCIDENT_CLOSED",
            "This incident is closed.",
            "Open it again to add to it.",
            {"state": incident.state},
        )
    return incident


def require_writer(principal: Principal, talent: Talent) -> None:
    """Refuse a party that may read and no more.

    Raises:
        Forbidden: ``NOT_YOURS_TO_WRITE``.
    """
    if not may_write(principal, talent):
        raise Forbidden("NOT_YOURS_TO_WRITE", "You may read this file, and others add to it.")


def append(
    incident: Incident,
    kind: EntryKind,
    body: dict[str, Any],
    *,
    principal: Principal | None,
    at: datetime,
    details: dict[str, Any] | None = None,
    event: dict[str, Any] | None = None,
) -> IncidentEntry:
    """Write the next entry of a locked incident.

    What people add is bounded; what the server itself notes is not, so that a full file is still read and taken along.

    Args:
        details: what not every party may be told; ``body`` gets their digest.
        event: what the trail says beside the kind and the number; never what people wrote.

    Raises:
        Conflict: ``INCIDENT_FULL``.
    """
    last = incident.entries.order_by("-number").values_list("number", "hash").first() or (0, FIRST_HASH)
    number = last[0] + 1
    if principal is not None and incident.entries.exclude(person=None).count() >= ENTRIES_MOST:
        raise Conflict(
            "INCIDENT_FULL",
            _("A file has at most %(entries_most)s entries.") % {"entries_most": ENTRIES_MOST},
        )
    if details is not None:
        body = {**body, "details_sha256": hashlib.sha256(canonical_json(details)).hexdigest()}
    line: dict[str, Any] = {
        "number": number,
        "kind": kind.value,
        "at": rfc3339(at),
        "by": _by(principal),
        "body": body,
        "previous": last[1],
    }
    line["hash"] = entry_hash(line)
    entry = IncidentEntry.objects.create(
        incident=incident,
        number=number,
        kind=kind,
        at=at,
        person=principal.person if principal else None,
        organisation=principal.organisation if principal else None,
        by_key=bool(principal and principal.credential),
        body=body,
        details=details,
        line=canonical_json(line),
        hash=line["hash"],
    )
    record(
        kind=EVENTS[kind],
        principal=principal,
        organisation_id=None if principal else incident.talent.organisation_id,
        object_type="incident",
        object_id=incident.pk,
        visible_to=parties_of(incident.talent),
        after={"entry": number, "hash": entry.hash, "state": incident.state},
        details={"entry": number, "state": incident.state, **(event or {})},
    )
    return entry


def parties_of(talent: Talent) -> list[UUID]:
    """The organisations that hear of a talent's incidents: the talent's own, the agency of today, the guild."""
    mandate = mandate_in_force(talent.pk)
    guilds = GuildMember.objects.filter(talent=talent).values_list("guild_id", flat=True)
    return [talent.organisation_id, *([mandate.agency_id] if mandate else []), *guilds]


def clean(text: str, *, most: int, code: str, needed: bool = True) -> str:
    """Text as a person typed it: line ends of one kind, nothing that hides; empty where it may be.

    Raises:
        InvalidInput: with ``code``.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return clean_text(text, most=most, code=code) if needed or text.strip() else ""


def past_moment(moment: datetime, *, code: str) -> datetime:
    """A moment that has come.

    Raises:
        InvalidInput: with ``code``: in the future, or before anything of this kind existed.
    """
    if not 1990 <= moment.year <= 9000 or moment > clock.now() + _SKEW:
        raise InvalidInput(code, "This moment has not come yet, or is too long ago.")
    return moment


def _by(principal: Principal | None) -> dict[str, str] | None:
    if principal is None:
        return None
    how = "API_KEY" if principal.credential else "SIGNED_IN"
    return {"person": principal.person.full_name, "organisation": principal.organisation.name, "how": how}
