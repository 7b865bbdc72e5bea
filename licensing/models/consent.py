"""What stands behind a consent: authority over another person, rules made in advance, the talent's own word."""

from typing import Final

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from simple_history.models import HistoricalRecords

from accounts.sealed_fields import SealedJSONField
from common.models import BaseModel
from licensing.models.fields import SHA256_HEX, TERMS_HASH, TRAINING_CODES, code_list
from trustcore.policy.vocabulary import UseType

NEVER_BY_RULE: Final[list[str]] = sorted(
    [*TRAINING_CODES, str(UseType.NEW_DIALOGUE), str(UseType.POSTHUMOUS_RENDER)]
)
"""Uses that nothing approves by itself, whatever was pre-approved (TAXONOMY 10)."""
NEVER_CONTENT_BY_RULE: Final = ("NUDITY", "POLITICAL_ENDORSEMENT", "SEXUAL_CONTENT_MINOR", "SIMULATED_SEX")
"""Content that must be prohibited for a rule to approve."""


class AuthorityKind(models.TextChoices):
    """On what ground somebody speaks for a person who cannot."""

    GUARDIAN = "GUARDIAN", "Guardian of a minor"
    ESTATE_EXECUTOR = "ESTATE_EXECUTOR", "Executor of an estate"


class Authority(BaseModel):
    """A document that lets somebody speak for a minor or for an estate; kept by its hash, never itself."""

    talent = models.ForeignKey("licensing.Talent", models.PROTECT, related_name="authorities")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="authorities")
    kind = models.CharField(max_length=16, choices=AuthorityKind)
    document_type = models.CharField(max_length=80)
    issuer = models.CharField(max_length=200)
    issued_on = models.DateField()
    expires_on = models.DateField(null=True, blank=True)
    sha256 = models.CharField(max_length=64, validators=[SHA256_HEX])
    court_required = models.BooleanField(default=False)
    court_sha256 = models.CharField(max_length=64, blank=True, default="", validators=[SHA256_HEX])
    registered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)
    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(sha256__regex=r"^[0-9a-f]{64}$"), name="authority_sha256_hex"),
            models.CheckConstraint(
                condition=Q(court_sha256="") | Q(court_sha256__regex=r"^[0-9a-f]{64}$"),
                name="authority_court_sha256_hex",
            ),
            models.CheckConstraint(
                condition=~Q(registered_by=F("user")), name="nobody_registers_their_own_authority"
            ),
            models.CheckConstraint(
                condition=Q(expires_on__isnull=True) | Q(expires_on__gt=F("issued_on")),
                name="authority_ends_after_it_begins",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class AutoRule(BaseModel):
    """What the talent approved in advance, for whom and within which limits; never edited, only ended."""

    talent = models.ForeignKey("licensing.Talent", models.PROTECT, related_name="auto_rules")
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    # empty: whoever may see the talent
    licensees = models.ManyToManyField("accounts.Organisation", blank=True, related_name="+")
    use_types = code_list(UseType)
    limits = models.JSONField(default=dict)
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(use_types__overlap=NEVER_BY_RULE), name="rule_never_approves_these"
            ),
            models.CheckConstraint(condition=~Q(use_types=[]), name="rule_approves_something"),
            models.CheckConstraint(
                condition=Q(valid_until__gt=F("valid_from")), name="rule_ends_after_it_begins"
            ),
        ]

    def __str__(self) -> str:
        return f"rule {self.id}"


class ProfileSignOff(BaseModel):
    """An organisation's counsel, signed in, read this very text of a compliance profile; append-only.

    Triggers refuse it to everybody who does not hold the role of counsel in that organisation at that moment.
    """

    organisation = models.ForeignKey(
        "accounts.Organisation", models.PROTECT, related_name="profile_sign_offs"
    )
    profile = models.CharField(max_length=60)
    profile_hash = models.CharField(max_length=71, validators=[TERMS_HASH])
    signed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "profile", "profile_hash", "signed_by"],
                name="text_signed_off_once_by_each",
            )
        ]

    def __str__(self) -> str:
        return f"{self.profile} at {self.organisation_id}"


class ProfileAdoption(BaseModel):
    """A compliance profile that counsel signed off binds an organisation's requests from now on, by its hash.

    Nothing of it changes but its end.
    """

    organisation = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="profiles")
    profile = models.CharField(max_length=60)
    profile_hash = models.CharField(max_length=71, validators=[TERMS_HASH])
    # null: of the time when an administrator recorded counsel's name; triggers refuse it now
    sign_off = models.ForeignKey(
        ProfileSignOff, models.PROTECT, null=True, blank=True, related_name="adoptions"
    )
    counsel_name = models.CharField(max_length=200)
    signed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "profile"], condition=Q(ended_at=None), name="one_adoption_in_force"
            ),
            models.CheckConstraint(condition=~Q(counsel_name=""), name="adoption_names_its_counsel"),
        ]

    def __str__(self) -> str:
        return f"{self.profile} at {self.organisation_id}"


class TalentInstruction(BaseModel):
    """The talent's own word on what nobody else may change: payee, use after death; append-only, the last counts."""

    class Kind(models.TextChoices):
        """What the instruction is about."""

        PAYEE = "PAYEE", "Who is paid"
        POST_MORTEM = "POST_MORTEM", "Use after death"

    talent = models.ForeignKey("licensing.Talent", models.PROTECT, related_name="instructions")
    kind = models.CharField(max_length=12, choices=Kind)
    body = SealedJSONField(subject="talent_id")
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["talent", "kind", "created_at"])]

    def __str__(self) -> str:
        return f"{self.kind} of {self.talent_id}"
