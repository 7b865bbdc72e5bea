"""The registry of marks, what was found, and files that wait to be looked at.

``MarkRegistration`` and ``MarkReport`` are evidence: triggers refuse update, delete and truncate for every
role. ``MarkDetection`` is work: its state moves, and the file that was handed in is dropped when it is done.
No foreign keys to productions or licences: this floor does not see them.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from common.models import BaseModel


class ReportKind(models.TextChoices):
    """What a report tells of."""

    EMBEDDED = "EMBEDDED", "embedded"
    VERIFIED = "VERIFIED", "verified before release"
    DETECTED = "DETECTED", "found in a file"


class DetectionState(models.TextChoices):
    """Where a detection stands."""

    QUEUED = "QUEUED", "waiting"
    RUNNING = "RUNNING", "being read"
    DONE = "DONE", "done"
    FAILED = "FAILED", "failed"


class MarkRegistration(BaseModel):
    """A mark id and what it leads to; written before the mark is embedded anywhere.

    ``mark_id``: 64 random bits as 16 hex digits. ``visible_to``: organisations that may be told of it.
    ``segment``: the part of the output that carries it, empty for all of it.
    """

    mark_id = models.CharField(max_length=16, unique=True)
    production_id = models.UUIDField(db_index=True)
    token_jtis = ArrayField(models.UUIDField(), default=list)
    asset_id = models.UUIDField(null=True, blank=True, db_index=True)
    card = models.CharField(max_length=80)
    key_id = models.CharField(max_length=32)
    segment = models.CharField(max_length=80, blank=True, default="")
    visible_to = ArrayField(models.UUIDField(), default=list, blank=True)

    class Meta:
        indexes = [
            # all that a detection asks of a million rows: their number, the newest, and their ids in one stream
            models.Index(fields=["key_id", "created_at"], include=["mark_id"], name="mark_ids_by_key"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(mark_id__regex=r"^[0-9a-f]{16}$"), name="mark_id_is_64_bits")
        ]

    def __str__(self) -> str:
        return self.mark_id


class MarkReport(BaseModel):
    """What an embedding or a detection said of a registered mark; ``results`` in the engine's words."""

    registration = models.ForeignKey(MarkRegistration, models.PROTECT, related_name="reports")
    kind = models.CharField(max_length=8, choices=ReportKind.choices)
    results = models.JSONField()

    class Meta:
        ordering = ["created_at", "id"]

    def __str__(self) -> str:
        return f"{self.registration_id} {self.kind}"


class MarkDetection(BaseModel):
    """A file that an organisation asked about, until it is read, and then the answer."""

    organisation = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="+")
    file_name = models.CharField(max_length=200)
    blob = models.CharField(max_length=300, blank=True)
    layers = ArrayField(models.CharField(max_length=8))
    state = models.CharField(max_length=8, choices=DetectionState.choices, default=DetectionState.QUEUED)
    result = models.JSONField(null=True, blank=True)
    error_code = models.CharField(max_length=40, blank=True, default="")
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["created_at"],
                condition=Q(state__in=["QUEUED", "RUNNING"]),
                name="detections_that_wait",
            )
        ]

    def __str__(self) -> str:
        return f"{self.file_name} {self.state}"
