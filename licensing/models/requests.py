"""Requests, the versions of their terms, and every act upon them."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.sealed_fields import SealedJSONField, SealedTextField
from common.models import BaseModel
from licensing.models.fields import TERMS_HASH, TRAINING_CODES, code_field
from trustcore.policy.vocabulary import ApprovalMode, RequestState

OPEN_STATES: tuple[str, ...] = (
    RequestState.SUBMITTED,
    RequestState.NOTICE_PERIOD,
    RequestState.IN_REVIEW,
    RequestState.COUNTERED,
    RequestState.COUNTER_ACCEPTED,
)


class Side(models.TextChoices):
    """In whose name an act was done."""

    LICENSEE = "LICENSEE"
    AGENT = "AGENT"
    TALENT = "TALENT"
    SIGNER = "SIGNER"
    GUARDIAN = "GUARDIAN"
    SERVER = "SERVER"


class ActionKind(models.TextChoices):
    """What was done to a request."""

    SUBMIT = "SUBMIT"
    NOTICE_OVER = "NOTICE_OVER"
    OPEN = "OPEN"
    COUNTER = "COUNTER"
    ACCEPT_COUNTER = "ACCEPT_COUNTER"
    REVISE = "REVISE"
    QUESTION = "QUESTION"
    ANSWER = "ANSWER"
    ESCALATE = "ESCALATE"
    APPROVE = "APPROVE"
    DECLINE = "DECLINE"
    WITHDRAW = "WITHDRAW"
    LAPSE = "LAPSE"
    ISSUE = "ISSUE"


class LicenceRequest(BaseModel):
    """A studio asks for uses of one talent in one production; routed by the mandate in force.

    ``licence_id`` is the lineage: a renewal carries the one of the licence that it renews, and versions of
    terms are numbered within it.
    """

    licence_id = models.UUIDField(db_index=True)
    production = models.ForeignKey("licensing.Production", models.PROTECT, related_name="requests")
    talent = models.ForeignKey("licensing.Talent", models.PROTECT, related_name="requests")
    licensee = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="licence_requests")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    mode = code_field(ApprovalMode)
    quorum = models.PositiveSmallIntegerField(null=True, blank=True)
    auto_rule = models.ForeignKey(
        "licensing.AutoRule", models.PROTECT, null=True, blank=True, related_name="requests"
    )
    mandate = models.ForeignKey(
        "licensing.Mandate", models.PROTECT, null=True, blank=True, related_name="requests"
    )
    agency = models.ForeignKey(
        "accounts.Organisation", models.PROTECT, null=True, blank=True, related_name="requests_to_answer"
    )
    # Why the talent must agree beside the agent although the mandate says the agent alone; codes.
    outside_mandate = models.JSONField(default=list, blank=True)
    state = code_field(RequestState, default=RequestState.SUBMITTED)
    current = models.ForeignKey("licensing.TermsVersion", models.PROTECT, null=True, related_name="+")
    renews = models.ForeignKey(
        "licensing.LicenceToken", models.PROTECT, null=True, blank=True, related_name="renewals"
    )
    submitted_at = models.DateTimeField()
    answer_by = models.DateTimeField()
    # no licence of this request begins before; null: no notice is owed
    notice_until = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    decline_reason = SealedTextField(subject="talent_id", blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["renews"],
                condition=Q(state__in=OPEN_STATES) & Q(renews__isnull=False),
                name="one_open_renewal_per_token",
            ),
        ]
        indexes = [
            models.Index(fields=["licensee", "state", "answer_by"]),
            models.Index(fields=["agency", "state", "answer_by"]),
            models.Index(fields=["talent", "state", "answer_by"]),
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.id}"


class TermsVersion(BaseModel):
    """One version of terms; append-only. A change is the next version, never an edit."""

    request = models.ForeignKey(LicenceRequest, models.PROTECT, related_name="versions")
    licence_id = models.UUIDField()
    version = models.PositiveIntegerField()
    terms = models.JSONField()
    terms_hash = models.CharField(max_length=71, validators=[TERMS_HASH])
    side = models.CharField(max_length=10, choices=Side)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    note = SealedTextField(subject="request.talent_id", blank=True, default="")
    # {path: why}: a word on single fields that this version changed
    field_notes = SealedJSONField(subject="request.talent_id", default=dict, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["licence_id", "version"], name="terms_version_once_per_licence"),
            models.CheckConstraint(
                condition=Q(terms_hash__regex=r"^sha256:[0-9a-f]{64}$"), name="terms_hash_sha256"
            ),
            models.CheckConstraint(
                condition=Q(terms__has_keys=["training", "use_types"])
                & Q(terms__training__has_key="allowed")
                & Q(terms__training__allowed=False)
                & ~Q(terms__use_types__has_any_keys=TRAINING_CODES),
                name="terms_never_carry_training",
            ),
        ]

    def __str__(self) -> str:
        return f"v{self.version} {self.terms_hash[:15]}"


class RequestAction(BaseModel):
    """Who did what to a request, for whom, over which terms; append-only."""

    request = models.ForeignKey(LicenceRequest, models.PROTECT, related_name="actions")
    kind = models.CharField(max_length=20, choices=ActionKind)
    side = models.CharField(max_length=10, choices=Side)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    credential = models.ForeignKey("accounts.ApiCredential", models.PROTECT, null=True, related_name="+")
    organisation = models.ForeignKey("accounts.Organisation", models.PROTECT, null=True, related_name="+")
    version = models.PositiveIntegerField()
    terms_hash = models.CharField(max_length=71, validators=[TERMS_HASH])
    state_before = code_field(RequestState, blank=True, default="")
    state_after = code_field(RequestState)
    note = SealedTextField(subject="request.talent_id", blank=True, default="")
    # the path of the term that a question or an answer is about; empty: all of it
    about = models.CharField(max_length=80, blank=True, default="")
    # how the person confirmed that it was they: PASSKEY, PASSKEY_SIGN_IN, TOTP, PASSWORD ...; empty: as of old
    method = models.CharField(max_length=20, blank=True, default="", db_default="")
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["request", "at"]),
            models.Index(
                fields=["request", "side", "terms_hash"],
                condition=Q(kind=ActionKind.APPROVE),
                name="action_yes_by_side",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} by {self.side}"


class RequestDraft(BaseModel):
    """What a studio has begun to ask: the body of a submission, read by nobody else and looked up nowhere.

    It becomes a request when it is submitted, once; until then no talent's side hears of it.
    """

    organisation = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="request_drafts")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    title = models.CharField(max_length=200, blank=True, default="")
    body = models.JSONField(default=dict)
    changed_at = models.DateTimeField()
    submitted = models.OneToOneField(
        LicenceRequest, models.PROTECT, null=True, blank=True, related_name="draft"
    )

    class Meta:
        indexes = [models.Index(fields=["organisation", "changed_at"])]

    def __str__(self) -> str:
        return f"draft {self.id}"
