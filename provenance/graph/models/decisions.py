"""Who decided what about a version, and when."""

from django.db import models

from common.language import later
from provenance.graph.models.base import ToldBySomeone


class DecisionOutcome(models.TextChoices):
    """What was decided."""

    APPROVED = "APPROVED", later("approved")
    CHANGES_REQUESTED = "CHANGES_REQUESTED", later("changes requested")
    REJECTED = "REJECTED", later("rejected")
    CHOSEN = "CHOSEN", later("chosen among takes")


class DecisionStage(models.TextChoices):
    """What the decision was about."""

    CREATIVE = "CREATIVE", later("creative")
    TECHNICAL = "TECHNICAL", later("technical")
    LEGAL = "LEGAL", later("legal")
    FINAL = "FINAL", later("final")


class Decision(ToldBySomeone):
    """One person's decision on one version; the next one does not undo it, it follows it."""

    organisation = models.ForeignKey(
        "accounts.Organisation", models.PROTECT, related_name="+", db_index=False
    )
    version = models.ForeignKey(
        "provenance.AssetVersion", models.PROTECT, related_name="decisions", db_index=False
    )
    outcome = models.CharField(max_length=18, choices=DecisionOutcome)
    stage = models.CharField(max_length=10, choices=DecisionStage)
    note = models.ForeignKey(
        "provenance.SealedText", models.PROTECT, null=True, related_name="+", db_index=False
    )

    class Meta:
        indexes = [models.Index(fields=["version", "-id"], name="decision_by_version")]

    def __str__(self) -> str:
        return f"{self.outcome} {self.version_id}"
