"""Checking a person's signature, on the page and by hand."""

import json
from uuid import UUID

import msgspec
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from agents_portal.access import PortalRequest, portal_page
from agents_portal.binding import Consequence
from agents_portal.words import Badge
from licensing.selectors import SignatureDetail, signature_detail


@portal_page()
@require_GET
def signature_page(request: PortalRequest, action_id: UUID) -> HttpResponse:
    """Check one signature now, and show all that is needed to check it elsewhere."""
    detail = signature_detail(request.principal, action_id)
    if detail is None:
        raise Http404
    holds = not detail.problem
    return render(
        request,
        "portal/signature.html",
        {
            "detail": detail,
            "badge": Badge("circle-check", gettext("Holds"), "permit")
            if holds
            else Badge("octagon-x", gettext("Does not hold"), "deny"),
            "headline": gettext("{person} signed this with a passkey").format(person=detail.person)
            if holds
            else gettext("This signature does not hold"),
            "lead": gettext("For {organisation}. Nobody else can have made it, nor for other terms.").format(
                organisation=detail.organisation
            )
            if holds
            else f"{detail.problem} ({detail.problem_code})",
            "checks": _checks(detail),
            "caption": gettext("The challenge that the passkey signed is this hash of the terms (sha256)"),
            "document": json.dumps({"terms_hash": detail.terms_hash, **msgspec.to_builtins(detail.kept)}),
        },
    )


def _checks(detail: SignatureDetail) -> list[Consequence]:
    """What holds, in words; where something does not, only what is wrong."""
    if detail.problem:
        return [Consequence("octagon-x", detail.problem, detail.problem_code, "deny")]
    return [
        Consequence(
            "circle-check",
            gettext("The challenge is the hash of the terms"),
            gettext("So it was made for version {version}, word for word.").format(version=detail.version),
            "permit",
        ),
        Consequence(
            "circle-check",
            gettext("It was made on a page of this server"),
            gettext("At {origin}, not inside another site.").format(origin=detail.kept.origin),
            "permit",
        ),
        Consequence(
            "circle-check",
            gettext("The device verified who was there"),
            gettext("By finger, face or PIN, at that moment."),
            "permit",
        ),
        Consequence(
            "circle-check",
            gettext("The key is one that {person} enrolled").format(person=detail.person),
            gettext("Compare its thumbprint with the one on their security page."),
            "permit",
        ),
        Consequence(
            "circle-check",
            gettext("It was used once"),
            gettext("The same signature under another act is refused."),
            "permit",
        ),
    ]
