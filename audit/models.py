"""One row an event. Triggers refuse its change; names of people stay in ``accounts``."""

from uuid import UUID

from django.db import models

from accounts.sealed_fields import SealedJSONField
from common import clock
from common.ids import new_id


class Event(models.Model):
    """Something that happened, in the words of ``kind`` (``licence.approved``, ``key.rotated`` ...).

    ``log_entry`` holds the canonical bytes for the production's transparency log, where the event belongs
    there: the row is the queue, ``receipts`` drains it in the order of ``number``.
    """

    number = models.BigAutoField(primary_key=True)
    id = models.UUIDField(default=new_id, unique=True, editable=False)
    at = models.DateTimeField(default=clock.now, editable=False)
    kind = models.CharField(max_length=60)
    person_id = models.UUIDField(null=True)
    credential_id = models.UUIDField(null=True)
    organisation_id = models.UUIDField(null=True)
    object_type = models.CharField(max_length=60)
    object_id = models.CharField(max_length=64)
    production_id = models.UUIDField(null=True)
    # further organisations that may read this event (the other side of a licence, a guild)
    visible_to = models.JSONField(default=list)
    before_hash = models.CharField(max_length=71, blank=True)
    after_hash = models.CharField(max_length=71, blank=True)
    # whom the details name, where they name somebody: they are sealed under that person's key
    subject_id = models.UUIDField(null=True)
    details = SealedJSONField(subject="subject_id", default=dict)
    log_entry = models.BinaryField(null=True)

    class Meta:
        ordering = ["number"]
        indexes = [
            models.Index(fields=["organisation_id", "-number"], name="event_by_organisation"),
            models.Index(fields=["object_type", "object_id"], name="event_by_object"),
            models.Index(
                fields=["production_id", "number"],
                condition=models.Q(log_entry__isnull=False),
                name="event_for_the_log",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.kind} {self.object_type} {self.object_id}"

    @property
    def sealed_as(self) -> UUID:
        """What its sealed details are bound to; its number is the database's, and not known when they are sealed."""
        return self.id


class Segment(models.Model):
    """A stretch of events as it was written to the archive, once; append-only.

    ``previous_sha256`` names the segment before it, so that none can be taken out. ``clock_ms`` is by how much the clock of
    the machine that wrote it was ahead of the database's.
    """

    number = models.BigAutoField(primary_key=True)
    first = models.BigIntegerField(unique=True)
    last = models.BigIntegerField(unique=True)
    events = models.PositiveIntegerField()
    name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    previous_sha256 = models.CharField(max_length=64, blank=True)
    clock_ms = models.IntegerField()
    archived_at = models.DateTimeField(default=clock.now, editable=False)
    retain_until = models.DateTimeField()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.CheckConstraint(condition=models.Q(first__lte=models.F("last")), name="segment_in_order")
        ]

    def __str__(self) -> str:
        return f"events {self.first} to {self.last}"


class LegalHold(models.Model):
    """A matter for which the archive is kept whatever its retention says, until it is lifted."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    matter = models.CharField(max_length=200)
    placed_at = models.DateTimeField(default=clock.now, editable=False)
    lifted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["matter"], condition=models.Q(lifted_at=None), name="one_hold_a_matter"
            )
        ]

    def __str__(self) -> str:
        return self.matter
