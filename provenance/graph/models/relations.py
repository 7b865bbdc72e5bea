"""Edges: this version was made from that one, in this way, by this person, for these frames and this region."""

from django.db import models
from django.db.models import F, Q

from common.language import later
from provenance.graph.models.base import ToldBySomeone


class RelationKind(models.TextChoices):
    """In which way the child came from the parent."""

    GENERATED_FROM = "GENERATED_FROM", later("generated from")
    COMPOSITED_FROM = "COMPOSITED_FROM", later("composited from")
    EDITED_FROM = "EDITED_FROM", later("edited from")
    ENHANCED_FROM = "ENHANCED_FROM", later("enhanced from")
    RENDERED_FROM = "RENDERED_FROM", later("rendered from")
    TRANSCODED_FROM = "TRANSCODED_FROM", later("transcoded from")
    MARKED_FROM = "MARKED_FROM", later("marked and signed from")
    CONTAINS = "CONTAINS", later("contains")
    TRAINED_ON = "TRAINED_ON", later("trained on")
    ACCORDING_TO = "ACCORDING_TO", later("according to")


class Relation(ToldBySomeone):
    """The child was made from the parent.

    ``frame_first`` to ``frame_last`` are frames of the child; ``parent_first`` is the parent's frame that became
    ``frame_first``. ``region`` is a polygon in pixels of the child, ``((x1,y1),(x2,y2),...)``.
    """

    child = models.ForeignKey(
        "provenance.AssetVersion", models.PROTECT, related_name="parent_relations", db_index=False
    )
    parent = models.ForeignKey(
        "provenance.AssetVersion", models.PROTECT, related_name="child_relations", db_index=False
    )
    kind = models.CharField(max_length=16, choices=RelationKind)
    # what the parent was used as, where a generation used it
    role = models.CharField(max_length=12, blank=True, default="")
    # a tool that keeps no record of its own: the edge is shown dashed and counted as incomplete
    tool = models.CharField(max_length=120, blank=True, default="")
    frame_first = models.IntegerField(null=True)
    frame_last = models.IntegerField(null=True)
    parent_first = models.IntegerField(null=True)
    region = models.TextField(blank=True, default="")
    mask = models.ForeignKey(
        "provenance.AssetVersion", models.PROTECT, null=True, related_name="+", db_index=False
    )
    generation = models.ForeignKey(
        "provenance.GenerationRecord", models.PROTECT, null=True, related_name="relations", db_index=False
    )

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(child=F("parent")), name="relation_joins_two"),
            models.CheckConstraint(
                condition=Q(frame_first=None, frame_last=None, parent_first=None)
                | Q(frame_last__gte=F("frame_first")),
                name="relation_frames_in_order",
            ),
            models.UniqueConstraint(
                fields=["child", "parent", "kind", "role", "frame_first", "region", "generation"],
                nulls_distinct=False,
                name="relation_once",
            ),
        ]
        indexes = [
            models.Index(fields=["parent", "child"], name="relation_by_parent"),
            models.Index(
                fields=["generation"], condition=Q(generation__isnull=False), name="relation_by_generation"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.child_id} {self.kind} {self.parent_id}"
