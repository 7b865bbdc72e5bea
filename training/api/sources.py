"""``/api/v1/source-classes``, ``/api/v1/sources``: where material comes from, and what it may be used for."""

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from common import clock
from common.clock import rfc3339
from common.errors import InvalidInput, NotFound
from training.api.base import ReasonInput, Strict, TrainingView
from training.models import RightsRecord, Source, SourceClass
from training.selectors.inventory import classes_of, sources_of
from training.selectors.rights import current_rights, standing
from training.services.owners import hand_over, without_owner
from training.services.rights import RightsAsk, end_rights, record_rights
from training.services.sources import (
    SourceAsk,
    make_class,
    open_class,
    register_source,
    rule_domain,
    stop_class,
)
from training.vocabulary import LicenceClass, SourceType

_SHA256 = r"^[0-9a-f]{64}$"


class SourceClassInput(Strict):
    """A class of sources; ``is_allowed`` puts it on the allow list."""

    code = serializers.RegexField(r"^[a-z0-9][a-z0-9-]{0,59}$")
    source_type = serializers.CharField(max_length=20)
    purpose = serializers.CharField(max_length=200)
    is_allowed = serializers.BooleanField()
    expected_value = serializers.IntegerField(min_value=1, max_value=5, default=3)


class DomainRuleInput(Strict):
    """Block a domain with all below it, or open it again."""

    domain = serializers.CharField(max_length=253)
    is_blocked = serializers.BooleanField()
    reason = serializers.CharField(max_length=500)


class SourceInput(Strict):
    """Provenance of a source; it permits nothing."""

    source_class = serializers.CharField(max_length=60)
    canonical_url = serializers.CharField(max_length=1000)
    platform = serializers.CharField(max_length=120)
    platform_id = serializers.CharField(max_length=200)
    rights_holder = serializers.CharField(max_length=200)
    geography = serializers.CharField(max_length=6, required=False, default="", allow_blank=True)
    owner = serializers.EmailField(required=False, default="", allow_blank=True)


class RightsInput(Strict):
    """The three permissions are said one by one; ``expires_on`` is a day in ``time_zone``."""

    licence_class = serializers.CharField(max_length=30)
    licence_type = serializers.CharField(max_length=120)
    licence_source = serializers.CharField(max_length=500)
    may_train = serializers.BooleanField(allow_null=False)
    may_derive = serializers.BooleanField(allow_null=False)
    may_redistribute = serializers.BooleanField(allow_null=False)
    territories = serializers.ListField(
        child=serializers.CharField(max_length=16), allow_empty=False, max_length=300
    )
    checks = serializers.DictField(child=serializers.CharField(max_length=10))
    evidence_sha256 = serializers.RegexField(_SHA256)
    evidence_uri = serializers.CharField(max_length=1000)
    restrictions = serializers.ListField(
        child=serializers.CharField(max_length=200), default=list, max_length=50
    )
    attribution = serializers.CharField(max_length=500, default="", allow_blank=True)
    expires_on = serializers.DateField(required=False, allow_null=True, default=None)
    time_zone = serializers.CharField(max_length=60, default="UTC")
    retention_days = serializers.IntegerField(min_value=0, required=False, allow_null=True, default=None)
    training_token = serializers.UUIDField(required=False, allow_null=True, default=None)
    next_review_on = serializers.DateField(required=False, allow_null=True, default=None)

    def to_internal_value(self, data: Any) -> Any:
        # a permission that is not said is not granted, and not refused either: it has to be said
        if isinstance(data, dict):
            unsaid = [name for name in ("may_train", "may_derive", "may_redistribute") if name not in data]
            if unsaid:
                raise serializers.ValidationError({name: ["This field is required."] for name in unsaid})
        return super().to_internal_value(data)


class OwnerInput(Strict):
    """The address of the colleague who answers for it from now on, and why."""

    owner = serializers.EmailField()
    reason = serializers.CharField(max_length=500)


class SourceClassOutput(Strict):
    """A class of sources."""

    id = serializers.UUIDField()
    code = serializers.CharField()
    source_type = serializers.ChoiceField(choices=SourceType.values)
    purpose = serializers.CharField()
    is_allowed = serializers.BooleanField()
    expected_value = serializers.IntegerField()
    stopped_at = serializers.DateTimeField(allow_null=True)
    stop_reason = serializers.CharField()


