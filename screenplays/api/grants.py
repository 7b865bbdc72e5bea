"""Grants: given and ended by people; training apart."""

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from common.clock import rfc3339
from screenplays import selectors, services
from screenplays.api.base import ScriptView, StrictSerializer
from screenplays.models import Grant, Purpose

_APART = [one for one in Purpose.values if one != Purpose.TRAIN]


class ScriptTrainingGrantInput(StrictSerializer):
    """A grant to train. ``to``: a person's e-mail address, or the public beginning of an API key."""

    organisation = serializers.CharField(max_length=60)
    to = serializers.CharField(max_length=254)
    not_before = serializers.DateTimeField(required=False, allow_null=True, default=None)
    not_after = serializers.DateTimeField()
    version = serializers.UUIDField(required=False, allow_null=True, default=None)
    basis = serializers.CharField(max_length=300)
    training_licence = serializers.UUIDField(required=False, allow_null=True, default=None)


class ScriptGrantInput(StrictSerializer):
    """A grant of one purpose; never of training."""

    purpose = serializers.ChoiceField(choices=_APART)
    organisation = serializers.CharField(max_length=60)
    to = serializers.CharField(max_length=254)
    not_before = serializers.DateTimeField(required=False, allow_null=True, default=None)
    not_after = serializers.DateTimeField()
    version = serializers.UUIDField(required=False, allow_null=True, default=None)
    basis = serializers.CharField(max_length=300, required=False, default="", allow_blank=True)


class ScriptGrantReasonInput(StrictSerializer):
    """Why, in words that are kept."""

    reason = serializers.CharField(max_length=500)


class ScriptGrantOutput(StrictSerializer):
    """A grant."""

    id = serializers.UUIDField()
    purpose = serializers.CharField()
    organisation = serializers.CharField()
    person = serializers.CharField(allow_null=True)
    key = serializers.CharField(allow_null=True)
    version = serializers.UUIDField(allow_null=True)
    not_before = serializers.DateTimeField()
    not_after = serializers.DateTimeField()
    basis = serializers.CharField()
    training_licence = serializers.UUIDField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    end_reason = serializers.CharField()


class GrantsApi(ScriptView):
    """Who was granted what of a work."""

    required_scope: ClassVar[dict[str, str]] = {"GET": "script:read", "POST": "script:write"}

    @extend_schema(operation_id="screenplays_grants", responses=ScriptGrantOutput(many=True))
    def get(self, request: Request, work_id: UUID) -> Response:
        """List them, newest first, by cursor."""
        return self.page(selectors.grants_of(self.work(work_id)), write_grant)

    @extend_schema(
        operation_id="screenplays_grant", request=ScriptGrantInput, responses={201: ScriptGrantOutput}
    )
    def post(self, request: Request, work_id: UUID) -> Response:
        """Grant one purpose to one person or API key; for people who are signed in."""
        self.work(work_id)
        given = self.parsed(ScriptGrantInput)
        grant = services.grant_use(
            principal=self.principal, work_id=work_id, version_id=given.pop("version"), **given
        )
        return Response(write_grant(grant), status=201)


class TrainingGrantsApi(ScriptView):
    """The right to train with a work, apart from every other."""

    required_scope = "script:write"

    @extend_schema(
        operation_id="screenplays_grant_training",
        request=ScriptTrainingGrantInput,
        responses={201: ScriptGrantOutput},
    )
    def post(self, request: Request, work_id: UUID) -> Response:
        """Grant it, in person and with a fresh proof of who one is."""
        self.work(work_id)
        given = self.parsed(ScriptTrainingGrantInput)
        grant = services.grant_training(
            principal=self.principal, work_id=work_id, version_id=given.pop("version"), **given
        )
        return Response(write_grant(grant), status=201)


class GrantEndApi(ScriptView):
    """The end of a grant."""

    required_scope = "script:write"

    @extend_schema(
        operation_id="screenplays_end_grant", request=ScriptGrantReasonInput, responses=ScriptGrantOutput
    )
    def post(self, request: Request, grant_id: UUID) -> Response:
        """End it, effective at the next access."""
        grant = services.end_grant(
            principal=self.principal, grant_id=grant_id, **self.parsed(ScriptGrantReasonInput)
        )
        return Response(write_grant(grant))


def write_grant(grant: Grant) -> dict[str, Any]:
    """A grant as the API shows it."""
    return {
        "id": str(grant.pk),
        "purpose": grant.purpose,
        "organisation": grant.organisation.slug,
        "person": grant.person.full_name if grant.person else None,
        "key": grant.credential.prefix if grant.credential else None,
        "version": str(grant.version_id) if grant.version_id else None,
        "not_before": rfc3339(grant.not_before),
        "not_after": rfc3339(grant.not_after),
        "basis": grant.basis,
        "training_licence": str(grant.training_licence_id) if grant.training_licence_id else None,
        "ended_at": rfc3339(grant.ended_at) if grant.ended_at else None,
        "end_reason": grant.end_reason,
    }
