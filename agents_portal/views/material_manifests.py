"""Manifests: what jobs may train on, whether the gate lets them now, their release and their end."""

from urllib.parse import quote
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from agents_portal import takedown_words as say
from agents_portal.access import PortalRequest
from agents_portal.binding import Binding, Consequence
from agents_portal.downloads import as_download
from agents_portal.forming import carried_out
from agents_portal.forms.material import StopForm
from agents_portal.paging import page_after
from agents_portal.views.material import material_page, tabs
from agents_portal.words import figure
from training.models import TrainingManifest
from training.seats import is_counsel
from training.selectors.manifests import fitted_on, lines_of, manifest_for, manifests_of
from training.services.manifests import release_manifest, withdraw_manifest
from training.services.releasing import may_be_trained_on, release_gate
from trustcore.manifest import MEDIA_TYPE

_RUNS = 50


@material_page
@require_GET
def manifests_page(request: PortalRequest) -> HttpResponse:
    """Every manifest of the house."""
    page = page_after(manifests_of(request.principal), request.GET.get("after", ""))
    return render(
        request,
        "portal/material_manifests.html",
        {
            "tabs": tabs("portal-material-manifests"),
            "rows": [{"row": one, "badge": say.manifest_badge(one)} for one in page.rows],
            "more": f"?after={quote(page.after)}" if page.after else "",
            "first": request.path if request.GET.get("after") else "",
        },
    )


@material_page
@require_GET
def manifest_page(request: PortalRequest, manifest_id: UUID) -> HttpResponse:
    """One manifest: whether a job may train on it at this moment, what it lists, and what trained on it."""
    row = _manifest(request, manifest_id)
    answer = may_be_trained_on(row)
    may_bind = is_counsel(request.principal) and row.withdrawn_at is None
    return render(
        request,
        "portal/material_manifest.html",
        {
            "row": row,
            "badge": say.manifest_badge(row),
            "answer": answer,
            "why": say.against_words(answer.against, row.rows),
            "sources": len(row.head["sources"]),
            "runs": fitted_on(row, most=_RUNS),
            "is_own": row.frozen_by_id == request.principal.person.pk,
            "may_release": may_bind and row.released_at is None,
            "may_withdraw": may_bind,
        },
    )


@material_page
@require_GET
def manifest_file(request: PortalRequest, manifest_id: UUID) -> HttpResponseBase:
    """The manifest as it was frozen: its signed head, then a row a line."""
    row = _manifest(request, manifest_id)
    return as_download(
        StreamingHttpResponse(lines_of(row), content_type=MEDIA_TYPE),
        f"{row.name}-{row.content_id[7:15]}.manifest.jsonl",
    )


@material_page
@require_http_methods(["GET", "POST"])
def release_page(request: PortalRequest, manifest_id: UUID) -> HttpResponse:
    """Counsel releases it, if the gate has nothing against it at that moment."""
    row = _for_counsel(request, manifest_id)
    back = reverse("portal-material-manifest", args=[row.pk])
    if request.method == "POST":
        release_manifest(principal=request.principal, name=str(row.pk))
        return redirect(back)
    against = say.against_words(release_gate(row).against, row.rows)
    screen = Binding(
        title=_("Release %(name)s?") % {"name": row.name},
        lead=_("Jobs may train on it from then on, as long as every right holds."),
        verb=_("Release the manifest"),
        back=back,
        consequences=(
            *(Consequence("octagon-x", one.found, one.much, "deny") for one in against),
            Consequence(
                "list",
                ngettext("%(n)s row", "%(n)s rows", row.rows) % {"n": figure(row.rows)},
                _("of which each leads to a source with a right."),
            ),
            Consequence("shield-check", _("The gate is asked again"), _("at every job that begins.")),
            Consequence("users", _("Two people"), _("stand behind it: who froze it, and you.")),
        ),
        terms_hash=row.content_id.removeprefix("sha256:"),
        hash_caption=_("You release this manifest (sha256)"),
        problem=_("The gate would refuse it now.") if against else "",
    )
    return render(request, "portal/bind.html", {"screen": screen, "form": None})


@material_page
@require_http_methods(["GET", "POST"])
def withdraw_page(request: PortalRequest, manifest_id: UUID) -> HttpResponse:
    """Counsel ends it for good."""
    row = _for_counsel(request, manifest_id)
    form = StopForm(request.POST if request.method == "POST" else None)
    back = reverse("portal-material-manifest", args=[row.pk])
    if request.method == "POST" and carried_out(
        form,
        lambda: withdraw_manifest(
            principal=request.principal, name=str(row.pk), reason=form.cleaned_data["reason"]
        ),
    ):
        return redirect(back)
    screen = Binding(
        title=_("Withdraw %(name)s?") % {"name": row.name},
        lead=_("For good. Who needs it again freezes another."),
        verb=_("Withdraw the manifest"),
        icon="circle-x",
        danger=True,
        back=back,
        consequences=(
            Consequence("ban", _("No job begins on it"), _("from this moment on."), "deny"),
            Consequence("history", _("What trained on it"), _("stays on record.")),
        ),
    )
    return render(
        request, "portal/bind.html", {"screen": screen, "form": form}, status=422 if form.errors else 200
    )


def _manifest(request: PortalRequest, manifest_id: UUID) -> TrainingManifest:
    row = manifest_for(request.principal, str(manifest_id))
    if row is None:
        raise Http404
    return row


def _for_counsel(request: PortalRequest, manifest_id: UUID) -> TrainingManifest:
    row = _manifest(request, manifest_id)
    if not is_counsel(request.principal):
        raise PermissionDenied
    return row
