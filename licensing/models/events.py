"""What happens to people and companies, and to whom it falls due: declared events, duties after a revocation."""

from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.sealed_fields import SealedTextField
from common.models import BaseModel
from licensing.models.fields import SHA256_HEX, TERMS_HASH


class EventKind(models.TextChoices):
    """The events after which every live licence is judged anew (TAXONOMY 1, 5, 12)."""

    STRIKE = "STRIKE", "Strike"
    DISPUTE = "DISPUTE", "Dispute"
    MAJORITY = "MAJORITY", "A minor comes of age"
    DEATH = "DEATH", "Death"
    REPRESENTATION = "REPRESENTATION", "Change of representation"
    CHANGE_OF_CONTROL = "CHANGE_OF_CONTROL", "Change of control"
    PRODUCTION_END = "PRODUCTION_END", "End of production"


class DeclaredEvent(BaseModel):
    """An event as it was declared, with the effect that was read before it was confirmed; append-only."""

    kind = models.CharField(max_length=20, choices=EventKind)
    covers = models.CharField(max_length=12)
    covered_id = models.UUIDField()
    declared_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    declared_for = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="+")
    why = SealedTextField(subject="told_about")
    effects = models.JSONField()
    effect_hash = models.CharField(max_length=71, validators=[TERMS_HASH])

    class Meta:
        indexes = [models.Index(fields=["covered_id", "created_at"])]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"

    @property
    def told_about(self) -> UUID:
        """Whose text the reason is: the talent's whom the event is about, else that of whoever declared it."""
        return self.covered_id if self.covers == "talent" else self.declared_by_id


class RevocationDuty(BaseModel):
    """A licence ended: its licensee, and each vendor, stops and says so in time; acknowledged once."""

    token = models.ForeignKey("licensing.LicenceToken", models.PROTECT, related_name="duties")
    organisation = models.ForeignKey(
        "accounts.Organisation", models.PROTECT, related_name="revocation_duties"
    )
    disposition = models.CharField(max_length=40)
    due_at = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    # of the certificate of destruction, where frames are to be destroyed
    certificate_sha256 = models.CharField(max_length=64, blank=True, default="", validators=[SHA256_HEX])
    overdue_noted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["token", "organisation"], name="one_duty_per_party"),
            models.CheckConstraint(
                condition=Q(acknowledged_at__isnull=True, acknowledged_by__isnull=True)
                | Q(acknowledged_at__isnull=False, acknowledged_by__isnull=False),
                name="acknowledgement_is_whole",
            ),
            models.CheckConstraint(
                condition=Q(acknowledged_at__isnull=True)
                | ~Q(disposition="DESTROY_WITH_CERTIFICATE")
                | Q(certificate_sha256__regex=r"^[0-9a-f]{64}$"),
                name="destruction_has_its_certificate",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(acknowledged_at=None), name="duty_open"),
            models.Index(fields=["organisation", "created_at"]),
        ]

    def __str__(self) -> str:
        return f"{self.organisation_id} for {self.token_id}"
