"""What people do about a case: say what was done about a model, remove, call off, close."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from agents_portal.access import PortalRequest
from agents_portal.binding import Binding, Consequence
from agents_portal.forming import FormPage, Part, carried_out, show_form
from agents_portal.forms.material import StopForm
from agents_portal.forms.takedowns import ItemForm
from agents_portal.views.material import material_page
from agents_portal.views.material_takedowns import case_of
from agents_portal.words import figure
from training.models import Takedown
from training.seats import is_counsel, is_engineer
from training.services.takedown_acts import answer_item, call_off, close_takedown, remove_material
from training.vocabulary import NodeKind


@material_page
@require_http_methods(["GET", "POST"])
def item_page(request: PortalRequest, takedown_id: UUID, item_id: UUID) -> HttpResponse:
    """Say what was done about one model, and what shows it."""
    case = case_of(request, takedown_id)
    item = case.items.filter(pk=item_id).exclude(ref=None).select_related("owner").first()
    if item is None:
        raise Http404
    if not is_engineer(request.principal):
        raise PermissionDenied
    form = ItemForm(request.POST if request.method == "POST" else None, choices=item.choices)
    if request.method == "POST" and carried_out(
        form,
        lambda: answer_item(
            principal=request.principal, takedown_id=case.pk, item_id=item.pk, **form.cleaned_data
        ),
    ):
        return redirect("portal-material-takedown", case.pk)
    page = FormPage(
        title=_("What was done about %(name)s?") % {"name": item.label},
        lead=_("It cannot be taken back. It stands on the certificate with your name."),
        verb=_("It is done"),
        back=reverse("portal-material-takedown", args=[case.pk]),
        back_words=_("The case"),
        parts=(
            Part(_("What was done"), ("action",)),
            Part(_("What shows it"), ("evidence", "evidence_sha256")),
        ),
    )
    return show_form(request, page, form)


@material_page
@require_http_methods(["GET", "POST"])
def remove_page(request: PortalRequest, takedown_id: UUID) -> HttpResponse:
    """Counsel removes the material, for good."""
    case = _for_counsel(request, takedown_id)
    material = case.counts.get(NodeKind.ASSET, 0) + case.counts.get(NodeKind.DERIVATIVE, 0)
    screen = Binding(
        title=_("Remove the material for good?"),
        lead=_("Its bytes are deleted from our storage. Nobody can bring them back."),
        verb=_("Remove the material"),
        icon="circle-minus",
        danger=True,
        back=reverse("portal-material-takedown", args=[case.pk]),
        consequences=(
            Consequence(
                "image",
                ngettext("%(n)s original or derivative", "%(n)s originals and derivatives", material)
                % {"n": figure(material)},
                _("are deleted, unless something else needs the very same bytes."),
                "deny",
            ),
            Consequence("scroll-text", _("The record stays"), _("with hashes, rights and who did what.")),
            Consequence("undo-2", _("After this it cannot be called off.")),
        ),
    )
    return _carry(request, screen, case, remove_material)


@material_page
@require_http_methods(["GET", "POST"])
def close_page(request: PortalRequest, takedown_id: UUID) -> HttpResponse:
    """Counsel closes a case; its certificate is signed."""
    case = _for_counsel(request, takedown_id)
    screen = Binding(
        title=_("Close this case?"),
        lead=_("The graph is walked once more first: what was made meanwhile becomes work."),
        verb=_("Close the case"),
        icon="circle-check",
        back=reverse("portal-material-takedown", args=[case.pk]),
        consequences=(
            Consequence(
                "scroll-text", _("A certificate is signed"), _("over what was reached and what was done.")
            ),
            Consequence("lock", _("Nothing is added afterwards.")),
        ),
    )
    return _carry(request, screen, case, close_takedown)


@material_page
@require_http_methods(["GET", "POST"])
def call_off_page(request: PortalRequest, takedown_id: UUID) -> HttpResponse:
    """Counsel calls a case off while nothing was removed."""
    case = _for_counsel(request, takedown_id)
    form = StopForm(request.POST if request.method == "POST" else None)
    back = reverse("portal-material-takedown", args=[case.pk])
    if request.method == "POST" and carried_out(
        form,
        lambda: call_off(
            principal=request.principal, takedown_id=case.pk, reason=form.cleaned_data["reason"]
        ),
    ):
        return redirect(back)
    manifests = case.counts.get(NodeKind.MANIFEST, 0)
    screen = Binding(
        title=_("Call this case off?"),
        lead=_("The claim was wrong, or the rights hold after all."),
        verb=_("Call it off"),
        icon="undo-2",
        danger=True,
        back=back,
        consequences=(
            Consequence("circle-check", _("Originals stand admitted again"), _("where their rights hold.")),
            Consequence(
                "list",
                ngettext("%(n)s manifest", "%(n)s manifests", manifests) % {"n": figure(manifests)},
                _("stay withdrawn. Freeze another."),
            ),
            Consequence("scroll-text", _("A certificate says that it was called off, and why.")),
        ),
    )
    return render(
        request, "portal/bind.html", {"screen": screen, "form": form}, status=422 if form.errors else 200
    )


def _for_counsel(request: PortalRequest, takedown_id: UUID) -> Takedown:
    case = case_of(request, takedown_id)
    if not is_counsel(request.principal):
        raise PermissionDenied
    return case


def _carry(request: PortalRequest, screen: Binding, case: Takedown, act: Callable[..., Any]) -> HttpResponse:
    if request.method == "POST":
        act(principal=request.principal, takedown_id=case.pk)
        return redirect("portal-material-takedown", case.pk)
    return render(request, "portal/bind.html", {"screen": screen, "form": None})
