"""``POST /api/v1/introspect`` (RFC 7662): a form with a token in it; the answer is for its parties alone."""

from typing import Any

from django.http import QueryDict
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.parsers import FormParser

from accounts.models import Scope
from common.errors import Malformed
from licensing import selectors
from licensing.api.base import LicensingView, Request, Response


class IntrospectionInput(serializers.Serializer[Any]):
    """RFC 7662, section 2.1."""

    token = serializers.CharField(max_length=100_000, trim_whitespace=False)
    token_type_hint = serializers.CharField(required=False, max_length=80, help_text="Read by nobody.")


class IntrospectionOutput(serializers.Serializer[Any]):
    """RFC 7662, section 2.2: with ``active`` true also every claim of the token."""

    active = serializers.BooleanField()
    token_type = serializers.CharField(required=False, help_text="`DPoP`: good only with a proof of its key.")
    jti = serializers.UUIDField(required=False)
    exp = serializers.IntegerField(required=False)


class IntrospectionApi(LicensingView):
    """Tell whether a token holds now. A stranger hears what is said of a token that does not exist."""

    required_scope = Scope.LICENCE_READ
    parser_classes = [FormParser]
    idempotent = False

    @extend_schema(
        request={"application/x-www-form-urlencoded": IntrospectionInput},
        responses={200: OpenApiResponse(IntrospectionOutput)},
        operation_id="introspect_token",
    )
    def post(self, request: Request) -> Response:
        form = (
            request.data if isinstance(request.data, QueryDict) else QueryDict()
        )  # an empty body is no form
        if any(len(values) > 1 for _, values in form.lists()):
            raise Malformed("PARAMETER_REPEATED", "A parameter is given twice.", "RFC 6749, section 3.1.")
        given = self.parsed(IntrospectionInput, form.dict())
        answer = selectors.introspect(self.principal, given["token"])
        return Response(answer, headers={"Cache-Control": "no-store"})
