"""Every badge and state on one page, for whoever changes the look; only where DEBUG is on."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from agents_portal import words
from agents_portal.words import Badge, later

_EVIDENCE = (
    Badge("check", later("Found"), "permit"),
    Badge("circle-question-mark", later("Cannot tell"), "unsure"),
    Badge("circle-minus", later("Absent"), "absent"),
    Badge("shield-x", later("Changed"), "deny"),
    Badge("ban", later("Not granted"), "deny"),
    Badge("circle-dashed", later("Not checked")),
)
_COLOURS = (
    "ground", "surface", "sunken", "line", "line-2", "ink", "ink-2", "ink-3", "accent", "accent-mid",
    "permit", "deny", "expire", "unsure", "accent-tint",
)  # fmt: skip


def parts_page(request: HttpRequest) -> HttpResponse:
    """Show the parts."""
    if not settings.DEBUG:
        raise Http404
    return render(
        request,
        "portal/parts.html",
        {
            "request_badges": words.REQUEST_BADGES.values(),
            "licence_badges": words.LICENCE_BADGES.values(),
            "evidence_badges": _EVIDENCE,
            "colours": _COLOURS,
        },
    )
