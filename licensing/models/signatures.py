"""What people signed with their own passkeys: the signature, beside the act it is of; append-only."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from common.models import BaseModel
from licensing.models.fields import TERMS_HASH


class PersonSignature(BaseModel):
    """A passkey's signature over the hash of terms, and the one act that it is of.

    ``kept`` is a :class:`trustcore.passkey.PasskeySignature`; ``digest`` its digest, so that one signature is one act.
    """

    action = models.OneToOneField(
        "licensing.RequestAction", models.PROTECT, null=True, related_name="signature"
    )
    consent = models.OneToOneField(
        "licensing.TrainingConsent", models.PROTECT, null=True, related_name="signature"
    )
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    terms_hash = models.CharField(max_length=71, validators=[TERMS_HASH])
    credential_id = models.CharField(max_length=1400)
    thumbprint = models.CharField(max_length=43)
    sign_count = models.PositiveBigIntegerField()
    kept = models.JSONField()
    digest = models.CharField(max_length=64, unique=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(action__isnull=True) ^ Q(consent__isnull=True), name="signature_is_of_one_act"
            )
        ]
        indexes = [models.Index(fields=["thumbprint"])]

    def __str__(self) -> str:
        return f"by {self.thumbprint[:8]} over {self.terms_hash[:15]}"
