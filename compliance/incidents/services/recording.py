"""Record an incident and what follows: notes, notices, answers, and how it stands."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.principals import Principal
from common import clock
from common.clock import rfc3339
from common.errors import Conflict, InvalidInput, NotFound
from compliance.incidents.facts import licence_facts
from compliance.incidents.models import EntryKind, Evidence, Incident, IncidentEntry
from compliance.incidents.selectors import CLOSED, talents_as_party
from compliance.incidents.services.appending import (
    append,
    clean,
    lock_incident,
    past_moment,
    require_writer,
)
from trustcore.bundle.incident import IncidentState
from trustcore.policy.vocabulary import Construct, UseType

_TEXT_MOST: Final = 5_000
_NAME_MOST: Final = 200
_URL_MOST: Final = 2_000
_NOTED_AGAIN_AFTER: Final = timedelta(hours=1)
_is_url = URLValidator(schemes=["http", "https"])


def record_incident(
    *,
    principal: Principal,
    talent: str,
    platform: str,
    seen_at: datetime,
    constructs: Iterable[str],
    description: str,
    url: str = "",
    use_types: Iterable[str] = (),
) -> Incident:
    """Write down that a talent's likeness was seen in use outside any contract; what is licensed is noted beside it.

    Args:
        talent: handle. One of whom the caller is no party answers as one that does not exist.
        platform: where it was seen, in a few words; ``url`` is the place itself and is never fetched.
        constructs: what of the likeness was seen; ``use_types`` what seems to have been made, if anyone can say.

    Raises:
        NotFound: no such talent, or none for this caller.
        Forbidden: ``NOT_YOURS_TO_WRITE``.
        InvalidInput: ``CONSTRUCT_UNKNOWN``, ``USE_TYPE_UNKNOWN``, ``PLATFORM_INVALID``, ``URL_INVALID``,
            ``DESCRIPTION_INVALID`` or ``SEEN_AT_INVALID``.
    """
    person = talents_as_party(principal).select_related("organisation").filter(handle=talent).first()
    if person is None:
        raise NotFound
    require_writer(principal, person)
    fields: dict[str, Any] = {
        "platform": clean(platform, most=120, code="PLATFORM_INVALID"),
        "url": clean_url(url),
        "seen_at": past_moment(seen_at, code="SEEN_AT_INVALID"),
        "constructs": _codes(constructs, Construct, "CONSTRUCT_UNKNOWN", needed=True),
        "use_types": _codes(use_types, UseType, "USE_TYPE_UNKNOWN"),
        "description": clean(description, most=_TEXT_MOST, code="DESCRIPTION_INVALID"),
    }
    at = clock.now()
    with transaction.atomic():
        incident = Incident.objects.create(
            talent=person,
            organisation=principal.organisation,
            recorded_by=principal.person,
            changed_at=at,
            created_at=at,
            **fields,
        )
        body = {**fields, "seen_at": rfc3339(fields["seen_at"]), "talent": person.stage_name}
        append(
            incident,
            EntryKind.RECORDED,
            body,
            principal=principal,
            at=at,
            event={"constructs": fields["constructs"]},
        )
        refresh_licences(incident, at=at)
    return incident


def refresh_licences(incident: Incident, *, at: datetime) -> IncidentEntry:
    """Note what of this likeness is licensed as of now; of a locked or a new incident.

    What was noted within the hour, and is still so, is not noted again: a reader who asks for copies fills no file.
    """
    told, details = licence_facts(incident, at)
    last = incident.entries.filter(kind=EntryKind.LICENCES).order_by("-number").first()
    if last is not None and last.at > at - _NOTED_AGAIN_AFTER and _same(last, told, details):
        return last
    return append(incident, EntryKind.LICENCES, told, principal=None, at=at, details=details)


def _same(entry: IncidentEntry, told: dict[str, Any], details: dict[str, Any] | None) -> bool:
    when = {"as_of", "details_sha256"}
    before = {name: value for name, value in entry.body.items() if name not in when}
    return entry.details == details and before == {k: v for k, v in told.items() if k not in when}


def add_note(*, principal: Principal, incident_id: UUID, text: str) -> IncidentEntry:
    """Add a remark.

    Raises:
        NotFound, Forbidden, Conflict: as :func:`~compliance.incidents.services.appending.lock_incident`.
        InvalidInput: ``NOTE_INVALID``.
    """
    body = {"text": clean(text, most=_TEXT_MOST, code="NOTE_INVALID")}
    with transaction.atomic():
        incident = lock_incident(principal, incident_id)
        return append(incident, EntryKind.NOTE, body, principal=principal, at=clock.now())


def add_notice(
    *,
    principal: Principal,
    incident_id: UUID,
    sent_to: str,
    sent_at: datetime,
    law: str,
    sent_by: str = "",
    text: str = "",
    evidence: Iterable[UUID] = (),
) -> IncidentEntry:
    """Note that a notice was sent: to whom, when, under which law; the server itself sends none.

    Args:
        sent_by: the way it went, as ``e-mail`` or ``the platform's form``.
        evidence: files of this incident that are the notice, or went with it.

    Raises:
        NotFound, Forbidden, Conflict: as :func:`add_note`.
        InvalidInput: ``SENT_TO_INVALID``, ``SENT_AT_INVALID``, ``LAW_INVALID``, ``NOTE_INVALID`` or
            ``EVIDENCE_UNKNOWN``.
    """
    body: dict[str, Any] = {
        "sent_to": clean(sent_to, most=_NAME_MOST, code="SENT_TO_INVALID"),
        "sent_at": rfc3339(past_moment(sent_at, code="SENT_AT_INVALID")),
        "law": clean(law, most=_NAME_MOST, code="LAW_INVALID"),
        "sent_by": clean(sent_by, most=_NAME_MOST, code="NOTE_INVALID", needed=False),
        "text": clean(text, most=_TEXT_MOST, code="NOTE_INVALID", needed=False),
    }
    with transaction.atomic():
        incident = lock_incident(principal, incident_id)
        body["evidence"] = _numbers(incident, evidence)
        at = clock.now()
        _move(incident, IncidentState.NOTICE_SENT, at)
        return append(incident, EntryKind.NOTICE, body, principal=principal, at=at)


def add_answer(
    *,
    principal: Principal,
    incident_id: UUID,
    received_from: str,
    received_at: datetime,
    text: str,
    evidence: Iterable[UUID] = (),
) -> IncidentEntry:
    """Note an answer to a notice.

    Raises:
        NotFound, Forbidden, InvalidInput: as :func:`add_notice` (``RECEIVED_FROM_INVALID``, ``RECEIVED_AT_INVALID``).
        Conflict: ``NO_NOTICE``: none was sent; or as :func:`add_note`.
    """
    body: dict[str, Any] = {
        "received_from": clean(received_from, most=_NAME_MOST, code="RECEIVED_FROM_INVALID"),
        "received_at": rfc3339(past_moment(received_at, code="RECEIVED_AT_INVALID")),
        "text": clean(text, most=_TEXT_MOST, code="NOTE_INVALID"),
    }
    with transaction.atomic():
        incident = lock_incident(principal, incident_id)
        if not incident.entries.filter(kind=EntryKind.NOTICE).exists():
            raise Conflict("NO_NOTICE", "No notice was sent.", "Add the notice that this answers first.")
        body["evidence"] = _numbers(incident, evidence)
        at = clock.now()
        _move(incident, IncidentState.ANSWERED, at)
        return append(incident, EntryKind.ANSWER, body, principal=principal, at=at)


def change_state(*, principal: Principal, incident_id: UUID, state: str, reason: str) -> IncidentEntry:
    """Resolve or dismiss an incident, or open a closed one again; always with a reason.

    Raises:
        NotFound, Forbidden: as :func:`add_note`.
        InvalidInput: ``STATE_UNKNOWN``: not one that a person sets; ``REASON_INVALID``.
        Conflict: ``INCIDENT_STATE``: not from where it stands.
    """
    if state not in {*CLOSED, IncidentState.OPEN}:
        raise InvalidInput("STATE_UNKNOWN", "An incident is resolved, dismissed, or opened again.")
    after = IncidentState(state)
    text = clean(reason, most=_TEXT_MOST, code="REASON_INVALID")
    with transaction.atomic():
        incident = lock_incident(principal, incident_id, is_open=False)
        if (incident.state in CLOSED) is (after in CLOSED):
            raise Conflict(
                "INCIDENT_STATE",
                _("It is %(state)s.") % {"state": incident.state},
                extra={"state": incident.state},
            )
        body = {"before": incident.state, "after": after.value, "reason": text}
        at = clock.now()
        _move(incident, after, at)
        return append(incident, EntryKind.STATE, body, principal=principal, at=at)


def clean_url(url: str) -> str:
    """A web address, never fetched; empty where there is none.

    Raises:
        InvalidInput: ``URL_INVALID``.
    """
    url = url.strip()
    if not url:
        return ""
    try:
        _is_url(url)
    except ValidationError as error:
        raise InvalidInput("URL_INVALID", "This is no web address.") from error
    return clean(url, most=_URL_MOST, code="URL_INVALID")


def _move(incident: Incident, state: IncidentState, at: datetime) -> None:
    incident.state, incident.changed_at = state, at
    incident.save(update_fields=["state", "changed_at"])


def _codes(given: Iterable[str], known: type[Any], code: str, *, needed: bool = False) -> list[str]:
    wanted = sorted(set(given))
    unknown = sorted(set(wanted) - {str(one) for one in known})
    if unknown or (needed and not wanted):
        raise InvalidInput(code, "Not a word that this server knows.", ", ".join(one[:40] for one in unknown))
    return wanted


def _numbers(incident: Incident, evidence: Iterable[UUID]) -> list[int]:
    """The entries that added these files."""
    wanted = set(evidence)
    rows = Evidence.objects.filter(incident=incident, pk__in=wanted).select_related("entry")
    found = {one.pk: one.entry.number for one in rows}
    if wanted - set(found):
        raise InvalidInput("EVIDENCE_UNKNOWN", "This incident has no such file.")
    return sorted(found.values())
