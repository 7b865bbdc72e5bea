"""OpenLineage events that wait to be sent: the row is the queue (ADR 0006)."""

from django.db import models
from django.db.models import Q

from common.models import BaseModel


class LineageEvent(BaseModel):
    """One event, as it is sent; written in the transaction that it tells of, forgotten by nobody until it is sent."""

    organisation = models.ForeignKey(
        "accounts.Organisation", models.PROTECT, related_name="+", db_index=False
    )
    body = models.JSONField()
    tries = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=40, blank=True, default="")
    due_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    given_up_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["due_at"], condition=Q(sent_at=None, given_up_at=None), name="lineage_event_waiting"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.body.get('eventType', '')} {self.pk}"
