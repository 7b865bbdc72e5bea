"""The lineage graph: nodes and edges, both append-only, and how far each organisation's graph has come.

Edges of an organisation are written one transaction at a time (its head is locked), so their numbers follow the
order in which they became visible: an index that has read up to a number has read everything up to it.
"""

from django.db import models
from django.db.models import F

from common import clock
from training.vocabulary import NodeKind


class LineageNode(models.Model):
    """One thing in the graph, by the kind and id of its own row."""

    number = models.BigAutoField(primary_key=True)
    organisation = models.ForeignKey(
        "accounts.Organisation", models.PROTECT, related_name="+", db_index=False
    )
    kind = models.CharField(max_length=10, choices=NodeKind)
    ref = models.UUIDField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ref", "organisation", "kind"], name="lineage_node_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.ref}"


class LineageEdge(models.Model):
    """``child`` was made of, or rests on, ``parent``. A trigger refuses whatever would close a circle."""

    number = models.BigAutoField(primary_key=True)
    organisation = models.ForeignKey(
        "accounts.Organisation", models.PROTECT, related_name="+", db_index=False
    )
    parent = models.ForeignKey(LineageNode, models.PROTECT, related_name="below", db_index=False)
    child = models.ForeignKey(LineageNode, models.PROTECT, related_name="above", db_index=False)
    job = models.UUIDField(null=True)
    at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["parent", "child"], name="lineage_edge_once"),
            models.CheckConstraint(condition=~models.Q(parent=F("child")), name="lineage_edge_leads_on"),
        ]
        indexes = [
            models.Index(fields=["child", "parent"], name="lineage_edge_upwards"),
            models.Index(fields=["organisation", "number"], name="lineage_edge_in_order"),
        ]

    def __str__(self) -> str:
        return f"{self.parent_id} -> {self.child_id}"


class LineageHead(models.Model):
    """How many edges an organisation's graph has, and the number of its last one."""

    organisation = models.OneToOneField(
        "accounts.Organisation", models.PROTECT, primary_key=True, related_name="+"
    )
    edges = models.PositiveBigIntegerField(default=0)
    last_edge = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.edges} edges"
