"""``/api/v1/render/receipts/export``: receipts, checks or entries of a production or a licence as a file.

The answer is streamed, and every row in it lies under the checkpoint that the file (Parquet) and the headers
name. A production's own studio and its guild get all of it, others the rows of the licences they may see; the
entries are the public log and go to whoever may see the production.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.http import StreamingHttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from accounts.principals import Principal
from accounts.selectors import principal_of
from common.api import ApiView
from common.errors import InvalidInput, NotFound
from licensing.models import Production
from licensing.selectors import production_for, tokens_visible_to
from receipts.api.base import uuid_of
from receipts.exports import KINDS, LogSlice, slice_of
from receipts.exports.streams import FORMATS, pieces


class _OwnFormat(BaseContentNegotiation):
    """``format`` names the file, not a renderer; refusals are JSON."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        return next(iter(parsers), None)

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        renderer = next(iter(renderers))
        return renderer, str(renderer.media_type)


class ExportApi(ApiView):
    """Export receipts, checks or every entry of a log as Parquet or CSV, streamed."""

    required_scope = "licence:read"
    content_negotiation_class = _OwnFormat

    @extend_schema(
        operation_id="receipts_export",
        responses={
            (200, "application/vnd.apache.parquet"): OpenApiTypes.BINARY,
            (200, "text/csv"): OpenApiTypes.STR,
        },
        parameters=[
            OpenApiParameter("project", description="a production; this or token"),
            OpenApiParameter("token", description="jti of a licence"),
            OpenApiParameter("format", required=True, enum=list(FORMATS)),
            OpenApiParameter("kind", enum=list(KINDS), description="receipts by default"),
            OpenApiParameter("from_leaf", int, description="first leaf index, 0 by default"),
            OpenApiParameter("to_leaf", int, description="last leaf index, included; the log's last"),
        ],
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        asked = request.query_params
        file_format = _one_of(asked.get("format", ""), FORMATS, "FORMAT_UNKNOWN", "format")
        kind = _one_of(asked.get("kind", "receipts"), KINDS, "KIND_UNKNOWN", "kind")
        part = _slice(request, kind, _leaf(request, "from_leaf", 0) or 0, _leaf(request, "to_leaf", None))
        response = StreamingHttpResponse(
            pieces(part, kind, file_format), content_type=FORMATS[file_format], headers=_headers(part)
        )
        response["Content-Disposition"] = (
            f'attachment; filename="{kind}-{part.production_id}-{part.end}.{file_format}"'
        )
        return response


def _slice(request: Request, kind: str, first: int, last: int | None) -> LogSlice:
    """What the caller asked for, as far as the caller may see it.

    Raises:
        InvalidInput: ``SCOPE_NEEDED``, ``SCOPE_INVALID``, ``LEAF_INVALID``.
        NotFound: no such production or licence, or none that the caller may know of.
    """
    principal, asked = principal_of(request), request.query_params
    project, token = asked.get("project"), asked.get("token")
    if bool(project) == bool(token):
        raise InvalidInput("SCOPE_NEEDED", "Name a production or a licence: ?project=<id> or ?token=<jti>.")
    if last is not None and last < first:
        raise InvalidInput("LEAF_INVALID", "to_leaf is before from_leaf.")
    if token:
        if kind == "entries":
            raise InvalidInput("SCOPE_INVALID", "Entries are those of a whole log: name a production.")
        licence = tokens_visible_to(principal).filter(pk=uuid_of(token)).first()
        if licence is None:
            raise NotFound
        return slice_of(licence.production_id, tokens=[licence.pk], first=first, last=last)
    production = production_for(principal, uuid_of(project or ""))
    if production is None:
        raise NotFound
    tokens = None if kind == "entries" else _tokens_of(principal, production)
    return slice_of(production.pk, tokens=tokens, first=first, last=last)


def _tokens_of(principal: Principal, production: Production) -> list[UUID] | None:
    """The licences whose rows the caller may have; None: all, and the frames that belong to none."""
    if principal.organisation_id in {production.organisation_id, production.guild_id}:
        return None
    seen = tokens_visible_to(principal).filter(production=production)
    return sorted(seen.values_list("pk", flat=True))


def _headers(part: LogSlice) -> dict[str, str]:
    return {
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
        "Trustmark-Log-Origin": part.origin,
        "Trustmark-Log-Size": str(part.size),
        "Trustmark-Log-Root": part.root.hex(),
    }


def _one_of(text: str, known: dict[str, Any], code: str, name: str) -> str:
    if text not in known:
        raise InvalidInput(
            code, _("%(name)s is one of %(values)s.") % {"name": name, "values": ", ".join(known)}
        )
    return text


def _leaf(request: Request, name: str, otherwise: int | None) -> int | None:
    text = request.query_params.get(name, "")
    if not text:
        return otherwise
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise InvalidInput("LEAF_INVALID", _("%(name)s is a leaf index.") % {"name": name})
    return int(text)
