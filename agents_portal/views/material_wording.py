"""The words that inventories, schemas and screens use: what counsel approved, what changed since, and the approval."""

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.models import User
from agents_portal.access import PortalRequest
from agents_portal.forming import carried_out
from agents_portal.forms.material import WordingForm
from agents_portal.views.material import material_page
from agents_portal.words import Badge
from training.seats import is_counsel
from training.services.wording import approve_wording, wording_of


@material_page
@require_http_methods(["GET", "POST"])
def wording_page(request: PortalRequest) -> HttpResponse:
    """Every word by its key; counsel approves the words whose hash was read."""
    if request.method == "POST" and not is_counsel(request.principal):
        raise PermissionDenied
    held = wording_of(request.principal)
    form = WordingForm(request.POST if request.method == "POST" else None, initial={"hash": held.hash})
    if request.method == "POST" and carried_out(
        form,
        lambda: approve_wording(
            principal=request.principal, hash_=form.cleaned_data["hash"], note=form.cleaned_data["note"]
        ),
    ):
        return redirect("portal-material-wording")
    return render(
        request,
        "portal/material_wording.html",
        {
            "held": held,
            "badge": _badges()[held.state],
            "changed": [(key, was, now) for key, (was, now) in held.changed.items()],
            "words": held.words.items(),
            "approved_by": User.objects.filter(pk=held.approved_by).first() if held.approved_by else None,
            "form": form if is_counsel(request.principal) and held.state != "APPROVED" else None,
        },
        status=422 if form.errors else 200,
    )


def _badges() -> dict[str, Badge]:
    return {
        "APPROVED": Badge("circle-check", _("Approved"), "permit"),
        "CHANGED": Badge("octagon-x", _("Changed since"), "deny"),
        "NEVER_APPROVED": Badge("circle-pause", _("Never approved"), "unsure"),
    }
