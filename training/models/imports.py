"""Material registered in bulk: a file of rows that is read in the background, and the rows that it did not get in."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from common.models import BaseModel
from training.models.fields import SHA256


class MaterialImport(BaseModel):
    """A file of captures, as it was handed in, and how far it has been read.

    ``rows_read`` and ``bytes_read`` move with the rows that they count, in one transaction: a reading that was cut off
    goes on behind the last whole chunk.
    """

    class State(models.TextChoices):
        """Where the reading stands."""

        QUEUED = "QUEUED", "handed in"
        RUNNING = "RUNNING", "being read"
        DONE = "DONE", "read to its end"
        FAILED = "FAILED", "cannot be read"
        CANCELLED = "CANCELLED", "called off; what was read before stays"

    organisation = models.ForeignKey(
        "accounts.Organisation", models.PROTECT, related_name="+", db_index=False
    )
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False
    )
    # the key that handed it in, if one did: asked again before each chunk
    credential = models.ForeignKey(
        "accounts.ApiCredential", models.PROTECT, null=True, related_name="+", db_index=False
    )
    # whose name stands in the rows as their collector
    collector = models.CharField(max_length=120)
    # the caller's own key: the same file sent again is the same import
    repeat_key = models.CharField(max_length=200, blank=True, default="")
    blob = models.CharField(max_length=300)
    size_bytes = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64, validators=[SHA256])
    state = models.CharField(max_length=9, choices=State, default=State.QUEUED)
    failure = models.CharField(max_length=40, blank=True, default="")
    rows_read = models.PositiveBigIntegerField(default=0)
    rows_admitted = models.PositiveBigIntegerField(default=0)
    rows_isolated = models.PositiveBigIntegerField(default=0)
    rows_same = models.PositiveBigIntegerField(default=0)
    rows_refused = models.PositiveBigIntegerField(default=0)
    bytes_read = models.PositiveBigIntegerField(default=0)
    # readings in a row that the database refused at the same chunk
    stuck = models.PositiveSmallIntegerField(default=0)
    moved_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    cancelled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state="CANCELLED", cancelled_by__isnull=False, finished_at__isnull=False)
                | (~Q(state="CANCELLED") & Q(cancelled_by=None)),
                name="material_import_is_cancelled_by_somebody",
            ),
            models.UniqueConstraint(
                fields=["organisation", "repeat_key"], condition=~Q(repeat_key=""),
                name="material_import_once_a_key",
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["organisation", "-created_at"], name="material_import_by_age"),
            models.Index(
                fields=["moved_at"], condition=Q(finished_at=None), name="material_import_unfinished"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.pk}"


class ImportRefusal(models.Model):
    """One row that was not registered, and why; of what the gate refused the decision stands beside it."""

    number = models.BigAutoField(primary_key=True)
    material_import = models.ForeignKey(
        MaterialImport, models.PROTECT, related_name="refusals", db_index=False
    )
    row = models.PositiveBigIntegerField()
    code = models.CharField(max_length=60)
    detail = models.CharField(max_length=300, blank=True, default="")
    external_id = models.CharField(max_length=200, blank=True, default="")
    decision = models.ForeignKey(
        "training.PolicyDecision", models.PROTECT, null=True, related_name="+", db_index=False
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["material_import", "row"], name="import_refusal_once_a_row")
        ]

    def __str__(self) -> str:
        return f"row {self.row}: {self.code}"
