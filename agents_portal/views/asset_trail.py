"""Everything that happened to one asset, in the portal: a list to read, and the same as CSV to take along."""

import json
from collections.abc import Iterator
from uuid import UUID

from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from agents_portal.access import AUDITOR, LEGAL, STUDIO, PortalRequest, portal_page
from agents_portal.downloads import as_download
from agents_portal.words import event_words
from common.errors import Forbidden
from licensing.services import write_csv
from provenance.graph.models import EventKind
from provenance.graph.selectors.trail import GRAPH, PAGE_MOST, Line, TrailPage, trail_of

_PAGE = 50
_COLUMNS = ("at", "what", "person", "person_id", "through", "organisation", "about", "about_id", "source", "number", "digest", "facts")  # fmt: skip


@portal_page(STUDIO, LEGAL, AUDITOR)
@require_GET
def asset_trail_page(request: PortalRequest, version_id: UUID) -> HttpResponse:
    """List an asset's trail, oldest first."""
    page = _trail(request, version_id, request.GET.get("after", ""), _PAGE)
    return render(
        request,
        "portal/asset_trail.html",
        {
            "asset": page.asset,
            "version_id": version_id,
            "rows": [(line, what_words(line)) for line in page.lines],
            "after": page.next_cursor,
            "is_first": not request.GET.get("after"),
        },
    )


@portal_page(STUDIO, LEGAL, AUDITOR)
@require_GET
def asset_trail_csv(request: PortalRequest, version_id: UUID) -> HttpResponseBase:
    """Take the whole trail along as CSV, streamed."""
    first = _trail(request, version_id, "", PAGE_MOST)
    lines = write_csv(_COLUMNS, _rows(request, version_id, first))
    return as_download(
        StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8"), f"trail-{first.asset.pk}.csv"
    )


def what_words(line: Line) -> str:
    """What was done, in words."""
    if line.source == GRAPH:
        return str(EventKind(line.what).label)
    return event_words(line.what)


def _rows(request: PortalRequest, version_id: UUID, page: TrailPage) -> Iterator[list[str]]:
    while True:
        yield from map(_row, page.lines)
        if not page.next_cursor:
            return
        page = _trail(request, version_id, page.next_cursor, PAGE_MOST)


def _row(line: Line) -> list[str]:
    facts = json.dumps(line.facts, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    return [
        line.at.isoformat(), line.what, line.person or (_("The server") if not line.person_id else ""),
        str(line.person_id or ""), line.through, line.organisation, line.about, line.about_id, line.source,
        str(line.number), line.digest, facts,
    ]  # fmt: skip


def _trail(request: PortalRequest, version_id: UUID, after: str, limit: int) -> TrailPage:
    try:
        return trail_of(request.principal, version_id, cursor=after, limit=limit)
    except Forbidden as error:  # to who sees a part only, the whole trail is not there
        raise Http404 from error
