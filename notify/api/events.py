"""``GET /api/v1/events/stream``: where the stream is served.

A stream lasts for hours and this process has few threads, so another one serves it (``trustmark.asgi``). A
proxy in front hands the path straight to it; without one the caller is sent there.
"""

from django.conf import settings
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Scope
from common.api import ApiView
from common.errors import Unavailable
from notify.stream import PATH


class StreamApi(ApiView):
    """Server-sent events of everything that the caller's organisation may know."""

    required_scope = str(Scope.EVENT_READ)

    @extend_schema(
        operation_id="events_stream",
        parameters=[
            OpenApiParameter("kinds", str, description="`licence.revoked,talent.*`: only these."),
            OpenApiParameter(
                "Last-Event-ID", str, OpenApiParameter.HEADER, description="Go on after this event."
            ),
        ],
        responses={
            (200, "text/event-stream"): OpenApiResponse(str, description="`id`, `event` and `data` lines."),
            307: OpenApiResponse(description="`Location` is where the stream is served."),
        },
    )
    def get(self, request: Request) -> Response:
        if not settings.EVENTS_URL:
            raise Unavailable(
                "STREAM_ELSEWHERE",
                "The event stream is not served here.",
                "The operator has not said where it is (TRUSTMARK_EVENTS_URL).",
            )
        query = request.META.get("QUERY_STRING", "")
        location = f"{settings.EVENTS_URL}{PATH}{'?' if query else ''}{query}"
        return Response(status=307, headers={"Location": location, "Cache-Control": "no-store"})
