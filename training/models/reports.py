"""Signed answers about material, what each question cost, and rights records that are looked at again."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from common.models import BaseModel
from training.vocabulary import QuestionKind, ReportScope, ReportState, RightsReviewAnswer


class RightsReport(BaseModel):
    """The four questions about one scope, answered up to a moment; what it says never changes (trigger)."""

    organisation = models.ForeignKey(
        "accounts.Organisation", models.PROTECT, related_name="+", db_index=False
    )
    scope = models.CharField(max_length=12, choices=ReportScope)
    # the row that the scope names; None: everything of the house
    ref = models.UUIDField(null=True)
    # the cut: rows that were written up to this moment, and the last event and edge among them
    until = models.DateTimeField()
    last_event = models.PositiveBigIntegerField(default=0)
    last_edge = models.PositiveBigIntegerField(default=0)
    state = models.CharField(max_length=8, choices=ReportState, default=ReportState.QUEUED)
    problem = models.CharField(max_length=60, blank=True, default="")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    touched_at = models.DateTimeField()
    # ``sha256:`` of the head; the statement covers the head and every table
    content_id = models.CharField(max_length=71, blank=True, default="")
    head = models.JSONField(default=dict)
    statement = models.BinaryField(null=True)
    location = models.CharField(max_length=300, blank=True, default="")
    size_bytes = models.PositiveBigIntegerField(default=0)
    done_at = models.DateTimeField(null=True)
    # from the question to the signed answer, waiting in the queue included (TP-192)
    took_ms = models.PositiveBigIntegerField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(scope=ReportScope.ORGANISATION, ref=None)
                | (~Q(scope=ReportScope.ORGANISATION) & Q(ref__isnull=False)),
                name="rights_report_is_about_something",
            ),
            models.CheckConstraint(
                condition=~Q(state=ReportState.DONE)
                | (
                    Q(statement__isnull=False, done_at__isnull=False, took_ms__isnull=False)
                    & ~Q(content_id="")
                ),
                name="rights_report_done_is_signed",
            ),
            models.CheckConstraint(
                condition=~Q(state=ReportState.FAILED) | ~Q(problem=""),
                name="rights_report_fails_for_a_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["organisation", "-created_at"], name="rights_report_by_age"),
            models.Index(
                fields=["touched_at"],
                condition=Q(state__in=[ReportState.QUEUED, ReportState.BUILDING]),
                name="rights_report_waiting",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.scope} until {self.until} {self.state}"


class ReportRerun(BaseModel):
    """A report made again at its own cut, and whether it said the same (TP-095); it ends once (trigger)."""

    class State(models.TextChoices):
        """How far it has come."""

        QUEUED = "QUEUED", "waits"
        RUNNING = "RUNNING", "is being made"
        DONE = "DONE", "compared"
        FAILED = "FAILED", "could not be made"

    organisation = models.ForeignKey(
        "accounts.Organisation", models.PROTECT, related_name="+", db_index=False
    )
    report = models.ForeignKey(RightsReport, models.PROTECT, related_name="reruns")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    state = models.CharField(max_length=7, choices=State, default=State.QUEUED)
    problem = models.CharField(max_length=60, blank=True, default="")
    # ``sha256:`` of the head as it came out this time, and the files that say something else
    content_id = models.CharField(max_length=71, blank=True, default="")
    differs = models.JSONField(default=list)
    touched_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["report"], condition=Q(done_at=None), name="report_rerun_one_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["QUEUED", "RUNNING"], done_at=None)
                | (Q(state="DONE", done_at__isnull=False) & ~Q(content_id=""))
                | (Q(state="FAILED", done_at__isnull=False) & ~Q(problem="")),
                name="report_rerun_ends_whole",
            ),
        ]
        indexes = [
            models.Index(fields=["touched_at"], condition=Q(done_at=None), name="report_rerun_waiting"),
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.report_id}"

    @property
    def is_same(self) -> bool | None:
        """Whether it says the same, to the byte; None: not known yet."""
        return not self.differs if self.state == self.State.DONE else None


class TrainingQuestion(BaseModel):
    """One question that the product answered, and how long it took: the stopwatch (TP-186). Append-only."""

    organisation = models.ForeignKey(
        "accounts.Organisation", models.PROTECT, related_name="+", db_index=False
    )
    kind = models.CharField(max_length=20, choices=QuestionKind)
    took_ms = models.PositiveBigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["organisation", "-created_at"], name="training_question_by_age")]

    def __str__(self) -> str:
        return f"{self.kind} {self.took_ms} ms"


class RightsReview(BaseModel):
    """A rights record whose day to be looked at has come; counsel answers once (TP-103)."""

    organisation = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="+")
    rights = models.ForeignKey("training.RightsRecord", models.PROTECT, related_name="reviews")
    due_on = models.DateField()
    answer = models.CharField(max_length=5, choices=RightsReviewAnswer, blank=True, default="")
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False
    )
    answered_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=2000, blank=True, default="")
    # when a record that stands is looked at again
    next_on = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rights", "due_on"], name="rights_review_once_a_day"),
            models.UniqueConstraint(fields=["rights"], condition=Q(answer=""), name="rights_review_one_open"),
            models.CheckConstraint(
                condition=Q(answer="", answered_by=None, answered_at=None, next_on=None)
                | (~Q(answer="") & Q(answered_by__isnull=False, answered_at__isnull=False) & ~Q(note="")),
                name="rights_review_is_answered_whole",
            ),
            models.CheckConstraint(
                condition=~Q(answer=RightsReviewAnswer.KEEP) | Q(next_on__gt=F("due_on")),
                name="rights_review_is_followed_by_another",
            ),
        ]
        indexes = [
            models.Index(
                fields=["organisation", "due_on"], condition=Q(answer=""), name="rights_review_open"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.answer or 'open'} {self.rights_id} {self.due_on}"
