"""The HTTP face of erasures: see what one would do, ask, confirm, take back, read the certificate.

For the person and for administrators of the operator, each at the portal's session: no key asks for an erasure.
"""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.conf import settings
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.principals import Principal
from accounts.selectors import principal_of
from common.api import ApiView, CursorPage
from common.errors import Conflict, Forbidden, NotFound
from compliance.erasure import services
from compliance.erasure.inventory import KEPT
from compliance.erasure.models import AskedFor, Erasure, ErasureState, Ground
from compliance.erasure.people import Person, person_named, person_of
from compliance.erasure.selectors import erasure_for, erasures_visible_to


class WhomInput(serializers.Serializer[Any]):
    """Whom: neither means the caller."""

    talent = serializers.CharField(max_length=160, required=False, help_text="id or handle of a talent")
    user = serializers.CharField(
        max_length=254, required=False, help_text="id or address of a user who is no talent"
    )


class ErasureInput(WhomInput):
    """What an erasure is asked for."""

    ground = serializers.ChoiceField(choices=[(one.value, one.label) for one in Ground])


class ErasureAgainstOutput(serializers.Serializer[Any]):
    """What stands against it."""

    code = serializers.CharField()
    count = serializers.IntegerField()


class ErasureKeptOutput(serializers.Serializer[Any]):
    """What stays, and why it may."""

    what = serializers.CharField()
    why = serializers.CharField()


class ErasurePlanOutput(serializers.Serializer[Any]):
    """What an erasure would do."""

    subjects = serializers.ListField(child=serializers.UUIDField(), help_text="whose keys would be destroyed")
    keys_destroyed = serializers.IntegerField(help_text="what is sealed under them becomes unreadable")
    rows = serializers.DictField(
        child=serializers.IntegerField(), help_text="rows by table that would be overwritten or go"
    )
    kept = ErasureKeptOutput(many=True, help_text="what stays and can still be proved")
    against = ErasureAgainstOutput(many=True, help_text="what would refuse it now")
    cooling_off_seconds = serializers.IntegerField(help_text="from its confirmation until it is carried out")


class ErasureOutput(serializers.ModelSerializer[Erasure]):
    """An erasure: how far it is; ids, nothing that names anybody."""

    talent = serializers.UUIDField(source="talent_id", allow_null=True)
    user = serializers.UUIDField(source="user_id", allow_null=True)
    ground = serializers.ChoiceField(choices=[(one.value, one.label) for one in Ground])
    state = serializers.ChoiceField(choices=[(one.value, one.label) for one in ErasureState])
    asked_for = serializers.ChoiceField(choices=[(one.value, one.label) for one in AskedFor])
    asked_by = serializers.UUIDField(source="asked_by_id")
    confirmed_by = serializers.UUIDField(source="confirmed_by_id", allow_null=True)
    against = ErasureAgainstOutput(many=True)
    rows = serializers.SerializerMethodField()
    keys_destroyed = serializers.SerializerMethodField()
    certificate = serializers.SerializerMethodField()

    class Meta:
        model = Erasure
        fields = (
            "id",
            "talent",
            "user",
            "ground",
            "state",
            "asked_for",
            "asked_by",
            "confirmed_by",
            "rows",
            "keys_destroyed",
            "against",
            "certificate",
            "created_at",
            "confirmed_at",
            "due_at",
            "ended_at",
        )

    def get_rows(self, row: Erasure) -> dict[str, int]:
        """Rows by table, as they were shown to who asked."""
        return dict((row.plan or {}).get("rows", {}))

    def get_keys_destroyed(self, row: Erasure) -> int:
        """Keys, as shown to who asked."""
        return int((row.plan or {}).get("keys", 0))

    def get_certificate(self, row: Erasure) -> str | None:
        """Where the certificate is, once there is one."""
        return f"/api/v1/erasures/{row.pk}/certificate" if row.certificate is not None else None


class ErasureCertificateOutput(serializers.Serializer[Any]):
    """What was done, signed (Ed25519 over the schema's line and the certificate as RFC 8785 JSON)."""

    certificate = serializers.DictField()
    kid = serializers.CharField()
    signature = serializers.CharField(help_text="hex")


class ErasurePlans(ApiView):
    """What an erasure would do."""

    required_scope = None

    @extend_schema(operation_id="erasure_plan", request=WhomInput, responses=ErasurePlanOutput)
    def post(self, request: Request) -> Response:
        """Count what would become unreadable and name what stays; nothing is changed and nothing is asked for."""
        principal = principal_of(request)
        person = person_asked_of(principal, self.parsed(WhomInput))
        return Response(ErasurePlanOutput(plan_told(person)).data)


