"""What counsel defines for the house's material: the rules of now, in words, and the next version of them."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from agents_portal.access import PortalRequest
from agents_portal.forming import carried_out
from agents_portal.forms.material_rules import ACTIONS, RulesForm
from agents_portal.views.material import material_page
from training.models import HouseRules
from training.seats import is_counsel
from training.selectors.rules import procedure_for, rules_told
from training.vocabulary import CollectionMethod, ItemAction, LicenceClass, SourceType, TakedownTrigger
from training.workflows import put_rules_into_force

_VERSIONS = 20


@material_page
@require_http_methods(["GET", "POST"])
def rules_page(request: PortalRequest) -> HttpResponse:
    """The rules that hold, with every version; counsel writes the next one."""
    if request.method == "POST" and not is_counsel(request.principal):
        raise PermissionDenied
    versions = list(rules_told(request.principal)[:_VERSIONS])
    held = versions[0] if versions else None
    form = RulesForm(request.POST if request.method == "POST" else None, held=held)
    if request.method == "POST" and carried_out(
        form, lambda: put_rules_into_force(principal=request.principal, ask=form.ask())
    ):
        return redirect("portal-material-rules")
    return render(
        request,
        "portal/material_rules.html",
        {
            "held": held,
            "facts": _facts(held) if held else [],
            "procedures": [_procedure(held, one) for one in TakedownTrigger],
            "versions": versions,
            "form": form if is_counsel(request.principal) else None,
        },
        status=422 if form.errors else 200,
    )


def _facts(held: HouseRules) -> list[tuple[str, str]]:
    def words(chosen: list[str], of: Any) -> str:
        return ", ".join(str(of(one).label) for one in chosen) or _("None")

    days = held.retention_days
    return [
        (_("Licences that we accept"), words(held.licence_classes, LicenceClass)),
        (_("Sources that we take nothing from"), words(held.prohibited_source_types, SourceType)),
        (_("Ways of collecting that we prohibit"), words(held.prohibited_methods, CollectionMethod)),
        (_("Where it may be meant for"), ", ".join(held.territories)),
        (
            _("Days that anything is kept after its rights end"),
            _("As long as its rights record allows") if days is None
            else ngettext("%(n)s day", "%(n)s days", days) % {"n": days},
        ),
    ]  # fmt: skip


def _procedure(held: HouseRules | None, trigger: TakedownTrigger) -> dict[str, str]:
    within, actions = procedure_for(held, trigger)
    hours = round(within.total_seconds() / 3600)
    return {
        "trigger": str(trigger.label),
        "hours": ngettext("%(n)s hour", "%(n)s hours", hours) % {"n": hours},
        "actions": ", ".join(str(ACTIONS[ItemAction(one)]) for one in actions),
    }
