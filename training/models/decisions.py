"""What the gate decided, under which text, what people decided after it, and which exceptions hold."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from common import clock
from common.models import BaseModel
from training.vocabulary import Outcome


class PolicyText(models.Model):
    """A policy as it was in force: its text by its hash. Append-only."""

    hash = models.CharField(max_length=71, primary_key=True)
    text = models.TextField()
    created_at = models.DateTimeField(default=clock.now, editable=False)

    def __str__(self) -> str:
        return self.hash


class PolicyDecision(BaseModel):
    """One verdict of the gate with everything it rested on; append-only."""

    organisation = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="+")
    subject_type = models.CharField(max_length=20)
    # None: what was refused at the edge came to no row
    subject_id = models.UUIDField(null=True)
    # how many assets of a bulk share these very facts
    covers = models.PositiveIntegerField(default=1)
    outcome = models.CharField(max_length=8, choices=Outcome)
    codes = ArrayField(models.CharField(max_length=60), default=list)
    facts = models.JSONField()
    facts_hash = models.CharField(max_length=71)
    policy = models.ForeignKey(PolicyText, models.PROTECT, related_name="+", db_index=False)
    contract_hash = models.CharField(max_length=71, blank=True, default="")
    exceptions = ArrayField(models.UUIDField(), default=list)
    # the verdict on the same subject that this one followed, as when its bytes came
    after = models.ForeignKey("self", models.PROTECT, null=True, related_name="+", db_index=False)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome=Outcome.ADMIT) | Q(codes__len__gt=0), name="refusal_has_its_reason"
            ),
        ]
        indexes = [
            models.Index(fields=["organisation", "-created_at"], name="policy_decision_by_age"),
            models.Index(fields=["subject_id"], name="policy_decision_by_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.outcome} {','.join(self.codes)}"


class Review(BaseModel):
    """An isolated asset waits for a person; the answer is given once, by somebody who did not collect it.

    What is isolated anew, for another reason than the one it was let in by, waits in another review.
    """

    class Answer(models.TextChoices):
        """What the reviewer says."""

        ADMIT = "ADMIT", "Admit"
        REFUSE = "REFUSE", "Refuse"

    organisation = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="+")
    asset = models.ForeignKey("training.TrainingAsset", models.PROTECT, related_name="reviews")
    codes = ArrayField(models.CharField(max_length=60))
    risk = models.PositiveSmallIntegerField()
    due_at = models.DateTimeField()
    collected_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    answer = models.CharField(max_length=6, choices=Answer, blank=True, default="")
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=2000, blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(answer="", answered_by=None, answered_at=None)
                | (~Q(answer="") & Q(answered_by__isnull=False, answered_at__isnull=False) & ~Q(reason="")),
                name="review_is_answered_whole",
            ),
            models.CheckConstraint(
                condition=Q(answered_by=None) | ~Q(answered_by=F("collected_by")),
                name="review_is_somebody_elses",
            ),
            models.UniqueConstraint(fields=["asset"], condition=Q(answer=""), name="review_one_open"),
        ]
        indexes = [
            models.Index(
                fields=["organisation", "-risk", "due_at"], condition=Q(answer=""), name="review_queue"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.answer or 'open'} {self.asset_id}"


class RightsException(BaseModel):
    """A rule that does not hold for a while, in a stated scope, with what is done instead."""

    organisation = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="+")
    # what it lifts, and where
    codes = ArrayField(models.CharField(max_length=60))
    source_class = models.ForeignKey("training.SourceClass", models.PROTECT, related_name="exceptions")
    source = models.ForeignKey("training.Source", models.PROTECT, null=True, related_name="exceptions")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    reason = models.CharField(max_length=2000)
    compensating_controls = models.CharField(max_length=2000)
    rollback_plan = models.CharField(max_length=2000)
    review_on = models.DateField()
    ends_at = models.DateTimeField()
    signed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    signed_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(signed_by=None, signed_at=None)
                | (Q(signed_by__isnull=False, signed_at__isnull=False) & ~Q(signed_by=F("asked_by"))),
                name="exception_is_signed_by_another",
            ),
            models.CheckConstraint(
                condition=~Q(compensating_controls="") & ~Q(rollback_plan="") & Q(codes__len__gt=0),
                name="exception_says_what_is_done_instead",
            ),
        ]

    def __str__(self) -> str:
        return f"{','.join(self.codes)} until {self.ends_at}"
