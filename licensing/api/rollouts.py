"""Policies on their way to binding: in shadow, in canary, and what they would change."""

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers

from common.clock import rfc3339
from common.errors import InvalidInput, NotFound
from licensing import selectors, services
from licensing.api.base import LicensingView, PersonView, Request, Response, StrictSerializer
from licensing.models import PolicyRollout, ShadowOutcome
from licensing.services.difference import Report


class PolicyInput(StrictSerializer):
    """A profile by its ref, or a guild's limits."""

    profile = serializers.CharField(max_length=60, required=False, default="", allow_blank=True)
    limits = serializers.DictField(required=False, allow_null=True, default=None)


class PolicyReportInput(PolicyInput):
    """The same, and since when requests are looked at."""

    since = serializers.DateField()


class SignOffInput(StrictSerializer):
    """Counsel's sign-off: over the text, and over the report of what it would change."""

    content_hash = serializers.CharField(max_length=71)
    report_hash = serializers.CharField(max_length=71)
    since = serializers.DateField(help_text="as of the report that was read")
    # of limits; a profile has the sign-off of its counsel
    counsel_name = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class CanaryInput(SignOffInput):
    """The same, and whom it binds."""

    share_percent = serializers.IntegerField(min_value=0, max_value=99, required=False, default=0)
    productions = serializers.ListField(
        child=serializers.UUIDField(), max_length=100, required=False, default=list
    )


class RolloutOutput(StrictSerializer):
    """A policy on its way."""

    id = serializers.UUIDField()
    kind = serializers.CharField(help_text="PROFILE or DEFAULTS")
    profile = serializers.CharField(allow_blank=True)
    limits = serializers.DictField(allow_null=True)
    content_hash = serializers.CharField()
    stage = serializers.CharField(help_text="SHADOW or CANARY")
    share_percent = serializers.IntegerField()
    productions = serializers.ListField(child=serializers.UUIDField())
    counsel_name = serializers.CharField(allow_blank=True)
    report_hash = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    judged = serializers.IntegerField()
    differ = serializers.IntegerField()
    failed = serializers.IntegerField()


class PolicyDifferenceOutput(StrictSerializer):
    """What would be added to an outcome."""

    refused = serializers.ListField(child=serializers.DictField())
    asked = serializers.ListField(child=serializers.CharField())
    because = serializers.ListField(child=serializers.CharField())
    notice_hours = serializers.IntegerField()
    notice_before = serializers.IntegerField()


class PolicyReportRowOutput(StrictSerializer):
    """One row that would come out otherwise; without a name where the caller may not know of it."""

    kind = serializers.CharField(help_text="OPEN, PERIOD or LICENCE")
    id = serializers.UUIDField(allow_null=True)
    production = serializers.CharField(allow_blank=True)
    talent = serializers.CharField(allow_blank=True)
    difference = PolicyDifferenceOutput()


class TallyOutput(StrictSerializer):
    """Counts of one kind of row."""

    kind = serializers.CharField(help_text="OPEN, PERIOD or LICENCE")
    there = serializers.IntegerField()
    judged = serializers.IntegerField()
    differ = serializers.IntegerField()
    refused = serializers.IntegerField()
    asked = serializers.IntegerField()
    longer = serializers.IntegerField()


class PolicyReportOutput(StrictSerializer):
    """What a policy would change; ``report_hash`` is named in the sign-off."""

    content_hash = serializers.CharField()
    report_hash = serializers.CharField()
    since = serializers.DateField()
    made_at = serializers.DateTimeField()
    is_complete = serializers.BooleanField()
    differ = serializers.IntegerField()
    tallies = TallyOutput(many=True)
    rows = PolicyReportRowOutput(many=True)


class ShadowOutput(StrictSerializer):
    """What it would have made of one version of terms."""

    request = serializers.UUIDField(allow_null=True)
    version = serializers.IntegerField()
    at = serializers.DateTimeField()
    failure = serializers.CharField(allow_blank=True)
    difference = serializers.DictField()


class BoundOutput(StrictSerializer):
    """What binds from now on."""

    profile = serializers.CharField(allow_blank=True)
    version = serializers.IntegerField(allow_null=True)


class RolloutsApi(PersonView):
    """Policies of the caller's organisation on their way."""

    required_scope: ClassVar[dict[str, str]] = {"GET": "licence:read", "POST": "licence:request"}

    @extend_schema(operation_id="policy_rollouts_list", responses=RolloutOutput(many=True))
    def get(self, request: Request) -> Response:
        return self.page(selectors.rollouts_of(self.principal), write_rollout)

    @extend_schema(operation_id="policy_rollouts_shadow", request=PolicyInput, responses={201: RolloutOutput})
    def post(self, request: Request) -> Response:
        """Judge a policy beside those that bind, from now on; it acts on nobody."""
        row = services.start_shadow(principal=self.person, **self.parsed(PolicyInput))
        return Response(write_rollout(row), status=201)


class PolicyReportApi(PersonView):
    """What a policy would change, before it is even in shadow."""

    @extend_schema(operation_id="policy_report", request=PolicyReportInput, responses=PolicyReportOutput)
    def post(self, request: Request) -> Response:
        fields = self.parsed(PolicyReportInput)
        since = fields.pop("since")
        row = services.candidate(principal=self.person, **fields)
        return Response(
            write_report(row, services.difference_report(principal=self.person, rollout=row, since=since))
        )


