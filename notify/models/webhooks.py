"""What waits to be told, to whom it was told, and the addresses that are called.

The trail's rows are the queue (ADR 0006): a trigger notes each new event in :class:`WaitingEvent` within the
transaction of the event itself, so nothing is told that did not happen and nothing that happened is forgotten.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from common.models import BaseModel


class WaitingEvent(models.Model):
    """An event of the trail that nobody was told of yet; written by a trigger, taken by ``place_waiting``."""

    # no constraint: the trigger writes it beside a row that nobody can remove, and checks cost at each commit
    event = models.OneToOneField(
        "audit.Event", models.DO_NOTHING, primary_key=True, related_name="+", db_constraint=False
    )

    def __str__(self) -> str:
        return f"event {self.event_id} waits"


class Notice(models.Model):
    """One event for one organisation.

    ``position`` is given under a lock that is held until the commit, so positions become visible in their
    order: whoever has read up to one has missed nothing before it. Numbers of events give no such promise.
    """

    position = models.BigAutoField(primary_key=True)
    organisation_id = models.UUIDField()
    event = models.ForeignKey("audit.Event", models.PROTECT, related_name="+")

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["organisation_id", "event"], name="one_notice_per_organisation")
        ]
        indexes = [models.Index(fields=["organisation_id", "position"], name="notice_in_order")]

    def __str__(self) -> str:
        return f"{self.position} for {self.organisation_id}"


class WebhookEndpoint(BaseModel):
    """An address of an organisation that is called when something happens; its secrets are sealed."""

    class Disabled(models.TextChoices):
        BY_HAND = "BY_HAND", "switched off by its owner"
        GONE = "GONE", "it answered 410 Gone"
        FAILING = "FAILING", "nothing reached it for as long as deliveries are tried"

    organisation = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="+")
    created_by = models.ForeignKey("accounts.User", models.PROTECT, related_name="+")
    url = models.CharField(max_length=500)
    # kinds it wants (``licence.revoked``, ``licence.*``); none: all
    kinds = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    sealed_secret = models.BinaryField()
    # after a rotation both secrets sign, until then
    sealed_previous = models.BinaryField(null=True)
    previous_until = models.DateTimeField(null=True, blank=True)
    enabled = models.BooleanField(default=True)
    disabled_reason = models.CharField(max_length=8, choices=Disabled.choices, blank=True)
    disabled_at = models.DateTimeField(null=True, blank=True)
    last_success_at = models.DateTimeField(null=True, blank=True)
    # since when its latest attempts fail; None while they succeed
    failing_since = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "url"], name="one_endpoint_per_address"),
            models.CheckConstraint(
                condition=models.Q(enabled=True, disabled_reason="")
                | models.Q(enabled=False) & ~models.Q(disabled_reason=""),
                name="disabled_for_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"webhook {self.pk}"


OPEN = models.Q(delivered_at=None, dead_at=None)


class Delivery(BaseModel):
    """One event for one endpoint, from the first attempt to the last."""

    endpoint = models.ForeignKey(WebhookEndpoint, models.CASCADE, related_name="deliveries")
    event = models.ForeignKey("audit.Event", models.PROTECT, related_name="+")
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    # a worker is at it until then; one that was killed leaves it to the next
    claimed_until = models.DateTimeField(null=True, blank=True)
    last_attempt_at = models.DateTimeField(null=True, blank=True)
    last_status = models.PositiveSmallIntegerField(null=True, blank=True)
    last_error = models.CharField(max_length=24, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    dead_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["endpoint", "event"], name="one_delivery_per_endpoint"),
            models.CheckConstraint(
                condition=models.Q(delivered_at=None) | models.Q(dead_at=None), name="delivered_or_dead"
            ),
        ]
        indexes = [
            models.Index(fields=["endpoint", "next_attempt_at"], condition=OPEN, name="delivery_due"),
            models.Index(fields=["claimed_until"], condition=OPEN, name="delivery_under_way"),
            models.Index(fields=["endpoint", "-created_at"], name="delivery_newest_first"),
        ]

    def __str__(self) -> str:
        return f"event {self.event_id} to {self.endpoint_id}"

    @property
    def state(self) -> str:
        """``PENDING``, ``DELIVERED`` or ``DEAD``."""
        if self.delivered_at is not None:
            return "DELIVERED"
        return "DEAD" if self.dead_at is not None else "PENDING"
