"""Who may know of an incident: the talent's own side and the talent's guild, now; to all others it does not exist.

An agency reads the files of those it represents today, whoever wrote them; one that no longer does reads none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, QuerySet

from accounts.models import Organisation
from accounts.principals import Principal
from compliance.incidents.models import (
    Evidence,
    EvidenceReading,
    Incident,
    IncidentEntry,
    IncidentPackage,
)
from licensing.models import GuildMember, Talent
from licensing.selectors import mandate_in_force, talents_on_roster, tokens_visible_to
from licensing.selectors.people import is_agent_of, speaks_for
from trustcore.bundle.incident import IncidentState
from watermarking import selectors as marks
from watermarking.models import MarkDetection

CLOSED: Final = (IncidentState.RESOLVED, IncidentState.DISMISSED)
_SIDES: Final = frozenset({Organisation.Kind.TALENT, Organisation.Kind.AGENCY})


@dataclass(frozen=True, slots=True)
class EntryLine:
    """One entry as its reader may see it.

    Attributes:
        details: what the entry says of others' licences and outputs; None: nothing, or not for this reader.
        is_withheld: whether there are details that this reader may not be told.
    """

    entry: IncidentEntry
    told: dict[str, Any]
    evidence: Evidence | None
    details: dict[str, Any] | None
    is_withheld: bool


@dataclass(frozen=True, slots=True)
class IncidentDetail:
    """Everything an incident's page shows."""

    incident: Incident
    entries: tuple[EntryLine, ...]
    evidence: tuple[Evidence, ...]
    being_read: frozenset[UUID]
    packages: tuple[IncidentPackage, ...]
    may_write: bool


def talents_as_party(principal: Principal) -> QuerySet[Talent]:
    """Talents of whom the caller is a party: the talent's side, or the guild whose member the talent is."""
    kind = principal.organisation.kind
    if kind == Organisation.Kind.GUILD:
        return Talent.objects.filter(
            pk__in=GuildMember.objects.filter(guild=principal.organisation).values("talent_id")
        )
    return talents_on_roster(principal) if kind in _SIDES else Talent.objects.none()


def may_write(principal: Principal, talent: Talent) -> bool:
    """Whether a party may add to the talent's files: who speaks for the talent, who decides as agent, the guild's staff."""
    if principal.organisation.kind == Organisation.Kind.GUILD:
        return principal.acts_as("AUDITOR", "ADMIN")
    if speaks_for(principal, talent) or talent.organisation_id == principal.organisation_id:
        return True
    mandate = mandate_in_force(talent.pk)
    return mandate is not None and is_agent_of(principal, mandate)


def incidents_visible_to(principal: Principal) -> QuerySet[Incident]:
    """Incidents of talents of whom the caller is a party, newest first."""
    return (
        Incident.objects.filter(talent__in=talents_as_party(principal).order_by().values("pk"))
        .select_related("talent", "organisation", "recorded_by")
        .order_by("-created_at", "-pk")
    )


def incident_page(
    principal: Principal, *, closed: bool, before: UUID | None, size: int = 40
) -> tuple[list[Incident], UUID | None]:
    """Some incidents, newest first, each with its number of files as ``files``; and the last, to ask for the next.

    Ids are in the order of time, so the id of the last row is where the next page begins. 2 queries.
    """
    rows = incidents_visible_to(principal).order_by("-pk")
    rows = rows.filter(state__in=CLOSED) if closed else rows.exclude(state__in=CLOSED)
    found = list((rows.filter(pk__lt=before) if before else rows)[: size + 1])
    page = found[:size]
    files = Evidence.objects.filter(incident__in=[one.pk for one in page]).values_list("incident")
    counted = dict(files.annotate(Count("pk")).order_by())
    for one in page:
        one.files = counted.get(one.pk, 0)  # type: ignore[attr-defined]
    return page, page[-1].pk if len(found) > size else None


def incident_for(principal: Principal, incident_id: UUID) -> Incident | None:
    """The incident, if the caller may know of it."""
    return incidents_visible_to(principal).filter(pk=incident_id).first()


