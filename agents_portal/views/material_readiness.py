"""Whether the house could answer for its material today: the figures, their definitions, and both as a file."""

from typing import Any

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from agents_portal import material_words as say
from agents_portal import readiness_words as words
from agents_portal.access import PortalRequest
from agents_portal.downloads import as_download
from agents_portal.views.material import material_page, tabs
from common import clock
from training.measures import DEFINITIONS, export
from training.selectors.readiness import Readiness, RightsCount, readiness_of
from training.services.questions import stopwatch
from training.vocabulary import QuestionKind


@material_page
@require_GET
def readiness_page(request: PortalRequest) -> HttpResponse:
    """The figures at this moment."""
    found = _asked(request)
    most = max((one.sources for one in found.rights), default=0)
    return render(
        request,
        "portal/material_readiness.html",
        {
            "tabs": tabs("portal-material-readiness"),
            "found": found,
            "badge": words.badge(found),
            "lead": words.lead(found),
            "measures": words.measures(found),
            "rate": DEFINITIONS["exception_rate"],
            "rates": [
                {"code": one.code, "percent": words.percent(one.share), "counted": words.counted(one.share)}
                for one in found.exception_rates
            ],
            "rights": [_rights_row(one, most) for one in found.rights],
            "cost": DEFINITIONS["question_cost"],
            "questions": words.question_rows(found),
        },
    )


@material_page
@require_GET
def readiness_file(request: PortalRequest) -> HttpResponse:
    """The figures with their definitions, as JSON to compare with others."""
    return as_download(JsonResponse(export(_asked(request))), "training-readiness.json")


def _asked(request: PortalRequest) -> Readiness:
    with stopwatch(request.principal.organisation_id, QuestionKind.READINESS):
        return readiness_of(request.principal, at=clock.now())


def _rights_row(one: RightsCount, most: int) -> dict[str, Any]:
    return {
        "title": say.bucket_words("licence", one.licence_class),
        "row": one,
        "live": one.sources - one.over,
        "has_none": not one.licence_class,
        "live_width": (one.sources - one.over) * 100 // most if most else 0,
        "width": one.sources * 100 // most if most else 0,
    }