class RightsOutput(Strict):
    """One version of a rights record and how it stands now."""

    id = serializers.UUIDField()
    source_id = serializers.UUIDField()
    version = serializers.IntegerField()
    licence_class = serializers.ChoiceField(choices=LicenceClass.values)
    licence_type = serializers.CharField()
    licence_source = serializers.CharField()
    may_train = serializers.BooleanField()
    may_derive = serializers.BooleanField()
    may_redistribute = serializers.BooleanField()
    restrictions = serializers.ListField(child=serializers.CharField())
    territories = serializers.ListField(child=serializers.CharField())
    attribution = serializers.CharField()
    expires_at = serializers.DateTimeField(allow_null=True)
    time_zone = serializers.CharField()
    retention_days = serializers.IntegerField(allow_null=True)
    checks = serializers.DictField()
    evidence_sha256 = serializers.CharField()
    evidence_uri = serializers.CharField()
    training_token = serializers.UUIDField(allow_null=True)
    next_review_on = serializers.DateField()
    is_in_force = serializers.BooleanField()


class SourceOutput(Strict):
    """A source, and the rights record that holds for it."""

    id = serializers.UUIDField()
    source_class = serializers.CharField()
    canonical_url = serializers.CharField()
    domain = serializers.CharField()
    platform = serializers.CharField()
    platform_id = serializers.CharField()
    rights_holder = serializers.CharField()
    operator = serializers.UUIDField()
    geography = serializers.CharField()
    owner = serializers.UUIDField()
    node = serializers.IntegerField()
    rights = RightsOutput(allow_null=True)


class SourceClassesApi(TrainingView):
    """List classes of sources, make one."""

    required_scope: ClassVar[dict[str, str]] = {"GET": "training:read", "POST": "training:write"}

    @extend_schema(
        operation_id="source_classes_list",
        parameters=[OpenApiParameter("code", str, description="The one class of this name.")],
        responses=SourceClassOutput(many=True),
    )
    def get(self, request: Request) -> Response:
        rows, code = classes_of(self.principal), request.query_params.get("code")
        return self.page(rows.filter(code=code) if code else rows, write_class)

    @extend_schema(
        operation_id="source_classes_make", request=SourceClassInput, responses={201: SourceClassOutput}
    )
    def post(self, request: Request) -> Response:
        made = make_class(principal=self.principal, **self.parsed(SourceClassInput))
        return Response(write_class(made), status=201)


class SourceClassStopApi(TrainingView):
    """Stop a class of sources at once."""

    required_scope = "training:write"

    @extend_schema(operation_id="source_classes_stop", request=ReasonInput, responses=SourceClassOutput)
    def post(self, request: Request, class_id: UUID) -> Response:
        reason = self.parsed(ReasonInput)["reason"]
        return Response(write_class(stop_class(principal=self.principal, class_id=class_id, reason=reason)))


class SourceClassOpenApi(TrainingView):
    """Open a stopped class again."""

    required_scope = "training:write"

    @extend_schema(operation_id="source_classes_open", request=ReasonInput, responses=SourceClassOutput)
    def post(self, request: Request, class_id: UUID) -> Response:
        reason = self.parsed(ReasonInput)["reason"]
        return Response(write_class(open_class(principal=self.principal, class_id=class_id, reason=reason)))


class SourceDomainsApi(TrainingView):
    """Block a domain, or open it again."""

    required_scope = "training:write"

    @extend_schema(
        operation_id="source_domains_rule", request=DomainRuleInput, responses={201: DomainRuleInput}
    )
    def post(self, request: Request) -> Response:
        made = rule_domain(principal=self.principal, **self.parsed(DomainRuleInput))
        answer = {"domain": made.domain, "is_blocked": made.is_blocked, "reason": made.reason}
        return Response(answer, status=201)


class SourcesApi(TrainingView):
    """List sources, register one."""

    required_scope: ClassVar[dict[str, str]] = {"GET": "training:read", "POST": "training:write"}

    @extend_schema(
        operation_id="sources_list",
        parameters=[
            OpenApiParameter(
                "owner",
                str,
                enum=["gone"],
                description="gone: those whose owner has no seat in the house any more.",
            )
        ],
        responses=SourceOutput(many=True),
    )
    def get(self, request: Request) -> Response:
        rows, owner = sources_of(self.principal), request.query_params.get("owner")
        if owner not in (None, "gone"):
            raise InvalidInput("FILTER_UNKNOWN", "The owner to filter by is gone, or is not asked for.")
        return self.page(without_owner(rows) if owner else rows, write_source)

    @extend_schema(operation_id="sources_register", request=SourceInput, responses={201: SourceOutput})
    def post(self, request: Request) -> Response:
        made = register_source(principal=self.principal, ask=SourceAsk(**self.parsed(SourceInput)))
        return Response(write_source(made), status=201)


