"""Productions: the works to which every licence is locked."""

from django.db import models
from simple_history.models import HistoricalRecords

from common.models import BaseModel


class ProductionKind(models.TextChoices):
    """What kind of work a licence is locked to."""

    PROJECT = "PROJECT"
    PRODUCTION = "PRODUCTION"
    CAMPAIGN = "CAMPAIGN"


class Production(BaseModel):
    """A project, production or campaign of one studio; its log's ``origin`` never changes."""

    organisation = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="productions")
    title = models.CharField(max_length=200)
    kind = models.CharField(max_length=20, choices=ProductionKind)
    guild = models.ForeignKey(
        "accounts.Organisation", models.PROTECT, null=True, blank=True, related_name="overseen_productions"
    )
    eidr = models.CharField(max_length=80, blank=True, default="")
    origin = models.CharField(max_length=200, unique=True)
    history = HistoricalRecords()

    class Meta:
        indexes = [models.Index(fields=["organisation", "created_at"])]

    def __str__(self) -> str:
        return self.title
