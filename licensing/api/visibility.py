"""``POST /api/v1/visibility/check``: layer 1. Hidden and unknown talents answer alike, byte for byte."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from common.errors import NotFound
from licensing import services
from licensing.api.base import CodeField, LicensingView, StrictSerializer, nothing_here
from trustcore.policy.vocabulary import Construct, UseType


class VisibilityInput(StrictSerializer):
    """Which talent (handle), for which production."""

    talent = serializers.CharField(max_length=80)
    project = serializers.UUIDField()


class UsageOutput(StrictSerializer):
    """Layer 2: what live licences allow in this one production; seeing a talent grants nothing."""

    granted = serializers.BooleanField()
    use_types = serializers.ListField(child=CodeField(UseType))


class VisibilityOutput(StrictSerializer):
    """What the caller may know of the talent."""

    talent = serializers.CharField()
    project = serializers.UUIDField()
    visible = serializers.BooleanField()
    name = serializers.CharField(allow_null=True)
    constructs = serializers.ListField(child=CodeField(Construct))
    usage = UsageOutput()


class VisibilityApi(LicensingView):
    """Ask whether a talent is visible to the caller's pipeline."""

    required_scope = "visibility:read"

    @extend_schema(
        operation_id="visibility_check",
        request=VisibilityInput,
        responses={200: VisibilityOutput},
        description="404 for a talent that is hidden from the caller and for one that does not exist.",
    )
    def post(self, request: Request) -> Response:
        fields = self.parsed(VisibilityInput)
        try:
            answer = services.check_visibility(
                principal=self.principal, handle=fields["talent"], production_id=fields["project"]
            )
        except NotFound:
            return nothing_here()
        if answer.talent is None:
            return nothing_here()
        return Response(
            {
                "talent": answer.talent.handle,
                "project": str(fields["project"]),
                "visible": True,
                "name": answer.talent.name,
                "constructs": list(answer.talent.constructs),
                "usage": {
                    "granted": bool(answer.use_types_granted),
                    "use_types": list(answer.use_types_granted),
                },
            }
        )
