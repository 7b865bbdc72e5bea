"""``/api/v1/tokens/{jti}/reach``: what rests on a likeness consent, from receipts to models."""

import tempfile
from uuid import UUID

from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.selectors import principal_of
from common.api import ApiView
from compliance.reaching import reach_of_licence

_LINES = "text/plain"
_IN_MEMORY = 4 * 1024 * 1024


class ConsentReachOutput(serializers.Serializer[object]):
    """All that a licence reached: ``reached_root`` is the RFC 6962 root over the lines of ``…/reach/lines``.

    Complete: every receipt below ``log_size`` of ``log``, every version that was recorded by ``as_of``, and the
    caller's lineage up to edge ``as_of_edge``.
    """

    licence = serializers.UUIDField()
    consent = serializers.UUIDField(allow_null=True)
    reached = serializers.IntegerField()
    reached_root = serializers.RegexField(r"^[0-9a-f]{64}$")
    counts = serializers.DictField(child=serializers.IntegerField())
    is_complete = serializers.BooleanField()
    as_of = serializers.DateTimeField()
    as_of_edge = serializers.IntegerField()
    log = serializers.CharField(allow_blank=True)
    log_size = serializers.IntegerField()


class LicenceReachApi(ApiView):
    """What a licence reached; for who holds it."""

    required_scope = "training:read"

    @extend_schema(operation_id="tokens_reach", responses=ConsentReachOutput)
    def get(self, request: Request, jti: UUID) -> Response:
        """Count and root everything that rests on this licence: receipts, versions, material, manifests, models."""
        found = reach_of_licence(principal_of(request), jti)
        return Response(
            ConsentReachOutput(
                {
                    "licence": found.licence, "consent": found.consent, "reached": found.reached, "reached_root": found.root,
                    "counts": found.counts, "is_complete": True, "as_of": found.as_of, "as_of_edge": found.as_of_edge,
                    "log": found.log, "log_size": found.log_size,
                }
            ).data
        )  # fmt: skip


class LicenceReachLinesApi(ApiView):
    """The lines that the root is over."""

    required_scope = "training:read"

    @extend_schema(operation_id="tokens_reach_lines", responses={(200, _LINES): OpenApiTypes.STR})
    def get(self, request: Request, jti: UUID) -> FileResponse:
        """Everything that rests on this licence, one ``KIND:ref`` a line, sorted; its root in ``Reach-Root``."""
        lines = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - the response closes it
        found = reach_of_licence(principal_of(request), jti, lines)
        lines.seek(0)
        response = FileResponse(lines, content_type=f"{_LINES}; charset=utf-8")
        response["Reach-Root"] = found.root
        return response
