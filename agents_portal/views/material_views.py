"""Three looks at the same material, and what each kind of reader needs of them; as a page and as a file."""

from datetime import datetime
from typing import Any

from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from agents_portal import report_words as words
from agents_portal.access import PortalRequest
from agents_portal.views.material import material_page, tabs
from common import clock
from training.selectors.views import LAYERS, VIEWS, layer_of, view_of
from training.services.questions import stopwatch


@material_page
@require_GET
def view_page(request: PortalRequest, view: str) -> HttpResponse:
    """One view, or one reader's layer, at this moment."""
    at = clock.now()
    parts = _parts(request, view, at)
    title, lead = words.VIEWS[view]
    return render(
        request,
        "portal/material_view.html",
        {
            "tabs": tabs("portal-material-view"),
            "views": [
                {
                    "href": reverse("portal-material-view", args=[name]),
                    "label": words.VIEWS[name][0],
                    "is_here": name == view,
                }
                for name in (*VIEWS, *LAYERS)
            ],
            "view": view,
            "title": title,
            "lead": lead,
            "at": at,
            "parts": [words.part_of(name, value) for name, value in parts.items()],
        },
    )


@material_page
@require_GET
def view_file(request: PortalRequest, view: str) -> HttpResponse:
    """The same as JSON, whole."""
    at = clock.now()
    answer = JsonResponse({"view": view, "at": clock.rfc3339(at), "parts": _parts(request, view, at)})
    answer["Content-Disposition"] = f'attachment; filename="training-{view}.json"'
    return answer


def _parts(request: PortalRequest, view: str, at: datetime) -> dict[str, Any]:
    if view in VIEWS:
        with stopwatch(request.principal.organisation_id, VIEWS[view]):
            return view_of(request.principal, view, at)
    if view not in LAYERS:
        raise Http404
    return layer_of(request.principal, view, at)
