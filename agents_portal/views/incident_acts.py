"""What is added to an incident: a file, a note, a notice, an answer, an end. One form a page."""

from collections.abc import Callable
from typing import Any, NamedTuple
from uuid import UUID

from django import forms
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods

from agents_portal.access import PortalRequest, portal_page
from agents_portal.forms.incidents import (
    AnswerForm,
    EndForm,
    EvidenceForm,
    NoteForm,
    NoticeForm,
    ReopenForm,
)
from agents_portal.views.incidents import PARTIES
from common.errors import Conflict, InvalidInput, TooLarge
from common.problems import too_large
from compliance.incidents import services
from compliance.incidents.api import FORM_BYTES, refuse_oversize
from compliance.incidents.models import Evidence, Incident
from compliance.incidents.selectors import CLOSED, incident_for, may_write
from compliance.incidents.workflows import hand_in_evidence
from watermarking.api import on_disk

_FIELD_OF = {
    "SENT_TO_INVALID": "sent_to",
    "SENT_AT_INVALID": "sent_at",
    "LAW_INVALID": "law",
    "NOTE_INVALID": "text",
    "RECEIVED_FROM_INVALID": "received_from",
    "RECEIVED_AT_INVALID": "received_at",
    "REASON_INVALID": "reason",
    "CAPTURED_AT_INVALID": "captured_at",
    "URL_INVALID": "source_url",
}


class Screen(NamedTuple):
    """The words around one form."""

    title: str
    lead: str
    verb: str


@portal_page(*PARTIES)
@require_http_methods(["GET", "POST"])
def note_page(request: PortalRequest, incident_id: UUID) -> HttpResponse:
    """Add a remark."""
    incident = _writable(request, incident_id)
    screen = Screen(_("Add a note"), _("It is kept as it is and cannot be changed."), _("Add the note"))
    return _act(request, incident, NoteForm(_sent(request)), screen, services.add_note)


@portal_page(*PARTIES)
@require_http_methods(["GET", "POST"])
def notice_page(request: PortalRequest, incident_id: UUID) -> HttpResponse:
    """Note that a notice was sent; none is sent from here."""
    incident = _writable(request, incident_id)
    screen = Screen(
        _("Note a notice that was sent"),
        _("To whom, when, and under which law. This server sends no notice itself."),
        _("Note the notice"),
    )
    return _act(
        request, incident, NoticeForm(_sent(request), files=_files(incident)), screen, services.add_notice
    )


@portal_page(*PARTIES)
@require_http_methods(["GET", "POST"])
def answer_page(request: PortalRequest, incident_id: UUID) -> HttpResponse:
    """Note an answer that came."""
    incident = _writable(request, incident_id)
    screen = Screen(
        _("Note an answer"),
        _("What came back, from whom and when. Add the letter as evidence first."),
        _("Note the answer"),
    )
    return _act(
        request, incident, AnswerForm(_sent(request), files=_files(incident)), screen, services.add_answer
    )


@portal_page(*PARTIES)
@require_http_methods(["GET", "POST"])
def state_page(request: PortalRequest, incident_id: UUID) -> HttpResponse:
    """Resolve or dismiss it; open a closed one again."""
    incident = _writable(request, incident_id, is_open=False)
    if incident.state in CLOSED:
        screen = Screen(_("Open it again"), _("Then files and notes can be added."), _("Open it again"))
        return _act(
            request, incident, ReopenForm(_sent(request)), screen, services.change_state, state="OPEN"
        )
    screen = Screen(
        _("Close this incident"), _("Nothing of it is removed. It can be opened again."), _("Close it")
    )
    return _act(request, incident, EndForm(_sent(request)), screen, services.change_state)


@csrf_exempt  # asked below, once it is known that the reader may add a file: asking reads the body
@portal_page(*PARTIES)
@require_http_methods(["GET", "POST"])
def add_evidence_page(request: PortalRequest, incident_id: UUID) -> HttpResponseBase:
    """Take a file in, spooled to disk as it comes."""
    incident = _writable(request, incident_id)
    try:
        refuse_oversize(request)
    except TooLarge:
        return too_large(request)
    return _take_evidence(request, incident)


@csrf_protect
def _take_evidence(request: PortalRequest, incident: Incident) -> HttpResponse:
    is_sent = request.method == "POST"
    form = EvidenceForm(request.POST, request.FILES) if is_sent else EvidenceForm()
    if is_sent and form.is_valid():
        fields = form.cleaned_data
        upload = fields.pop("file")
        try:
            with on_disk(upload) as path:
                hand_in_evidence(
                    principal=request.principal,
                    incident_id=incident.pk,
                    path=path,
                    file_name=upload.name or "file",
                    **fields,
                )
            return redirect("portal-incident", incident.pk)
        except (InvalidInput, TooLarge, Conflict) as error:
            form.add_error(_FIELD_OF.get(error.code, "file"), f"{error.title} {error.detail}".strip())
    screen = Screen(
        _("Add a file of evidence"),
        _("It is kept byte for byte with its SHA-256, and is never opened or shown here."),
        _("Add the file"),
    )
    context = {
        "form": form,
        "screen": screen,
        "incident": incident,
        "is_upload": True,
        "most": settings.INCIDENT_EVIDENCE_BYTES_MAX - FORM_BYTES,
    }
    return render(request, "portal/incident_add.html", context, status=422 if form.errors else 200)


def _act(
    request: PortalRequest,
    incident: Incident,
    form: forms.Form,
    screen: Screen,
    act: Callable[..., Any],
    **fixed: Any,
) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        given = {name: value for name, value in form.cleaned_data.items() if name != "evidence"}
        if files := form.cleaned_data.get("evidence"):
            given["evidence"] = [UUID(one) for one in files]
        try:
            act(principal=request.principal, incident_id=incident.pk, **given, **fixed)
            return redirect("portal-incident", incident.pk)
        except InvalidInput as error:
            form.add_error(_FIELD_OF.get(error.code), f"{error.title} {error.detail}".strip())
    context = {"form": form, "screen": screen, "incident": incident}
    return render(request, "portal/incident_add.html", context, status=422 if form.errors else 200)


def _writable(request: PortalRequest, incident_id: UUID, *, is_open: bool = True) -> Incident:
    """The incident, if the reader may add to it now."""
    incident = incident_for(request.principal, incident_id)
    if incident is None:
        raise Http404
    if not may_write(request.principal, incident.talent):
        raise PermissionDenied
    if is_open and incident.state in CLOSED:
        raise Conflict("INCIDENT_CLOSED", _("This incident is closed."), _("Open it again to add to it."))
    return incident


def _sent(request: PortalRequest) -> Any:
    return request.POST if request.method == "POST" else None


def _files(incident: Incident) -> list[tuple[str, str]]:
    rows = Evidence.objects.filter(incident=incident).select_related("entry").order_by("entry__number")
    return [(str(one.pk), f"{one.entry.number}: {one.file_name}") for one in rows]