def evidence_for(principal: Principal, incident_id: UUID, evidence_id: UUID) -> Evidence | None:
    """A file of evidence, if the caller may know of its incident."""
    if incident_for(principal, incident_id) is None:
        return None
    return Evidence.objects.filter(pk=evidence_id, incident_id=incident_id).first()


def packages_visible_to(principal: Principal) -> QuerySet[IncidentPackage]:
    """Packages that the caller's organisation asked for, of incidents that it may still know of; newest first."""
    mine = IncidentPackage.objects.filter(organisation=principal.organisation)
    visible = incidents_visible_to(principal).order_by().values("pk")
    return mine.filter(incident__in=visible).select_related("incident__talent").order_by("-created_at")


def entries_of(principal: Principal, incident: Incident) -> tuple[EntryLine, ...]:
    """Every entry, oldest first, each with what of its details the caller may be told."""
    waiting = EvidenceReading.objects.filter(evidence__entry=OuterRef("pk"), entry=None)
    rows = incident.entries.select_related("person", "organisation", "evidence").order_by("number")
    entries = list(rows.annotate(is_being_read=Exists(waiting)))
    told = disclosed(principal, entries)
    return tuple(
        EntryLine(
            entry=one,
            told=one.body,
            evidence=getattr(one, "evidence", None),
            details=told.get(one.number),
            is_withheld=one.details is not None and one.number not in told,
        )
        for one in entries
    )


def disclosed(principal: Principal, entries: Sequence[IncidentEntry]) -> dict[int, dict[str, Any]]:
    """The details that the caller may be told, by the number of the entry: all of an entry's, or none; 3 queries."""
    with_details = [one for one in entries if one.details is not None]
    if not with_details:
        return {}
    licences = {jti for one in with_details for jti in _licences_in(one.details)}
    known = {
        str(jti)
        for jti in tokens_visible_to(principal)
        .filter(pk__in=licences)
        .order_by()
        .values_list("pk", flat=True)
    }
    leads = {one.details["mark"] for one in with_details if one.details and one.details.get("mark")}
    seen = set(
        marks.registrations_visible_to(principal)
        .filter(mark_id__in=leads)
        .order_by()
        .values_list("mark_id", flat=True)
    )
    return {
        one.number: one.details
        for one in with_details
        if one.details is not None and _may_be_told(one.details, known, seen)
    }


def incident_detail(principal: Principal, incident_id: UUID) -> IncidentDetail | None:
    """What an incident's page shows; None if it is not the caller's to know of."""
    incident = incident_for(principal, incident_id)
    if incident is None:
        return None
    entries = entries_of(principal, incident)
    return IncidentDetail(
        incident=incident,
        entries=entries,
        evidence=tuple(line.evidence for line in entries if line.evidence is not None),
        being_read=frozenset(
            line.evidence.pk
            for line in entries
            if line.evidence is not None and getattr(line.entry, "is_being_read", False)
        ),
        packages=tuple(
            IncidentPackage.objects.filter(incident=incident, organisation=principal.organisation).order_by(
                "-created_at"
            )[:10]
        ),
        may_write=may_write(principal, incident.talent),
    )


def readings_finished() -> list[tuple[EvidenceReading, MarkDetection]]:
    """Readings whose detection has ended and of which no entry tells yet."""
    waiting = {
        one.detection_id: one
        for one in EvidenceReading.objects.filter(entry=None).select_related("evidence").order_by("pk")[:200]
    }
    done = MarkDetection.objects.filter(pk__in=waiting, state__in=["DONE", "FAILED"])
    return [(waiting[one.pk], one) for one in done]


def package_name(package: IncidentPackage) -> str:
    """What the file is called when it is saved."""
    return f"incident-{package.pk}.zip"


def _licences_in(details: dict[str, Any] | None) -> list[UUID]:
    return [UUID(one["jti"]) for one in (details or {}).get("licences", ())]


def _may_be_told(details: dict[str, Any], known: set[str], seen: set[str]) -> bool:
    """All licences that the details name are the caller's to see, or the mark itself is."""
    if details.get("mark") in seen:
        return True
    jtis = [one["jti"] for one in details.get("licences", ())]
    return bool(jtis or "mark" not in details) and all(jti in known for jti in jtis)
