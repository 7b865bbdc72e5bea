"""``/log/<production>/...``: the public files of a log, for deployments without a file server before them.

Tiles never change and may be kept for ever; the checkpoint must be asked for each time. Whoever knows a
production's id may read its log: it holds ids, hashes and pseudonyms, and witnesses carry no credentials.

Source: https://c2sp.org/tlog-tiles
"""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from common.api import problem_response
from receipts.storage import LogFiles
from trustcore.errors import InvalidEvidence
from trustcore.log.tiles import CHECKPOINT_PATH, VKEY_PATH, parse_tile_path

_FOR_EVER = "public, max-age=31536000, immutable"
_ASK_FIRST = "no-cache"


@require_safe
def log_file(request: HttpRequest, production_id: UUID, path: str) -> HttpResponse:
    """Serve one file of a log."""
    if path in {CHECKPOINT_PATH, VKEY_PATH}:
        return _file(LogFiles(production_id).read(path), "text/plain; charset=utf-8", _ASK_FIRST)
    try:
        tile = parse_tile_path(path)
    except InvalidEvidence:
        return _file(None, "", "")
    return _file(LogFiles(production_id).read(tile.path), "application/octet-stream", _FOR_EVER)


def _file(content: bytes | None, content_type: str, caching: str) -> HttpResponse:
    if content is None:
        return problem_response(404, "NOT_FOUND", "There is nothing here.")
    response = HttpResponse(content, content_type=content_type)
    response["Cache-Control"] = caching
    response["Access-Control-Allow-Origin"] = "*"
    return response
