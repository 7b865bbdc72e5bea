"""That an output carries a label which people see or hear: who said so, of which file, and how the label is shown."""

from django.conf import settings
from django.db import models

from common.language import later
from common.models import BaseModel


class ShownLabel(models.TextChoices):
    """The label itself (TAXONOMY 12)."""

    ICON = "ICON", later("icon")
    TEXT = "TEXT", later("text")
    AUDIBLE = "AUDIBLE", later("audible")


class LabelPlace(models.TextChoices):
    """How people meet it."""

    IN_PICTURE = "IN_PICTURE", later("in the picture or sound itself")
    IN_CREDITS = "IN_CREDITS", later("in the credits")
    BY_PLAYER = "BY_PLAYER", later("shown by the player")
    BESIDE = "BESIDE", later("beside the work, on its page")


class VisibleLabelRecord(BaseModel):
    """One statement, of one person, about the file as it was then; append-only."""

    asset = models.ForeignKey("provenance.Asset", models.PROTECT, related_name="visible_labels")
    label = models.CharField(max_length=8, choices=ShownLabel)
    place = models.CharField(max_length=12, choices=LabelPlace)
    words = models.CharField(max_length=300, blank=True, default="")
    asset_sha256 = models.CharField(max_length=64)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    credential = models.ForeignKey("accounts.ApiCredential", models.PROTECT, null=True, related_name="+")
    organisation = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["asset", "-created_at"], name="label_by_asset")]

    def __str__(self) -> str:
        return f"{self.label} {self.asset_id}"
