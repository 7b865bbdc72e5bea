"""Block a studio, take its requests again, and hand a request up to the talent."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from common.clock import rfc3339
from licensing import services
from licensing.api.base import LicensingView, PersonView, StrictSerializer
from licensing.models import StudioBlock
from licensing.selectors.blocks import blocks_seen_by


class StudioBlockInput(StrictSerializer):
    """Why; the studio reads it with the requests that are declined."""

    why = serializers.CharField(max_length=2000)


class EscalateInput(StrictSerializer):
    """What the talent should know."""

    note = serializers.CharField(max_length=2000)


class EscalatedOutput(StrictSerializer):
    """Who decides the request from now on."""

    id = serializers.UUIDField()
    state = serializers.CharField()
    mode = serializers.CharField()


class StudioBlockOutput(StrictSerializer):
    """A block; in force until ``ended_at``."""

    id = serializers.UUIDField()
    talent = serializers.UUIDField()
    studio = serializers.UUIDField()
    side = serializers.CharField()
    why = serializers.CharField()
    placed_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


class StudioBlocksApi(LicensingView):
    """Studios from which the talents on the caller's roster take no requests."""

    required_scope = "licence:read"

    @extend_schema(operation_id="studio_blocks_list", responses=StudioBlockOutput(many=True))
    def get(self, request: Request) -> Response:
        return self.page(blocks_seen_by(self.principal), write_block)


class StudioBlockApi(PersonView):
    """Take no more requests for this talent from whoever made this one."""

    @extend_schema(
        operation_id="requests_block_studio", request=StudioBlockInput, responses={201: StudioBlockOutput}
    )
    def post(self, request: Request, request_id: UUID) -> Response:
        row = services.block_studio(
            principal=self.person, request_id=request_id, **self.parsed(StudioBlockInput)
        )
        return Response(write_block(row), status=201)


class StudioBlockEndApi(PersonView):
    """Take a studio's requests again."""

    @extend_schema(operation_id="studio_blocks_end", request=None, responses=StudioBlockOutput)
    def post(self, request: Request, block_id: UUID) -> Response:
        return Response(write_block(services.unblock_studio(principal=self.person, block_id=block_id)))


class EscalateApi(PersonView):
    """Hand a request up to the talent."""

    @extend_schema(operation_id="requests_escalate", request=EscalateInput, responses=EscalatedOutput)
    def post(self, request: Request, request_id: UUID) -> Response:
        row = services.escalate_request(
            principal=self.person, request_id=request_id, **self.parsed(EscalateInput)
        )
        return Response({"id": str(row.pk), "state": row.state, "mode": row.mode})


def write_block(row: StudioBlock) -> dict[str, Any]:
    """A block as the API shows it."""
    return {
        "id": str(row.pk),
        "talent": str(row.talent_id),
        "studio": str(row.studio_id),
        "side": row.side,
        "why": row.why,
        "placed_at": rfc3339(row.created_at),
        "ended_at": rfc3339(row.ended_at) if row.ended_at else None,
    }
