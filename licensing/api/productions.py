"""``/api/v1/productions``: register and read the works that licences are locked to."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from common.clock import rfc3339
from common.errors import NotFound
from licensing import selectors, services
from licensing.api.base import LicensingView, StrictSerializer
from licensing.models import Production
from licensing.models.productions import ProductionKind


class ProductionInput(StrictSerializer):
    """A new production; ``guild`` is the slug of the guild that oversees it."""

    title = serializers.CharField(max_length=200)
    kind = serializers.ChoiceField(choices=ProductionKind.values)
    guild = serializers.CharField(max_length=60, required=False, allow_blank=True, default="")
    eidr = serializers.CharField(max_length=80, required=False, allow_blank=True, default="")


class ProductionOutput(StrictSerializer):
    """A production; ``origin`` names its transparency log."""

    id = serializers.UUIDField()
    title = serializers.CharField()
    kind = serializers.ChoiceField(choices=ProductionKind.values)
    organisation = serializers.CharField()
    guild = serializers.CharField(allow_null=True)
    eidr = serializers.CharField(allow_null=True)
    origin = serializers.CharField()
    created_at = serializers.DateTimeField()


class ProductionsApi(LicensingView):
    """List productions, register one."""

    required_scope = {"GET": "licence:read", "POST": "licence:request"}

    @extend_schema(operation_id="productions_list", responses=ProductionOutput(many=True))
    def get(self, request: Request) -> Response:
        return self.page(selectors.productions_visible_to(self.principal), write_production)

    @extend_schema(
        operation_id="productions_register", request=ProductionInput, responses={201: ProductionOutput}
    )
    def post(self, request: Request) -> Response:
        fields = self.parsed(ProductionInput)
        production = services.register_production(principal=self.principal, **fields)
        return Response(write_production(production), status=201)


class ProductionApi(LicensingView):
    """Read one production."""

    required_scope = "licence:read"

    @extend_schema(operation_id="productions_read", responses=ProductionOutput)
    def get(self, request: Request, production_id: UUID) -> Response:
        production = selectors.production_for(self.principal, production_id)
        if production is None:
            raise NotFound
        return Response(write_production(production))


def write_production(production: Production) -> dict[str, Any]:
    """A production as the API shows it."""
    return {
        "id": str(production.pk),
        "title": production.title,
        "kind": production.kind,
        "organisation": production.organisation.slug,
        "guild": production.guild.slug if production.guild else None,
        "eidr": production.eidr or None,
        "origin": production.origin,
        "created_at": rfc3339(production.created_at),
    }
