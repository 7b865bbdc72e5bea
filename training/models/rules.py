"""What counsel defines for the whole house, version by version; the newest holds (TP-162)."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from common.models import BaseModel
from training.vocabulary import CollectionMethod, LicenceClass, SourceType


class HouseRules(BaseModel):
    """One version of a house's rules for material; append-only."""

    organisation = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="+")
    version = models.PositiveIntegerField()
    # licences of other classes are not accepted
    licence_classes = ArrayField(models.CharField(max_length=24, choices=LicenceClass))
    prohibited_source_types = ArrayField(models.CharField(max_length=20, choices=SourceType), default=list)
    prohibited_methods = ArrayField(models.CharField(max_length=12, choices=CollectionMethod), default=list)
    # ISO 3166, expanded: where material may be meant for at all
    territories = ArrayField(models.CharField(max_length=6))
    # days after the end of its rights until which anything may be kept; None: as long as its rights record allows
    retention_days = models.PositiveIntegerField(null=True)
    # of each trigger: {"hours": int, "model_actions": [ItemAction]}
    takedowns = models.JSONField()
    # the rules in Cedar, as the gate reads them
    text = models.TextField()
    note = models.CharField(max_length=500)
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "version"], name="house_rules_version_once"),
            models.CheckConstraint(
                condition=Q(licence_classes__len__gt=0, territories__len__gt=0), name="house_rules_permit_something"
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"rules v{self.version}"
