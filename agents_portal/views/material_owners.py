"""Hand a source over: its owner does, or counsel for one who has left."""

from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from agents_portal.access import PortalRequest
from agents_portal.binding import Binding, Consequence
from agents_portal.forming import carried_out
from agents_portal.forms.material import HandOverForm
from agents_portal.views.material import material_page
from agents_portal.words import figure
from training.models import Source
from training.seats import may_hand_over
from training.selectors.inventory import assets_of, sources_of
from training.services.owners import hand_over


@material_page
@require_http_methods(["GET", "POST"])
def hand_over_page(request: PortalRequest, source_id: UUID) -> HttpResponse:
    """Make a colleague the owner of a source and of its originals."""
    source = sources_of(request.principal).select_related("owner").filter(pk=source_id).first()
    if source is None:
        raise Http404
    if not may_hand_over(request.principal, source):
        raise PermissionDenied
    form = HandOverForm(request.POST if request.method == "POST" else None)
    back = reverse("portal-material-source", args=[source.pk])
    if request.method == "POST" and carried_out(form, lambda: _handed_over(request, source, form)):
        return redirect(back)
    number = assets_of(request.principal).filter(source=source).count()
    screen = Binding(
        title=_("Hand this source over?"),
        lead=_("%(holder)s. Its owner is %(owner)s.")
        % {"holder": source.rights_holder, "owner": source.owner.full_name},
        verb=_("Hand it over"),
        icon="users",
        back=back,
        consequences=(
            Consequence(
                "image",
                ngettext("%(n)s original", "%(n)s originals", number) % {"n": figure(number)},
                _("of it goes along."),
            ),
            Consequence("history", _("From whom, to whom and why"), _("stays in the record.")),
        ),
    )
    return render(
        request, "portal/bind.html", {"screen": screen, "form": form}, status=422 if form.errors else 200
    )


def _handed_over(request: PortalRequest, source: Source, form: forms.Form) -> Any:
    told = form.cleaned_data
    return hand_over(
        principal=request.principal, source_id=source.pk, to=told["owner"], reason=told["reason"]
    )
