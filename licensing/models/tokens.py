"""Issued licences: the token, the signed statement of its grant, alerts before it ends."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q

from accounts.sealed_fields import SealedTextField
from common.ids import new_id
from common.models import BaseModel
from licensing.models.fields import TRAINING_CODES, code_field, code_list
from trustcore.policy.clauses import Checkpoint
from trustcore.policy.vocabulary import Construct, FrameDisposition, RevocationKind, TokenState, UseType


class LicenceToken(models.Model):
    """A licence in force. Terms, window, quota and parties are locked (trigger); only the state moves."""

    jti = models.UUIDField(primary_key=True, default=new_id, editable=False)
    created_at = models.DateTimeField()
    licence_id = models.UUIDField(db_index=True)
    request = models.OneToOneField("licensing.LicenceRequest", models.PROTECT, related_name="token")
    terms = models.ForeignKey("licensing.TermsVersion", models.PROTECT, related_name="tokens")
    production = models.ForeignKey("licensing.Production", models.PROTECT, related_name="tokens")
    talent = models.ForeignKey("licensing.Talent", models.PROTECT, related_name="tokens")
    licensee = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="licences")
    agency = models.ForeignKey(
        "accounts.Organisation", models.PROTECT, null=True, blank=True, related_name="granted_licences"
    )
    vendor_ids = ArrayField(models.UUIDField(), default=list, blank=True)
    state = code_field(TokenState, default=TokenState.ACTIVE)
    not_before = models.DateTimeField()
    not_after = models.DateTimeField()
    frames_max = models.PositiveBigIntegerField()
    lines_max = models.PositiveBigIntegerField()
    use_types = code_list(UseType)
    constructs = code_list(Construct)
    status_list = models.PositiveIntegerField()
    status_index = models.PositiveIntegerField()
    supersedes = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="superseded_by"
    )
    # the licensee's generation at issue: a later one means that it has changed hands (claim ``coc``)
    control_generation = models.PositiveIntegerField()
    # when the next agreed notice before the end falls due; None: none is left
    notice_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revocation_kind = code_field(RevocationKind, blank=True, default="")
    frame_disposition = code_field(FrameDisposition, blank=True, default="")
    revocation_reason = SealedTextField(subject="talent_id", blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(use_types__overlap=TRAINING_CODES), name="token_never_carries_training"
            ),
            models.CheckConstraint(condition=~Q(use_types=[]), name="token_grants_something"),
            models.CheckConstraint(
                condition=Q(not_after__gt=F("not_before")), name="token_ends_after_it_begins"
            ),
            models.CheckConstraint(
                condition=Q(state=TokenState.REVOKED, revoked_at__isnull=False)
                | (~Q(state=TokenState.REVOKED) & Q(revoked_at__isnull=True)),
                name="token_revoked_has_its_time",
            ),
            models.UniqueConstraint(fields=["status_list", "status_index"], name="token_status_slot_once"),
        ]
        indexes = [
            models.Index(fields=["licensee", "created_at"]),
            models.Index(fields=["agency", "created_at"]),
            models.Index(fields=["state", "not_after"]),
            models.Index(fields=["notice_at"], condition=Q(notice_at__isnull=False), name="token_notice_due"),
            GinIndex(fields=["vendor_ids"], name="token_vendors"),
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.jti}"


class GrantStatement(BaseModel):
    """The signed statement of what was granted, by whom, over which terms; append-only."""

    token = models.OneToOneField(LicenceToken, models.PROTECT, related_name="grant")
    jws = models.TextField()
    # hash over who agreed to which terms, and when: claim ``consent_hash`` of every token minted
    consent_hash = models.CharField(max_length=71)
    kid = models.CharField(max_length=80)

    def __str__(self) -> str:
        return f"grant of {self.token_id}"


class GrantReissue(BaseModel):
    """The same statement, signed anew because the key that signed it before was revoked; append-only."""

    token = models.ForeignKey(LicenceToken, models.PROTECT, related_name="reissues")
    jws = models.TextField()
    kid = models.CharField(max_length=80)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["token", "kid"], name="one_reissue_per_key")]
        indexes = [models.Index(fields=["kid"], name="reissue_by_key")]

    def __str__(self) -> str:
        return f"grant of {self.token_id} under {self.kid}"


class CheckpointPass(BaseModel):
    """The talent's side let the work pass a checkpoint that the terms agreed; append-only, once per licence."""

    token = models.ForeignKey(LicenceToken, models.PROTECT, related_name="checkpoints_passed")
    checkpoint = models.CharField(max_length=6, choices=[(str(one), str(one)) for one in Checkpoint])
    side = models.CharField(max_length=12)
    passed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["token", "checkpoint"], name="checkpoint_passed_once"),
            models.CheckConstraint(
                condition=Q(checkpoint__in=[str(one) for one in Checkpoint]), name="checkpoint_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.checkpoint} of {self.token_id}"


class CheckpointYes(BaseModel):
    """One person's yes at a checkpoint, for one side; append-only. Triggers judge the side, and what suffices to pass."""

    token = models.ForeignKey(LicenceToken, models.PROTECT, related_name="checkpoint_yeses")
    checkpoint = models.CharField(max_length=6, choices=[(str(one), str(one)) for one in Checkpoint])
    side = models.CharField(max_length=12)
    said_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["token", "checkpoint", "side", "said_by"], name="one_yes_per_side_and_person"
            ),
            models.CheckConstraint(
                condition=Q(checkpoint__in=[str(one) for one in Checkpoint]), name="yes_checkpoint_known"
            ),
            models.CheckConstraint(
                condition=Q(side__in=["AGENT", "TALENT", "SIGNER", "GUARDIAN"]), name="yes_side_known"
            ),
        ]

    def __str__(self) -> str:
        return f"yes at {self.checkpoint} of {self.token_id}"


class Alert(BaseModel):
    """A licence nears its end; one per token and threshold."""

    class Kind(models.TextChoices):
        """What the alert is about."""

        WINDOW_ENDS = "WINDOW_ENDS", "The licence ends soon"

    token = models.ForeignKey(LicenceToken, models.PROTECT, related_name="alerts")
    kind = models.CharField(max_length=20, choices=Kind)
    threshold_days = models.PositiveIntegerField()
    due_at = models.DateTimeField()
    raised_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["token", "kind", "threshold_days"], name="one_alert_per_threshold"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.threshold_days} d"


class QuotaAlert(BaseModel):
    """So much of a licence's quota is given out; one per token, counter and threshold."""

    token = models.ForeignKey(LicenceToken, models.PROTECT, related_name="quota_alerts")
    counter = models.CharField(max_length=10)
    percent = models.PositiveSmallIntegerField()
    granted = models.PositiveBigIntegerField()
    most = models.PositiveBigIntegerField()
    raised_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["token", "counter", "percent"], name="one_quota_alert_per_threshold"
            ),
            models.CheckConstraint(condition=Q(percent__in=[80, 95]), name="quota_alert_threshold"),
        ]

    def __str__(self) -> str:
        return f"{self.counter} {self.percent} %"
