"""Passing a mandate on to a colleague, and who is in while one is out."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from common.clock import rfc3339
from common.errors import Forbidden, NotFound
from licensing import services
from licensing.api.base import CodeField, PersonView, StrictSerializer
from licensing.api.named import person_named
from licensing.models import Absence, Delegation, Mandate
from trustcore.policy.vocabulary import UseType


class DelegationInput(StrictSerializer):
    """To whom, for how long, and within what; ``to`` is an e-mail address."""

    to = serializers.EmailField()
    valid_from = serializers.DateTimeField()
    valid_until = serializers.DateTimeField()
    use_types = serializers.ListField(child=CodeField(UseType), required=False, allow_null=True, default=None)
    limits = serializers.DictField(required=False, allow_null=True, default=None)
    may_pass_on = serializers.BooleanField(required=False, default=False)


class DelegationOutput(StrictSerializer):
    """A delegation."""

    id = serializers.UUIDField()
    mandate = serializers.UUIDField()
    use_types = serializers.ListField(child=serializers.CharField(), allow_null=True)
    limits = serializers.DictField()
    may_pass_on = serializers.BooleanField()
    valid_from = serializers.DateTimeField()
    valid_until = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


class AbsenceInput(StrictSerializer):
    """Who is in meanwhile, by e-mail address."""

    stand_in = serializers.EmailField()
    valid_from = serializers.DateTimeField()
    valid_until = serializers.DateTimeField()


class AbsenceOutput(StrictSerializer):
    """An absence."""

    id = serializers.UUIDField()
    valid_from = serializers.DateTimeField()
    valid_until = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


class DelegationsApi(PersonView):
    """Pass a mandate on, within it."""

    @extend_schema(
        operation_id="mandates_delegate", request=DelegationInput, responses={201: DelegationOutput}
    )
    def post(self, request: Request, mandate_id: UUID) -> Response:
        fields = self.parsed(DelegationInput)
        mandate = Mandate.objects.filter(pk=mandate_id, agency=self.person.organisation).first()
        if mandate is None:
            raise NotFound
        to_user = person_named(fields.pop("to"), mandate.agency)
        made = services.delegate_mandate(principal=self.person, mandate=mandate, to_user=to_user, **fields)
        return Response(write_delegation(made), status=201)


class DelegationEndApi(PersonView):
    """Take a delegation back, with all that was passed on under it."""

    @extend_schema(operation_id="delegations_end", request=None, responses=DelegationOutput)
    def post(self, request: Request, delegation_id: UUID) -> Response:
        return Response(
            write_delegation(services.end_delegation(principal=self.person, delegation_id=delegation_id))
        )


class AbsencesApi(PersonView):
    """Be out of office: a colleague decides meanwhile."""

    @extend_schema(operation_id="absences_set", request=AbsenceInput, responses={201: AbsenceOutput})
    def post(self, request: Request) -> Response:
        fields = self.parsed(AbsenceInput)
        if not self.person.acts_as("AGENT"):
            raise Forbidden("AGENT_ONLY", "Only an agent, signed in, sets an absence.")
        stand_in = person_named(fields.pop("stand_in"), self.person.organisation)
        made = services.set_absence(principal=self.person, stand_in=stand_in, **fields)
        return Response(write_absence(made), status=201)


class AbsenceEndApi(PersonView):
    """Be back before time."""

    @extend_schema(operation_id="absences_end", request=None, responses=AbsenceOutput)
    def post(self, request: Request, absence_id: UUID) -> Response:
        return Response(write_absence(services.end_absence(principal=self.person, absence_id=absence_id)))


def write_delegation(row: Delegation) -> dict[str, Any]:
    """A delegation as the API shows it."""
    return {
        "id": str(row.pk),
        "mandate": str(row.mandate_id),
        "use_types": row.use_types,
        "limits": row.limits,
        "may_pass_on": row.may_pass_on,
        "valid_from": rfc3339(row.valid_from),
        "valid_until": rfc3339(row.valid_until),
        "ended_at": rfc3339(row.ended_at) if row.ended_at else None,
    }


def write_absence(row: Absence) -> dict[str, Any]:
    """An absence as the API shows it."""
    return {
        "id": str(row.pk),
        "valid_from": rfc3339(row.valid_from),
        "valid_until": rfc3339(row.valid_until),
        "ended_at": rfc3339(row.ended_at) if row.ended_at else None,
    }
