"""An erasure: asked for by the person or an administrator, confirmed by another, carried out once after its days."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from common.models import BaseModel


class Ground(models.TextChoices):
    """Why a person is erased (GDPR, Article 17(1))."""

    NO_LONGER_NEEDED = "NO_LONGER_NEEDED", "(a) no longer needed"
    CONSENT_WITHDRAWN = "CONSENT_WITHDRAWN", "(b) consent withdrawn"
    OBJECTION = "OBJECTION", "(c) the person objects"
    UNLAWFUL = "UNLAWFUL", "(d) processed unlawfully"
    LEGAL_DUTY = "LEGAL_DUTY", "(e) a law asks for it"


class ErasureState(models.TextChoices):
    """How far it has come."""

    ASKED = "ASKED", "waits for a second pair of eyes"
    CONFIRMED = "CONFIRMED", "confirmed, waits for its day"
    WITHDRAWN = "WITHDRAWN", "taken back"
    DONE = "DONE", "carried out"


class AskedFor(models.TextChoices):
    """In whose name it was asked for."""

    SUBJECT = "SUBJECT", "the person"
    OPERATOR = "OPERATOR", "the operator"


class Erasure(BaseModel):
    """Whom it erases: a talent (with the talent's own user), or a user who is no talent.

    Attributes:
        plan: what it would do, as it was shown to who asked: rows by table, keys.
        due_at: not carried out before; until then it can be taken back.
        against: what stood against it when its day came; the job asks again.
        certificate: what was signed at the end: ids, counts and reasons, nothing that names anybody.
    """

    talent = models.ForeignKey("licensing.Talent", models.PROTECT, null=True, related_name="erasures")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="erasures")
    ground = models.CharField(max_length=20, choices=Ground.choices)
    state = models.CharField(max_length=10, choices=ErasureState.choices, default=ErasureState.ASKED)
    asked_for = models.CharField(max_length=10, choices=AskedFor.choices, default=AskedFor.OPERATOR)
    plan = models.JSONField(null=True)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    confirmed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    against = models.JSONField(default=list)
    ended_at = models.DateTimeField(null=True)
    certificate = models.JSONField(null=True)
    kid = models.CharField(max_length=64, blank=True, default="")
    signature = models.BinaryField(default=b"")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(talent__isnull=False) | Q(user__isnull=False), name="erasure_is_of_somebody"
            ),
            models.CheckConstraint(
                condition=Q(confirmed_by=None) | ~Q(confirmed_by=F("asked_by")), name="erasure_has_four_eyes"
            ),
            models.CheckConstraint(
                condition=~Q(state="CONFIRMED")
                | Q(confirmed_by__isnull=False, confirmed_at__isnull=False, due_at__isnull=False),
                name="erasure_confirmed_has_its_day",
            ),
            models.CheckConstraint(
                condition=~Q(state="DONE")
                | Q(confirmed_by__isnull=False, ended_at__isnull=False, certificate__isnull=False),
                name="erasure_done_is_whole",
            ),
            models.UniqueConstraint(
                fields=["talent"],
                condition=Q(state__in=["ASKED", "CONFIRMED", "DONE"]),
                name="one_erasure_of_a_talent",
            ),
            models.UniqueConstraint(
                fields=["user"],
                condition=Q(state__in=["ASKED", "CONFIRMED", "DONE"]),
                name="one_erasure_of_a_user",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.id}"
