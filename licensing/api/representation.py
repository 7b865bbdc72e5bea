"""Who speaks for a talent: mandates, rules, instructions, visibility, authority."""

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from common.clock import rfc3339
from common.errors import Forbidden, NotFound
from licensing import selectors, services
from licensing.api.base import CodeField, PersonView, StrictSerializer
from licensing.api.events import EventPreviewOutput
from licensing.api.named import organisation_named, person_named
from licensing.models import Authority, AutoRule, Mandate, Talent
from licensing.models.consent import AuthorityKind, TalentInstruction
from licensing.selectors.people import speaks_for
from trustcore.policy.vocabulary import ApprovalMode, UseType, Visibility

_SHA256 = r"^[0-9a-f]{64}$"
EFFECT_HASH = r"^sha256:[0-9a-f]{64}$"


class MandateInput(StrictSerializer):
    """What an agency may decide; ``agent`` and ``signers`` are e-mail addresses, ``agency`` a slug."""

    agency = serializers.CharField(max_length=60)
    agent = serializers.EmailField(required=False, allow_null=True, default=None)
    mode = CodeField(ApprovalMode)
    use_types = serializers.ListField(child=CodeField(UseType), max_length=40)
    limits = serializers.DictField(required=False, default=dict)
    valid_from = serializers.DateTimeField(required=False, allow_null=True, default=None)
    valid_until = serializers.DateTimeField(required=False, allow_null=True, default=None)
    quorum = serializers.IntegerField(required=False, allow_null=True, default=None, min_value=1)
    signers = serializers.ListField(
        child=serializers.EmailField(), required=False, default=list, max_length=100
    )
    notice_hours = serializers.IntegerField(required=False, default=0, min_value=0, max_value=8760)
    # of what was read to become of live licences: needed where one of them would be held
    effect_hash = serializers.RegexField(EFFECT_HASH, required=False, allow_null=True, default=None)


class MandateEndInput(StrictSerializer):
    """What was read to become of live licences, by its hash; needed where one of them would be held."""

    effect_hash = serializers.RegexField(EFFECT_HASH, required=False, allow_null=True, default=None)


class MandatePreviewInput(StrictSerializer):
    """Which agency would speak for the talent, by its slug; null: none."""

    agency = serializers.CharField(max_length=60, allow_null=True)


class MandateOutput(StrictSerializer):
    """A mandate."""

    id = serializers.UUIDField()
    mode = serializers.CharField()
    agency = serializers.UUIDField()
    use_types = serializers.ListField(child=serializers.CharField())
    limits = serializers.DictField()
    quorum = serializers.IntegerField(allow_null=True)
    notice_hours = serializers.IntegerField()
    valid_from = serializers.DateTimeField()
    valid_until = serializers.DateTimeField(allow_null=True)


class VisibilityRuleInput(StrictSerializer):
    """Who may see the talent, or one kind of construct; ``organisations`` are slugs."""

    level = CodeField(Visibility)
    construct = serializers.CharField(max_length=40, required=False, allow_blank=True, default="")
    organisations = serializers.ListField(child=serializers.CharField(max_length=60), default=list)


class VisibilityRuleOutput(StrictSerializer):
    """The rule as it stands now."""

    level = serializers.CharField()
    construct = serializers.CharField(allow_blank=True)
    organisations = serializers.ListField(child=serializers.UUIDField())


class RuleInput(StrictSerializer):
    """What the talent approves in advance; ``licensees`` are slugs."""

    use_types = serializers.ListField(child=CodeField(UseType), allow_empty=False, max_length=40)
    limits = serializers.DictField()
    licensees = serializers.ListField(child=serializers.CharField(max_length=60), default=list)
    valid_from = serializers.DateTimeField(required=False, allow_null=True, default=None)
    valid_until = serializers.DateTimeField()


class RuleOutput(StrictSerializer):
    """A rule."""

    id = serializers.UUIDField()
    use_types = serializers.ListField(child=serializers.CharField())
    limits = serializers.DictField()
    valid_from = serializers.DateTimeField()
    valid_until = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


class InstructionInput(StrictSerializer):
    """The talent's own word: payee, or use after death."""

    kind = serializers.ChoiceField(choices=TalentInstruction.Kind.values)
    body = serializers.DictField()