class Erasures(ApiView):
    """Erasures: all of them to the operator, to everybody else their own."""

    required_scope = None

    @extend_schema(operation_id="erasures_list", responses=ErasureOutput(many=True))
    def get(self, request: Request) -> Response:
        """List them, newest first, by cursor."""
        principal = principal_of(request)
        _in_person(principal)
        page = CursorPage()
        rows = page.paginate_queryset(erasures_visible_to(principal), request, view=self)
        return page.get_paginated_response(ErasureOutput(rows, many=True).data)

    @extend_schema(
        operation_id="erasure_ask",
        request=ErasureInput,
        responses={201: ErasureOutput},
        parameters=[OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER)],
    )
    def post(self, request: Request) -> Response:
        """Ask for an erasure: one's own, or as an administrator of the operator anybody's; another one confirms it."""
        principal, given = principal_of(request), self.parsed(ErasureInput)
        person = person_asked_of(principal, given)
        row = services.ask_erasure(principal=principal, person=person, ground=given["ground"])
        where = f"/api/v1/erasures/{row.pk}"
        return Response(ErasureOutput(row).data, status=201, headers={"Location": where})


class ErasureDetail(ApiView):
    """One erasure."""

    required_scope = None

    @extend_schema(operation_id="erasure_read", responses=ErasureOutput)
    def get(self, request: Request, erasure_id: UUID) -> Response:
        """Say how far it is, when it is due, and what stands against it."""
        return Response(ErasureOutput(_one(request, erasure_id)).data)


class ErasureConfirmation(ApiView):
    """The second pair of eyes."""

    required_scope = None

    @extend_schema(operation_id="erasure_confirm", request=None, responses=ErasureOutput)
    def post(self, request: Request, erasure_id: UUID) -> Response:
        """Confirm what another one asked for; a job carries it out when its days are over."""
        _one(request, erasure_id)
        row = services.confirm_erasure(principal=principal_of(request), erasure_id=erasure_id)
        return Response(ErasureOutput(row).data)


class ErasureWithdrawal(ApiView):
    """Taking it back."""

    required_scope = None

    @extend_schema(operation_id="erasure_withdraw", request=None, responses=ErasureOutput)
    def post(self, request: Request, erasure_id: UUID) -> Response:
        """Take back what was not carried out yet."""
        _one(request, erasure_id)
        row = services.withdraw_erasure(principal=principal_of(request), erasure_id=erasure_id)
        return Response(ErasureOutput(row).data)


class ErasureCertificate(ApiView):
    """What was done, signed."""

    required_scope = None

    @extend_schema(operation_id="erasure_certificate", responses=ErasureCertificateOutput)
    def get(self, request: Request, erasure_id: UUID) -> Response:
        """Read the certificate; it names nobody."""
        answer = Response(ErasureCertificateOutput(certificate_told(_one(request, erasure_id))).data)
        answer["Content-Disposition"] = f'attachment; filename="erasure-{erasure_id}.json"'
        return answer


def plan_told(person: Person) -> dict[str, Any]:
    """What the erasure of ``person`` would do; the portal shows the same."""
    plan = services.plan_erasure(person)
    return {
        "subjects": list(plan.subjects),
        "keys_destroyed": plan.keys,
        "rows": plan.rows,
        "kept": [asdict(one) for one in KEPT],
        "against": [asdict(one) for one in plan.against],
        "cooling_off_seconds": settings.ERASURE_COOLING_OFF_SECONDS,
    }


def certificate_told(row: Erasure) -> dict[str, Any]:
    """The certificate with its signature.

    Raises:
        Conflict: ``ERASURE_NOT_DONE``.
    """
    if row.certificate is None:
        raise Conflict("ERASURE_NOT_DONE", "This erasure was not carried out yet.")
    return {"certificate": row.certificate, "kid": row.kid, "signature": bytes(row.signature).hex()}


def person_asked_of(principal: Principal, given: dict[str, Any]) -> Person:
    """The person who is named, or the caller.

    Raises:
        Forbidden: ``PERSON_ONLY``: a key asks. NotFound: nobody is named so, or the caller may not ask for them.
    """
    _in_person(principal)
    named = {key: given[key] for key in ("talent", "user") if given.get(key)}
    person = person_named(**named) if named else person_of(talent=None, user=principal.person)
    try:
        services.require_own_or_operator(principal, person)
    except Forbidden as error:
        raise NotFound from error  # whoever may not ask does not hear who exists
    return person


def _in_person(principal: Principal) -> None:
    if principal.credential is not None:
        raise Forbidden("PERSON_ONLY", "This is asked in person, signed in, by no key.")


def _one(request: Request, erasure_id: UUID) -> Erasure:
    principal = principal_of(request)
    _in_person(principal)
    return erasure_for(principal, erasure_id)
