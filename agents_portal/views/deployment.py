"""The operator's view of the deployment: queues with real depths, work that is stuck, the health of each part."""

from datetime import timedelta

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from agents_portal.access import OPERATOR, PortalRequest, portal_page
from agents_portal.deployment import last_checkpoint, parts
from common import clock
from common.broker import broker_state
from common.language import figure
from compliance.selectors import bundles_stuck
from licensing.selectors import rolls_stuck
from notify.selectors import dead_deliveries, events_waiting
from watermarking.selectors import jobs_stuck

_QUIET = timedelta(minutes=10)
_SHOWN = 50


@portal_page(OPERATOR)
@require_GET
def queues_page(request: PortalRequest) -> HttpResponse:
    """Show what waits in each queue, as the broker says, what was given up, and what nobody moves on."""
    broker = broker_state()
    since = clock.now() - _QUIET
    stuck = [
        *((_("Roll"), one.pk, one.state, one.moved_at) for one in rolls_stuck(since)[:_SHOWN]),
        *((_("Bundle"), one.pk, one.state, one.touched_at) for one in bundles_stuck(since)[:_SHOWN]),
        *((_("Marking"), one.pk, one.state, one.touched_at) for one in jobs_stuck(since)[:_SHOWN]),
    ]
    waiting = sum(one.waiting or 0 for one in broker.queues)
    dead = dead_deliveries()
    return render(
        request,
        "portal/queues.html",
        {
            "broker": broker,
            "waiting": waiting,
            "stuck": stuck,
            "dead": dead.count(),
            "dead_rows": dead.select_related("endpoint__organisation", "event").order_by("-dead_at")[:_SHOWN],
            "untold": events_waiting(),
            "quiet_minutes": int(_QUIET.total_seconds() // 60),
            "headline": _("The broker does not answer")
            if broker.trouble
            else ngettext("%(n)s task waits", "%(n)s tasks wait", waiting) % {"n": figure(waiting)},
        },
    )


@portal_page(OPERATOR)
@require_GET
def health_page(request: PortalRequest) -> HttpResponse:
    """Show how each part stands, asked of the part itself while the page was made."""
    found = parts(broker_state())
    bad = sum(one.badge.tone == "deny" for one in found)
    unknown = sum(one.badge.tone == "unsure" for one in found)
    return render(
        request,
        "portal/health.html",
        {
            "parts": found,
            "last_checkpoint": last_checkpoint(),
            "headline": ngettext("%(n)s part needs you", "%(n)s parts need you", bad) % {"n": bad}
            if bad
            else _("Every part that can be asked is fine"),
            "unknown": unknown,
        },
    )
