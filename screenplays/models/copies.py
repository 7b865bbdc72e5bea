"""Marked copies: each made for one recipient, and known by its marks when it turns up elsewhere."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from common.models import BaseModel
from screenplays.models.grants import Access
from screenplays.models.works import Version, Work


class Copy(BaseModel):
    """A PDF of a version made for one recipient. Its hidden mark is keyed by its id. Append-only."""

    work = models.ForeignKey(Work, models.PROTECT, related_name="copies")
    version = models.ForeignKey(Version, models.PROTECT, related_name="copies")
    number = models.PositiveIntegerField()
    # the access under which it was made: who, for which house, under what
    access = models.OneToOneField(Access, models.PROTECT, related_name="copy")
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    recipient = models.CharField(max_length=120)
    sha256 = models.CharField(max_length=64)
    pages = models.PositiveIntegerField()
    # words that carry the mark
    marked_words = models.PositiveIntegerField()
    blob = models.CharField(max_length=300)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["work", "number"], name="copy_number_once"),
            models.CheckConstraint(condition=~Q(recipient=""), name="copy_has_its_recipient"),
        ]
        indexes = [models.Index(fields=["sha256"], name="copy_by_sha256")]

    def __str__(self) -> str:
        return f"copy {self.number} of {self.work_id}"
