"""Verifications as they were asked for, and what came of them: records, replays and people's decisions are append-only."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from common.models import BaseModel
from trustcore.verification.words import Action, Impact

_SHA256 = r"^[0-9a-f]{64}$"


class VerificationState(models.TextChoices):
    """How far a verification has come; one that was given up says why."""

    QUEUED = "QUEUED", "waiting"
    RUNNING = "RUNNING", "being verified"
    DONE = "DONE", "verified"
    FAILED = "FAILED", "given up"


UNFINISHED = (VerificationState.QUEUED, VerificationState.RUNNING)


class Verification(BaseModel):
    """One file that an organisation wants judged. ``stages`` follows the work; the record is the result."""

    organisation = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="verifications")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    file_name = models.CharField(max_length=200)
    content_type = models.CharField(max_length=100, blank=True, default="")
    sha256 = models.CharField(max_length=64)
    size_bytes = models.PositiveBigIntegerField()
    # the ingestion copy, for audit and for verifying anew; dropped after VERIFICATION_KEEP_DAYS
    blob = models.CharField(max_length=255, blank=True, default="")
    impact = models.CharField(max_length=4, choices=[(one.value, one.value) for one in Impact])
    layers = ArrayField(models.CharField(max_length=16))
    state = models.CharField(max_length=8, choices=VerificationState, default=VerificationState.QUEUED)
    stages = models.JSONField(default=list)
    attempts = models.PositiveSmallIntegerField(default=0)
    error_code = models.CharField(max_length=40, blank=True, default="")
    touched_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(sha256__regex=_SHA256), name="verification_sha256_hex"),
            models.CheckConstraint(
                condition=~Q(state="FAILED") | ~Q(error_code=""), name="failed_verification_says_why"
            ),
        ]
        indexes = [
            models.Index(fields=["organisation", "-created_at"], name="verification_by_organisation"),
            models.Index(
                fields=["touched_at"], condition=Q(state__in=UNFINISHED), name="verification_unfinished"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.id}"


class VerificationRecord(BaseModel):
    """The report, signed, with what is needed to decide again; append-only.

    ``policy``: the whole policy that decided. ``trial``: what another policy would have advised, and whether it did
    bind (a canary) or was only written down (shadow).
    """

    verification = models.OneToOneField(Verification, models.PROTECT, related_name="record")
    report = models.JSONField()
    report_sha256 = models.CharField(max_length=64)
    kid = models.CharField(max_length=64)
    signature = models.BinaryField()
    policy = models.JSONField()
    trial = models.JSONField(null=True)
    action = models.CharField(max_length=8, choices=[(one.value, one.value) for one in Action])
    headline = models.CharField(max_length=24)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(report_sha256__regex=_SHA256), name="record_sha256_hex"),
        ]
        indexes = [models.Index(fields=["action", "created_at"], name="record_by_action")]

    def __str__(self) -> str:
        return f"{self.action} {self.report_sha256[:12]}"


class Replay(BaseModel):
    """A record that was decided again, and every difference that showed; append-only."""

    record = models.ForeignKey(VerificationRecord, models.PROTECT, related_name="replays")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    differences = models.JSONField()
    decision = models.JSONField()

    def __str__(self) -> str:
        return f"{self.record_id} {len(self.differences)} differences"


class ReviewVerdict(models.TextChoices):
    """What a person says of a file that was held or escalated."""

    LET_GO = "LET_GO", "let it go"
    KEEP_BACK = "KEEP_BACK", "keep it back"


class Review(BaseModel):
    """One person's word on a held or escalated file; two people who agree decide. Append-only."""

    record = models.ForeignKey(VerificationRecord, models.PROTECT, related_name="reviews")
    organisation = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="+")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=9, choices=ReviewVerdict)
    reason = models.CharField(max_length=500)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["record", "person"], name="one_word_per_person"),
            models.CheckConstraint(condition=~Q(reason=""), name="review_says_why"),
        ]

    def __str__(self) -> str:
        return f"{self.verdict} {self.person_id}"


class DetectorPromotion(BaseModel):
    """An operator's wish that an ensemble of detectors may act, with the hold-out that passed the gate; append-only."""

    ensemble = models.CharField(max_length=64)
    calibration_set = models.CharField(max_length=600)
    holdout = models.CharField(max_length=200)
    policy = models.CharField(max_length=64)
    evaluation = models.JSONField()
    figures = models.JSONField()
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"{self.ensemble} {self.holdout}"


class PromotionVerdict(models.TextChoices):
    """What is said of a promotion: another operator's consent, or its end, which anybody of them may say."""

    CONFIRMED = "CONFIRMED", "confirmed"
    WITHDRAWN = "WITHDRAWN", "withdrawn"


class PromotionWord(BaseModel):
    """One operator's word on a promotion; append-only."""

    promotion = models.ForeignKey(DetectorPromotion, models.PROTECT, related_name="words")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=9, choices=PromotionVerdict)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["promotion", "verdict"], name="one_word_of_each_kind_on_a_promotion"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.verdict} {self.person_id}"


class PublicSwitch(BaseModel):
    """An operator's word that anybody may check a file here, or no longer; the newest counts. Append-only."""

    is_on = models.BooleanField()
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return "on" if self.is_on else "off"


class PublicCheck(BaseModel):
    """A stranger's file while it is being read, and the answer until it was seen; then the row is deleted.

    Who has the address of the answer has its secret; here only the digest lies. Nothing says who asked.
    """

    digest = models.CharField(max_length=64, unique=True)
    file_name = models.CharField(max_length=200)
    content_type = models.CharField(max_length=100, blank=True, default="")
    size_bytes = models.PositiveBigIntegerField()
    blob = models.CharField(max_length=255, blank=True, default="")
    state = models.CharField(max_length=8, choices=VerificationState, default=VerificationState.QUEUED)
    stages = models.JSONField(default=list)
    attempts = models.PositiveSmallIntegerField(default=0)
    error_code = models.CharField(max_length=40, blank=True, default="")
    answer = models.JSONField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(digest__regex=_SHA256), name="check_digest_hex"),
            models.CheckConstraint(
                condition=~Q(state="DONE") | Q(answer__isnull=False), name="check_that_is_done_has_its_answer"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.digest[:8]}"
