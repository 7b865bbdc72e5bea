"""Alerts: what ends soon, which quota runs out, which acknowledgement is owed, which notice runs."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET

from agents_portal.access import AGENT, STUDIO, PortalRequest, portal_page
from licensing.selectors import Notices, notices_page

_TABS = (
    ("ends", gettext_lazy("Ends soon")),
    ("quota", gettext_lazy("Nearly used up")),
    ("owed", gettext_lazy("To acknowledge")),
    ("notice", gettext_lazy("Notice running")),
)


@portal_page(AGENT, STUDIO)
@require_GET
def alerts_page(request: PortalRequest) -> HttpResponse:
    """List what the reader should know of now; ``tab`` chooses the kind."""
    tab, after = request.GET.get("tab", ""), request.GET.get("after", "")
    found = notices_page(request.principal, kind=tab if tab in dict(_TABS) else "", after=after)
    tab = found.kind
    address = reverse("portal-alerts")
    return render(
        request,
        "portal/alerts.html",
        {
            "tab": tab,
            "tabs": [
                {"label": label, "count": found.counts[key], "href": f"{address}?tab={key}", "is_here": key == tab}
                for key, label in _TABS
            ],
            "rows": found.rows,
            "headline": _headline(found),
            "more": f"{address}?tab={tab}&after={found.after}" if found.after else "",
            "first": f"{address}?tab={tab}" if after else "",
        },
    )  # fmt: skip


def _headline(found: Notices) -> str:
    """``Two licences end soon. One acknowledgement is late.``"""
    parts: list[Any] = []
    ends, quota, late = found.counts["ends"], found.counts["quota"], found.late
    if ends:
        parts.append(ngettext("%(n)s licence ends soon.", "%(n)s licences end soon.", ends) % {"n": ends})
    if quota:
        parts.append(
            ngettext("%(n)s quota is nearly used up.", "%(n)s quotas are nearly used up.", quota)
            % {"n": quota}
        )
    if late:
        parts.append(
            ngettext("%(n)s acknowledgement is late.", "%(n)s acknowledgements are late.", late) % {"n": late}
        )
    if not parts and (found.counts["owed"] or found.counts["notice"]):
        return _("Nothing ends soon, and nothing is late")
    return " ".join(parts) or _("Nothing ends soon")
