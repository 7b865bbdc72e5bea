"""``/api/v1/training-rules``: what counsel defines for the house's material, every version of it."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from common.clock import rfc3339
from training.api.base import Strict, TrainingView
from training.models import HouseRules
from training.selectors.rules import MODEL_ACTIONS, rules_told
from training.services.rules import RulesAsk
from training.vocabulary import CollectionMethod, LicenceClass, SourceType, TakedownTrigger
from training.workflows import put_rules_into_force


class ProcedureInput(Strict):
    """How a takedown of one trigger goes: hours until it is due, and what may be done about models."""

    hours = serializers.IntegerField(min_value=1, max_value=2160)
    model_actions = serializers.ListField(
        child=serializers.ChoiceField(choices=[str(one) for one in MODEL_ACTIONS]), min_length=1
    )


class ProceduresInput(Strict):
    """A procedure for each trigger."""

    def get_fields(self) -> dict[str, Any]:
        return {str(one): ProcedureInput() for one in TakedownTrigger.values}


class RulesInput(Strict):
    """The rules that hold from now on, whole: what is not named is not carried over."""

    licence_classes = serializers.ListField(
        child=serializers.ChoiceField(choices=LicenceClass.values), min_length=1, max_length=20
    )
    prohibited_source_types = serializers.ListField(
        child=serializers.ChoiceField(choices=SourceType.values), required=False, default=list
    )
    prohibited_methods = serializers.ListField(
        child=serializers.ChoiceField(choices=CollectionMethod.values), required=False, default=list
    )
    territories = serializers.ListField(
        child=serializers.CharField(max_length=20), min_length=1, max_length=400
    )
    retention_days = serializers.IntegerField(
        min_value=0, max_value=36_500, required=False, allow_null=True, default=None
    )
    takedowns = ProceduresInput()
    note = serializers.CharField(max_length=500)


class RulesOutput(RulesInput):
    """One version; the newest holds. ``text``: as the gate reads it (Cedar)."""

    id = serializers.UUIDField()
    version = serializers.IntegerField()
    text = serializers.CharField()
    set_by = serializers.UUIDField()
    set_at = serializers.DateTimeField()


class RulesApi(TrainingView):
    """Read every version, newest first; write the next one."""

    required_scope: ClassVar[dict[str, str]] = {"GET": "training:read", "POST": "training:write"}

    @extend_schema(operation_id="training_rules_list", responses=RulesOutput(many=True))
    def get(self, request: Request) -> Response:
        return self.page(rules_told(self.principal), _written)

    @extend_schema(operation_id="training_rules_set", request=RulesInput, responses={201: RulesOutput})
    def post(self, request: Request) -> Response:
        told = self.parsed(RulesInput)
        told |= {name: tuple(value) for name, value in told.items() if isinstance(value, list)}
        ask = RulesAsk(**told)
        return Response(_written(put_rules_into_force(principal=self.principal, ask=ask)), status=201)


def _written(row: HouseRules) -> dict[str, Any]:
    names = (
        "version", "licence_classes", "prohibited_source_types", "prohibited_methods", "territories", "retention_days",
        "takedowns", "note", "text",
    )  # fmt: skip
    told = {name: getattr(row, name) for name in names}
    return {
        **told,
        "id": str(row.pk),
        "set_by": str(row.set_by_id),
        "set_at": rfc3339(row.created_at),
    }
