"""Three looks at the same material, and what each kind of reader needs of them; as a page and as a file."""

from datetime import datetime
from typing import Any

from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from agents_portal import report_words as words
from agents_portal.access import PortalRequest
from agents_portal.downloads import as_download
from agents_portal.views.material import material_page, tabs
from common import clock
from training.selectors.views import LAYERS, VIEWS, layer_of, view_of
from training.services.questions import stopwatch


@material_page
@require_GET
def view_page(request: PortalRequest, name: str) -> HttpResponse:
    """One view, or one reader's layer, at this moment."""
    at = clock.now()
    parts = _parts(request, name, at)
    title, lead = words.VIEWS[name]
    return render(
        request,
        "portal/material_view.html",
        {
            "tabs": tabs("portal-material-view"),
            "views": [
                {
                    "href": reverse("portal-material-view", args=[one]),
                    "label": words.VIEWS[one][0],
                    "is_here": one == name,
                }
                for one in (*VIEWS, *LAYERS)
            ],
            "view": name,
            "title": title,
            "lead": lead,
            "at": at,
            "parts": [words.part_of(part, value) for part, value in parts.items()],
        },
    )


@material_page
@require_GET
def view_file(request: PortalRequest, name: str) -> HttpResponse:
    """The same as JSON, whole."""
    at = clock.now()
    return as_download(
        JsonResponse({"view": name, "at": clock.rfc3339(at), "parts": _parts(request, name, at)}),
        f"training-{name}.json",
    )


def _parts(request: PortalRequest, name: str, at: datetime) -> dict[str, Any]:
    if name in VIEWS:
        with stopwatch(request.principal.organisation_id, VIEWS[name]):
            return view_of(request.principal, name, at)
    if name not in LAYERS:
        raise Http404
    return layer_of(request.principal, name, at)
