"""The legal questions over HTTP, one address for each, and the stopwatch of all that were asked."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.selectors import principal_of
from common.api import ApiView
from common.errors import NotFound
from licensing import selectors as licensing
from provenance.graph.api import shapes
from provenance.graph.models import AskedThrough, Question
from provenance.graph.questions import BAR_SECONDS, answer_told, seconds_of
from provenance.graph.selectors.completeness import require_whole
from provenance.graph.selectors.lineage import version_named
from provenance.graph.selectors.origin import origin_of
from provenance.graph.selectors.timings import stopwatch_of
from provenance.graph.services.timings import keep_times

Fields = serializers.Serializer[Any]
_QUESTIONS = [(one.value, one.value) for one in Question]


class QuestionOutput(Fields):
    """One question's answer: the parts that answer it, what is missing, and the seconds it took."""

    question = serializers.ChoiceField(choices=_QUESTIONS)
    start = serializers.UUIDField(help_text="the version that was asked of")
    versions = shapes.ReachedOutput(many=True, required=False)
    relations = shapes.EdgeOutput(many=True, required=False)
    is_cut = serializers.BooleanField(required=False)
    models = shapes.ModelOutput(many=True, required=False)
    generations = shapes.GenerationRunOutput(many=True, required=False)
    references = shapes.InputOutput(many=True, required=False)
    approvals = shapes.DecisionOutput(many=True, required=False)
    decisions_upstream = shapes.DecisionOutput(many=True, required=False)
    licences = shapes.LicenceOutput(many=True, required=False)
    receipts = serializers.IntegerField(required=False)
    is_complete = serializers.BooleanField()
    incomplete = shapes.GapsOutput(many=True)
    seconds = serializers.FloatField(help_text="measured on the server, for this asking; kept")
    bar_seconds = serializers.FloatField()
    is_within = serializers.BooleanField()


class StopwatchOutput(Fields):
    """How long one question took, over all askings."""

    question = serializers.ChoiceField(choices=_QUESTIONS)
    asked = serializers.IntegerField()
    by_api = serializers.IntegerField()
    median = serializers.FloatField(allow_null=True)
    p95 = serializers.FloatField(allow_null=True)
    longest = serializers.FloatField(allow_null=True)
    over = serializers.IntegerField(help_text="askings that took longer than the bar")
    is_within = serializers.BooleanField(allow_null=True)
    last_at = serializers.DateTimeField(allow_null=True)


class StopwatchesOutput(Fields):
    """Every question of a production."""

    bar_seconds = serializers.FloatField()
    questions = StopwatchOutput(many=True)


class AssetQuestion(ApiView):
    """One legal question."""

    required_scope = "asset:read"

    @extend_schema(operation_id="asset_question", responses=QuestionOutput)
    def get(self, request: Request, asset_id: UUID, question: str) -> Response:
        """Answer CAME_FROM, MODEL, REFERENCES, APPROVED, LICENCE or CHANGED of a version; the time is measured and kept."""
        if question not in Question.values:
            raise NotFound
        principal = principal_of(request)
        start = version_named(principal, asset_id)
        origin = origin_of(principal, start)
        keep_times(
            principal=principal,
            version=start,
            seconds={question: seconds_of(origin)[question]},
            through=AskedThrough.API,
            is_complete=origin.is_complete,
        )
        return Response(QuestionOutput(answer_told(origin, question)).data)


class ProductionStopwatch(ApiView):
    """The five-minute rule, measured."""

    required_scope = "asset:read"

    @extend_schema(operation_id="production_question_times", responses=StopwatchesOutput)
    def get(self, request: Request, production_id: UUID) -> Response:
        """Say how long each legal question took in this production: median, p95, the longest, against five minutes."""
        principal = principal_of(request)
        production = licensing.production_for(principal, production_id)
        if production is None:
            raise NotFound
        require_whole(principal, production)
        told = {"bar_seconds": BAR_SECONDS, "questions": stopwatch_of(production)}
        return Response(StopwatchesOutput(told).data)
