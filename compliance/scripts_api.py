"""``/api/v1/tokens/{jti}/scripts``: was the script there before the performance?"""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.selectors import principal_of
from common.api import ApiView
from common.errors import NotFound
from compliance.scripts import scripts_of_licence, statement_of


class ScriptFindingOutput(serializers.Serializer[object]):
    """One script that the licence names."""

    ref = serializers.CharField()
    version = serializers.CharField()
    sha256 = serializers.CharField()
    dated = serializers.CharField(allow_null=True)
    admitted_at = serializers.DateTimeField(allow_null=True)
    verdict = serializers.CharField()
    before_consent = serializers.BooleanField(allow_null=True)
    scenes_of_shots = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))


class ScriptProofOutput(serializers.Serializer[object]):
    """What was signed of a version when it came: DSSE, base64; and the authority's stamp over it, if any."""

    version = serializers.UUIDField()
    envelope = serializers.CharField()
    timestamp = serializers.CharField(allow_null=True)


class LicenceScriptsOutput(serializers.Serializer[object]):
    """Every script of the licence; ``statement`` is the same, signed (DSSE, base64)."""

    licence = serializers.UUIDField()
    terms_hash = serializers.CharField()
    consented_at = serializers.DateTimeField()
    performed_from = serializers.DateTimeField(allow_null=True)
    stated_at = serializers.DateTimeField()
    scripts = ScriptFindingOutput(many=True)
    statement = serializers.CharField()
    proofs = ScriptProofOutput(many=True)


class LicenceScriptsApi(ApiView):
    """The scripts of a licence."""

    required_scope = "licence:read"

    @extend_schema(operation_id="tokens_scripts", responses=LicenceScriptsOutput)
    def get(self, request: Request, jti: UUID) -> Response:
        """Say of each script that the licence names whether it was here before the performance; signed."""
        found = scripts_of_licence(principal_of(request), jti)
        if found is None:
            raise NotFound
        return Response(statement_of(found))
