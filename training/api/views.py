"""``/api/v1/training-views``: the legal, engineering and governance views, the measures of a house, and rights reviews."""

from datetime import date
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from common import clock
from common.clock import rfc3339
from common.errors import NotFound
from training.api.base import Strict, TrainingView
from training.measures import export
from training.models import RightsReview
from training.selectors.readiness import readiness_of
from training.selectors.rights_reports import rights_reviews_of
from training.selectors.views import LAYERS, VIEWS, layer_of, view_of
from training.services.questions import stopwatch
from training.services.rights_reviews import answer_rights_review
from training.vocabulary import QuestionKind, RightsReviewAnswer


class TrainingViewOutput(Strict):
    """One view at a moment: its parts by name."""

    view = serializers.CharField()
    at = serializers.DateTimeField()
    parts = serializers.DictField()


class MeasureOutput(Strict):
    """One figure with its definition; ``unit`` is that of the numbers in ``value``."""

    code = serializers.CharField()
    name = serializers.CharField()
    definition = serializers.CharField()
    unit = serializers.CharField()
    value = serializers.JSONField()


class MeasuresOutput(Strict):
    """A house's figures at a moment; windows reach back ``window_days``."""

    format = serializers.CharField()
    as_of = serializers.DateTimeField()
    window_days = serializers.IntegerField()
    measures = MeasureOutput(many=True)


class RightsReviewOutput(Strict):
    """A rights record whose day has come; ``answer`` empty: counsel has not spoken yet."""

    id = serializers.UUIDField()
    rights = serializers.UUIDField()
    source = serializers.UUIDField()  # type: ignore[assignment]
    due_on = serializers.DateField()
    answer = serializers.CharField(allow_blank=True)
    answered_at = serializers.DateTimeField(allow_null=True)
    note = serializers.CharField(allow_blank=True)
    next_on = serializers.DateField(allow_null=True)


class RightsReviewInput(Strict):
    """Whether it stands, and until which day, or ends now."""

    answer = serializers.ChoiceField(choices=RightsReviewAnswer.values)
    note = serializers.CharField(max_length=2000)
    next_on = serializers.DateField(allow_null=True, default=None)


class TrainingViewApi(TrainingView):
    """Read one view (``legal``, ``engineering``, ``governance``) or one layer (``procurement``, ``diligence``, ``incident``)."""

    required_scope = "training:read"

    @extend_schema(operation_id="training_views_read", responses=TrainingViewOutput)
    def get(self, request: Request, view: str) -> Response:
        at = clock.now()
        if view in VIEWS:
            with stopwatch(self.principal.organisation_id, VIEWS[view]):
                parts = view_of(self.principal, view, at)
        elif view in LAYERS:
            parts = layer_of(self.principal, view, at)
        else:
            raise NotFound
        return Response({"view": view, "at": rfc3339(at), "parts": parts})


class TrainingMeasuresApi(TrainingView):
    """The figures by which houses are compared, each with its definition."""

    required_scope = "training:read"

    @extend_schema(operation_id="training_measures_read", responses=MeasuresOutput)
    def get(self, request: Request) -> Response:
        with stopwatch(self.principal.organisation_id, QuestionKind.READINESS):
            found = readiness_of(self.principal, at=clock.now())
        return Response(export(found))


class RightsReviewsApi(TrainingView):
    """List rights reviews, the newest first."""

    required_scope = "training:read"

    @extend_schema(operation_id="rights_reviews_list", responses=RightsReviewOutput(many=True))
    def get(self, request: Request) -> Response:
        return self.page(rights_reviews_of(self.principal), write_review)


class RightsReviewApi(TrainingView):
    """Counsel keeps or ends a rights record whose day has come."""

    required_scope = "training:write"

    @extend_schema(
        operation_id="rights_reviews_answer", request=RightsReviewInput, responses=RightsReviewOutput
    )
    def post(self, request: Request, review_id: UUID) -> Response:
        told = self.parsed(RightsReviewInput)
        row = answer_rights_review(principal=self.principal, review_id=review_id, **told)
        return Response(write_review(row))


def write_review(row: RightsReview) -> dict[str, Any]:
    """A rights review as the API shows it."""

    def day(value: date | None) -> str | None:
        return value.isoformat() if value else None

    return {
        "id": str(row.pk), "rights": str(row.rights_id), "source": str(row.rights.source_id),
        "due_on": day(row.due_on), "answer": row.answer,
        "answered_at": rfc3339(row.answered_at) if row.answered_at else None, "note": row.note,
        "next_on": day(row.next_on),
    }  # fmt: skip
