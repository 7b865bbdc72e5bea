"""``/api/v1/training-inspection``: what is not as it should be, in words, and its repair; what other systems hold."""

from dataclasses import asdict
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from common import clock
from training.api.base import Strict, TrainingView
from training.services.systems import STATES, digest_of, report_system, states_of
from training.upkeep import Finding, inspect, repair


class FindingOutput(Strict):
    """One check: how many things are not as they should be, a few of them, what that means, what a repair does."""

    code = serializers.CharField()
    system = serializers.CharField()
    is_well = serializers.BooleanField()
    number = serializers.IntegerField()
    examples = serializers.ListField(child=serializers.CharField())
    means = serializers.CharField()
    repair = serializers.CharField()


class InspectionOutput(Strict):
    """Everything that was looked at."""

    at = serializers.DateTimeField()
    is_well = serializers.BooleanField()
    findings = FindingOutput(many=True)


class RepairOutput(Strict):
    """How it was, and how it is after the repair."""

    before = FindingOutput()
    after = FindingOutput()


class StatesOutput(Strict):
    """Where every manifest stands, and the hash of that."""

    manifests = serializers.DictField(child=serializers.ChoiceField(choices=STATES))
    sha256 = serializers.CharField()


class SystemInput(Strict):
    """What a system holds, whole: each manifest's id and its state."""

    manifests = serializers.DictField(child=serializers.ChoiceField(choices=STATES))


class StateDifferenceOutput(Strict):
    """A manifest of which the system holds something else; empty: it has none, or there is none here."""

    manifest = serializers.CharField()
    theirs = serializers.CharField(allow_blank=True)
    ours = serializers.CharField(allow_blank=True)


class SystemOutput(Strict):
    """Whether it is in step, and every difference."""

    in_step = serializers.BooleanField()
    sha256 = serializers.CharField()
    differences = StateDifferenceOutput(many=True)


class InspectionApi(TrainingView):
    """Look at everything; nothing is changed."""

    required_scope = "training:read"

    @extend_schema(operation_id="training_inspection_read", responses=InspectionOutput)
    def get(self, request: Request) -> Response:
        at = clock.now()
        found = inspect(self.principal, at=at)
        return Response(
            {
                "at": clock.rfc3339(at), "is_well": all(one.is_well for one in found),
                "findings": [_written(one) for one in found],
            }
        )  # fmt: skip


class InspectionRepairApi(TrainingView):
    """Mend what one check found."""

    required_scope = "training:write"

    @extend_schema(operation_id="training_inspection_repair", request=None, responses=RepairOutput)
    def post(self, request: Request, code: str) -> Response:
        before, after = repair(principal=self.principal, code=code.upper().replace("-", "_"))
        return Response({"before": _written(before), "after": _written(after)})


class ManifestStatesApi(TrainingView):
    """What another system takes over."""

    required_scope = "training:read"

    @extend_schema(operation_id="training_states_read", responses=StatesOutput)
    def get(self, request: Request) -> Response:
        told = states_of(self.principal.organisation_id)
        return Response({"manifests": told, "sha256": digest_of(told)})


class SystemApi(TrainingView):
    """Say what a system holds."""

    required_scope: ClassVar[dict[str, str]] = {"PUT": "training:write"}

    @extend_schema(operation_id="training_systems_report", request=SystemInput, responses=SystemOutput)
    def put(self, request: Request, system: str) -> Response:
        row, found = report_system(
            principal=self.principal, system=system, told=self.parsed(SystemInput)["manifests"]
        )
        return Response(
            {"in_step": not found, "sha256": row.held_sha256, "differences": [asdict(one) for one in found]}
        )


def _written(one: Finding) -> dict[str, Any]:
    return {**asdict(one), "is_well": one.is_well}
