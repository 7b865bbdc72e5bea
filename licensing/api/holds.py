"""Suspend and resume a licence, hold several at once, and the talent's emergency stop."""

from typing import Any, Final
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from common.clock import rfc3339
from common.errors import NotFound
from licensing import selectors, services
from licensing.api.base import LicensingView, StrictSerializer
from licensing.models import Hold, Talent
from trustcore.policy.holds import PLACED_BY
from trustcore.policy.reasons import DenyReason

REASONS: Final = tuple(reason for reason in PLACED_BY if reason is not DenyReason.EMERGENCY_STOP)
COVERABLE: Final = ("token", "talent", "production", "organisation")


class ReasonField(serializers.ChoiceField):
    """A reason code that is a hold."""

    def __init__(self, **options: Any) -> None:
        super().__init__(choices=[str(reason) for reason in REASONS], **options)


class SuspendInput(StrictSerializer):
    """For what reason, and why: the code is logged, the words are kept for the parties."""

    reason = ReasonField(default=str(DenyReason.SUSPENDED))
    why = serializers.CharField(max_length=2000)


class ResumeInput(StrictSerializer):
    """Which hold; null: all of the licence's own that the caller may lift."""

    hold = serializers.UUIDField(required=False, allow_null=True, default=None)
    why = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")


class HoldInput(StrictSerializer):
    """What is held: one licence, or all of a talent, a production or an organisation."""

    covers = serializers.ChoiceField(choices=COVERABLE)
    id = serializers.UUIDField()
    reason = ReasonField()
    why = serializers.CharField(max_length=2000)


class LiftInput(StrictSerializer):
    """Why it is lifted; may be empty."""

    why = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")


class HoldOutput(StrictSerializer):
    """A hold; in force until ``lifted_at``. ``side`` says in whose name it was placed."""

    id = serializers.UUIDField()
    covers = serializers.ChoiceField(choices=COVERABLE)
    covered_id = serializers.UUIDField()
    reason = serializers.CharField()
    side = serializers.CharField()
    why = serializers.CharField()
    placed_at = serializers.DateTimeField()
    lifted_at = serializers.DateTimeField(allow_null=True)


class HoldsOutput(StrictSerializer):
    """The holds that an act placed or lifted."""

    holds = HoldOutput(many=True)


class StopInput(StrictSerializer):
    """``END``: every licence ends for good; ``HOLD``: all stand still until the stop is lifted."""

    reason = serializers.CharField(max_length=2000)
    licences = serializers.ChoiceField(choices=("END", "HOLD"), default="END")


class StopOutput(StrictSerializer):
    """The licences that ended by the stop."""

    talent = serializers.UUIDField()
    ended = serializers.ListField(child=serializers.UUIDField())


class SuspendApi(LicensingView):
    """Suspend a licence until the same side resumes it."""

    required_scope = "licence:revoke"

    @extend_schema(operation_id="tokens_suspend", request=SuspendInput, responses=HoldOutput)
    def post(self, request: Request, jti: UUID) -> Response:
        hold = services.place_hold(
            principal=self.principal, covers="token", covered_id=jti, **self.parsed(SuspendInput)
        )
        return Response(write_hold(hold))


class ResumeApi(LicensingView):
    """Lift holds of a licence that are the caller's to lift."""

    required_scope = "licence:revoke"

    @extend_schema(operation_id="tokens_resume", request=ResumeInput, responses=HoldsOutput)
    def post(self, request: Request, jti: UUID) -> Response:
        fields = self.parsed(ResumeInput)
        lifted = services.resume_token(
            principal=self.principal, jti=jti, hold_id=fields["hold"], why=fields["why"]
        )
        return Response({"holds": [write_hold(hold) for hold in lifted]})


class HoldsApi(LicensingView):
    """The holds that the caller's organisation placed; place one."""

    required_scope = {"GET": "licence:read", "POST": "licence:revoke"}

    @extend_schema(operation_id="holds_list", responses=HoldOutput(many=True))
    def get(self, request: Request) -> Response:
        return self.page(selectors.holds_placed_by(self.principal), write_hold)

    @extend_schema(operation_id="holds_place", request=HoldInput, responses={201: HoldOutput})
    def post(self, request: Request) -> Response:
        fields = self.parsed(HoldInput)
        hold = services.place_hold(principal=self.principal, covered_id=fields.pop("id"), **fields)
        return Response(write_hold(hold), status=201)


class HoldLiftApi(LicensingView):
    """Lift a hold."""

    required_scope = "licence:revoke"

    @extend_schema(operation_id="holds_lift", request=LiftInput, responses=HoldOutput)
    def post(self, request: Request, hold_id: UUID) -> Response:
        hold = services.lift_hold(principal=self.principal, hold_id=hold_id, **self.parsed(LiftInput))
        return Response(write_hold(hold))


class StopApi(LicensingView):
    """Stop every use of a person: the talent alone, signed in; no API key can."""

    required_scope = "licence:revoke"

    @extend_schema(operation_id="talents_emergency_stop", request=StopInput, responses=StopOutput)
    def post(self, request: Request, talent_id: UUID) -> Response:
        talent = self.talent(talent_id)
        fields = self.parsed(StopInput)
        ended = services.emergency_stop(
            principal=self.principal,
            talent=talent,
            reason=fields["reason"],
            ends_licences=fields["licences"] == "END",
        )
        return Response({"talent": str(talent.pk), "ended": [str(jti) for jti in ended]})

    def talent(self, talent_id: UUID) -> Talent:
        """The talent, if the caller may know of them; strangers find nothing, whoever it is."""
        found = selectors.talents_on_roster(self.principal).filter(pk=talent_id).first()
        if found is None:
            raise NotFound
        return found


class LiftStopApi(StopApi):
    """End the stop: the talent alone, signed in."""

    @extend_schema(operation_id="talents_lift_stop", request=LiftInput, responses=HoldOutput)
    def post(self, request: Request, talent_id: UUID) -> Response:
        hold = services.lift_emergency_stop(
            principal=self.principal, talent=self.talent(talent_id), **self.parsed(LiftInput)
        )
        return Response(write_hold(hold))


def write_hold(hold: Hold) -> dict[str, Any]:
    """A hold as the API shows it."""
    return {
        "id": str(hold.pk),
        "covers": hold.covered_kind,
        "covered_id": str(hold.covers),
        "reason": hold.reason,
        "side": hold.side,
        "why": hold.why,
        "placed_at": rfc3339(hold.placed_at),
        "lifted_at": rfc3339(hold.lifted_at) if hold.lifted_at else None,
    }
