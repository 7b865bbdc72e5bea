"""People and who may speak for them: talent, vault, visibility, mandate, delegation."""

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from simple_history.models import HistoricalRecords

from common.models import BaseModel
from licensing.models.fields import SHA256_HEX, code_field, code_list
from trustcore.policy.vocabulary import ApprovalMode, Construct, UseType, Visibility

# The approval modes the server acts on; the closed vocabulary names more.
ROUTED_MODES = (ApprovalMode.TALENT_ONLY, ApprovalMode.AGENT_WITHIN_MANDATE, ApprovalMode.DUAL)


class Talent(BaseModel):
    """A person whose likeness is licensed; ``organisation`` is the person's own, never the agency."""

    organisation = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="talents")
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="talent"
    )
    stage_name = models.CharField(max_length=200)
    handle = models.CharField(
        max_length=80, unique=True, validators=[RegexValidator(r"^[a-z0-9][a-z0-9-]{1,79}$")]
    )
    history = HistoricalRecords()

    def __str__(self) -> str:
        return self.handle


class VaultConstruct(BaseModel):
    """One identity construct in the vault: where it lies and its hash, never the capture itself."""

    talent = models.ForeignKey(Talent, models.PROTECT, related_name="constructs")
    kind = code_field(Construct)
    sha256 = models.CharField(max_length=64, validators=[SHA256_HEX])
    location_uri = models.CharField(max_length=500)
    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["talent", "kind", "sha256"], name="construct_once_per_talent"),
            models.CheckConstraint(condition=Q(sha256__regex=r"^[0-9a-f]{64}$"), name="construct_sha256_hex"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.sha256[:8]}"


class VisibilityRule(BaseModel):
    """Layer 1: who may see the talent (``construct`` empty), or one kind of construct. No rule: hidden."""

    talent = models.ForeignKey(Talent, models.PROTECT, related_name="visibility_rules")
    construct = code_field(Construct, blank=True, default="")
    level = code_field(Visibility, default=Visibility.HIDDEN)
    organisations = models.ManyToManyField("accounts.Organisation", blank=True, related_name="+")
    history = HistoricalRecords(m2m_fields=[organisations])

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["talent", "construct"], name="one_visibility_rule_per_construct")
        ]

    def __str__(self) -> str:
        return f"{self.construct or 'default'}: {self.level}"


class Mandate(BaseModel):
    """What an agency may decide for a talent: mode, uses, limits in numbers, dates."""

    talent = models.ForeignKey(Talent, models.PROTECT, related_name="mandates")
    agency = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="mandates")
    # Named: this agent alone and those to whom the mandate is delegated. Empty: each agent of the agency.
    agent = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="mandates"
    )
    mode = code_field(ROUTED_MODES)
    use_types = code_list(UseType)
    limits = models.JSONField(default=dict, blank=True)
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["talent"], condition=Q(revoked_at=None), name="one_mandate_in_force_per_talent"
            ),
            models.CheckConstraint(
                condition=Q(valid_until=None) | Q(valid_until__gt=F("valid_from")),
                name="mandate_ends_after_it_begins",
            ),
            models.CheckConstraint(
                condition=Q(mode__in=[str(mode) for mode in ROUTED_MODES]), name="mandate_mode_is_routed"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.mode} {self.id}"


class Delegation(BaseModel):
    """A colleague of the same agency stands in for the named agent, for a time."""

    mandate = models.ForeignKey(Mandate, models.PROTECT, related_name="delegations")
    from_user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    to_user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="delegated_mandates")
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField()
    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_until__gt=F("valid_from")), name="delegation_ends_after_it_begins"
            ),
            models.CheckConstraint(
                condition=~Q(from_user=F("to_user")), name="delegation_is_to_somebody_else"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.mandate_id} until {self.valid_until:%Y-%m-%d}"
