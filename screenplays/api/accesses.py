"""What a pipeline calls before it touches a script: asked, answered, handed out; each on record."""

from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from common.clock import rfc3339
from screenplays import selectors, services
from screenplays.api.base import ScriptView, StrictSerializer, handed_out
from screenplays.deciding import USE_TYPES
from screenplays.models import Access, Outcome, Purpose


class ScriptAccessInput(StrictSerializer):
    """What is asked. ``purpose`` tells analysing from summarising; ``version``: the newest, where it is left out."""

    use_type = serializers.ChoiceField(choices=sorted({str(one) for one in USE_TYPES.values()}))
    purpose = serializers.ChoiceField(choices=Purpose.values, required=False, default="", allow_blank=True)
    version = serializers.UUIDField(required=False, allow_null=True, default=None)
    pipeline = serializers.CharField(max_length=120, required=False, default="", allow_blank=True)


class ScriptAccessOutput(StrictSerializer):
    """An access: ``decision`` is ``ALLOW`` or ``DENY``; ``training_granted`` stands beside every answer."""

    id = serializers.UUIDField()
    at = serializers.DateTimeField()
    decision = serializers.CharField()
    outcome = serializers.CharField()
    use_type = serializers.CharField()
    purpose = serializers.CharField()
    reason_codes = serializers.ListField(child=serializers.CharField())
    training_granted = serializers.BooleanField()
    version = serializers.UUIDField(allow_null=True)
    authority = serializers.CharField()
    grant = serializers.UUIDField(allow_null=True)
    valid_until = serializers.DateTimeField(allow_null=True)
    organisation = serializers.CharField()
    by = serializers.CharField()
    key = serializers.CharField(allow_null=True)
    pipeline = serializers.CharField()
    part = serializers.CharField()
    sha256 = serializers.CharField()


class AccessesApi(ScriptView):
    """Accesses to a work."""

    required_scope: ClassVar[dict[str, str]] = {"GET": "script:read", "POST": "script:access"}

    @extend_schema(operation_id="screenplays_accesses", responses=ScriptAccessOutput(many=True))
    def get(self, request: Request, work_id: UUID) -> Response:
        """List who asked for it and was handed it: for its keepers and its writer; newest first, by cursor."""
        return self.page(selectors.accesses_of(self.work(work_id)), write_access)

    @extend_schema(operation_id="screenplays_ask", request=ScriptAccessInput, responses=ScriptAccessOutput)
    def post(self, request: Request, work_id: UUID) -> Response:
        """Ask to use it. The answer is 200 with ``DENY`` and its reasons where it is no."""
        given = self.parsed(ScriptAccessInput)
        row = services.ask_access(
            principal=self.principal, work_id=work_id, version_id=given.pop("version"), **given
        )
        return Response(write_access(row))


class AccessTextApi(ScriptView):
    """The text that an access permits."""

    required_scope = "script:access"

    @extend_schema(
        operation_id="screenplays_text", responses={(200, "application/json"): OpenApiTypes.OBJECT}
    )
    def get(self, request: Request, access_id: UUID) -> HttpResponse:
        """Fetch it as it was read: paragraphs with their kinds. It is decided anew."""
        _, data = services.deliver(principal=self.principal, access_id=access_id, part=services.TEXT)
        return handed_out(data, "application/json", f"script-{str(access_id)[-8:]}.json")


class AccessFileApi(ScriptView):
    """The file that an access permits."""

    required_scope = "script:access"

    @extend_schema(
        operation_id="screenplays_file", responses={(200, "application/octet-stream"): OpenApiTypes.BINARY}
    )
    def get(self, request: Request, access_id: UUID) -> HttpResponse:
        """Fetch it as it was handed in. It is decided anew."""
        _, data = services.deliver(principal=self.principal, access_id=access_id, part=services.FILE)
        return handed_out(data, "application/octet-stream", f"script-{str(access_id)[-8:]}.bin")


def write_access(row: Access) -> dict[str, Any]:
    """An access as the API shows it."""
    return {
        "id": str(row.pk),
        "at": rfc3339(row.created_at),
        "decision": "DENY" if row.outcome == Outcome.REFUSED else "ALLOW",
        "outcome": row.outcome,
        "use_type": str(USE_TYPES[row.purpose]),
        "purpose": row.purpose,
        "reason_codes": row.reasons,
        "training_granted": row.training_granted,
        "version": str(row.version_id) if row.version_id else None,
        "authority": row.authority,
        "grant": str(row.grant_id) if row.grant_id else None,
        "valid_until": rfc3339(row.valid_until) if row.valid_until else None,
        "organisation": row.organisation.name,
        "by": row.person.full_name,
        "key": row.credential.prefix if row.credential else None,
        "pipeline": row.pipeline,
        "part": row.part,
        "sha256": row.sha256,
    }
