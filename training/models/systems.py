"""What other systems say they hold of the house's manifests, and what looks at the house itself have found."""

from django.conf import settings
from django.db import models

from common.models import BaseModel
from training.models.fields import SHA256


class SystemReport(BaseModel):
    """What one system held at one moment, beside what stood here; append-only."""

    organisation = models.ForeignKey(
        "accounts.Organisation", models.PROTECT, related_name="+", db_index=False
    )
    system = models.SlugField(max_length=80)
    # SHA-256 of what it told, as of what stands here: equal means in step
    told_sha256 = models.CharField(max_length=64, validators=[SHA256])
    held_sha256 = models.CharField(max_length=64, validators=[SHA256])
    # how many manifests differ, and the first of them
    differs = models.PositiveIntegerField()
    differences = models.JSONField(default=list)
    reported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False
    )

    class Meta:
        indexes = [
            models.Index(fields=["organisation", "system", "-created_at"], name="system_report_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.system}: {self.differs} differ"


class InspectionLook(BaseModel):
    """One look at everything that a house's lineage rests on (``training/upkeep.py``), as it came out; append-only."""

    organisation = models.ForeignKey(
        "accounts.Organisation", models.PROTECT, related_name="+", db_index=False
    )
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    # for each check its code, how many things were not as they should be, and a few of them
    findings = models.JSONField()

    class Meta:
        indexes = [models.Index(fields=["organisation", "-created_at"], name="inspection_look_newest")]

    def __str__(self) -> str:
        return f"look of {self.created_at}"
