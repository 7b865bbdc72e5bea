"""What the lineage rests on, looked at, explained and repaired; and what other systems hold of the manifests (TP-105, TP-185)."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from agents_portal import upkeep_words as say
from agents_portal.access import PortalRequest
from agents_portal.binding import Binding, Consequence
from agents_portal.paging import page_after
from agents_portal.views.material import material_page
from training.models import TrainingManifest
from training.seats import is_engineer
from training.selectors.systems import newest_look, newest_reports, reports_of_system
from training.services.systems import digest_of, states_of
from training.upkeep import look, repair

_SHOWN = 100


@material_page
@require_http_methods(["GET", "POST"])
def inspection_page(request: PortalRequest) -> HttpResponse:
    """Every check as the last look found it; sent, the page looks anew."""
    if request.method == "POST":
        look(principal=request.principal)
        return redirect("portal-material-inspection")
    found = newest_look(request.principal)
    rows = say.told(found)
    return render(
        request,
        "portal/material_inspection.html",
        {
            "look": found,
            "lead": say.lead(found, rows),
            "rows": rows,
            "may_repair": is_engineer(request.principal),
        },
    )


@material_page
@require_http_methods(["GET", "POST"])
def repair_page(request: PortalRequest, check: str) -> HttpResponse:
    """Mend what one check found, after saying what that does; everything is looked at again."""
    told = next((one for one in say.told(newest_look(request.principal)) if one.slug == check), None)
    if told is None or told.check.mend is None:
        raise Http404
    if not is_engineer(request.principal):
        raise PermissionDenied
    back = reverse("portal-material-inspection")
    if request.method == "POST":
        repair(principal=request.principal, code=told.check.code)
        look(principal=request.principal)
        return redirect(back)
    screen = Binding(
        title=_("Repair this now?"),
        lead=told.title,
        verb=_("Repair it"),
        icon="rotate-cw",
        back=back,
        consequences=(
            Consequence("octagon-x", _("What is not well:"), str(told.check.means), "deny"),
            Consequence("rotate-cw", _("What happens:"), str(told.check.repair)),
            Consequence("shield-check", _("Nothing that the record needs is deleted."), _("It is what happens by itself sooner or later.")),
            Consequence("history", _("It stands in the trail"), _("with your name, and everything is looked at again.")),
        ),
    )  # fmt: skip
    return render(request, "portal/bind.html", {"screen": screen})


@material_page
@require_GET
def systems_page(request: PortalRequest) -> HttpResponse:
    """Each system that holds a copy of where the manifests stand, and whether it is in step."""
    now = digest_of(states_of(request.principal.organisation_id))
    rows = newest_reports(request.principal)
    return render(
        request,
        "portal/material_systems.html",
        {"rows": [{"row": one, "badge": say.system_badge(one, now)} for one in rows], "now": now},
    )


@material_page
@require_GET
def system_page(request: PortalRequest, system: str) -> HttpResponse:
    """One system: what it held last, where that differs, and every report."""
    states = states_of(request.principal.organisation_id)
    reports = reports_of_system(request.principal, system)
    newest = reports.first()
    if newest is None:
        raise Http404
    page = page_after(reports, request.GET.get("after", ""))
    return render(
        request,
        "portal/material_system.html",
        {
            "row": newest,
            "badge": say.system_badge(newest, digest_of(states)),
            "differences": _differences(request, newest.differences[:_SHOWN], states),
            "hidden": max(0, newest.differs - _SHOWN),
            "rows": page.rows,
            "more": f"?after={page.after}" if page.after else "",
            "first": request.path if request.GET.get("after") else "",
        },
    )


def _differences(
    request: PortalRequest, told: list[dict[str, str]], states: dict[str, str]
) -> list[dict[str, Any]]:
    rows = TrainingManifest.objects.filter(
        organisation=request.principal.organisation, content_id__in=[one["manifest"] for one in told]
    )
    known = {content_id: (pk, name) for pk, content_id, name in rows.values_list("pk", "content_id", "name")}
    return [
        {
            "manifest": one["manifest"].removeprefix("sha256:"),
            "id": known.get(one["manifest"], (None, ""))[0],
            "name": known.get(one["manifest"], (None, ""))[1],
            "theirs": say.state_words(one["theirs"]),
            "ours": say.state_words(one["ours"]),
            "now": say.state_words(states.get(one["manifest"], "")),
            "has_moved": states.get(one["manifest"], "") != one["ours"],
        }
        for one in told
    ]