class RolloutApi(LicensingView):
    """One rollout."""

    required_scope = "licence:read"

    @extend_schema(operation_id="policy_rollouts_read", responses=RolloutOutput)
    def get(self, request: Request, rollout_id: UUID) -> Response:
        return Response(write_rollout(_rollout(self, rollout_id)))


class RolloutReportApi(PersonView):
    """What it would change now."""

    @extend_schema(
        operation_id="policy_rollouts_report",
        responses=PolicyReportOutput,
        parameters=[OpenApiParameter("since", OpenApiTypes.DATE, required=True)],
    )
    def get(self, request: Request, rollout_id: UUID) -> Response:
        row = _rollout(self, rollout_id)
        field = serializers.DateField()
        try:
            since = field.run_validation(request.query_params.get("since", ""))
        except serializers.ValidationError as error:
            raise InvalidInput("SINCE_INVALID", "Choose a day, as 2026-11-01.") from error
        report = services.difference_report(principal=self.person, rollout=row, since=since)
        return Response(write_report(row, report))


class RolloutOutcomesApi(LicensingView):
    """What it would have changed since it is judged: stored outcomes that differ or failed."""

    required_scope = "licence:read"

    @extend_schema(operation_id="policy_rollouts_outcomes", responses=ShadowOutput(many=True))
    def get(self, request: Request, rollout_id: UUID) -> Response:
        row = _rollout(self, rollout_id)
        rows = ShadowOutcome.objects.filter(rollout=row).exclude(differs=False, failure="")
        visible = set(
            selectors.requests_visible_to(self.principal)
            .filter(pk__in=rows.values("request_id"))
            .order_by()
            .values_list("pk", flat=True)
        )
        return self.page(
            rows.select_related("version").order_by("-created_at"), lambda one: write_shadow(one, visible)
        )


class RolloutCanaryApi(PersonView):
    """From shadow to canary."""

    @extend_schema(operation_id="policy_rollouts_canary", request=CanaryInput, responses={201: RolloutOutput})
    def post(self, request: Request, rollout_id: UUID) -> Response:
        row = services.start_canary(principal=self.person, rollout_id=rollout_id, **self.parsed(CanaryInput))
        return Response(write_rollout(row), status=201)


class RolloutPromoteApi(PersonView):
    """Binding from now on."""

    @extend_schema(operation_id="policy_rollouts_promote", request=SignOffInput, responses=BoundOutput)
    def post(self, request: Request, rollout_id: UUID) -> Response:
        row = services.promote(principal=self.person, rollout_id=rollout_id, **self.parsed(SignOffInput))
        return Response({"profile": getattr(row, "profile", ""), "version": getattr(row, "version", None)})


class RolloutEndApi(PersonView):
    """Stop it."""

    @extend_schema(operation_id="policy_rollouts_end", request=None, responses=RolloutOutput)
    def post(self, request: Request, rollout_id: UUID) -> Response:
        return Response(write_rollout(services.end_rollout(principal=self.person, rollout_id=rollout_id)))


def write_rollout(row: PolicyRollout) -> dict[str, Any]:
    """A rollout as the API shows it."""
    counted = selectors.shadow_count(row)
    return {
        "id": str(row.pk),
        "kind": row.kind,
        "profile": row.profile,
        "limits": row.limits,
        "content_hash": row.content_hash,
        "stage": row.stage,
        "share_percent": row.share_percent,
        "productions": [str(one) for one in row.production_ids],
        "counsel_name": row.counsel_name,
        "report_hash": row.report_hash,
        "created_at": rfc3339(row.created_at),
        "ended_at": rfc3339(row.ended_at) if row.ended_at else None,
        "judged": counted.judged,
        "differ": counted.differ,
        "failed": counted.failed,
    }


def write_report(rollout: PolicyRollout, report: Report) -> dict[str, Any]:
    """A report as the API shows it."""
    return {
        "content_hash": rollout.content_hash,
        "report_hash": report.hash,
        "since": report.since.isoformat(),
        "made_at": rfc3339(report.made_at),
        "is_complete": report.is_complete,
        "differ": report.differ,
        "tallies": [
            {
                name: getattr(one, name)
                for name in ("kind", "there", "judged", "differ", "refused", "asked", "longer")
            }
            for one in report.tallies
        ],
        "rows": [
            {
                "kind": one.kind,
                "id": str(one.id) if one.id else None,
                "production": one.production,
                "talent": one.talent,
                "difference": one.difference.to_dict(),
            }
            for one in report.rows
        ],
    }


def write_shadow(row: ShadowOutcome, visible: set[UUID]) -> dict[str, Any]:
    """A stored outcome; the request is named to who may know of it."""
    return {
        "request": str(row.request_id) if row.request_id in visible else None,
        "version": row.version.version,
        "at": rfc3339(row.created_at),
        "failure": row.failure,
        "difference": row.difference,
    }


def _rollout(view: LicensingView, rollout_id: UUID) -> PolicyRollout:
    row = selectors.rollout_for(view.principal, rollout_id)
    if row is None:
        raise NotFound
    return row
