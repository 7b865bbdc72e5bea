"""``/log/<production>/...``: the public files of a log, for deployments without a file server before them.

Tiles never change, partial ones too, and may be kept for ever; a checkpoint must be asked for each time, and is
answered with 304 where it is the one that the caller has. Whoever knows a production's id may read its log: it holds
ids, hashes and pseudonyms, and witnesses carry no credentials. A witness brings its cosignature to
``/log/<production>/cosignatures``; the signature is its credential.

Source: https://c2sp.org/tlog-tiles
"""

import hashlib
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils.cache import get_conditional_response
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from common.api import problem_response
from common.errors import DomainError
from common.pacing import ByAddress, seconds_to_wait
from receipts.selectors.witnesses import cosigned_states
from receipts.services.checkpoints import take_cosignatures
from receipts.storage import LogFiles
from trustcore.errors import InvalidEvidence
from trustcore.log.tiles import CHECKPOINT_PATH, COSIGNED_PATH, VKEY_PATH, parse_tile_path

_FOR_EVER = "public, max-age=31536000, immutable"
_ASK_FIRST = "no-cache"
_TEXTS = frozenset({CHECKPOINT_PATH, COSIGNED_PATH, VKEY_PATH})


@require_safe
def log_file(request: HttpRequest, production_id: UUID, path: str) -> HttpResponseBase:
    """Serve one file of a log."""
    if path in _TEXTS:
        return _file(request, LogFiles(production_id).read(path), "text/plain; charset=utf-8", _ASK_FIRST)
    try:
        tile = parse_tile_path(path)
    except InvalidEvidence:
        return _file(request, None, "", "")
    return _file(request, LogFiles(production_id).read(tile.path), "application/octet-stream", _FOR_EVER)


class CosignatureLimit(ByAddress):
    """Each cosignature that is handed in costs a signature's check."""

    scope = "cosignatures"
    setting = "COSIGNATURES_PER_MINUTE"


@csrf_exempt  # no cookie is read: the cosignature is the credential
@require_http_methods(["GET", "HEAD", "POST"])
def log_cosignatures(request: HttpRequest, production_id: UUID) -> HttpResponseBase:
    """Take a cosigned checkpoint from a witness; or say what each witness saw last."""
    if wait := seconds_to_wait(CosignatureLimit, request):
        refused = problem_response(429, "RATE_LIMITED", "Too many questions.", "Ask again later.")
        refused["Retry-After"] = str(wait)
        return refused
    try:
        if request.method == "POST":
            taken = take_cosignatures(production_id=production_id, body=request.body)
            return JsonResponse(
                {"taken": [{"witness": one.witness, "seen_at": one.seen_at} for one in taken]}
            )
    except DomainError as error:
        return problem_response(error.status, error.code, error.title, error.detail)
    states = [
        {
            "witness": one.witness,
            "vkey": one.vkey,
            "size": one.size,
            "root": one.root_hex,
            "seen_at": one.seen_at,
        }
        for one in cosigned_states(production_id)
    ]
    response = JsonResponse({"cosigned": states})
    response["Cache-Control"] = _ASK_FIRST
    response["Access-Control-Allow-Origin"] = "*"
    return response


def _file(request: HttpRequest, content: bytes | None, content_type: str, caching: str) -> HttpResponseBase:
    if content is None:
        return problem_response(404, "NOT_FOUND", "There is nothing here.")
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    response = HttpResponse(content, content_type=content_type)
    response["Cache-Control"] = caching
    response["ETag"] = etag
    response["Access-Control-Allow-Origin"] = "*"
    return get_conditional_response(request, etag=etag, response=response) or response