class SourceApi(TrainingView):
    """Read one source."""

    required_scope = "training:read"

    @extend_schema(operation_id="sources_read", responses=SourceOutput)
    def get(self, request: Request, source_id: UUID) -> Response:
        row = sources_of(self.principal).filter(pk=source_id).first()
        if row is None:
            raise NotFound
        return Response(write_source(row))


class SourceRightsApi(TrainingView):
    """Record the next version of a source's rights."""

    required_scope = "training:write"

    @extend_schema(operation_id="sources_record_rights", request=RightsInput, responses={201: RightsOutput})
    def post(self, request: Request, source_id: UUID) -> Response:
        told = self.parsed(RightsInput)
        lists = {name: tuple(value) for name, value in told.items() if isinstance(value, list)}
        made = record_rights(
            principal=self.principal, source_id=source_id, ask=RightsAsk(**{**told, **lists})
        )
        return Response(write_rights(made), status=201)


class SourceOwnerApi(TrainingView):
    """Hand a source over to a colleague."""

    required_scope = "training:write"

    @extend_schema(operation_id="sources_hand_over", request=OwnerInput, responses=SourceOutput)
    def post(self, request: Request, source_id: UUID) -> Response:
        told = self.parsed(OwnerInput)
        row = hand_over(
            principal=self.principal, source_id=source_id, to=told["owner"], reason=told["reason"]
        )
        return Response(write_source(sources_of(self.principal).get(pk=row.pk)))


class RightsEndApi(TrainingView):
    """The rights holder revoked it: end a rights record now."""

    required_scope = "training:write"

    @extend_schema(operation_id="training_rights_end", request=ReasonInput, responses=RightsOutput)
    def post(self, request: Request, rights_id: UUID) -> Response:
        row = end_rights(
            principal=self.principal, rights_id=rights_id, reason=self.parsed(ReasonInput)["reason"]
        )
        return Response(write_rights(RightsRecord.objects.select_related("end").get(pk=row.pk)))


def write_class(row: SourceClass) -> dict[str, Any]:
    """A class as the API shows it."""
    return {
        "id": str(row.pk), "code": row.code, "source_type": row.source_type, "purpose": row.purpose,
        "is_allowed": row.is_allowed, "expected_value": row.expected_value,
        "stopped_at": rfc3339(row.stopped_at) if row.stopped_at else None, "stop_reason": row.stop_reason,
    }  # fmt: skip


def write_rights(row: RightsRecord) -> dict[str, Any]:
    """A rights record as the API shows it."""
    return {
        "id": str(row.pk), "source_id": str(row.source_id), "version": row.version,
        "licence_class": row.licence_class, "licence_type": row.licence_type,
        "licence_source": row.licence_source, "may_train": row.may_train, "may_derive": row.may_derive,
        "may_redistribute": row.may_redistribute, "restrictions": list(row.restrictions),
        "territories": list(row.territories), "attribution": row.attribution,
        "expires_at": rfc3339(row.expires_at) if row.expires_at else None, "time_zone": row.time_zone,
        "retention_days": row.retention_days, "checks": row.checks, "evidence_sha256": row.evidence_sha256,
        "evidence_uri": row.evidence_uri,
        "training_token": str(row.training_token_id) if row.training_token_id else None,
        "next_review_on": row.next_review_on.isoformat(),
        "is_in_force": standing(row, at=clock.now()).is_in_force,
    }  # fmt: skip


def write_source(row: Source) -> dict[str, Any]:
    """A source as the API shows it."""
    held = current_rights([row.pk], at=clock.now()).get(row.pk)
    return {
        "id": str(row.pk), "source_class": row.source_class.code, "canonical_url": row.canonical_url,
        "domain": row.domain, "platform": row.platform, "platform_id": row.platform_id,
        "rights_holder": row.rights_holder, "operator": str(row.organisation_id), "geography": row.geography,
        "owner": str(row.owner_id), "node": row.node_id, "rights": write_rights(held.rights) if held else None,
    }  # fmt: skip
