"""A guild's witness: which logs it has cosigned, how far it is behind, and whether it ever saw another history."""

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from agents_portal.access import AUDITOR, PortalRequest, portal_page
from agents_portal.views.usage import after_of
from agents_portal.words import Badge
from common import clock
from licensing.models import Production
from licensing.selectors import overseen_productions
from receipts.selectors import LogWatch, watches_of, witnesses_of

_A_PAGE = 50
_LATE_SECONDS = 3600


@dataclass(frozen=True)
class WatchRow:
    """One log as one witness saw it."""

    watch: LogWatch
    production: Production
    witness: str
    badge: Badge


@portal_page(AUDITOR)
@require_GET
def witness_page(request: PortalRequest) -> HttpResponse:
    """Show what the guild's own witnesses cosigned of each production that it oversees."""
    witnesses = witnesses_of(request.principal.organisation_id)
    accepted = {one.pk: one.name for one in witnesses if one.removed_at is None}
    page, after = overseen_productions(request.principal, after=after_of(request), limit=_A_PAGE)
    by_id = {one.pk: one for one in page}
    rows = [
        WatchRow(one, by_id[one.production_id], accepted[one.witness_id], _badge(one))
        for one in watches_of(accepted, by_id)
    ]
    forked = [row for row in rows if row.watch.is_forked]
    behind = sum(row.watch.behind > 0 for row in rows)
    return render(
        request,
        "portal/witness.html",
        {
            "witnesses": witnesses,
            "rows": rows,
            "forked": forked,
            "after": after,
            "unwitnessed": [one for one in page if not accepted],
            "base_url": settings.BASE_URL,
            "headline": _headline(bool(accepted), len(rows), behind, len(forked)),
        },
    )


def _headline(has_witness: bool, logs: int, behind: int, forked: int) -> str:
    if forked:
        return ngettext("%(n)s log showed two histories", "%(n)s logs showed two histories", forked) % {
            "n": forked
        }
    if not has_witness:
        return _("You run no witness yet")
    if not logs:
        return _("There is no log to watch yet")
    if behind:
        return ngettext(
            "%(n)s log has grown since your witness looked",
            "%(n)s logs have grown since your witness looked",
            behind,
        ) % {"n": behind}
    return _("Your witness has seen every log as it stands")


def _badge(watch: LogWatch) -> Badge:
    if watch.is_forked:
        return Badge("octagon-x", _("Two histories"), "deny")
    if watch.seen_at is None:
        return Badge("circle-dashed", _("Never cosigned"), "unsure")
    if not watch.behind:
        return Badge("circle-check", _("Cosigned as it stands"), "permit")
    late = (
        watch.published_at is not None and (clock.now() - watch.published_at).total_seconds() > _LATE_SECONDS
    )
    return Badge("clock-alert", _("Behind"), "expire") if late else Badge("hourglass", _("Catching up"))
