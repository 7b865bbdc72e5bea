"""A bundle as it was asked for and as it was made; the file itself lies in the private blobs."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from common.models import BaseModel
from trustcore.bundle.layout import Purpose


class BundleState(models.TextChoices):
    """How far a bundle has come; a failed one says why and can be asked for again."""

    QUEUED = "QUEUED", "waiting"
    BUILDING = "BUILDING", "being made"
    READY = "READY", "ready"
    FAILED = "FAILED", "failed"


class Audience(models.TextChoices):
    """For whose eyes a bundle is made: who may fetch it, and whether remarks of the parties are inside."""

    SHARED = "SHARED", "the production and its guild"
    OWN = "OWN", "the organisation that asked"


class Bundle(BaseModel):
    """One export of a production or of one talent's part in it, cut at one size of its log."""

    production = models.ForeignKey("licensing.Production", models.PROTECT, related_name="bundles")
    organisation = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="bundles")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    credential_id = models.UUIDField(null=True)
    purpose = models.CharField(max_length=32, choices=[(one.value, one.value) for one in Purpose])
    audience = models.CharField(max_length=8, choices=Audience)
    # The part asked for; all null: the whole production, up to now.
    talent = models.ForeignKey("licensing.Talent", models.PROTECT, null=True, blank=True, related_name="+")
    size = models.PositiveBigIntegerField(null=True, blank=True)
    begins = models.DateTimeField(null=True, blank=True)
    until = models.DateTimeField(null=True, blank=True)
    # How far the work is: the part in hand, and entries read of the log's.
    progress = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=10, choices=BundleState, default=BundleState.QUEUED)
    failure_code = models.CharField(max_length=40, blank=True, default="")
    # The cut: taken once, so that work taken up again after a crash writes the same bytes.
    cut_at = models.DateTimeField(null=True, blank=True)
    checkpoint = models.BinaryField(default=b"")
    vkey = models.BinaryField(default=b"")
    origin = models.CharField(max_length=200, blank=True, default="")
    tree_size = models.PositiveBigIntegerField(null=True, blank=True)
    root_hex = models.CharField(max_length=64, blank=True, default="")
    # The counts of ``bundle.json``, and what a reader should look at first.
    counts = models.JSONField(default=dict, blank=True)
    findings = models.JSONField(default=dict, blank=True)
    blob = models.CharField(max_length=255, blank=True, default="")
    sha256 = models.CharField(max_length=64, blank=True, default="")
    size_bytes = models.PositiveBigIntegerField(default=0)
    key_id = models.CharField(max_length=64, blank=True, default="")
    built_at = models.DateTimeField(null=True, blank=True)
    touched_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(state=BundleState.READY)
                | (
                    Q(tree_size__isnull=False, built_at__isnull=False)
                    & ~Q(root_hex="")
                    & ~Q(blob="")
                    & ~Q(sha256="")
                ),
                name="ready_bundle_is_whole",
            ),
            models.CheckConstraint(
                condition=~Q(state=BundleState.FAILED) | ~Q(failure_code=""), name="failed_bundle_says_why"
            ),
            models.CheckConstraint(
                condition=Q(begins__isnull=True) | Q(until__isnull=True) | Q(begins__lt=F("until")),
                name="bundle_period_runs_forward",
            ),
        ]
        indexes = [
            models.Index(fields=["production", "-created_at"], name="bundle_by_production"),
            models.Index(fields=["organisation", "-created_at"], name="bundle_by_organisation"),
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.id}"


from compliance.erasure.models import Erasure  # noqa: E402
from compliance.incidents.models import (  # noqa: E402 - a room of this app: Django looks for its rows here
    Evidence,
    EvidenceReading,
    Incident,
    IncidentEntry,
    IncidentPackage,
)
from compliance.reconciling.models import ReconciliationReport  # noqa: E402

__all__ = [
    "Audience",
    "Bundle",
    "BundleState",
    "Erasure",
    "Evidence",
    "EvidenceReading",
    "Incident",
    "IncidentEntry",
    "IncidentPackage",
    "ReconciliationReport",
]
