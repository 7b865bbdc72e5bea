"""A delivery that was compared with its log; kept, so that bundles show it."""

from django.db import models

from common.models import BaseModel


class ReconciliationReport(BaseModel):
    """One comparison: its summary, and its rows in the private blobs. Written once."""

    production = models.ForeignKey("licensing.Production", models.PROTECT, related_name="reconciliations")
    summary = models.JSONField()
    blob = models.CharField(max_length=255)

    class Meta:
        indexes = [models.Index(fields=["production", "-created_at"], name="reconciliation_by_production")]

    def __str__(self) -> str:
        return f"reconciliation {self.id}"
