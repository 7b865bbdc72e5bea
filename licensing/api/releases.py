"""Held frames of a licence that ended: ask to let them go, and decide it."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from common.clock import rfc3339
from licensing import services
from licensing.api.base import LicensingView, PersonView, StrictSerializer
from licensing.models import FrameRelease
from licensing.selectors.releases import releases_seen_by


class FrameReleaseAskInput(StrictSerializer):
    """Why the frames should go out, for the talent's side to read."""

    why = serializers.CharField(max_length=2000)


class FrameReleaseDecideInput(FrameReleaseAskInput):
    """Whether they are let go, and why."""

    grants = serializers.BooleanField()


class FrameReleaseOutput(StrictSerializer):
    """What was asked, and what was decided; ``is_granted`` is null until then."""

    id = serializers.UUIDField()
    jti = serializers.UUIDField()
    why = serializers.CharField()
    asked_at = serializers.DateTimeField()
    is_granted = serializers.BooleanField(allow_null=True)
    side = serializers.CharField(allow_blank=True)
    answer = serializers.CharField(allow_blank=True)
    decided_at = serializers.DateTimeField(allow_null=True)


class FrameReleasesApi(LicensingView):
    """What was asked and decided about held frames of licences that the caller may read."""

    required_scope = "licence:read"

    @extend_schema(operation_id="frame_releases_list", responses=FrameReleaseOutput(many=True))
    def get(self, request: Request) -> Response:
        return self.page(releases_seen_by(self.principal), write_release)


class FrameReleaseAskApi(PersonView):
    """Ask the talent's side to let the held frames of a licence go."""

    @extend_schema(
        operation_id="tokens_ask_release", request=FrameReleaseAskInput, responses={201: FrameReleaseOutput}
    )
    def post(self, request: Request, jti: UUID) -> Response:
        row = services.ask_release(principal=self.person, jti=jti, **self.parsed(FrameReleaseAskInput))
        return Response(write_release(row), status=201)


class FrameReleaseDecideApi(PersonView):
    """Let them go, or keep them held: the talent's side, in person."""

    @extend_schema(
        operation_id="frame_releases_decide", request=FrameReleaseDecideInput, responses=FrameReleaseOutput
    )
    def post(self, request: Request, release_id: UUID) -> Response:
        fields = self.parsed(FrameReleaseDecideInput)
        row = services.decide_release(principal=self.person, release_id=release_id, **fields)
        return Response(write_release(row))


def write_release(row: FrameRelease) -> dict[str, Any]:
    """A release as the API shows it."""
    return {
        "id": str(row.pk),
        "jti": str(row.token_id),
        "why": row.why,
        "asked_at": rfc3339(row.created_at),
        "is_granted": row.is_granted,
        "side": row.side,
        "answer": row.answer,
        "decided_at": rfc3339(row.decided_at) if row.decided_at else None,
    }
