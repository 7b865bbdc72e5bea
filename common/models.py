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
    """An Ed25519 key of the deployment: its public half, and where its private half is.

    A key in the database is sealed under the deployment's secret; of one that lives elsewhere there is a
    ``reference`` (the label in the token, the ARN) and no private byte, which the database enforces.
    """

    class Purpose(models.TextChoices):
        TOKEN = "TOKEN", "licence tokens"
        LOG = "LOG", "log checkpoints"
        BUNDLE = "BUNDLE", "compliance bundles"
        DECISION = "DECISION", "check decisions"
        CREDENTIALS = "CREDENTIALS", "Content Credentials"
        STATUS = "STATUS", "status lists"

    class Backend(models.TextChoices):
        DATABASE = "database", "sealed in the database"
        PKCS11 = "pkcs11", "PKCS#11 token"
        KMS = "kms", "AWS KMS"

    class State(models.TextChoices):
        ACTIVE = "ACTIVE", "signs and verifies"
        RETIRED = "RETIRED", "verifies only"
        REVOKED = "REVOKED", "neither"

    kid = models.CharField(max_length=64, primary_key=True)
    purpose = models.CharField(max_length=16, choices=Purpose.choices)
    state = models.CharField(max_length=8, choices=State.choices, default=State.ACTIVE)
    public_key = models.BinaryField(max_length=32)
    backend = models.CharField(max_length=8, choices=Backend.choices, default=Backend.DATABASE)
    reference = models.CharField(max_length=255, blank=True, default="")
    sealed_private_key = models.BinaryField(null=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    retired_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    # since when somebody else may have signed with it, where a revocation says so
    compromised_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["purpose"], condition=models.Q(state="ACTIVE"), name="one_active_key_per_purpose"
            ),
            models.CheckConstraint(
                condition=models.Q(backend="database", sealed_private_key__isnull=False, reference="")
                | (
                    ~models.Q(backend="database")
                    & models.Q(sealed_private_key=None)
                    & ~models.Q(reference="")
                ),
                name="private_bytes_in_one_place",
            ),
            models.CheckConstraint(
                condition=models.Q(state="REVOKED", revoked_at__isnull=False)
                | (~models.Q(state="REVOKED") & models.Q(revoked_at=None, compromised_at=None)),
                name="revoked_key_has_its_time",
            ),
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