class InstructionOutput(StrictSerializer):
    """An instruction as it was given."""

    kind = serializers.CharField()
    body = serializers.DictField()
    at = serializers.DateTimeField()


class AuthorityInput(StrictSerializer):
    """A guardian's or executor's document, by its hash; ``user`` is an e-mail address."""

    user = serializers.EmailField()
    kind = serializers.ChoiceField(choices=AuthorityKind.values)
    document_type = serializers.CharField(max_length=80)
    issuer = serializers.CharField(max_length=200)
    issued_on = serializers.DateField()
    expires_on = serializers.DateField(required=False, allow_null=True, default=None)
    sha256 = serializers.RegexField(_SHA256)
    court_required = serializers.BooleanField(required=False, default=False)
    court_sha256 = serializers.RegexField(r"^([0-9a-f]{64})?$", required=False, allow_blank=True, default="")


class AuthorityOutput(StrictSerializer):
    """A document on file."""

    id = serializers.UUIDField()
    kind = serializers.CharField()
    issued_on = serializers.DateField()
    expires_on = serializers.DateField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)


class _TalentView(PersonView):
    def talent(self, talent_id: UUID) -> Talent:
        """The talent, if the caller may know of them.

        Raises:
            NotFound: nobody there, or nobody for this caller.
        """
        found = selectors.talents_on_roster(self.principal).filter(pk=talent_id).first()
        if found is None:
            raise NotFound
        return found

    def spoken_for(self, talent_id: UUID) -> Talent:
        """The talent for whom the caller speaks; asked before anybody whom the body names is looked up.

        Raises:
            NotFound: as :meth:`talent`. Forbidden: ``TALENT_ONLY``.
        """
        talent = self.talent(talent_id)
        if not speaks_for(self.person, talent):
            raise Forbidden("TALENT_ONLY", "Only the talent does this.")
        return talent


class MandateApi(_TalentView):
    """Grant a mandate: the talent alone."""

    @extend_schema(operation_id="talents_grant_mandate", request=MandateInput, responses={201: MandateOutput})
    def post(self, request: Request, talent_id: UUID) -> Response:
        talent, fields = self.spoken_for(talent_id), self.parsed(MandateInput)
        fields["agency"] = organisation_named(fields["agency"])
        fields["agent"] = person_named(fields["agent"], fields["agency"]) if fields["agent"] else None
        fields["signers"] = [person_named(email) for email in fields["signers"]]
        made = services.grant_mandate(principal=self.person, talent=talent, **fields)
        return Response(write_mandate(made), status=201)


class MandateEndApi(_TalentView):
    """End the mandate in force: the talent alone."""

    @extend_schema(operation_id="talents_end_mandate", request=MandateEndInput, responses={204: None})
    def post(self, request: Request, talent_id: UUID) -> Response:
        person, talent = self.person, self.talent(talent_id)
        services.end_mandate(principal=person, talent=talent, **self.parsed(MandateEndInput))
        return Response(status=204)


class MandatePreviewApi(_TalentView):
    """Show what becomes of each live licence if another agency, or none, speaks for the talent; nothing happens."""

    @extend_schema(
        operation_id="talents_preview_mandate", request=MandatePreviewInput, responses=EventPreviewOutput
    )
    def post(self, request: Request, talent_id: UUID) -> Response:
        talent, fields = self.spoken_for(talent_id), self.parsed(MandatePreviewInput)
        agency = organisation_named(fields["agency"]) if fields["agency"] else None
        shown = services.preview_representation(principal=self.person, talent=talent, agency=agency)
        return Response(
            {"effects": [one.to_dict() for one in shown.effects], "effect_hash": shown.effect_hash}
        )


class TalentVisibilityApi(_TalentView):
    """Say who may see the talent: the talent alone."""

    @extend_schema(
        operation_id="talents_set_visibility", request=VisibilityRuleInput, responses=VisibilityRuleOutput
    )
    def post(self, request: Request, talent_id: UUID) -> Response:
        talent, fields = self.spoken_for(talent_id), self.parsed(VisibilityRuleInput)
        named = [organisation_named(slug) for slug in fields.pop("organisations")]
        rule = services.set_visibility(principal=self.person, talent=talent, organisations=named, **fields)
        ids = [str(one) for one in rule.listed_ids]
        return Response({"level": rule.level, "construct": rule.construct, "organisations": ids})


