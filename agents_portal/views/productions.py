"""Productions: the list, one with its licences, and registering a new one."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from accounts.selectors import credentials_of, guilds
from agents_portal import sentences, words
from agents_portal.access import AUDITOR, LEGAL, STUDIO, PortalRequest, portal_page
from agents_portal.calendar import calendar_of, window
from agents_portal.forecast import forecasts_of, pace_since
from agents_portal.forms.productions import KINDS, ProductionForm
from agents_portal.views.keys import key_badge, scopes_in_words
from agents_portal.views.licences import LIVE_STATES, licences_live, meters_of
from agents_portal.words import figure, opening, spelled
from common import clock
from common.errors import InvalidInput
from compliance.selectors import exportable_productions
from licensing.models import Production
from licensing.selectors import (
    LicenceLine,
    licences_of_production,
    live_by_production,
    production_for,
    productions_visible_to,
)
from licensing.services import register_production
from provenance.selectors import assets_visible_to
from receipts.selectors import QuotaUse, TokenCounts, totals_of_production, use_of_tokens

_KEYS_SHOWN = 20


@portal_page(STUDIO, AUDITOR, LEGAL)
@require_GET
def productions_page(request: PortalRequest) -> HttpResponse:
    """List the productions the reader may see, each with its live licences counted."""
    live = live_by_production(request.principal)
    rows = [
        {"production": one, "kind": dict(KINDS).get(one.kind, one.kind), "live": live.get(one.pk, 0)}
        for one in productions_visible_to(request.principal)
    ]
    headline = _("No productions")
    if rows:
        count = {"count": spelled(len(rows))}
        headline = ngettext("%(count)s production", "%(count)s productions", len(rows)) % count
    return render(
        request,
        "portal/productions.html",
        {
            "rows": rows,
            "headline": opening(headline),
            "may_register": _may_register(request),
        },
    )


@portal_page(STUDIO)
@require_http_methods(["GET", "POST"])
def new_production_page(request: PortalRequest) -> HttpResponse:
    """Register a production; its log begins with it."""
    if not _may_register(request):
        raise PermissionDenied
    form = ProductionForm(request.POST if request.method == "POST" else None, guilds=guilds())
    if request.method == "POST" and form.is_valid():
        try:
            production = register_production(principal=request.principal, **form.cleaned_data)
            return redirect("portal-production", production.pk)
        except InvalidInput as error:
            form.add_error("title" if error.code == "TITLE_INVALID" else None, error.detail or error.title)
    return render(request, "portal/production_new.html", {"form": form}, status=422 if form.errors else 200)


@portal_page(STUDIO, AUDITOR, LEGAL)
@require_GET
def production_page(request: PortalRequest, production_id: UUID) -> HttpResponse:
    """Show one production: licences with their use, outputs, bundles, where its log stands."""
    production = production_for(request.principal, production_id)
    if production is None:
        raise Http404
    lines = list(licences_of_production(request.principal, production.pk))
    used = use_of_tokens((line.jti for line in lines), pace_since(clock.now()))
    counts = {
        jti: TokenCounts(jti, frames_used=one.frames, lines_used=one.lines) for jti, one in used.items()
    }
    totals = totals_of_production(production.pk)
    rows = [
        {
            "line": line,
            "badge": sentences.licence_badge(line),
            "meter": next(iter(meters_of(line, counts.get(line.jti) or TokenCounts(line.jti))), None),
            "uses": words.uses_words(line.use_types),
        }
        for line in lines
    ]
    live = [line for line in lines if line.state in LIVE_STATES]
    return render(
        request,
        "portal/production.html",
        {
            "production": production,
            "kind": dict(KINDS).get(production.kind, production.kind),
            "rows": rows,
            "live": live,
            "lead": _lead(len(live), [line for line in live if line.renewal_due]),
            "totals": totals,
            "assets": assets_visible_to(request.principal)
            .filter(production_id=production.pk)
            .prefetch_related(None)[:20],
            "may_export": _may_export(request, production),
            "may_deliver": request.seat == STUDIO
            and request.principal.is_role("PRODUCER", "ENGINEER", "ADMIN"),
            "log": totals if totals.root_hex else None,
            **_ahead(request, lines, used, counts),
        },
    )


def _ahead(
    request: PortalRequest,
    lines: list[LicenceLine],
    used: Mapping[UUID, QuotaUse],
    counts: dict[UUID, TokenCounts],
) -> dict[str, Any]:
    """What is to come: when licences end, what runs out before, and for a studio its keys and what is asked."""
    now = clock.now()
    last = window(now)[1]
    running = sorted(
        (line for line in lines if line.state in LIVE_STATES and line.not_before < last),
        key=lambda line: (line.not_after, line.jti),
    )
    is_studio = request.seat == STUDIO
    keys = credentials_of(request.principal).filter(revoked_at=None)[:_KEYS_SHOWN] if is_studio else []
    forecasts = forecasts_of(running, used, now)
    told = {one.line.jti for one in forecasts}
    return {
        "calendar": calendar_of(running, now),
        "forecasts": forecasts,
        "warnings": _warnings(
            [line for line in lines if line.state in LIVE_STATES and line.jti not in told], counts
        ),
        "keys": [{"key": key, "badge": key_badge(key), "may": scopes_in_words(key)} for key in keys],
        "may_ask": is_studio and request.principal.is_role("PRODUCER", "ADMIN"),
        "is_studio": is_studio,
    }


def _may_export(request: PortalRequest, production: Production) -> bool:
    """Its own studio and guild may; of others it is asked."""
    if request.principal.organisation_id in {production.organisation_id, production.guild_id}:
        return True
    return exportable_productions(request.principal).filter(pk=production.pk).exists()


def _may_register(request: PortalRequest) -> bool:
    return request.seat == STUDIO and request.principal.is_role("PRODUCER", "ADMIN")


def _lead(live: int, ending: list[object]) -> str:
    if not live:
        return _("Nobody is licensed for it now. Nothing may be rendered.")
    return licences_live(live, len(ending))


def _warnings(lines: list[LicenceLine], counts: dict[UUID, TokenCounts]) -> list[str]:
    """Live licences of which 80 % of a quota are used."""
    return [
        _("%(talent)s: %(left)s %(unit)s are left of %(most)s.")
        % {
            "talent": line.talent_name,
            "left": figure(meter.left),
            "unit": meter.unit_words,
            "most": figure(meter.most),
        }
        for line in lines
        for meter in meters_of(line, counts.get(line.jti) or TokenCounts(line.jti))
        if meter.reached
    ]
