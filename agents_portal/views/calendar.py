"""When licences end, over fourteen weeks, with what runs out before and what is asked to go on."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from agents_portal import sentences
from agents_portal.access import AGENT, AUDITOR, STUDIO, VENDOR, PortalRequest, portal_page
from agents_portal.calendar import calendar_of, window
from agents_portal.forecast import forecasts_of, pace_since
from agents_portal.words import opening, spelled
from common import clock
from licensing.selectors import LicenceLine, licences_ending, own_duties_open
from licensing.selectors.blocks import refused_renewals
from receipts.selectors import use_of_tokens

_SHOWN = 40


@portal_page(STUDIO, AGENT, AUDITOR, VENDOR)
@require_GET
def calendar_page(request: PortalRequest) -> HttpResponse:
    """Show the licences that run, the one that ends first first."""
    now = clock.now()
    _, last = window(now)
    lines = licences_ending(request.principal, before=last, limit=_SHOWN + 1)
    shown = lines[:_SHOWN]
    used = use_of_tokens((line.jti for line in shown), pace_since(now))
    ending = [line for line in shown if line.not_after <= last]
    return render(
        request,
        "portal/calendar.html",
        {
            "calendar": calendar_of(ending, now),
            "rows": [{"line": line, "badge": sentences.licence_badge(line)} for line in shown],
            "refused": refused_renewals(request.principal, [line.jti for line in shown]),
            "later": len(shown) - len(ending),
            "is_cut": len(lines) > _SHOWN,
            "forecasts": forecasts_of(shown, used, now),
            "headline": _headline(ending),
            "duties": own_duties_open(request.principal),
        },
    )


def _headline(ending: list[LicenceLine]) -> str:
    soon = sum(line.renewal_due for line in ending)
    if soon:
        return opening(
            ngettext("%(count)s licence is near its end", "%(count)s licences are near their end", soon)
            % {"count": spelled(soon)}
        )
    if not ending:
        return _("No licence ends in the next fourteen weeks")
    return opening(
        ngettext(
            "%(count)s licence ends in the next fourteen weeks",
            "%(count)s licences end in the next fourteen weeks",
            len(ending),
        )
        % {"count": spelled(len(ending))}
    )