class RulesApi(_TalentView):
    """The talent's rules; set one: the talent alone."""

    required_scope: ClassVar[dict[str, str]] = {"GET": "licence:read"}

    @extend_schema(operation_id="talents_rules", responses=RuleOutput(many=True))
    def get(self, request: Request, talent_id: UUID) -> Response:
        return self.page(self.talent(talent_id).auto_rules.order_by("-created_at"), write_rule)

    @extend_schema(operation_id="talents_set_rule", request=RuleInput, responses={201: RuleOutput})
    def post(self, request: Request, talent_id: UUID) -> Response:
        talent, fields = self.spoken_for(talent_id), self.parsed(RuleInput)
        named = [organisation_named(slug) for slug in fields.pop("licensees")]
        rule = services.set_auto_rule(principal=self.person, talent=talent, licensees=named, **fields)
        return Response(write_rule(rule), status=201)


class RuleEndApi(PersonView):
    """End a rule: the talent alone."""

    @extend_schema(operation_id="rules_end", request=None, responses=RuleOutput)
    def post(self, request: Request, rule_id: UUID) -> Response:
        return Response(write_rule(services.end_auto_rule(principal=self.person, rule_id=rule_id)))


class InstructionsApi(_TalentView):
    """Say who is paid, or what may be done after death: the talent alone."""

    @extend_schema(
        operation_id="talents_instruct", request=InstructionInput, responses={201: InstructionOutput}
    )
    def post(self, request: Request, talent_id: UUID) -> Response:
        row = services.instruct(
            principal=self.person, talent=self.talent(talent_id), **self.parsed(InstructionInput)
        )
        return Response({"kind": row.kind, "body": row.body, "at": rfc3339(row.created_at)}, status=201)


class AuthoritiesApi(_TalentView):
    """Put a guardian's or executor's document on file: an administrator of the talent's own organisation."""

    @extend_schema(
        operation_id="talents_register_authority", request=AuthorityInput, responses={201: AuthorityOutput}
    )
    def post(self, request: Request, talent_id: UUID) -> Response:
        talent, fields = self.talent(talent_id), self.parsed(AuthorityInput)
        if self.person.organisation_id != talent.organisation_id or not self.person.is_role("ADMIN"):
            raise Forbidden(
                "NOT_YOURS_TO_REGISTER",
                "An administrator of the talent's own organisation registers documents.",
            )
        fields["user"] = person_named(fields["user"])
        row = services.register_authority(principal=self.person, talent=talent, **fields)
        return Response(write_authority(row), status=201)


class AuthorityEndApi(PersonView):
    """End an authority."""

    @extend_schema(operation_id="authorities_end", request=None, responses=AuthorityOutput)
    def post(self, request: Request, authority_id: UUID) -> Response:
        row = services.end_authority(principal=self.person, authority_id=authority_id)
        return Response(write_authority(row))


def write_mandate(mandate: Mandate) -> dict[str, Any]:
    """A mandate as the API shows it."""
    return {
        "id": str(mandate.pk),
        "mode": mandate.mode,
        "agency": str(mandate.agency_id),
        "use_types": list(mandate.use_types),
        "limits": mandate.limits,
        "quorum": mandate.quorum,
        "notice_hours": mandate.notice_hours,
        "valid_from": rfc3339(mandate.valid_from),
        "valid_until": rfc3339(mandate.valid_until) if mandate.valid_until else None,
    }


def write_rule(rule: AutoRule) -> dict[str, Any]:
    """A rule as the API shows it."""
    return {
        "id": str(rule.pk),
        "use_types": list(rule.use_types),
        "limits": rule.limits,
        "valid_from": rfc3339(rule.valid_from),
        "valid_until": rfc3339(rule.valid_until),
        "ended_at": rfc3339(rule.ended_at) if rule.ended_at else None,
    }


def write_authority(row: Authority) -> dict[str, Any]:
    """A document on file as the API shows it."""
    return {
        "id": str(row.pk),
        "kind": row.kind,
        "issued_on": row.issued_on.isoformat(),
        "expires_on": row.expires_on.isoformat() if row.expires_on else None,
        "ended_at": rfc3339(row.ended_at) if row.ended_at else None,
    }
