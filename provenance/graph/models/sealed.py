"""Free text of a production, sealed under the production's own key; destroy the key and nobody reads it again."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from common.models import BaseModel


class ProductionKey(BaseModel):
    """A production's key, itself sealed under the deployment's secret; emptied when it is destroyed."""

    production = models.OneToOneField("licensing.Production", models.PROTECT, related_name="+")
    sealed_key = models.BinaryField(null=True)
    destroyed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(sealed_key__isnull=False, destroyed_at=None)
                | Q(sealed_key=None, destroyed_at__isnull=False),
                name="production_key_is_there_or_destroyed",
            )
        ]

    def __str__(self) -> str:
        return f"key of {self.production_id}"


class SealedText(BaseModel):
    """A text, sealed together with the salt of its commitment.

    The event that names it holds the commitment (older events only its id), and so do root and log: another text in
    its place is found by ``inspect_graph``.
    """

    production = models.ForeignKey("licensing.Production", models.PROTECT, related_name="+", db_index=False)
    sealed = models.BinaryField()
    commitment = models.CharField(max_length=64)
    # the talents whose likeness it is about: it opens with the key of each of them as well, and with none missing
    subject_ids = ArrayField(models.UUIDField(), default=list, blank=True)

    def __str__(self) -> str:
        return self.commitment[:12]
