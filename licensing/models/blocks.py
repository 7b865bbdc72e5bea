"""A talent's side takes no requests from a studio: placed from a request, ended by a person, both kept."""

from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.sealed_fields import SealedTextField
from common.models import BaseModel
from licensing.models.requests import Side


class StudioBlock(BaseModel):
    """For this studio the talent is as if hidden, until the block is ended; nothing of it changes but its end."""

    talent = models.ForeignKey("licensing.Talent", models.PROTECT, related_name="studio_blocks")
    studio = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="+")
    side = models.CharField(max_length=12, choices=Side.choices)
    placed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    why = SealedTextField(subject="told_about")
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["talent", "studio"], condition=Q(ended_at=None), name="one_block_per_studio"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, ended_by=None) | Q(ended_at__isnull=False, ended_by__isnull=False),
                name="block_end_is_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.studio_id} for {self.talent_id}"

    @property
    def told_about(self) -> UUID:
        """Whose text the reason is."""
        return self.talent_id
