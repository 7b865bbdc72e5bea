"""Incidents: list, record, read one with its evidence, take a copy along."""

from uuid import UUID

from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agents_portal.access import AGENT, AUDITOR, TALENT, PortalRequest, portal_page
from agents_portal.forms.incidents import IncidentForm
from agents_portal.incident_words import (
    files_of,
    licence_sentence,
    likeness_of,
    reading_sentence,
    said,
    state_badge,
    uses_of,
)
from agents_portal.words import Badge
from common.errors import Conflict, InvalidInput, NotFound
from compliance.incidents.api import evidence_response, package_response
from compliance.incidents.models import IncidentPackage
from compliance.incidents.selectors import (
    CLOSED,
    evidence_for,
    incident_detail,
    incident_page,
    package_name,
    packages_visible_to,
    talents_as_party,
)
from compliance.incidents.services import ask_reading, record_incident
from compliance.incidents.services.reading import MEDIA
from compliance.incidents.workflows import export_incident

PARTIES = (AGENT, TALENT, AUDITOR)
_OFFERED = 200
_FIELD_OF = {
    "PLATFORM_INVALID": "platform",
    "URL_INVALID": "url",
    "SEEN_AT_INVALID": "seen_at",
    "DESCRIPTION_INVALID": "description",
}
_PACKAGES = {
    "QUEUED": ("hourglass", ""),
    "READY": ("package-check", "permit"),
    "FAILED": ("circle-x", "deny"),
}


@portal_page(*PARTIES)
@require_GET
def incidents_page(request: PortalRequest) -> HttpResponse:
    """List incidents, newest first; ``tab`` shows the closed ones, ``before`` pages."""
    closed = request.GET.get("tab") == "closed"
    rows, more = incident_page(request.principal, closed=closed, before=_id(request.GET.get("before", "")))
    return render(
        request,
        "portal/incidents.html",
        {
            "rows": [
                {"incident": one, "badge": state_badge(one.state), "likeness": likeness_of(one)}
                for one in rows
            ],
            "closed": closed,
            "more": more,
        },
    )


@portal_page(*PARTIES)
@require_http_methods(["GET", "POST"])
def new_incident_page(request: PortalRequest) -> HttpResponse:
    """Write down what was seen; files are added on its own page."""
    people = list(
        talents_as_party(request.principal)
        .order_by("stage_name")
        .values_list("handle", "stage_name")[:_OFFERED]
    )
    own = [(handle, name) for handle, name in people] if request.seat == TALENT else None
    form = IncidentForm(
        request.POST if request.method == "POST" else None,
        own=own,
        initial={"talent": request.GET.get("talent", "")},
    )
    if request.method == "POST" and form.is_valid():
        try:
            row = record_incident(principal=request.principal, **form.cleaned_data)
            return redirect("portal-incident", row.pk)
        except NotFound:
            form.add_error("talent", _("Nobody of this handle is yours to speak for."))
        except InvalidInput as error:
            form.add_error(_FIELD_OF.get(error.code), f"{error.title} {error.detail}".strip())
    return render(
        request,
        "portal/incident_new.html",
        {"form": form, "people": people if own is None else ()},
        status=422 if form.errors else 200,
    )


@portal_page(*PARTIES)
@require_GET
def incident_one_page(request: PortalRequest, incident_id: UUID) -> HttpResponse:
    """Show one: what was seen, what the server knows, the files, the whole file entry by entry."""
    detail = incident_detail(request.principal, incident_id)
    if detail is None:
        raise Http404
    incident, lines = detail.incident, detail.entries
    licences = [line for line in lines if line.entry.kind == "LICENCES"]
    readings = [line for line in lines if line.entry.kind == "READING"]
    latest = {line.told["evidence"]: line for line in readings}
    names = {str(one.pk): one for one in detail.evidence}
    return render(
        request,
        "portal/incident.html",
        {
            "incident": incident,
            "badge": state_badge(incident.state),
            "likeness": likeness_of(incident),
            "uses": uses_of(incident),
            "licences": licences[-1],
            "licence_words": licence_sentence(licences[-1].told),
            "found": [
                (names[key], reading_sentence(line), line) for key, line in latest.items() if key in names
            ],
            "files": files_of(lines, detail.being_read, MEDIA),
            "said": said(lines),
            "head": lines[-1].entry,
            "packages": [(one, _package_badge(one), package_name(one)) for one in detail.packages],
            "may_write": detail.may_write,
            "is_closed": incident.state in CLOSED,
            "has_notice": any(line.entry.kind == "NOTICE" for line in lines),
            "lead": _lead(incident.state, len(detail.evidence)),
        },
    )


@portal_page(*PARTIES)
@require_GET
def evidence_page(request: PortalRequest, incident_id: UUID, evidence_id: UUID) -> HttpResponseBase:
    """Answer with a file of evidence, to be saved and never shown."""
    row = evidence_for(request.principal, incident_id, evidence_id)
    if row is None:
        raise Http404
    return evidence_response(request, row)


@portal_page(*PARTIES)
@require_POST
def read_evidence_page(request: PortalRequest, incident_id: UUID, evidence_id: UUID) -> HttpResponse:
    """Have a file read for marks again."""
    try:
        ask_reading(principal=request.principal, incident_id=incident_id, evidence_id=evidence_id)
    except InvalidInput as error:
        raise Conflict(error.code, error.title, error.detail) from error
    return redirect("portal-incident", incident_id)


@portal_page(*PARTIES)
@require_POST
def pack_page(request: PortalRequest, incident_id: UUID) -> HttpResponse:
    """Ask for a signed package of the file as it stands."""
    export_incident(principal=request.principal, incident_id=incident_id)
    return redirect("portal-incident", incident_id)


@portal_page(*PARTIES)
@require_GET
def package_page(request: PortalRequest, package_id: UUID) -> HttpResponseBase:
    """Answer with a package itself."""
    package = packages_visible_to(request.principal).filter(pk=package_id).first()
    if package is None:
        raise Http404
    return package_response(request, package)


def _package_badge(package: IncidentPackage) -> Badge:
    icon, tone = _PACKAGES[package.state]
    words = {"QUEUED": _("Being made"), "READY": _("Ready"), "FAILED": _("Could not be made")}
    return Badge(icon, words[package.state], tone)


def _lead(state: str, files: int) -> str:
    evidence = ngettext("%(n)s file is kept as evidence.", "%(n)s files are kept as evidence.", files) % {
        "n": files
    }
    leads = {
        "OPEN": _("Written down, and nobody was told yet."),
        "NOTICE_SENT": _("A notice was sent. An answer is awaited."),
        "ANSWERED": _("The notice was answered."),
        "RESOLVED": _("It is resolved."),
        "DISMISSED": _("It was dismissed."),
    }
    return f"{leads[state]} {evidence}"


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
