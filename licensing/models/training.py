"""Training rights: rows of their own from the ask to the token, so that no render licence can ever hold one."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from accounts.sealed_fields import SealedTextField
from common.ids import new_id
from common.models import BaseModel
from licensing.models.fields import TERMS_HASH, TRAINING_CODES, choices_of, code_field, code_list
from trustcore.policy.vocabulary import Construct, RequestState, TokenState, UseType

TRAINING_STATES = (
    RequestState.SUBMITTED,
    RequestState.APPROVED,
    RequestState.DECLINED,
    RequestState.WITHDRAWN,
    RequestState.LAPSED,
)


class TrainingRequest(BaseModel):
    """A studio asks to train with one talent's likeness in one production; the talent alone answers, word for word."""

    licence_id = models.UUIDField(default=new_id, unique=True)
    production = models.ForeignKey("licensing.Production", models.PROTECT, related_name="training_requests")
    talent = models.ForeignKey("licensing.Talent", models.PROTECT, related_name="training_requests")
    licensee = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="training_requests")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    state = models.CharField(
        max_length=40, choices=choices_of(TRAINING_STATES), default=RequestState.SUBMITTED
    )
    use_types = code_list(UseType)
    terms = models.JSONField()
    terms_hash = models.CharField(max_length=71, validators=[TERMS_HASH])
    submitted_at = models.DateTimeField()
    answer_by = models.DateTimeField()
    notice_until = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    decline_reason = SealedTextField(subject="talent_id", blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(use_types__contained_by=TRAINING_CODES) & ~Q(use_types=[]),
                name="training_request_asks_for_training_alone",
            ),
            models.CheckConstraint(condition=Q(terms__training__allowed=True), name="training_terms_say_so"),
        ]
        indexes = [
            models.Index(fields=["talent", "state"]),
            models.Index(fields=["licensee", "created_at"]),
        ]

    def __str__(self) -> str:
        return f"training {self.state} {self.id}"


class TrainingConsent(BaseModel):
    """The talent's yes to exactly these terms, in person (or a guardian's, an estate's, by authority); append-only."""

    request = models.OneToOneField(TrainingRequest, models.PROTECT, related_name="consent")
    talent = models.ForeignKey("licensing.Talent", models.PROTECT, related_name="training_consents")
    given_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    terms_hash = models.CharField(max_length=71, validators=[TERMS_HASH])
    given_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"consent to {self.request_id}"


class TrainingToken(models.Model):
    """A training licence in force. All but its end is locked (trigger), and it grants training alone (constraint)."""

    jti = models.UUIDField(primary_key=True, default=new_id, editable=False)
    created_at = models.DateTimeField()
    request = models.OneToOneField(TrainingRequest, models.PROTECT, related_name="token")
    production = models.ForeignKey("licensing.Production", models.PROTECT, related_name="training_tokens")
    talent = models.ForeignKey("licensing.Talent", models.PROTECT, related_name="training_tokens")
    licensee = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="training_tokens")
    use_types = code_list(UseType)
    constructs = code_list(Construct)
    terms_hash = models.CharField(max_length=71, validators=[TERMS_HASH])
    runs_max = models.PositiveBigIntegerField()
    not_before = models.DateTimeField()
    not_after = models.DateTimeField()
    state = code_field((TokenState.ACTIVE, TokenState.REVOKED), default=TokenState.ACTIVE)
    control_generation = models.PositiveIntegerField()
    grant_jws = models.TextField()
    grant_kid = models.CharField(max_length=80)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revocation_reason = SealedTextField(subject="talent_id", blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(use_types__contained_by=TRAINING_CODES) & ~Q(use_types=[]),
                name="training_token_grants_training_alone",
            ),
            models.CheckConstraint(
                condition=Q(not_after__gt=F("not_before")), name="training_token_ends_after_it_begins"
            ),
            models.CheckConstraint(
                condition=Q(state=TokenState.REVOKED, revoked_at__isnull=False)
                | (~Q(state=TokenState.REVOKED) & Q(revoked_at__isnull=True)),
                name="training_token_revoked_has_its_time",
            ),
        ]
        indexes = [
            models.Index(fields=["licensee", "created_at"]),
            models.Index(fields=["talent", "state"]),
        ]

    def __str__(self) -> str:
        return f"training {self.state} {self.jti}"
