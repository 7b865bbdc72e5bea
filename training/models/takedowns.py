"""What must go: cases with what they reach, frozen when they were opened, and the work that follows."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from common import clock
from common.models import BaseModel
from training.models.fields import SHA256
from training.vocabulary import ItemAction, NodeKind, TakedownState, TakedownTrigger


class Takedown(BaseModel):
    """One case, or a drill of one. What it reached is frozen (trigger); its state and its end move."""

    organisation = models.ForeignKey(
        "accounts.Organisation", models.PROTECT, related_name="+", db_index=False
    )
    trigger = models.CharField(max_length=16, choices=TakedownTrigger)
    is_drill = models.BooleanField(default=False)
    reason = models.CharField(max_length=2000)
    # nodes that it began at
    roots = ArrayField(models.BigIntegerField())
    # the rights record whose end began it, so that no end opens two cases
    rights = models.ForeignKey("training.RightsRecord", models.PROTECT, null=True, related_name="+")
    # everything in the graph up to this edge was looked at
    as_of_edge = models.PositiveBigIntegerField()
    reached = models.PositiveIntegerField()
    reached_root = models.CharField(max_length=64, validators=[SHA256])
    # how many of each kind of node
    counts = models.JSONField(default=dict)
    # seconds of each part, measured
    measured = models.JSONField(default=dict)
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False
    )
    due_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=TakedownState, default=TakedownState.CONTAINED)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False
    )
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=2000, blank=True, default="")
    certificate = models.BinaryField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["rights", "trigger"], condition=Q(is_drill=False), name="takedown_once_for_an_end"
            ),
            models.CheckConstraint(condition=Q(roots__len__gt=0), name="takedown_begins_somewhere"),
            models.CheckConstraint(
                condition=~Q(state=TakedownState.CLOSED) | Q(certificate__isnull=False),
                name="takedown_closed_is_certified",
            ),
        ]
        indexes = [models.Index(fields=["organisation", "-created_at"], name="takedown_by_age")]

    def __str__(self) -> str:
        return f"{self.trigger} {self.state}"


class TakedownReach(models.Model):
    """One node that a case reaches; append-only.

    The database checks what a statement adds as a whole (trigger): case and node are there, and of one house.
    """

    pk = models.CompositePrimaryKey("takedown_id", "node_id")
    takedown = models.ForeignKey(
        Takedown, models.PROTECT, related_name="reach", db_index=False, db_constraint=False
    )
    node = models.ForeignKey(
        "training.LineageNode", models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    # an original that was admitted until this case contained it
    was_admitted = models.BooleanField(default=False)
    # when it was found to be reached; None: when the case was opened
    at = models.DateTimeField(null=True, default=clock.now, editable=False)

    class Meta:
        indexes = [models.Index(fields=["node"], name="takedown_reach_by_node")]

    def __str__(self) -> str:
        return f"{self.node_id} in {self.takedown_id}"


class TakedownItem(BaseModel):
    """Work on one manifest or model, or on all material of a case: who does it, until when, and its evidence."""

    takedown = models.ForeignKey(Takedown, models.PROTECT, related_name="items")
    kind = models.CharField(max_length=10, choices=NodeKind)
    # the row that it is about; empty: all the material together
    ref = models.UUIDField(null=True)
    label = models.CharField(max_length=200)
    # what may be chosen, and what was
    choices = ArrayField(models.CharField(max_length=10, choices=ItemAction))
    action = models.CharField(max_length=10, choices=ItemAction, blank=True, default="")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False
    )
    due_at = models.DateTimeField()
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False
    )
    done_at = models.DateTimeField(null=True)
    evidence = models.CharField(max_length=2000, blank=True, default="")
    evidence_sha256 = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(done_at=None, action="")
                | (Q(done_at__isnull=False) & ~Q(action="") & ~Q(evidence="")),
                name="takedown_item_is_done_with_evidence",
            ),
        ]
        indexes = [models.Index(fields=["takedown", "due_at"], name="takedown_item_by_clock")]

    def __str__(self) -> str:
        return f"{self.action or 'open'} {self.label}"
