"""A registered job at work: which inputs it takes, which it has done, and what it refused."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from common.models import BaseModel


class TransformRun(BaseModel):
    """A run of a registered job over inputs in a fixed order; its items are its checkpoint."""

    class State(models.TextChoices):
        """Where the run stands."""

        QUEUED = "QUEUED", "waits"
        RUNNING = "RUNNING", "at work"
        DONE = "DONE", "every input dealt with"
        STOPPED = "STOPPED", "stopped: it is not the code that was approved"

    organisation = models.ForeignKey(
        "accounts.Organisation", models.PROTECT, related_name="+", db_index=False
    )
    job = models.ForeignKey("training.TransformJob", models.PROTECT, related_name="runs")
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    dataset = models.SlugField(max_length=80)
    dataset_version = models.PositiveIntegerField()
    role = models.CharField(max_length=40)
    state = models.CharField(max_length=8, choices=State, default=State.QUEUED)
    # the code of what stopped it
    stopped_for = models.CharField(max_length=60, blank=True, default="")
    inputs = models.PositiveIntegerField()
    moved_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state="STOPPED", finished_at__isnull=False) & ~Q(stopped_for="")
                | (~Q(state="STOPPED") & Q(stopped_for="")),
                name="transform_run_stops_for_a_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["organisation", "-created_at"], name="transform_run_by_age"),
            models.Index(fields=["moved_at"], condition=Q(finished_at=None), name="transform_run_unfinished"),
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.dataset} v{self.dataset_version}"


class TransformItem(BaseModel):
    """One input of a run: not yet dealt with, made into a derivative, or refused before or after the work."""

    class State(models.TextChoices):
        """What became of it."""

        WAITING = "WAITING", "waits"
        MADE = "MADE", "made into a derivative"
        REFUSED_BEFORE = "BEFORE", "refused by the checks before"
        FAILED = "FAILED", "the work on it failed"
        REFUSED_AFTER = "AFTER", "refused by the checks after"

    run = models.ForeignKey(TransformRun, models.PROTECT, related_name="items", db_index=False)
    ordinal = models.PositiveIntegerField()
    asset = models.ForeignKey("training.TrainingAsset", models.PROTECT, related_name="+", db_index=False)
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    codes = models.JSONField(default=list)
    derivative = models.OneToOneField(
        "training.Derivative", models.PROTECT, null=True, related_name="made_by_item"
    )
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "ordinal"], name="transform_item_once"),
            models.UniqueConstraint(fields=["run", "asset"], name="transform_item_takes_each_input_once"),
            models.CheckConstraint(
                condition=Q(state="MADE", derivative__isnull=False)
                | (~Q(state="MADE") & Q(derivative__isnull=True)),
                name="transform_item_made_has_its_output",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ordinal} {self.state}"
