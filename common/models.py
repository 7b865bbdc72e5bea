"""Abstract base of the domain's rows, sealed signing keys, and answers kept for repeated writes."""

from django.contrib.postgres.fields import ArrayField  # noqa: F401  (offered to the packages above)
from django.db import models

from common import clock
from common.ids import new_id


class BaseModel(models.Model):
    """A row with a time-ordered id and the moment it was made."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        abstract = True


class SigningKey(models.Model):
    """An Ed25519 key of the deployment. The private half is sealed under the deployment's secret."""

    class Purpose(models.TextChoices):
        TOKEN = "TOKEN", "licence tokens"
        LOG = "LOG", "log checkpoints"
        BUNDLE = "BUNDLE", "compliance bundles"
        DECISION = "DECISION", "check decisions"
        CREDENTIALS = "CREDENTIALS", "Content Credentials"

    class State(models.TextChoices):
        ACTIVE = "ACTIVE", "signs and verifies"
        RETIRED = "RETIRED", "verifies only"
        REVOKED = "REVOKED", "neither"

    kid = models.CharField(max_length=64, primary_key=True)
    purpose = models.CharField(max_length=16, choices=Purpose.choices)
    state = models.CharField(max_length=8, choices=State.choices, default=State.ACTIVE)
    public_key = models.BinaryField(max_length=32)
    sealed_private_key = models.BinaryField()
    created_at = models.DateTimeField(default=clock.now, editable=False)
    retired_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["purpose"], condition=models.Q(state="ACTIVE"), name="one_active_key_per_purpose"
            )
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.kid} {self.state}"


class IdempotencyRecord(models.Model):
    """The answer once given to a write, so that a retry gets the same one."""

    caller = models.CharField(max_length=80)
    key = models.CharField(max_length=200)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    answer = models.JSONField(null=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["caller", "key"], name="one_answer_per_key")]
        indexes = [models.Index(fields=["created_at"])]

    def __str__(self) -> str:
        return f"{self.caller} {self.key}"
