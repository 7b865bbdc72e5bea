"""Material in bulk: files of captures, handed in, followed while they are read, called off; the rows that stayed out."""

from typing import BinaryIO, cast
from urllib.parse import quote
from uuid import UUID

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_GET, require_http_methods

from agents_portal import import_words as say
from agents_portal.access import PortalRequest
from agents_portal.binding import Binding, Consequence
from agents_portal.downloads import as_download
from agents_portal.figures import Meter
from agents_portal.forms.material import ImportForm
from agents_portal.paging import page_after
from agents_portal.views.material import material_page, tabs
from agents_portal.words import figure
from common.errors import Conflict, InvalidInput, TooLarge
from common.problems import too_large
from licensing.services import write_csv
from training.models import MaterialImport
from training.seats import is_engineer
from training.selectors.imports import import_for, imports_of, refusals_of
from training.services.imports import cancel_import
from training.workflows import import_material

_FORM_BYTES = 64 * 1024
_REFUSED_SHOWN = 50


@material_page
@require_GET
def imports_page(request: PortalRequest) -> HttpResponse:
    """Every file of captures of the house, the newest first."""
    page = page_after(imports_of(request.principal), request.GET.get("after", ""))
    return render(
        request,
        "portal/material_imports.html",
        {
            "tabs": tabs("portal-material-imports"),
            "rows": [{"row": one, "badge": say.STATES[one.state]} for one in page.rows],
            "may_import": is_engineer(request.principal),
            "more": f"?after={quote(page.after)}" if page.after else "",
            "first": request.path if request.GET.get("after") else "",
        },
    )


@csrf_exempt  # asked below, once it is known that the reader may hand in a file: asking reads the body
@material_page
@require_http_methods(["GET", "POST"])
def new_import_page(request: PortalRequest) -> HttpResponseBase:
    """Take a file of captures, spooled to disk as it comes; its own page says how far it is read."""
    if not is_engineer(request.principal):
        raise PermissionDenied
    declared = request.META.get("CONTENT_LENGTH") or "0"
    if not declared.isdecimal() or int(declared) > settings.TRAINING_IMPORT_BYTES_MAX + _FORM_BYTES:
        return too_large(request)
    return _take_file(request)


@csrf_protect
def _take_file(request: PortalRequest) -> HttpResponse:
    is_sent = request.method == "POST"
    form = ImportForm(request.POST, request.FILES) if is_sent else ImportForm()
    if is_sent and form.is_valid():
        upload = form.cleaned_data["file"]
        try:
            job, _is_new = import_material(
                principal=request.principal, read=cast(BinaryIO, upload.file).read, length=upload.size or 0
            )
            return redirect("portal-material-import", job.pk)
        except (InvalidInput, TooLarge) as error:
            form.add_error("file", f"{error.title} {error.detail}".strip())
    return render(
        request,
        "portal/material_import_new.html",
        {"form": form, "most": settings.TRAINING_IMPORT_BYTES_MAX},
        status=422 if form.errors else 200,
    )


@material_page
@require_GET
def import_page(request: PortalRequest, import_id: UUID) -> HttpResponse:
    """How far a file is read, what became of its rows, and which were not taken and why; it follows by itself."""
    row = _import(request, import_id)
    refused = list(refusals_of(row)[:_REFUSED_SHOWN]) if row.rows_refused else []
    is_unfinished = row.finished_at is None
    answer = render(
        request,
        "portal/material_import.html",
        {
            "row": row,
            "badge": say.STATES[row.state],
            "lead": say.lead_of(row),
            "meter": Meter(row.bytes_read, row.size_bytes, "", _("How far it is read")),
            "failure": say.FAILURES.get(row.failure, row.failure),
            "refused": [(one, say.ROWS.get(one.code, one.code)) for one in refused],
            "hidden": max(0, row.rows_refused - len(refused)),
            "is_unfinished": is_unfinished,
            "may_cancel": is_unfinished and is_engineer(request.principal),
        },
    )
    if request.htmx and not is_unfinished:
        answer.headers["HX-Refresh"] = "true"  # it has ended: show the whole page as it is now
    return answer


@material_page
@require_GET
def refused_file(request: PortalRequest, import_id: UUID) -> HttpResponseBase:
    """Every row that was not taken, as a sheet in which no cell runs."""
    row = _import(request, import_id)
    told = refusals_of(row).values_list("row", "code", "detail", "external_id", "decision_id")
    lines = (tuple("" if cell is None else cell for cell in one) for one in told.iterator(chunk_size=2000))
    sheet = write_csv(("row", "code", "detail", "external_id", "decision"), lines)
    return as_download(
        StreamingHttpResponse(sheet, content_type="text/csv; charset=utf-8"), f"refused-{row.pk}.csv"
    )


@material_page
@require_http_methods(["GET", "POST"])
def cancel_page(request: PortalRequest, import_id: UUID) -> HttpResponse:
    """Call a reading off."""
    row = _import(request, import_id)
    if not is_engineer(request.principal):
        raise PermissionDenied
    back = reverse("portal-material-import", args=[row.pk])
    problem = ""
    if request.method == "POST":
        try:
            cancel_import(principal=request.principal, import_id=row.pk)
            return redirect(back)
        except Conflict:
            problem = _("It has ended already. Nothing was called off.")
    elif row.finished_at is not None:
        return redirect(back)
    kept = row.rows_admitted + row.rows_isolated
    screen = Binding(
        title=_("Call this import off?"),
        lead=_("No row after the ones in hand is read. The same file can be handed in again."),
        verb=_("Call the import off"),
        icon="circle-x",
        danger=True,
        back=back,
        consequences=(
            Consequence(
                "layers",
                ngettext("%(n)s original stays", "%(n)s originals stay", kept) % {"n": figure(kept)},
                _("as the gate judged it. To remove what is held already is a takedown, another act."),
            ),
            Consequence("file-text", _("The file is deleted."), _("Its hash stays, with who handed it in.")),
            Consequence("history", _("Handed in again,"), _("it registers nothing twice.")),
        ),
        problem=problem,
    )
    return render(
        request, "portal/bind.html", {"screen": screen, "form": None}, status=409 if problem else 200
    )


def _import(request: PortalRequest, import_id: UUID) -> MaterialImport:
    row = import_for(request.principal, import_id)
    if row is None:
        raise Http404
    return row
