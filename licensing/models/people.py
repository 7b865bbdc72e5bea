"""People and who may speak for them: talent, vault, visibility, mandate, delegation."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from simple_history.models import HistoricalRecords

from common.models import BaseModel
from licensing.models.fields import SHA256_HEX, TRAINING_CODES, choices_of, code_field, code_list
from trustcore.policy.vocabulary import ApprovalMode, Construct, UseType, Visibility

# The modes that a mandate may set. A guardian's is set by law, a rule's by the rule itself.
MANDATE_MODES = (
    ApprovalMode.TALENT_ONLY,
    ApprovalMode.AGENT_WITHIN_MANDATE,
    ApprovalMode.DUAL,
    ApprovalMode.QUORUM,
    ApprovalMode.UNION_NOTICE,
)


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
    # A minor until that day; consent is then a guardian's. Null: of age.
    majority_on = models.DateField(null=True, blank=True)
    # The estate consents from that day on.
    died_on = models.DateField(null=True, blank=True)
    history = HistoricalRecords()

    class Meta:
        indexes = [
            models.Index(fields=["stage_name", "id"], name="talent_by_name"),
            GinIndex(SearchVector("stage_name", config="simple"), name="talent_name_words"),
        ]

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
    """Layer 1: who may see the talent (``construct`` empty), or one kind of construct. No rule: hidden.

    A trigger refuses a level that the talent did not set, and an organisation that is not in ``listed_ids``.
    """

    talent = models.ForeignKey(Talent, models.PROTECT, related_name="visibility_rules")
    construct = code_field(Construct, blank=True, default="")
    level = code_field(Visibility, default=Visibility.HIDDEN)
    organisations = models.ManyToManyField("accounts.Organisation", blank=True, related_name="+")
    listed_ids = ArrayField(models.UUIDField(), default=list, blank=True)
    set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    set_at = models.DateTimeField(null=True, blank=True)
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
    mode = code_field(MANDATE_MODES)
    # QUORUM: so many of ``signers`` must agree
    quorum = models.PositiveSmallIntegerField(null=True, blank=True)
    # UNION_NOTICE: the guild hears of it, and so many hours pass before anything begins
    notice_hours = models.PositiveSmallIntegerField(default=0)
    use_types = code_list(UseType)
    limits = models.JSONField(default=dict, blank=True)
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    # the talent, or whoever has the authority to speak for them (trigger)
    granted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
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
                condition=Q(mode__in=[str(mode) for mode in MANDATE_MODES]), name="mandate_mode_is_routed"
            ),
            models.CheckConstraint(
                condition=Q(mode=str(ApprovalMode.QUORUM), quorum__gte=1)
                | (~Q(mode=str(ApprovalMode.QUORUM)) & Q(quorum__isnull=True)),
                name="quorum_has_its_number",
            ),
            models.CheckConstraint(
                condition=~Q(use_types__overlap=TRAINING_CODES), name="mandate_never_carries_training"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.mode} {self.id}"


class MandateSigner(BaseModel):
    """One of those whose agreement a quorum counts: members of a band, heirs of a joint estate."""

    mandate = models.ForeignKey(Mandate, models.PROTECT, related_name="signers")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["mandate", "user"], name="one_voice_per_signer")]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.mandate_id}"


class Delegation(BaseModel):
    """A colleague of the same agency stands in for the named agent, for a time and within limits.

    ``parent`` is the delegation that this one passes on; it holds only while every one before it holds, and
    its uses, limits and dates lie within theirs.
    """

    mandate = models.ForeignKey(Mandate, models.PROTECT, related_name="delegations")
    from_user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    to_user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="delegated_mandates")
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="passed_on")
    may_pass_on = models.BooleanField(default=False)
    # null: every use of the mandate
    use_types = ArrayField(
        models.CharField(max_length=40, choices=choices_of(UseType)), null=True, blank=True
    )
    limits = models.JSONField(default=dict, blank=True)
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
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


class Absence(BaseModel):
    """Out of office: a colleague decides under the mandates that name the absent agent, and passes nothing on."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="absences")
    agency = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="+")
    stand_in = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_until__gt=F("valid_from")), name="absence_ends_after_it_begins"
            ),
            models.CheckConstraint(condition=~Q(user=F("stand_in")), name="stand_in_is_somebody_else"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} until {self.valid_until:%Y-%m-%d}"
