"""Scans of large originals: what was asked, how the original stood before, and how it ended."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from common.models import BaseModel
from training.vocabulary import AssetState


class ScanJob(BaseModel):
    """The scan of an original whose bytes are here and lie apart until it has ended; it ends once (trigger)."""

    class State(models.TextChoices):
        """How far it has come."""

        QUEUED = "QUEUED", "waits"
        RUNNING = "RUNNING", "is being scanned"
        DONE = "DONE", "scanned and judged"
        FAILED = "FAILED", "not judged: the bytes may be sent again"

    organisation = models.ForeignKey(
        "accounts.Organisation", models.PROTECT, related_name="+", db_index=False
    )
    asset = models.ForeignKey("training.TrainingAsset", models.PROTECT, related_name="scans")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    credential = models.ForeignKey(
        "accounts.ApiCredential", models.PROTECT, null=True, related_name="+", db_index=False
    )
    # hash of the contract that the ingest runs by; empty: none at all; None: not asked
    under = models.CharField(max_length=71, null=True)  # noqa: DJ001 - None and empty say two things
    # how the original stood before its bytes came: a scan that finds nothing leaves it so
    was = models.CharField(max_length=8, choices=AssetState)
    was_location = models.CharField(max_length=1000, blank=True, default="")
    state = models.CharField(max_length=7, choices=State, default=State.QUEUED)
    problem = models.CharField(max_length=60, blank=True, default="")
    # beginnings of the scan; what ends its worker each time is not scanned for ever
    attempts = models.PositiveSmallIntegerField(default=0)
    moved_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["asset"], condition=Q(finished_at=None), name="scan_job_one_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["QUEUED", "RUNNING"], finished_at=None)
                | Q(state="DONE", finished_at__isnull=False)
                | (Q(state="FAILED", finished_at__isnull=False) & ~Q(problem="")),
                name="scan_job_ends_whole",
            ),
        ]
        indexes = [
            models.Index(fields=["moved_at"], condition=Q(finished_at=None), name="scan_job_unfinished"),
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.asset_id}"
