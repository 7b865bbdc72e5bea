"""The HTTP face of labels: what an output must show before it is handed on, and that it does."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.selectors import principal_of
from common.api import ApiView
from common.errors import NotFound
from provenance.distribution import asked_told, distribution_of
from provenance.labelled import LabelPlace, ShownLabel, VisibleLabelRecord
from provenance.models import Asset
from provenance.selectors import asset_for
from provenance.services.labelling import WORDS_MOST, record_label


class LabelInput(serializers.Serializer[Any]):
    """A label that the file shows."""

    label = serializers.ChoiceField(choices=[(one.value, one.value) for one in ShownLabel])  # type: ignore[assignment]
    place = serializers.ChoiceField(choices=[(one.value, one.value) for one in LabelPlace])
    words = serializers.CharField(
        max_length=WORDS_MOST,
        required=False,
        default="",
        allow_blank=True,
        help_text="what it says, unless an icon",
    )


class LabelOutput(serializers.ModelSerializer[VisibleLabelRecord]):
    """A label on record: who said so, when, and of which file."""

    recorded_by = serializers.UUIDField(source="person_id")
    through = serializers.SerializerMethodField()
    organisation = serializers.CharField(source="organisation.name")

    class Meta:
        model = VisibleLabelRecord
        fields = (
            "id",
            "label",
            "place",
            "words",
            "asset_sha256",
            "recorded_by",
            "through",
            "organisation",
            "created_at",
        )

    def get_through(self, row: VisibleLabelRecord) -> str | None:
        """The service account that said it, where one did."""
        return row.credential.name if row.credential else None


class LabelAskedOutput(serializers.Serializer[Any]):
    """A rule of a profile that asks for a label."""

    jti = serializers.UUIDField()
    profile = serializers.CharField()
    labels = serializers.ListField(child=serializers.CharField(), help_text="each of these will do")
    because = serializers.CharField()


class DistributionOutput(serializers.Serializer[Any]):
    """Whether an output may be handed on."""

    is_held = serializers.BooleanField()
    asked = LabelAskedOutput(many=True)
    missing = LabelAskedOutput(many=True)
    labels = LabelOutput(many=True)


class AssetLabels(ApiView):
    """Labels that an output shows, and those that it must show."""

    required_scope = {"GET": "asset:read", "POST": "asset:write"}

    @extend_schema(operation_id="asset_labels", responses=DistributionOutput)
    def get(self, request: Request, asset_id: UUID) -> Response:
        """Say which labels the profiles of its licences ask for, which are on record, and whether it is held."""
        return Response(_told(_asset(request, asset_id)))

    @extend_schema(
        operation_id="asset_label_record",
        request=LabelInput,
        responses={201: DistributionOutput},
        parameters=[OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER)],
    )
    def post(self, request: Request, asset_id: UUID) -> Response:
        """Put on record that the file shows a label; the download opens when nothing is missing any more."""
        asset = _asset(request, asset_id)
        record_label(principal=principal_of(request), asset_id=asset_id, **self.parsed(LabelInput))
        return Response(_told(asset), status=201)


def _asset(request: Request, asset_id: UUID) -> Asset:
    asset = asset_for(principal_of(request), asset_id)
    if asset is None:
        raise NotFound
    return asset


def _told(asset: Asset) -> dict[str, Any]:
    found = distribution_of(asset)
    told = {
        "is_held": found.is_held,
        "asked": [asked_told(one) for one in found.asked],
        "missing": [asked_told(one) for one in found.missing],
        "labels": found.labels,
    }
    return dict(DistributionOutput(told).data)
